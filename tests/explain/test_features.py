"""What is known of the movies, as columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.explain.features import MIN_MOVIES, MIN_RATINGS, Features, most_rated, standardised
from latentlens.ratings.tags import Tags

from .support import catalogue

N = 4 * MIN_MOVIES


def even() -> NDArray[np.bool_]:
    return np.asarray(np.arange(N) % 2 == 0)


def tagged(items: NDArray[np.int64], name: str) -> Tags:
    """One person calls each of these movies so."""
    return Tags((name,), items, np.zeros(len(items), dtype=int), np.ones(len(items)))


def column(features: Features, name: str) -> list[float]:
    return [float(value) for value in features.values[:, features.names.index(name)]]


def test_only_movies_with_enough_ratings_count_the_most_rated_first() -> None:
    counts = np.array([MIN_RATINGS - 1, MIN_RATINGS, MIN_RATINGS + 5, 0])
    assert most_rated(counts).tolist() == [2, 1]
    assert most_rated(counts, limit=1).tolist() == [2]


def test_genres_are_there_or_not_and_an_unknown_year_is_not_a_year() -> None:
    movies = catalogue(N, {"Western": even()}, years=np.where(even(), 0, 1999))
    features = Features.of(movies, np.full(N, MIN_RATINGS))
    assert features.kinds == ("year", "popularity", "genre")
    assert column(features, "Western") == even().astype(float).tolist()
    assert np.isnan(column(features, "year")).tolist() == even().tolist()


def test_a_genre_or_tag_of_few_movies_is_left_out() -> None:
    few = np.arange(N) < MIN_MOVIES - 1
    tags = tagged(np.flatnonzero(few), "rare")
    features = Features.of(catalogue(N, {"Rare": few, "Common": ~few}), np.full(N, MIN_RATINGS), tags)
    assert features.names == ("year", "number of ratings", "Common")


def test_a_tag_is_the_log_of_the_people_who_gave_it() -> None:
    items = np.arange(MIN_MOVIES)
    tags = Tags(("noir",), items, np.zeros(MIN_MOVIES, dtype=int), 1 + items)
    noir = np.expm1(column(Features.of(catalogue(N, {}), np.full(N, MIN_RATINGS), tags), "noir"))
    assert noir[:MIN_MOVIES] == pytest.approx(1 + items)
    assert not noir[MIN_MOVIES:].any()


def test_tags_of_movies_that_do_not_count_are_left_out() -> None:
    counts = np.where(even(), MIN_RATINGS, 1)
    tags = tagged(np.arange(N), "noir")
    features = Features.of(catalogue(N, {}), counts, tags)
    assert features.values.shape == (N // 2, 3)
    assert np.expm1(column(features, "noir")) == pytest.approx(np.ones(N // 2))


def test_no_movie_that_counts_gives_no_rows() -> None:
    features = Features.of(catalogue(3, {}), np.zeros(3, dtype=int), tagged(np.arange(3), "noir"))
    assert features.values.shape == (0, 2)


@given(st.integers(0, 12), st.integers(0, 5), st.integers(0, 10_000))
def test_standardised_columns_have_mean_0_and_norm_1_or_are_nothing(n: int, m: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = random.normal(100, 3, (n, m))
    columns[random.random((n, m)) < 0.3] = np.nan
    columns[:, :1] = 7.1
    found = standardised(columns)
    assert np.abs(found.sum(axis=0)).max(initial=0) < 1e-5
    norms = np.linalg.norm(found, axis=0)
    assert ((np.abs(norms - 1) < 1e-5) | (norms == 0)).all()
    assert not norms[:1].any()
    assert not found[np.isnan(columns)].any()
