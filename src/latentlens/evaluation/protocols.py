"""How a fitted model is held against ratings that it has not seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.evaluation.rating_metrics import mae, rmse
from latentlens.processes import usable_cores
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel


class Accuracy(NamedTuple):
    """Errors of predicted ratings, in stars, and the predictions (n,) they were computed from."""

    rmse: float
    mae: float
    predicted: NDArray[np.float64]


def accuracy(model: FittedModel, test: Ratings) -> Accuracy:
    """Predict every row of `test`, unknown ids included, clipped to the scale."""
    factors, n = model.factors, usable_cores()
    # The bits of a pair do not depend on the pairs beside it, nor on the thread.
    with ThreadPoolExecutor(n) as pool:
        parts = pool.map(factors.score, np.array_split(test.user_index, n), np.array_split(test.item_index, n))
        predicted = factors.clip(np.concatenate(list(parts)))
    return Accuracy(rmse(test.rating, predicted), mae(test.rating, predicted), predicted)
