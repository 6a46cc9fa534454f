"""From a source of ratings to the two sides of a split."""

from __future__ import annotations

from latentlens.ratings import readers
from latentlens.ratings.splits import Split, leave_last_n, most_active, random_split


def prepare(
    source: str = "demo",
    *,
    most_active_users: int | None = None,
    most_rated_movies: int | None = None,
    test_size: float = 0.2,
    leave_last: int | None = None,
    seed: int = 42,
) -> Split:
    """Read a source, sample it, split it.

    most_active_users, most_rated_movies: keep the ratings of that many, None for all. The test side is a random share
    `test_size`, or each user's last `leave_last` ratings. What was dropped is noted in `train.origin`.
    """
    ratings = most_active(readers.read(source), most_active_users, most_rated_movies)
    return random_split(ratings, test_size, seed) if leave_last is None else leave_last_n(ratings, leave_last)
