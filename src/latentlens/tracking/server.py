"""One MLflow server over one store: start it, find it, or borrow a running one."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from latentlens.errors import TrackingError
from latentlens.processes import Child, free_port

DEFAULT_PORT = 5000
# Every start of MLflow imports hundreds of modules; on a cold disk that takes a while.
START_PATIENCE = 120.0


def answers(tracking_uri: str, timeout: float = 3) -> bool:
    """Whether MLflow's API (not only its /health, which knows no host check) answers at this address."""
    url = f"{tracking_uri.rstrip('/')}/api/2.0/mlflow/experiments/search?max_results=1"
    if not url.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(url, timeout=timeout) as reply:  # noqa: S310 - the scheme is checked above
            return isinstance(json.load(reply), dict)
    except (OSError, ValueError, http.client.HTTPException):
        return False


@contextmanager
def tracking_server(store: Path, tracking_uri: str | None = None) -> Iterator[str]:
    """Yield the address of an MLflow server: the given one, a running one, or one started for this block over `store`.

    Without `tracking_uri`, MLFLOW_TRACKING_URI decides, then a server on the default port (LATENTLENS_MLFLOW_PORT,
    5000), then one that `latentlens up` runs over the same store. Raises TrackingError if the address given does not
    answer, or another command is using the store.
    """
    given = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if given:
        if not answers(given):
            raise TrackingError(f"No MLflow server answers at {given}: start it, or leave the tracking address out.")
        yield given
        return
    shared = next((uri for uri in (usual_address(), _shared_address(store)) if uri and answers(uri)), None)
    if shared:
        yield shared
        return
    with running_server(store) as uri:
        yield uri


@contextmanager
def running_server(
    store: Path, port: int | None = None, host: str = "127.0.0.1", *, shared: bool = False
) -> Iterator[str]:
    """Start an MLflow server over `store` (SQLite, artifacts), yield its address once it answers, stop it at the end.

    `shared` lets other commands use it meanwhile. Raises TrackingError if another command holds the store, LaunchError
    if the server does not start.
    """
    with serving_process(store, port or free_port(), host, shared=shared) as (uri, _):
        yield uri


@contextmanager
def serving_process(store: Path, port: int, host: str, *, shared: bool) -> Iterator[tuple[str, Child]]:
    """Like `running_server`, and yield the process too, for a caller that watches it."""
    with _holding(store) as address:
        uri = f"http://127.0.0.1:{port}"
        child = Child("MLflow", _command(store, port, host), store / "mlflow.log", _LEAN)
        try:
            child.wait_until(lambda: answers(uri), START_PATIENCE)
            if shared:
                address.write_text(uri)
            yield uri, child
        finally:
            child.stop()


def serve_in_container(store: Path, published_port: int) -> int:
    """Be a container's main process: MLflow over `store` on port 5000, its log on this terminal, until SIGTERM.

    Commands outside find it on `published_port`. Returns MLflow's exit code. A command that holds the store is waited
    for; raises TrackingError if that takes too long.
    """
    with _holding(store, patience=START_PATIENCE) as address:
        address.write_text(f"http://127.0.0.1:{published_port}")
        server = subprocess.Popen(_command(store, DEFAULT_PORT, "0.0.0.0"), env={**os.environ, **_LEAN})  # noqa: S104 - the container's own network
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.terminate())
        return server.wait()


@contextmanager
def _holding(store: Path, patience: float = 0) -> Iterator[Path]:
    """Hold the store, after at most `patience` seconds; yield the file that tells others the server's address."""
    store.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(store / ".lock").acquire(timeout=patience)
    except Timeout:
        raise TrackingError(f"Another latentlens command is using {store}: wait until it ends, or stop it.") from None
    address = store / ".server"
    with lock:
        try:
            yield address
        finally:
            address.unlink(missing_ok=True)


def usual_address() -> str:
    """Where a server is expected that nobody named."""
    return f"http://127.0.0.1:{os.environ.get('LATENTLENS_MLFLOW_PORT', DEFAULT_PORT)}"


def in_use(store: Path) -> bool:
    """Whether a command holds the store at this moment."""
    if not store.exists():
        return False
    try:
        with FileLock(store / ".lock", timeout=0):
            return False
    except Timeout:
        return True


# One worker without the job runner starts in half the time and a fifth of the memory.
_LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def _command(store: Path, port: int, host: str) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--host", host, "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{(store / 'mlflow.db').resolve().as_posix()}"),
        *("--serve-artifacts", "--artifacts-destination", str((store / "artifacts").resolve())),
        *("--allowed-hosts", "mlflow:*,localhost:*,127.0.0.1:*"),
        # The API asks every two seconds.
        *("--uvicorn-opts", "--no-access-log"),
    ]


def _shared_address(store: Path) -> str | None:
    try:
        return (store / ".server").read_text().strip() or None
    except OSError:
        return None


if __name__ == "__main__":
    try:
        sys.exit(serve_in_container(Path(os.environ["LATENTLENS_STORE"]), int(os.environ["LATENTLENS_MLFLOW_PORT"])))
    except TrackingError as problem:
        sys.exit(f"Error: {problem}")
