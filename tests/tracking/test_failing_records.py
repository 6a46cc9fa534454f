"""Recording that is interrupted, or whose server or disk fails: one sentence, and nothing half done is registered."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from latentlens.errors import TrackingError
from latentlens.processes import free_port
from latentlens.ratings.splits import Split
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.svd import SVD
from latentlens.tracking.experiment import Experiment
from latentlens.tracking.names import EXPERIMENT, REGISTERED_MODEL
from latentlens.tracking.runs import record
from latentlens.tracking.server import running_server, serving_process
from latentlens.tracking.store import database
from latentlens.workflows.prepare import prepare
from latentlens.workflows.train import train

CONFIG = SVD(n_factors=6, n_epochs=2, random_state=0)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of this kind")


@pytest.fixture(scope="module")
def split() -> Split:
    return prepare("demo", most_active_users=200, most_rated_movies=300)


@pytest.fixture(scope="module")
def model(split: Split) -> FittedModel:
    return CONFIG.fit(split.train)


class Interfering(dict[str, float]):
    """Metrics at whose logging, in the middle of the record, something happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self._happens = happens

    def items(self) -> Any:
        self._happens()
        return super().items()


def interrupted() -> None:
    raise KeyboardInterrupt


def test_an_interrupted_record_is_a_killed_run_and_no_version(model: FittedModel, split: Split, uri: str) -> None:
    client = MlflowClient(uri)
    with pytest.raises(KeyboardInterrupt):
        record(Experiment("cut", model, split.train.origin, {}, Interfering(interrupted), card=""), uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], "attributes.run_name = 'cut'")
    assert run.info.status == "KILLED"
    assert not client.search_model_versions(f"run_id='{run.info.run_id}'")


def test_a_version_that_an_interrupt_overtakes_is_taken_back(
    model: FittedModel, split: Split, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MlflowClient(uri)
    register = MlflowClient.create_model_version

    def overtaken(*args: Any) -> Any:
        register(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(MlflowClient, "create_model_version", overtaken)
    before = client.search_model_versions(f"name='{REGISTERED_MODEL}'")
    with pytest.raises(KeyboardInterrupt):
        record(Experiment("late", model, split.train.origin, {}, {}, card=""), uri)
    assert client.search_model_versions(f"name='{REGISTERED_MODEL}'") == before


def test_a_server_that_dies_in_the_middle_of_a_record_is_said_in_a_sentence(
    model: FittedModel, split: Split, tmp_path: Path
) -> None:
    store = tmp_path / "mlruns"
    with serving_process(store, free_port(), "127.0.0.1", shared=False) as (uri, server):
        dies = Interfering(lambda: os.killpg(server.pid, signal.SIGKILL))
        with pytest.raises(TrackingError) as said:
            record(Experiment("cut", model, split.train.origin, {}, dies, card=""), uri)
    assert str(said.value) == (
        f"MLflow at {uri} did not record the run, so no model was registered:"
        " it stopped answering; train again once it runs."
    )
    with closing(sqlite3.connect(database(store))) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert opened.execute("SELECT count(*) FROM model_versions").fetchone() == (0,)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, of 60 MB."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root on Linux can mount a disk of its own")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_said_in_a_sentence_and_with_room_again_all_works(small_disk: Path, split: Split) -> None:
    store, ballast = small_disk / "mlruns", small_disk / "ballast"
    sides = split.train, split.test
    full = rf"The disk of {store} is full \(0 MB free\): make room, then try again\."
    with running_server(store) as uri:
        # What is left takes the run, but not the model.
        with ballast.open("wb") as stream:
            stream.truncate(0)
            os.posix_fallocate(stream.fileno(), 0, shutil.disk_usage(small_disk).free - 150_000)
        with pytest.raises(TrackingError, match=full):
            train(*sides, CONFIG, run_name="full", tracking_uri=uri, store=store)
    with pytest.raises(TrackingError, match=full), running_server(store):
        pass
    ballast.unlink()
    report = train(*sides, CONFIG, run_name="room", store=store)
    assert report.model_version == 1
    with closing(sqlite3.connect(database(store))) as opened:
        found = opened.execute("SELECT name, status FROM runs").fetchall()
    assert ("room", "FINISHED") in found
    assert "RUNNING" not in [status for _, status in found]
