"""Train, measure, record and register: the experiment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from latentlens.evaluation import plots
from latentlens.evaluation.protocols import Accuracy, accuracy
from latentlens.ratings.history import History
from latentlens.ratings.splits import random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import EpochReport, FittedModel, OnEpoch, Recommender
from latentlens.recommenders.popularity import Popularity
from latentlens.tracking.runs import Experiment, record
from latentlens.tracking.server import tracking_server
from latentlens.workflows.model_card import model_card

STORE = Path("mlruns")
VALIDATION_SIZE = 0.05


@dataclass(frozen=True)
class TrainReport:
    """What a training found; errors in stars on the test side. `fit_seconds` excludes reading and recording."""

    rmse: float
    mae: float
    bias_rmse: float
    popularity_rmse: float
    fit_seconds: float
    run_id: str
    model_version: int | None
    tracking_uri: str
    run_name: str


def train(
    trainset: Ratings,
    testset: Ratings,
    recommender: Recommender,
    *,
    run_name: str,
    preset: str | None = None,
    validation_size: float = VALIDATION_SIZE,
    tracking_uri: str | None = None,
    store: Path = STORE,
    on_epoch: OnEpoch | None = None,
    recording: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> TrainReport:
    """Fit on `trainset`, measure on `testset`, record the run in MLflow and register the model.

    A share `validation_size` of `trainset` is held out of the fit, to watch each epoch; 0 fits on all of it. Without
    `tracking_uri` a running server is used, or one is started over `store` for the while. `recording` surrounds the part
    that talks to MLflow after the fit. Nothing is recorded if the fit fails or is stopped.
    """
    fitted_on, validation = trainset, None
    if validation_size:
        fitted_on, validation, _ = random_split(trainset, validation_size, seed=0)
    with tracking_server(store, tracking_uri) as uri:
        reports: list[EpochReport] = []

        def watch(report: EpochReport) -> bool | None:
            reports.append(report)
            return on_epoch(report) if on_epoch else None

        started = time.perf_counter()
        model = recommender.fit(fitted_on, validation=validation, on_epoch=watch)
        fit_seconds = time.perf_counter() - started
        with recording():
            found = accuracy(model, testset)
            metrics = {
                "rmse": found.rmse,
                "mae": found.mae,
                "bias_rmse": accuracy(BiasOnly().fit(fitted_on), testset).rmse,
                "popularity_rmse": accuracy(Popularity().fit(fitted_on), testset).rmse,
                "fit_seconds": fit_seconds,
            }
            unseen = [side for side in (validation, testset) if side is not None]
            experiment = Experiment(
                run_name=run_name,
                model=replace(model, history=History.of(fitted_on, *unseen)),
                origin=fitted_on.origin,
                params=_params(model, preset, fitted_on, validation, testset),
                metrics=metrics,
                curves=_curves(reports),
                card=model_card(model, metrics, fitted_on, testset),
                documents={"data.json": json.dumps(asdict(fitted_on.origin), indent=1)},
                pictures=_pictures(reports, metrics["bias_rmse"], trainset, testset, found),
            )
            run_id, version = record(experiment, uri)
    return TrainReport(**metrics, run_id=run_id, model_version=version, tracking_uri=uri, run_name=run_name)


def _params(
    model: FittedModel, preset: str | None, fitted_on: Ratings, validation: Ratings | None, testset: Ratings
) -> dict[str, Any]:
    origin = fitted_on.origin
    return {
        "model_type": model.recommender,
        "preset": preset,
        **model.params,
        "data_name": origin.name,
        "data_sha256": origin.sha256,
        "split": testset.origin.notes[-1].what,
        "n_ratings_train": len(fitted_on),
        "n_ratings_validation": 0 if validation is None else len(validation),
        "n_ratings_test": len(testset),
        "n_users": int((fitted_on.user_counts > 0).sum()),
        "n_movies": int((fitted_on.item_counts > 0).sum()),
    }


def _curves(reports: list[EpochReport]) -> dict[str, list[float]]:
    curves = {"train_rmse": [report.train_rmse for report in reports]}
    validation = [report.validation_rmse for report in reports if report.validation_rmse is not None]
    return curves | ({"validation_rmse": validation} if validation else {})


def _pictures(
    reports: list[EpochReport], bias_rmse: float, trainset: Ratings, testset: Ratings, found: Accuracy
) -> dict[str, Any]:
    pictures = {
        "plots/rating_distribution.png": plots.rating_distribution(trainset.rating),
        "plots/predicted_against_actual.png": plots.predicted_against_actual(testset.rating, found.predicted),
    }
    if reports:
        pictures["plots/learning_curve.png"] = plots.learning_curve(_curves(reports), bias_rmse)
    return pictures
