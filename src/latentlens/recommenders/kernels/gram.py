"""X'X times a few columns, with X (users x movies) never multiplied out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.kernels.rows import kernel


@kernel
def _gram_times(indptr, items, values, columns, product):
    k = columns.shape[1]
    row = np.zeros(k, columns.dtype)
    for u in range(len(indptr) - 1):
        row[:] = 0
        for n in range(indptr[u], indptr[u + 1]):
            for f in range(k):
                row[f] += values[n] * columns[items[n], f]
        for n in range(indptr[u], indptr[u + 1]):
            for f in range(k):
                product[items[n], f] += values[n] * row[f]


def gram_times(
    indptr: NDArray[np.int64], items: NDArray[np.int32], values: NDArray[np.float32], columns: NDArray[np.float32]
) -> NDArray[Any]:
    """(n_items, k) X'X `columns`; the row of user u in X has `values` at `items`, from indptr[u] to indptr[u + 1]."""
    product = np.zeros_like(columns)
    _gram_times(indptr, items.view(np.uint32), values, columns, product)
    return product
