"""Compare models: the same ratings, the same users, the same protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from latentlens.errors import ConfigError, LatentLensError
from latentlens.evaluation.intervals import bootstrap_interval, paired_p_value
from latentlens.ratings.splits import Split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import Recommender
from latentlens.recommenders.presets import PRESETS, configured
from latentlens.workflows.comparison import METRICS, Compared, Comparison
from latentlens.workflows.judge import Ask, Baselines, errors, judge

# What every model is held against, and so in every comparison.
BASELINES = ("popularity", "bias_only")
# Bounds the time; drawn by a seed.
MOST_USERS = 10_000
_WARMING_ROWS = 1_000

OnModel = Callable[[str, int, int], None]


def check(models: Sequence[str] | None, metric: str) -> None:
    """Raise ConfigError for a model or metric that there is not."""
    for what, known, named in (("model", tuple(PRESETS), models or ()), ("metric", METRICS, (metric,))):
        if unknown := [name for name in named if name not in known]:
            raise ConfigError(f"There is no {what} {unknown[0]!r}: choose from {', '.join(known)}.")


def compare(
    split: Split,
    models: Sequence[str] | None = None,
    *,
    metric: str = "ndcg",
    k: int = 10,
    liked: float | None = None,
    negatives: int | None = None,
    seed: int = 42,
    on_model: OnModel = lambda name, done, n: None,
) -> Comparison:
    """Fit presets (all by default; popularity and bias-only always) on the train side, measure them on the test side.

    Lists are as `evaluation.ranking.ranked` has them, for at most 10,000 users. `metric` of `METRICS` orders the
    models; its intervals draw users anew, its p-values are of the difference to the best. Without `models`, one that
    refuses these ratings is left out. `on_model(name, done, n)` is called before each.

    Raises ConfigError for a model or metric that there is not, or a `k` above the movies; DataError if no list can be
    judged.
    """
    check(models, metric)
    names = list(dict.fromkeys((*BASELINES, *(PRESETS if models is None else models))))
    run = _Running(split, Ask(k, liked, negatives, MOST_USERS, seed), metric, seed)
    left_out: dict[str, str] = {}
    fitted: dict[str, Compared] = {}
    for done, name in enumerate(names):
        on_model(name, done, len(names))
        try:
            fitted[name] = run.fit(name)
        except LatentLensError as problem:
            if models is not None or name in BASELINES:
                raise
            left_out[name] = str(problem)
    popular, bias = (fitted[name] for name in BASELINES)
    baselines = Baselines(bias.errors, popular.lists)
    ordered = sorted(fitted.values(), key=lambda model: -model.lists.mean(metric))
    best = ordered[0].lists.per_user[metric]
    judged = tuple(
        replace(
            model,
            findings=judge(model.recommender, model.errors, model.lists, baselines),
            p_value=paired_p_value(best, model.lists.per_user[metric]) if number else None,
        )
        for number, model in enumerate(ordered)
    )
    return Comparison(
        metric=metric,
        k=k,
        # As people gave it: a bound of 3.875 is 4 on half stars.
        liked=float(split.test.rating[split.test.rating >= popular.lists.liked].min()),
        negatives=negatives,
        rule=split.rule,
        data=split.train.origin.name,
        n_train=len(split.train),
        n_test=len(split.test),
        models=judged,
        left_out=left_out,
    )


@dataclass(frozen=True)
class _Running:
    split: Split
    ask: Ask
    metric: str
    seed: int

    def fit(self, name: str) -> Compared:
        config: Recommender = configured(name, self.seed)
        train, test = self.split.train, self.split.test
        _warm_up(config, train)
        started = time.perf_counter()
        model = config.fit(train)
        seconds = time.perf_counter() - started
        lists, list_seconds = self.ask(model, test)
        return Compared(
            name=name,
            recommender=model.recommender,
            params=model.params,
            errors=errors(model, train, test),
            lists=lists,
            fit_seconds=seconds,
            list_seconds=list_seconds,
            findings=(),
            interval=bootstrap_interval(lists.per_user[self.metric]),
        )


def _warm_up(config: Recommender, train: Ratings) -> None:
    """Fit a few ratings, so that no model's time is that of loading compiled code."""
    with suppress(LatentLensError, ValueError):
        config.fit(train.take(np.arange(min(_WARMING_ROWS, len(train))), "warming up").without_unused_ids())
