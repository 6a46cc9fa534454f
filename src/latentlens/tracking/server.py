"""One MLflow server over one store: start it, find it, or borrow a running one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from latentlens.errors import LatentLensError, TrackingError
from latentlens.processes import Child, free_port, stopped_by_sigterm
from latentlens.tracking import rest
from latentlens.tracking import store as stores
from latentlens.tracking.rest import answers

DEFAULT_PORT = 5000
# Every start of MLflow imports hundreds of modules; on a cold disk that takes a while.
START_PATIENCE = 120.0


class Server(NamedTuple):
    """An MLflow server that may still be starting; `child` is None for one that somebody else runs."""

    uri: str
    child: Child | None = None

    def check(self) -> None:
        """Raise LaunchError if it has ended."""
        if self.child:
            self.child.check()

    def wait(self) -> str:
        """Its address, once it answers. Raises LaunchError if it does not start."""
        if self.child:
            self.child.wait_until(lambda: answers(self.uri), START_PATIENCE)
            # Whoever was at work was so through a server that is no more.
            rest.close_unfinished_runs(self.uri)
        return self.uri


@contextmanager
def tracking_server(
    store: Path, tracking_uri: str | None = None, say: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Like `starting_server`, and yield the address once the server answers."""
    with starting_server(store, tracking_uri, say) as server:
        yield server.wait()


@contextmanager
def starting_server(
    store: Path, tracking_uri: str | None = None, say: Callable[[str], None] = lambda _: None
) -> Iterator[Server]:
    """Yield an MLflow server: the given one, a running one, or one that starts for this block over `store`.

    Without `tracking_uri`, MLFLOW_TRACKING_URI decides, then a server that others run over the same store, then one on
    the default port (LATENTLENS_MLFLOW_PORT, 5000) unless it surely keeps another store. `say` is given a line where
    people might expect another choice. A start takes seconds, which can be used. Raises TrackingError if the address
    given does not answer, or another command is using the store.
    """
    given = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if given and not answers(given):
        raise TrackingError(f"No MLflow server answers at {given}: start it, or leave the tracking address out.")
    running = given or _running(store, say)
    if running:
        yield Server(running)
        return
    with stores.hold(store), _started(store, free_port(), "127.0.0.1", store / "mlflow.log") as (server, _):
        yield server


def _running(store: Path, say: Callable[[str], None]) -> str | None:
    """Address of a running server that keeps `store`, or may keep what `store` does not hold yet."""
    shared, usual = stores.published(store), usual_address()
    if shared and answers(shared):
        return shared
    if not answers(usual):
        return None
    ours = stores.identity(store)
    if ours is None:
        say(f"There is nothing in {store}: using MLflow at {usual}.")
    elif ours != rest.identity(usual):
        say(f"MLflow at {usual} keeps another store than {store}: not used (--tracking-uri {usual} would).")
        return None
    return usual


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
    with stores.hold(store), _started(store, port, host, store / "mlflow.log") as (server, child):
        uri = server.wait()
        if shared:
            stores.publish(store, uri)
        yield uri, child


def serve_in_container(store: Path, published_port: int) -> int:
    """Be a container's main process: MLflow over `store` on port 5000, its log on this terminal, until SIGTERM.

    Commands outside find it on `published_port`. Returns MLflow's exit code if it ends by itself. A command that holds
    the store is waited for; raises TrackingError if that takes too long.
    """
    with (
        stopped_by_sigterm(),
        stores.hold(store, START_PATIENCE),
        _started(store, DEFAULT_PORT, "0.0.0.0", None) as (server, child),  # noqa: S104 - the container's own network
    ):
        server.wait()
        stores.publish(store, f"http://127.0.0.1:{published_port}")
        return child.wait()


@contextmanager
def _started(store: Path, port: int, host: str, log: Path | None) -> Iterator[tuple[Server, Child]]:
    """MLflow over a store that this process holds."""
    child = Child("MLflow", _command(store, port, host), log, _LEAN)
    try:
        yield Server(f"http://127.0.0.1:{port}", child), child
    finally:
        child.stop()


def usual_address() -> str:
    """Where a server is expected that nobody named."""
    return f"http://127.0.0.1:{os.environ.get('LATENTLENS_MLFLOW_PORT', DEFAULT_PORT)}"


# One worker without the job runner starts in half the time and a fifth of the memory.
_LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def _command(store: Path, port: int, host: str) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--host", host, "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{stores.database(store).resolve().as_posix()}"),
        *("--serve-artifacts", "--artifacts-destination", str((store / "artifacts").resolve())),
        *("--allowed-hosts", "mlflow:*,localhost:*,127.0.0.1:*"),
        # The API asks every two seconds.
        *("--uvicorn-opts", "--no-access-log"),
    ]


if __name__ == "__main__":
    try:
        sys.exit(serve_in_container(Path(os.environ["LATENTLENS_STORE"]), int(os.environ["LATENTLENS_MLFLOW_PORT"])))
    except LatentLensError as problem:
        sys.exit(f"Error: {problem}")
    except KeyboardInterrupt:
        sys.exit(0)
