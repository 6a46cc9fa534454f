"""Ordered by how alike movies are to what somebody rated, each movie having a few neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.history import History
from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.preference import preferences
from latentlens.recommenders.rankers.ranker import Floats, Items
from latentlens.recommenders.shortlist import Ranking


@dataclass(frozen=True, eq=False)
class ByNeighbours:
    """own part of movie i = sum over rated j of preference_j weights[j -> i].

    The neighbours of movie j are `neighbours[indptr[j]:indptr[j + 1]]`, ascending, with `weights` beside them.
    indptr: (n_items + 1,) int64; neighbours: (n,) int32; weights: (n,) float32. liking: see `preferences`.
    """

    factors: FactorModel
    history: History
    indptr: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    weights: NDArray[np.float32]
    liking: float
    rating_weight: ClassVar[float] = 0.0
    kind: ClassVar[str] = "neighbours"

    @property
    def settings(self) -> dict[str, Any]:
        """See `Ranker.settings`."""
        return {"liking": self.liking}

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """See `Ranker.arrays`."""
        return {"indptr": self.indptr, "neighbours": self.neighbours, "weights": self.weights}

    def prepare(self) -> None:
        """Nothing is left to do."""

    def place(self, items: Items, ratings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score every movie: (n_items,)."""
        rows, sizes = self._rows(items)
        values = np.repeat(preferences(ratings, self.factors.scale, self.liking), sizes) * self.weights[rows]
        n_items = len(self.indptr) - 1
        return np.bincount(self.neighbours[rows], weights=values, minlength=n_items).astype(np.float32)

    def best(self, user: UserVector, n: int, excluded: Items, allowed: NDArray[np.bool_] | None) -> Ranking:
        """See `Ranker.best`."""
        listed = self.factors.item_counts > 0
        if allowed is not None:
            listed &= allowed
        listed[excluded] = False
        candidates = np.flatnonzero(listed)
        scores = self.scores(user, candidates)
        chosen = np.argsort(-scores, kind="stable")[:n]
        return Ranking(candidates[chosen], scores[chosen])

    def scores(self, user: UserVector, items: Items) -> Floats:
        """See `Ranker.scores`."""
        assert user.ranking is not None  # noqa: S101 - `place` always gives one
        return user.ranking[items].astype(np.float64)

    def rough_scores(self, user: UserVector) -> NDArray[np.float32]:
        """See `Ranker.rough_scores`."""
        assert user.ranking is not None  # noqa: S101 - `place` always gives one
        return user.ranking

    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """(m, n) the terms of the own part's sum."""
        rows, sizes = self._rows(items)
        # Of all pairs (rated, neighbour) those whose neighbour is a target.
        place = np.full(len(self.indptr) - 1, -1)
        place[targets] = np.arange(len(targets))
        column = np.repeat(np.arange(len(items)), sizes)
        asked = place[self.neighbours[rows]] >= 0
        found = np.zeros((len(targets), len(items)))
        found[place[self.neighbours[rows[asked]]], column[asked]] = self.weights[rows[asked]]
        return found * preferences(ratings, self.factors.scale, self.liking)

    def _rows(self, items: Items) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the neighbours of these movies, one movie after the other, and how many each has."""
        starts, sizes = self.indptr[items], np.diff(self.indptr)[items]
        offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.repeat(starts, sizes) + offsets, sizes
