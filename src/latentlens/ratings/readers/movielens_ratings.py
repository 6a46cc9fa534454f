"""MovieLens' ratings files: `ratings.csv`, `ratings.dat` and `u.data`, recognised by their first line."""

from __future__ import annotations

import csv
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import polars as pl

from latentlens.errors import DataError
from latentlens.ratings.columns import MOVIE, RATING, TIMESTAMP, USER
from latentlens.ratings.readers.places import Place

FILE_NAMES = ("ratings.csv", "ratings.dat", "u.data")
_HIGHEST = 5.0

_TYPES: dict[str, type[pl.DataType]] = {
    USER: pl.Int64,
    MOVIE: pl.Int64,
    RATING: pl.Float64,
    TIMESTAMP: pl.Int64,
}
_CSV_HEADER = {"userId": USER, "movieId": MOVIE, "rating": RATING, "timestamp": TIMESTAMP}
# A name that no header has.
_LINE = "\nline"


class RatingsFile(NamedTuple):
    """What a ratings file holds, and what its layout implies.

    rows: columns user_id and movie_id (int64 or text), rating (float64), timestamp (int64) if it is there.
    n_blank: lines without a value, which are not among the rows.
    scale: the lowest and the highest rating that people could give.
    movies_name: what the layout calls the movie file beside this one.
    """

    rows: pl.DataFrame
    n_blank: int
    scale: tuple[float, float]
    movies_name: str


class _Layout(NamedTuple):
    separator: str
    step: int
    has_header: bool
    movies_name: str


class _Unquoted(csv.excel):
    quoting = csv.QUOTE_NONE


_CSV = _Layout(",", 1, True, "movies.csv")
# polars separates by one byte only: "::" is read as two ":", with an empty column between.
_DAT = _Layout(":", 2, False, "movies.dat")
_TAB = _Layout("\t", 1, False, "u.item")


def read(file: Place) -> RatingsFile:
    """Read a ratings file of any name.

    The scale is .5 to 5 for csv (ml-20m and later, ml-latest) and wherever a half star occurs (ml-10m),
    otherwise 1 to 5 (ml-100k, ml-1m). An id column of a csv with an id that is not a whole number is text.

    Raises DataError for a file without ratings, a missing column or value, one that is not a number, and a
    rating outside the scale: with the line, the column and the value.
    """
    first = _first_line(file)
    layout = _DAT if b"::" in first else _TAB if b"\t" in first else _CSV
    names = _scan(BytesIO(first), layout).drop(_LINE).columns
    table = _typed_table(file, layout, names, _columns(names, layout, file))
    rows = table.filter(~_is_blank())
    if rows.is_empty():
        raise DataError(f"{file.name} holds no rating: give a file that has some.")
    half_stars = rows.select((pl.col(RATING) % 1 != 0).any()).item()
    low = 0.5 if layout is _CSV or half_stars else 1.0
    # NaN and infinity are not between the two either.
    wrong = rows.filter(~pl.col(RATING).is_between(low, _HIGHEST))
    if len(wrong):
        reason = f"is not on the scale of {low:g} to {_HIGHEST:g}"
        raise _wrong_value(file, wrong[_LINE][0], "rating", wrong[RATING][0], reason)
    return RatingsFile(rows.drop(_LINE), len(table) - len(rows), (low, _HIGHEST), layout.movies_name)


def _first_line(file: Place) -> bytes:
    with file.open("rb") as stream:
        first = stream.readline(1 << 16)
    if not first:
        raise DataError(f"{file.name} is empty: give a file of ratings.")
    # Bytes that are not text are refused, with their line, when the whole file is read.
    return first.decode("utf-8", errors="replace").encode()


def _columns(names: list[str], layout: _Layout, file: Place) -> dict[str, str]:
    """From the file's names of the columns that are wanted to this project's."""
    if layout.has_header:
        columns = {name: column for name, column in _CSV_HEADER.items() if name in names}
    else:
        columns = dict(zip(names[:: layout.step], _TYPES, strict=False))
    missing = [name for name, column in _CSV_HEADER.items() if column not in (*columns.values(), TIMESTAMP)]
    if missing:
        raise DataError(
            f"{file.name}, line 1: no column {', '.join(missing)}; MovieLens' layouts are"
            " userId,movieId,rating,timestamp under that header, or without one and separated by :: or tabs."
        )
    return columns


