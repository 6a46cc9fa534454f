"""Measure one model on one split, hold it against bias-only and popularity, and say what the figures mean."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.evaluation import findings
from latentlens.evaluation.findings import Finding
from latentlens.evaluation.intervals import Interval, bootstrap_interval
from latentlens.evaluation.leakage import n_leaked
from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.ranking import ranked
from latentlens.evaluation.ranking_report import RankingReport, measured
from latentlens.explain.axes import Axes
from latentlens.ratings.splits import draw
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.popularity import Popularity

# Bounds the time: of more train rows than these, some are drawn to tell the error on what was fitted.
_MOST_TRAIN_ROWS = 1_000_000


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of predicted ratings, in stars. predicted: (n_test,) float32; train_rmse: of ratings that were fitted.

    by_user: (n,) mean square error of each user with test rows; n_rows: (n,) how many rows.
    """

    rmse: float
    mae: float
    predicted: NDArray[np.float32]
    train_rmse: float
    by_user: NDArray[np.float64]
    n_rows: NDArray[np.int64]
    n_leaked: int

    @property
    def interval(self) -> Interval:
        """95 % interval of the RMSE, users being drawn anew."""
        low, high = np.sqrt(bootstrap_interval(self.by_user, self.n_rows))
        return Interval(float(low), float(high))


def errors(model: FittedModel, train: Ratings, test: Ratings) -> Errors:
    """Predict every row of `test`, and rows of `train`, at most a million."""
    found = accuracy(model, test)
    n_rows = test.user_counts
    squares = np.bincount(test.user_index, np.square(test.rating - found.predicted), test.n_users)
    fitted = train
    if len(train) > _MOST_TRAIN_ROWS:
        drawn = draw(len(train), _MOST_TRAIN_ROWS, np.random.default_rng(0))
        fitted = train.take(np.flatnonzero(drawn), "drawn")
    return Errors(
        rmse=found.rmse,
        mae=found.mae,
        predicted=found.predicted.astype(np.float32),
        train_rmse=accuracy(model, fitted).rmse,
        by_user=squares[n_rows > 0] / n_rows[n_rows > 0],
        n_rows=n_rows[n_rows > 0],
        n_leaked=n_leaked(model.history, test),
    )


@dataclass(frozen=True)
class Ask:
    """How lists are asked for; see `evaluation.ranking.ranked`."""

    k: int = 10
    liked: float | None = None
    negatives: int | None = None
    most_users: int | None = None
    seed: int = 0

    def __call__(self, model: FittedModel, test: Ratings) -> Asked:
        """Ask `model` for its lists and measure them. Raises as `ranked` does."""
        started = time.perf_counter()
        lists = ranked(model, test, **vars(self))
        seconds = time.perf_counter() - started
        return Asked(measured(model, lists), 1_000 * seconds / len(lists.users))


class Asked(NamedTuple):
    """What lists are worth, and what they cost in seconds for 1,000 users."""

    report: RankingReport
    seconds_per_1000: float


class Baselines(NamedTuple):
    """What every model must beat: bias-only's predicted ratings, popularity's lists (None if none can be judged)."""

    bias: Errors
    lists: RankingReport | None


def judge(
    recommender: str,
    found: Errors,
    lists: RankingReport | None,
    baselines: Baselines,
    *,
    validation: list[float] | None = None,
    axes: Axes | None = None,
) -> tuple[Finding, ...]:
    """Say what the figures of a model mean; a baseline is not held against itself.

    validation: RMSE by epoch, if it was watched. axes: if they were tested.
    """
    bias = baselines.bias
    told = [
        findings.leakage(found.n_leaked, int(found.n_rows.sum()), found.rmse, found.train_rmse),
        findings.overfit(validation or [], found.rmse, found.train_rmse, bias.rmse),
    ]
    if recommender != BiasOnly.name:
        gain = bootstrap_interval(bias.by_user - found.by_user, found.n_rows)
        told.append(findings.not_below_bias_only(found.rmse, bias.rmse, gain))
    if lists is not None and baselines.lists is not None:
        ndcg, popular = lists.per_user["ndcg"], baselines.lists.per_user["ndcg"]
        if recommender != Popularity.name:
            gain = bootstrap_interval(ndcg - popular)
            told.append(findings.not_above_popularity(lists.k, lists.mean("ndcg"), baselines.lists.mean("ndcg"), gain))
        told.append(findings.popularity_bias(lists.popularity_bias))
        told.append(findings.too_few_users(lists.k, lists.n_users, lists.n_new_users, bootstrap_interval(ndcg)))
    if axes is not None and axes.axes:
        told.append(findings.axes_are_noise(len(axes.stable), len(axes.axes), len(axes.axes[0].matches)))
    return tuple(sorted((one for one in told if one is not None), key=lambda one: one.code))
