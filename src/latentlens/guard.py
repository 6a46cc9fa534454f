"""Runs a server that never outlives whoever started it: `python -m latentlens.guard COMMAND ...`.

Standard input is a pipe that the starter keeps open and never writes to. However the starter ends, kill -9 included,
the operating system closes the pipe; then the server is killed with everything that it has started. The starter makes
the guard the leader of a process group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command given, and end as it ends."""
    # These reach the whole group: the server ends by them, and the guard after it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_kill_after_the_starter, args=(server,), daemon=True).start()
    code = server.wait()
    if code < 0:
        with contextlib.suppress(OSError):  # SIGKILL is always what it is
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _kill_after_the_starter(server: subprocess.Popen[bytes]) -> None:
    # Not sys.stdin: its lock would be held when the interpreter ends.
    os.read(0, 1)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    # Windows knows no such groups, but which process started which.
    subprocess.run(["taskkill", "/F", "/T", "/PID", str(server.pid)], check=False)  # noqa: S607 - part of Windows


if __name__ == "__main__":
    main()
