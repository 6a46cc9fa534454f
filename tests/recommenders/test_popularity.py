"""Popularity, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.popularity import Popularity

# Movie 10 has one rating, 20 and 30 have two each; the mean of all five is 3.
USERS = np.array([1, 1, 2, 2, 3])
MOVIES = np.array([20, 30, 20, 30, 10])
STARS = np.array([5.0, 2.0, 4.0, 1.0, 3.0])


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return Popularity(reg_i=2).fit(Ratings.of(USERS, MOVIES, STARS, scale=(0.5, 5.0)))


def test_a_movie_is_predicted_by_its_damped_mean_for_everyone(model: FittedModel) -> None:
    # Two ratings of the global mean 3 are added: (3 + 2·3) / 3, (5 + 4 + 2·3) / 4, (2 + 1 + 2·3) / 4.
    expected = [9 / 3, 15 / 4, 9 / 4]
    for user in (1, 2, 3, 99):
        assert model.predict([user] * 3, [10, 20, 30]).tolist() == expected


def test_the_list_is_ordered_by_number_of_ratings_and_ties_go_to_the_smaller_id(model: FittedModel) -> None:
    assert [(item.movie_id, item.n_ratings) for item in model.popular()] == [(20, 2), (30, 2), (10, 1)]


def test_everyone_gets_the_popular_list_without_what_they_saw(model: FittedModel) -> None:
    assert [item.movie_id for item in model.recommend(1)] == [10]
    assert [item.movie_id for item in model.recommend(3)] == [20, 30]
    assert [item.movie_id for item in model.recommend(3, exclude_seen=False)] == [20, 30, 10]
    assert [item.movie_id for item in model.recommend_for({20: 1.0})] == [30, 10]


def test_it_says_that_it_ranks_by_popularity(model: FittedModel) -> None:
    assert model.ranks_by == "popularity"


@pytest.mark.parametrize("reg_i", [-1.0, float("nan")])
def test_a_damping_below_zero_is_refused(reg_i: float) -> None:
    with pytest.raises(ConfigError, match="popularity needs reg_i of 0 or more"):
        Popularity(reg_i=reg_i)
