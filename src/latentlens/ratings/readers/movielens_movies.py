"""MovieLens' movie files: `movies.csv`, `movies.dat` and `u.item`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from latentlens.errors import DataError
from latentlens.ratings.catalogue import split_title
from latentlens.ratings.readers.places import Place

# Of the flags in u.item, in their order; "unknown" is no genre, but it has a flag.
_FLAGS = (
    "unknown|Action|Adventure|Animation|Children's|Comedy|Crime|Documentary|Drama|Fantasy"
    "|Film-Noir|Horror|Musical|Mystery|Romance|Sci-Fi|Thriller|War|Western"
)
_NO_GENRE = {"", "unknown", "(no genres listed)"}
_CSV_COLUMNS = ("movieId", "title", "genres")
# u.item: movie id, title, release date, video release date, IMDb address, then the flags.
_U_ITEM_FLAGS = 5


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


def files(folder: Place, name: str) -> list[Place]:
    """The files that describe the movies: `name` if it is there, then the u.genre that explains a u.item."""
    if not (folder / name).is_file():
        return []
    genres = folder / "u.genre"
    return [folder / name, genres] if name == "u.item" and genres.is_file() else [folder / name]


def read(files: list[Place]) -> list[Movie]:
    """Read every row of the files that `files` found; none without files. Blank lines are skipped.

    Raises DataError, with the line, for a row of another shape or without an id.
    """
    if not files:
        return []
    file, *genre_files = files
    if file.name == "movies.csv":
        rows = _csv_rows(file)
    elif file.name == "movies.dat":
        rows = _dat_rows(file)
    else:
        rows = _item_rows(file, genre_files)
    return [_movie(file, row) for row in rows]


def _movie(file: Place, row: _Row) -> Movie:
    # Only the csv layout may carry ids of another kind.
    if not row.movie_id or not (file.name == "movies.csv" or row.movie_id.isdecimal()):
        raise DataError(f"{file.name}, line {row.line}: {row.movie_id!r} is not a movie id; correct the file.")
    genres = [name for name in row.genres if name not in _NO_GENRE]
    return Movie(row.movie_id, *split_title(row.title), genres)


def _csv_rows(file: Place) -> Iterator[_Row]:
    # strict: an unbalanced quote is an error instead of swallowing the movies after it.
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = [name for name in _CSV_COLUMNS if name not in header]
        if missing:
            raise DataError(f"{file.name}, line 1 lacks the column {', '.join(missing)}: its header is {header}.")
        at = [header.index(name) for name in _CSV_COLUMNS]
        for fields in reader:
            if not fields:
                continue
            _check_width(file, reader.line_num, fields, len(header))
            movie_id, title, genres = (fields[j] for j in at)
            yield _Row(reader.line_num, movie_id, title, genres.split("|"))
    except csv.Error as error:
        raise DataError(f"{file.name}, line {reader.line_num}: {error}; correct the quotes.") from error


def _dat_rows(file: Place) -> Iterator[_Row]:
    for line, fields in _split_lines(file, "::"):
        _check_width(file, line, fields, 3)
        yield _Row(line, fields[0], fields[1], fields[2].split("|"))


def _item_rows(file: Place, genre_files: list[Place]) -> Iterator[_Row]:
    names = [fields[0] for genres in genre_files for _, fields in _split_lines(genres, "|")] or _FLAGS.split("|")
    for line, fields in _split_lines(file, "|"):
        _check_width(file, line, fields, _U_ITEM_FLAGS + len(names))
        flags = zip(names, fields[_U_ITEM_FLAGS:], strict=True)
        yield _Row(line, fields[0], fields[1], [name for name, flag in flags if flag == "1"])


def _split_lines(file: Place, separator: str) -> Iterator[tuple[int, list[str]]]:
    # Not str.splitlines: it also splits at characters that latin-1 titles may hold.
    for number, line in enumerate(io.StringIO(_text(file), newline=None), start=1):
        if line.strip():
            yield number, line.rstrip("\n").split(separator)


def _text(file: Place) -> str:
    """UTF-8 where the bytes are valid as such, else latin-1, as in ml-100k and ml-1m (ml-10m is UTF-8)."""
    content = file.read_bytes()
    if not content.strip():
        raise DataError(f"{file.name} is empty: give the whole file, or remove it to go without titles.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _check_width(file: Place, line: int, fields: list[str], width: int) -> None:
    if len(fields) != width:
        raise DataError(f"{file.name}, line {line} has {len(fields)} fields instead of {width}: correct it.")
