"""The ratings table: who said what of which movie, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import DataError
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.coded import Coded
from latentlens.ratings.ids import IdMap
from latentlens.ratings.order import row_blocks
from latentlens.ratings.repeats import latest_of_each_pair
from latentlens.ratings.stars import Stars
from latentlens.ratings.tags import Tags


@dataclass(frozen=True)
class Note:
    """One thing that was done to the rows on the way: `rows` were read, dropped or kept."""

    what: str
    rows: int


@dataclass(frozen=True)
class Origin:
    """Where ratings came from, for the audit: `sha256` is of the bytes that were read."""

    name: str
    sha256: str
    notes: tuple[Note, ...] = ()

    def noted(self, what: str, rows: int) -> Origin:
        """Return this origin with one more note."""
        return replace(self, notes=(*self.notes, Note(what, rows)))


@dataclass(frozen=True, eq=False)
class Ratings:
    """A set of ratings, one row each; at most one row per (user, movie).

    user_ids, item_ids: every id the data set knows, also those without a row here (the other side of a split,
    movies nobody rated). Indexes in the rows refer to them.
    user_index, item_index: (n,) int32; stars: (n,); timestamp: (n,) int64 seconds, or None.
    scale: the lowest and the highest rating that people can give.
    tags: what people called the movies, None where nobody said.
    """

    user_ids: IdMap
    item_ids: IdMap
    catalogue: Catalogue
    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    stars: Stars
    timestamp: NDArray[np.int64] | None
    scale: tuple[float, float]
    origin: Origin
    tags: Tags | None = None

    @classmethod
    def of(
        cls,
        user_id: NDArray[Any],
        movie_id: NDArray[Any],
        rating: NDArray[Any],
        timestamp: NDArray[np.int64] | None = None,
        *,
        scale: tuple[float, float] | None = None,
        catalogue: tuple[NDArray[Any], Catalogue] | None = None,
        origin: Origin | None = None,
    ) -> Ratings:
        """Build from columns of equal length: see `coded`."""
        users, movies = Coded.of(user_id), Coded.of(movie_id)
        return cls.coded(users, movies, rating, timestamp, scale=scale, catalogue=catalogue, origin=origin)

    @classmethod
    def coded(
        cls,
        users: Coded,
        movies: Coded,
        rating: NDArray[Any],
        timestamp: NDArray[np.int64] | None = None,
        *,
        scale: tuple[float, float] | None = None,
        catalogue: tuple[NDArray[Any], Catalogue] | None = None,
        origin: Origin | None = None,
    ) -> Ratings:
        """Build from columns of equal length.

        `catalogue` pairs movie ids with their rows; rated movies it lacks are named by their id. The scale is
        read off the ratings where it is not given. Of repeated (user, movie) pairs the latest is kept, by
        timestamp if there is one, otherwise by position; the origin notes how many were dropped.

        Raises DataError if there is no row, or a rating is not finite or outside the scale.
        """
        values = np.asarray(rating, dtype=np.float32)
        low, high = scale or _scale_of(values)
        _check(values, low, high)
        if catalogue:
            movies = movies.with_ids(catalogue[0])
        origin = (origin or Origin("unnamed", "")).noted("read", len(values))
        ratings = cls(
            user_ids=users.ids,
            item_ids=movies.ids,
            catalogue=_aligned(catalogue, movies.ids),
            user_index=users.index,
            item_index=movies.index,
            stars=Stars.of(values),
            timestamp=timestamp,
            scale=(float(low), float(high)),
            origin=origin,
        )
        kept = latest_of_each_pair(users.index, movies.index, timestamp, len(users.ids), len(movies.ids))
        if kept is None:
            return ratings
        repeated = "dropped: (user, movie) rated again later, the latest kept"
        return replace(ratings._at(kept), origin=origin.noted(repeated, len(values) - len(kept)))

    def __len__(self) -> int:
        return len(self.stars)

    @property
    def rating(self) -> NDArray[np.float32]:
        """(n,) every rating spelled out; of many rows, better some at a time: `stars[rows].ratings`."""
        return self.stars.ratings

    @property
    def n_users(self) -> int:
        """Users the data set knows."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Movies the data set knows."""
        return len(self.item_ids)

    @cached_property
    def user_counts(self) -> NDArray[np.int64]:
        """(n_users,) ratings of each user among these rows."""
        return np.bincount(self.user_index, minlength=self.n_users)

    @cached_property
    def item_counts(self) -> NDArray[np.int64]:
        """(n_items,) ratings of each movie among these rows."""
        return np.bincount(self.item_index, minlength=self.n_items)

    def take(self, rows: NDArray[np.int64], note: str) -> Ratings:
        """Keep these rows, in this order; every id stays known. `note` says why, for the audit."""
        return replace(self._at(rows), origin=self.origin.noted(note, len(rows)))

    def _at(self, rows: NDArray[np.int64]) -> Ratings:
        return replace(
            self,
            user_index=self.user_index[rows],
            item_index=self.item_index[rows],
            stars=self.stars[rows],
            timestamp=None if self.timestamp is None else self.timestamp[rows],
        )

    def without_unused_ids(self) -> Ratings:
        """Forget the users and movies that have no row here, the catalogue's too."""
        users, items = np.flatnonzero(self.user_counts), np.flatnonzero(self.item_counts)
        return replace(
            self,
            user_ids=IdMap(self.user_ids.values[users]),
            item_ids=IdMap(self.item_ids.values[items]),
            catalogue=self.catalogue.take(items),
            tags=None if self.tags is None else self.tags.take(items),
            user_index=np.searchsorted(users, self.user_index).astype(np.int32),
            item_index=np.searchsorted(items, self.item_index).astype(np.int32),
        )


def _scale_of(values: NDArray[np.float32]) -> tuple[float, float]:
    # Of the finite ones, so that the check finds the others outside.
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def _check(values: NDArray[np.float32], low: float, high: float) -> None:
    if not len(values):
        raise DataError("There is not one rating in the data: give a source that holds some.")
    # NaN fails both comparisons, so it is caught here too.
    wrong = np.concatenate(
        [
            block.start + np.flatnonzero(~((values[block] >= low) & (values[block] <= high)))
            for block in row_blocks(len(values))
        ]
    )
    if len(wrong):
        raise DataError(
            f"Rating {values[wrong[0]]} in row {wrong[0] + 1} is outside the scale {low:g} to {high:g}"
            f" ({len(wrong)} such rows): correct the data."
        )


def _aligned(catalogue: tuple[NDArray[Any], Catalogue] | None, item_ids: IdMap) -> Catalogue:
    """Give the catalogue one row per item index."""
    fallback = Catalogue.untitled(item_ids.values.tolist())
    if catalogue is None:
        return fallback
    ids, given = catalogue
    titles, years = list(fallback.titles), fallback.years.copy()
    genres: list[list[str]] = [[] for _ in titles]
    for row, item in enumerate(item_ids.index(ids)):
        titles[item], years[item], genres[item] = given.titles[row], given.years[row], given.genres_of(row)
    return Catalogue.of(titles, years.tolist(), genres)
