"""From a source of ratings to the two sides of a split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from latentlens.errors import ConfigError, DataError
from latentlens.ratings import readers
from latentlens.ratings.given_sides import given_sides
from latentlens.ratings.readers.format import Format
from latentlens.ratings.splits import Split, leave_last_n, most_active, random_split, time_cut
from latentlens.ratings.summary import FEWEST
from latentlens.ratings.table import Ratings

if TYPE_CHECKING:
    from latentlens.ratings.readers.download import OnDownload


def prepare(
    source: str = "demo",
    form: Format | None = None,
    *,
    most_active_users: int | None = None,
    most_rated_movies: int | None = None,
    test_size: float = 0.2,
    leave_last: int | None = None,
    by_time: bool = False,
    test_source: str | None = None,
    seed: int = 42,
    on_download: OnDownload | None = None,
) -> Split:
    """Read a source (as `readers.read` takes it, with `form` and `on_download`), sample it, split it.

    most_active_users, most_rated_movies: keep the ratings of that many, None for all. The test side is a random share
    `test_size`, or with `by_time` the latest such share, or each user's last `leave_last` ratings, or what
    `test_source` holds. What was dropped is noted in `train.origin`.

    Raises ConfigError for choices that contradict each other, DataError for ratings that cannot be read, or are too few
    users' or movies' to learn from.
    """
    if (leave_last is not None) + by_time + (test_source is not None) > 1:
        raise ConfigError("leave-last, by-time and test-file each choose the test side: give one of them.")
    if test_source is not None and (most_active_users, most_rated_movies) != (None, None):
        raise ConfigError("A test file is taken as it is: leave out most-active-users and most-rated-movies.")
    ratings = most_active(readers.read(source, form, on_download), most_active_users, most_rated_movies)
    _require_enough(ratings)
    if test_source is not None:
        return given_sides(ratings, readers.read(test_source, form, on_download))
    if leave_last is not None:
        return leave_last_n(ratings, leave_last)
    if by_time:
        return time_cut(ratings, test_size)
    # Nothing after a random split asks when: eight bytes a rating less.
    return random_split(replace(ratings, timestamp=None), test_size, seed)


def _require_enough(ratings: Ratings) -> None:
    n_users, n_movies = (int((counts > 0).sum()) for counts in (ratings.user_counts, ratings.item_counts))
    if min(n_users, n_movies) < FEWEST:
        raise DataError(
            f"{ratings.origin.name} has too few ratings (users: {n_users:,}, movies: {n_movies:,}):"
            f" to train, at least {FEWEST} of each are needed; give more."
        )
