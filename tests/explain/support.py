"""Small models with planted axes, for the tests of axes, names and pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.explain.features import MIN_RATINGS
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel, factors_for

Floats = NDArray[np.float64]


def catalogue(n: int, genres: dict[str, NDArray[np.bool_]], years: NDArray[np.integer] | None = None) -> Catalogue:
    """Movies named by their number, with these genres."""
    listed = [[name for name, has in genres.items() if has[i]] for i in range(n)]
    return Catalogue.of([f"Film {i}" for i in range(n)], [1990] * n if years is None else years.tolist(), listed)


def model(
    tastes: Floats, traits: Floats, movies: Catalogue, counts: NDArray[np.integer] | None = None, **changes: Any
) -> FittedModel:
    """Factors as given; every movie is rated `MIN_RATINGS` times and more unless `counts` (n_items,) says otherwise."""
    n_users, n_items = len(tastes), len(traits)
    if counts is None:
        counts = MIN_RATINGS + np.arange(n_items)[::-1]
    train = Ratings.of(
        np.arange(n_users) + 1,
        np.arange(n_users) % n_items + 1,
        np.full(n_users, 4.0),
        scale=(0.5, 5.0),
        catalogue=(np.arange(n_items) + 1, movies),
    )
    factors = factors_for(
        train,
        global_mean=3.5,
        user_bias=np.zeros(n_users, np.float32),
        item_bias=np.zeros(n_items, np.float32),
        user_factors=tastes.astype(np.float32),
        item_factors=traits.astype(np.float32),
    )
    made = FittedModel("planted", {}, replace(factors, item_counts=counts.astype(np.int64)), History.of(train), movies)
    return replace(made, **changes)
