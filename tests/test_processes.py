"""Child processes: how they end, and that none outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from latentlens.errors import LaunchError
from latentlens.processes import Child, Terminated, stopped_by_sigterm

# A server as MLflow's is: a process that starts another one and waits for it. Both note that they live.
SERVER = """
import os, subprocess, sys, time
from pathlib import Path
Path(sys.argv[1], str(os.getpid())).touch()
if len(sys.argv) == 2:
    subprocess.run([sys.executable, *sys.orig_argv[1:], "alone"])
time.sleep(600)
"""
STARTER = """
import sys, time
from pathlib import Path
from latentlens.processes import Child
Child("Server", [sys.executable, "-c", *sys.argv[1:3]], Path(sys.argv[3]))
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of this kind")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        # A zombie, which nobody waits for, is dead.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_server_and_what_it_started_end_with_the_starter(tmp_path: Path, how: signal.Signals) -> None:
    living = tmp_path / "living"
    living.mkdir()
    starter = subprocess.Popen([*program(STARTER), SERVER, str(living), str(tmp_path / "log")])
    until(lambda: len(list(living.iterdir())) == 2)
    pids = [int(path.name) for path in living.iterdir()]
    assert all(map(alive, pids))
    starter.send_signal(how)
    assert starter.wait() == -how
    until(lambda: not any(map(alive, pids)))


def test_stop_ends_a_child_that_ignores_the_request(tmp_path: Path) -> None:
    deaf = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(600)"
    )
    child = Child("Deaf", program(deaf), tmp_path / "log")
    child.wait_until(lambda: "deaf" in (tmp_path / "log").read_text(), 60)
    child.stop(patience=0.1)
    assert child.exit_code == -signal.SIGKILL


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("import sys; print('first'); sys.exit('no room')", "ended with exit code 1: no room"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by signal 9: it printed nothing"),
    ],
)
def test_how_a_child_ended_is_told_with_its_last_words(tmp_path: Path, text: str, how: str) -> None:
    log = tmp_path / "log"
    child = Child("Server", program(text), log)
    with pytest.raises(LaunchError, match="Server ") as told:
        child.wait_until(lambda: False, 60)
    child.stop()
    assert child.how_it_ended == f"{how} (all of it: {log})"
    assert str(told.value) == f"Server {child.how_it_ended}."


def test_a_child_without_a_log_prints_where_its_starter_does(capfd: pytest.CaptureFixture[str]) -> None:
    child = Child("Training", program("print('here')"), log=None)
    assert child.wait() == 0
    child.stop()
    assert capfd.readouterr().out == "here\n"
    assert child.how_it_ended == "ended with exit code 0"


def test_sigterm_ends_a_block_and_afterwards_means_what_it_did() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), stopped_by_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
