"""The store: one holder at a time, no trust in what killed commands left."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from latentlens.errors import TrackingError
from latentlens.tracking import rest
from latentlens.tracking.store import database, hold, identity, in_use, publish, published

HOLDER = """
import sys, time
from pathlib import Path
from latentlens.tracking.store import hold, publish
with hold(Path(sys.argv[1])):
    publish(Path(sys.argv[1]), "http://127.0.0.1:5000")
    print("holding", flush=True)
    time.sleep(600)
"""
# The first thing that a server over an empty store does; MLflow needs a second for its 60 tables.
MAKE_DATABASE = """
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore(sys.argv[1], "mlflow-artifacts:/")
"""


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    """A store of a test's own."""
    return tmp_path / "mlruns"


def python(text: str, argument: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", text, str(argument)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def tables(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_a_killed_holder_leaves_the_store_free_and_its_address_unbelieved(mlruns: Path) -> None:
    holder = python(HOLDER, mlruns)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    assert (in_use(mlruns), published(mlruns)) == (True, "http://127.0.0.1:5000")
    with pytest.raises(TrackingError, match=f"Another latentlens command is using {mlruns}"), hold(mlruns, patience=0):
        pass
    holder.kill()
    holder.communicate()
    assert (mlruns / ".server").exists()
    assert (in_use(mlruns), published(mlruns)) == (False, None)
    with hold(mlruns):
        # Held by one who lets nobody in.
        assert (in_use(mlruns), published(mlruns)) == (True, None)
        publish(mlruns, "http://127.0.0.1:5001")
        assert published(mlruns) == "http://127.0.0.1:5001"
    assert (in_use(mlruns), published(mlruns)) == (False, None)


def test_a_database_whose_making_was_killed_is_made_anew(mlruns: Path) -> None:
    mlruns.mkdir()
    path = database(mlruns)
    made = python(MAKE_DATABASE, f"sqlite:///{path}")
    deadline = time.monotonic() + 60
    while tables(path) < 25:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(made.pid, signal.SIGKILL)
    made.communicate()
    assert path.exists()
    with hold(mlruns):
        assert not path.exists()


@pytest.mark.parametrize("contents", [b"", b"no database, but long enough to be taken for one " * 100])
def test_another_file_of_that_name_is_left_for_mlflow_to_judge(mlruns: Path, contents: bytes) -> None:
    mlruns.mkdir()
    database(mlruns).write_bytes(contents)
    with hold(mlruns):
        assert database(mlruns).exists() == bool(contents)
    assert identity(mlruns) is None


def test_a_store_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError, match=r"file/mlruns cannot be written \(Not a directory\): choose another"):
        hold(tmp_path / "file/mlruns").__enter__()


def test_a_server_and_its_store_have_the_same_identity(uri: str, store: Path, mlruns: Path) -> None:
    assert identity(store) == rest.identity(uri) is not None
    assert identity(mlruns) is None
    assert rest.identity("http://127.0.0.1:9") is None
