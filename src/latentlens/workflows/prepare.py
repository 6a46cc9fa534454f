"""From a source of ratings to the two sides of a split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from latentlens.errors import DataError
from latentlens.ratings import readers
from latentlens.ratings.readers.format import Format
from latentlens.ratings.splits import Split, leave_last_n, most_active, random_split
from latentlens.ratings.summary import FEWEST

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
    seed: int = 42,
    on_download: OnDownload | None = None,
) -> Split:
    """Read a source (as `readers.read` takes it, with `form` and `on_download`), sample it, split it.

    most_active_users, most_rated_movies: keep the ratings of that many, None for all. The test side is a random share
    `test_size`, or each user's last `leave_last` ratings. What was dropped is noted in `train.origin`.

    Raises DataError for ratings that cannot be read, or are too few users' or movies' to learn from.
    """
    ratings = most_active(readers.read(source, form, on_download), most_active_users, most_rated_movies)
    n_users, n_movies = (int((counts > 0).sum()) for counts in (ratings.user_counts, ratings.item_counts))
    if min(n_users, n_movies) < FEWEST:
        raise DataError(
            f"{ratings.origin.name} has too few ratings (users: {n_users:,}, movies: {n_movies:,}):"
            f" to train, at least {FEWEST} of each are needed; give more."
        )
    if leave_last is not None:
        return leave_last_n(ratings, leave_last)
    # Nothing after a random split asks when: eight bytes a rating less.
    return random_split(replace(ratings, timestamp=None), test_size, seed)
