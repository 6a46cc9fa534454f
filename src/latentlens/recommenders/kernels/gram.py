"""X'X times a few columns, with X (users x movies) never multiplied out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from latentlens.processes import usable_cores
from latentlens.recommenders.kernels.rows import add, aligned_rows, kernel, prefetch_row

_AHEAD = 6


@kernel
def _gram_times(indptr, items, values, columns, product, row):
    for u in range(len(indptr) - 1):
        start, end = indptr[u], indptr[u + 1]
        row[:] = 0
        for n in range(start, end):
            prefetch_row(columns, items[min(n + _AHEAD, end - 1)])
            add(row, 0, values[n], columns, items[n])
        for n in range(start, end):
            prefetch_row(product, items[min(n + _AHEAD, end - 1)])
            add(product, items[n], values[n], row, 0)


def gram_times(
    indptr: NDArray[np.integer], items: NDArray[np.int32], values: NDArray[np.float32], columns: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n_items, k) X'X `columns`; the row of user u in X has `values` at `items`, from indptr[u] to indptr[u + 1].

    Each thread takes some of the columns: the bits do not depend on how many threads there are.
    """
    n, k = columns.shape
    unsigned = items.view(np.uint32)

    def part(some: NDArray[np.float32]) -> NDArray[np.float32]:
        given, product = (aligned_rows(n, some.shape[1], np.float32) for _ in range(2))
        given[:, : some.shape[1]] = some
        _gram_times(indptr, unsigned, values, given, product, aligned_rows(1, some.shape[1], np.float32))
        return product[:, : some.shape[1]]

    n_threads = min(usable_cores(), k)
    with ThreadPoolExecutor(n_threads) as pool:
        return np.hstack(list(pool.map(part, np.array_split(columns, n_threads, axis=1))))
