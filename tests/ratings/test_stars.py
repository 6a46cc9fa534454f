from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from latentlens.ratings.stars import Stars

ANY = nps.arrays(np.float32, st.integers(0, 60), elements=st.floats(-200, 200, width=32))
HALVES = nps.arrays(np.float32, st.integers(0, 60), elements=st.integers(0, 255).map(lambda twice: twice / 2))


@given(ANY | HALVES)
def test_a_column_is_spelled_out_as_it_was_given(ratings: np.ndarray[Any, Any]) -> None:
    stars = Stars.of(ratings)
    assert stars.ratings.dtype == np.float32
    assert stars.ratings.tolist() == ratings.tolist()
    assert stars.values.tolist() == sorted(set(ratings.tolist()))
    assert stars[1::2].ratings.tolist() == ratings[1::2].tolist()
    assert stars.counts.sum() == len(stars) == len(ratings)


@pytest.mark.parametrize(
    ("ratings", "dtype"),
    [
        (np.arange(1, 11) / 2, "uint8"),
        (np.arange(256) / 10, "uint8"),
        (np.arange(257) / 10, "uint16"),
        (np.arange(65_537) / 7, "uint32"),
    ],
)
def test_a_rating_takes_the_fewest_bytes_that_tell_them_apart(ratings: np.ndarray[Any, Any], dtype: str) -> None:
    assert Stars.of(ratings).codes.dtype == dtype


@given(HALVES.filter(len))
def test_the_mean_is_that_of_the_rows(ratings: np.ndarray[Any, Any]) -> None:
    assert Stars.of(ratings).mean == ratings.mean(dtype=np.float64)


@given(ANY, HALVES)
def test_joined_columns_share_their_values(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> None:
    columns = Stars.joined(Stars.of(one), Stars.of(other))
    assert columns[0].values is columns[1].values
    assert [column.ratings.tolist() for column in columns] == [one.tolist(), other.tolist()]


def test_what_occurs_is_told_apart_from_what_may() -> None:
    values, counts = Stars.of(np.array([1, 2, 2, 3, 3.0]))[1:3].occurring
    assert values.tolist() == [2.0]
    assert counts.tolist() == [2]
