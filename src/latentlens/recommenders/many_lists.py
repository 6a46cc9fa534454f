"""The lists of many users of a model, by the fastest way that what ranks them allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from latentlens.processes import usable_cores
from latentlens.ratings.history import History
from latentlens.recommenders.bulk import Bulk
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.rankers.by_factors import ByFactors
from latentlens.recommenders.rankers.by_rating import ByRating

# Users whose lists are in memory at a time.
_BATCH = 4096
# Of each user's best movies, so many stay with a model: more than most ask for, a tenth of what the factors take.
_KEPT = 20

_Top = Callable[[NDArray[np.integer], History], NDArray[np.int64]]


def lists_of(
    model: FittedModel,
    users: NDArray[np.integer],
    n: int,
    *,
    allowed: NDArray[np.bool_] | None = None,
    rated: History | None = None,
) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Yield which of the users (indexes, with train ratings), some at a time, and their lists as `rank` makes them.

    Lists, (n_users, n), hold item indexes, best first, -1 where there are fewer. allowed: (n_items,) which movies may
    be listed, None: all. rated: row for row, what is left out of their lists; None: all that the model knows of them.
    """
    top = _top(model, n, allowed)
    for start in range(0, len(users), _BATCH):
        some = slice(start, min(start + _BATCH, len(users)))
        known = model.rated(users[some]) if rated is None else rated.take(np.arange(some.start, some.stop))
        yield some, top(users[some], known)


def with_lists(model: FittedModel, n: int = _KEPT) -> FittedModel:
    """Keep the `n` best movies of every user with the model, so that `rank` looks them up.

    The model as it is, where lists of many users cost no less than theirs one by one.
    """
    if not isinstance(model.ranker, (ByFactors, ByRating)):
        return model
    users = np.flatnonzero(model.factors.user_counts)
    lists = np.full((len(model.factors.user_ids), n), -1, np.int32)
    for some, found in lists_of(model, users, n):
        lists[users[some]] = found
    return replace(model, lists=lists)


def _top(model: FittedModel, n: int, allowed: NDArray[np.bool_] | None) -> _Top:
    ranker, factors = model.ranker, model.factors
    if isinstance(ranker, ByFactors):
        by_factors = Bulk(ranker.joined, allowed)
        return lambda users, rated: by_factors.top(ranker.of(users), rated, n, usable_cores()).items
    if isinstance(ranker, ByRating):
        by_rating = Bulk(factors, allowed)
        return lambda users, rated: by_rating.top(factors.of(users), rated, n, usable_cores()).items

    def one_by_one(users: NDArray[np.integer], rated: History) -> NDArray[np.int64]:
        lists = np.full((len(users), n), -1)
        for row, user_id in enumerate(factors.user_ids.values[users].tolist()):
            items = ranker.best(model.vector_of(user_id), n, rated.items_of(row), allowed).items
            lists[row, : len(items)] = items
        return lists

    return one_by_one
