"""Tables in text: csv, tab-separated, and MovieLens' `ratings.dat` and `u.data`, told apart by their first line."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from latentlens.errors import DataError
from latentlens.ratings.columns import MOVIE, RATING, RELEVANCE, TAG_ID, TIMESTAMP, USER
from latentlens.ratings.readers.format import MOVIELENS, Columns, shortened
from latentlens.ratings.readers.places import File
from latentlens.ratings.readers.values import HEADED, ROW, Found, Layout, Pieces

_LONGEST_LINE = 1 << 16
# Of a column that is not here: text.
_TYPES: dict[str, type[pl.DataType]] = {
    USER: pl.Int64,
    MOVIE: pl.Int64,
    RATING: pl.Float64,
    TIMESTAMP: pl.Int64,
    TAG_ID: pl.Int64,
    RELEVANCE: pl.Float32,
}
# polars would unpack these in memory, however much they hold: gzip, zstd, zlib.
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"x\x01", b"x\x9c", b"x\xda")
# A panic is no Exception.
_REFUSALS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_OTHER_SEPARATORS = (";", "|", " ")
_FEWEST_SEPARATORS = 2


class _Dialect(NamedTuple):
    separator: str
    step: int
    has_header: bool
    layout: Layout

    @property
    def quote(self) -> str | None:
        return '"' if self.has_header else None


class _Unquoted(csv.excel):
    quoting = csv.QUOTE_NONE


_CSV = _Dialect(",", 1, True, HEADED)
_TSV = _Dialect("\t", 1, True, HEADED)
# polars separates by one byte only: "::" is read as two ":", with an empty column between.
_DAT = _Dialect(":", 2, False, Layout(1.0, "movies.dat", False))
_TAB = _Dialect("\t", 1, False, Layout(1.0, "u.item", False))


def read(file: File, form: Columns) -> Found:
    """Read the wanted columns; a line without any of their values is left out and counted.

    Raises DataError for a file that is empty, compressed, not UTF-8 or cut into lines of differing width, and for a
    column that is missing or there twice.
    """
    dialect, names, headings, columns = _head(file, form)
    table = _table(file, dialect, names, columns)
    rows = table.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    place = _places(file, dialect)
    if rows.tail(1).null_count().sum_horizontal().sum() and _tail(file, 1) not in b"\r\n":
        raise DataError(f"{file.name} ends in the middle of {place(rows[ROW][-1])}: fetch the whole file.")
    return Found(
        file_name=file.name,
        rows=rows,
        headings=headings,
        place=place,
        n_blank=len(table) - len(rows),
        layout=dialect.layout,
    )


class _Head(NamedTuple):
    """What the first line says.

    names: of all columns, as polars counts them. headings: what the file calls each wanted column. columns: from the
    wanted ones among `names` to this project's.
    """

    dialect: _Dialect
    names: list[str]
    headings: dict[str, str]
    columns: dict[str, str]


def pieces(file: File, form: Columns, n_bytes: int) -> Pieces:
    """Read the wanted columns some lines at a time: about `n_bytes` of text, or one line.

    Ids are whole numbers or text, as the first piece has them; the rest is typed. The tables raise ValueError for what
    is not plain, such as values of another type or lines of another shape: what is wrong there, `read` says. Raises
    DataError as `read` does for the first line.
    """
    head = _head(file, form)
    return Pieces(head.dialect.layout, _tables(file, head, n_bytes))


def _tables(file: File, head: _Head, n_bytes: int) -> Iterator[pl.DataFrame]:
    columns = head.columns
    between = [name for name in head.names if name not in columns] if head.dialect is _DAT else []
    types = _types(columns)
    is_first = True
    for text in _whole_lines(file, n_bytes, after_header=head.dialect.has_header):
        if b'"' in text and text.count(b'"') % 2:
            raise ValueError("a quote is not closed")
        try:
            try:
                table = _scan_piece(text, head, types)
            except _REFUSALS:
                if not is_first:
                    raise
                types |= _types_of_ids(_scan_piece(text, head, _types(columns, pl.String)), columns)
                table = _scan_piece(text, head, types)
            if any(table[name].null_count() < len(table) for name in between):
                raise ValueError("something stands between the fields")
            yield table.select(*columns).rename(columns)
        except _REFUSALS as error:
            raise ValueError(str(error)) from error
        is_first = False


def _whole_lines(file: File, n_bytes: int, *, after_header: bool) -> Iterator[bytes]:
    with file.open() as stream:
        if after_header:
            stream.readline()
        while True:
            start = stream.tell()
            stream.seek(n_bytes, os.SEEK_CUR)
            stream.readline()
            end = stream.tell()
            stream.seek(start)
            text = stream.read(end - start)
            if not text:
                return
            yield text


def _types(columns: dict[str, str], of_ids: type[pl.DataType] = pl.Int64) -> dict[str, type[pl.DataType]]:
    types = {**_TYPES, USER: of_ids, MOVIE: of_ids}
    return {name: types.get(column, pl.String) for name, column in columns.items()}


def _types_of_ids(table: pl.DataFrame, columns: dict[str, str]) -> dict[str, type[pl.DataType]]:
    """Whole numbers where all are."""
    ids = [name for name, column in columns.items() if column in (USER, MOVIE)]
    return {name: pl.String if table[name].cast(pl.Int64, strict=False).has_nulls() else pl.Int64 for name in ids}


def _head(file: File, form: Columns) -> _Head:
    first = _first_line(file)
    dialect = _dialect(first)
    names = _scan(first, dialect).drop(ROW).columns
    fields = dict(zip(names if dialect.has_header else MOVIELENS, names[:: dialect.step], strict=False))
    if dialect.has_header:
        _check_header(file, names, first)
        _check_last_quote(file, dialect)
    columns = form.columns(list(fields), f"{file.name}, line 1")
    headings = {column: name for name, column in columns.items()}
    return _Head(dialect, names, headings, {fields[name]: column for name, column in columns.items()})


def _first_line(file: File) -> bytes:
    with file.open() as stream:
        first = stream.readline(_LONGEST_LINE)
    if not first:
        raise DataError(f"{file.name} is empty: give the whole file.")
    if first.startswith(_COMPRESSED):
        raise DataError(f"{file.name} is compressed: unpack it first.")
    if b"\0" in first:
        raise DataError(f"{file.name}, line 1 is not UTF-8 text: convert the file.")
    # Other bytes that are not text are refused, with their line, when the whole file is read.
    return first.decode("utf-8", errors="replace").encode()


def _dialect(first: bytes) -> _Dialect:
    if b"::" in first:
        return _DAT
    if b"\t" not in first:
        return _CSV
    return _TAB if _are_numbers(first.decode("utf-8-sig").split("\t")) else _TSV


def _are_numbers(fields: list[str]) -> bool:
    """Whether these can be the values of a row, and so are no header."""
    try:
        return len([float(field) for field in fields[:3]]) > 0
    except ValueError:
        return False


def _check_header(file: File, names: list[str], first: bytes) -> None:
    where = f"{file.name}, line 1"
    if first.count(b'"') % 2:
        raise DataError(f"{where}: a quote is not closed; correct the file.")
    if _are_numbers(names):
        raise DataError(f"{where} holds values: put a header such as {','.join(MOVIELENS)} above it.")
    for name in names:
        if f"{name}_duplicated_0" in names:
            raise DataError(f"{where} names two columns {name}: rename one.")
    for separator in _OTHER_SEPARATORS:
        if len(names) == 1 and first.decode().strip().count(separator) >= _FEWEST_SEPARATORS:
            raise DataError(f"{where}: {separator!r} seems to separate its fields; put commas or tabs in its place.")


def _table(file: File, dialect: _Dialect, names: list[str], columns: dict[str, str]) -> pl.DataFrame:
    """The wanted columns under this project's names: typed where their values allow, otherwise text."""
    try:
        table = _scan(file.at, dialect, _types(columns))
    except _REFUSALS:
        # Only a file that these types do not fit is read as text: it takes more memory, but shows what is wrong.
        try:
            table = _scan(file.at, dialect)
        except _REFUSALS as error:
            raise _unreadable(file, dialect, len(names)) from error
    if dialect is _DAT:
        _check_between(file, table, [name for name in names if name not in columns])
    return table.select(ROW, *columns).rename(columns)


