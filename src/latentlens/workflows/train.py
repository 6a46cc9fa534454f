"""Train, measure, record and register."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from latentlens.errors import ConfigError, TrackingError
from latentlens.evaluation.findings import Finding
from latentlens.ratings.splits import hold_out
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import EpochReport, FittedModel, OnEpoch, Recommender
from latentlens.recommenders.hybrid import Hybrid
from latentlens.tracking.server import Server, starting_server
from latentlens.tracking.store import require_room

if TYPE_CHECKING:
    from latentlens.tracking.experiment import Experiment, Recorded
    from latentlens.workflows.experiment import Sides
    from latentlens.workflows.explained import OnRefit

STORE = Path("mlruns")
VALIDATION_SIZE = 0.05


@dataclass(frozen=True)
class TrainReport:
    """What a training found; errors in stars on the test side. `fit_seconds` excludes reading and recording.

    n_fitted, n_validation: ratings of the train side that were fitted, and that were only watched. What follows
    `run_name` is None where it does not apply to the model or cannot be measured: lists of ten for so many users,
    steady and named axes and the share of taste that the named ones hold (0 to 1), the measures of `explain.quality`.
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
    ndcg_at_10: float | None = None
    popularity_ndcg_at_10: float | None = None
    recall_at_10: float | None = None
    coverage_at_10: float | None = None
    popularity_bias_at_10: float | None = None
    n_users_with_a_list: float | None = None
    axes_steady: float | None = None
    axes_named: float | None = None
    axes_named_share: float | None = None
    deletion_ratio: float | None = None
    influence_correlation: float | None = None
    axis_names: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def train(
    trainset: Ratings,
    testset: Ratings,
    recommender: Recommender,
    *,
    run_name: str,
    preset: str | None = None,
    validation: Ratings | None = None,
    validation_size: float = VALIDATION_SIZE,
    tracking_uri: str | None = None,
    store: Path = STORE,
    axis_refits: int | None = None,
    on_epoch: OnEpoch | None = None,
    on_refit: OnRefit | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> TrainReport:
    """Fit on `trainset`, measure on `testset`, record the run in MLflow and register the model.

    Each epoch is watched on `validation`; without it a share `validation_size` of `trainset` is held out of the fit for
    that, 0 fits on all. The axes are described by `axis_refits` further fits (None: 5), of which `on_refit(done, n)` is
    told; 0 leaves them out. Without `tracking_uri` a running server is used, or one is started over `store` for the
    while; `say` is given a line if that is another than people may expect. Nothing is recorded if a fit fails or is
    interrupted, nothing is registered if the recording is; a fit that `on_epoch` stops early is recorded as far as it
    came.
    """
    if axis_refits is not None and axis_refits < 0:
        raise ConfigError(f"axis_refits is {axis_refits}: give 0, to leave the axes out, or more.")
    fitted_on = trainset
    if validation is None:
        fitted_on, validation = hold_out(trainset, validation_size)
    report: TrainReport | None = None
    try:
        with starting_server(store, tracking_uri, say) as server:
            # All this while, MLflow is starting.
            from latentlens.explain.stability import N_REFITS
            from latentlens.workflows.experiment import Sides, describe
            from latentlens.workflows.explained import explained

            sides = Sides(fitted_on, validation, testset)
            fit = _fit(recommender, sides, on_epoch, server)
            # The axes are the SVD's: what ranks beside it need not be learned again.
            of_axes = recommender.svd if isinstance(recommender, Hybrid) else recommender
            n_refits = N_REFITS if axis_refits is None else axis_refits
            found = explained(fit.model, of_axes, fitted_on, n_refits, on_refit, len(fit.reports) or None)
            experiment = describe(
                fit.model, sides, fit.reports, found, run_name=run_name, preset=preset, fit_seconds=fit.seconds
            )
            run_id, version = _record(experiment, server, store)
            report = TrainReport(
                **experiment.metrics,
                findings=experiment.findings,
                axis_names=tuple(axis.name for axis in found.axes.named if axis.name) if found.axes else (),
                n_fitted=len(fitted_on),
                n_validation=0 if validation is None else len(validation),
                run_id=run_id,
                model_version=version,
                tracking_uri=server.uri,
                run_name=run_name,
            )
    except KeyboardInterrupt:
        # Once all is recorded and only the server is being stopped, it is too late.
        if report is None:
            raise
    assert report is not None  # noqa: S101 - the block ends with a report or an exception
    return report


class _Fit(NamedTuple):
    """A model, and what it told on the way."""

    model: FittedModel
    reports: list[EpochReport]
    seconds: float


def _fit(recommender: Recommender, sides: Sides, on_epoch: OnEpoch | None, server: Server) -> _Fit:
    reports: list[EpochReport] = []

    def watch(report: EpochReport) -> bool | None:
        # Nothing could be recorded: better now than after hours.
        server.check()
        reports.append(report)
        return on_epoch(report) if on_epoch else None

    started = time.perf_counter()
    model = recommender.fit(sides.fitted_on, validation=sides.validation, on_epoch=watch)
    seconds = time.perf_counter() - started
    return _Fit(model, reports, seconds)


def _record(experiment: Experiment, server: Server, store: Path) -> Recorded:
    # Imports MLflow's client, which need not take memory while the fit does; its server may still be starting.
    from latentlens.tracking.runs import record

    uri = server.wait()
    try:
        return record(experiment, uri)
    except TrackingError:
        # MLflow does not say so itself. A store on another machine is none of this disk's business.
        if store.exists():
            require_room(store)
        raise
