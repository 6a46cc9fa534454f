"""Ordered by a factorisation of who rated what, a person's place being the half-step that learned the users."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.rankers.by_factors import ByFactors
from latentlens.recommenders.rankers.implicit_foldin import equations, frequency_ridge
from latentlens.recommenders.rankers.ranker import Floats, Items


@dataclass(frozen=True, eq=False, kw_only=True)
class ByImplicit(ByFactors):
    """A place is the user's half-step of implicit ALS; see `ImplicitALS` for its parameters."""

    reg: float
    unobserved_weight: float
    reg_exponent: float
    kind: ClassVar[str] = "implicit"

    @property
    def settings(self) -> dict[str, Any]:
        """See `Ranker.settings`."""
        return {
            "liking": self.liking,
            "reg": self.reg,
            "unobserved_weight": self.unobserved_weight,
            "reg_exponent": self.reg_exponent,
        }

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """See `Ranker.arrays`."""
        return {"item_factors": self.item_factors}

    def place(self, items: Items, ratings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Solve for somebody with these ratings: (k,)."""
        A, b = self._equations(items, ratings)
        return np.linalg.solve(A, b.sum(axis=0)).astype(np.float32)

    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """(m, n) the terms of the own part as a sum over the rated movies.

        A place is A^-1 times a sum of one vector for each rated movie; that the ratings also weigh in A is not taken
        apart.
        """
        A, b = self._equations(items, ratings)
        return np.asarray(np.linalg.solve(A, self.item_factors[targets].T.astype(np.float64)).T @ b.T)

    def _equations(self, items: Items, ratings: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """A (k, k), and the terms (n, k) of the right side."""
        ridge = frequency_ridge(
            len(items),
            self._n_rated,
            reg=self.reg,
            unobserved_weight=self.unobserved_weight,
            reg_exponent=self.reg_exponent,
        )
        return equations(
            items,
            self.preferences(ratings),
            item_factors=self.item_factors,
            gram=self._gram,
            unobserved_weight=self.unobserved_weight,
            ridge=float(ridge),
        )

    @cached_property
    def _n_rated(self) -> int:
        return int(np.count_nonzero(self.factors.item_counts))

    @cached_property
    def _gram(self) -> Floats:
        wide = self.item_factors.astype(np.float64)
        return wide.T @ wide
