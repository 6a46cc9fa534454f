"""Ordered by what people chose who chose the same movies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.rankers.by_factors import ByFactors
from latentlens.recommenders.rankers.ranker import Floats, Items


@dataclass(frozen=True, eq=False, kw_only=True)
class ByAutoencoder(ByFactors):
    """A place is the sum over rated movies j of preference_j input_weights[j] item_factors[j].

    input_weights: (n_items,) float32.
    """

    input_weights: NDArray[np.float32]
    kind: ClassVar[str] = "autoencoder"

    @property
    def settings(self) -> dict[str, Any]:
        """See `Ranker.settings`."""
        return {"liking": self.liking, "rating_weight": self.rating_weight}

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """See `Ranker.arrays`."""
        return {"item_factors": self.item_factors, "input_weights": self.input_weights}

    def place(self, items: Items, ratings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum the factors of what was rated: (k,)."""
        return np.asarray(self._inputs(items, ratings) @ self.item_factors[items])

    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """(m, n) the terms of the own part's sum."""
        rated = self._inputs(items, ratings)[:, None].astype(np.float64) * self.item_factors[items]
        return np.asarray(self.item_factors[targets] @ rated.T)

    def _inputs(self, items: Items, ratings: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.preferences(ratings) * self.input_weights[items]
