"""The API follows the registry: by itself, within seconds, without a failed request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from latentlens.processes import free_port
from latentlens.recommenders.fitted import FittedModel
from latentlens.serving.current import CurrentModel
from latentlens.serving.metrics import Metrics
from latentlens.tracking.registry import Registry, Version
from latentlens.tracking.server import running_server

from .support import (
    empty_registry,
    log_run,
    problem,
    register,
    register_run,
    running_api,
    settings_for,
    wait_for_version,
    wait_until,
)

MAX_REQUESTS = 50_000


@pytest.fixture
def registry(mlflow_uri: str) -> Registry:
    """An empty one."""
    empty_registry(mlflow_uri)
    return Registry(mlflow_uri)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def client(registry: Registry, cache: Path) -> Iterator[httpx.Client]:
    with running_api(settings_for(registry.tracking_uri, cache)) as running:
        yield running


def damaged_version(registry: Registry, model: FittedModel, store: Path) -> int:
    run_id = log_run(registry.tracking_uri, model)
    (part,) = store.glob(f"artifacts/**/{run_id}/**/item_bias.npy")
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    return register_run(registry.tracking_uri, run_id, model)


@contextmanager
def steady_stream(client: httpx.Client) -> Iterator[list[tuple[int, int]]]:
    """Ask without a pause while the block runs: (status, version) of every reply."""
    replies: list[tuple[int, int]] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=client.base_url, timeout=30, trust_env=False) as own:
            while not stop.is_set() and len(replies) < MAX_REQUESTS:
                reply = own.get("/recommend/1")
                replies.append((reply.status_code, reply.json().get("model_version", 0)))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield replies
    finally:
        stop.set()
        asking.join(30)


def test_it_starts_before_mlflow_and_before_any_model(
    svd: FittedModel, tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with running_api(settings_for(f"http://127.0.0.1:{port}", cache)) as client:
        assert client.get("/health").status_code == 200
        wait_until(lambda: "cannot be used" in problem(client.get("/ready"), 503))
        for path in ("/recommend/1", "/predict?user_id=1&movie_id=101", "/similar/101", "/movies", "/model"):
            assert "MLflow" in problem(client.get(path), 503)
        with running_server(tmp_path / "mlruns", port) as uri:
            wait_until(lambda: "No model is registered" in problem(client.get("/ready"), 503))
            register(uri, svd)
            wait_for_version(client, 1)
            assert client.get("/recommend/1").json()["strategy"] == "personal"
        # MLflow is gone again: what was served stays served, and the audit says what is the matter.
        wait_until(lambda: "cannot be used" in (client.get("/model").json()["problem"] or ""))
        assert client.get("/ready").status_code == 200
        assert client.get("/recommend/1").status_code == 200
    # One line for each reason, however often it was met.
    said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert sum("No model is registered" in line for line in said) == 1


def test_a_new_version_is_served_without_one_failed_request(
    client: httpx.Client, registry: Registry, svd: FittedModel, another_svd: FittedModel
) -> None:
    uri = registry.tracking_uri
    wait_for_version(client, register(uri, svd))
    with steady_stream(client) as replies:
        wait_until(lambda: len(replies) > 10)
        for number, model in ((2, another_svd), (3, svd)):
            assert register(uri, model) == number
            wait_until(lambda wanted=number: replies[-1] == (200, wanted))  # type: ignore[misc]
    assert {status for status, _ in replies} == {200}
    versions = [version for _, version in replies]
    assert versions == sorted(versions)
    assert set(versions) == {1, 2, 3}


def test_the_champion_is_preferred_and_an_undo_comes_back(
    client: httpx.Client,
    registry: Registry,
    svd: FittedModel,
    another_svd: FittedModel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for model in (svd, another_svd):
        register(registry.tracking_uri, model)
    wait_for_version(client, 2)
    with caplog.at_level(logging.WARNING, "latentlens.serving"):
        registry.promote(1)
        wait_for_version(client, 1)
        told = client.get("/model").json()
        assert (told["is_champion"], told["hides_newer_version"], told["n_factors"]) == (True, 2, 8)
        wait_until(lambda: "the newer version 2 is not" in caplog.text)
    # A newer version appears behind the champion: nothing is swapped, but it is told.
    register(registry.tracking_uri, another_svd)
    wait_until(lambda: client.get("/model").json()["hides_newer_version"] == 3)
    assert client.get("/model").json()["served_since"] == told["served_since"]
    registry.promote(None)
    wait_for_version(client, 3)
    told = client.get("/model").json()
    assert (told["is_champion"], told["hides_newer_version"], told["n_factors"]) == (False, None, 4)


def test_promoting_the_served_version_loads_nothing(client: httpx.Client, registry: Registry, svd: FittedModel) -> None:
    wait_for_version(client, register(registry.tracking_uri, svd))
    before = client.get("/model").json()
    registry.promote(1)
    wait_until(lambda: client.get("/model").json()["is_champion"])
    assert client.get("/model").json() == {**before, "is_champion": True}


def test_a_damaged_version_is_refused_while_the_one_before_is_served(
    client: httpx.Client, registry: Registry, svd: FittedModel, another_svd: FittedModel, store: Path, cache: Path
) -> None:
    wait_for_version(client, register(registry.tracking_uri, svd))
    assert damaged_version(registry, svd, store) == 2
    reason = wait_until(lambda: client.get("/model").json()["problem"])
    assert "Version 2" in reason
    assert "item_bias.npy is damaged" in reason
    assert client.get("/recommend/1").json()["model_version"] == 1
    assert [folder.name[:3] for folder in cache.glob("v*")] == ["v1-"]
    register(registry.tracking_uri, another_svd)
    wait_for_version(client, 3)
    assert wait_until(lambda: client.get("/model").json()["problem"] is None)


def test_a_refused_version_is_not_tried_again_and_its_reason_stays(
    registry: Registry, svd: FittedModel, store: Path, cache: Path
) -> None:
    class Counting(Registry):
        asked = fetched = 0

        def current(self) -> Version:
            self.asked += 1
            return super().current()

        def fetch(self, version: Version, cache: Path) -> FittedModel:
            self.fetched += 1
            return super().fetch(version, cache)

    damaged_version(registry, svd, store)
    counting = Counting(registry.tracking_uri)
    current = CurrentModel(counting, cache, 0.01, Metrics())
    current.start()
    try:
        wait_until(lambda: counting.asked >= 5)
    finally:
        current.stop()
    assert counting.fetched == 1
    assert "item_bias.npy is damaged" in (current.problem or "")


def test_a_damaged_copy_in_the_cache_is_fetched_anew(registry: Registry, svd: FittedModel, cache: Path) -> None:
    register(registry.tracking_uri, svd)
    settings = settings_for(registry.tracking_uri, cache)
    with running_api(settings) as client:
        wait_for_version(client, 1)
    (part,) = cache.glob("v1-*/item_bias.npy")
    part.unlink()
    with running_api(settings) as client:
        wait_for_version(client, 1)
    assert part.exists()


def test_only_the_served_version_and_the_one_before_stay_on_disk(
    client: httpx.Client, registry: Registry, svd: FittedModel, cache: Path
) -> None:
    for number in (1, 2, 3):
        register(registry.tracking_uri, svd)
        wait_for_version(client, number)
    wait_until(lambda: sorted(folder.name[:3] for folder in cache.glob("v*")) == ["v2-", "v3-"])


def test_a_store_that_was_reset_is_followed_though_the_number_is_the_same(
    client: httpx.Client, registry: Registry, svd: FittedModel, another_svd: FittedModel
) -> None:
    wait_for_version(client, register(registry.tracking_uri, svd))
    empty_registry(registry.tracking_uri)
    wait_until(lambda: "No model" in (client.get("/model").json()["problem"] or ""))
    assert register(registry.tracking_uri, another_svd) == 1
    wait_until(lambda: client.get("/model").json()["n_factors"] == 4)


def test_a_cache_that_cannot_be_written_is_a_reason_not_a_crash(
    registry: Registry, svd: FittedModel, tmp_path: Path
) -> None:
    register(registry.tracking_uri, svd)
    blocked = tmp_path / "a-file"
    blocked.touch()
    with running_api(settings_for(registry.tracking_uri, blocked)) as client:
        wait_until(lambda: "cannot be stored" in problem(client.get("/ready"), 503))
        assert client.get("/health").status_code == 200
        blocked.unlink()
        wait_for_version(client, 1)
