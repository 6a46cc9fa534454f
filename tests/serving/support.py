"""Real models, a real MLflow registry and a real API for the tests of serving."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from latentlens.processes import free_port
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.table import Origin, Ratings
from latentlens.recommenders.fitted import FittedModel
from latentlens.serving.app import create_app
from latentlens.serving.settings import Settings
from latentlens.tracking import runs
from latentlens.tracking.experiment import Experiment
from latentlens.tracking.names import REGISTERED_MODEL
from latentlens.tracking.runs import record

N_USERS, N_MOVIES = 50, 60
FIRST_MOVIE = 101
# In the catalogue, but nobody rated it.
UNRATED_MOVIE = 999
GENRES = (("Comedy",), ("Drama",), ("Drama", "Mystery"))


def ratings_table(*, text_ids: bool = False) -> Ratings:
    """Users 1-50 rate movies 101-160: odd users like odd movies; the lower a movie's id, the more ratings it has.

    Movie 101 + i is "Story i" of 1961 + i; its genres go round in `GENRES`. As text, ids are "u1" and "m101".
    """
    random = np.random.default_rng(7)
    chance = np.linspace(0.9, 0.3, N_MOVIES)
    users, movies = np.nonzero(random.random((N_USERS, N_MOVIES)) < chance)
    alike = (users + movies) % 2 == 0
    ratings = np.clip(np.round(2 * random.normal(np.where(alike, 4.0, 2.5), 0.5)) / 2, 0.5, 5)
    movie_ids = np.array([*range(FIRST_MOVIE, FIRST_MOVIE + N_MOVIES), UNRATED_MOVIE])
    catalogue = Catalogue.of(
        [*(f"Story {i}" for i in range(N_MOVIES)), "Untold"],
        [*range(1961, 1961 + N_MOVIES), 2030],
        [*(GENRES[i % 3] for i in range(N_MOVIES)), ("Horror",)],
    )

    def named(letter: str, ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.array([f"{letter}{number}" for number in ids]) if text_ids else ids

    return Ratings.of(
        named("u", users + 1),
        named("m", movie_ids[movies]),
        ratings,
        scale=(0.5, 5.0),
        catalogue=(named("m", movie_ids), catalogue),
        origin=Origin("tiny", "ab" * 32),
    )


def empty_registry(tracking_uri: str) -> None:
    with suppress(MlflowException):
        MlflowClient(tracking_uri).delete_registered_model(REGISTERED_MODEL)


def log_run(tracking_uri: str, model: FittedModel) -> str:
    """Record a run without registering it; its id."""
    origin = ratings_table().origin
    params = {"data_name": origin.name, "data_sha256": origin.sha256}
    experiment = Experiment("tiny", model, origin, params, {"rmse": 0.75, "bias_rmse": 0.8}, card="A tiny model.")
    return record(experiment, tracking_uri, register=False).run_id


def register_run(tracking_uri: str, run_id: str, model: FittedModel) -> int:
    return runs.register_run(MlflowClient(tracking_uri), run_id, runs.folder_name(model))


def register(tracking_uri: str, model: FittedModel) -> int:
    """Record a run and register its model; the version's number."""
    return register_run(tracking_uri, log_run(tracking_uri, model), model)


def settings_for(tracking_uri: str, cache: Path) -> Settings:
    return Settings(tracking_uri=tracking_uri, cache=cache, poll_seconds=0.1)


@contextmanager
def network(port: int, target: str) -> Iterator[str]:
    """Let `port` lead to the server at `target` while the block runs; the address. Afterwards nobody answers there."""
    host, _, target_port = target.removeprefix("http://").partition(":")
    ends: list[socket.socket] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client = listening.accept()[0]
                server = socket.create_connection((host, int(target_port)))
                ends.extend((client, server))
                for way in ((client, server), (server, client)):
                    threading.Thread(target=pump, args=way, daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{port}"
        # A close alone would leave accept() waiting.
        listening.shutdown(socket.SHUT_RDWR)
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def running_api(settings: Settings) -> Iterator[httpx.Client]:
    """The real app in a real uvicorn, on a free loopback port, whatever port the settings say."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            wait_until(lambda: server.started)
            yield client
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def wait_until(holds: Callable[[], Any], patience: float = 120) -> Any:
    """Ask until the answer is true; the answer. Fails when `patience` seconds have passed."""
    deadline = time.monotonic() + patience
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"still not so after {patience} s"
        time.sleep(0.02)
    return answer


def wait_for_version(client: httpx.Client, number: int) -> None:
    def served() -> bool:
        reply: dict[str, Any] = client.get("/ready").json()
        # A refused model does not mend itself: the reason is worth more than a time-out.
        assert "refused" not in reply.get("detail", ""), reply
        return reply.get("model_version") == number

    wait_until(served)


def sample(api: httpx.Client, name: str) -> float:
    """One sample of /metrics, 0 if it is not there."""
    lines = [line.rpartition(" ") for line in api.get("/metrics").text.splitlines()]
    return next((float(value) for sample, _, value in lines if sample == name), 0.0)


def problem(reply: httpx.Response, status: int) -> str:
    """The detail of a problem, after checking that the reply is one."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document = reply.json()
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    detail: str = document["detail"]
    assert detail.endswith(".")
    return detail


# What is None in sys.modules cannot be imported, as if it were not installed.
_LIGHT = """
import sys
for heavy in ("numba", "polars", "pandas", "matplotlib", "latentlens.recommenders.svd"):
    sys.modules[heavy] = None
from latentlens.serving.blas import use_one_blas_thread
use_one_blas_thread()
from latentlens.serving.run import serve
from latentlens.serving.settings import read_settings
serve(read_settings())
"""


def _healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def api_process(
    tracking_uri: str, cache: Path, log: Path, **told: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The API as a process of its own, with nothing heavier than it may have: the process and its address."""
    port = free_port()
    told = {
        "MLFLOW_TRACKING_URI": tracking_uri,
        "LATENTLENS_API_PORT": str(port),
        "LATENTLENS_CACHE": str(cache),
        "LATENTLENS_POLL_SECONDS": "0.1",
        **told,
    }
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-c", _LIGHT], env=os.environ | told, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: running.poll() is not None or _healthy(address))
        assert running.poll() is None, log.read_text()
        yield running, address
    finally:
        running.kill()
        running.wait()
