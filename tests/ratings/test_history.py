from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.ratings.history import History
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings


@pytest.fixture
def ratings() -> Ratings:
    users = np.array([2, 1, 2, 3, 2])
    movies = np.array([30, 10, 10, 20, 20])
    return Ratings.of(users, movies, np.array([1.0, 2.0, 3.0, 4.0, 5.0]))


def test_rows_are_gathered_by_user_and_sorted_by_item(ratings: Ratings) -> None:
    history = History.of(ratings)
    assert history.indptr.tolist() == [0, 1, 4, 5]
    assert history.items.tolist() == [0, 0, 1, 2, 1]
    assert history.stars.ratings.tolist() == [2.0, 3.0, 5.0, 1.0, 4.0]


def test_a_users_movies_come_with_what_they_were_rated(ratings: Ratings) -> None:
    history = History.of(ratings.take(np.array([0, 1, 2]), "three"))
    items, values = history.rows_of(1)
    assert items.tolist() == history.items_of(1).tolist() == [0, 2]
    assert values.tolist() == [3.0, 1.0]
    assert history.rows_of(2)[0].tolist() == []


def test_a_user_without_rows_has_an_empty_history(ratings: Ratings) -> None:
    history = History.of(ratings.take(np.array([0]), "one"))
    assert history.indptr.tolist() == [0, 0, 1, 1]
    assert history.items_of(0).tolist() == []


def test_types_are_those_of_the_saved_model(ratings: Ratings) -> None:
    history = History.of(ratings)
    parts = (history.indptr, history.items, history.stars.codes, history.stars.values)
    assert [part.dtype.name for part in parts] == ["int64", "int32", "uint8", "float32"]


def test_some_rows_can_be_kept(ratings: Ratings) -> None:
    history = History.of(ratings)
    assert history.users.tolist() == [0, 1, 1, 1, 2]
    kept = history.keep(history.stars.ratings > 2)
    assert kept.users.tolist() == [1, 1, 2]
    assert kept.stars.ratings.tolist() == [3.0, 5.0, 4.0]


def test_sets_of_other_ratings_are_joined() -> None:
    halves = Ratings.of(np.array([1, 1, 2]), np.array([5, 7, 6]), np.array([0.5, 4.0, 3.0]))
    tenths = replace(halves, item_index=np.array([2, 1, 0], np.int32), stars=Stars.of(np.array([3.3, 4.0, 0.1])))
    history = History.of(halves, halves.take(np.arange(0), "none"), tenths.take(np.array([2, 1]), "some"))
    assert history.items.tolist() == [0, 1, 2, 0, 1]
    assert history.stars.ratings.tolist() == np.array([0.5, 4, 4, 0.1, 3], np.float32).tolist()


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1), st.randoms(), st.integers(1, 9))
def test_however_many_rows_are_sorted_at_a_time_the_history_is_the_same(
    pairs: set[tuple[int, int]], random: Random, most: int
) -> None:
    rows = sorted(pairs)
    random.shuffle(rows)
    users, items = (np.array([row[side] for row in rows]) for side in (0, 1))
    whole = Ratings.of(users, items, np.arange(1.0, 1 + len(rows)))
    sides = np.array_split(np.arange(len(rows)), 3)
    history = History.of(*(whole.take(side, "a side") for side in sides), most=most)
    order = np.lexsort((items, users))
    assert history.items.tolist() == whole.item_index[order].tolist()
    assert history.stars.ratings.tolist() == whole.rating[order].tolist()
    assert np.diff(history.indptr).tolist() == whole.user_counts.tolist()


def test_rows_of_one_set_that_lie_as_they_should_are_not_copied() -> None:
    ratings = Ratings.of(np.array([1, 1, 2]), np.array([5, 6, 5]), np.array([1.0, 2.0, 3.0]))
    history = History.of(ratings)
    assert np.shares_memory(history.items, ratings.item_index)
    assert history.items.tolist() == [0, 1, 0]
    assert history.indptr.tolist() == [0, 2, 3]


@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 5))), st.randoms(use_true_random=False))
def test_every_pair_is_found_in_its_row_and_no_other(pairs: set[tuple[int, int]], random: Random) -> None:
    rated = sorted(pairs)
    users, items = (np.array([pair[n] for pair in rated], dtype=np.int32) for n in (0, 1))
    indptr = np.searchsorted(users, np.arange(6))
    history = History(indptr, items, Stars.of(np.ones(len(rated))))
    asked = random.sample([(user, item) for user in range(5) for item in range(6)], 30)
    found = history.find(*np.array(asked).T)
    assert found.tolist() == [rated.index(pair) if pair in pairs else -1 for pair in asked]
