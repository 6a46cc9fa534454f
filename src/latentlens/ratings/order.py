"""Rows user by user, in time and memory linear in the rows; what is sorted is not sorted again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# Rows that are looked at together: bounds the memory of whatever is computed by row.
BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class ByUser:
    """Where the rows of each user are, in the order of the data.

    indptr: (n_users + 1,) int64; user u has the places `indptr[u]:indptr[u + 1]`. order: (n,) the rows at these places,
    None where place and row are the same.
    """

    indptr: NDArray[np.int64]
    order: NDArray[np.int64] | None

    @classmethod
    def of(cls, user_index: NDArray[np.int32], n_users: int) -> ByUser:
        """Find the rows of `n_users` users."""
        indptr = np.zeros(n_users + 1, dtype=np.int64)
        np.cumsum(np.bincount(user_index, minlength=n_users), out=indptr[1:])
        is_sorted = all(bool((part[1:] >= part[:-1]).all()) for part in _overlapping(user_index))
        return cls(indptr, None if is_sorted else _stable_order(user_index))

    def rows(self, first: int, last: int) -> slice | NDArray[np.int64]:
        """Rows of the users from `first` up to, not including, `last`, user by user."""
        places = slice(self.indptr[first], self.indptr[last])
        return places if self.order is None else self.order[places]


def ascends(users: NDArray[np.int32], items: NDArray[np.int32]) -> bool:
    """Whether rows are sorted by user, then by item, every pair once."""
    return all(
        bool(((u[1:] > u[:-1]) | ((u[1:] == u[:-1]) & (i[1:] > i[:-1]))).all())
        for u, i in zip(_overlapping(users), _overlapping(items), strict=True)
    )


def user_blocks(indptr: NDArray[np.int64], most: int = BLOCK) -> Iterator[tuple[int, int]]:
    """Users from-to (the end not included), all of them in turn, with about `most` places or one user's."""
    n_users = len(indptr) - 1
    starts = np.unique(np.searchsorted(indptr[1:-1], np.arange(most, indptr[-1], most))) + 1
    yield from pairwise([0, *starts[starts < n_users].tolist(), n_users])


def row_blocks(n_rows: int, most: int = BLOCK) -> Iterator[slice]:
    """All rows in turn, at most so many at a time."""
    for start in range(0, n_rows, most):
        yield slice(start, min(start + most, n_rows))


def _overlapping(column: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    """A column in blocks; each begins with the last row of the one before."""
    for block in row_blocks(len(column)):
        yield column[max(block.start - 1, 0) : block.stop]


def _stable_order(index: NDArray[np.int32]) -> NDArray[np.int64]:
    # numpy counts 16-bit keys instead of comparing them: two passes sort 32 bits, the lower half first.
    order = np.argsort(index.astype(np.uint16), kind="stable")
    high = (index >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order
