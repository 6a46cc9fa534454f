"""A training that dies, is stopped or meets another one: what is left is whole, and the next training works.

Everything here is the command itself, in a process of its own.
"""

from __future__ import annotations

import functools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from latentlens.tracking import rest
from latentlens.tracking.registry import Registry
from latentlens.tracking.server import running_server
from latentlens.tracking.store import database, identity, in_use

SMALL = ("train", "--n-factors", "4", "--n-epochs", "2", "--most-active-users", "100", "--most-rated-movies", "100")
WATCHED = (str(Path(__file__).with_name("dies_at.py")),)
PATIENCE = 180.0
PHASES = ("data", "server", "fit", "log", "register")
RANDOM_KILLS = 20
# What a person wants to see of a test that takes minutes: pytest -s.
say = functools.partial(print, flush=True)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of this kind")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "mlruns"


@contextmanager
def started(store: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A process over the store, which is dead afterwards, whatever happens."""
    told = {**os.environ, "LATENTLENS_STORE": str(store)}
    process = subprocess.Popen([sys.executable, *command], env=told, stdout=-1, stderr=-1, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def latentlens(store: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    with started(store, "-m", "latentlens", *arguments) as process:
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def states(store: Path) -> list[str]:
    """Of every run, read from the database itself, whose integrity is checked; none while it is being made."""
    with closing(sqlite3.connect(database(store))) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not opened.execute("SELECT name FROM sqlite_master WHERE name = 'runs'").fetchall():
            return []
        return [state for (state,) in opened.execute("SELECT status FROM runs ORDER BY start_time")]


def check_the_next_training(store: Path, cache: Path) -> int:
    """Train; check that no run is left open and everything that is registered is whole. The newest version's number."""
    with running_server(store, shared=True) as uri:
        assert rest.unfinished_runs(uri) == []
        code, out, err = latentlens(store, *SMALL, "--json")
        assert code == 0, err
        registry = Registry(uri)
        newest = registry.current()
        assert newest.number == json.loads(out)["model_version"]
        for number in range(1, newest.number + 1):
            version = registry.version(number)
            assert "rmse" in registry.metrics(version)
            assert registry.fetch(version, cache).factors.item_counts.sum() > 0
    return newest.number


def test_killed_at_any_point_a_training_registers_nothing_and_the_next_one_works(store: Path, tmp_path: Path) -> None:
    with running_server(store, shared=True):
        for point in ("fit", "upload", "register"):
            with started(store, *WATCHED, f"{point}:SIGKILL", *SMALL) as training:
                assert training.wait(PATIENCE) == -signal.SIGKILL, training.communicate()[1]
        # Nothing of it was recorded; half of the model was; all was, but the version.
        assert states(store) == ["RUNNING", "FINISHED"]
    assert check_the_next_training(store, tmp_path) == 1
    assert states(store) == ["KILLED", "FINISHED", "FINISHED"]


def test_one_training_at_a_time_and_sigterm_ends_it_cleanly(store: Path) -> None:
    with started(store, "-m", "latentlens", *SMALL, "--n-epochs", "1000000000") as training:
        # MLflow has made its database, and then answers; the fit follows.
        until(lambda: identity(store) or training.poll() is not None)
        for command, sentence in (
            (SMALL, f"Error: Another latentlens command is using {store}: wait until it ends, or stop it."),
            (("reset", "--yes"), f"Error: A server is running over {store}: stop it"),
        ):
            code, out, err = latentlens(store, *command)
            assert (code, out) == (2, "")
            assert err.splitlines()[-1].startswith(sentence)
            assert "Traceback" not in err
        training.terminate()
        out, err = training.communicate(timeout=PATIENCE)
    assert (training.returncode, out) == (143, "")
    assert err.splitlines()[-1] == "Stopped: no model was registered."
    assert not in_use(store)
    assert states(store) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", ["server", "fit", "log", "upload", "register"])
def test_sigterm_at_any_point_before_the_end_is_said_and_registers_nothing(store: Path, point: str) -> None:
    with started(store, *WATCHED, f"{point}:SIGTERM", *SMALL) as training:
        _, err = training.communicate(timeout=PATIENCE)
    assert training.returncode == 143
    assert err.splitlines()[-1] == "Stopped: no model was registered."
    if database(store).exists():
        assert set(states(store)) <= {"KILLED"}
        assert versions(store) == 0


@pytest.mark.slow
def test_sigterm_is_too_late_once_all_is_recorded(store: Path) -> None:
    with started(store, *WATCHED, "stop:SIGTERM", *SMALL) as training:
        out, _ = training.communicate(timeout=PATIENCE)
    assert training.returncode == 0
    assert "Registered: latentlens version 1" in out
    assert (states(store), versions(store)) == (["FINISHED"], 1)


def versions(store: Path) -> int:
    """How many are registered."""
    with closing(sqlite3.connect(database(store))) as opened:
        return int(
            opened.execute(
                "SELECT count(*) FROM model_versions WHERE current_stage IS NOT 'Deleted_Internal'"
            ).fetchone()[0]
        )


@pytest.mark.slow
def test_killed_at_20_random_moments_a_training_registers_only_what_is_whole(tmp_path: Path) -> None:
    seed = int(os.environ.get("LATENTLENS_TEST_SEED") or random.randrange(10**6))
    chance = random.Random(seed)
    lasts = durations(tmp_path / "undisturbed")
    say(f"LATENTLENS_TEST_SEED={seed}; undisturbed: {', '.join(f'{phase} {lasts[phase]:.1f} s' for phase in lasts)}")
    for kill in range(RANDOM_KILLS):
        phase = list(lasts)[kill % len(lasts)]
        delay = chance.uniform(0, lasts[phase])
        # An empty store each time, so that also the making of the database is hit.
        store = tmp_path / f"mlruns-{kill}"
        with started(store, *WATCHED, "nowhere", *SMALL) as training:
            assert training.stderr is not None
            assert any(line.split() == ["reached", phase] for line in training.stderr), "it ended too early"
            with suppress(subprocess.TimeoutExpired):
                training.wait(delay)
            training.kill()
        found = states(store) if database(store).exists() else ["no database"]
        newest = check_the_next_training(store, tmp_path / f"cache-{kill}")
        say(f"{phase} + {delay:.2f} s: {found or 'no run'}, {newest - 1} registered; the next training works")


def durations(store: Path) -> dict[str, float]:
    """Seconds that each phase of an undisturbed training takes."""
    reached = {}
    with started(store, *WATCHED, "nowhere", *SMALL) as training:
        assert training.stderr is not None
        for line in training.stderr:
            if line.startswith("reached") and line.split()[1] in PHASES:
                reached[line.split()[1]] = time.monotonic()
        assert training.wait(PATIENCE) == 0
    times = [*reached.values(), time.monotonic()]
    return {phase: after - before for phase, (before, after) in zip(reached, pairwise(times), strict=True)}
