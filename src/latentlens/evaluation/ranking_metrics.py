"""Metrics of lists, a value per user from 0 to 1, as functions of arrays; the mean is the caller's.

hits: (n_users, k) bool, whether the movie at each place, best first, is relevant to the user; k >= 1. A list that is
shorter than k has no hits at its end. n_relevant: (n_users,) how many movies are relevant to each, listed or not; >= 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hits = NDArray[np.bool_]
Values = NDArray[np.float64]


def precision(hits: Hits) -> Values:
    """Share of the k places that are hits."""
    return np.asarray(hits.mean(axis=1, dtype=np.float64))


def recall(hits: Hits, n_relevant: NDArray[np.integer]) -> Values:
    """Share of the relevant movies that are listed."""
    return np.asarray(hits.sum(axis=1) / n_relevant)


def hit_rate(hits: Hits) -> Values:
    """1 if anything listed is relevant, otherwise 0."""
    return np.asarray(hits.any(axis=1), dtype=np.float64)


def ndcg(hits: Hits, n_relevant: NDArray[np.integer]) -> Values:
    """Hits, each worth 1 / log2(1 + rank), as a share of those of the ideal list of k (Järvelin & Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    # Both are summed place by place, so that the ideal list has exactly 1 and none has more.
    gained = np.cumsum(hits * discount, axis=1)[:, -1]
    return np.asarray(gained / np.cumsum(discount)[_findable(hits, n_relevant) - 1])


def average_precision(hits: Hits, n_relevant: NDArray[np.integer]) -> Values:
    """Sum of the precision at each hit over min(k, n_relevant), the most hits there can be; its mean is MAP@k."""
    ranks = np.arange(1, hits.shape[1] + 1)
    at_hits = np.where(hits, np.cumsum(hits, axis=1) / ranks, 0)
    return np.asarray(at_hits.sum(axis=1) / _findable(hits, n_relevant))


def reciprocal_rank(hits: Hits) -> Values:
    """1 / rank of the first hit, 0 without one; its mean is MRR@k."""
    return np.asarray(np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0))


def _findable(hits: Hits, n_relevant: NDArray[np.integer]) -> NDArray[np.integer]:
    return np.asarray(np.minimum(n_relevant, hits.shape[1]))
