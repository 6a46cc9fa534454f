"""Metrics against fractions worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.rating_metrics import mae, rmse
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly

ACTUAL = np.array([4.0, 3.0, 5.0, 1.0])
PREDICTED = np.array([3.0, 3.0, 3.0, 2.5])

errors = arrays(np.float64, st.integers(1, 30), elements=st.floats(-4, 4))


def test_rmse_is_the_root_of_the_mean_square() -> None:
    assert rmse(ACTUAL, PREDICTED) == math.sqrt((1 + 0 + 4 + 9 / 4) / 4)


def test_mae_is_the_mean_distance() -> None:
    assert mae(ACTUAL, PREDICTED) == (1 + 0 + 2 + 3 / 2) / 4


def test_errors_are_summed_in_float64() -> None:
    # In float32, 4,096 + 1/4096 rounds to 4,096.
    actual = np.array([0, 0], dtype=np.float32)
    predicted = np.array([64, 1 / 64], dtype=np.float32)
    assert rmse(actual, predicted) == math.sqrt((4096 + 1 / 4096) / 2)
    assert mae(actual, predicted) == (64 + 1 / 64) / 2


@given(errors)
def test_mae_never_exceeds_rmse_and_neither_the_largest_error(error: NDArray[np.float64]) -> None:
    nothing = np.zeros_like(error)
    largest = np.abs(error).max()
    assert mae(nothing, error) <= rmse(nothing, error) * (1 + 1e-12) + 1e-150
    assert rmse(nothing, error) <= largest * (1 + 1e-12)


@given(errors)
def test_neither_minds_which_side_is_which(error: NDArray[np.float64]) -> None:
    nothing = np.zeros_like(error)
    assert rmse(nothing, error) == rmse(error, nothing)
    assert mae(nothing, error) == mae(error, nothing)


def test_accuracy_measures_what_is_served_clipped_and_with_unknown_ids() -> None:
    everyone = Ratings.of(
        np.array([1, 1, 2, 2, 3]), np.array([1, 2, 1, 2, 3]), np.array([5.0, 5.0, 1.0, 1.0, 4.0]), scale=(1, 5)
    )
    # Without damping user 1 is two stars above the mean of 3, user 2 two below, and the movies do not differ.
    train, test = everyone.take(np.arange(4), "train"), everyone.take(np.array([0, 2, 4]), "test")
    found = accuracy(BiasOnly(reg_u=0, reg_i=0).fit(train), test)
    # User 3 and movie 3 are unknown: the mean.
    assert found.predicted == pytest.approx([5, 1, 3])
    assert found.rmse == pytest.approx(math.sqrt((0 + 0 + 1) / 3))
    assert found.mae == pytest.approx((0 + 0 + 1) / 3)


def test_accuracy_keeps_predictions_within_the_scale() -> None:
    users, movies = np.array([1, 1, 1, 2, 2, 3, 3]), np.array([1, 2, 3, 1, 2, 1, 3])
    table = Ratings.of(users, movies, np.array([5.0, 5, 1, 5, 1, 1, 1]), scale=(1, 5))
    model = BiasOnly(reg_u=0, reg_i=0).fit(table)
    scores = model.factors.score(table.user_index, table.item_index)
    assert scores.max() > 5
    assert accuracy(model, table).predicted.max() == 5
