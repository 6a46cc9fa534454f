"""Metrics of predicted ratings, as functions of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rmse(actual: NDArray[np.floating], predicted: NDArray[np.floating]) -> float:
    """Root mean square error of (n,) predictions, in stars; n >= 1."""
    return float(np.sqrt(np.mean(np.square(np.subtract(predicted, actual, dtype=np.float64)))))


def mae(actual: NDArray[np.floating], predicted: NDArray[np.floating]) -> float:
    """Mean absolute error of (n,) predictions, in stars; n >= 1."""
    return float(np.mean(np.abs(np.subtract(predicted, actual, dtype=np.float64))))
