"""Orders in which kernels visit ratings."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from latentlens.processes import usable_cores
from latentlens.ratings.order import ByUser
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings

# A thread visits its movies in tiles, the most rated first: the rows of so many (1.3 MB at k=150) stay in its cache,
# the second tile's do not push them out, and the rest comes by once.
_TILES = (2048, 8192)
# Fewer ratings than this are not worth a thread: it would wait for the others too much of its time.
_WORTH_A_THREAD = 500_000
# A thread takes so many ratings of its users, then of the next, and so on: blocks of movies that are long apart would
# learn axes of their own, which cost epochs to bring together.
_PART = 500_000


class Visits(NamedTuple):
    """Ratings in the order in which a kernel visits them: columns of equal length.

    rounds: slices of the columns, walked round after round; those of one round share no user and no movie, so that
    threads walk them at the same time and never race. One slice of one round is one order.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    stars: Stars
    rounds: tuple[tuple[slice, ...], ...] = ((slice(None),),)


def worthwhile_threads(n_ratings: int) -> int:
    """How many threads pay for so many ratings, of those that this process may use."""
    return max(min(usable_cores(), n_ratings // _WORTH_A_THREAD), 1)


def order_for(ratings: Ratings, n_threads: int) -> tuple[Visits, NDArray[np.int64]]:
    """`by_user` for one thread and few ratings; else `in_blocks`, a third faster. With the place of each movie."""
    if n_threads == 1 and len(ratings) < 2 * _WORTH_A_THREAD:
        return by_user(ratings), np.arange(ratings.n_items)
    return in_blocks(ratings, n_threads)


def by_user(ratings: Ratings) -> Visits:
    """User by user, in the order of the data within a user: the user's row stays in the cache.

    Rows that lie so already are not copied. This is also Surprise's order, but for the order of the users.
    """
    rows = ByUser.of(ratings.user_index, ratings.n_users).rows(0, ratings.n_users)
    return Visits(ratings.user_index[rows], ratings.item_index[rows], ratings.stars[rows])


def in_blocks(ratings: Ratings, n_threads: int) -> tuple[Visits, NDArray[np.int64]]:
    """Rounds for threads (Gemulla et al. 2011, "DSGD"), by user within a tile of movies; and each movie's place.

    Movies are dealt to `n_threads` blocks by turns, the most rated first, and lie there by popularity: (n_items,) says
    where, which is what `Visits.items` refers to. Users keep their places; parts of them have equal shares of the
    ratings. Each thread takes a part, and in each round another block of movies; then all take their next part.
    """
    n = ratings.n_items
    rank = np.empty(n, np.int64)
    rank[np.argsort(-ratings.item_counts, kind="stable")] = np.arange(n)
    position, block = np.divmod(rank, n_threads)
    place = np.argsort(np.argsort(block * n + position))
    return _arranged(ratings, n_threads, place, block, np.searchsorted(_TILES, position, side="right")), place


def _arranged(
    ratings: Ratings,
    n_threads: int,
    place: NDArray[np.int64],
    block: NDArray[np.int64],
    tile: NDArray[np.int64],
) -> Visits:
    """Sort by round, part of the users, tile and user, in two passes; `block` and `tile` of each movie are given."""
    n_parts = n_threads * max(len(ratings) // (n_threads * _PART), 1)
    shares = np.arange(n_parts + 1) * len(ratings) / n_parts
    firsts = np.searchsorted(np.cumsum(ratings.user_counts), shares, side="right")
    firsts[0], firsts[-1] = 0, ratings.n_users
    columns = ratings.user_index, ratings.item_index, ratings.stars.codes
    users, items, codes = (np.empty_like(column) for column in columns)
    edges = _place(*columns, n_threads, firsts, place, block, tile, users, items, codes).tolist()
    slices = [slice(*ends) for ends in pairwise(edges)]
    rounds = tuple(tuple(slices[start : start + n_threads]) for start in range(0, len(slices), n_threads))
    return Visits(users, items, Stars(ratings.stars.values, codes), rounds)


@njit(cache=True, nogil=True)
def _place(user_index, item_index, star, n_threads, firsts, place, block, tile, users, items, stars):  # type: ignore[no-untyped-def]
    """A counting sort: no memory but its result and a count for each user, block and tile of movies."""
    n_parts, n_users = len(firsts) - 1, firsts[-1]
    counts = np.zeros((n_threads, tile.max() + 1, n_users), np.int64)
    for n in range(len(star)):
        counts[block[item_index[n]], tile[item_index[n]], user_index[n]] += 1
    edges = np.zeros(n_parts * n_threads + 1, np.int64)
    end = 0
    for cell in range(n_parts * n_threads):
        number, thread = divmod(cell, n_threads)
        part = number // n_threads * n_threads + thread
        b = (number + thread) % n_threads
        for t in range(counts.shape[1]):
            for u in range(firsts[part], firsts[part + 1]):
                count = counts[b, t, u]
                counts[b, t, u] = end
                end += count
        edges[cell + 1] = end
    for n in range(len(star)):
        u, i = user_index[n], item_index[n]
        at = counts[block[i], tile[i], u]
        counts[block[i], tile[i], u] += 1
        users[at], items[at], stars[at] = u, place[i], star[n]
    return edges
