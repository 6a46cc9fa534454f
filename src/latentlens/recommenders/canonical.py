"""One set of factors out of the many that predict the same.

Any invertible k x k matrix T turns (P, Q) into (P T, Q T^-T) with the same products. The canonical pair is the balanced
singular value decomposition of P Q', its leading axes rotated to simple structure, signs fixed, ordered by variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating]

# Axes with less than this share of the variance are too close to noise to be worth rotating.
LEADING_SHARE = 0.03
MAX_LEADING = 20
# Bounds the memory of a float64 copy of the rows.
_CHUNK = 16_384


def canonical(user_factors: Matrix, item_factors: Matrix) -> tuple[Matrix, Matrix]:
    """Canonical factors (n_users, k), (n_items, k) with the same products, computed in the dtype given.

    Axis 0 has the largest variance. Each axis points to where its largest item trait is positive.
    """
    if user_factors.shape[1] == 0:
        return user_factors, item_factors
    P, Q = _balanced(user_factors, item_factors)
    share = axis_variance(P, Q)
    leading = min(int((share > LEADING_SHARE * share.sum()).sum()), MAX_LEADING)
    if leading > 1:
        rotation = varimax(Q[:, :leading])
        P[:, :leading] = P[:, :leading] @ rotation
        Q[:, :leading] = Q[:, :leading] @ rotation
    P, Q = by_variance(P, Q)
    signs = np.where(Q[np.abs(Q).argmax(axis=0), np.arange(Q.shape[1])] < 0, -1, 1).astype(Q.dtype)
    return P * signs, Q * signs


def by_variance(user_factors: Matrix, item_factors: Matrix) -> tuple[Matrix, Matrix]:
    """Reorder the axes by `axis_variance`, the largest first."""
    order = np.argsort(-axis_variance(user_factors, item_factors), kind="stable")
    # Selecting columns lays an array out by column; a row should lie together.
    return np.ascontiguousarray(user_factors[:, order]), np.ascontiguousarray(item_factors[:, order])


def axis_variance(user_factors: NDArray[np.floating], item_factors: NDArray[np.floating]) -> Matrix:
    """(k,) mean square of each axis' contribution over all (user, movie) pairs."""
    users = np.square(user_factors, dtype=np.float64).mean(axis=0)
    items = np.square(item_factors, dtype=np.float64).mean(axis=0)
    return np.asarray(users * items)


def varimax(loadings: Matrix, tolerance: float = 1e-6, max_rounds: int = 100) -> Matrix:
    """Orthogonal (k, k) rotation that makes the squared loadings (n, k) of each axis as unequal as they can be.

    Kaiser (1958), by the singular value iteration of Horst (1965): each movie then lies on few axes.
    """
    n, k = loadings.shape
    rotation = np.eye(k)
    criterion = 0.0
    for _ in range(max_rounds):
        rotated = loadings @ rotation
        squares = rotated * rotated
        gradient = loadings.T @ (rotated * (squares - squares.mean(axis=0)))
        U, S, Vt = np.linalg.svd(gradient / n)
        rotation = U @ Vt
        before, criterion = criterion, float(S.sum())
        if criterion <= before * (1 + tolerance):
            break
    return np.asarray(rotation)


def _balanced(P: Matrix, Q: Matrix) -> tuple[Matrix, Matrix]:
    """Singular value decomposition of P Q', each side taking the square root of S, without forming the product.

    With P = A R and Q = B T, the columns of A and B orthonormal, and R T' = U S V': A U S = P T' V and B V S = Q R' U.
    So only the k x k roots R and T are needed; and whatever their rounding errors, they cancel in the product.
    """
    R, T = _root_of_gram(P), _root_of_gram(Q)
    U, S, Vt = np.linalg.svd(R @ T.T)
    # Axes below the rounding error of the product carry nothing and would only amplify it.
    root = np.sqrt(np.where(S[0] * np.finfo(P.dtype).eps < S, S, np.inf))
    return P @ (T.T @ Vt.T / root).astype(P.dtype), Q @ (R.T @ U / root).astype(Q.dtype)


def _root_of_gram(rows: Matrix) -> NDArray[np.float64]:
    """R (k, k) with R'R = rows' rows: seven times as fast as a QR decomposition of tall `rows`."""
    gram = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK].astype(np.float64)
        gram += chunk.T @ chunk
    values, vectors = np.linalg.eigh(gram)
    known = values > values[-1] * len(values) * np.finfo(np.float64).eps
    return np.asarray(np.sqrt(np.where(known, values, 0))[:, None] * vectors.T)
