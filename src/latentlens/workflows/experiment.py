"""Everything that a run shows of a fit: parameters, metrics, curves, pictures, model card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from latentlens.evaluation import plots
from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.slices import rmse_by_count
from latentlens.explain.axes import DOCUMENT
from latentlens.explain.report import report
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import EpochReport, FittedModel
from latentlens.recommenders.popularity import Popularity
from latentlens.tracking.runs import Experiment
from latentlens.workflows.explained import Explained
from latentlens.workflows.model_card import model_card


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

    The model that is recorded knows the rows of every side, so that none is recommended again.
    """
    fitted_on, validation, test = sides
    found, bias = accuracy(model, test), accuracy(BiasOnly().fit(fitted_on), test)
    metrics = {
        "rmse": found.rmse,
        "mae": found.mae,
        "bias_rmse": bias.rmse,
        "popularity_rmse": accuracy(Popularity().fit(fitted_on), test).rmse,
        "fit_seconds": fit_seconds,
        **explained.metrics,
    }
    curves = _curves(reports)
    pictures = {
        "plots/rating_distribution.png": plots.rating_distribution(fitted_on.rating),
        "plots/predicted_against_actual.png": plots.predicted_against_actual(test.rating, found.predicted),
    }
    predictions = {"this model": found.predicted, "bias-only": bias.predicted}
    behind = {"movie": fitted_on.item_counts[test.item_index], "user": fitted_on.user_counts[test.user_index]}
    for whose, counts in behind.items():
        slices = {name: rmse_by_count(counts, test.rating, predicted) for name, predicted in predictions.items()}
        pictures[f"plots/error_by_{whose}.png"] = plots.error_by_count(whose, slices)
    if curves:
        pictures["plots/learning_curve.png"] = plots.learning_curve(curves, metrics["bias_rmse"])
    documents = {"data.json": json.dumps(asdict(fitted_on.origin), indent=1)}
    extra = {}
    if explained.axes is not None:
        extra[DOCUMENT] = explained.axes.to_json()
        documents["axes.html"] = report(model, explained.axes, source=fitted_on.origin.name)
    unseen = [side for side in (validation, test) if side is not None]
    return Experiment(
        run_name=run_name,
        model=replace(model, history=History.of(fitted_on, *unseen), extra=extra),
        origin=fitted_on.origin,
        params=_params(model, preset, sides),
        metrics=metrics,
        curves=curves,
        card=model_card(model, metrics, explained.axes, fitted_on, test),
        documents=documents,
        pictures=pictures,
    )


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
