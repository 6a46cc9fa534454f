"""Servers that die are started again, within bounds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from latentlens.errors import LaunchError
from latentlens.launch.keep import Server, keep_running
from latentlens.processes import Child


def server(tmp_path: Path, text: str, *, ready: bool = True) -> Server:
    return Server(Child("The server", [sys.executable, "-c", text, str(tmp_path)], tmp_path / "log"), lambda: ready, 60)


def kept(server: Server) -> tuple[list[str], str]:
    """What was said, and the reason for giving up."""
    said: list[str] = []
    try:
        with pytest.raises(LaunchError) as given_up:
            keep_running([server], said.append, pause=0)
    finally:
        server.child.stop()
    return said, str(given_up.value)


@pytest.mark.parametrize("ready", [True, False])
def test_a_server_that_cannot_live_is_given_up_after_three_restarts(tmp_path: Path, ready: bool) -> None:
    said, reason = kept(server(tmp_path, "raise SystemExit('no such table')", ready=ready))
    restarts = [line for line in said if "starting it again" in line]
    assert [line.split("again ")[1] for line in restarts] == ["(1 of 3) ...", "(2 of 3) ...", "(3 of 3) ..."]
    assert all(line.startswith("The server ended with exit code 1: no such table") for line in restarts)
    assert reason.startswith("The server died again after 3 restarts: it ended with exit code 1: no such table")
    assert ("The server answers again." in said) == ready


def test_a_server_that_died_once_runs_on_beside_one_that_lives(tmp_path: Path) -> None:
    # The second life lasts; the one beside it ends the test by dying for good once that has begun.
    second = tmp_path / "second"
    lives = f"import sys, time, pathlib\np = pathlib.Path({str(second)!r})\nfirst = not p.with_name('first').exists()\n"
    lives += "p.with_name('first').touch()\nif first: sys.exit(1)\np.touch()\ntime.sleep(600)"
    dies = f"import time, pathlib\nwhile not pathlib.Path({str(second)!r}).exists(): time.sleep(0.05)"
    beside = Server(Child("Beside", [sys.executable, "-c", dies], tmp_path / "beside.log"), lambda: True, 60)
    living = server(tmp_path, lives)
    said: list[str] = []
    try:
        with pytest.raises(LaunchError, match="Beside died again after 3 restarts: it ended with exit code 0"):
            keep_running([living, beside], said.append, pause=0)
        assert living.child.exit_code is None
        assert sum("The server ended" in line for line in said) == 1
    finally:
        living.child.stop()
        beside.child.stop()
