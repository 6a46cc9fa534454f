"""The highest predicted rating first."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.ranker import Floats, Items
from latentlens.recommenders.shortlist import Ranking, Shortlist


class ByRating:
    """Orders movies by predicted rating, before it is clipped: there is no own part."""

    kind: ClassVar[str] = "score"
    rating_weight: ClassVar[float] = 1.0
    settings: ClassVar[dict[str, Any]] = {}
    arrays: ClassVar[dict[str, NDArray[Any]]] = {}

    def __init__(self, factors: FactorModel) -> None:
        self._factors = factors

    def prepare(self) -> None:
        """Prepare the shortlist."""
        _ = self._shortlist

    def place(self, items: Items, ratings: NDArray[np.float32]) -> None:
        """Nothing beyond what predicts ratings."""

    def best(self, user: UserVector, n: int, excluded: Items, allowed: NDArray[np.bool_] | None) -> Ranking:
        """See `Ranker.best`."""
        return self._shortlist.best(user, n, excluded, allowed)

    def scores(self, user: UserVector, items: Items) -> Floats:
        """(n,) predicted ratings, unclipped, with the bits of `FactorModel.score`."""
        return self._factors.score_for(user.factors, user.bias, items)

    def rough_scores(self, user: UserVector) -> NDArray[np.float32]:
        """See `Ranker.rough_scores`."""
        everybody = self._factors.item_bias + np.float32(self._factors.global_mean)
        return np.asarray(self._factors.item_factors @ user.factors + (everybody + user.bias))

    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """(m, n) zeros."""
        return np.zeros((len(targets), len(items)))

    @cached_property
    def _shortlist(self) -> Shortlist:
        return Shortlist(self._factors)
