"""Beside scikit-surprise: the same predictions from the same start, order and arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import surprise
from numpy.typing import NDArray

from latentlens.ratings.layouts import Visits
from latentlens.ratings.readers import read
from latentlens.ratings.splits import random_split
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import factors_for
from latentlens.recommenders.kernels.rows import aligned_rows
from latentlens.recommenders.kernels.sgd import Factors
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD

from .support import Sides, raw_rows, small_sides, surprise_trainset

SEED = 11


def descend_as_surprise(recommender: SVD, train: Ratings, trainset: surprise.Trainset) -> FactorModel:
    """Surprise's initial factors and visiting order in our indexes, float64, our descent."""
    random = np.random.RandomState(SEED)
    mean, std_dev, k = recommender.init_mean, recommender.init_std_dev, recommender.n_factors
    pu = random.normal(mean, std_dev, (trainset.n_users, k))
    qi = random.normal(mean, std_dev, (trainset.n_items, k))
    users = train.user_ids.index([trainset.to_raw_uid(u) for u in range(trainset.n_users)])
    items = train.item_ids.index([trainset.to_raw_iid(i) for i in range(trainset.n_items)])
    factors = Factors(
        np.zeros(train.n_users),
        np.zeros(train.n_items),
        aligned_rows(train.n_users, k, np.float64),
        aligned_rows(train.n_items, k, np.float64),
    )
    factors.user_factors[users, :k], factors.item_factors[items, :k] = pu, qi
    inner_users, inner_items, ratings = zip(*trainset.all_ratings(), strict=True)
    visits = Visits(
        users[list(inner_users)].astype(np.int32),
        items[list(inner_items)].astype(np.int32),
        Stars.of(np.array(ratings)),
    )
    global_mean = trainset.global_mean if recommender.biased else 0.0
    recommender.descend(visits, global_mean, factors, lambda number, train_rmse: False)
    return factors_for(train, global_mean=global_mean, **factors._asdict())


def surprise_predictions(algorithm: surprise.SVD, test: Ratings) -> NDArray[np.float64]:
    return np.array([prediction.est for prediction in algorithm.test(raw_rows(test))])


def assert_parity(train: Ratings, test: Ratings, **parameters: Any) -> None:
    trainset = surprise_trainset(train)
    theirs = surprise.SVD(random_state=SEED, **parameters).fit(trainset)
    ours = descend_as_surprise(SVD(random_state=SEED, **parameters), train, trainset)
    users, movies, _ = zip(*raw_rows(test), strict=True)
    np.testing.assert_allclose(ours.predict(users, movies), surprise_predictions(theirs, test), rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def movielens(movielens_small: Path) -> Sides:
    train, test, _ = random_split(read(str(movielens_small)), 0.2, 42)
    return Sides(train, test)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_factors": 7, "n_epochs": 50, "lr_all": 0.03, "reg_all": 0.1},
        {"n_factors": 3, "lr_bu": 0.01, "lr_qi": 0.02, "reg_bi": 0.2, "reg_pu": 0.0, "init_mean": 0.2},
    ],
    ids=["defaults", "longer-and-faster", "rates-of-their-own"],
)
def test_the_descent_reproduces_the_predictions_of_surprise(parameters: dict[str, Any]) -> None:
    # The test side holds a user and a movie that training never saw.
    assert_parity(*small_sides(), **parameters)


def test_without_biases_the_descent_reproduces_the_predictions_of_surprise_for_known_pairs() -> None:
    train, test = small_sides()
    known = (train.user_counts[test.user_index] > 0) & (train.item_counts[test.item_index] > 0)
    assert_parity(train, test.take(np.flatnonzero(known), "known"), biased=False, init_mean=0.5)


@pytest.mark.realdata
def test_the_descent_reproduces_the_predictions_of_surprise_on_movielens(movielens: Sides) -> None:
    assert_parity(*movielens, n_factors=150)


@pytest.mark.realdata
def test_the_preset_surprise_is_as_good_as_surprise_on_movielens(movielens: Sides) -> None:
    train, test = movielens
    users, movies, stars = (np.array(column) for column in zip(*raw_rows(test), strict=True))

    def rmse(predicted: NDArray[np.float64]) -> float:
        return float(np.sqrt(np.mean((predicted - stars) ** 2)))

    ours = PRESETS["surprise"].fit(train).predict(users, movies)
    theirs = surprise.SVD(n_factors=150, random_state=42).fit(surprise_trainset(train))
    assert rmse(ours) == pytest.approx(rmse(surprise_predictions(theirs, test)), abs=0.003)
