"""How well the presets predict real ratings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latentlens.ratings.readers import read
from latentlens.ratings.splits import random_split
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.presets import PRESETS

from .support import Sides


@pytest.fixture(scope="module")
def sides(movielens_small: Path) -> Sides:
    train, test, _ = random_split(read(str(movielens_small)), 0.2, 42)
    return Sides(train, test)


def rmse(model: FittedModel, sides: Sides) -> float:
    test = sides.test
    predicted = model.predict(test.user_ids.values[test.user_index], test.item_ids.values[test.item_index])
    return float(np.sqrt(np.mean((predicted - test.rating) ** 2)))


@pytest.mark.realdata
def test_tuned_is_well_under_bias_only_and_bias_only_under_popularity(sides: Sides) -> None:
    tuned, bias, popularity = (
        rmse(recommender.fit(sides.train), sides) for recommender in (PRESETS["svd"], BiasOnly(), Popularity())
    )
    assert tuned <= 0.862
    assert tuned <= bias - 0.008
    assert bias < popularity


@pytest.mark.realdata
@pytest.mark.parametrize("n_threads", [2, 3])
def test_more_threads_predict_as_well(sides: Sides, n_threads: int) -> None:
    one, more = (rmse(replace(PRESETS["tuned"], n_threads=n).fit(sides.train), sides) for n in (1, n_threads))
    assert more <= one + 0.001
