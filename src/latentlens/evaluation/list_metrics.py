"""What lists are like, whether they hit or not: how much of the catalogue they show, how popular, how varied.

lists: (n_users, k) item indexes, -1 at the places that a short list leaves empty; an empty list has the value NaN.
counts: (n_items,) train ratings of each movie, which every listed one has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Lists = NDArray[np.integer]
Values = NDArray[np.float64]


def times_listed(lists: Lists, n_items: int) -> NDArray[np.int64]:
    """(n_items,) how many lists each movie is in."""
    return np.bincount(lists[lists >= 0], minlength=n_items)


def coverage(listed: NDArray[np.integer]) -> float:
    """Share of the movies that are in any list; `listed`: (n,) `times_listed` of those that could be."""
    return float(np.mean(listed > 0))


def gini(listed: NDArray[np.integer]) -> float:
    """How unevenly lists fall on the movies, of `coverage`: 0 if all are listed alike, near 1 if one has all of it."""
    n = len(listed)
    # Half the mean difference of two movies, as a share of the mean: sums over the sorted ones.
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ np.sort(listed) / (n * max(listed.sum(), 1)))


def novelty(lists: Lists, counts: NDArray[np.integer], n_users: int) -> Values:
    """(n_users,) mean over the list of -log2(share of the `n_users` train users who rated the movie), in bits.

    Mean self-information: Zhou et al. 2010, "Solving the apparent diversity-accuracy dilemma".
    """
    return _mean_of_list(lists, np.log2(n_users / np.maximum(counts, 1)))


def popularity(lists: Lists, counts: NDArray[np.integer]) -> Values:
    """(n_users,) mean train ratings of the listed movies; its mean is the ARP of Yin et al. 2012."""
    return _mean_of_list(lists, counts)


def diversity(lists: Lists, genres: NDArray[np.bool_]) -> Values:
    """(n_users,) 1 - mean cosine of the genres of two movies of the list, from 0 (all alike) to 1.

    genres: (n_items, n_genres). Movies without a genre are left out; NaN for a list that has not two others. Intra-list
    diversity: Ziegler et al. 2005, with genres as the likeness, so that all models are held to the same one.
    """
    lengths = np.sqrt(genres.sum(axis=1, dtype=np.float64))[:, None]
    # The row of zeros is that of the empty places.
    directions = np.vstack((genres / np.maximum(lengths, 1), np.zeros((1, genres.shape[1]))))
    described = np.append(lengths.ravel() > 0, False)
    # Place by place, as (n_users, k, n_genres) would be large. The sum of all cosines is the squared length of the sum.
    total = np.zeros((len(lists), genres.shape[1]))
    for place in lists.T:
        total += directions[place]
    n = described[lists].sum(axis=1)
    pairs = np.where(n > 1, n * (n - 1), np.nan)
    cosine = (np.einsum("ij,ij->i", total, total) - n) / pairs
    return np.asarray(np.clip(1 - cosine, 0, 1))


def _mean_of_list(lists: Lists, values: NDArray[np.number]) -> Values:
    listed = lists >= 0
    n = listed.sum(axis=1)
    return np.asarray(np.where(listed, values[lists], 0).sum(axis=1) / np.where(n > 0, n, np.nan))
