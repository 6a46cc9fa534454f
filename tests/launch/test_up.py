"""`latentlens up`: real servers, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from latentlens.processes import free_port
from latentlens.tracking.store import in_use

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

    def served(self) -> int:
        """Number of the version that the API serves, 0 while there is none."""
        return int(httpx.get(f"http://127.0.0.1:{self.api_port}/ready").json().get("model_version", 0))

    def listeners(self, port: int) -> list[int]:
        """Process ids of the servers, without their guards, that were told this port and started no other one."""
        told = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().split(b"\0")
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                # MLflow's client in the API is told MLflow's address, not its port.
                if str(port).encode() in command and self.process.pid != int(folder.name):
                    told[int(folder.name)] = int(parent)
        return [pid for pid in told if pid not in told.values()]

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


@pytest.fixture(scope="class")
def up(folder: Path) -> Iterator[Up]:
    up = Up(folder)
    try:
        up.wait_until_serving()
        assert "nothing to train" in up.said
        yield up
    finally:
        up.process.terminate()
        up.process.wait()


class TestWhileItRuns:
    """One `up` over what the test before left, through a bad day; the last test kills it."""

    def test_a_second_one_is_refused_in_a_sentence(self, folder: Path, up: Up) -> None:
        ended = latentlens(folder, "up")
        assert ended.returncode == 2
        assert ended.stderr == (
            f"Error: mlruns is served already, by MLflow at http://127.0.0.1:{up.mlflow_port}:"
            " use that, or stop it first.\n"
        )

    def test_a_reset_is_refused_in_a_sentence(self, folder: Path, up: Up) -> None:
        ended = latentlens(folder, "reset", "--yes")
        assert ended.returncode == 2
        assert "A server is running over mlruns: stop it" in ended.stderr
        assert (folder / "mlruns/mlflow.db").exists()

    def test_a_training_goes_through_its_server_and_is_served(self, folder: Path, up: Up) -> None:
        small = ("--n-factors", "2", "--n-epochs", "1", "--most-active-users", "100")
        ended = latentlens(folder, "train", *small, "--json")
        assert ended.returncode == 0, ended.stderr
        report = json.loads(ended.stdout)
        assert report["tracking_uri"] == f"http://127.0.0.1:{up.mlflow_port}"
        up.wait_for(lambda: up.served() == report["model_version"] == 2)

    def test_an_undone_promotion_changes_what_is_served_and_is_remembered(self, folder: Path, up: Up) -> None:
        assert "Version 1 is served from now on." in latentlens(folder, "promote", "1").stderr
        up.wait_for(lambda: up.served() == 1)
        ports = ("--mlflow-port", str(up.mlflow_port), "--api-port", str(up.api_port))
        findings = {row["what"]: row for row in json.loads(latentlens(folder, "doctor", *ports, "--json").stdout)}
        hidden = findings[f"API on http://127.0.0.1:{up.api_port}"]
        assert (hidden["found"].endswith(", and not the newer 2"), hidden["ok"]) == (True, False)
        assert findings["store mlruns"]["found"].endswith(f"in use by http://127.0.0.1:{up.mlflow_port}")
        assert "Version 2 is served from now on." in latentlens(folder, "promote", "--undo").stderr
        up.wait_for(lambda: up.served() == 2)
        shown = latentlens(folder, "promote", "--history").stdout.splitlines()
        # After the date and the time.
        assert [line.split()[2:] for line in shown[1:]] == [
            ["version", "1", "the", "newest"],
            ["the", "newest", "version", "1"],
        ]

    @pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")
    @pytest.mark.parametrize("server", ["MLflow", "The API"])
    def test_a_killed_server_is_said_and_started_again(self, up: Up, server: str) -> None:
        (victim,) = up.listeners(up.mlflow_port if server == "MLflow" else up.api_port)
        os.kill(victim, signal.SIGKILL)

        def answers_again() -> bool:
            # The API needs no MLflow for what it serves already.
            assert server == "The API" or httpx.get(up.recommendations).is_success
            return f"{server} answers again." in up.said

        up.wait_for(answers_again)
        assert re.search(
            rf"{server} (was killed by signal 9|ended with exit code).*starting it again \(1 of 3\)", up.said
        )
        assert up.process.poll() is None
        assert httpx.get(up.recommendations).is_success

    def test_killed_itself_it_leaves_no_process_and_a_sound_database(self, folder: Path, up: Up) -> None:
        up.process.kill()
        assert up.process.wait(PATIENCE) == -signal.SIGKILL
        up.wait_for(up.ports_are_free)
        with closing(sqlite3.connect(folder / "mlruns/mlflow.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # Whatever address it left there.
        assert not in_use(folder / "mlruns")


def latentlens(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "latentlens", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


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
