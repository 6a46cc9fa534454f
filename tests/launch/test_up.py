"""`latentlens up`: real servers, real signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from latentlens.processes import free_port

PATIENCE = 180


class Up:
    """A running `up` in a folder, on free ports, without a terminal."""

    def __init__(self, folder: Path) -> None:
        self.mlflow_port, self.api_port = free_port(), free_port()
        self.output = folder / "up.log"
        ports = ("--mlflow-port", str(self.mlflow_port), "--api-port", str(self.api_port))
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "latentlens", "up", *ports],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def recommendations(self) -> str:
        return f"http://127.0.0.1:{self.api_port}/recommend/1"

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def wait_until_serving(self) -> None:
        self.wait_for(lambda: "Press Ctrl-C" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    def ports_are_free(self) -> bool:
        for port in (self.mlflow_port, self.api_port):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return False
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


def test_an_empty_store_is_trained_served_and_stopped_by_a_signal(folder: Path) -> None:
    up = Up(folder)
    try:
        up.wait_until_serving()
        answer = httpx.get(up.recommendations).json()
        assert (answer["strategy"], len(answer["recommendations"])) == ("personal", 10)
        assert up.recommendations in up.said
        assert f"http://127.0.0.1:{up.mlflow_port}" in up.said
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(PATIENCE) == 130
        assert up.said.strip().endswith("Stopped.")
        assert up.ports_are_free()
    finally:
        up.process.terminate()


def test_a_dead_child_is_said_and_everything_is_stopped(folder: Path) -> None:
    up = Up(folder)
    try:
        up.wait_until_serving()
        assert "nothing to train" in up.said
        os.kill(_listener(up), signal.SIGKILL)
        assert up.process.wait(PATIENCE) == 2
        assert re.search(r"Error: The API died with exit code -9", up.said)
        assert up.ports_are_free()
    finally:
        up.process.terminate()


def _listener(up: Up) -> int:
    """Process id of the API: the child of `up` that was told its port."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in command and str(up.api_port).encode() in command:
            return int(folder.name)
    raise AssertionError("the API is not among the processes")


def test_a_taken_port_is_said_in_a_sentence_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "latentlens", "up", "--mlflow-port", port, "--store", str(tmp_path / "mlruns")],
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert f"Port {port} for MLflow is taken" in ended.stderr
    assert "--mlflow-port" in ended.stderr
    assert not (tmp_path / "mlruns").exists()
