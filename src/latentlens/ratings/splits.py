"""Parts of a ratings table: the guide's sampling, and train and test sides."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.order import BLOCK, ByUser, row_blocks, user_blocks
from latentlens.ratings.table import Ratings

# What notes call the two.
_SIDES = ("train side", "test side")


class Split(NamedTuple):
    """Two sets of rows without a row in common; `rule` says how they were made."""

    train: Ratings
    test: Ratings
    rule: str


def random_split(ratings: Ratings, test_size: float = 0.2, seed: int = 42, sides: tuple[str, str] = _SIDES) -> Split:
    """Put a share `test_size` (above 0, below 1) of the rows, drawn without replacement, on the test side.

    `sides`: what the notes call the two.
    """
    _check_share(test_size)
    is_test = draw(len(ratings), round(len(ratings) * test_size), np.random.default_rng(seed))
    return _split(ratings, is_test, f"random, test_size={test_size:g}, seed={seed}", sides)


def draw(n: int, n_drawn: int, random: np.random.Generator, most: int = BLOCK) -> NDArray[np.bool_]:
    """(n,) mask of `n_drawn` of n rows, drawn without replacement, all with the same chance.

    Each block of `most` rows is told how many of the drawn are its own (hypergeometric), then draws them: a shuffle of
    all rows at once would wait for memory.
    """
    drawn = np.zeros(n, dtype=np.bool_)
    for block in row_blocks(n, most):
        size, after = block.stop - block.start, n - block.stop
        here = int(random.hypergeometric(size, after, n_drawn)) if after else n_drawn
        drawn[block.start + random.permutation(size)[:here]] = True
        n_drawn -= here
    return drawn


def hold_out(train: Ratings, size: float) -> tuple[Ratings, Ratings | None]:
    """Take a share `size` (0 or above, below 1) out of the train side, to be watched: what is left, and the share."""
    if not size:
        return train, None
    fitted_on, validation, _ = random_split(train, size, seed=0, sides=("fitted", "validation side"))
    return fitted_on, validation


def leave_last_n(ratings: Ratings, n: int = 1) -> Split:
    """Put each user's `n` latest ratings on the test side; users with no more than `n` stay in train.

    Ratings of one second keep the order of the data.
    """
    if n < 1:
        raise ConfigError(f"leave_last_n needs at least 1 rating per user, not {n}.")
    time = _times(ratings)
    by_user = ByUser.of(ratings.user_index, ratings.n_users)
    is_test = np.zeros(len(ratings), dtype=np.bool_)
    for first, last in user_blocks(by_user.indptr):
        rows = by_user.rows(first, last)
        users = ratings.user_index[rows]
        # Stable, as everything here: rows of one second stay in order.
        order = np.lexsort((time[rows], users))
        from_end = by_user.indptr[users + 1] - by_user.indptr[first] - np.arange(len(users))
        of_block = np.empty(len(users), dtype=np.bool_)
        of_block[order] = (from_end <= n) & (ratings.user_counts[users] > n)
        is_test[rows] = of_block
    return _split(ratings, is_test, f"leave-last-{n}")


def time_cut(ratings: Ratings, test_size: float = 0.2) -> Split:
    """Put the latest ratings of all, a share `test_size` (above 0, below 1) or little more, on the test side.

    What a model would have met: everything before one moment is known, nothing after it. Ratings of the second of the
    cut are all on the test side.
    """
    _check_share(test_size)
    n_test = math.ceil(len(ratings) * test_size)
    cut = np.partition(_times(ratings), -n_test)[-n_test]
    rule = f"time cut, test_size={test_size:g}, from {np.datetime64(int(cut), 's')}"
    return _split(ratings, _times(ratings) >= cut, rule)


def k_folds(ratings: Ratings, k: int = 5, seed: int = 42) -> Iterator[Split]:
    """Cut the rows into `k` random folds, whose sizes differ by one at most; each is the test side of one split."""
    if not 2 <= k <= len(ratings):
        raise ConfigError(f"{k} folds of {len(ratings)} ratings cannot be made: give 2 folds or more, not above those.")
    fold = np.random.default_rng(seed).permutation(len(ratings)) % k
    return (_split(ratings, fold == j, f"fold {j + 1} of {k}, seed={seed}") for j in range(k))


def most_active(ratings: Ratings, users: int | None = None, movies: int | None = None) -> Ratings:
    """Keep the ratings of the `users` most active users of the `movies` most rated movies.

    Both are counted on the whole table; ties go to the smaller id. None keeps all. Who is left without a rating is
    forgotten, so that a model of the sample is no larger than it.
    """
    keep = np.ones(len(ratings), dtype=np.bool_)
    if users is not None:
        keep &= _largest(ratings.user_counts, users, "most-active-users")[ratings.user_index]
    if movies is not None:
        keep &= _largest(ratings.item_counts, movies, "most-rated-movies")[ratings.item_index]
    rows = np.flatnonzero(keep)
    if len(rows) == len(ratings):
        return ratings
    if not len(rows):
        raise DataError("The sampling leaves not one rating: ask for more users or movies.")
    rule = f"{users or 'all'} most active users, {movies or 'all'} most rated movies"
    return ratings.take(rows, f"kept: {rule}").without_unused_ids()


def _largest(counts: NDArray[np.int64], n: int, option: str) -> NDArray[np.bool_]:
    if n < 1:
        raise ConfigError(f"{option} is {n}: give at least 1.")
    chosen = np.zeros(len(counts), dtype=np.bool_)
    chosen[np.argsort(-counts, kind="stable")[:n]] = True
    return chosen


def _check_share(test_size: float) -> None:
    if not 0 < test_size < 1:
        raise ConfigError(f"test_size is {test_size}: give a share above 0 and below 1, such as 0.2.")


def _times(ratings: Ratings) -> NDArray[np.int64]:
    if ratings.timestamp is None:
        raise DataError("These ratings have no timestamps, so none is the last: use a random split.")
    return ratings.timestamp


def _split(ratings: Ratings, is_test: NDArray[np.bool_], rule: str, sides: tuple[str, str] = _SIDES) -> Split:
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    if not len(train) or not len(test):
        side = "train" if not len(train) else "test"
        raise DataError(
            f"The split ({rule}) of {len(ratings)} ratings leaves the {side} side empty: give more of them."
        )
    return Split(ratings.take(train, f"{sides[0]}: {rule}"), ratings.take(test, f"{sides[1]}: {rule}"), rule)
