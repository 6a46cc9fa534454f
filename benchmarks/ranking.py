"""What the peers' process and ours share: rows, lists, nDCG@10, the choice on validation. It needs numpy alone.

A recommender is a function from train rows to scores (n_users, n_items).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

K = 10
# From which test rating on a movie counts as relevant.
RULES = {"every rating": -np.inf, "liked": 4.0}


class Rows(NamedTuple):
    """Some ratings of a data set: three columns of equal length, and how many users and movies the set knows."""

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32]
    shape: tuple[int, int]


class TrainSide(NamedTuple):
    """A train side, and what it is split into for the choice. No test row is here."""

    whole: Rows
    inner: Rows
    validation: Rows


class Chosen(NamedTuple):
    """The best setting on validation, its nDCG@10 there, and its lists (n_users, K) of the whole train side."""

    setting: str
    validation: float
    lists: NDArray[np.int64]


Fit = Callable[[Rows], NDArray[Any]]


def top(scores: NDArray[Any], train: Rows) -> NDArray[np.int64]:
    """Each user's K best movies (n_users, K), of equals the first; none the user rated, none that nobody rated."""
    scores = np.array(scores, dtype=np.float64)
    scores[train.users, train.items] = -np.inf
    scores[:, np.bincount(train.items, minlength=train.shape[1]) == 0] = -np.inf
    least = np.partition(scores, -K, axis=1)[:, -K, None]
    better, equal = scores > least, scores == least
    taken = better | (equal & (np.cumsum(equal, axis=1) <= K - better.sum(axis=1, keepdims=True)))
    items = np.nonzero(taken)[1].reshape(-1, K)
    order = np.argsort(-np.take_along_axis(scores, items, axis=1), axis=1, kind="stable")
    return np.take_along_axis(items, order, axis=1)


def ndcg(lists: NDArray[np.int64], test: Rows, least_rating: float) -> float:
    """Mean nDCG@10 with gains of 0 and 1, over the users who have a relevant test movie."""
    relevant = np.zeros(test.shape, dtype=np.bool_)
    liked = test.ratings >= least_rating
    relevant[test.users[liked], test.items[liked]] = True
    users = np.flatnonzero(relevant.any(axis=1))
    discounts = 1 / np.log2(np.arange(2, K + 2))
    found = np.take_along_axis(relevant[users], lists[users], axis=1) @ discounts
    ideal = np.cumsum(discounts)[np.minimum(relevant[users].sum(axis=1), K) - 1]
    return float(np.mean(found / ideal))


def choose(settings: Mapping[str, Fit], side: TrainSide) -> dict[str, Chosen]:
    """For each rule of relevance: the setting that is best on validation, fitted again on the whole train side."""
    found: dict[str, dict[str, float]] = {rule: {} for rule in RULES}
    for setting, fit in settings.items():
        lists = top(fit(side.inner), side.inner)
        for rule, least_rating in RULES.items():
            found[rule][setting] = ndcg(lists, side.validation, least_rating)
    best = {rule: max(values, key=values.__getitem__) for rule, values in found.items()}
    lists_of = {setting: top(settings[setting](side.whole), side.whole) for setting in set(best.values())}
    return {rule: Chosen(setting, found[rule][setting], lists_of[setting]) for rule, setting in best.items()}
