"""Errors of the few-rated and of the many-rated apart: a mean over all rows hides both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.evaluation.metrics import rmse

# Each slice begins here and ends before the next one: about half a power of ten.
_STARTS = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


class Slice(NamedTuple):
    """Test rows whose movie (or user) has so many train ratings: `low` to `high`, both included; None for no end."""

    low: int
    high: int | None
    n_rows: int
    rmse: float

    @property
    def label(self) -> str:
        """The range in words, such as 3-9."""
        if self.high is None:
            return f"{self.low:,}+"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"


def rmse_by_count(
    counts: NDArray[np.integer], actual: NDArray[np.floating], predicted: NDArray[np.floating]
) -> list[Slice]:
    """RMSE of rows (n,) by how many train ratings stand behind each, fewest first; only slices that have rows."""
    number = np.searchsorted(_STARTS, counts, side="right") - 1
    ends: list[int | None] = [start - 1 for start in _STARTS[1:]]
    ends.append(None)
    found = []
    for j in np.unique(number).tolist():
        rows = number == j
        found.append(Slice(_STARTS[j], ends[j], int(rows.sum()), rmse(actual[rows], predicted[rows])))
    return found
