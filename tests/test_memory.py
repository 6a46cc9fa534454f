"""Whether freed memory goes back: seen from outside, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Arrays of 20 MB with something small behind each; what is left of them when they are freed, in MB.
KEPT = """
import numpy as np
from latentlens.memory import give_back_at_once
give_back_at_once()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
first = np.ones(3_750_000)
del first  # By itself, glibc now takes smaller ones from a heap, which cannot shrink below what is still in use.
before = resident()
arrays, pins = [], []
for _ in range(10):
    arrays.append(np.ones(2_500_000))
    pins.append(bytearray(100_000))
arrays.clear()
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_large_arrays_go_back_to_the_system_at_once() -> None:
    kept = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True).stdout
    assert float(kept) < 20
