"""Child processes and ports: start, watch, stop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from latentlens.errors import LaunchError

_POLL_SECONDS = 0.1


class Child:
    """A server that runs beside this process, in a group of its own, so that Ctrl-C reaches only this process.

    What it prints goes to the file `log`.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while the process runs."""
        return self._process.poll()

    def stop(self, patience: float = 10) -> None:
        """Ask the whole group to end; after `patience` seconds, kill it."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._process.wait()

    def wait_until(self, ready: Callable[[], bool], patience: float) -> None:
        """Return once `ready()` holds. Raises LaunchError if the process ends first or `patience` seconds pass."""
        deadline = time.monotonic() + patience
        while not ready():
            if self.exit_code is not None:
                raise LaunchError(f"{self.name} ended with exit code {self.exit_code}: {self.last_words()}")
            if time.monotonic() > deadline:
                raise LaunchError(f"{self.name} was not ready after {patience:.0f} s: see {self.log}.")
            time.sleep(_POLL_SECONDS)

    def last_words(self) -> str:
        """The last line of the log, and where the rest is."""
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"]
        return f"{lines[-1][:300]} (all of it: {self.log})"

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, number)
            else:  # Windows has no process groups of this kind
                self._process.send_signal(number)


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