def _check_last_quote(file: File, dialect: _Dialect) -> None:
    # polars panics over a last field that is one quote and nothing else.
    if _tail(file, 2) in (f'{before}"'.encode() for before in (dialect.separator, "\n")):
        raise DataError(f"{file.name} ends with a quote that is not closed: fetch the whole file.")


def _check_between(file: File, table: pl.DataFrame, between: list[str]) -> None:
    for name in between:
        for row, value in table.filter(pl.col(name).is_not_null()).select(ROW, name).head(1).rows():
            raise DataError(
                f"{file.name}, line {row + 1}: {shortened(repr(value))} stands where :: should; correct the file."
            )


def _scan_piece(text: bytes, head: _Head, types: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """Every column of some lines, none of which is the header."""
    return pl.read_csv(
        text,
        has_header=False,
        separator=head.dialect.separator,
        quote_char=head.dialect.quote,
        schema={name: types.get(name, pl.String) for name in head.names},
        glob=False,
    )


def _scan(source: Path | bytes, dialect: _Dialect, types: dict[str, type[pl.DataType]] | None = None) -> pl.DataFrame:
    """Every column, text where `types` does not say otherwise: polars refuses overlong lines only then."""
    return pl.read_csv(
        source,
        has_header=dialect.has_header,
        separator=dialect.separator,
        quote_char=dialect.quote,
        schema_overrides=types,
        infer_schema=False,
        raise_if_empty=False,
        row_index_name=ROW,
        glob=False,
    )


def _tail(file: File, n_bytes: int) -> bytes:
    with file.open() as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - n_bytes))
        return stream.read()


def _places(file: File, dialect: _Dialect) -> Callable[[int], str]:
    def place(row: int) -> str:
        if not dialect.has_header:
            return f"line {row + 1}"
        # A quoted field may hold line breaks, so that the lines before a row have to be read to be counted.
        line = row + 2
        with suppress(csv.Error), closing(_records(file, dialect)) as records:
            line, _ = next(islice(records, row + 1, None), (line, []))
        return f"line {line}"

    return place


def _records(file: File, dialect: _Dialect) -> Generator[tuple[int, list[str]]]:
    """Every record, blank ones too, with the number of its last line."""
    with io.TextIOWrapper(file.open(), encoding="utf-8-sig", errors="replace", newline="") as text:
        style = csv.excel if dialect.quote else _Unquoted
        reader = csv.reader(text, style, delimiter=dialect.separator)
        for fields in reader:
            yield reader.line_num, fields


def _unreadable(file: File, dialect: _Dialect, width: int) -> DataError:
    """Find the line at which polars gave up."""
    with file.open() as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return DataError(f"{file.name}, line {number} is not UTF-8 text: convert the file.")
    with suppress(csv.Error):
        for number, fields in _records(file, dialect):
            if len(fields) > width:
                n_fields = -(-width // dialect.step)
                return DataError(f"{file.name}, line {number} has more than {n_fields} fields: correct the file.")
    return DataError(f"{file.name} cannot be cut into fields: look for a quote that is not closed.")
