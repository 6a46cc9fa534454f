"""EASE against its own formula, and what few axes lose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders import leading_axes as axes
from latentlens.recommenders.ease import EASE
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.rankers.preference import preferences

from .support import small_sides

REG = 3.0


@pytest.fixture(scope="module")
def train() -> Ratings:
    return small_sides().train


def matrix(train: Ratings, liking: float) -> NDArray[np.float64]:
    X = np.zeros((train.n_users, train.n_items))
    X[train.user_index, train.item_index] = preferences(train.rating, train.scale, liking)
    return X


def scores(model: FittedModel, train: Ratings) -> NDArray[np.float64]:
    """Every user's ranking scores of every rated movie."""
    rated = np.flatnonzero(train.item_counts)
    users = [model.vector_of(user_id) for user_id in train.user_ids.values[train.user_counts > 0].tolist()]
    return np.array([model.ranker.scores(user, rated) for user in users])


def steck(X: NDArray[np.float64], reg: float) -> NDArray[np.float64]:
    """B of Steck (2019), equation 8, as it is written there."""
    P = np.linalg.inv(X.T @ X + reg * np.eye(X.shape[1]))
    B = P / -np.diag(P)
    np.fill_diagonal(B, 0)
    return np.asarray(B)


@pytest.mark.parametrize("liking", [0.0, 1.5])
@pytest.mark.parametrize("transposed", [False, True], ids=["more-movies", "more-users"])
def test_all_axes_give_the_scores_of_stecks_formula(train: Ratings, liking: float, transposed: bool) -> None:
    if transposed:
        few = np.flatnonzero(train.item_index < 20)
        train = train.take(few, "few movies").without_unused_ids()
    X = matrix(train, liking)
    rated, known = np.flatnonzero(train.item_counts), np.flatnonzero(train.user_counts)
    expected = (X @ steck(X, REG))[np.ix_(known, rated)]
    found = scores(EASE(reg=REG, liking=liking).fit(train), train)
    unseen = X[np.ix_(known, rated)] == 0
    np.testing.assert_allclose(found[unseen], expected[unseen], atol=1e-5)


def test_without_the_constraint_it_is_the_ridge_regression_of_each_movie_on_all(train: Ratings) -> None:
    X = matrix(train, 1.0)
    rated, known = np.flatnonzero(train.item_counts), np.flatnonzero(train.user_counts)
    ridge = np.linalg.solve(X.T @ X + REG * np.eye(X.shape[1]), X.T @ X)
    found = scores(EASE(reg=REG, zero_diagonal=False).fit(train), train)
    np.testing.assert_allclose(found, (X @ ridge)[np.ix_(known, rated)], atol=1e-5)


def test_as_many_axes_as_there_are_change_nothing(train: Ratings) -> None:
    whole, few = EASE(reg=REG), EASE(reg=REG, n_factors=200, random_state=0)
    np.testing.assert_allclose(scores(few.fit(train), train), scores(whole.fit(train), train), atol=1e-6)


def test_leading_axes_of_a_sparse_matrix_are_its_singular_vectors() -> None:
    random = np.random.default_rng(3)
    X = (random.random((400, 120)) < 0.1) * random.random((400, 1)) + np.outer(random.random(400), random.random(120))
    found = axes.leading_axes(sparse.csr_matrix(X.astype(np.float32)), 6, seed=5)
    _, singular, right = np.linalg.svd(X.astype(np.float32).astype(np.float64))
    np.testing.assert_allclose(found.squares[:3], singular[:3] ** 2, rtol=1e-3)
    assert abs(float(found.V[:, 0] @ right[0])) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.V.T @ found.V, np.eye(6), atol=1e-5)


def test_a_catalogue_that_does_not_fit_is_refused_in_a_sentence() -> None:
    side = 3_000_000
    empty = sparse.csr_matrix((side, side), dtype=np.float32)
    with pytest.raises(ConfigError, match=r"does not fit.*give n_factors, such as 256"):
        axes.leading_axes(empty, None, seed=0)


@pytest.mark.parametrize("wrong", [{"reg": 0.0}, {"reg": float("nan")}, {"n_factors": 0}, {"liking": -1.0}])
def test_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="ease has"):
        EASE(**wrong)
