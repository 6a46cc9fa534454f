from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.ratings.coded import Coded
from latentlens.ratings.growing import Growing, GrowingIds
from latentlens.ratings.ids import IdMap

int64s = st.integers(-(2**63), 2**63 - 1)
# Close to each other they are counted off, otherwise sorted.
numbers = st.lists(st.integers(-5, 40), min_size=1) | st.lists(int64s, min_size=1)
columns = numbers | st.lists(st.text("ab", max_size=3), min_size=1)


@given(columns)
def test_a_column_comes_back_from_its_indexes_and_knows_the_ids_that_occur(values: list[Any]) -> None:
    coded = Coded.of(np.array(values))
    assert coded.ids.values[coded.index].tolist() == values
    assert coded.ids.values.tolist() == IdMap.of(np.array(values)).values.tolist() == sorted(set(values))
    assert coded.index.dtype == np.int32


@given(st.lists(int64s, min_size=1), st.lists(int64s))
def test_more_ids_change_no_row(values: list[int], others: list[int]) -> None:
    coded = Coded.of(np.array(values)).with_ids(np.array(others, dtype=np.int64))
    assert coded.ids.values[coded.index].tolist() == values
    assert set(coded.ids.values.tolist()) == {*values, *others}


@given(st.lists(columns, min_size=1, max_size=5))
def test_a_column_that_grew_is_the_same_as_at_once(parts: list[list[Any]]) -> None:
    parts = [part for part in parts if isinstance(part[0], type(parts[0][0]))]
    grown = GrowingIds()
    for part in parts:
        grown.extend(Coded.of(np.array(part)))
    at_once, coded = Coded.of(np.array([value for part in parts for value in part])), grown.coded()
    assert coded.index.tolist() == at_once.index.tolist()
    assert coded.ids.values.tolist() == at_once.ids.values.tolist()


@given(st.lists(st.lists(st.integers(0, 99), max_size=9)))
def test_a_column_of_numbers_grows_by_parts_of_any_length(parts: list[list[int]]) -> None:
    grown = Growing(np.int64)
    for part in parts:
        grown.extend(np.array(part, dtype=np.int64))
    assert grown.values.tolist() == [value for part in parts for value in part]


def test_text_does_not_follow_whole_numbers() -> None:
    grown = GrowingIds()
    grown.extend(Coded.of(np.array([1])))
    with pytest.raises(ValueError, match="two kinds"):
        grown.extend(Coded.of(np.array(["a"])))


def test_fractions_are_no_ids() -> None:
    with pytest.raises(TypeError, match="whole numbers or all text"):
        Coded.of(np.array([1.5]))
