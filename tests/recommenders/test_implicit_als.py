"""Implicit ALS: what it learns, what does not change it, and what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from latentlens.errors import ConfigError
from latentlens.ratings.readers import read
from latentlens.ratings.table import Ratings
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.rankers.implicit_foldin import fold_in, frequency_ridge
from latentlens.recommenders.rankers.preference import preferences

from .support import ABSENT_MOVIE, ABSENT_USER, N_MOVIES, N_USERS, Sides, small_sides

SMALL = ImplicitALS(n_factors=6, n_epochs=5, random_state=3)


@pytest.fixture(scope="module")
def sides() -> Sides:
    return small_sides()


def folded(model: ImplicitALS, train: Ratings, item_factors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every user's fold-in."""
    weights = preferences(train.rating, train.scale, model.liking)
    gram = item_factors.astype(float).T @ item_factors.astype(float)
    rows = []
    for user in range(train.n_users):
        own = np.flatnonzero(train.user_index == user)
        ridge = frequency_ridge(
            len(own),
            int(np.count_nonzero(train.item_counts)),
            reg=model.reg,
            unobserved_weight=model.unobserved_weight,
            reg_exponent=model.reg_exponent,
        )
        rows.append(
            fold_in(
                train.item_index[own],
                weights[own],
                item_factors=item_factors,
                gram=gram,
                unobserved_weight=model.unobserved_weight,
                ridge=float(ridge),
            )
        )
    return np.array(rows)


@pytest.mark.parametrize("liking", [0.0, 1.0, 2.0])
def test_learned_users_are_the_fold_in_of_their_ratings(sides: Sides, liking: float) -> None:
    model = dataclasses.replace(SMALL, liking=liking)
    user_factors, item_factors = model.learn(sides.train)
    expected = folded(model, sides.train, item_factors)
    np.testing.assert_allclose(user_factors, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.realdata
def test_learned_users_are_the_fold_in_of_their_ratings_on_real_data(movielens_small: Path) -> None:
    ratings = read(str(movielens_small))
    model = ImplicitALS(n_epochs=2, random_state=3)
    user_factors, item_factors = model.learn(ratings)
    np.testing.assert_allclose(user_factors, folded(model, ratings, item_factors), atol=1e-5)


def test_a_checkerboard_is_found() -> None:
    # Odd users rated odd movies, even users even ones; each misses one of its own colour.
    users, movies = np.nonzero((np.add.outer(np.arange(10), np.arange(10)) % 2 == 0) & ~np.eye(10, dtype=bool))
    X, Y = ImplicitALS(n_factors=2, random_state=1).learn(Ratings.of(users, movies, np.ones(len(users))))
    for user, scores in enumerate(X @ Y.T):
        own, other = scores[user % 2 :: 2], scores[1 - user % 2 :: 2]
        assert own.min() > other.max() + 0.3


def test_who_has_no_rating_has_a_zero_row(sides: Sides) -> None:
    train = sides.train
    user_factors, item_factors = SMALL.learn(train)
    assert user_factors.shape == (N_USERS, 6)
    assert item_factors.shape == (N_MOVIES + 1, 6)
    assert user_factors.dtype == item_factors.dtype == np.float32
    np.testing.assert_array_equal(user_factors.any(axis=1), train.user_counts > 0)
    np.testing.assert_array_equal(item_factors.any(axis=1), train.item_counts > 0)
    assert not user_factors[train.user_ids.position(ABSENT_USER)].any()
    assert not item_factors[train.item_ids.position(ABSENT_MOVIE)].any()


def test_a_user_of_one_rating_by_hand() -> None:
    # c = 1, y = (2, 0), unobserved_weight · YᵀY = diag(1, 3), ridge 1: x = y / (4 + 1 + 1).
    gram = np.diag([2.0, 6.0])
    factors = np.array([[9, 9], [2, 0]], np.float32)
    side: dict[str, Any] = {"item_factors": factors, "gram": gram, "unobserved_weight": 0.5, "ridge": 1.0}
    assert fold_in(np.array([1]), np.ones(1, np.float32), **side).tolist() == [np.float32(1 / 3), 0]
    assert fold_in(np.empty(0, int), np.empty(0, np.float32), **side).tolist() == [0, 0]


def test_the_ridge_grows_with_the_ratings() -> None:
    found = frequency_ridge(np.array([0, 10]), 100, reg=0.1, unobserved_weight=0.5, reg_exponent=1.0)
    np.testing.assert_allclose(found, [5, 6])
    found = frequency_ridge(np.array([0, 10]), 100, reg=0.1, unobserved_weight=0.5, reg_exponent=0.0)
    np.testing.assert_allclose(found, [0.1, 0.1])


def test_the_same_seed_gives_the_same_bits_whatever_the_order_of_the_rows(sides: Sides) -> None:
    shuffled = sides.train.take(np.random.default_rng(0).permutation(len(sides.train)), "shuffled")
    one, same, other = (
        [part.tobytes() for part in model.learn(train)]
        for model, train in (
            (SMALL, sides.train),
            (SMALL, shuffled),
            (dataclasses.replace(SMALL, random_state=4), sides.train),
        )
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"n_factors": 0}, "n_factors is 0"),
        ({"n_epochs": 0}, "both must be 1 or more"),
        ({"reg": 0.0}, "reg is 0.0: it must be above 0"),
        ({"reg": float("nan")}, "reg is nan"),
        ({"unobserved_weight": -1.0}, "unobserved_weight is -1.0: it must be above 0"),
        ({"unobserved_weight": float("inf")}, "unobserved_weight is inf"),
        ({"reg_exponent": 2.0}, "reg_exponent is 2.0: it must be from 0 to 1"),
        ({"liking": -0.1}, "liking is -0.1"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ImplicitALS(**wrong)
