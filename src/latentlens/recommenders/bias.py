"""Bias-only: the mean plus a user's and a movie's habits. What every factorisation must beat."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from latentlens.errors import ConfigError
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.portable import FactorModel


@dataclass(frozen=True)
class BiasOnly:
    """rating(u, i) = mean + b_u + b_i, by alternating ridge solutions (Koren 2010, "Factor in the neighbors", sec. 2.1).

    n_epochs: rounds of both sides. reg_u, reg_i: damping, in ratings (0 or above).
    """

    n_epochs: int = 10
    reg_u: float = 15.0
    reg_i: float = 10.0
    name: ClassVar[str] = "bias_only"

    def __post_init__(self) -> None:
        if self.n_epochs < 1 or self.reg_u < 0 or self.reg_i < 0:
            raise ConfigError("bias_only needs n_epochs of 1 or more, reg_u and reg_i of 0 or more.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Learn the biases; they converge within a few rounds, so neither argument is used."""
        users, items = train.user_index, train.item_index
        mean = float(train.rating.mean(dtype=np.float64))
        centred = train.rating - mean
        user_bias, item_bias = np.zeros(train.n_users), np.zeros(train.n_items)
        # An id without ratings divides zero by the damping; without damping too, by one.
        item_weight = np.maximum(train.item_counts + self.reg_i, 1)
        user_weight = np.maximum(train.user_counts + self.reg_u, 1)
        for _ in range(self.n_epochs):
            item_bias = np.bincount(items, centred - user_bias[users], train.n_items) / item_weight
            user_bias = np.bincount(users, centred - item_bias[items], train.n_users) / user_weight
        factors = FactorModel(
            user_ids=train.user_ids,
            item_ids=train.item_ids,
            global_mean=mean,
            user_bias=user_bias.astype(np.float32),
            item_bias=item_bias.astype(np.float32),
            user_factors=np.zeros((train.n_users, 0), np.float32),
            item_factors=np.zeros((train.n_items, 0), np.float32),
            user_counts=train.user_counts,
            item_counts=train.item_counts,
            scale=train.scale,
        )
        return FittedModel(self.name, asdict(self), factors, History.of(train), train.catalogue)
