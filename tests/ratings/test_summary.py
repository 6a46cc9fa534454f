from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.stars import Stars
from latentlens.ratings.summary import MOST_BARS, Bar, Spread, histogram, summarise
from latentlens.ratings.table import Note, Origin, Ratings
from latentlens.ratings.tags import Tags


def ratings_of(*rows: tuple[Any, ...], **options: Any) -> Ratings:
    return Ratings.of(*(np.array(column) for column in zip(*rows, strict=True)), **options)


@pytest.fixture
def small() -> Ratings:
    """Ann rated three movies, Bob one of them; a fourth is only listed."""
    return ratings_of(
        ("ann", 1, 4.0, 0),
        ("ann", 2, 5.0, 86_400),
        ("ann", 3, 4.0, 7),
        ("bob", 1, 3.0, 9),
        scale=(1.0, 5.0),
        catalogue=(np.array([1, 2, 3, 4]), Catalogue.untitled([1, 2, 3, 4])),
        origin=Origin("small", "abc"),
    )


def test_the_figures_are_counted_by_hand(small: Ratings) -> None:
    found = summarise(small)
    assert (found.name, found.sha256) == ("small", "abc")
    assert (found.n_ratings, found.n_users, found.n_movies, found.n_movies_listed) == (4, 2, 3, 4)
    assert found.density == 4 / (2 * 3)
    assert found.scale == (1.0, 5.0)
    assert found.mean == (4 + 5 + 4 + 3) / 4
    assert (found.first, found.last) == ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z")
    assert (found.user_ids, found.movie_ids) == ("text", "whole numbers")
    assert found.per_user == Spread(1, (3 + 1) / 2, 3)
    assert found.per_movie == Spread(1, 1.0, 2)
    assert found.histogram == (Bar(3.0, 3.0, 1), Bar(4.0, 4.0, 2), Bar(5.0, 5.0, 1))
    assert found.steps == (Note("read", 4),)


def test_what_may_be_a_mistake_is_counted(small: Ratings) -> None:
    assert summarise(small).doubts == (Note("users with one rating", 1), Note("movies with one rating", 2))
    doubts = summarise(ratings_of((1, 1, 5.0, 1_425_168_000_000))).doubts
    assert doubts == (
        Note("too few users to train on: 2 are needed", 1),
        Note("too few movies to train on: 2 are needed", 1),
        Note("ratings that are all the same: nothing to learn", 1),
        Note("timestamps after the year 2100: milliseconds?", 1),
        Note("users with one rating", 1),
        Note("movies with one rating", 1),
    )
    grid = [(user, movie, float(user + movie)) for user in range(2) for movie in range(2)]
    assert summarise(ratings_of(*grid)).doubts == ()


def test_different_tags_are_counted() -> None:
    tags = Tags(("dull", "fine"), np.array([0, 0]), np.array([0, 1]), np.array([1, 1]))
    assert summarise(replace(ratings_of((1, 1, 5.0)), tags=tags)).n_tags == 2


def test_without_timestamps_there_is_no_span() -> None:
    found = summarise(ratings_of((1, 1, 5.0)))
    assert (found.first, found.last) == (None, None)


def test_users_whose_ratings_are_on_another_side_do_not_count(small: Ratings) -> None:
    found = summarise(small.take(np.array([0, 1]), "some"))
    assert (found.n_users, found.n_movies, found.n_movies_listed, found.n_tags) == (1, 2, 4, 0)


@given(nps.arrays(np.float32, st.integers(1, 60), elements=st.floats(-100, 100, width=32)))
def test_every_rating_is_under_exactly_one_bar(values: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    bars = histogram(Stars.of(values))
    assert sum(bar.count for bar in bars) == len(values)
    assert len(bars) <= MOST_BARS
    assert [bar.low for bar in bars] == sorted(bar.low for bar in bars)


def test_a_bar_has_the_value_as_it_is_written() -> None:
    assert histogram(Stars.of(np.array([3.3, 3.3]))) == (Bar(3.3, 3.3, 2),)


def test_many_values_share_bars_of_equal_width() -> None:
    bars = histogram(Stars.of(np.arange(100)))
    assert [bar.count for bar in bars] == [10] * 10
    assert (bars[0].low, bars[-1].high) == (0.0, 99.0)
