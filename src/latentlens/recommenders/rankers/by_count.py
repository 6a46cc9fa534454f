"""The most rated first, for everybody."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.ranker import Floats, Items
from latentlens.recommenders.shortlist import Ranking


class ByCount:
    """Orders movies by their number of train ratings."""

    kind: ClassVar[str] = "popularity"
    rating_weight: ClassVar[float] = 0.0
    settings: ClassVar[dict[str, Any]] = {}
    arrays: ClassVar[dict[str, NDArray[Any]]] = {}

    def __init__(self, factors: FactorModel) -> None:
        self._counts = factors.item_counts
        self._order = np.argsort(-self._counts, kind="stable")[: np.count_nonzero(self._counts)]

    def prepare(self) -> None:
        """Nothing is left to do."""

    def place(self, items: Items, ratings: NDArray[np.float32]) -> None:
        """Everybody stands at the same place."""

    def best(self, user: UserVector, n: int, excluded: Items, allowed: NDArray[np.bool_] | None) -> Ranking:
        """See `Ranker.best`."""
        listed = np.ones(len(self._counts), dtype=np.bool_) if allowed is None else allowed.copy()
        listed[excluded] = False
        items = self._order[listed[self._order]][:n]
        return Ranking(items, self.scores(user, items))

    def scores(self, user: UserVector, items: Items) -> Floats:
        """(n,) numbers of train ratings."""
        return self._counts[items].astype(np.float64)

    def rough_scores(self, user: UserVector) -> NDArray[np.float32]:
        """See `Ranker.rough_scores`."""
        return self._counts.astype(np.float32)

    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """(m, n) zeros: no rating of one's own matters."""
        return np.zeros((len(targets), len(items)))
