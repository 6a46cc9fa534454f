"""The API as a process of its own, with nothing heavier than it may have."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from latentlens.errors import LaunchError, TrackingError
from latentlens.processes import free_port
from latentlens.recommenders.fitted import FittedModel
from latentlens.serving.head_limit import MAX_HEAD_BYTES
from latentlens.serving.run import serve
from latentlens.serving.settings import Settings

from .support import api_process, empty_registry, register, wait_for_version, wait_until


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_without_the_training_libraries_and_stops_cleanly(
    mlflow_uri: str, svd: FittedModel, tmp_path: Path, how: signal.Signals
) -> None:
    empty_registry(mlflow_uri)
    register(mlflow_uri, svd)
    log = tmp_path / "api.log"
    with api_process(mlflow_uri, tmp_path / "cache", log) as (running, address):
        with httpx.Client(base_url=address, trust_env=False) as client:
            wait_for_version(client, 1)
            assert len(client.get("/recommend/1").json()["recommendations"]) == 10
        running.send_signal(how)
        assert running.wait(60) in {0, -how}
    said = log.read_text()
    assert "Serving version 1" in said
    assert "GET /" not in said
    assert "Traceback" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_sigterm_lets_requests_in_flight_finish(mlflow_uri: str, svd: FittedModel, tmp_path: Path) -> None:
    empty_registry(mlflow_uri)
    register(mlflow_uri, svd)
    body = b'{"ratings": [{"movie_id": 101, "rating": 4}]}'
    with api_process(mlflow_uri, tmp_path / "cache", tmp_path / "api.log") as (running, address):
        with httpx.Client(base_url=address, trust_env=False) as client:
            wait_for_version(client, 1)
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as slow:
            slow.sendall(
                b"POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
            )
            # The server now waits for the body: the request is in flight.
            assert slow.recv(1000).startswith(b"HTTP/1.1 100 ")
            running.send_signal(signal.SIGTERM)
            wait_until(lambda: refuses_connections(host, int(port)))
            assert running.poll() is None
            slow.sendall(body)
            reply = b"".join(iter(lambda: slow.recv(65536), b""))
        assert running.wait(60) in {0, -signal.SIGTERM}
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert reply.endswith(b"}]}")


def test_headers_without_an_end_are_refused_while_long_ones_and_bodies_pass(tmp_path: Path) -> None:
    with api_process("http://127.0.0.1:9", tmp_path / "cache", tmp_path / "api.log") as (_, address):
        with httpx.Client(base_url=address, trust_env=False) as client:
            for _ in range(3):
                long = {"X-Long": "x" * (MAX_HEAD_BYTES // 2)}
                assert client.post("/recommend", content=bytes(400_000), headers=long).status_code == 503
        host, port = address.removeprefix("http://").split(":")
        for endless in (
            b"GET /health?x=",
            b"GET /health HTTP/1.1\r\nX-Endless: ",
            b"GET /health HTTP/1.1\r\nX-Many: x",
        ):
            piece = b"x" * 10_000 + (b"\r\nX-Many: x" if b"Many" in endless else b"")
            with socket.create_connection((host, int(port)), timeout=30) as connection:
                connection.sendall(endless)
                wait_until(lambda c=connection, p=piece: answered_while_sending(c, p))  # type: ignore[misc]
                # Where more was on its way, the system may break the connection before the answer is read.
                with suppress(ConnectionError):
                    assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def answered_while_sending(connection: socket.socket, piece: bytes) -> bool:
    if select.select([connection], [], [], 0)[0]:
        return True
    try:
        connection.sendall(piece)
    except ConnectionError:
        return True
    return False


def refuses_connections(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return True
    return False


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(port=port, tracking_uri="http://127.0.0.1:9", cache=tmp_path)
        with pytest.raises(LaunchError, match=f"Port {port} for the API is taken"):
            serve(settings)


def test_an_address_that_mlflow_cannot_have_is_said_in_a_sentence(tmp_path: Path) -> None:
    settings = Settings(port=free_port(), tracking_uri="gopher://here", cache=tmp_path)
    with pytest.raises(TrackingError, match="gopher://here"):
        serve(settings)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_linear_algebra_stays_on_one_thread() -> None:
    count = """
import os
from latentlens.serving.blas import use_one_blas_thread
use_one_blas_thread()
import numpy
numpy.ones((500, 500)) @ numpy.ones((500, 500))
print(len(os.listdir("/proc/self/task")))
"""
    unset = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    counted = subprocess.run([sys.executable, "-c", count], env=unset, capture_output=True, check=True)
    assert int(counted.stdout) == 1
