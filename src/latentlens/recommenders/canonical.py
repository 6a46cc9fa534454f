"""One set of factors out of the many that predict the same.

Any invertible k x k matrix T turns (P, Q) into (P T, Q T^-T) with the same products. The canonical pair is the balanced
singular value decomposition of P Q', turned to the principal axes of the movies as people rate them, signs fixed,
ordered by variance. Before that, what all raters share goes from their factors to the movies' biases.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating]

# Bounds the memory of a float64 copy of the rows.
_CHUNK = 16_384


def canonical(
    user_factors: Matrix, item_factors: Matrix, item_weights: NDArray[np.number] | None = None
) -> tuple[Matrix, Matrix]:
    """Canonical factors (n_users, k), (n_items, k) with the same products, computed in the dtype given.

    item_weights: (n_items,) ratings of each movie; without them all movies count the same. Axis 0 has the largest
    variance. Each axis points to where its largest item trait is positive.
    """
    of_users, Q = _turned(user_factors, item_factors, item_weights)
    return user_factors @ of_users, Q


def canonical_items(
    user_factors: Matrix, item_factors: Matrix, item_weights: NDArray[np.number] | None = None
) -> Matrix:
    """The items of `canonical` alone, where users are made anew from them."""
    return _turned(user_factors, item_factors, item_weights)[1]


def _turned(
    user_factors: Matrix, item_factors: Matrix, item_weights: NDArray[np.number] | None
) -> tuple[Matrix, Matrix]:
    """What users are multiplied by to be `canonical` (k, k), and the canonical items."""
    if user_factors.shape[1] == 0:
        return np.zeros((0, 0), user_factors.dtype), item_factors
    of_users, of_items = _gram(user_factors), _gram(item_factors)
    left, right = _balance(of_users, of_items, float(np.finfo(user_factors.dtype).eps))
    if item_weights is not None:
        # In the dtype given: a turn is orthogonal, and so leaves the products alone, however roughly it was chosen.
        rated = item_factors * np.sqrt(item_weights.astype(item_factors.dtype))[:, None]
        # X'X of one X is half the work of a product of two.
        turn = np.linalg.eigh(right.T @ (rated.T @ rated) @ right)[1]
        left, right = left @ turn, right @ turn
    order = np.argsort(-_squares(of_users, left) * _squares(of_items, right), kind="stable")
    left, right = left[:, order].astype(user_factors.dtype), right[:, order].astype(item_factors.dtype)
    Q = item_factors @ right
    signs = np.where(Q[np.abs(Q).argmax(axis=0), np.arange(Q.shape[1])] < 0, -1, 1).astype(Q.dtype)
    return left * signs, Q * signs


def centre(user_factors: Matrix, item_factors: Matrix, item_bias: Matrix, user_counts: NDArray[np.integer]) -> None:
    """Move the mean user factors, over ratings, from the users into the movies' biases: predictions stay the same.

    Factors (n_users, k), (n_items, k); item_bias (n_items,); user_counts (n_users,) ratings of each. In place; users
    without ratings keep their row. Then a ridge draws users to what people like, not to no taste at all.
    """
    if not user_counts.any():
        return
    shared = np.einsum("u,uk->k", user_counts, user_factors, dtype=np.float64) / user_counts.sum()
    shared = shared.astype(user_factors.dtype)
    np.subtract(user_factors, shared, out=user_factors, where=(user_counts > 0)[:, None])
    item_bias += item_factors @ shared


def by_variance(user_factors: Matrix, item_factors: Matrix) -> tuple[Matrix, Matrix]:
    """Reorder the axes by `axis_variance`, the largest first."""
    order = np.argsort(-axis_variance(user_factors, item_factors), kind="stable")
    # Unlike an index, `take` leaves a row together.
    return user_factors.take(order, axis=1), item_factors.take(order, axis=1)


def axis_variance(user_factors: NDArray[np.floating], item_factors: NDArray[np.floating]) -> Matrix:
    """(k,) mean square of each axis' contribution over all (user, movie) pairs."""
    return _mean_squares(user_factors) * _mean_squares(item_factors)


def _mean_squares(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    squares = np.zeros(rows.shape[1])
    for start in range(0, len(rows), _CHUNK):
        squares += np.square(rows[start : start + _CHUNK], dtype=np.float64).sum(axis=0)
    return squares / len(rows)


def _balance(
    of_users: NDArray[np.float64], of_items: NDArray[np.float64], eps: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give (k, k) matrices that take P and Q to the singular value decomposition of P Q', the root of S on each side.

    of_users, of_items: P'P and Q'Q; eps: of the dtype of P.

    With P = A R and Q = B T, the columns of A and B orthonormal, and R T' = U S V': A U S = P T' V and B V S = Q R' U.
    So only the k x k roots R and T are needed; and whatever their rounding errors, they cancel in the product.
    """
    R, T = _root(of_users), _root(of_items)
    U, S, Vt = np.linalg.svd(R @ T.T)
    # Axes below the rounding error of the product carry nothing and would only amplify it.
    root = np.sqrt(np.where(S[0] * eps < S, S, np.inf))
    return T.T @ Vt.T / root, R.T @ U / root


def _squares(gram: NDArray[np.float64], turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) sum of squares of each column of rows @ turn, from rows' rows."""
    return np.asarray(np.einsum("ik,ij,jk->k", turn, gram, turn, optimize=True))


def _gram(rows: Matrix) -> NDArray[np.float64]:
    """(k, k) rows' rows."""
    gram = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK].astype(np.float64)
        gram += chunk.T @ chunk
    return gram


def _root(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """R (k, k) with R'R = gram: seven times as fast as a QR decomposition of tall rows."""
    values, vectors = np.linalg.eigh(gram)
    known = values > values[-1] * len(values) * np.finfo(np.float64).eps
    return np.asarray(np.sqrt(np.where(known, values, 0))[:, None] * vectors.T)
