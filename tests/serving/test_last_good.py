"""MLflow is away, or sends what cannot be served: the API answers on, and says what is the matter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from latentlens.processes import free_port
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.portable import MANIFEST
from latentlens.tracking.names import REGISTERED_MODEL
from latentlens.tracking.registry import Registry

from .support import (
    empty_registry,
    log_run,
    network,
    problem,
    register,
    register_run,
    running_api,
    sample,
    settings_for,
    wait_for_version,
    wait_until,
)


@pytest.fixture
def registry(mlflow_uri: str) -> Registry:
    """An empty one."""
    empty_registry(mlflow_uri)
    return Registry(mlflow_uri)


def test_it_starts_from_its_last_good_copy_while_mlflow_is_down(
    registry: Registry, svd: FittedModel, tmp_path: Path
) -> None:
    port = free_port()
    settings = settings_for(f"http://127.0.0.1:{port}", tmp_path / "cache")
    register(registry.tracking_uri, svd)
    registry.promote(1)
    with network(port, registry.tracking_uri), running_api(settings) as client:
        wait_for_version(client, 1)
        wait_until(lambda: client.get("/model").json()["is_champion"])
        told = client.get("/model").json()
        assert client.get("/ready").json()["registry_unreachable_since"] is None
    with running_api(settings) as client:
        wait_for_version(client, 1)
        assert client.get("/recommend/1").json()["strategy"] == "personal"
        alone = client.get("/model").json()
        for name in ("run_id", "metrics", "data", "is_champion", "params"):
            assert alone[name] == told[name]
        assert "cannot be used" in alone["problem"]
        missed = datetime.fromisoformat(client.get("/ready").json()["registry_unreachable_since"])
        failures = sample(client, "latentlens_registry_failures_total")
        wait_until(lambda: sample(client, "latentlens_registry_failures_total") > failures >= 1)
        # Since when, not when it was last tried.
        assert datetime.fromisoformat(client.get("/ready").json()["registry_unreachable_since"]) == missed
        with network(port, registry.tracking_uri):
            wait_until(lambda: client.get("/ready").json()["registry_unreachable_since"] is None)
            again = client.get("/model").json()
            assert again["problem"] is None
            # The same model: nothing was loaded anew.
            assert again["served_since"] == alone["served_since"]


def damage_copy(cache: Path) -> None:
    (part,) = cache.glob("v1-*/item_factors.npy")
    part.write_bytes(part.read_bytes()[:-1] + b"?")


def lose_copy(cache: Path) -> None:
    (folder,) = cache.glob("v1-*")
    shutil.rmtree(folder)


def damage_record(cache: Path) -> None:
    record = cache / "last-served.json"
    record.write_text(record.read_text()[:40])


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (damage_copy, "item_factors.npy is damaged"),
        (lose_copy, "manifest.json cannot be read"),
        (damage_record, "last-served.json cannot be read"),
    ],
)
def test_a_last_good_copy_that_is_damaged_is_said_and_mended_by_mlflow(
    registry: Registry, svd: FittedModel, tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    cache = tmp_path / "cache"
    register(registry.tracking_uri, svd)
    with running_api(settings_for(registry.tracking_uri, cache)) as client:
        wait_for_version(client, 1)
    record = cache / "last-served.json"
    address = f"http://127.0.0.1:{free_port()}"
    record.write_text(record.read_text().replace(registry.tracking_uri, address))
    harm(cache)
    with running_api(settings_for(address, cache)) as client:
        reason = wait_until(lambda: "no help" in (told := problem(client.get("/ready"), 503)) and told)
        assert said in reason
        assert "MLflow at" in reason
    with running_api(settings_for(registry.tracking_uri, cache)) as client:
        wait_for_version(client, 1)


def test_the_copy_of_another_store_is_never_served(registry: Registry, svd: FittedModel, tmp_path: Path) -> None:
    register(registry.tracking_uri, svd)
    with running_api(settings_for(registry.tracking_uri, tmp_path)) as client:
        wait_for_version(client, 1)
    with running_api(settings_for(f"http://127.0.0.1:{free_port()}", tmp_path)) as client:
        wait_until(lambda: "cannot be used" in problem(client.get("/ready"), 503))
        assert problem(client.get("/recommend/1"), 503)


def newer_format(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "format": 99}))


def hostile_name(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["parts"]["../../outside.npy"] = manifest["parts"]["item_bias.npy"]
    (folder / MANIFEST).write_text(json.dumps(manifest))


def missing_part(folder: Path) -> None:
    (folder / "history_items.npy").unlink()


def truncated_part(folder: Path) -> None:
    part = folder / "user_factors.npy"
    part.write_bytes(part.read_bytes()[:200])


def no_parts(folder: Path) -> None:
    shutil.rmtree(folder)


def test_whatever_is_wrong_with_a_new_version_is_said_while_the_old_one_is_served(
    registry: Registry, svd: FittedModel, another_svd: FittedModel, store: Path, tmp_path: Path
) -> None:
    uri = registry.tracking_uri
    register(uri, svd)
    wrong = {
        newer_format: "the model has format 99, this version reads formats up to 2",
        hostile_name: "would lie outside the folder: '../../outside.npy'",
        missing_part: "history_items.npy cannot be read",
        truncated_part: "user_factors.npy is damaged",
        no_parts: "its run has no folder 'latentlens'",
    }
    with running_api(settings_for(uri, tmp_path)) as client:
        wait_for_version(client, 1)
        for number, (harm, said) in enumerate(wrong.items(), start=2):
            run_id = log_run(uri, svd)
            (folder,) = store.glob(f"artifacts/**/{run_id}/**/latentlens")
            harm(folder)
            assert register_run(uri, run_id, svd) == number
            of_this_one = f"Version {number} of"
            wait_until(lambda wanted=of_this_one: wanted in (client.get("/model").json()["problem"] or ""))  # type: ignore[misc]
            assert said in client.get("/model").json()["problem"]
            assert client.get("/recommend/1").json()["model_version"] == 1
            assert sample(client, "latentlens_models_refused_total") == number - 1
        assert [folder.name[:3] for folder in tmp_path.glob("v*")] == ["v1-"]
        register(uri, another_svd)
        wait_for_version(client, 7)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, to be filled."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "none", str(mounted)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("mounting a small disk takes root")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def test_a_full_disk_is_said_and_tried_again_when_there_is_room(
    registry: Registry, svd: FittedModel, another_svd: FittedModel, tiny_disk: Path
) -> None:
    register(registry.tracking_uri, svd)
    with running_api(settings_for(registry.tracking_uri, tiny_disk)) as client:
        wait_for_version(client, 1)
        filler = tiny_disk / "filler"
        filler.touch()
        with suppress(OSError), filler.open("wb", buffering=0) as stream:
            while stream.write(bytes(4096)):
                pass
        register(registry.tracking_uri, another_svd)
        reason = wait_until(lambda: client.get("/model").json()["problem"])
        assert f"cannot be stored in {tiny_disk} (No space left on device): make room" in reason
        assert client.get("/recommend/1").json()["model_version"] == 1
        filler.unlink()
        wait_for_version(client, 2)
    assert list(tiny_disk.glob("download-*")) == []


def test_what_a_killed_download_left_is_removed_but_not_one_that_still_moves(
    registry: Registry, svd: FittedModel, tmp_path: Path
) -> None:
    left, moving = tmp_path / "download-left", tmp_path / "download-moving"
    for scratch in (left, moving):
        scratch.mkdir()
        (scratch / "half").touch()
    os.utime(left, (time.time() - 7200,) * 2)
    register(registry.tracking_uri, svd)
    with running_api(settings_for(registry.tracking_uri, tmp_path)) as client:
        wait_for_version(client, 1)
        wait_until(lambda: not left.exists())
    assert moving.exists()


def test_a_version_that_another_program_registered_is_refused(registry: Registry, tmp_path: Path) -> None:
    client = MlflowClient(registry.tracking_uri)
    run_id = client.create_run(client.create_experiment(f"foreign-{time.time_ns()}")).info.run_id
    client.log_text(run_id, "flavors: {}", "their_model/MLmodel")
    client.create_registered_model(REGISTERED_MODEL)
    client.create_model_version(REGISTERED_MODEL, f"runs:/{run_id}/their_model", run_id)
    with running_api(settings_for(registry.tracking_uri, tmp_path)) as api:
        reason = wait_until(lambda: "refused" in (told := problem(api.get("/ready"), 503)) and told)
    assert "its run has no folder 'latentlens', which `latentlens train` writes" in reason
