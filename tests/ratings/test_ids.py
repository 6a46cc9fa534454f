from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.ratings.ids import IdMap

int64s = st.integers(-(2**63), 2**63 - 1)
# numpy drops NUL at the end of text.
texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)


def test_the_position_of_an_id_in_sorted_order_is_its_index() -> None:
    ids = IdMap.of(np.array([30, 10, 30]), np.array([20]))
    assert ids.values.tolist() == [10, 20, 30]
    assert len(ids) == 3
    assert ids.index([20, 10, 30]).tolist() == [1, 0, 2]


@given(st.lists(int64s, min_size=1) | st.lists(texts, min_size=1))
def test_every_id_comes_back_from_its_index(values: list[Any]) -> None:
    ids = IdMap.of(np.array(values))
    assert ids.values[ids.index(values)].tolist() == values


@given(st.lists(int64s, min_size=1), int64s)
def test_an_unknown_id_has_index_minus_one(known: list[int], wanted: int) -> None:
    found = int(IdMap.of(np.array(known)).index(wanted))
    assert (found == -1) == (wanted not in known)


@given(st.lists(texts, min_size=1), texts)
def test_an_unknown_text_id_has_index_minus_one(known: list[str], wanted: str) -> None:
    found = int(IdMap.of(np.array(known)).index(wanted))
    assert (found == -1) == (wanted not in known)


def test_indexes_have_the_shape_of_the_ids() -> None:
    ids = IdMap.of(np.array([5, 6]))
    assert ids.index([[5, 6], [6, 7]]).tolist() == [[0, 1], [1, -1]]
    assert ids.index(6).shape == ()


@pytest.mark.parametrize("known", [np.array([1]), np.array(["a"]), np.array([], dtype=np.int64)])
def test_no_ids_have_no_indexes(known: np.ndarray[Any, Any]) -> None:
    assert IdMap.of(known).index([]).shape == (0,)


def test_an_empty_map_knows_no_id() -> None:
    assert IdMap.of(np.array([], dtype=np.int64)).index([1, 2]).tolist() == [-1, -1]


@pytest.mark.parametrize("wanted", ["1", ["1"], [1.0], [True], [None], np.array([1, "a"], dtype=object)])
def test_ids_that_are_not_whole_numbers_are_refused_where_the_data_has_numbers(wanted: Any) -> None:
    with pytest.raises(TypeError, match="ids of this data are whole numbers"):
        IdMap.of(np.array([1, 2])).index(wanted)


@pytest.mark.parametrize("wanted", [1, [1], [1.5], [None], np.array(["1", 2], dtype=object)])
def test_ids_that_are_not_text_are_refused_where_the_data_has_text(wanted: Any) -> None:
    with pytest.raises(TypeError, match="ids of this data are text"):
        IdMap.of(np.array(["1", "2"])).index(wanted)


def test_text_in_an_object_array_is_text() -> None:
    assert IdMap.of(np.array(["a", "b"])).index(np.array(["b", "c"], dtype=object)).tolist() == [1, -1]


def test_large_ids_of_differing_integer_types_stay_apart() -> None:
    large = 2**62
    ids = IdMap.of(np.array([large], dtype=np.int64), np.array([large + 1], dtype=np.uint64))
    assert ids.values.dtype == np.int64
    assert ids.values.tolist() == [large, large + 1]


def test_numbers_and_text_are_not_mixed() -> None:
    assert not IdMap.of(np.array([1])).is_text
    assert IdMap.of(np.array(["1"])).is_text
    with pytest.raises(TypeError, match="mixture"):
        IdMap.of(np.array([1]), np.array(["1"]))
    with pytest.raises(TypeError, match="whole numbers"):
        IdMap.of(np.array([1.0]))


@pytest.mark.parametrize("ids", [IdMap.of(np.array([-5, 3, 8, 2**62])), IdMap.of(np.array(["a", "bb", "ü"]))])
@pytest.mark.parametrize("wanted", [-5, 3, 4, 9, 2**62, 2**62 + 1, "a", "b", "bb", "ü", "zz", "", 3.0, None, 2**63])
def test_the_position_of_one_id_is_its_index(ids: IdMap, wanted: Any) -> None:
    try:
        expected = int(ids.index(wanted))
    except TypeError:
        with pytest.raises(TypeError, match="the ids of this data are"):
            ids.position(wanted)
    else:
        assert ids.position(wanted) == expected


def test_an_empty_map_has_no_positions() -> None:
    assert IdMap.of(np.array([], np.int64)).position(1) == -1
