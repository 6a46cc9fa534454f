"""Tables in Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import count
from pathlib import Path

import polars as pl
from polars import selectors

from latentlens.errors import DataError
from latentlens.ratings.readers.format import Format, shortened
from latentlens.ratings.readers.places import File
from latentlens.ratings.readers.values import HEADED, ROW, Found, Pieces

_MAGIC = b"PAR1"
# A file of a few bytes can declare any number of equal rows; ml-32m has 32 million.
MOST_ROWS = 500_000_000


def is_parquet(file: File) -> bool:
    """Whether the file begins as Parquet does."""
    with file.open() as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def read(file: File, form: Format) -> Found:
    """Read the wanted columns; a row without any of their values is left out and counted.

    Raises DataError for a damaged file, a missing column and more than `MOST_ROWS` rows.
    """
    with _readable(file) as scan:
        columns = form.columns(scan.collect_schema().names(), file.name)
        table = scan.select(*columns).rename(columns).collect().with_row_index(ROW)
    rows = table.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    return Found(
        file_name=file.name,
        rows=rows,
        headings={column: name for name, column in columns.items()},
        place=lambda row: f"row {row + 1}",
        n_blank=len(table) - len(rows),
        layout=HEADED,
    )


def pieces(file: File, form: Format, n_rows: int) -> Pieces:
    """Read the wanted columns, at most `n_rows` rows at a time. Raises DataError as `read` does."""
    return Pieces(HEADED, _tables(file, form, n_rows))


def _tables(file: File, form: Format, n_rows: int) -> Iterator[pl.DataFrame]:
    with _readable(file) as scan:
        columns = form.columns(scan.collect_schema().names(), file.name)
        table = scan.select(*columns).rename(columns)
        for start in count(0, n_rows):
            piece = table.slice(start, n_rows).collect()
            if piece.is_empty():
                return
            yield piece


def records(file: File) -> Iterator[tuple[int, list[str]]]:
    """The names of the columns, then every row as text, with its number; lists are joined by |. For small tables."""
    with _readable(file) as scan:
        table = scan.collect()
        lists = selectors.list()
        text = table.with_columns(lists.cast(pl.List(pl.String)).list.join("|"), (~lists).cast(pl.String)).fill_null("")
    yield 0, table.columns
    for row, fields in enumerate(text.iter_rows(), start=1):
        yield row, list(fields)


@contextmanager
def _readable(file: File) -> Iterator[pl.LazyFrame]:
    try:
        with _panics_unheard():
            scan = pl.scan_parquet(file.at if isinstance(file.at, Path) else BytesIO(file.at), glob=False)
            n_rows = scan.select(pl.len()).collect().item()
            if n_rows > MOST_ROWS:
                raise DataError(f"{file.name} has {n_rows:,} rows; at most {MOST_ROWS:,} are read: give a part of it.")
            yield scan
    # Over bytes that break its reader polars panics, too; a panic is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = shortened(str(error).partition("\n")[0])
        raise DataError(f"{file.name} is not a whole Parquet file ({reason}): fetch or write it again.") from error


@contextmanager
def _panics_unheard() -> Iterator[None]:
    """Keep the backtrace that a panic of polars prints, beside raising, off the process's stderr."""
    stderr = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
