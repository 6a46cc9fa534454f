"""Whether ratings that a model is measured on were among those it was fitted on."""

from __future__ import annotations

from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings


def n_leaked(history: History, test: Ratings) -> int:
    """How many (user, movie) pairs of `test` the fit has seen; both share one set of ids."""
    return int((history.find(test.user_index, test.item_index) >= 0).sum())
