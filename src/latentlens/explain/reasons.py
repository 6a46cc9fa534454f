"""Which of a user's own ratings a score comes from.

With the movies fixed, the user's vector is the ridge solution x of A x = e (`foldin.Evidence`), and a movie with
a = (q, 1) scores mean + bias + a . x. Both are linear in the ratings: a . x = sum over j of w_j e_j, with
w = A (A'A + reg n I)^-1 a. So every past rating has a share, and the shares add up to what is personal in the score.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import Evidence

Floats = NDArray[np.float64]


def contributions(evidence: Evidence, targets: NDArray[np.floating], reg: float) -> Floats:
    """(n,) stars that each rating adds to (or takes from) the score of a movie with these factors (k,).

    For several movies, `targets` (m, k), (m, n) at little more cost.

    They sum to user bias + taste x trait of that score, exactly in exact arithmetic.
    """
    A, e = evidence
    n, width = A.shape
    a = _with_one(targets).T
    if n < width:
        weights = np.linalg.solve(A @ A.T + reg * n * np.eye(n), A @ a)
    else:
        weights = A @ np.linalg.solve(A.T @ A + reg * n * np.eye(width), a)
    return weights.T * e


def vectors_without(evidence: Evidence, rows: NDArray[np.integer], reg: float) -> Floats:
    """(m, k + 1) solutions of the same evidence without one of these rows (m,), each alone.

    Exact, the ridge that goes down with the number of ratings included: without row j the system is
    A'A - a_j a_j' + reg (n - 1) I, a rank-one change of one matrix that serves all j (Sherman & Morrison 1950).
    """
    A, e = evidence
    n, width = A.shape
    if n <= 1:  # nothing is left
        return np.zeros((len(rows), width))
    chosen = A[rows]
    solved = np.linalg.solve(A.T @ A + reg * (n - 1) * np.eye(width), np.column_stack([A.T @ e, chosen.T]))
    x, moved = solved[:, 0], solved[:, 1:].T
    leverage = np.einsum("jf,jf->j", moved, chosen)
    return np.asarray(x - moved * ((e[rows] - chosen @ x) / (1 - leverage))[:, None])


def influences(evidence: Evidence, target: NDArray[np.floating], reg: float) -> Floats:
    """(n,) stars by which the score would fall (or rise) without each rating, one at a time; `target` (k,)."""
    every = np.arange(len(evidence.e))
    a = _with_one(target)
    return np.asarray(a @ evidence.solve(reg) - vectors_without(evidence, every, reg) @ a)


def _with_one(factors: NDArray[np.floating]) -> Floats:
    return np.concatenate([factors, np.ones((*factors.shape[:-1], 1))], axis=-1, dtype=np.float64)
