"""The few movies that can be among a user's best, found without scoring them all.

Two bounds rest on |p . q| <= |p| |q| (Cauchy and Schwarz), so that no list ever changes:

- movies lie in order of the most that a demanding user could give them: once the list beats that, the rest stay
  unseen (pruning by length: Teflioudi et al. 2015, "LEMP"; Li et al. 2017, "FEXIPRO");
- canonical axes lie in order of variance: the leading ones nearly give a score, and lengths bound what the rest add.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel

# The leading axes end where the rest typically moves a score by so much of the scale. With fewer, more movies are left
# to be scored in full; with more, the first pass takes longer.
_TYPICAL_REST = 0.01
# So many of the users have factors no longer than the demanding one's.
_DEMANDING = 0.95
_FIRST_BLOCK = 3072
_LOWEST = np.finfo(np.float32).min


class Shortlist:
    """The item side of a model, prepared. Movies without train ratings are never candidates."""

    def __init__(self, factors: FactorModel) -> None:
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
        self._order = np.argsort(-most, kind="stable")
        self._position = np.argsort(self._order)
        self._bias, self._most = bias[self._order], most[self._order]
        leading, trailing = np.split(factors.item_factors[self._order], [self._n_leading], axis=1)
        self._leading, self._rest = np.ascontiguousarray(leading.T), _lengths(trailing)

    def candidates(
        self, user: UserVector, n: int, excluded: NDArray[np.integer], allowed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Item indexes, ascending: the `n` best of the `allowed` (None: all) without `excluded`, and a few more.

        All that tie with the last of the `n` are among them.
        """
        leading = user.factors[: self._n_leading]
        length, rest = _length(user.factors), _length(user.factors[self._n_leading :])
        margin = self._rounding(length)
        excluded_places = self._position[excluded]
        stop = 0
        while True:
            stop = min(max(2 * stop, _FIRST_BLOCK), len(self._order))
            rough = leading @ self._leading[:, :stop] + self._bias[:stop]
            rough[excluded_places[excluded_places < stop]] = -np.inf
            if allowed is not None:
                rough[~allowed[self._order[:stop]]] = -np.inf
            bound = rest * self._rest[:stop]
            nth = _nth_best(rough - bound, n) - margin
            if stop == len(self._order) or nth > self._most_beyond(stop, length) + margin:
                found = self._order[(rough + bound >= max(nth - margin, _LOWEST)).nonzero()]
                found.sort()
                return found

    def _most_beyond(self, position: int, length: float) -> float:
        """The most that a user with factors of this length can give the movies from `position` on."""
        return float(self._most[position]) + max(length - self._demanding, 0.0) * self._longest

    def _rounding(self, length: float) -> float:
        """More than float32 can be wrong by in a sum over the leading axes."""
        largest = length * self._longest + self._largest_bias
        return 4 * (self._n_leading + 4) * float(np.finfo(np.float32).eps) * largest


def _nth_best(scores: NDArray[np.float32], n: int) -> float:
    """Return the n-th largest, -inf if there are fewer. Changes the order of `scores`."""
    place = len(scores) - max(n, 1)
    if place < 0:
        return -np.inf
    scores.partition(place)
    return float(scores[place])


def _length(vector: NDArray[np.float32]) -> float:
    return float(np.sqrt(vector @ vector))


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) Euclidean norms of the rows."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows)))


def _typical_rest(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(k + 1,) root mean square length of the rows without their first 0, 1, ... k axes."""
    squares = np.einsum("ij,ij->j", rows, rows, dtype=np.float64) / max(len(rows), 1)
    return np.asarray(np.sqrt(np.append(np.cumsum(squares[::-1])[::-1], 0.0)))
