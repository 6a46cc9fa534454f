"""How a fitted model is held against ratings that it has not seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.evaluation.rating_metrics import mae, rmse
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel


class Accuracy(NamedTuple):
    """Errors of predicted ratings, in stars, and the predictions (n,) they were computed from."""

    rmse: float
    mae: float
    predicted: NDArray[np.float64]


def accuracy(model: FittedModel, test: Ratings) -> Accuracy:
    """Predict every row of `test`, unknown ids included, clipped to the scale."""
    factors = model.factors
    predicted = factors.clip(factors.score(test.user_index, test.item_index))
    return Accuracy(rmse(test.rating, predicted), mae(test.rating, predicted), predicted)
