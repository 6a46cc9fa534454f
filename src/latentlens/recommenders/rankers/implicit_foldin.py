"""The user's half-step of implicit ALS in numpy: a user's vector from ratings alone, with the item side fixed.

Rendle, Krichene, Zhang & Koren (2021), "Revisiting the performance of iALS on item recommendation benchmarks".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def frequency_ridge(
    n_observed: NDArray[np.integer] | int, n_others: int, *, reg: float, unobserved_weight: float, reg_exponent: float
) -> NDArray[np.float64]:
    """Regularisation of rows with so many observations, with `n_others` rows on the other side."""
    return np.asarray(reg * (n_observed + unobserved_weight * n_others) ** reg_exponent, dtype=np.float64)


def equations(
    items: NDArray[np.integer],
    weights: NDArray[np.float32],
    *,
    item_factors: NDArray[np.float32],
    gram: NDArray[np.float64],
    unobserved_weight: float,
    ridge: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A (k, k) and the terms b (n, k), one for each observation, of A x = sum of b.

    X minimises the sum of c (x · y - 1)² over the observations + unobserved_weight Σ_all (x · y)² + ridge |x|².
    items, weights (c): (n,), the user's observations. item_factors (y): (n_items, k); gram: their YᵀY (k, k).
    """
    Y = item_factors[items].astype(np.float64)
    b = weights[:, None] * Y
    return unobserved_weight * gram + ridge * np.eye(len(gram)) + Y.T @ b, b


def fold_in(items: NDArray[np.integer], weights: NDArray[np.float32], **side: Any) -> NDArray[np.float32]:
    """The x (k,) of `equations`; zero without observations."""
    A, b = equations(items, weights, **side)
    return np.linalg.solve(A, b.sum(axis=0)).astype(np.float32)
