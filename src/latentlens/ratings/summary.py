"""What a set of ratings holds, in figures, and what deserves a second look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.ids import IdMap
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Note, Ratings

# Users, and movies, that a training needs.
FEWEST = 2
# A histogram has one bar per rating that occurs, up to so many; otherwise so many of equal width.
MOST_BARS = 20
# The year 2100: whoever writes milliseconds, and only they, is beyond.
_LATEST = 4_102_444_800


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram; `low` and `high` (both included) are the same where it stands for one value."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Spread:
    """Of ratings per user, or per movie, among those that have any."""

    minimum: int
    median: float
    maximum: int


@dataclass(frozen=True)
class Summary:
    """What a set of ratings holds.

    n_users, n_movies: with a rating; n_movies_listed: in the catalogue too; n_tags: different ones. density: the share
    of all pairs of those users and movies that is rated. first, last: when the ratings were given, as ISO 8601 in UTC;
    None without timestamps. user_ids, movie_ids: "whole numbers" or "text". steps: what was read and dropped on the
    way, counted. doubts: what is no error but may be a mistake, counted.
    """

    name: str
    sha256: str
    n_ratings: int
    n_users: int
    n_movies: int
    n_movies_listed: int
    n_tags: int
    density: float
    scale: tuple[float, float]
    mean: float
    first: str | None
    last: str | None
    user_ids: str
    movie_ids: str
    per_user: Spread
    per_movie: Spread
    histogram: tuple[Bar, ...]
    steps: tuple[Note, ...]
    doubts: tuple[Note, ...]


def summarise(ratings: Ratings) -> Summary:
    """Count what there is."""
    per_user, per_movie = (counts[counts > 0] for counts in (ratings.user_counts, ratings.item_counts))
    return Summary(
        name=ratings.origin.name,
        sha256=ratings.origin.sha256,
        n_ratings=len(ratings),
        n_users=len(per_user),
        n_movies=len(per_movie),
        n_movies_listed=ratings.n_items,
        n_tags=0 if ratings.tags is None else len(ratings.tags.names),
        density=len(ratings) / (len(per_user) * len(per_movie)),
        scale=ratings.scale,
        mean=ratings.stars.mean,
        first=None if ratings.timestamp is None else _iso(ratings.timestamp.min()),
        last=None if ratings.timestamp is None else _iso(ratings.timestamp.max()),
        user_ids=_kind(ratings.user_ids),
        movie_ids=_kind(ratings.item_ids),
        per_user=_spread(per_user),
        per_movie=_spread(per_movie),
        histogram=histogram(ratings.stars),
        steps=ratings.origin.notes,
        doubts=_doubts(ratings, per_user, per_movie),
    )


def histogram(stars: Stars) -> tuple[Bar, ...]:
    """Count (n,) ratings by value, or by range where more than `MOST_BARS` values occur; lowest first."""
    values, counts = stars.occurring
    if len(values) <= MOST_BARS:
        # As text, so that 3.3 does not become 3.299999952316284.
        exact = [float(str(value)) for value in values]
        return tuple(Bar(value, value, int(n)) for value, n in zip(exact, counts, strict=True))
    counts, edges = np.histogram(values, bins=MOST_BARS // 2, weights=counts)
    return tuple(Bar(float(edges[j]), float(edges[j + 1]), int(n)) for j, n in enumerate(counts))


def _doubts(ratings: Ratings, per_user: NDArray[np.int64], per_movie: NDArray[np.int64]) -> tuple[Note, ...]:
    is_one = len(ratings.stars.occurring[0]) == 1
    n_late = 0 if ratings.timestamp is None else int((ratings.timestamp > _LATEST).sum())
    doubts = (
        Note(f"too few users to train on: {FEWEST} are needed", len(per_user) if len(per_user) < FEWEST else 0),
        Note(f"too few movies to train on: {FEWEST} are needed", len(per_movie) if len(per_movie) < FEWEST else 0),
        Note(
            "ratings that are all the same: nothing to learn",
            len(ratings) if is_one else 0,
        ),
        Note("timestamps after the year 2100: milliseconds?", n_late),
        Note("users with one rating", int((per_user == 1).sum())),
        Note("movies with one rating", int((per_movie == 1).sum())),
    )
    return tuple(doubt for doubt in doubts if doubt.rows)


def _spread(counts: NDArray[np.int64]) -> Spread:
    return Spread(int(counts.min()), float(np.median(counts)), int(counts.max()))


def _kind(ids: IdMap) -> str:
    return "text" if ids.is_text else "whole numbers"


def _iso(seconds: np.int64) -> str:
    return f"{np.datetime64(int(seconds), 's')}Z"