def _typed_table(file: Place, layout: _Layout, names: list[str], columns: dict[str, str]) -> pl.DataFrame:
    """The wanted columns and the number of each line; null only on blank lines."""
    between = [name for name in names if name not in columns] if layout is _DAT else []
    try:
        table = _scan(file, layout, {name: _TYPES[column] for name, column in columns.items()})
        if _fits(table, columns, between):
            return table.select(_LINE, *columns).rename(columns)
    except pl.exceptions.ComputeError:
        pass
    # Only a file that these types do not fit is read as text: it takes more memory, but shows what is wrong.
    try:
        table = _scan(file, layout)
    except pl.exceptions.ComputeError as error:
        raise _unreadable(file, layout, len(names)) from error
    for name in between:
        for line, value in table.filter(pl.col(name).is_not_null()).select(_LINE, name).head(1).rows():
            raise DataError(f"{file.name}, line {line}: {value!r} stands where :: should; correct the file.")
    return _typed(file, table.select(_LINE, *columns), columns, layout)


def _scan(source: Place | BytesIO, layout: _Layout, types: dict[str, type[pl.DataType]] | None = None) -> pl.DataFrame:
    """Every column, text where `types` does not say otherwise: polars refuses overlong lines only then."""
    return pl.read_csv(
        source if isinstance(source, Path | BytesIO) else source.read_bytes(),
        has_header=layout.has_header,
        separator=layout.separator,
        quote_char='"' if layout is _CSV else None,
        schema_overrides=types,
        infer_schema=False,
        raise_if_empty=False,
        row_index_name=_LINE,
        row_index_offset=2 if layout.has_header else 1,
        glob=False,
    )


def _is_blank() -> pl.Expr:
    return pl.all_horizontal(pl.exclude(_LINE).is_null())


def _fits(table: pl.DataFrame, columns: dict[str, str], between: list[str]) -> bool:
    wanted = table.select(_LINE, *columns)
    gaps = wanted.filter(~_is_blank()).null_count().sum_horizontal().item()
    return gaps == 0 and all(table[name].null_count() == len(table) for name in between)


def _typed(file: Place, text: pl.DataFrame, columns: dict[str, str], layout: _Layout) -> pl.DataFrame:
    blank = text.select(_is_blank()).to_series()
    typed = [text[_LINE]]
    for name, column in columns.items():
        values = text[name].cast(_TYPES[column], strict=False)
        if layout is _CSV and column in (USER, MOVIE) and values.null_count() > text[name].null_count():
            values = text[name]
        wrong = text.filter(values.is_null() & ~blank)
        if len(wrong):
            expected = "a number" if column == RATING else "a whole number"
            shown = name if layout.has_header else column
            raise _wrong_value(file, wrong[_LINE][0], shown, wrong[name][0], f"is not {expected}")
        typed.append(values.alias(column))
    return pl.DataFrame(typed)


def _wrong_value(file: Place, line: int, column: str, value: object, reason: str) -> DataError:
    shown = "nothing" if value is None else repr(value)
    return DataError(f"{file.name}, line {line}, column {column}: {shown} {reason}; correct the file.")


def _unreadable(file: Place, layout: _Layout, width: int) -> DataError:
    """Find the line at which polars gave up."""
    dialect = csv.excel if layout is _CSV else _Unquoted
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                fields = next(csv.reader([line.decode()], dialect, delimiter=layout.separator))
            except UnicodeDecodeError:
                return DataError(f"{file.name}, line {number} is not UTF-8 text: convert the file.")
            if len(fields) > width:
                n_fields = -(-width // layout.step)
                return DataError(f"{file.name}, line {number} has more than {n_fields} fields: correct the file.")
    return DataError(f"{file.name} cannot be cut into fields; look for a quote that is not closed.")
