"""Popularity: the same list for everyone, most rated first. What every ranking must beat."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from latentlens.errors import ConfigError
from latentlens.ratings.history import History
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import damped_means, without_factors
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.rankers.by_count import ByCount


@dataclass(frozen=True)
class Popularity:
    """Lists movies by number of ratings; predicts a movie's mean, damped by `reg_i` ratings of the global mean."""

    reg_i: float = 10.0
    name: ClassVar[str] = "popularity"

    def __post_init__(self) -> None:
        if not self.reg_i >= 0:
            raise ConfigError("popularity needs reg_i of 0 or more.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Count and average; neither argument is used."""
        stars, mean = train.stars, train.stars.mean
        item_bias = damped_means(
            train.item_index, lambda rows: stars[rows].ratings - mean, train.item_counts, self.reg_i
        )
        factors = without_factors(train, mean, np.zeros(train.n_users), item_bias)
        return FittedModel(
            self.name, asdict(self), factors, History.of(train), train.catalogue, ranked_by=ByCount(factors)
        )
