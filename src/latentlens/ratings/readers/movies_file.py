"""Files of movies: MovieLens' `movies.csv`, `movies.dat` and `u.item`, and any table with an id and a title."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from latentlens.errors import DataError
from latentlens.ratings.catalogue import split_title
from latentlens.ratings.readers import parquet
from latentlens.ratings.readers.format import MOVIELENS, shortened
from latentlens.ratings.readers.places import File, Place, taken
from latentlens.ratings.readers.values import LONGEST_ID

# Of the flags in u.item, in their order; "unknown" is no genre, but it has a flag.
_FLAGS = (
    "unknown|Action|Adventure|Animation|Children's|Comedy|Crime|Documentary|Drama|Fantasy"
    "|Film-Noir|Horror|Musical|Mystery|Romance|Sci-Fi|Thriller|War|Western"
)
_DAT, _ITEM = _MOVIELENS_ONLY = ("movies.dat", "u.item")
_NO_GENRE = {"", "unknown", "(no genres listed)"}
# u.item: movie id, title, release date, video release date, IMDb address, then the flags.
_U_ITEM_FLAGS = 5
_YEAR = re.compile(r"[0-9]{1,4}(\.0)?")


class Movie(NamedTuple):
    """One row of a movie file; the id as it is written there, the title without its year."""

    movie_id: str
    title: str
    year: int
    genres: list[str]


class _Row(NamedTuple):
    line: int
    movie_id: str
    title: str
    genres: list[str]
    year: str = ""


def beside(folder: Place, name: str) -> list[File]:
    """The files that describe the movies: `name` if it is there, then the u.genre that explains a u.item."""
    if not (folder / name).is_file():
        return []
    names = [name, "u.genre"] if name == _ITEM else [name]
    return [taken(folder / name) for name in names if (folder / name).is_file()]


def read(files: Sequence[File], id_col: str = MOVIELENS[1]) -> list[Movie]:
    """Read every row of a movie file (and of its u.genre); none without files. Blank lines are skipped.

    A table has the columns `id_col` (or movieId) and title; if it likes, genres, separated by |, and year, which
    otherwise is read off the title.

    Raises DataError, with the line, for a row of another shape, without an id, or of a year that is none.
    """
    if not files:
        return []
    file, *genre_files = files
    if file.name == _DAT:
        rows = _dat_rows(file)
    elif file.name == _ITEM:
        rows = _item_rows(file, genre_files)
    else:
        rows = _table_rows(file, id_col)
    return [_movie(file, row) for row in rows]


def _movie(file: File, row: _Row) -> Movie:
    is_id = 0 < len(row.movie_id) <= LONGEST_ID and "\0" not in row.movie_id
    # Only a table may carry ids of another kind than whole numbers.
    if not is_id or (file.name in _MOVIELENS_ONLY and not row.movie_id.isdecimal()):
        raise _wrong(file, row, row.movie_id, "a movie id")
    title, year = split_title(row.title)
    if row.year:
        # Spreadsheets and pandas write 1995.0 in a column with gaps.
        if not _YEAR.fullmatch(row.year):
            raise _wrong(file, row, row.year, "a year")
        year = int(row.year.partition(".")[0])
    return Movie(row.movie_id, title, year, [name for name in row.genres if name not in _NO_GENRE])


def _wrong(file: File, row: _Row, value: str, expected: str) -> DataError:
    return DataError(f"{file.name}, line {row.line}: {shortened(repr(value))} is not {expected}; correct the file.")


def _table_rows(file: File, id_col: str) -> Iterator[_Row]:
    records = parquet.records(file) if parquet.is_parquet(file) else _csv_records(file)
    _, header = next(records)
    id_name = id_col if id_col in header else MOVIELENS[1]
    missing = [name for name in (id_name, "title") if name not in header]
    if missing:
        shown = shortened(", ".join(header))
        raise DataError(f"{file.name}, line 1 lacks the column {', '.join(missing)} among {shown}: add it.")
    for line, fields in records:
        row = dict(zip(header, fields, strict=True))
        yield _Row(line, row[id_name], row["title"], row.get("genres", "").split("|"), row.get("year", ""))


def _csv_records(file: File) -> Iterator[tuple[int, list[str]]]:
    """The header, then every record that is not blank, with its line."""
    text = text_of(file)
    separator = "\t" if "\t" in text.split("\n", 1)[0] else ","
    # strict: an unbalanced quote is an error instead of swallowing the movies after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = next(reader, [])
        yield 1, header
        for fields in filter(None, reader):
            _check_width(file, reader.line_num, fields, len(header))
            yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"{file.name}, line {reader.line_num}: {error}; correct the quotes.") from error


def _dat_rows(file: File) -> Iterator[_Row]:
    for line, fields in _split_lines(file, "::"):
        _check_width(file, line, fields, 3)
        yield _Row(line, fields[0], fields[1], fields[2].split("|"))


def _item_rows(file: File, genre_files: Sequence[File]) -> Iterator[_Row]:
    names = [fields[0] for genres in genre_files for _, fields in _split_lines(genres, "|")] or _FLAGS.split("|")
    for line, fields in _split_lines(file, "|"):
        _check_width(file, line, fields, _U_ITEM_FLAGS + len(names))
        flags = zip(names, fields[_U_ITEM_FLAGS:], strict=True)
        yield _Row(line, fields[0], fields[1], [name for name, flag in flags if flag == "1"])


def _split_lines(file: File, separator: str) -> Iterator[tuple[int, list[str]]]:
    # Not str.splitlines: it also splits at characters that latin-1 titles may hold.
    for number, line in enumerate(io.StringIO(text_of(file), newline=None), start=1):
        if line.strip():
            yield number, line.rstrip("\n").split(separator)


def text_of(file: File) -> str:
    """Decode a file beside the ratings: UTF-8 where the bytes are valid as such, else latin-1, as in ml-100k and ml-1m.

    Raises DataError if there is nothing in it.
    """
    content = file.read()
    if not content.strip():
        raise DataError(f"{file.name} is empty: give the whole file, or remove it to go without.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _check_width(file: File, line: int, fields: list[str], width: int) -> None:
    if len(fields) != width:
        raise DataError(f"{file.name}, line {line} has {len(fields)} fields instead of {width}: correct it.")
