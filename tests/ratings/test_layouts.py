"""In which order ratings are visited, and by which thread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.ratings import layouts
from latentlens.ratings.layouts import Visits, by_user, in_blocks, order_for, worthwhile_threads
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings

Rows = list[tuple[int, int, float]]


@st.composite
def ratings_of(draw: st.DrawFn) -> Ratings:
    """Few users and movies, some with one rating, some with none left; some pairs twice."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40))
    users, movies = np.array(pairs).T
    whole = Ratings.of(users, movies, 0.5 + np.arange(len(pairs)) % 10 / 2, scale=(0.5, 5))
    rows = draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=60))
    return whole.take(np.array(rows), "some, some of them twice")


def rows_of(users: NDArray[np.int32], items: NDArray[np.int32], stars: Stars) -> Rows:
    return list(zip(users.tolist(), items.tolist(), stars.ratings.tolist(), strict=True))


def parts(visits: Visits) -> list[list[Rows]]:
    """The rows of each slice of each round."""
    users, items, stars, rounds = visits
    return [[rows_of(users[part], items[part], stars[part]) for part in parallel] for parallel in rounds]


def blocks(ratings: Ratings, n_threads: int, part: int) -> tuple[Visits, NDArray[np.int64]]:
    """With so small parts of the users that few ratings make many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layouts, "_PART", part)
        return in_blocks(ratings, n_threads)


def test_by_user_gathers_users_and_keeps_the_order_of_the_data_within_each() -> None:
    users = np.array([2, 1, 2, 1])
    movies = np.array([30, 20, 10, 40])
    visits = by_user(Ratings.of(users, movies, np.array([1.0, 2.0, 3.0, 4.0])))
    assert visits.users.tolist() == [0, 0, 1, 1]
    assert visits.items.tolist() == [1, 3, 2, 0]
    assert visits.stars.ratings.tolist() == [2.0, 4.0, 1.0, 3.0]
    assert len(parts(visits)) == len(parts(visits)[0]) == 1


@settings(deadline=None)
@given(ratings_of(), st.integers(1, 5), st.integers(1, 60))
def test_blocks_hold_every_rating_once_with_its_movie_at_its_place(ratings: Ratings, n_threads: int, size: int) -> None:
    visits, place = blocks(ratings, n_threads, size)
    assert sorted(place) == list(range(ratings.n_items))
    visited = [row for parallel in parts(visits) for part in parallel for row in part]
    rated = rows_of(ratings.user_index, place[ratings.item_index].astype(np.int32), ratings.stars)
    assert sorted(visited) == sorted(rated)
    n_parts = max(len(ratings) // (n_threads * size), 1)
    assert [len(parallel) for parallel in visits.rounds] == [n_threads] * n_threads * n_parts


@settings(deadline=None)
@given(ratings_of(), st.integers(1, 5), st.integers(1, 60))
def test_threads_of_one_round_share_no_user_and_no_movie(ratings: Ratings, n_threads: int, size: int) -> None:
    for parallel in parts(blocks(ratings, n_threads, size)[0]):
        for column in (0, 1):
            owners = [{row[column] for row in part} for part in parallel]
            assert sum(map(len, owners)) == len(set().union(*owners))


@settings(deadline=None)
@given(ratings_of(), st.integers(1, 5), st.integers(1, 60))
def test_a_part_is_walked_user_by_user(ratings: Ratings, n_threads: int, size: int) -> None:
    # Of one tile: so few movies make no second one.
    for parallel in parts(blocks(ratings, n_threads, size)[0]):
        for part in parallel:
            users = [user for user, *_ in part]
            assert users == sorted(users)


def test_movies_are_dealt_by_turns_and_lie_by_popularity() -> None:
    # Movies 0 to 3 have 1, 4, 3 and 2 ratings: 1 and 3 are dealt to the first block, 2 and 0 to the second.
    movies = np.repeat([0, 1, 2, 3], [1, 4, 3, 2])
    users = np.concatenate([np.arange(n) for n in (1, 4, 3, 2)])
    assert in_blocks(Ratings.of(users, movies, np.ones(10)), 2)[1].tolist() == [3, 0, 2, 1]


def test_the_most_rated_movies_are_visited_by_all_before_the_rest() -> None:
    users, movies = np.divmod(np.arange(2 * 3000), 3000)
    items = in_blocks(Ratings.of(users, movies, np.ones(6000)), 1)[0].items
    assert (items[:4096] < 2048).all()
    assert (items[4096:] >= 2048).all()


def test_a_small_set_keeps_its_order_for_one_thread() -> None:
    ratings = Ratings.of(np.array([1, 0, 1]), np.array([5, 5, 4]), np.ones(3))
    visits, place = order_for(ratings, 1)
    assert place.tolist() == [0, 1]
    assert visits.items.tolist() == by_user(ratings).items.tolist()


@pytest.mark.parametrize(("n_ratings", "at_most"), [(1, 1), (999_999, 1), (1_000_000, 2), (10**9, 2000)])
def test_few_ratings_are_not_worth_threads(n_ratings: int, at_most: int) -> None:
    assert 1 <= worthwhile_threads(n_ratings) <= at_most


def test_rows_that_lie_by_user_already_are_not_copied() -> None:
    ratings = Ratings.of(np.array([1, 1, 2]), np.array([30, 10, 20]), np.array([1.0, 2.0, 3.0]))
    visits = by_user(ratings)
    assert np.shares_memory(visits.items, ratings.item_index)
    assert visits.items.tolist() == [2, 0, 1]
