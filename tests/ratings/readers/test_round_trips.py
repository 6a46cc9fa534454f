"""Any table, written in any layout, reads back; garbage never raises anything but DataError."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.errors import DataError
from latentlens.ratings.readers import read
from latentlens.ratings.readers.format import Format
from latentlens.ratings.table import Ratings

OTHER = Format("who", "what", "how good", "when", rating_scale=(-10, 10))


class Row(NamedTuple):
    user: int | str
    movie: int | str
    rating: float
    timestamp: int


def rows(users: st.SearchStrategy[Any], movies: st.SearchStrategy[Any], low: int, high: int) -> Any:
    """At least one row, no pair twice, ratings in halves."""
    ratings = st.integers(2 * low, 2 * high).map(lambda halves: halves / 2)
    row = st.builds(Row, users, movies, ratings, st.integers(0, 2**40))
    return st.lists(row, min_size=1, max_size=12, unique_by=lambda row: (row.user, row.movie))


numbers = st.integers(-(2**63), 2**63 - 1)
# Of a text id the reader asks that it is no number, not empty, not too long and without NUL; csv cannot say more of
# line ends than that there is one.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=9).map("id{}".format)


def delimited(separator: str, names: Sequence[str] | None) -> Callable[[list[Row]], bytes]:
    def write(table: list[Row]) -> bytes:
        lines = [separator.join(map(str, row)) for row in table]
        return "\n".join([separator.join(names), *lines] if names else lines).encode()

    return write


def quoted(separator: str, names: Sequence[str]) -> Callable[[list[Row]], bytes]:
    def write(table: list[Row]) -> bytes:
        frame = pl.DataFrame(table, schema=list(names), orient="row")
        return frame.write_csv(separator=separator, quote_style="non_numeric").encode()

    return write


def parquet(names: Sequence[str]) -> Callable[[list[Row]], bytes]:
    def write(table: list[Row]) -> bytes:
        packed = io.BytesIO()
        pl.DataFrame(table, schema=list(names), orient="row").write_parquet(packed)
        return packed.getvalue()

    return write


def in_zip(write: Callable[[list[Row]], bytes]) -> Callable[[list[Row]], bytes]:
    def write_zip(table: list[Row]) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("set/ratings.csv", write(table))
        return packed.getvalue()

    return write_zip


def read_bytes(content: bytes, form: Format | None = None) -> Ratings:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(content)
        return read(str(file), form)


def rows_of(ratings: Ratings) -> list[Row]:
    assert ratings.timestamp is not None
    users = ratings.user_ids.values[ratings.user_index].tolist()
    movies = ratings.item_ids.values[ratings.item_index].tolist()
    return [Row(*row) for row in zip(users, movies, ratings.rating.tolist(), ratings.timestamp.tolist(), strict=True)]


MOVIELENS = ("userId", "movieId", "rating", "timestamp")
OTHERS = ("who", "what", "how good", "when")


@pytest.mark.parametrize(
    "write",
    [
        delimited(",", MOVIELENS),
        delimited("\t", MOVIELENS),
        delimited("\t", None),
        delimited("::", None),
        parquet(MOVIELENS),
        in_zip(delimited(",", MOVIELENS)),
    ],
    ids=["csv", "tsv", "tab", "dat", "parquet", "zip"],
)
@settings(max_examples=40, deadline=None)
@given(table=rows(numbers, numbers, 1, 5))
def test_movielens_rows_read_back_from_every_layout(write: Callable[[list[Row]], bytes], table: list[Row]) -> None:
    assert rows_of(read_bytes(write(table))) == table


@pytest.mark.parametrize(
    "write", [quoted(",", OTHERS), quoted("\t", OTHERS), parquet(OTHERS)], ids=["csv", "tsv", "parquet"]
)
@settings(max_examples=40, deadline=None)
@given(table=rows(texts, texts, -10, 10) | rows(texts, numbers, -10, 10) | rows(numbers, texts, -10, 10))
def test_rows_of_any_ids_read_back_from_every_format(write: Callable[[list[Row]], bytes], table: list[Row]) -> None:
    assert rows_of(read_bytes(write(table), OTHER)) == table


SEEDS = [
    write([Row(1, 10, 4.0, 100), Row(2, 2, 3.0, 200)])
    for write in (
        delimited(",", MOVIELENS),
        quoted("\t", MOVIELENS),
        delimited("::", None),
        delimited("\t", None),
        parquet(MOVIELENS),
        in_zip(delimited(",", MOVIELENS)),
    )
]
PIECES = st.binary(max_size=8) | st.sampled_from(
    [b'"', b",", b"\n", b"\r\n", b"\t", b"::", b"nan", b"1e999", b"9" * 25, b"\xef\xbb\xbf", b"\x1f\x8b", b"-", b"\0"]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of any layout with pieces of it replaced, or with nothing of it left."""
    content = draw(st.sampled_from(SEEDS) | st.binary(max_size=64))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        content = content[:start] + draw(PIECES) + content[start + draw(st.integers(0, 12)) :]
    return content


@settings(max_examples=400, deadline=None)
@given(content=damaged(), form=st.sampled_from([None, OTHER, Format(rating_scale=(0, 1))]))
def test_garbage_raises_nothing_but_a_data_error_of_one_line(content: bytes, form: Format | None) -> None:
    said = ""
    try:
        read_bytes(content, form)
    except DataError as refusal:
        said = str(refusal)
    assert "\n" not in said


@settings(max_examples=200, deadline=None)
@given(content=damaged() | st.binary(max_size=200))
def test_a_garbled_catalogue_raises_nothing_but_a_data_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ratings, movies = Path(folder) / "ratings.csv", Path(folder) / "movies"
        ratings.write_bytes(SEEDS[0])
        movies.write_bytes(content)
        with contextlib.suppress(DataError):
            read(str(ratings), Format(catalogue=movies))
