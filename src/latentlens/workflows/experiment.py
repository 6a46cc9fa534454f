"""Everything that a run shows of a fit: parameters, metrics, curves, pictures, model card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from latentlens.errors import ConfigError, DataError
from latentlens.evaluation import plots
from latentlens.evaluation.findings import DOCUMENT as FINDINGS
from latentlens.evaluation.findings import no_lists, to_json
from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.ranking_report import RankingReport
from latentlens.evaluation.slices import rmse_by_count
from latentlens.explain.axes import DOCUMENT
from latentlens.explain.report import report
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import EpochReport, FittedModel
from latentlens.recommenders.many_lists import with_lists
from latentlens.recommenders.popularity import Popularity
from latentlens.tracking.experiment import Experiment
from latentlens.workflows.explained import Explained
from latentlens.workflows.judge import Ask, Baselines, Errors, errors, judge
from latentlens.workflows.model_card import model_card

# Bounds the time of a training on many users; drawn by a seed.
MOST_USERS = 2_000


class Sides(NamedTuple):
    """The ratings that a model was fitted on, watched on (if any) and measured on."""

    fitted_on: Ratings
    validation: Ratings | None
    test: Ratings


def describe(
    model: FittedModel,
    sides: Sides,
    reports: Sequence[EpochReport],
    explained: Explained,
    *,
    run_name: str,
    preset: str | None,
    fit_seconds: float,
) -> Experiment:
    """Measure `model` on the test side, bias-only and popularity beside it by the same protocol, and describe the run.

    Lists are asked for by at most 2,000 of the test side's users.
    The model that is recorded knows the rows of every side, so that none is recommended again; its lists are measured
    without those of the test side.
    """
    fitted_on, validation, test = sides
    found, bias = errors(model, fitted_on, test), errors(BiasOnly().fit(fitted_on), fitted_on, test)
    unseen = [side for side in (validation, test) if side is not None]
    model, popular = model.with_held_out(*unseen), Popularity().fit(fitted_on).with_held_out(*unseen)
    curves = _curves(reports)
    lists, popular_lists, why_not = _lists(model, popular, sides)
    judged = judge(
        model.recommender,
        found,
        lists,
        Baselines(bias, popular_lists),
        validation=curves.get("validation_rmse"),
        axes=explained.axes,
    )
    if why_not:
        judged = (*judged, no_lists(why_not))
    metrics = {
        "rmse": found.rmse,
        "mae": found.mae,
        "bias_rmse": bias.rmse,
        "popularity_rmse": accuracy(popular, test).rmse,
        **_of_lists(lists, popular_lists),
        "fit_seconds": fit_seconds,
        **explained.metrics,
    }
    card = model_card(model, metrics, explained.axes, judged, fitted_on, test)
    extra: dict[str, Any] = {FINDINGS: to_json(judged)}
    documents = {
        "model_card.md": card,
        "data.json": json.dumps(asdict(fitted_on.origin), indent=1),
    }
    if explained.axes is not None:
        extra[DOCUMENT] = explained.axes.to_json()
        documents["axes.html"] = report(model, explained.axes, source=fitted_on.origin.name)
    pictures = _pictures(fitted_on, test, found, bias, curves)
    # As large as all test rows, and shown: gone before the lists of all users take their memory.
    del found, bias
    return Experiment(
        run_name=run_name,
        model=with_lists(replace(model, extra=extra)),
        origin=fitted_on.origin,
        params=_params(model, preset, sides),
        metrics=metrics,
        curves=curves,
        card=card,
        documents=documents,
        pictures=pictures,
        findings=judged,
    )


def _pictures(
    fitted_on: Ratings, test: Ratings, found: Errors, bias: Errors, curves: Mapping[str, list[float]]
) -> dict[str, Any]:
    """Figures by file name."""
    pictures = {
        "plots/rating_distribution.png": plots.rating_distribution(fitted_on.stars),
        "plots/predicted_against_actual.png": plots.predicted_against_actual(test.rating, found.predicted),
    }
    predictions = {"this model": found.predicted, "bias-only": bias.predicted}
    sides = {"movie": (fitted_on.item_counts, test.item_index), "user": (fitted_on.user_counts, test.user_index)}
    for whose, (counts, index) in sides.items():
        behind = counts[index]
        slices = {name: rmse_by_count(behind, test.rating, predicted) for name, predicted in predictions.items()}
        pictures[f"plots/error_by_{whose}.png"] = plots.error_by_count(whose, slices)
    if curves:
        pictures["plots/learning_curve.png"] = plots.learning_curve(curves, bias.rmse)
    return pictures


class _Lists(NamedTuple):
    """Of the model and of popularity; None, and why, where no list can be judged."""

    own: RankingReport | None
    popular: RankingReport | None
    why_not: str | None


def _lists(model: FittedModel, popular: FittedModel, sides: Sides) -> _Lists:
    ask = Ask(most_users=MOST_USERS)
    try:
        return _Lists(ask(model, sides.test).report, ask(popular, sides.test).report, None)
    except (ConfigError, DataError) as problem:
        # The ratings are good enough to predict by.
        return _Lists(None, None, str(problem))


def _of_lists(lists: RankingReport | None, popular: RankingReport | None) -> dict[str, float]:
    if lists is None or popular is None:
        return {}
    return {
        f"ndcg_at_{lists.k}": lists.mean("ndcg"),
        f"popularity_ndcg_at_{lists.k}": popular.mean("ndcg"),
        f"recall_at_{lists.k}": lists.mean("recall"),
        f"coverage_at_{lists.k}": lists.coverage,
        f"popularity_bias_at_{lists.k}": lists.popularity_bias,
        "n_users_with_a_list": lists.n_users,
    }


def _params(model: FittedModel, preset: str | None, sides: Sides) -> Mapping[str, Any]:
    fitted_on, validation, test = sides
    return {
        "model_type": model.recommender,
        "preset": preset,
        **model.params,
        "data_name": fitted_on.origin.name,
        "data_sha256": fitted_on.origin.sha256,
        "split": test.origin.notes[-1].what,
        "n_ratings_train": len(fitted_on),
        "n_ratings_validation": 0 if validation is None else len(validation),
        "n_ratings_test": len(test),
        "n_users": int((fitted_on.user_counts > 0).sum()),
        "n_movies": int((fitted_on.item_counts > 0).sum()),
    }


def _curves(reports: Sequence[EpochReport]) -> dict[str, list[float]]:
    """RMSE by epoch; empty for a fit without epochs."""
    curves = {
        "train_rmse": [report.train_rmse for report in reports],
        "validation_rmse": [report.validation_rmse for report in reports if report.validation_rmse is not None],
    }
    return {name: curve for name, curve in curves.items() if curve}
