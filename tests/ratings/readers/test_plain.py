"""Reading in pieces: whatever their size, the same ratings as at once; what is odd takes the closer look."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.errors import DataError
from latentlens.ratings.readers import delimited, parquet, plain, ratings_file
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.places import File
from latentlens.ratings.readers.ratings_file import RatingsFile

Rows = list[tuple[int, int, float, int]]
rows_of = st.lists(
    st.tuples(st.integers(1, 9), st.integers(-50, 10**12), st.sampled_from([0.5, 3.0, 5.0]), st.integers(0, 10**10)),
    min_size=1,
    max_size=12,
)


def csv(rows: Rows) -> File:
    lines = ["userId,movieId,rating,timestamp", *(",".join(map(str, row)) for row in rows)]
    return File("ratings.csv", "\n".join(lines).encode())


def windows_csv_with_text_ids(rows: Rows) -> File:
    lines = [f'"u {user}",x{movie},{rating},{seconds},more' for user, movie, rating, seconds in rows]
    return File("ratings.csv", "\r\n".join(["userId,movieId,rating,timestamp,note", *lines, ""]).encode())


def dat(rows: Rows) -> File:
    return File("ratings.dat", "".join(f"{'::'.join(map(str, row))}\n" for row in rows).encode())


def tab(rows: Rows) -> File:
    return File("u.data", "".join("\t".join(map(str, row)) + "\n" for row in rows).encode())


def in_parquet(rows: Rows) -> File:
    stream = io.BytesIO()
    pl.DataFrame(rows, schema=["userId", "movieId", "rating", "timestamp"], orient="row").write_parquet(stream)
    return File("ratings.parquet", stream.getvalue())


def at_once(file: File) -> RatingsFile:
    form = Format()
    reader = parquet if parquet.is_parquet(file) else delimited
    return ratings_file.read_closely(reader.read(file, form), form)


def in_pieces(file: File, n_bytes: int) -> plain.Columns:
    if parquet.is_parquet(file):
        return plain.read(parquet.pieces(file, Format(), n_bytes).tables)
    return plain.read(delimited.pieces(file, Format(), n_bytes).tables)


@pytest.mark.parametrize("written", [csv, windows_csv_with_text_ids, dat, tab, in_parquet])
@settings(deadline=None, max_examples=30)
@given(rows=rows_of, n_bytes=st.integers(1, 200))
def test_pieces_of_any_size_make_the_same_columns(written: Callable[[Rows], File], rows: Rows, n_bytes: int) -> None:
    file = written(rows)
    expected, found = at_once(file).columns, in_pieces(file, n_bytes)
    for ids, same in ((expected.users, found.users), (expected.movies, found.movies)):
        assert same.ids.values.tolist() == ids.ids.values.tolist()
        assert same.index.tolist() == ids.index.tolist()
    assert found.rating.dtype == np.float32
    assert found.rating.tolist() == expected.rating.tolist()
    assert found.timestamp is not None
    assert expected.timestamp is not None
    assert found.timestamp.tolist() == expected.timestamp.tolist()
    assert found[4:] == expected[4:]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,7,seven,7", "line 4, column rating: 'seven' is not a number"),
        ("7,7,9,7", "line 4, column rating: 9.0 is not on the scale of 0.5 to 5"),
        ("7,7,nan,7", "line 4, column rating: nan is not a finite number"),
        ("7,7,1e39,7", "line 4, column rating: 1e.39 is not a finite number"),
        ("7,,3,7", "line 4, column movieId has no value"),
        ("7,7,3,-7", "line 4, column timestamp: -7 is before 1970"),
        ("7,7,3,7,7", "line 4 has more than 4 fields"),
        ("7,7,3", "line 4, column timestamp has no value"),
    ],
)
@pytest.mark.parametrize("n_bytes", [1, 12, 1000])
def test_what_is_wrong_is_said_whichever_piece_it_is_in(line: str, message: str, n_bytes: int) -> None:
    text = f"userId,movieId,rating,timestamp\n1,2,3,4\n5,6,3.5,8\n{line}\n1,3,3,4\n"
    with pytest.raises(DataError, match=message):
        ratings_file.read(File("ratings.csv", text.encode()), Format(), n_bytes)


@pytest.mark.parametrize("n_bytes", [1, 1000])
def test_what_can_be_mended_is_noted_whichever_piece_it_is_in(n_bytes: int) -> None:
    text = b"userId,movieId,rating\n1,2,3\n\nx,2,4\n"
    found = ratings_file.read(File("ratings.csv", text), Format(), n_bytes)
    assert found.columns.users.ids.values.tolist() == ["1", "x"]
    assert [(note.what.partition(":")[0], note.rows) for note in found.notes] == [
        ("dropped", 1),
        ("user ids are text, as some are no whole number of 64 bits", 1),
    ]


def test_a_quoted_line_end_is_no_end_of_a_piece(tmp_path: Path) -> None:
    text = b'userId,movieId,rating\n"a\nb",x,3\nc,y,4\n'
    for n_bytes in range(1, 20):
        found = ratings_file.read(File("ratings.csv", text), Format(), n_bytes)
        assert found.columns.users.ids.values.tolist() == ["a\nb", "c"]
