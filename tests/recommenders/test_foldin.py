"""A user's vector from ratings alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.ratings.history import History
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import Evidence, UserVector
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD
from latentlens.recommenders.user_steps import fold_in_all

from .support import small_sides

MEAN = 3.4


def items_side(n_items: int, k: int, seed: int) -> dict[str, Any]:
    """The fixed side of a model."""
    random = np.random.default_rng(seed)
    return {
        "global_mean": MEAN,
        "item_bias": random.normal(0, 0.5, n_items).astype(np.float32),
        "item_factors": random.normal(0, 0.7, (n_items, k)).astype(np.float32),
    }


def fold_in(items: NDArray[Any], ratings: NDArray[np.float32], *, reg: float, **side: Any) -> UserVector:
    return Evidence.of(items, ratings, **side).vector(reg)


def ridge(A: NDArray[np.float64], e: NDArray[np.float64], reg: float) -> NDArray[np.float64]:
    """Least squares with a row √(reg n) for each unknown, which should be zero."""
    n, unknowns = A.shape
    rows = np.vstack([A, np.sqrt(reg * n) * np.eye(unknowns)])
    solution: NDArray[np.float64] = np.linalg.lstsq(rows, np.concatenate([e, np.zeros(unknowns)]))[0]
    return solution


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 12), st.floats(0.01, 2), st.integers(0, 10_000))
def test_the_vector_is_the_ridge_solution(n: int, k: int, reg: float, seed: int) -> None:
    side = items_side(40, k, seed)
    random = np.random.default_rng(seed)
    items = np.sort(random.choice(40, n, replace=False))
    ratings = (random.integers(1, 11, n) / 2).astype(np.float32)
    A = np.hstack([side["item_factors"][items].astype(float), np.ones((n, 1))])
    expected = ridge(A, ratings - MEAN - side["item_bias"][items].astype(float), reg)
    factors, bias, _ = fold_in(items, ratings, **side, reg=reg)
    assert factors.dtype == np.float32
    np.testing.assert_allclose([*factors, bias], expected, rtol=1e-5, atol=1e-6)


def test_one_rating_by_hand() -> None:
    # A = (2, 1), e = 5 - 3 - 0.5 = 1.5, reg n = 1: x = A e / (|A|² + 1) = (2, 1) · 1.5 / 6.
    side: dict[str, Any] = {
        "global_mean": 3.0,
        "item_bias": np.array([0.5], np.float32),
        "item_factors": np.array([[2.0]], np.float32),
    }
    factors, bias, _ = fold_in(np.array([0]), np.array([5.0], np.float32), **side, reg=1.0)
    assert [*factors, bias] == [0.5, 0.25]


@pytest.mark.parametrize("k", [0, 1, 5])
def test_no_ratings_give_the_zero_vector(k: int) -> None:
    factors, bias, _ = fold_in(np.array([], int), np.array([], np.float32), **items_side(9, k, seed=1), reg=0.05)
    assert factors.tolist() == [0] * k
    assert bias == 0


@settings(deadline=None)
@given(st.integers(1, 25), st.integers(1, 8), st.data())
def test_a_higher_rating_of_a_movie_raises_its_own_prediction(n: int, k: int, data: st.DataObject) -> None:
    side = items_side(25, k, seed=n)
    random = np.random.default_rng(n * k)
    items = np.sort(random.choice(25, n, replace=False))
    low = (random.integers(1, 8, n) / 2).astype(np.float32)
    row = data.draw(st.integers(0, n - 1))
    high = low.copy()
    high[row] += data.draw(st.sampled_from([0.5, 1.0, 1.5]))

    def prediction(ratings: NDArray[np.float32]) -> float:
        factors, bias, _ = fold_in(items, ratings, **side, reg=0.05)
        return float(bias + side["item_factors"][items[row]] @ factors)

    assert prediction(high) > prediction(low)


@pytest.mark.parametrize("k", [4, 30, 80])
def test_folding_in_everybody_is_folding_in_each(k: int) -> None:
    train = small_sides().train
    history = History.of(train)
    side = items_side(train.n_items, k, seed=2)
    factors, biases = fold_in_all(history, **side, reg=0.05)
    assert factors.shape == (train.n_users, k)
    for user in range(train.n_users):
        rows = np.flatnonzero(train.user_index == user)
        rows = rows[np.argsort(train.item_index[rows])]
        alone = fold_in(train.item_index[rows], train.rating[rows], **side, reg=0.05)
        assert factors[user].tobytes() == alone.factors.tobytes()
        assert biases[user] == alone.bias


def assert_users_are_folded_in(model: FittedModel) -> None:
    stored = model.factors
    for user in range(len(stored.user_ids)):
        folded = model.fold_in(*model.history.rows_of(user))
        assert stored.user_factors[user].tobytes() == folded.factors.tobytes()
        assert stored.user_bias[user] == folded.bias


# Whether the step changes the order of the axes depends on the fit: some of these do.
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [6, 40])
def test_stored_vectors_after_the_user_step_are_those_of_fold_in(seed: int, k: int) -> None:
    recommender = SVD(k, 8, lr_all=0.02, random_state=seed, user_step_reg=0.05)
    assert_users_are_folded_in(recommender.fit(small_sides().train))


def test_stored_vectors_of_the_preset_tuned_are_those_of_fold_in() -> None:
    assert_users_are_folded_in(PRESETS["tuned"].fit(small_sides().train))
