"""Start everything, keep it running, stop it."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from latentlens.errors import LaunchError
from latentlens.launch.keep import Server, keep_running
from latentlens.processes import Child, require_free
from latentlens.tracking.rest import answers
from latentlens.tracking.server import START_PATIENCE, serving_process
from latentlens.tracking.store import published

_API_PATIENCE = 60.0


class Ports(NamedTuple):
    """Where the two servers listen."""

    host: str
    mlflow: int
    api: int


def up(store: Path, ports: Ports, train_options: Sequence[str], say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C (or SIGTERM): MLflow over `store`, then a model if there is none, then the API.

    A server that dies is started again, some times. `train_options` go to `latentlens train` if nothing is registered.
    `say` is given one line per step. Raises LaunchError if the store is served already, a port is taken or a server
    keeps dying; whatever was started is stopped first.
    """
    if running := published(store):
        raise LaunchError(f"{store} is served already, by MLflow at {running}: use that, or stop it first.")
    require_free(ports.host, ports.mlflow, "MLflow", "--mlflow-port")
    require_free(ports.host, ports.api, "the API", "--api-port")
    say("Starting MLflow ...")
    with serving_process(store, ports.mlflow, ports.host, shared=True) as (uri, mlflow):
        _train_if_empty(uri, store, train_options)
        say("Starting the API ...")
        with _api(ports, uri, store) as (address, api):
            say(f"Recommendations   {address}/recommend/1")
            say(f"API, documented   {address}/docs")
            say(f"MLflow            {uri} (choose Model training, top left)")
            say("Press Ctrl-C to stop.")
            keep_running([Server(mlflow, lambda: answers(uri), START_PATIENCE), api], say)


def _train_if_empty(uri: str, store: Path, options: Sequence[str]) -> None:
    """Train in a process of its own, so that its memory is given back; it shares the terminal."""
    command = [*_LATENTLENS, "train", "--if-empty", "--tracking-uri", uri, "--store", str(store), *options]
    training = Child("Training", command, log=None)
    try:
        training.wait()
    finally:
        training.stop()
    if training.exit_code:
        raise LaunchError(f"Training {training.how_it_ended}, so there is nothing to serve: mend what it said above.")


@contextmanager
def _api(ports: Ports, uri: str, store: Path) -> Iterator[tuple[str, Server]]:
    address = f"http://127.0.0.1:{ports.api}"
    command = [*_LATENTLENS, "serve", "--host", ports.host, "--port", str(ports.api), "--tracking-uri", uri]
    child = Child("The API", command, store / "api.log")
    server = Server(child, lambda: _ready(address), _API_PATIENCE)
    try:
        child.wait_until(server.is_ready, server.patience)
        yield address, server
    finally:
        child.stop()


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=3) as reply:  # noqa: S310 - a loopback address of ours
            return int(reply.status) == 200
    except (urllib.error.URLError, OSError):
        return False


_LATENTLENS = (sys.executable, "-m", "latentlens")
