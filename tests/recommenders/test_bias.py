"""Bias-only, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly

# Users 1 and 2, movies 1 and 2; three ratings of mean 4.
RATINGS = Ratings.of(np.array([1, 1, 2]), np.array([1, 2, 1]), np.array([5.0, 4.0, 3.0]), scale=(0.5, 5.0))


def test_one_round_by_hand() -> None:
    factors = BiasOnly(n_epochs=1, reg_u=2, reg_i=1).fit(RATINGS).factors
    assert factors.global_mean == 4
    # Movies first: (1 + -1) / (2 + 1) and 0 / (1 + 1).
    assert factors.item_bias.tolist() == [0, 0]
    # Then users, of what is left: (1 + 0) / (2 + 2) and -1 / (1 + 2).
    np.testing.assert_allclose(factors.user_bias, [1 / 4, -1 / 3], rtol=1e-6)


def test_a_second_round_takes_the_users_into_account() -> None:
    factors = BiasOnly(n_epochs=2, reg_u=2, reg_i=1).fit(RATINGS).factors
    # Movie 1: (1 - 1/4) + (-1 + 1/3) = 1/12, by 3; movie 2: 0 - 1/4, by 2.
    np.testing.assert_allclose(factors.item_bias, [1 / 36, -1 / 8], rtol=1e-6)
    # User 1: (1 - 1/36) + (0 + 1/8) = 79/72, by 4; user 2: -1 - 1/36, by 3.
    np.testing.assert_allclose(factors.user_bias, [79 / 288, -37 / 108], rtol=1e-6)


def test_the_default_rounds_have_converged() -> None:
    ten, hundred = (BiasOnly(n_epochs=n).fit(RATINGS).factors for n in (10, 100))
    np.testing.assert_allclose(ten.item_bias, hundred.item_bias, atol=1e-6)
    np.testing.assert_allclose(ten.user_bias, hundred.user_bias, atol=1e-6)


def test_without_damping_additive_ratings_are_found_exactly_and_ids_without_ratings_are_zero() -> None:
    users, movies = (column.ravel() for column in np.indices((4, 5)))
    additive = 3 + (users - 1.5) / 4 + (movies - 2) / 4
    whole = Ratings.of(users, movies, additive)
    factors = BiasOnly(reg_u=0, reg_i=0).fit(whole).factors
    np.testing.assert_allclose(factors.user_bias, (np.arange(4) - 1.5) / 4, atol=1e-6)
    np.testing.assert_allclose(factors.item_bias, (np.arange(5) - 2) / 4, atol=1e-6)
    part = whole.take(np.flatnonzero((users > 0) & (movies > 0)), "without user 0 and movie 0")
    factors = BiasOnly(reg_u=0, reg_i=0).fit(part).factors
    assert (factors.user_bias[0], factors.item_bias[0]) == (0, 0)


def test_movies_that_tie_are_listed_by_id_however_short_the_list() -> None:
    # User 1 rated movie 0 alone; each of the other 99 has one rating of 4 by somebody who gave no other.
    ratings = Ratings.of(np.arange(1, 101), np.arange(100), np.full(100, 4.0), scale=(0.5, 5.0))
    model = BiasOnly().fit(ratings)
    assert [item.movie_id for item in model.recommend(1, 3)] == [1, 2, 3]
    assert [item.movie_id for item in model.recommend(1, 200)] == list(range(1, 100))


@pytest.mark.parametrize("setting", [{"n_epochs": 0}, {"reg_u": -1.0}, {"reg_i": -1.0}, {"reg_i": float("nan")}])
def test_a_setting_out_of_its_range_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="bias_only needs n_epochs of 1 or more, reg_u and reg_i of 0 or more"):
        BiasOnly(**setting)
