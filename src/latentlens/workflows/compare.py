"""Compare models: the same ratings, the same users, the same protocol; record it in MLflow and register nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from latentlens.errors import ConfigError, LatentLensError
from latentlens.evaluation.findings import Finding
from latentlens.evaluation.intervals import bootstrap_interval, paired_p_value
from latentlens.ratings.splits import Split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import Recommender
from latentlens.recommenders.presets import PRESETS, configured
from latentlens.tracking.runs import Experiment, record_comparison
from latentlens.tracking.server import tracking_server
from latentlens.workflows.comparison import METRICS, Compared, Comparison
from latentlens.workflows.comparison_page import page
from latentlens.workflows.judge import Ask, Baselines, errors, judge
from latentlens.workflows.train import STORE

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


def recorded(
    found: Comparison,
    split: Split,
    *,
    tracking_uri: str | None = None,
    store: Path = STORE,
    say: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Record a comparison as a run with one below it for each model; the server is found as `train` finds it."""
    with tracking_server(store, tracking_uri, say) as uri:
        origin = split.train.origin
        common = {
            "data_name": origin.name,
            "data_sha256": origin.sha256,
            "split": found.rule,
            "k": found.k,
            "liked": found.liked,
            "negatives": found.negatives,
        }
        children = [
            Experiment(
                run_name=f"{model.name}-{origin.name}",
                model=None,
                origin=origin,
                params={"model_type": model.recommender, "preset": model.name, **model.params, **common},
                metrics=_metrics(found, model),
                card=f"One of the models of a comparison. {found.about}",
                findings=model.findings,
            )
            for model in found.models
        ]
        parent = Experiment(
            run_name=f"compare-{origin.name}",
            model=None,
            origin=origin,
            params={"models": ", ".join(model.name for model in found.models), "metric": found.metric, **common},
            metrics={"n_users_with_a_list": found.lists.n_users, "n_models": len(found.models)},
            card=f"{found.about}\n\n{found.in_markdown()}",
            documents={
                "comparison.html": page(found),
                "comparison.json": json.dumps(found.to_json(), ensure_ascii=False, indent=1),
            },
            pictures={"comparison.png": found.picture},
            findings=tuple(
                Finding(
                    one.code,
                    one.title,
                    " ".join(f"{', '.join(of)}: {seen}" for seen, of in one.seen.items()),
                    one.advice,
                )
                for one in found.findings
            ),
        )
        run_id = record_comparison(parent, children, uri)
        return replace(found, run_id=run_id, tracking_uri=uri)


def _metrics(found: Comparison, model: Compared) -> Mapping[str, Any]:
    """Under the names that `train` uses; MLflow takes no `@`, and NaN only as what is not known."""
    without_k = ("rmse", "mae", "fit_seconds", "list_seconds")
    metrics = {
        name if name in without_k else f"{name}_at_{found.k}": value
        for name, value in model.figures.items()
        if value == value
    }
    metrics[f"{found.metric}_at_{found.k}_low"], metrics[f"{found.metric}_at_{found.k}_high"] = model.interval
    metrics["rmse_low"], metrics["rmse_high"] = model.errors.interval
    if model.p_value is not None:
        metrics["p_value"] = model.p_value
    return metrics
