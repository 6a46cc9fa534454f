"""A half-step of implicit alternating least squares: the rows of one side, each solved for with the other side fixed.

Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets"; solved by conjugate gradients
(Takács, Pilászy & Tikk 2011), preconditioned.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import config
from numpy.typing import NDArray

from latentlens.recommenders.kernels.rows import add, aligned_rows, dot, kernel, prefetch_row

# Rows of a thread's own matrix: the residual r, D⁻¹ r, the direction p, and A p.
_R, _Z, _P, _AP = range(4)
# r · D⁻¹ r relative to the start: float32 cannot say more.
_CONVERGED = np.float32(1e-12)
# Observations that a thread takes in one go; a row does not depend on it.
_TASK = 20_000
# Rows of Y lie scattered; this many observations ahead, a row has arrived when its turn comes.
_AHEAD = 4


class Observed(NamedTuple):
    """One side's observations: those of row u are `indptr[u]:indptr[u + 1]`.

    indptr: (n + 1,); columns: (n_observed,) int32, rows of the other side; weights: (n_observed,) float32, 0 or above.
    """

    indptr: NDArray[np.integer]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]


@kernel
def _solve(indptr, columns, weights, ridges, spread, X, Y, first, last, work):
    """A x = b for each row, where A = D + Σ c y y', b = Σ c y, and D = diag(spread) + ridge."""
    one = X.dtype.type(1)
    D = np.empty(X.shape[1], X.dtype)
    for u in range(first, last):
        start, end = indptr[u], indptr[u + 1]
        if start == end:
            X[u] = 0
            continue
        for f in range(len(D)):
            D[f] = spread[f] + ridges[u]
            work[_R, f] = -D[f] * X[u, f]
        for n in range(start, end):
            prefetch_row(Y, columns[min(n + _AHEAD, end - 1)])
            add(work, _R, weights[n] * (one - dot(X, u, Y, columns[n])), Y, columns[n])
        for f in range(len(D)):
            work[_Z, f] = work[_P, f] = work[_R, f] / D[f]
        rz = dot(work, _R, work, _Z)
        enough = _CONVERGED * rz
        for _ in range(len(D)):
            if not rz > enough:
                break
            for f in range(len(D)):
                work[_AP, f] = D[f] * work[_P, f]
            for n in range(start, end):
                add(work, _AP, weights[n] * dot(work, _P, Y, columns[n]), Y, columns[n])
            move = rz / dot(work, _P, work, _AP)
            add(X, u, move, work, _P)
            add(work, _R, -move, work, _AP)
            for f in range(len(D)):
                work[_Z, f] = work[_R, f] / D[f]
            before, rz = rz, dot(work, _R, work, _Z)
            for f in range(len(D)):
                work[_P, f] = work[_Z, f] + rz / before * work[_P, f]


def half_step(
    observed: Observed,
    X: NDArray[np.float32],
    Y: NDArray[np.float32],
    *,
    ridges: NDArray[np.float32],
    unobserved_weight: float,
    n_factors: int,
    n_threads: int = config.NUMBA_NUM_THREADS,  # type: ignore[attr-defined]
) -> None:
    """Make each row x of X the minimum of Σ c (x · y - 1)² + unobserved_weight Σ_all (x · y)² + ridge |x|².

    X, Y: one side each, from `aligned_rows`; X is where the search starts. ridges: (len(X),), above 0. Both are turned
    first so that YᵀY is diagonal, which keeps every product: then the sum over all costs nothing, and the diagonal
    D leads to the solution, to float32 rounding, in a few steps. The bits do not depend on `n_threads`.
    """
    k = n_factors
    lengths, turn = np.linalg.eigh((Y[:, :k].T @ Y[:, :k]).astype(np.float64))
    for side in (X, Y):
        side[:, :k] = side[:, :k] @ turn.astype(np.float32)
    spread = np.zeros(Y.shape[1], np.float32)
    spread[:k] = unobserved_weight * np.maximum(lengths, 0)
    indptr = observed.indptr
    cuts = np.unique([0, *np.searchsorted(indptr, np.arange(_TASK, indptr[-1], _TASK)), len(X)])

    def solve(first: int, last: int) -> None:
        work = aligned_rows(4, Y.shape[1], np.float32)
        _solve(*observed, ridges, spread, X, Y, first, last, work)

    with ThreadPoolExecutor(n_threads) as threads:
        list(threads.map(solve, cuts[:-1], cuts[1:]))
