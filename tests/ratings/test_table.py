from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.errors import DataError
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.table import Note, Origin, Ratings


def ratings_of(*rows: tuple[Any, ...], **options: Any) -> Ratings:
    """From (user, movie, rating) or (user, movie, rating, timestamp) rows."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Ratings.of(*columns, **options)


def rows_of(ratings: Ratings) -> list[tuple[Any, Any, float]]:
    users = ratings.user_ids.values[ratings.user_index].tolist()
    movies = ratings.item_ids.values[ratings.item_index].tolist()
    return list(zip(users, movies, ratings.rating.tolist(), strict=True))


def test_rows_keep_their_order_and_their_ids() -> None:
    rows = [(9, 20, 3.5), (4, 10, 1.0), (9, 10, 5.0)]
    ratings = ratings_of(*rows)
    assert rows_of(ratings) == rows
    assert (len(ratings), ratings.n_users, ratings.n_items) == (3, 2, 2)
    assert ratings.user_index.dtype == ratings.item_index.dtype == np.int32
    assert ratings.rating.dtype == np.float32
    assert ratings.timestamp is None


def test_text_ids_are_kept() -> None:
    rows = [("ann", "tt2", 3.0), ("bob", "tt1", 4.0)]
    assert rows_of(ratings_of(*rows)) == rows


def test_of_a_movie_rated_again_the_latest_by_timestamp_is_kept() -> None:
    ratings = ratings_of((1, 1, 2.0, 50), (1, 2, 3.0, 10), (1, 1, 4.0, 20), (1, 2, 5.0, 10))
    assert rows_of(ratings) == [(1, 1, 2.0), (1, 2, 5.0)]
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [50, 10]
    assert ratings.origin.notes == (
        Note("read", 4),
        Note("dropped: (user, movie) rated again later, the latest kept", 2),
    )


def test_of_a_movie_rated_again_without_timestamps_the_last_row_is_kept() -> None:
    assert rows_of(ratings_of((1, 1, 2.0), (2, 1, 3.0), (1, 1, 4.0))) == [(2, 1, 3.0), (1, 1, 4.0)]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(0, 3)), min_size=1))
def test_repeats_are_resolved_as_a_dictionary_filled_in_time_order_would(
    rows: list[tuple[int, int, int, int]],
) -> None:
    latest = {(user, movie): rating for user, movie, rating, _ in sorted(rows, key=lambda row: row[3])}
    ratings = ratings_of(*rows)
    assert {(user, movie): rating for user, movie, rating in rows_of(ratings)} == latest
    assert len(ratings) == len(latest)


def test_the_scale_is_read_off_the_ratings_where_it_is_not_given() -> None:
    assert ratings_of((1, 1, 2.0), (2, 1, 4.5)).scale == (2.0, 4.5)
    assert ratings_of((1, 1, 2.0), scale=(0.5, 5.0)).scale == (0.5, 5.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("scale", [None, (0.5, 5.0)])
def test_a_rating_that_is_not_finite_is_refused_with_its_row(wrong: float, scale: tuple[float, float] | None) -> None:
    with pytest.raises(DataError, match=f"Rating {wrong} in row 2 "):
        ratings_of((1, 1, 3.0), (1, 2, wrong), scale=scale)


def test_a_rating_outside_the_scale_is_refused_with_its_row() -> None:
    with pytest.raises(DataError, match=r"Rating 6\.0 in row 2 is outside the scale 1 to 5 \(2 such rows\)"):
        ratings_of((1, 1, 3.0), (1, 2, 6.0), (1, 3, 0.5), scale=(1.0, 5.0))


def test_no_ratings_are_refused() -> None:
    none = np.array([], dtype=np.int64)
    with pytest.raises(DataError, match="not one rating"):
        Ratings.of(none, none, np.array([]))


def test_movies_of_the_catalogue_are_known_without_ratings_and_rated_ones_it_lacks_named_by_id() -> None:
    catalogue = Catalogue.of(["Heat", "Alien"], [1995, 1979], [["Crime"], ["Sci-Fi", "Horror"]])
    ratings = ratings_of((1, 20, 4.0), (1, 15, 3.0), catalogue=(np.array([30, 20]), catalogue))
    assert ratings.item_ids.values.tolist() == [15, 20, 30]
    assert ratings.catalogue.titles == ("Movie 15", "Alien", "Heat")
    assert ratings.catalogue.years.tolist() == [0, 1979, 1995]
    assert [ratings.catalogue.genres_of(item) for item in range(3)] == [[], ["Horror", "Sci-Fi"], ["Crime"]]
    assert ratings.item_counts.tolist() == [1, 1, 0]


def test_counts_are_of_these_rows_and_cover_every_known_id() -> None:
    ratings = ratings_of((1, 1, 3.0), (1, 2, 4.0), (2, 1, 5.0), (3, 3, 1.0))
    assert ratings.user_counts.tolist() == [2, 1, 1]
    assert ratings.item_counts.tolist() == [2, 1, 1]
    taken = ratings.take(np.array([1, 0]), "some")
    assert taken.user_counts.tolist() == [2, 0, 0]
    assert taken.item_counts.tolist() == [1, 1, 0]


def test_taken_rows_come_in_the_order_asked_for_and_are_noted() -> None:
    ratings = ratings_of((1, 1, 3.0, 7), (1, 2, 4.0, 8), (2, 1, 5.0, 9), origin=Origin("set", "abc"))
    taken = ratings.take(np.array([2, 0]), "kept: two")
    assert rows_of(taken) == [(2, 1, 5.0), (1, 1, 3.0)]
    assert taken.timestamp is not None
    assert taken.timestamp.tolist() == [9, 7]
    assert taken.scale == ratings.scale
    assert taken.origin == Origin("set", "abc", (Note("read", 3), Note("kept: two", 2)))
