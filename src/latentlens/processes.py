"""Child processes, signals and ports: start, watch, stop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from latentlens.errors import LaunchError

_POLL_SECONDS = 0.1


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived; it ends a block as Ctrl-C does."""


def usable_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise Terminated in the block, so that it leaves nothing half done. In the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Child:
    """A process beside this one, in a group of its own, so that Ctrl-C reaches only this process.

    It never outlives this process, whatever ends it: see `latentlens.guard`. What it prints goes to the file `log`, or
    to where this process prints if that is None.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path | None, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, "-m", "latentlens.guard", *command]
        self._env = env or {}
        if log:
            log.write_bytes(b"")
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self.log.open("ab")) if self.log else None
            return subprocess.Popen(
                self._command,
                env={**os.environ, **self._env},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of its guard, the leader of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while the process runs."""
        return self._process.poll()

    @property
    def how_it_ended(self) -> str:
        """As the end of a sentence: what ended the process, and its last words if they were kept."""
        code = self.exit_code or 0
        cause = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not self.log:
            return cause
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"]
        return f"{cause}: {lines[-1][:300]} (all of it: {self.log})"

    def stop(self, patience: float = 10) -> None:
        """Ask the whole group to end; after `patience` seconds, kill it."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._let_go()
        self._process.wait()

    def restart(self) -> None:
        """Start it again, after stopping what is left of it; its log grows on."""
        self.stop()
        self._process = self._start()

    def wait(self) -> int:
        """Exit code, once the process has ended by itself."""
        return self._process.wait()

    def wait_until(self, ready: Callable[[], bool], patience: float) -> None:
        """Return once `ready()` holds. Raises LaunchError if the process ends first or `patience` seconds pass."""
        deadline = time.monotonic() + patience
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise LaunchError(f"{self.name} was not ready after {patience:.0f} s: see {self.log}.")
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Raise LaunchError if the process has ended."""
        if self.exit_code is not None:
            raise LaunchError(f"{self.name} {self.how_it_ended}.")

    def _signal(self, number: int) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
        else:  # Windows has no process groups of this kind
            self._let_go()

    def _let_go(self) -> None:
        """Close the guard's pipe, as the end of this process would."""
        if self._process.stdin:
            self._process.stdin.close()


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(host: str, port: int, what: str, option: str) -> None:
    """Raise LaunchError, naming the option that chooses another, if `port` is taken."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise LaunchError(
                f"Port {port} for {what} is taken ({problem.strerror}): stop what uses it,"
                f" or choose another with {option}."
            ) from problem
