"""docker-compose on a cold clone: real images, real containers, HTTP from outside. Takes minutes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from latentlens.processes import free_port
from latentlens.tracking.rest import answers

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
BASE_IMAGE = "python:3.11-slim-bookworm"
PATIENCE = 240.0
# A user of nobody's, where the tests may give files away; otherwise whoever runs them.
SOMEBODY = 1234 if os.getuid() == 0 else os.getuid()


@dataclass(frozen=True)
class Clone:
    """A copy of the project as a person clones it, and its containers."""

    folder: Path
    name: str
    mlflow_port: int
    api_port: int

    @property
    def store(self) -> Path:
        return self.folder / "mlruns"

    @property
    def mlflow(self) -> str:
        return f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def compose(self, *arguments: str) -> str:
        ports = {"LATENTLENS_MLFLOW_PORT": str(self.mlflow_port), "LATENTLENS_API_PORT": str(self.api_port)}
        command = [*_compose(), "-p", self.name, *arguments]
        return _run(command, cwd=self.folder, env={**os.environ, **ports}).stdout

    def up(self, *services: str) -> None:
        self.compose("up", "-d", "--build", *services)

    def down(self) -> None:
        self.compose("down", "-v")

    def containers(self) -> list[str]:
        """Every container of this clone, running or not."""
        label = f"label=com.docker.compose.project={self.name}"
        return _run(["docker", "ps", "--all", "--quiet", "--filter", label]).stdout.split()

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says of a service's container."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        found: list[dict[str, Any]] = json.loads(_run(["docker", "inspect", container]).stdout)
        return found[0]

    def main_process(self, service: str) -> dict[str, list[str]]:
        """The kernel's word on a container's first process: Uid, Gid, Groups, CapEff ..."""
        status = self.compose("exec", "-T", service, "cat", "/proc/1/status")
        return {line.split(":")[0]: line.split(":")[1].split() for line in status.splitlines()}

    def until(self, what: str, holds: Callable[[], Any]) -> None:
        """Return once `holds()` is true; fail with the containers' logs if that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f"not so after {PATIENCE:.0f} s: {what}\n{self.compose('logs', '--no-color', '--tail=80')}")
            time.sleep(0.5)

    def model(self) -> dict[str, Any]:
        """The API's /model, empty while it serves none."""
        try:
            reply = httpx.get(f"{self.api}/model", timeout=5)
        except httpx.TransportError:
            return {}
        answer: dict[str, Any] = reply.json() if reply.status_code == 200 else {}
        return answer

    def registered_runs(self) -> list[str]:
        """The run of each registered version."""
        reply = httpx.get(f"{self.mlflow}/api/2.0/mlflow/model-versions/search", params={"filter": "name='latentlens'"})
        return [version["run_id"] for version in reply.json().get("model_versions", [])]

    def wait_for_trainer(self) -> dict[str, Any]:
        """The trainer's last state."""
        self.until("the trainer has ended", lambda: self.inspect("trainer")["State"]["Status"] == "exited")
        state: dict[str, Any] = self.inspect("trainer")["State"]
        return state

    def give_to(self, user: int) -> None:
        """Make `user` the owner of the whole clone."""
        if os.getuid() == 0:
            _run(["chown", "-R", f"{user}:{user}", str(self.folder)])

    def latentlens(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the host's own LatentLens, which knows nothing of the ports."""
        # Port 9 (discard) answers nobody, so that no foreign server on the usual port is found.
        env = {**os.environ, "LATENTLENS_MLFLOW_PORT": "9"}
        env.pop("MLFLOW_TRACKING_URI", None)
        command = [sys.executable, "-m", "latentlens", *arguments]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def train(self) -> str:
        """Train on the host, in seconds; the run's id."""
        ended = self.latentlens("train", "--data", "demo", "--n-epochs", "2", "--json")
        assert ended.returncode == 0, ended.stderr
        return str(json.loads(ended.stdout)["run_id"])


def _run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-4000:]}\n{ended.stderr[-4000:]}"
    return ended


def _compose() -> list[str]:
    return ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]


def _require_engine() -> None:
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    for command, reason in (
        (["docker", "info"], "no Docker engine answers"),
        ([*_compose(), "version"], "docker-compose is not installed"),
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(reason)


def _remove(folder: Path, user: int) -> None:
    """Remove a folder with no more rights than `user` has."""
    identity = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
    _run(["rm", "-rf", str(folder)], **identity)


@pytest.fixture(scope="module")
def clone() -> Iterator[Clone]:
    """The project in a folder that can be given to anybody; its images stay until the last test."""
    _require_engine()
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="latentlens-") as name:
        clone = Clone(Path(name), f"latentlens-test-{uuid.uuid4().hex[:8]}", free_port(), free_port())
        _copy_project(clone.folder)
        try:
            yield clone
        finally:
            clone.compose("down", "-v", "--rmi", "local")


def _copy_project(folder: Path) -> None:
    listed = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


@pytest.fixture(scope="class")
def started(clone: Clone) -> Iterator[Clone]:
    """Up for the tests of one class."""
    clone.give_to(SOMEBODY)
    assert not clone.store.exists()
    try:
        clone.up()
        clone.until("the API is ready", clone.model)
        yield clone
    finally:
        clone.down()


