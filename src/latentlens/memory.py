"""How this process takes memory from the system and gives it back."""

from __future__ import annotations

import ctypes

# From glibc's malloc.h.
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
# Smaller arrays come and go by the thousand: pages of their own would cost more time than they save memory.
_LARGE = 16 << 20


def give_back_at_once() -> None:
    """Let arrays of 16 MB or more go back to the system when they are freed, and threads share one heap.

    By itself glibc keeps what it was given for the next time, each thread apart. For a process that is all ours: it
    holds for all that runs in it. Nothing happens where there is no glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE)
    mallopt(_ARENA_MAX, 1)
