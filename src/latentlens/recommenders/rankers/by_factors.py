"""Ordered by products of a person's place and movies' ranking factors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.history import History
from latentlens.ratings.ids import IdMap
from latentlens.ratings.order import row_blocks
from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.preference import preferences
from latentlens.recommenders.rankers.ranker import Floats, Items
from latentlens.recommenders.shortlist import Ranking, Shortlist

# Places of so many users tell which axes lead.
_SAMPLE = 512
_ROWS = 4096


@dataclass(frozen=True, eq=False)
class ByFactors(ABC):
    """own part of movie i = place . item_factors[i]; what a place is, subclasses say.

    item_factors: (n_items, k) float32, zero for movies without train ratings. liking: see `preferences`. factors and
    history: of the model whose movies are ordered.
    """

    factors: FactorModel
    history: History
    item_factors: NDArray[np.float32]
    liking: float
    rating_weight: float = 0.0
    kind: ClassVar[str]

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """See `Ranker.settings`."""

    @property
    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """See `Ranker.arrays`."""

    @abstractmethod
    def place(self, items: Items, ratings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Place somebody with these ratings: (k,)."""

    @abstractmethod
    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """See `Ranker.contributions`."""

    def preferences(self, ratings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) how much each rating counts."""
        return preferences(ratings, self.factors.scale, self.liking)

    def prepare(self) -> None:
        """Prepare the shortlist."""
        _ = self._shortlist

    def best(self, user: UserVector, n: int, excluded: Items, allowed: NDArray[np.bool_] | None) -> Ranking:
        """See `Ranker.best`."""
        return self._shortlist.best(self._in_all(user), n, excluded, allowed)

    def scores(self, user: UserVector, items: Items) -> Floats:
        """See `Ranker.scores`."""
        return self.joined.score_for(*self._in_all(user)[:2], items)

    def rough_scores(self, user: UserVector) -> NDArray[np.float32]:
        """See `Ranker.rough_scores`."""
        joined, (both, bias, _) = self.joined, self._in_all(user)
        return np.asarray(joined.item_factors @ both + (joined.item_bias + (np.float32(joined.global_mean) + bias)))

    def _in_all(self, user: UserVector) -> UserVector:
        """Both parts side by side, in the order of the joined axes."""
        weight = np.float32(self.rating_weight)
        both = np.concatenate([user.ranking, weight * user.factors])[self._axes]
        return UserVector(both, weight * user.bias)

    @cached_property
    def _axes(self) -> NDArray[np.intp]:
        """The axes of both parts, those first that move scores most."""
        users = _mean_squares(self._sampled_rows)
        items = [_mean_squares(side) for side in (self.item_factors, self.factors.item_factors)]
        return np.argsort(-users * np.concatenate(items), kind="stable")

    @cached_property
    def _sampled(self) -> NDArray[np.intp]:
        known = np.flatnonzero(self.factors.user_counts)
        return known[:: max(len(known) // _SAMPLE, 1)]

    @cached_property
    def _sampled_rows(self) -> NDArray[np.float32]:
        return self._rows(self._sampled)

    def _rows(self, users: NDArray[np.integer]) -> NDArray[np.float32]:
        """(n_users, k + SVD's k) both parts of these users, side by side."""
        places = [self.place(*self.history.rows_of(user)) for user in users.tolist()]
        own = np.asarray(places, dtype=np.float32).reshape(len(users), self.item_factors.shape[1])
        return np.hstack([own, np.float32(self.rating_weight) * self.factors.user_factors[users]])

    def of(self, users: NDArray[np.integer]) -> FactorModel:
        """Both parts as one model, of these users alone: its scores order what the ranker orders."""
        return self._as_model(users, self._rows(users))

    def _as_model(self, users: NDArray[np.integer], rows: NDArray[np.float32]) -> FactorModel:
        weight, factors = np.float32(self.rating_weight), self.factors
        return replace(
            factors,
            user_ids=IdMap(factors.user_ids.values[users]),
            global_mean=self.rating_weight * factors.global_mean,
            user_factors=rows.take(self._axes, axis=1),
            user_bias=weight * factors.user_bias[users],
            user_counts=factors.user_counts[users],
            item_factors=self._both_sides,
            item_bias=weight * factors.item_bias,
            scale=(0.0, 1.0),
        )

    @cached_property
    def _both_sides(self) -> NDArray[np.float32]:
        """(n_items, k + SVD's k) item factors of both parts."""
        sides = self.item_factors, self.factors.item_factors
        both = np.empty((len(self.item_factors), len(self._axes)), np.float32)
        # By blocks: with many movies, another copy of all is as large as the rest of the model.
        for rows in row_blocks(len(both), _ROWS):
            both[rows] = np.hstack([side[rows] for side in sides]).take(self._axes, axis=1)
        return both

    @cached_property
    def joined(self) -> FactorModel:
        """As `of` some of the users: all that ranking somebody needs."""
        return self._as_model(self._sampled, self._sampled_rows)

    @cached_property
    def _shortlist(self) -> Shortlist:
        return Shortlist(self.joined)


def _mean_squares(rows: NDArray[np.float32]) -> Floats:
    """(k,) of each column."""
    return np.asarray(np.square(rows, dtype=np.float64).mean(axis=0))
