"""Popularity: the same list for everyone, most rated first. What every ranking must beat."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np

from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel, OnEpoch


@dataclass(frozen=True)
class Popularity:
    """Lists movies by their number of ratings; predicts a movie's mean, damped by `reg_i` ratings of the global mean."""

    reg_i: float = 10.0
    name: ClassVar[str] = "popularity"

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Count and average; neither argument is used."""
        model = BiasOnly(n_epochs=1, reg_i=self.reg_i).fit(train)
        # The first round computes the movies' damped means before any user bias: keep that side alone.
        factors = replace(model.factors, user_bias=np.zeros_like(model.factors.user_bias))
        return replace(model, recommender=self.name, params=asdict(self), factors=factors, ranks_by="popularity")
