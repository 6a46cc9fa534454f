"""Prepare and train: what is held out, what is recorded, and when nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from latentlens.errors import ConfigError, DataError, LaunchError, TrainingDiverged
from latentlens.ratings.splits import Split
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import EpochReport, FittedModel, OnEpoch
from latentlens.recommenders.svd import SVD
from latentlens.tracking.names import EXPERIMENT
from latentlens.tracking.registry import Registry
from latentlens.tracking.server import running_server
from latentlens.tracking.store import in_use
from latentlens.workflows.prepare import prepare
from latentlens.workflows.train import TrainReport, train

SMALL = SVD(n_factors=4, n_epochs=3, random_state=0, user_step_reg=0.05)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    with running_server(tmp_path_factory.mktemp("workflows") / "mlruns") as uri:
        yield MlflowClient(uri)


@pytest.fixture(scope="module")
def split() -> Split:
    return prepare("demo", most_active_users=150, most_rated_movies=200)


def runs(client: MlflowClient) -> list[Run]:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def recorded(client: MlflowClient, report: TrainReport) -> Run:
    return client.get_run(report.run_id)


def test_prepare_samples_then_splits_and_notes_both(split: Split) -> None:
    kept, sampled, train_side = split.train.origin.notes
    assert kept.what == "read"
    assert sampled.what == "kept: 150 most active users, 200 most rated movies"
    assert sampled.rows == len(split.train) + len(split.test) < kept.rows
    assert (train_side.what, train_side.rows) == ("train side: random, test_size=0.2, seed=42", len(split.train))
    assert len(split.test) == round(0.2 * sampled.rows)
    both = np.concatenate([split.train.user_index, split.test.user_index])
    assert len(np.unique(both)) <= 150


def test_prepare_says_the_same_twice_and_something_else_for_another_seed(split: Split) -> None:
    again = prepare("demo", most_active_users=150, most_rated_movies=200)
    other = prepare("demo", most_active_users=150, most_rated_movies=200, seed=43)
    assert np.array_equal(again.train.user_index, split.train.user_index)
    assert not np.array_equal(other.train.user_index, split.train.user_index)


def test_prepare_puts_the_last_ratings_of_each_user_on_the_test_side() -> None:
    left = prepare("demo", leave_last=2)
    assert left.test.user_counts.tolist() == [2] * 1000
    assert left.test.timestamp is not None
    assert left.train.timestamp is not None
    for user in range(20):
        earlier = left.train.timestamp[left.train.user_index == user]
        assert left.test.timestamp[left.test.user_index == user].min() >= earlier.max()


def test_prepare_cuts_by_time() -> None:
    split = prepare("demo", by_time=True, test_size=0.1)
    assert split.train.timestamp is not None
    assert split.test.timestamp is not None
    assert split.train.timestamp.max() < split.test.timestamp.min()
    assert len(split.test) == pytest.approx(0.1 * (len(split.train) + len(split.test)), abs=20)


def test_prepare_takes_a_split_that_was_made_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "u1.base").write_text("1\t10\t4\t1\n2\t20\t3\t2\n2\t10\t3\t3\n")
    (tmp_path / "u1.test").write_text("1\t20\t5\t4\n2\t10\t1\t5\n3\t30\t2\t6\n")
    (tmp_path / "u.item").write_text(
        "".join(f"{i}0|Film {i} (1990)|||{'|0' * 8}|1{'|0' * 10}\n" for i in (1, 2, 3, 4)), encoding="latin-1"
    )
    train, test, rule = prepare(str(tmp_path / "u1.base"), test_source=str(tmp_path / "u1.test"))
    assert train.user_ids.values.tolist() == test.user_ids.values.tolist() == [1, 2, 3]
    assert train.catalogue.titles == test.catalogue.titles == ("Film 1", "Film 2", "Film 3", "Film 4")
    assert train.user_index.tolist() == [0, 1, 1]
    # User 2's rating of movie 10 is on the train side already.
    assert (test.user_index.tolist(), test.item_index.tolist()) == ([0, 2], [1, 2])
    assert rule.startswith("given, u1.test, SHA-256 ")
    assert [(note.what.split(",")[0], note.rows) for note in train.origin.notes] == [
        ("read", 3),
        ("u1.test: read", 3),
        ("dropped from the test side: (user", 1),
        ("train side: given", 3),
    ]


@pytest.mark.parametrize(
    "choices",
    [
        {"leave_last": 1, "by_time": True},
        {"by_time": True, "test_source": "demo"},
        {"leave_last": 1, "test_source": "demo"},
        {"most_active_users": 9, "test_source": "demo"},
        {"most_rated_movies": 9, "test_source": "demo"},
    ],
)
def test_prepare_refuses_choices_that_contradict_each_other(choices: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"give one of them|leave out most-active-users"):
        prepare("demo", **choices)


def test_prepare_passes_on_what_is_wrong() -> None:
    with pytest.raises(DataError, match="nowhere"):
        prepare("nowhere")
    with pytest.raises(ConfigError, match="most-active-users is 0"):
        prepare("demo", most_active_users=0)


@pytest.mark.parametrize("rows", ["1,7,4\n1,8,5\n", "1,7,4\n2,7,5\n"])
def test_prepare_refuses_one_user_and_one_movie(tmp_path: Path, rows: str) -> None:
    (tmp_path / "ratings.csv").write_text(f"userId,movieId,rating\n{rows}")
    with pytest.raises(
        DataError, match=r"ratings\.csv has too few ratings \(users: ., movies: .\): to train, at least 2"
    ):
        prepare(str(tmp_path / "ratings.csv"))
    with pytest.raises(DataError, match=r"demo has too few ratings \(users: 1, movies: "):
        prepare("demo", most_active_users=1)


def test_without_validation_every_train_rating_is_fitted_and_no_validation_curve_is_drawn(
    client: MlflowClient, split: Split
) -> None:
    report = train(split.train, split.test, SMALL, run_name="all", validation_size=0, tracking_uri=client.tracking_uri)
    run = recorded(client, report)
    assert run.data.params["n_ratings_train"] == str(len(split.train))
    assert run.data.params["n_ratings_validation"] == "0"
    assert "train_rmse" in run.data.metrics
    assert "validation_rmse" not in run.data.metrics


def test_leaving_the_last_out_is_recorded_as_the_split(client: MlflowClient) -> None:
    left = prepare("demo", most_active_users=150, leave_last=2)
    report = train(left.train, left.test, SMALL, run_name="last", tracking_uri=client.tracking_uri)
    params = recorded(client, report).data.params
    assert params["split"] == "test side: leave-last-2"
    assert params["n_ratings_test"] == "300"


def test_the_registered_model_lists_nothing_that_a_user_rated_on_any_side(
    client: MlflowClient, split: Split, tmp_path: Path
) -> None:
    report = train(split.train, split.test, SMALL, run_name="sides", tracking_uri=client.tracking_uri)
    assert report.model_version is not None
    registry = Registry(client.tracking_uri)
    model = registry.fetch(registry.version(report.model_version), tmp_path)
    for user in np.unique(split.train.user_index)[:20]:
        rated = {
            movie_id
            for side in (split.train, split.test)
            for movie_id in side.item_ids.values[side.item_index[side.user_index == user]].tolist()
        }
        listed = {movie.movie_id for movie in model.recommend(split.train.user_ids.values[user].item(), 200)}
        assert listed
        assert not listed & rated


def test_a_model_without_epochs_has_its_own_folder_and_no_learning_curve(client: MlflowClient, split: Split) -> None:
    report = train(split.train, split.test, BiasOnly(), run_name="bias", tracking_uri=client.tracking_uri)
    paths = {found.path for found in client.list_artifacts(report.run_id)}
    plots = {found.path for found in client.list_artifacts(report.run_id, "plots")}
    assert "bias_only_model" in paths
    assert "plots/learning_curve.png" not in plots
    assert "axes.html" not in paths
    assert (report.axes_steady, report.deletion_ratio, report.axis_names) == (None, None, ())
    assert report.rmse == pytest.approx(report.bias_rmse)


def test_an_early_stop_keeps_what_was_learned_until_then(client: MlflowClient, split: Split) -> None:
    report = train(
        split.train,
        split.test,
        SMALL,
        run_name="early",
        tracking_uri=client.tracking_uri,
        on_epoch=lambda epoch: epoch.epoch == 2,
    )
    assert len(client.get_metric_history(report.run_id, "train_rmse")) == 2


def test_refits_of_a_fit_that_was_stopped_early_stop_there_too(
    client: MlflowClient, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[int] = []
    fit = SVD.fit

    def noting(self: SVD, *args: Any, on_epoch: OnEpoch | None = None, **options: Any) -> FittedModel:
        def note(report: EpochReport) -> bool | None:
            reached[-1] = report.epoch
            return on_epoch(report) if on_epoch else None

        reached.append(0)
        return fit(self, *args, on_epoch=note, **options)

    monkeypatch.setattr(SVD, "fit", noting)
    options: dict[str, Any] = {"run_name": "early", "tracking_uri": client.tracking_uri, "axis_refits": 1}
    train(split.train, split.test, SMALL, **options, on_epoch=lambda epoch: epoch.epoch == 2)
    assert reached == [2, 2]
    train(split.train, split.test, SMALL, **options)
    assert reached[2:] == [3, 3]


def test_an_interrupted_refit_records_nothing(client: MlflowClient, split: Split) -> None:
    def interrupt(done: int, n_refits: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    before = len(runs(client))
    with pytest.raises(KeyboardInterrupt):
        train(split.train, split.test, SMALL, run_name="no", tracking_uri=client.tracking_uri, on_refit=interrupt)
    assert len(runs(client)) == before


def test_a_negative_number_of_refits_is_refused(split: Split) -> None:
    with pytest.raises(ConfigError, match="axis_refits is -1: give 0"):
        train(split.train, split.test, SMALL, run_name="no", axis_refits=-1)


def test_an_interrupted_fit_records_nothing(client: MlflowClient, split: Split) -> None:
    def interrupt(epoch: EpochReport) -> None:
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    before = len(runs(client))
    with pytest.raises(KeyboardInterrupt):
        train(split.train, split.test, SMALL, run_name="no", tracking_uri=client.tracking_uri, on_epoch=interrupt)
    assert len(runs(client)) == before


def test_a_fit_that_diverges_records_nothing(client: MlflowClient, split: Split) -> None:
    before = len(runs(client))
    with pytest.raises(TrainingDiverged, match="lower the learning rate"):
        train(
            split.train,
            split.test,
            replace(SMALL, lr_all=5.0),
            run_name="no",
            tracking_uri=client.tracking_uri,
        )
    assert len(runs(client)) == before


def test_a_server_that_cannot_start_ends_the_fit(split: Split, tmp_path: Path) -> None:
    store = tmp_path / "mlruns"
    store.mkdir()
    (store / "mlflow.db").write_text("no database, but long enough to be taken for one by its first page " * 100)
    endless = replace(SMALL, n_epochs=10**9)
    with pytest.raises(LaunchError, match=r"MLflow ended with exit code .*mlflow\.log"):
        train(split.train, split.test, endless, run_name="endless", store=store)
    assert not in_use(store)
