"""The best movies of many users: the lists of `Shortlist`, user by user the same, at the speed of a matrix product.

Movies lie in order of the most that a user could give them (|p . q| <= |p| |q|), and are scored by blocks, in float32,
for a tile of users at once; who has a list that the rest cannot enter, drops out (Teflioudi et al. 2015, "LEMP"). What
float32 cannot tell apart is scored again, exactly.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from latentlens.ratings.history import History
from latentlens.recommenders.kernels.best import Kept, keep_best
from latentlens.recommenders.portable import FactorModel

# Users and movies of one product: 2 MB of scores, which stay in the cache until they are looked through.
_TILE, _BLOCK = 256, 2048
# Users are told apart by so many lengths when the rest is bounded.
_N_LENGTHS = 32


class Lists(NamedTuple):
    """A row for each user: items (n_users, n), best first, -1 where there are fewer; scores, NaN there."""

    items: NDArray[np.int64]
    scores: NDArray[np.float64]


class _Asked(NamedTuple):
    """Whose lists, without what they rated, of how many movies."""

    people: FactorModel
    rated: History
    n: int


class Bulk:
    """The item side of a model, prepared; its users, some of all, tell what is usual. Of use for any others, too.

    Movies without train ratings are never listed, nor what a user has rated. allowed: (n_items,) which others may be;
    None: all.
    """

    def __init__(self, factors: FactorModel, allowed: NDArray[np.bool_] | None = None) -> None:
        listed = factors.item_counts > 0 if allowed is None else (factors.item_counts > 0) & allowed
        users, movies = _lengths(factors.user_factors), _lengths(factors.item_factors)
        bias = factors.item_bias.astype(np.float64)
        self._levels = np.quantile(users, np.linspace(0, 1, _N_LENGTHS + 1)) if len(users) else np.zeros(1)
        items = np.flatnonzero(listed)
        most = bias[items] + self._levels[-2:].mean() * movies[items]
        self._items = items[np.argsort(-most, kind="stable")]
        self._place = np.full(len(listed), -1)
        self._place[self._items] = np.arange(len(items))
        # A column of biases makes scores of products.
        k = factors.item_factors.shape[1]
        self._rows = np.empty((len(items), k + 1), np.float32)
        factors.item_factors.take(self._items, axis=0, out=self._rows[:, :k], mode="clip")
        self._rows[:, k] = factors.item_bias[self._items]
        self._firsts = range(0, len(items), _BLOCK)
        bias, movies = bias[self._items], movies[self._items]
        # The last level is of users longer than any known here: nothing bounds the rest.
        rest = [self._most_from(bias + level * movies) for level in self._levels]
        self._rest = np.array([*rest, np.where(np.isfinite(rest[0]), np.inf, rest[0])])
        # More than float32 can be wrong by in a score, of a user of length 1 and of one of length 0.
        error = 2 * (k + 4) * float(np.finfo(np.float32).eps)
        self._error = error * movies.max(initial=0), error * np.abs(bias).max(initial=0)

    def _most_from(self, most: NDArray[np.float64]) -> NDArray[np.float64]:
        """The most of any movie after each block."""
        by_block = np.maximum.reduceat(most, self._firsts)[1:] if len(most) else np.empty(0)
        return np.append(np.maximum.accumulate(by_block[::-1])[::-1], -np.inf)

    def top(self, people: FactorModel, rated: History, n: int, n_threads: int = 1) -> Lists:
        """Rank the `n` best movies for each user of `people`, a model with the same item side.

        rated: row for row, what is left out of their lists. The number of threads changes the time alone.
        """
        users = np.arange(len(people.user_bias))
        if not len(users):
            return Lists(np.empty((0, n), np.int64), np.empty((0, n)))
        asked = _Asked(people, rated, n)
        tiles = [users[start : start + _TILE] for start in range(0, len(users), _TILE)]
        # Each thread has its own product; threads of the BLAS on top would only wait for each other.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
            lists = list(pool.map(lambda tile: self._tile(asked, tile, max(4 * n, 64)), tiles))
        return Lists(*(np.concatenate(parts) for parts in zip(*lists, strict=True)))

    def _tile(self, asked: _Asked, users: NDArray[np.integer], room: int) -> Lists:
        """Scores by blocks, then exact ones of what may be among the best; `room` is for so many of each user."""
        vectors = np.ones((len(users), self._rows.shape[1]), np.float32)
        vectors[:, :-1] = asked.people.user_factors[users]
        lengths = _lengths(vectors[:, :-1])
        level = np.searchsorted(self._levels, lengths)
        error = self._error[0] * lengths + self._error[1]
        slack = (2 * error).astype(np.float32)
        indptr, unlisted = self._unlisted(asked.rated, users)
        kept = Kept.nothing(len(users), room)
        rows = np.arange(len(users))
        for number, first in enumerate(self._firsts):
            scores = vectors[rows] @ self._rows[first : first + _BLOCK].T
            keep_best(scores, first, rows, asked.n, slack, unlisted, indptr, kept)
            rows = rows[kept.floors[rows] <= self._rest[level[rows], number] + error[rows]]
            if not len(rows):
                break
        lists = self._ranked(asked, users, kept)
        crowded = np.flatnonzero(kept.counts < 0)
        if len(crowded):
            for whole, part in zip(lists, self._tile(asked, users[crowded], 4 * room), strict=True):
                whole[crowded] = part
        return lists

    def _unlisted(self, rated: History, users: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of what each user rated, ascending, and where each user's end."""
        places = [np.sort(self._place[rated.items_of(user)]) for user in users.tolist()]
        return np.cumsum([0, *map(len, places)]), np.concatenate(places)

    def _ranked(self, asked: _Asked, users: NDArray[np.integer], kept: Kept) -> Lists:
        """The first of what was kept, by exact scores; ties go to the smaller index."""
        rows, columns = np.nonzero(np.arange(kept.places.shape[1]) < kept.counts[:, None])
        items = self._items[kept.places[rows, columns]]
        scores, n = asked.people.score(users[rows], items), asked.n
        order = np.lexsort((items, -scores, rows))
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        rows, listed = rows[rank < n], order[rank < n]
        rank = rank[rank < n]
        lists = Lists(np.full((len(users), n), -1), np.full((len(users), n), np.nan))
        lists.items[rows, rank], lists.scores[rows, rank] = items[listed], scores[listed]
        return lists


def _lengths(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) Euclidean norms of the rows."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)))
