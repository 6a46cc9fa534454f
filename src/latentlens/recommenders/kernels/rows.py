"""Primitives on factor rows that the kernels share: dot product, gradient step, prefetch, place in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import DTypeLike, NDArray

from latentlens.recommenders.kernels.vectors import (
    CACHE_LINE,
    VECTOR,
    load,
    plus_product,
    prefetch,
    repeat,
    store,
    times,
    total,
    vectors_of,
)

# Products may be fused with sums. Sums keep the order they are written in: it says what waits for what.
_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
kernel = njit(cache=True, **_OPTIONS)
# Called once per rating, a primitive that is not inlined halves the speed of the kernel around it.
primitive = njit(inline="always", **_OPTIONS)


def aligned_rows(n: int, k: int, dtype: DTypeLike) -> NDArray[Any]:
    """Zeros (n, width), width being k rounded up to whole vectors; every row begins on a cache line.

    Columns beyond k stay zero under these primitives; rows that share no cache line are a fifth faster to visit.
    """
    itemsize = np.dtype(dtype).itemsize
    lanes = VECTOR // itemsize
    width = -(-k // lanes) * lanes
    raw = np.zeros(n * width * itemsize + CACHE_LINE, dtype=np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    return raw[start : start + n * width * itemsize].view(dtype).reshape(n, width)


def are_aligned(rows: NDArray[Any]) -> bool:
    """Whether the primitives here can take this matrix: whole vectors, as `aligned_rows` makes it."""
    whole = rows.strides[0] % VECTOR == 0 and rows.ctypes.data % CACHE_LINE == 0
    return bool(whole and rows.flags.c_contiguous)


@primitive
def dot(P, u, Q, i):
    """P[u] . Q[i], in the dtype of both."""
    product = repeat(P.dtype.type(0))
    for v in range(vectors_of(P)):
        product = plus_product(product, load(P, u, v), load(Q, i, v))
    return total(product)


@primitive
def add(P, u, amount, Q, i):
    """Add amount Q[i] to P[u]."""
    amount = repeat(amount)
    for v in range(vectors_of(P)):
        store(P, u, v, plus_product(load(P, u, v), amount, load(Q, i, v)))


@primitive
def step(P, u, Q, i, keep_p, move_p, keep_q, move_q):
    """Move both rows from their values p, q: P[u] to keep_p p + move_p q, and Q[i] to keep_q q + move_q p."""
    keep_p, move_p, keep_q, move_q = repeat(keep_p), repeat(move_p), repeat(keep_q), repeat(move_q)
    for v in range(vectors_of(P)):
        p, q = load(P, u, v), load(Q, i, v)
        store(P, u, v, plus_product(times(keep_p, p), move_p, q))
        store(Q, i, v, plus_product(times(keep_q, q), move_q, p))


@primitive
def dots(P, u, Q, i, j):
    """P[u] . Q[i], P[u] . Q[j] and Q[i] . Q[j], in one pass."""
    pi = pj = ij = repeat(P.dtype.type(0))
    for v in range(vectors_of(P)):
        p, q, r = load(P, u, v), load(Q, i, v), load(Q, j, v)
        pi, pj, ij = plus_product(pi, p, q), plus_product(pj, p, r), plus_product(ij, q, r)
    return total(pi), total(pj), total(ij)


@primitive
def two_steps(P, u, Q, i, j, keep_p, moves_p, keep_q, moves_q):
    """`step` with Q[i], then `step` with Q[j] (j not being i), in one pass; a pair of `moves` is one for each."""
    keep_p, move_pi, move_pj = repeat(keep_p), repeat(moves_p[0]), repeat(moves_p[1])
    keep_q, move_qi, move_qj = repeat(keep_q), repeat(moves_q[0]), repeat(moves_q[1])
    for v in range(vectors_of(P)):
        p, q, r = load(P, u, v), load(Q, i, v), load(Q, j, v)
        between = plus_product(times(keep_p, p), move_pi, q)
        store(Q, i, v, plus_product(times(keep_q, q), move_qi, p))
        store(Q, j, v, plus_product(times(keep_q, r), move_qj, between))
        store(P, u, v, plus_product(times(keep_p, between), move_pj, r))


@primitive
def prefetch_row(rows, index):
    """Ask for row `index` of a matrix, which is needed soon."""
    for v in range(vectors_of(rows)):
        prefetch(rows, index, v)
