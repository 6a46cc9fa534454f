"""From values as a file has them to this project's types; what does not fit is refused with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from latentlens.errors import DataError
from latentlens.ratings.columns import RATING, TIMESTAMP, USER
from latentlens.ratings.readers.format import shortened
from latentlens.ratings.table import Note

# A name that no header has.
ROW = "\nrow"
# As fixed-width text, ids take four bytes a character in every row.
LONGEST_ID = 256


class Layout(NamedTuple):
    """What MovieLens' layouts imply: the lowest rating, the name of the movie file beside, whether ids may be text."""

    lowest: float
    movies_name: str
    has_text_ids: bool


HEADED = Layout(0.5, "movies.csv", True)


class Pieces(NamedTuple):
    """The wanted columns of a file under this project's names, some rows at a time."""

    layout: Layout
    tables: Iterator[pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Found:
    """The wanted columns of a file as they stand there, text or typed, without the rows that hold nothing.

    rows: the columns under this project's names, and `ROW`: the position in the file, from 0.
    headings: what the file calls each of them.
    place: puts a position in words that lead a person there.
    n_blank: rows without a value, which are not among `rows`.
    """

    file_name: str
    rows: pl.DataFrame
    headings: dict[str, str]
    place: Callable[[int], str]
    n_blank: int
    layout: Layout

    def refuse(self, column: str, wrong: pl.Series, reason: str, remedy: str = "correct the file") -> None:
        """Raise DataError for the first row that is `wrong`, if any is."""
        rows = self.rows.filter(wrong)
        if rows.is_empty():
            return
        value = rows[column][0]
        problem = " has no value" if value is None else f": {shortened(repr(value))} {reason}"
        others = f" ({len(rows):,} such rows)" if len(rows) > 1 else ""
        where = f"{self.file_name}, {self.place(rows[ROW][0])}, column {self.headings[column]}"
        raise DataError(f"{where}{problem}{others}; {remedy}.")


def ids(found: Found, column: str) -> tuple[pl.Series, list[Note]]:
    """Ids as whole numbers (int64) if all are, otherwise as text; a note where only some are not."""
    given = _column(found, column, "whole numbers or text")
    found.refuse(column, given.is_null(), "is not an id")
    numbers = given.cast(pl.Int64, strict=False)
    is_number = numbers.is_not_null()
    if given.dtype.is_float():
        # Spreadsheets and pandas make floats of whole numbers; beyond 2^53 they have lost the last digits.
        found.refuse(column, ~(is_number & (given == numbers) & (given.abs() <= 2.0**53)), "is not a whole number")
    elif not found.layout.has_text_ids:
        found.refuse(column, ~is_number, "is not a whole number")
    if is_number.all():
        return numbers, []
    text = given.cast(pl.String)
    found.refuse(column, (text == "") | text.str.contains("\0", literal=True), "is not an id")
    found.refuse(column, text.str.len_chars() > LONGEST_ID, f"is longer than the {LONGEST_ID} characters of an id")
    return text, _mixed(found, column, is_number)


def ratings(found: Found) -> pl.Series:
    """Ratings as float64; NaN and infinity are numbers here."""
    numbers = _column(found, RATING, "numbers", pl.Boolean).cast(pl.Float64, strict=False)
    found.refuse(RATING, numbers.is_null(), "is not a number")
    return numbers


def timestamps(found: Found) -> pl.Series:
    """Seconds since 1970 as int64; dates, typed or as ISO 8601 writes them, are converted (UTC unless said)."""
    given = _column(found, TIMESTAMP, "seconds since 1970, or to dates", pl.Date, pl.Datetime)
    if given.dtype in (pl.Date, pl.Datetime):
        seconds = given.dt.epoch("s")
    else:
        seconds = given.cast(pl.Int64, strict=False)
        if given.dtype == pl.String and seconds.null_count() == len(seconds):
            seconds = _seconds_of_dates(given)
    remedy = "correct the file, or go without: --timestamp-col ''"
    found.refuse(TIMESTAMP, seconds.is_null(), "is not a whole number of seconds, nor a date like the others", remedy)
    found.refuse(TIMESTAMP, seconds < 0, "is before 1970", remedy)
    return seconds


def _mixed(found: Found, column: str, is_number: pl.Series) -> list[Note]:
    if not is_number.any():
        return []
    row = found.rows.filter(~is_number).row(0, named=True)
    example = f"{shortened(repr(row[column]))} in {found.place(row[ROW])}"
    whose = "user" if column == USER else "movie"
    return [Note(f"{whose} ids are text, as some are no whole number of 64 bits: {example}", int((~is_number).sum()))]


def _seconds_of_dates(text: pl.Series) -> pl.Series:
    try:
        return text.str.to_datetime(strict=False, time_unit="us").dt.epoch("s")
    except pl.exceptions.ComputeError:
        # No date that polars knows.
        return pl.Series([None] * len(text), dtype=pl.Int64)


def _column(found: Found, column: str, expected: str, *others: type[pl.DataType]) -> pl.Series:
    """The values, if they are numbers, text or of the `others`."""
    given = found.rows[column]
    if given.dtype in (pl.Categorical, pl.Enum):
        return given.cast(pl.String)
    if given.dtype == pl.Decimal:
        return given.cast(pl.Float64)
    if given.dtype.is_numeric() or given.dtype in (pl.String, pl.Null, *others):
        return given
    heading = found.headings[column]
    raise DataError(f"{found.file_name}, column {heading} holds {given.dtype}: convert it to {expected}.")
