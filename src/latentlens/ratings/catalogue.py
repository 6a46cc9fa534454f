"""What is known of each movie besides its ratings: title, year, genres."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN_YEAR = 0
_YEAR = re.compile(r"^(?P<title>.*\S)\s*\((?P<year>\d{4})\)\s*$")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """One row per item index.

    titles: n_items names, without the year.
    years: (n_items,) int16, `UNKNOWN_YEAR` where the data does not say.
    genre_names: the genres that occur, sorted.
    genres: (n_items, n_genres) bool.
    """

    titles: tuple[str, ...]
    years: NDArray[np.int16]
    genre_names: tuple[str, ...]
    genres: NDArray[np.bool_]

    @classmethod
    def of(cls, titles: Sequence[str], years: Sequence[int], genres: Sequence[Sequence[str]]) -> Catalogue:
        """Build from one entry per movie; `genres` lists each movie's genre names."""
        names = tuple(sorted({name for row in genres for name in row}))
        column = {name: j for j, name in enumerate(names)}
        matrix = np.zeros((len(titles), len(names)), dtype=np.bool_)
        for i, row in enumerate(genres):
            for name in row:
                matrix[i, column[name]] = True
        return cls(tuple(titles), np.asarray(years, dtype=np.int16), names, matrix)

    @classmethod
    def untitled(cls, movie_ids: Sequence[object]) -> Catalogue:
        """For ratings that came without a catalogue: each movie is named by its id."""
        n = len(movie_ids)
        return cls.of([f"Movie {movie_id}" for movie_id in movie_ids], [UNKNOWN_YEAR] * n, [()] * n)

    def __len__(self) -> int:
        return len(self.titles)

    def take(self, items: NDArray[np.int64]) -> Catalogue:
        """Keep the movies with these indexes, in this order, and the genres that still occur."""
        genres = self.genres[items]
        occurring = np.flatnonzero(genres.any(axis=0))
        names = tuple(self.genre_names[j] for j in occurring)
        return Catalogue(tuple(self.titles[item] for item in items), self.years[items], names, genres[:, occurring])

    def year_of(self, item: int) -> int | None:
        """Year of the movie with this index, None where unknown."""
        year = int(self.years[item])
        return None if year == UNKNOWN_YEAR else year

    def genres_of(self, item: int) -> list[str]:
        """Genre names of the movie with this index."""
        return [self.genre_names[j] for j in np.flatnonzero(self.genres[item])]

    def matching(
        self, *, genre: str | None = None, year_from: int | None = None, year_to: int | None = None
    ) -> NDArray[np.bool_]:
        """(n_items,) mask of the movies of a genre (case ignored) and within years, both ends included.

        A movie of unknown year passes no bound on the year; an unknown genre matches no movie.
        """
        mask = np.ones(len(self), dtype=np.bool_)
        if genre is not None:
            wanted = [name.casefold() == genre.casefold() for name in self.genre_names]
            mask &= self.genres[:, wanted].any(axis=1)
        if year_from is not None or year_to is not None:
            mask &= self.years != UNKNOWN_YEAR
        if year_from is not None:
            mask &= self.years >= year_from
        if year_to is not None:
            mask &= self.years <= year_to
        return mask


def split_title(title: str) -> tuple[str, int]:
    """Separate "Name (1995)" into name and year, `UNKNOWN_YEAR` where there is none."""
    found = _YEAR.match(title)
    return (found["title"], int(found["year"])) if found else (title.strip(), UNKNOWN_YEAR)
