"""The leading right singular vectors of a sparse matrix of users and movies.

Few of many by subspace iteration from random columns (Halko, Martinsson & Tropp 2011, "Finding structure with
randomness", algorithm 4.4), all of them by the smaller of the two Gram matrices.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits

from latentlens.errors import ConfigError
from latentlens.recommenders.kernels.gram import gram_times

# So many more columns than asked for: the last of the asked for then converge too.
_SPARE = 32
_ROUNDS = 8


class Axes(NamedTuple):
    """V (n_items, k), orthonormal columns (float32 if few of many); squares (k,): squared singular values, falling."""

    V: NDArray[np.floating]
    squares: NDArray[np.float64]


def leading_axes(matrix: sparse.csr_matrix, k: int | None, seed: int | None) -> Axes:
    """Find the `k` largest, None for all that are not zero. Raises ConfigError if all of them would not fit."""
    if k is None or k + _SPARE >= min(matrix.shape):
        axes = _all_axes(matrix)
        return Axes(axes.V[:, :k], axes.squares[:k])
    # Threads of the BLAS wait for each other, on a busy machine up to thirty times longer; and more give other bits.
    with threadpool_limits(1, user_api="blas"):
        return _few_axes(matrix, k, seed)


def _few_axes(matrix: sparse.csr_matrix, k: int, seed: int | None) -> Axes:
    columns = np.random.default_rng(seed).standard_normal((matrix.shape[1], k + _SPARE), dtype=np.float32)
    for _ in range(_ROUNDS):
        columns = np.ascontiguousarray(linalg.qr(_gram(matrix, columns), mode="economic", overwrite_a=True)[0])
    # Within the subspace the problem is small (Rayleigh and Ritz).
    squares, turn = np.linalg.eigh((columns.T @ _gram(matrix, columns)).astype(np.float64))
    best = np.argsort(-squares)[:k]
    return Axes(columns @ turn[:, best].astype(np.float32), squares[best])


def _gram(matrix: sparse.csr_matrix, columns: NDArray[np.float32]) -> NDArray[np.float32]:
    return gram_times(matrix.indptr, matrix.indices, matrix.data, columns)


def _all_axes(matrix: sparse.csr_matrix) -> Axes:
    """Use the Gram matrix of whichever side is smaller."""
    m = min(matrix.shape)
    _require_memory(m)
    by_item = matrix.shape[1] == m
    wide = matrix.astype(np.float64)
    gram = (wide.T @ wide if by_item else wide @ wide.T).toarray()
    squares, vectors = linalg.eigh(gram, overwrite_a=True)
    kept = np.flatnonzero(squares > squares[-1] * m * np.finfo(np.float64).eps)[::-1]
    squares, vectors = squares[kept], vectors[:, kept]
    return Axes(vectors if by_item else (wide.T @ vectors) / np.sqrt(squares), squares)


def _require_memory(m: int) -> None:
    needed = 3 * 8 * m**2
    there_is = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 8 << 30
    if needed > there_is / 2:
        raise ConfigError(
            f"A dense matrix of {m:,} x {m:,} does not fit (it takes {needed / 1e9:.0f} GB with what is computed from"
            " it): give n_factors, such as 256, to keep the leading axes only."
        )
