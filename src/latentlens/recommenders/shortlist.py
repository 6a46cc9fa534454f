"""A user's best movies, found without scoring them all.

Two bounds rest on |p . q| <= |p| |q| (Cauchy and Schwarz), so that no list ever changes:

- movies lie in order of the most that a demanding user could give them: once the list beats that, the rest stay
  unseen (pruning by length: Teflioudi et al. 2015, "LEMP"; Li et al. 2017, "FEXIPRO");
- canonical axes lie in order of variance: the leading ones nearly give a score, and lengths bound what the rest add.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel

# The leading axes end where the rest typically moves a score by so much of the scale. With fewer, more movies are left
# to be scored in full; with more, the first pass takes longer.
_TYPICAL_REST = 0.01
# So many of the users have factors no longer than the demanding one's.
_DEMANDING = 0.95
# A sample tells how many movies hold the best of so many users. Its lists are long, for users have seen some of it.
_SAMPLE = 64
_SAMPLED_LIST = 50
# So many more movies than asked for are scored in full at first.
_SPARE = 22
_LOWEST = float(np.finfo(np.float32).min)
_EPSILON = float(np.finfo(np.float32).eps)


class Ranking(NamedTuple):
    """A list before it is described: item indexes, best first, and the score of each."""

    items: NDArray[np.int64]
    scores: NDArray[np.float64]


class _Block(NamedTuple):
    """The movies that can get most, up to a place. bounds: (n_leading + 2, n): leading axes, bias, length of the rest.

    `beyond` is the most that a demanding user can give any other movie.
    """

    items: NDArray[np.int64]
    bounds: NDArray[np.float32]
    beyond: float


class Shortlist:
    """The item side of a model, prepared. Movies without train ratings are never listed."""

    def __init__(self, factors: FactorModel) -> None:
        self._factors = factors
        low, high = factors.scale
        rest = _typical_rest(factors.user_factors) * _typical_rest(factors.item_factors)
        self._n_leading = int(np.argmax(rest <= _TYPICAL_REST * (high - low)))
        users = _lengths(factors.user_factors)[factors.user_counts > 0]
        self._demanding = float(np.quantile(users, _DEMANDING)) if len(users) else 0.0
        lengths = _lengths(factors.item_factors)
        self._longest = float(lengths.max(initial=0))
        self._largest_bias = float(np.abs(factors.item_bias).max(initial=0))
        bias = np.where(factors.item_counts > 0, factors.item_bias, np.float32(-np.inf))
        most = bias + self._demanding * lengths
        order = np.argsort(-most, kind="stable")
        self._place = np.argsort(order)
        rest_lengths = _lengths(factors.item_factors[:, self._n_leading :])
        bounds = np.vstack((factors.item_factors[:, : self._n_leading].T, bias, rest_lengths))[:, order]
        stops = [_enough_for_most(factors, bias, most[order]), len(order)]
        self._blocks = [
            _Block(order[:stop], np.ascontiguousarray(bounds[:, :stop]), float(most[order[stop:]].max(initial=-np.inf)))
            for stop in stops[stops[0] > len(order) / 2 :]
        ]

    def best(
        self, user: UserVector, n: int, excluded: NDArray[np.integer], allowed: NDArray[np.bool_] | None = None
    ) -> Ranking:
        """Rank the `n` best of the `allowed` (None: all) without `excluded`; fewer if there are fewer."""
        weights = np.empty(self._n_leading + 2, dtype=np.float32)
        weights[:-2] = user.factors[: self._n_leading]
        weights[-2] = 1
        weights[-1] = _length(user.factors[self._n_leading :])
        length = _length(user.factors)
        more_demanding = max(length - self._demanding, 0.0) * self._longest
        margin = self._rounding(length)
        places = self._place[excluded]
        everywhere = np.empty(len(self._place), dtype=np.float32)
        for block in self._blocks:
            most = weights.dot(block.bounds, out=everywhere[: len(block.items)])
            everywhere[places] = -np.inf
            if allowed is not None:
                most[~allowed[block.items]] = -np.inf
            promising, floor = _largest(most, n + _SPARE)
            ranking = self._rank(user, n, block.items[promising])
            nth = self._without_means(user, ranking.scores[-1]) - margin if 0 < n == len(ranking.items) else -math.inf
            if nth > block.beyond + more_demanding:
                break
        if nth > floor:
            return ranking
        return self._rank(user, n, block.items[(most >= max(nth, _LOWEST)).nonzero()])

    def _rank(self, user: UserVector, n: int, items: NDArray[np.int64]) -> Ranking:
        # Ties go to the smaller index.
        items.sort()
        scores = self._factors.score_for(user.factors, user.bias, items)
        best = (-scores).argsort(kind="stable")[:n]
        return Ranking(items[best], scores[best])

    def _without_means(self, user: UserVector, score: np.float64) -> float:
        """Put a score on the scale of the bounds."""
        return float(score) - self._factors.global_mean - float(user.bias)

    def _rounding(self, length: float) -> float:
        """More than float32 can be wrong by in a bound."""
        largest = 2 * length * self._longest + self._largest_bias
        return 4 * (self._n_leading + 4) * _EPSILON * largest


def _enough_for_most(factors: FactorModel, bias: NDArray[np.float32], most: NDArray[np.float32]) -> int:
    """How many movies, in the order of `most`, hold the best of most users: from a sample of them."""
    known = np.flatnonzero(factors.user_counts)
    sample = known[:: max(len(known) // _SAMPLE, 1)]
    if not len(sample) or len(most) <= _SAMPLED_LIST:
        return len(most)
    scores = factors.user_factors[sample] @ factors.item_factors.T + bias
    last = np.partition(scores, -_SAMPLED_LIST)[:, -_SAMPLED_LIST]
    return int(np.quantile(np.searchsorted(-most, -last, side="right"), _DEMANDING))


def _largest(values: NDArray[np.float32], n: int) -> tuple[NDArray[np.int64], float]:
    """Places of the `n` largest that are finite, and what none of the others exceeds."""
    cut = len(values) - n
    if cut <= 0:
        return np.isfinite(values).nonzero()[0], -math.inf
    places = values.argpartition(cut)[cut:]
    floor = float(values[places[0]])
    return (places if floor > -math.inf else places[np.isfinite(values[places])]), floor


def _length(vector: NDArray[np.float32]) -> float:
    return math.sqrt(vector.dot(vector))


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) Euclidean norms of the rows."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows)))


def _typical_rest(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(k + 1,) root mean square length of the rows without their first 0, 1, ... k axes."""
    squares = np.einsum("ij,ij->j", rows, rows, dtype=np.float64) / max(len(rows), 1)
    return np.asarray(np.sqrt(np.append(np.cumsum(squares[::-1])[::-1], 0.0)))
