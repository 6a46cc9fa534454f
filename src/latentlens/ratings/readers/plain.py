"""The columns of a ratings file in which nothing is odd, encoded some rows at a time: memory holds no text of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from latentlens.ratings.coded import Coded
from latentlens.ratings.columns import MOVIE, RATING, TIMESTAMP, USER
from latentlens.ratings.growing import Growing, GrowingIds
from latentlens.ratings.ids import IdMap
from latentlens.ratings.readers.values import LONGEST_ID


class Columns(NamedTuple):
    """The rows of a ratings file, n of each; `lowest`, `highest` and `has_halves` say which ratings occur."""

    users: Coded
    movies: Coded
    rating: NDArray[np.float32]
    timestamp: NDArray[np.int64] | None
    lowest: float
    highest: float
    has_halves: bool


def read(tables: Iterable[pl.DataFrame], about: int = 0) -> Columns:
    """Encode tables with the columns user_id, movie_id, rating and, if there is one, timestamp.

    `about` as many rows are expected: growing costs as much again as filling.

    Raises ValueError for whatever takes a closer look: no row at all, missing values, ids of both kinds, ratings that
    are no finite numbers, timestamps before 1970, other types.
    """
    users, movies = GrowingIds(about), GrowingIds(about)
    ratings, timestamps = Growing(np.float32, about), Growing(np.int64, about)
    lowest, highest, has_halves, has_times = np.inf, -np.inf, False, False
    for table in _ahead(tables):
        if any(column.has_nulls() for column in table):
            raise ValueError("a value is missing")
        users.extend(_ids(table[USER]))
        movies.extend(_ids(table[MOVIE]))
        rating = _numbers(table[RATING], pl.Float64)
        # NaN is both the lowest and the highest.
        lowest, highest = np.minimum(lowest, rating.min()), np.maximum(highest, rating.max())
        has_halves = has_halves or bool((rating != np.rint(rating)).any())
        with np.errstate(over="ignore"):
            ratings.extend(rating)
        has_times = TIMESTAMP in table.columns
        if has_times:
            timestamps.extend(_seconds(table[TIMESTAMP]))
    # Beyond, there is infinity in float32. Without a row, the lowest is infinite.
    if not max(-lowest, highest) <= np.finfo(np.float32).max:
        raise ValueError("there is no row, or a rating is not finite")
    return Columns(
        users.coded(),
        movies.coded(),
        ratings.values,
        timestamps.values if has_times else None,
        float(lowest),
        float(highest),
        has_halves,
    )


def _ahead(tables: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same tables; the next one is read while one is encoded."""
    source = iter(tables)
    with ThreadPoolExecutor(1) as other:
        following = other.submit(next, source, None)
        while (table := following.result()) is not None:
            following = other.submit(next, source, None)
            yield table


def _seconds(column: pl.Series) -> NDArray[np.int64]:
    seconds = _numbers(column, pl.Int64)
    if seconds.min() < 0:
        raise ValueError("a timestamp is before 1970")
    return seconds


def _numbers(column: pl.Series, dtype: type[pl.DataType]) -> NDArray[Any]:
    # Parquet may have a narrower type; a wider one would lose digits.
    if not (column.dtype.is_integer() or column.dtype == dtype or (column.dtype.is_float() and dtype == pl.Float64)):
        raise ValueError(f"a column holds {column.dtype}")
    numbers = column.cast(dtype, strict=False)
    if numbers.has_nulls():
        raise ValueError("a number has more than 64 bits")
    return numbers.to_numpy()


def _ids(column: pl.Series) -> Coded:
    if column.dtype.is_integer():
        return Coded.of(_numbers(column, pl.Int64))
    if column.dtype != pl.String:
        raise ValueError(f"a column of ids holds {column.dtype}")
    names = column.unique()
    is_odd = (names == "") | names.str.contains("\0", literal=True) | (names.str.len_chars() > LONGEST_ID)
    if is_odd.any() or names.cast(pl.Int64, strict=False).count():
        raise ValueError("an id is none, or a whole number among text")
    return coded_text(column)


def coded_text(column: pl.Series) -> Coded:
    """Encode a column of text."""
    names = column.unique()
    ids = IdMap.of(names.to_numpy().astype(np.str_))
    # numpy's order of text is that of its code points, as polars': but only one of the two is relied upon.
    index = column.cast(pl.Enum(ids.values.tolist())).to_physical()
    return Coded(ids, index.to_numpy().astype(np.int32))
