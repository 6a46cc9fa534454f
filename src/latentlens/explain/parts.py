"""What a score is made of: the mean, two biases, and one product of taste and trait per axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel


@dataclass(frozen=True, eq=False)
class Parts:
    """score = global_mean + user_bias + movie_bias + sum of axes, in stars, float64.

    tastes, traits: (k,) the user's and the movie's place on each axis; axes: (k,) their products.
    """

    global_mean: float
    user_bias: float
    movie_bias: float
    tastes: NDArray[np.float64]
    traits: NDArray[np.float64]

    @property
    def axes(self) -> NDArray[np.float64]:
        """Stars that each axis adds or takes."""
        return self.tastes * self.traits

    @property
    def score(self) -> float:
        """The unclipped prediction; `FactorModel.score` to within rounding."""
        return float(self.global_mean + self.user_bias + self.movie_bias + self.axes.sum())


def parts(factors: FactorModel, user: UserVector, item: int) -> Parts:
    """Take apart the score of the movie with this index for a user."""
    return Parts(
        global_mean=factors.global_mean,
        user_bias=float(user.bias),
        movie_bias=float(factors.item_bias[item]),
        tastes=user.factors.astype(np.float64),
        traits=factors.item_factors[item].astype(np.float64),
    )
