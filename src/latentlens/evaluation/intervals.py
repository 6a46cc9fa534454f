"""How far a mean over users can be trusted, and whether two models differ by more than chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Bounds the memory: numbers drawn at a time.
_DRAWN = 1 << 20


class Interval(NamedTuple):
    """From `low` to `high`, both included."""

    low: float
    high: float


def bootstrap_interval(
    values: NDArray[np.floating],
    weights: NDArray[np.number] | None = None,
    *,
    level: float = 0.95,
    n_resamples: int = 1_000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of the mean of (n,) values, one per user; n >= 1 (Efron 1979).

    Users are drawn anew with replacement `n_resamples` times. Of the differences of two models on the same users this
    is the interval of their difference. weights: (n,) above 0, None for all alike; with numbers of rows, values being
    means over each user's, it is the interval of the mean over rows, those of a user staying together.
    """
    random = np.random.default_rng(seed)
    n = len(values)
    means = []
    for size in _batches(n_resamples, n):
        drawn = random.integers(n, size=(size, n), dtype=np.int32)
        if weights is None:
            means.append(values[drawn].mean(axis=1, dtype=np.float64))
        else:
            means.append((values * weights)[drawn].sum(axis=1) / weights[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def paired_p_value(
    one: NDArray[np.floating], other: NDArray[np.floating], n_permutations: int = 10_000, seed: int = 0
) -> float:
    """p-value of no difference between two models, by their (n,) values for the same users; both-sided.

    Fisher's randomisation test: were there none, each user's difference could as well have the other sign. Smucker,
    Allan & Carterette 2007 recommend it for rankings, where differences are far from normal. It is never 0: the signs
    as they are count as one of the permutations.
    """
    difference = np.subtract(one, other, dtype=np.float64)
    # A user without a difference changes no sum.
    difference = difference[difference != 0]
    random = np.random.default_rng(seed)
    n = len(difference)
    # Rounding must not tell apart what is equal.
    observed = abs(difference.sum()) - 1e-9 * np.abs(difference).sum()
    as_large = 1
    for size in _batches(n_permutations, n):
        signs = random.integers(2, size=(size, n), dtype=np.int8) * np.int8(2) - np.int8(1)
        as_large += int((np.abs(signs @ difference) >= observed).sum())
    return as_large / (n_permutations + 1)


def _batches(n_rows: int, width: int) -> Iterator[int]:
    """Sizes of batches that make `n_rows` rows of this width."""
    step = max(_DRAWN // max(width, 1), 1)
    for start in range(0, n_rows, step):
        yield min(step, n_rows - start)