class TestColdClone:
    """Nothing but the clone: no image, no mlruns."""

    def test_the_trainer_fills_the_empty_registry_and_ends(self, started: Clone) -> None:
        assert started.wait_for_trainer()["ExitCode"] == 0
        assert started.registered_runs() == [started.model()["run_id"]]
        assert started.model()["data"]["name"] == "demo"

    def test_the_api_recommends_ten_movies(self, started: Clone) -> None:
        answer = httpx.get(f"{started.api}/recommend/1").json()
        assert (answer["strategy"], len(answer["recommendations"])) == ("personal", 10)

    @pytest.mark.parametrize("service", ["mlflow", "api"])
    def test_servers_become_healthy(self, started: Clone, service: str) -> None:
        started.until(
            f"{service} is healthy", lambda: started.inspect(service)["State"]["Health"]["Status"] == "healthy"
        )

    def test_mlflow_answers_outside_and_refuses_foreign_names(self, started: Clone) -> None:
        assert answers(started.mlflow)
        address = f"{started.mlflow}/api/2.0/mlflow/experiments/search?max_results=1"
        assert httpx.get(address, headers={"Host": "elsewhere.example"}).status_code == 403

    @pytest.mark.parametrize("service", ["mlflow", "api"])
    def test_ports_are_open_to_this_machine_alone(self, started: Clone, service: str) -> None:
        published = started.inspect(service)["NetworkSettings"]["Ports"].values()
        assert [port["HostIp"] for ports in published if ports for port in ports] == ["127.0.0.1"]

    @pytest.mark.parametrize("service", ["mlflow", "api"])
    def test_servers_run_as_the_owner_of_the_clone_and_can_become_nobody_else(
        self, started: Clone, service: str
    ) -> None:
        process = started.main_process(service)
        assert process["Uid"] == [str(SOMEBODY)] * 4
        assert process["Gid"] == [str(started.folder.stat().st_gid)] * 4
        assert process["Groups"] == []
        assert int(process["CapEff"][0], 16) == 0
        assert process["NoNewPrivs"] == ["1"]

    def test_the_trainer_runs_as_the_owner_too(self, started: Clone) -> None:
        assert started.compose("run", "--rm", "--no-deps", "-T", "trainer", "id", "-u").split() == [str(SOMEBODY)]

    def test_the_store_has_the_usual_layout_and_belongs_to_the_owner(self, started: Clone) -> None:
        assert (started.store / "mlflow.db").is_file()
        assert list(started.store.glob("artifacts/*/*/artifacts/surprise_svd_model/MLmodel"))
        owners = {path.lstat().st_uid for path in (started.store, *started.store.rglob("*"))}
        assert owners == {SOMEBODY}

    def test_a_training_on_the_host_uses_the_running_server_and_the_api_serves_it(self, started: Clone) -> None:
        run_id = started.train()
        started.until("the new model is served", lambda: started.model().get("run_id") == run_id)

    def test_reset_refuses_while_the_containers_run(self, started: Clone) -> None:
        ended = started.latentlens("reset", "--yes")
        assert ended.returncode == 2
        assert "docker-compose down" in ended.stderr
        assert (started.store / "mlflow.db").exists()

    def test_scorched_earth_leaves_nothing_and_starts_afresh(self, started: Clone) -> None:
        before = started.registered_runs()
        started.down()
        assert started.containers() == []
        _remove(started.store, SOMEBODY)
        assert not started.store.exists()
        started.up()
        started.until("the API is ready again", started.model)
        assert started.model()["model_version"] == 1
        assert started.model()["run_id"] not in before


def test_the_servers_start_over_what_was_trained_before_and_the_trainer_does_nothing(clone: Clone) -> None:
    _remove(clone.store, SOMEBODY)
    run_id = clone.train()
    clone.give_to(SOMEBODY)
    try:
        clone.up()
        clone.until("the model of before is served", clone.model)
        assert clone.model()["run_id"] == run_id
        assert clone.wait_for_trainer()["ExitCode"] == 0
        assert "nothing to train" in clone.compose("logs", "--no-color", "trainer")
        assert clone.registered_runs() == [run_id]
    finally:
        clone.down()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a clone that root owns")
def test_containers_of_a_clone_that_root_owns_run_as_nobody_in_particular(clone: Clone) -> None:
    _remove(clone.store, 0)
    # What root trained before must be writable to them too.
    run_id = clone.train()
    clone.give_to(0)
    try:
        clone.up("mlflow")
        clone.until("MLflow answers", lambda: answers(clone.mlflow))
        uid = int(clone.main_process("mlflow")["Uid"][0])
        assert uid != 0
        assert {path.lstat().st_uid for path in clone.store.rglob("*")} == {uid}
        assert clone.train() in clone.registered_runs()
        assert run_id in clone.registered_runs()
    finally:
        clone.down()


def test_the_serving_image_is_slim(clone: Clone) -> None:
    clone.compose("build", "api")
    image = f"{clone.name}_api" if _compose() == ["docker-compose"] else f"{clone.name}-api"
    size, base = (
        int(_run(["docker", "image", "inspect", "--format", "{{.Size}}", name]).stdout) for name in (image, BASE_IMAGE)
    )
    assert size - base < 250e6
    program = "from importlib.metadata import distributions; print(*(part.name.lower() for part in distributions()))"
    installed = set(_run(["docker", "run", "--rm", image, "python", "-c", program]).stdout.split())
    assert {"latentlens", "fastapi", "mlflow-skinny"} <= installed
    assert installed & {"mlflow", "numba", "llvmlite", "polars", "pandas", "scipy", "matplotlib"} == set()


def test_images_and_make_install_with_the_same_uv() -> None:
    (in_make,) = [line.split()[-1] for line in (ROOT / "Makefile").read_text().splitlines() if "UV_VERSION :=" in line]
    assert f"ARG UV_VERSION={in_make}\n" in (ROOT / "Dockerfile").read_text()
