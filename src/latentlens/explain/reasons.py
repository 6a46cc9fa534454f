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


def contributions(evidence: Evidence, target: NDArray[np.floating], reg: float) -> Floats:
    """(n,) stars that each rating adds to (or takes from) the score of a movie with factors `target` (k,).

    They sum to user bias + taste x trait of that score, exactly in exact arithmetic.
    """
    A, e = evidence
    n, width = A.shape
    a = _with_one(target)
    if n < width:
        weights = np.linalg.solve(A @ A.T + reg * n * np.eye(n), A @ a)
    else:
        weights = A @ np.linalg.solve(A.T @ A + reg * n * np.eye(width), a)
    return weights * e


def influences(evidence: Evidence, target: NDArray[np.floating], reg: float) -> Floats:
    """(n,) stars by which the score would fall (or rise) if the user had not given each rating, one at a time.

    Exact, the ridge that goes down with the number of ratings included: without rating j the system is
    A'A - a_j a_j' + reg (n - 1) I, a rank-one change of one matrix that serves all j (Sherman & Morrison 1950).
    """
    A, e = evidence
    n, width = A.shape
    if n <= 1:  # nothing is left: the score falls by all that is personal
        return contributions(evidence, target, reg)
    a = _with_one(target)
    shared = np.linalg.inv(A.T @ A + reg * (n - 1) * np.eye(width))
    x = shared @ (A.T @ e)
    moved = A @ shared  # row j: (M^-1 a_j)'
    leverage = np.einsum("jf,jf->j", moved, A)
    residuals = e - A @ x
    without = a @ x - (moved @ a) * residuals / (1 - leverage)
    return np.asarray(a @ evidence.solve(reg) - without)


def _with_one(target: NDArray[np.floating]) -> Floats:
    return np.append(target.astype(np.float64), 1.0)
