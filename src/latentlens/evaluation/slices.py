"""What is measured for the few-rated and for the many-rated apart: a mean over all hides both."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.evaluation.rating_metrics import rmse

# Each slice begins here and ends before the next one: about half a power of ten.
_STARTS = (0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


class Slice(NamedTuple):
    """Rows with so many train ratings behind them, `low` to `high`, both included (None for no end), and a metric."""

    low: int
    high: int | None
    n_rows: int
    value: float

    @property
    def label(self) -> str:
        """The range in words, such as 3-9."""
        if self.high is None:
            return f"{self.low:,}+"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"


def rmse_by_count(
    counts: NDArray[np.integer], actual: NDArray[np.floating], predicted: NDArray[np.floating]
) -> list[Slice]:
    """RMSE of test rows (n,) by how many train ratings the movie, or the user, of each has; see `by_count`."""
    return by_count(counts, lambda rows: rmse(actual[rows], predicted[rows]))


def mean_by_count(counts: NDArray[np.integer], values: NDArray[np.floating | np.bool_]) -> list[Slice]:
    """Mean of (n,) values, one per user or row, by how many train ratings stand behind each; see `by_count`."""
    return by_count(counts, lambda rows: float(np.mean(values[rows], dtype=np.float64)))


def by_count(counts: NDArray[np.integer], measure: Callable[[NDArray[np.bool_]], float]) -> list[Slice]:
    """Measure the rows (an (n,) mask) of each range of counts (n,), fewest first; only ranges that have rows."""
    number = (np.searchsorted(_STARTS, counts, side="right") - 1).astype(np.int8)
    ends: list[int | None] = [start - 1 for start in _STARTS[1:]]
    ends.append(None)
    found = []
    for j in np.flatnonzero(np.bincount(number)).tolist():
        rows = number == j
        found.append(Slice(_STARTS[j], ends[j], int(rows.sum()), measure(rows)))
    return found
