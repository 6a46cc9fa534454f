"""How a table of ratings is to be read, where it is not one of MovieLens'."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.columns import MOVIE, RATING, TIMESTAMP, USER

# MovieLens' own, in the order of its layouts without a header.
MOVIELENS = ("userId", "movieId", "rating", "timestamp")
_TIMESTAMP_COL = MOVIELENS[-1]


class Columns(Protocol):
    """What a reader of a table is told: which columns are wanted."""

    def columns(self, names: Sequence[str], where: str) -> dict[str, str]:
        """From the wanted ones among a file's `names` of columns to this project's.

        Raises DataError, beginning with `where`, for one that is missing.
        """
        ...


@dataclass(frozen=True)
class Format:
    """What a file calls its columns, and what it does not say itself; MovieLens' names where nothing else is given.

    timestamp_col: None takes the column `timestamp` if there is one; an empty name goes without.
    rating_scale: the lowest and the highest rating that people could give; None goes by MovieLens' layouts, and in
    other tables by the ratings.
    catalogue: a file of movies, instead of the one that MovieLens' layouts have beside the ratings.

    Raises ConfigError if two columns have one name, or the scale has no length.
    """

    user_col: str = "userId"
    item_col: str = "movieId"
    rating_col: str = "rating"
    timestamp_col: str | None = None
    rating_scale: tuple[float, float] | None = None
    catalogue: Path | None = None

    def __post_init__(self) -> None:
        names = [*self._required.values(), self.timestamp_col or _TIMESTAMP_COL]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise ConfigError(f"{repeated.pop()!r} cannot be two columns at once: name four that differ.")
        if self.rating_scale is not None:
            low, high = self.rating_scale
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ConfigError(f"The rating scale {low:g} to {high:g} is none: give the lowest, then the highest.")

    @property
    def is_movielens(self) -> bool:
        """Whether the table has MovieLens' names, so that what its layouts imply holds."""
        return (self.user_col, self.item_col, self.rating_col) == MOVIELENS[:3]

    def columns(self, names: Sequence[str], where: str) -> dict[str, str]:
        """From the wanted ones among a file's `names` of columns to this project's.

        Raises DataError, beginning with `where`, for one that is missing.
        """
        wanted = self._required
        if self.timestamp_col or (self.timestamp_col is None and _TIMESTAMP_COL in names):
            wanted = {**wanted, TIMESTAMP: self.timestamp_col or _TIMESTAMP_COL}
        missing = [column for column, name in wanted.items() if name not in names]
        if missing:
            raise DataError(
                f"{where}: no column {', '.join(wanted[column] for column in missing)} among"
                f" {shortened(', '.join(names)) or 'none'}; say what it is called with"
                f" {', '.join(_OPTIONS[column] for column in missing)}."
            )
        return {name: column for column, name in wanted.items()}

    @property
    def _required(self) -> dict[str, str]:
        return {USER: self.user_col, MOVIE: self.item_col, RATING: self.rating_col}


def shortened(text: str, length: int = 80) -> str:
    """Put a text of any length and any number of lines into a sentence."""
    line = " ".join(text[: length + 1].split())
    return line if len(text) <= length else f"{line[:length]}…"


_OPTIONS = {USER: "--user-col", MOVIE: "--item-col", RATING: "--rating-col", TIMESTAMP: "--timestamp-col"}
