"""The registry as commands use it; how the API follows it is tested with the API."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from latentlens.errors import ConfigError, ModelRefused, NoModel, TrackingError
from latentlens.explain.axes import Axes
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.svd import SVD
from latentlens.tracking.experiment import Experiment
from latentlens.tracking.names import REGISTERED_MODEL
from latentlens.tracking.registry import Registry
from latentlens.tracking.runs import record


@pytest.fixture(scope="module")
def model() -> FittedModel:
    users, movies = np.divmod(np.arange(40), 8)
    return SVD(n_factors=2, n_epochs=3, random_state=0).fit(Ratings.of(users, movies, 1.0 + (users + movies) % 5))


@pytest.fixture
def registry(uri: str) -> Iterator[Registry]:
    """An empty one."""
    with suppress(MlflowException):
        MlflowClient(uri).delete_registered_model(REGISTERED_MODEL)
    yield Registry(uri)
    with suppress(MlflowException):
        MlflowClient(uri).delete_registered_model(REGISTERED_MODEL)


def registered(registry: Registry, model: FittedModel, rmse: float) -> int:
    table = Ratings.of(np.array([1]), np.array([1]), np.array([3.0]))
    experiment = Experiment("small", model, table.origin, {"n_factors": 2}, {"rmse": rmse}, card="")
    version = record(experiment, registry.tracking_uri).version
    assert version is not None
    return version


def test_a_registry_without_a_model_says_what_to_do(registry: Registry) -> None:
    for ask in (registry.current, lambda: registry.version(1), lambda: registry.promote(1)):
        with pytest.raises(NoModel):
            ask()
    with pytest.raises(NoModel, match="run `latentlens train`"):
        registry.promote(None)


def test_only_a_version_that_exists_becomes_the_champion(registry: Registry, model: FittedModel) -> None:
    first, second = registered(registry, model, 0.9), registered(registry, model, 0.8)
    registry.promote(first)
    with pytest.raises(NoModel, match="Version 99 of latentlens is not registered"):
        registry.promote(99)
    current = registry.current()
    assert (current.number, current.is_champion, current.newest, current.hides_newer) == (first, True, second, True)


def test_giving_the_choice_back_twice_is_the_same_as_once(registry: Registry, model: FittedModel) -> None:
    newest = registered(registry, model, 0.9)
    registry.promote(newest)
    for _ in range(2):
        registry.promote(None)
        current = registry.current()
        assert (current.number, current.is_champion, current.hides_newer) == (newest, False, False)


def test_promotions_are_remembered_and_undone(registry: Registry, model: FittedModel) -> None:
    first, second = registered(registry, model, 0.9), registered(registry, model, 0.8)
    assert registry.promotions() == []
    with pytest.raises(ConfigError, match="Nothing was promoted yet"):
        registry.undo()
    # What changes nothing is no promotion.
    for number in (None, first, first, second):
        registry.promote(number)
    assert [(made.before, made.after) for made in registry.promotions()] == [(first, second), (None, first)]
    for served in (first, second):
        registry.undo()
        assert registry.current().number == served
    registry.promote(None)
    registry.undo()
    made = registry.promotions()
    assert [made[0].before, made[0].after] == [None, second]
    assert [datetime.fromisoformat(one.at).tzinfo for one in made] == [UTC] * 6
    # As MLflow shows them.
    shown = MlflowClient(registry.tracking_uri).get_registered_model(REGISTERED_MODEL).tags["promotions"]
    assert json.loads(shown)[-1] == {"at": made[-1].at, "before": None, "after": first}


def test_the_last_50_promotions_are_remembered(registry: Registry, model: FittedModel) -> None:
    first = registered(registry, model, 0.9)
    client = MlflowClient(registry.tracking_uri)
    old = [{"at": "2026-01-01T00:00:00+00:00", "before": None, "after": number} for number in range(50)]
    client.set_registered_model_tag(REGISTERED_MODEL, "promotions", json.dumps(old))
    registry.promote(first)
    assert [made.after for made in registry.promotions()] == [first, *range(49)]
    # Whoever edits the tag by hand loses the past, not the command.
    for edited in ("by hand", "[1]", '[{"when": 3}]'):
        client.set_registered_model_tag(REGISTERED_MODEL, "promotions", edited)
        assert registry.promotions() == []
    registry.promote(None)
    assert [made.before for made in registry.promotions()] == [first]


def test_a_version_that_is_not_whole_is_not_promoted(registry: Registry, model: FittedModel, store: Path) -> None:
    first = registered(registry, model, 0.9)
    registry.promote(first)
    for damage in (lambda part: part.write_bytes(b"x"), lambda part: shutil.rmtree(part.parent)):
        damaged = registry.version(registered(registry, model, 0.8))
        (part,) = store.glob(f"artifacts/*/{damaged.run_id}/**/item_bias.npy")
        damage(part)
        with pytest.raises(ModelRefused, match=f"Version {damaged.number} of latentlens is refused"):
            registry.promote(damaged.number)
    assert registry.current().number == first
    assert len(registry.promotions()) == 1


def test_a_version_brings_what_was_added_to_its_model_and_is_refused_if_that_cannot_be_read(
    registry: Registry, model: FittedModel, tmp_path: Path
) -> None:
    axes = json.loads(json.dumps(Axes((), n_movies=0, n_features=0, n_comparisons=0).to_json()))
    sound = registry.version(registered(registry, replace(model, extra={"axes.json": axes}), 0.9))
    assert registry.fetch(sound, tmp_path).extra == {"axes.json": axes}
    newer = {**axes, "format": 2}
    refused = registry.version(registered(registry, replace(model, extra={"axes.json": newer}), 0.9))
    with pytest.raises(ModelRefused, match=r"is refused: axes\.json has format 2, this version reads format 1\."):
        registry.fetch(refused, tmp_path)
    refused = registry.version(registered(registry, replace(model, extra={"findings.json": {"format": 2}}), 0.9))
    with pytest.raises(ModelRefused, match=r"is refused: findings\.json is not of format 1"):
        registry.fetch(refused, tmp_path)


def test_a_version_knows_the_metrics_and_params_of_its_run(registry: Registry, model: FittedModel) -> None:
    first, second = registered(registry, model, 0.9), registered(registry, model, 0.8)
    assert [registry.metrics(registry.version(number)) for number in (first, second)] == [{"rmse": 0.9}, {"rmse": 0.8}]
    assert registry.params(registry.version(first)) == {"n_factors": "2"}


def test_a_copy_on_this_disk_is_opened_without_the_server(
    registry: Registry, model: FittedModel, tmp_path: Path
) -> None:
    registered(registry, model, 0.9)
    version = registry.current()
    fetched = registry.fetch(version, tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == [f"v{version.number}-{version.run_id}"]
    again = Registry("http://127.0.0.1:9").fetch(version, tmp_path)
    for opened in (fetched, again):
        assert np.array_equal(opened.factors.item_factors, model.factors.item_factors)
        assert opened.params == model.params


def test_the_password_in_an_address_is_never_told() -> None:
    unreachable = Registry("http://someone:hunter2@127.0.0.1:9/mlflow")
    assert unreachable.address == "http://***@127.0.0.1:9/mlflow"
    with pytest.raises(TrackingError, match=r"MLflow at http://\*\*\*@127\.0\.0\.1:9/mlflow cannot be used") as said:
        unreachable.current()
    assert "hunter2" not in str(said.value)


def test_a_server_that_cannot_be_reached_is_said_in_a_sentence() -> None:
    unreachable = Registry("http://127.0.0.1:9")
    for ask in (unreachable.current, lambda: unreachable.promote(None)):
        with pytest.raises(TrackingError, match=r"MLflow at http://127\.0\.0\.1:9 cannot be used; start it") as said:
            ask()
        assert "\n" not in str(said.value)
