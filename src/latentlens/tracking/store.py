"""The folder of MLflow's database and artifacts: who holds it, which one it is, whether it is whole."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from latentlens.errors import TrackingError

# Who only looks whether a store is held holds it for a moment.
_MOMENT = 1.0
# Below this not even MLflow's database is safe.
_LEAST_FREE_BYTES = 20e6


def database(store: Path) -> Path:
    """MLflow's SQLite database."""
    return store / "mlflow.db"


@contextmanager
def hold(store: Path, patience: float = _MOMENT) -> Iterator[None]:
    """Hold the store, which is made if need be, after at most `patience` seconds.

    The lock is the operating system's: it ends with the process, whatever ends that. Raises TrackingError if another
    command holds the store, or it cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        lock = FileLock(store / ".lock").acquire(timeout=patience)
    except Timeout:
        raise TrackingError(f"Another latentlens command is using {store}: wait until it ends, or stop it.") from None
    except OSError as problem:
        raise TrackingError(
            f"{store} cannot be written ({problem.strerror}): choose another with --store."
        ) from problem
    with lock:
        require_room(store)
        _discard_unfinished_database(store)
        try:
            # One that a killed command left tells nothing.
            _address(store).unlink(missing_ok=True)
            yield
        finally:
            _address(store).unlink(missing_ok=True)


def require_room(store: Path) -> None:
    """Raise TrackingError if the store's disk is full."""
    free = shutil.disk_usage(store).free
    if free < _LEAST_FREE_BYTES:
        raise TrackingError(f"The disk of {store} is full ({free / 1e6:.0f} MB free): make room, then try again.")


def in_use(store: Path) -> bool:
    """Whether a command holds the store at this moment."""
    if not store.exists():
        return False
    try:
        with FileLock(store / ".lock", timeout=0):
            return False
    except Timeout:
        return True


def publish(store: Path, tracking_uri: str) -> None:
    """Let other commands use the server of a store that this process holds."""
    _address(store).write_text(tracking_uri)


def published(store: Path) -> str | None:
    """Address of the server that whoever holds the store lets others use."""
    try:
        address = _address(store).read_text().strip()
    except OSError:
        return None
    return address if address and in_use(store) else None


def identity(store: Path) -> int | None:
    """What `rest.identity` says of a server over this store; None while there is no database."""
    try:
        # Read-only: a database that is not there is not made.
        with closing(sqlite3.connect(f"{database(store).resolve().as_uri()}?mode=ro", uri=True)) as opened:
            row = opened.execute("SELECT creation_time FROM experiments WHERE experiment_id = 0").fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row else None


def _discard_unfinished_database(store: Path) -> None:
    """Remove a database whose making was killed: MLflow would stumble over the half that is there.

    Making ends with the first experiment, so that nothing can have been recorded.
    """
    path = database(store)
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as opened:
        try:
            whole = opened.execute("SELECT count(*) FROM experiments").fetchone()[0] > 0
        except sqlite3.OperationalError as problem:
            whole = "no such table" not in str(problem)
        except sqlite3.DatabaseError:  # another file of that name: MLflow says so
            whole = True
    if not whole:
        path.unlink()


def _address(store: Path) -> Path:
    return store / ".server"
