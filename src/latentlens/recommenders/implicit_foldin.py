"""The user's half-step of implicit ALS in numpy: a user's vector from ratings alone, with the item side fixed.

Rendle, Krichene, Zhang & Koren (2021), "Revisiting the performance of iALS on item recommendation benchmarks".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weights_of(ratings: NDArray[np.float32], scale: tuple[float, float], rating_weight: float) -> NDArray[np.float32]:
    """How much each rating counts as a sign of interest, 0 to 1 (n,).

    rating_weight 0: each the same; 1: by its place on the scale, the highest rating 1, the lowest 0.
    """
    low, high = scale
    place = (ratings - low) / (high - low) if high > low else np.ones_like(ratings)
    return np.asarray(1 - rating_weight + rating_weight * place, dtype=np.float32)


def frequency_ridge(
    n_observed: NDArray[np.integer] | int, n_others: int, *, reg: float, unobserved_weight: float, reg_exponent: float
) -> NDArray[np.float64]:
    """Regularisation of rows with so many observations, with `n_others` rows on the other side."""
    return np.asarray(reg * (n_observed + unobserved_weight * n_others) ** reg_exponent, dtype=np.float64)


def fold_in(
    items: NDArray[np.integer],
    weights: NDArray[np.float32],
    *,
    item_factors: NDArray[np.float32],
    gram: NDArray[np.float64],
    unobserved_weight: float,
    ridge: float,
) -> NDArray[np.float32]:
    """Find the x (k,) that minimises Σ c (x · y - 1)² + unobserved_weight Σ_all (x · y)² + ridge |x|².

    items, weights (c): (n,), the user's observations. item_factors (y): (n_items, k); gram: their YᵀY (k, k).
    Zero without observations.
    """
    Y = item_factors[items].astype(np.float64)
    A = unobserved_weight * gram + ridge * np.eye(len(gram)) + Y.T @ (weights[:, None] * Y)
    return np.linalg.solve(A, Y.T @ weights).astype(np.float32)
