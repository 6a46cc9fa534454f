"""Train, measure, record and register."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlens.errors import TrackingError
from latentlens.ratings.splits import random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import EpochReport, OnEpoch, Recommender
from latentlens.tracking.runs import Experiment, Recorded, record
from latentlens.tracking.server import tracking_server
from latentlens.tracking.store import require_room
from latentlens.workflows.experiment import Sides, describe

STORE = Path("mlruns")
VALIDATION_SIZE = 0.05


@dataclass(frozen=True)
class TrainReport:
    """What a training found; errors in stars on the test side. `fit_seconds` excludes reading and recording.

    n_fitted, n_validation: ratings of the train side that were fitted, and that were only watched.
    """

    rmse: float
    mae: float
    bias_rmse: float
    popularity_rmse: float
    fit_seconds: float
    n_fitted: int
    n_validation: int
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
    say: Callable[[str], None] = lambda _: None,
) -> TrainReport:
    """Fit on `trainset`, measure on `testset`, record the run in MLflow and register the model.

    A share `validation_size` of `trainset` is held out of the fit, to watch each epoch; 0 fits on all of it. Without
    `tracking_uri` a running server is used, or one is started over `store` for the while; `say` is given a line if that
    is another than people may expect. Nothing is recorded if the fit fails or is interrupted, nothing is registered if
    the recording is; a fit that `on_epoch` stops early is recorded as far as it came.
    """
    fitted_on, validation = trainset, None
    if validation_size:
        fitted_on, validation, _ = random_split(trainset, validation_size, seed=0, sides=("fitted", "validation side"))
    report: TrainReport | None = None
    try:
        with tracking_server(store, tracking_uri, say) as uri:
            sides = Sides(fitted_on, validation, testset)
            experiment = _fit(recommender, sides, on_epoch, run_name=run_name, preset=preset)
            run_id, version = _record(experiment, uri, store)
            report = TrainReport(
                **experiment.metrics,
                n_fitted=len(fitted_on),
                n_validation=len(trainset) - len(fitted_on),
                run_id=run_id,
                model_version=version,
                tracking_uri=uri,
                run_name=run_name,
            )
    except KeyboardInterrupt:
        # Once all is recorded and only the server is being stopped, it is too late.
        if report is None:
            raise
    assert report is not None  # noqa: S101 - the block ends with a report or an exception
    return report


def _fit(
    recommender: Recommender, sides: Sides, on_epoch: OnEpoch | None, *, run_name: str, preset: str | None
) -> Experiment:
    reports: list[EpochReport] = []

    def watch(report: EpochReport) -> bool | None:
        reports.append(report)
        return on_epoch(report) if on_epoch else None

    started = time.perf_counter()
    model = recommender.fit(sides.fitted_on, validation=sides.validation, on_epoch=watch)
    fit_seconds = time.perf_counter() - started
    return describe(model, sides, reports, run_name=run_name, preset=preset, fit_seconds=fit_seconds)


def _record(experiment: Experiment, uri: str, store: Path) -> Recorded:
    try:
        return record(experiment, uri)
    except TrackingError:
        # MLflow does not say so itself. A store on another machine is none of this disk's business.
        if store.exists():
            require_room(store)
        raise
