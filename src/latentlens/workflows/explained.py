"""What a fitted model can say of its why: its axes, and by measure whether its reasons are the reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import replace
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from latentlens.errors import ConfigError
from latentlens.explain.axes import Axes, describe
from latentlens.explain.features import Features
from latentlens.explain.quality import deletion_test, influence_against_refit
from latentlens.explain.stability import refit_matches
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel, Recommender

OnRefit = Callable[[int, int], None]


class Explained(NamedTuple):
    """The leading axes, None for a model without any (or untested), and the measures that apply to the model."""

    axes: Axes | None
    metrics: Mapping[str, float]


def explained(
    model: FittedModel,
    recommender: Recommender,
    train: Ratings,
    n_refits: int,
    on_refit: OnRefit | None = None,
    n_epochs: int | None = None,
) -> Explained:
    """Describe the axes of what `recommender` made of `train`, by `n_refits` fits of it; 0 leaves the axes out.

    `on_refit(done, n_refits)` is called before the first and after each. n_epochs: see `refit_matches`.
    """
    axes = None
    if n_refits and model.factors.item_factors.shape[1]:
        if on_refit:
            on_refit(0, n_refits)
        matches = refit_matches(model, recommender, train, n_refits, on_refit, n_epochs)
        axes = describe(model, Features.of(train.catalogue, train.item_counts, train.tags), matches)
    return Explained(axes, {**_of_axes(axes), **_of_reasons(model)})


def _of_axes(axes: Axes | None) -> dict[str, float]:
    if axes is None:
        return {}
    return {
        "axes_steady": len(axes.stable),
        "axes_named": len(axes.named),
        "axes_named_share": sum(axis.variance_share for axis in axes.named),
    }


def _of_reasons(model: FittedModel) -> dict[str, float]:
    """A measure that does not apply (trained vectors, too few ratings) is left out."""
    # Of a copy: what it prepares for lists one by one is large, and not needed again.
    model = replace(model, ranked_by=copy(model.ranked_by))
    measures: dict[str, Callable[[], float]] = {
        "deletion_ratio": lambda: deletion_test(model).ratio,
        "influence_correlation": lambda: influence_against_refit(model),
    }
    found = {}
    # Many small systems: threads of the BLAS only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        for name, measure in measures.items():
            with suppress(ConfigError):
                found[name] = measure()
    return found
