"""Start everything, watch it, stop it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from latentlens.errors import LaunchError
from latentlens.processes import Child, require_free
from latentlens.tracking.server import serving_process

_API_PATIENCE = 60.0
_WATCH_SECONDS = 0.5


class Ports(NamedTuple):
    """Where the two servers listen."""

    host: str
    mlflow: int
    api: int


def up(store: Path, ports: Ports, train_options: Sequence[str], say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C (or SIGTERM): MLflow over `store`, then a model if there is none, then the API.

    `train_options` go to `latentlens train` if nothing is registered. `say` is given one line per step. Raises
    LaunchError if a port is taken or a server dies; whatever was started is stopped first.
    """
    require_free(ports.host, ports.mlflow, "MLflow", "--mlflow-port")
    require_free(ports.host, ports.api, "the API", "--api-port")
    with _stopped_by_sigterm():
        say("Starting MLflow ...")
        with serving_process(store, ports.mlflow, ports.host, shared=True) as (uri, mlflow):
            _train_if_empty(uri, store, train_options)
            say("Starting the API ...")
            with _api(ports, uri, store) as (address, api):
                say(f"Recommendations   {address}/recommend/1")
                say(f"API, documented   {address}/docs")
                say(f"MLflow            {uri} (choose Model training, top left)")
                say("Press Ctrl-C to stop.")
                _watch(mlflow, api)


def _train_if_empty(uri: str, store: Path, options: Sequence[str]) -> None:
    """Train in a process of its own, so that its memory is given back; it shares the terminal."""
    command = [*_LATENTLENS, "train", "--if-empty", "--tracking-uri", uri, "--store", str(store), *options]
    code = subprocess.run(command, check=False).returncode
    if code:
        raise LaunchError(
            f"Training ended with exit code {code}, so there is nothing to serve: mend what it said above."
        )


@contextmanager
def _api(ports: Ports, uri: str, store: Path) -> Iterator[tuple[str, Child]]:
    address = f"http://127.0.0.1:{ports.api}"
    command = [*_LATENTLENS, "serve", "--host", ports.host, "--port", str(ports.api), "--tracking-uri", uri]
    child = Child("The API", command, store / "api.log")
    try:
        child.wait_until(lambda: _ready(address), _API_PATIENCE)
        yield address, child
    finally:
        child.stop()


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=3) as reply:  # noqa: S310 - a loopback address of ours
            return int(reply.status) == 200
    except (urllib.error.URLError, OSError):
        return False


def _watch(*children: Child) -> None:
    while True:
        for child in children:
            if child.exit_code is not None:
                raise LaunchError(f"{child.name} died with exit code {child.exit_code}: {child.last_words()}")
        time.sleep(_WATCH_SECONDS)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that the children are stopped too."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


_LATENTLENS = (sys.executable, "-m", "latentlens")
