"""Implicit ALS: a factorisation of who rated what, which ranks; the ratings only say how much each counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import beside_biases
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.kernels.als import Observed, half_step
from latentlens.recommenders.kernels.rows import aligned_rows
from latentlens.recommenders.rankers.by_implicit import ByImplicit
from latentlens.recommenders.rankers.implicit_foldin import frequency_ridge
from latentlens.recommenders.rankers.preference import of_stars


@dataclass(frozen=True)
class ImplicitALS:
    """score(u, i) = x_u · y_i, near 1 for what u rated and near 0 for all the rest, by alternating least squares.

    Minimises Σ_rated c (x · y - 1)² + unobserved_weight Σ_all (x · y)² + Σ ridge |x|² + Σ ridge |y|², where
    ridge = reg (n + unobserved_weight N)^reg_exponent for a row with n ratings and N rows on the other side, and
    c = (the rating's place on the scale, 0 to 1)^liking.
    Hu, Koren & Volinsky (2008); Rendle, Krichene, Zhang & Koren (2021). A user's row is `implicit_foldin.fold_in`.
    """

    n_factors: int = 128
    n_epochs: int = 15
    reg: float = 0.003
    unobserved_weight: float = 1.0
    reg_exponent: float = 1.0
    liking: float = 1.0
    random_state: int | None = None
    name: ClassVar[str] = "implicit_als"

    def __post_init__(self) -> None:
        if self.n_factors < 1 or self.n_epochs < 1:
            raise ConfigError(f"n_factors is {self.n_factors} and n_epochs {self.n_epochs}: both must be 1 or more.")
        for field, value in asdict(self).items():
            if field in ("reg", "unobserved_weight") and not 0 < value < np.inf:
                raise ConfigError(f"{field} is {value}: it must be above 0.")
            if field == "liking" and not 0 <= value < np.inf:
                raise ConfigError(f"liking is {value}: it must be 0 or more.")
            if field == "reg_exponent" and not 0 <= value <= 1:
                raise ConfigError(f"reg_exponent is {value}: it must be from 0 to 1.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Learn what ranks; neither argument is used. Ratings are predicted by biases."""

        def ranker(model: FittedModel) -> ByImplicit:
            return ByImplicit(
                factors=model.factors,
                history=model.history,
                item_factors=self.learn(train)[1],
                liking=self.liking,
                reg=self.reg,
                unobserved_weight=self.unobserved_weight,
                reg_exponent=self.reg_exponent,
            )

        return beside_biases(self, train, ranker)

    def learn(self, train: Ratings) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """User factors (n_users, k) and item factors (n_items, k); rows without ratings are zero.

        The same `random_state` gives the same bits, whatever the order of the rows and the number of threads.
        """
        weights = of_stars(train.stars, train.scale, self.liking)
        matrix = csr_matrix((weights, (train.user_index, train.item_index)), (train.n_users, train.n_items))
        matrix.sort_indices()
        users, items = (Observed(side.indptr, side.indices, side.data) for side in (matrix, matrix.T.tocsr()))
        X, Y = (aligned_rows(n, self.n_factors, np.float32) for n in (train.n_users, train.n_items))
        spread = 0.1 / np.sqrt(self.n_factors)
        Y[:, : self.n_factors] = np.random.default_rng(self.random_state).normal(0, spread, (len(Y), self.n_factors))
        Y[train.item_counts == 0] = 0
        user_ridges = self._ridges(train.user_counts, train.item_counts)
        item_ridges = self._ridges(train.item_counts, train.user_counts)
        step = partial(half_step, unobserved_weight=self.unobserved_weight, n_factors=self.n_factors)
        # One thread of the BLAS: with more, its sums would depend on their number.
        with threadpool_limits(1, user_api="blas"):
            for _ in range(self.n_epochs):
                step(users, X, Y, ridges=user_ridges)
                step(items, Y, X, ridges=item_ridges)
            # Users last: each is then the fold-in of its own ratings.
            step(users, X, Y, ridges=user_ridges)
        return X[:, : self.n_factors].copy(), Y[:, : self.n_factors].copy()

    def _ridges(self, counts: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of one side's rows; `others` are the counts of the other side."""
        reg, weight, exponent = self.reg, self.unobserved_weight, self.reg_exponent
        n_others = int(np.count_nonzero(others))
        ridges = frequency_ridge(counts, n_others, reg=reg, unobserved_weight=weight, reg_exponent=exponent)
        return ridges.astype(np.float32)
