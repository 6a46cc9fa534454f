"""A user's vector from ratings alone: the ridge solution with the item side fixed.

The vectors of the served users, of new users and of live ratings are all this one function, a half-step of alternating
least squares (Zhou et al. 2008, with the regularisation weighted by the number of ratings).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class UserVector(NamedTuple):
    """A user's place in the model: factors (k,) float32 and bias, and what the model's ranker needs besides, if any."""

    factors: NDArray[np.float32]
    bias: np.float32
    ranking: NDArray[np.float32] | None = None


class Evidence(NamedTuple):
    """One user's ratings as equations: a_j . x = e_j for each, a_j = (item_factors[j], 1), e_j = rating - mean - bias.

    A: (n, k + 1), e: (n,), float64.
    """

    A: NDArray[np.float64]
    e: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        items: NDArray[np.integer],
        ratings: NDArray[np.float32],
        *,
        global_mean: float,
        item_bias: NDArray[np.float32],
        item_factors: NDArray[np.float32],
    ) -> Evidence:
        """From item indexes (n,), each once, ascending (what follows is a function of the set), and ratings (n,)."""
        A = np.ones((len(items), item_factors.shape[1] + 1))
        A[:, :-1] = item_factors[items]
        return cls(A, ratings.astype(np.float64) - global_mean - item_bias[items])

    def solve(self, reg: float) -> NDArray[np.float64]:
        """X (k + 1,) that minimises |A x - e|^2 + reg n |x|^2; zero without ratings."""
        n, width = self.A.shape
        if n < width:  # (A A' + reg n I) is the smaller system: x = A' (A A' + reg n I)^-1 e
            return np.asarray(self.A.T @ np.linalg.solve(self.A @ self.A.T + reg * n * np.eye(n), self.e))
        return np.linalg.solve(self.A.T @ self.A + reg * n * np.eye(width), self.A.T @ self.e)

    def vector(self, reg: float) -> UserVector:
        """The user's place in the model, `solve(reg)`."""
        x = self.solve(reg)
        return UserVector(x[:-1].astype(np.float32), np.float32(x[-1]))
