"""A user's vector from ratings alone: the ridge solution with the item side fixed.

The vectors of the served users, of new users and of live ratings are all this one function, a half-step of alternating
least squares (Zhou et al. 2008, with the regularisation weighted by the number of ratings).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.history import History


class UserVector(NamedTuple):
    """A user's place in the model: factors (k,) float32 and bias."""

    factors: NDArray[np.float32]
    bias: np.float32


def fold_in(
    items: NDArray[np.integer],
    ratings: NDArray[np.float32],
    *,
    global_mean: float,
    item_bias: NDArray[np.float32],
    item_factors: NDArray[np.float32],
    reg: float,
) -> UserVector:
    """Minimise |A x - e|^2 + reg n |x|^2, where row j of A is (item_factors[j], 1) and e_j = rating - mean - item bias.

    items: (n,) indexes, each once, ascending (so that the result is a function of the set); ratings: (n,).
    reg: above 0. x = (factors, bias). No ratings give the zero vector.
    """
    k, n = item_factors.shape[1], len(items)
    A = np.ones((n, k + 1))
    A[:, :k] = item_factors[items]
    e = ratings.astype(np.float64) - global_mean - item_bias[items]
    if n <= k:  # (A A' + reg n I) is the smaller system: x = A' (A A' + reg n I)^-1 e
        x = A.T @ np.linalg.solve(A @ A.T + reg * n * np.eye(n), e)
    else:
        x = np.linalg.solve(A.T @ A + reg * n * np.eye(k + 1), A.T @ e)
    return UserVector(x[:k].astype(np.float32), np.float32(x[k]))


def fold_in_all(
    history: History,
    *,
    global_mean: float,
    item_bias: NDArray[np.float32],
    item_factors: NDArray[np.float32],
    reg: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold in every user's train rows: factors (n_users, k) and biases (n_users,)."""
    n_users, k = len(history.indptr) - 1, item_factors.shape[1]
    factors, biases = np.zeros((n_users, k), np.float32), np.zeros(n_users, np.float32)
    for user in range(n_users):
        items, ratings = history.train_rows_of(user)
        factors[user], biases[user] = fold_in(
            items, ratings, global_mean=global_mean, item_bias=item_bias, item_factors=item_factors, reg=reg
        )
    return factors, biases
