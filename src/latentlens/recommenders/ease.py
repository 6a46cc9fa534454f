"""EASE, the shallow autoencoder: what is chosen by those who chose the same movies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from latentlens.errors import ConfigError
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import beside_biases
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.leading_axes import leading_axes
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.by_autoencoder import ByAutoencoder
from latentlens.recommenders.rankers.preference import of_stars


@dataclass(frozen=True)
class EASE:
    """score(u, i) = sum over rated j of preference_uj B_ji, B having a zero diagonal (Steck 2019, eq. 8).

    reg: the ridge lambda, in squared preferences. n_factors: how many of the axes of the preferences B is made of,
    None for all of them, which is Steck's B; a few hundred rank as well, and fit any catalogue. liking: how much a
    rating counts beside having chosen the movie (`preferences`). zero_diagonal: False makes it the ridge regression of
    each movie on all, itself included, which ranks better with few axes. Ratings are predicted by biases.
    """

    reg: float = 100.0
    n_factors: int | None = None
    liking: float = 1.0
    zero_diagonal: bool = True
    random_state: int | None = None
    name: ClassVar[str] = "ease"

    def __post_init__(self) -> None:
        if not self.reg > 0:
            raise ConfigError(f"ease has reg {self.reg}: it must be above 0.")
        if not 0 <= self.liking < np.inf:
            raise ConfigError(f"ease has liking {self.liking}: it must be 0 or more.")
        if self.n_factors is not None and self.n_factors < 1:
            raise ConfigError(f"ease has n_factors {self.n_factors}: give 1 or more, or None for all axes.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Solve; neither argument is used. Raises ConfigError for a catalogue too large for all axes."""
        return beside_biases(self, train, lambda model: self.learn(model.factors, model.history))

    def learn(self, factors: FactorModel, history: History, rating_weight: float = 0.0) -> ByAutoencoder:
        """Learn the ranking alone, for the model with these `factors`, from its `history`.

        With X = U S V', the inverse of X'X + reg I is (I - V W V') / reg, W = S^2 / (S^2 + reg): B_ij, i not j, is
        (V W V')_ij / (1 - (V W V')_jj), so that both sides of B are V sqrt(W), the one of the output scaled.
        """
        values = of_stars(history.stars, factors.scale, self.liking)
        shape = (len(factors.user_ids), len(factors.item_ids))
        matrix = sparse.csr_matrix((values, history.items, history.indptr), shape)
        V, squares = leading_axes(matrix, self.n_factors, self.random_state)
        inputs = V * np.sqrt(squares / (squares + self.reg)).astype(V.dtype)
        rest = (
            1 - np.einsum("ij,ij->i", inputs, inputs, dtype=np.float64) if self.zero_diagonal else np.ones(len(inputs))
        )
        return ByAutoencoder(
            factors=factors,
            history=history,
            item_factors=(inputs / rest[:, None].astype(V.dtype)).astype(np.float32, copy=False),
            input_weights=rest.astype(np.float32),
            liking=self.liking,
            rating_weight=rating_weight,
        )
