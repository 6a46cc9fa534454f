"""A column of ratings: a byte for each, wherever people choose from no more than 256 of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.order import row_blocks

_HALVES = 256


@dataclass(frozen=True, eq=False)
class Stars:
    """Row r has the rating `values[codes[r]]`.

    values: (m,) float32, ascending, all that may occur; codes: (n,) of the smallest unsigned type that holds m - 1.
    """

    values: NDArray[np.float32]
    codes: NDArray[np.unsignedinteger]

    @classmethod
    def of(cls, ratings: NDArray[Any]) -> Stars:
        """From (n,) finite ratings; as float32 they are exact."""
        ratings = np.asarray(ratings, dtype=np.float32)
        codes = _halves(ratings)
        if codes is not None:
            occur = np.flatnonzero(np.bincount(codes, minlength=_HALVES))
            place = np.zeros(_HALVES, np.uint8)
            place[occur] = np.arange(len(occur))
            return cls((occur / 2).astype(np.float32), place.take(codes))
        values, inverse = np.unique(ratings, return_inverse=True)
        return cls(values, inverse.astype(code_type(len(values))))

    @classmethod
    def joined(cls, *columns: Stars) -> list[Stars]:
        """The same columns, all over the values of any."""
        values = np.unique(np.concatenate([column.values for column in columns]))
        dtype = code_type(len(values))
        return [
            cls(values, np.searchsorted(values, column.values).astype(dtype).take(column.codes)) for column in columns
        ]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Stars:
        """Keep some rows (a slice, a mask or row numbers)."""
        return Stars(self.values, self.codes[rows])

    @property
    def ratings(self) -> NDArray[np.float32]:
        """(n,) every rating spelled out."""
        return self.values.take(self.codes)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(m,) how often each value occurs."""
        return np.bincount(self.codes, minlength=len(self.values))

    @property
    def occurring(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The values that do occur, and how often."""
        counts = self.counts
        occur = np.flatnonzero(counts)
        return self.values[occur], counts[occur]

    @property
    def mean(self) -> float:
        """The mean of all rows, at least one."""
        return float(self.counts @ self.values.astype(np.float64)) / len(self)


def code_type(n_values: int) -> np.dtype[Any]:
    """The smallest unsigned type that tells so many values apart."""
    return np.min_scalar_type(max(n_values - 1, 0))


def _halves(ratings: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Twice the ratings, if all are whole or half stars from 0 to 127.5, as nearly all scales have them: no sorting."""
    codes = np.empty(len(ratings), np.uint8)
    for block in row_blocks(len(ratings)):
        twice = ratings[block] * 2
        # NaN fails both comparisons.
        if not (twice.min() >= 0 and twice.max() < _HALVES):
            return None
        codes[block] = twice
        if (codes[block] != twice).any():
            return None
    return codes
