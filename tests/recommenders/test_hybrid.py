"""What orders the hybrid's lists, and what it predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.hybrid import Hybrid

from .support import small_sides

CONFIG = Hybrid(
    n_factors=6, n_epochs=8, lr_all=0.02, random_state=1, user_step_reg=0.05, ranking_factors=5, ranking_reg=5.0
)


@pytest.fixture(scope="module")
def train() -> Ratings:
    return small_sides().train


@pytest.fixture(scope="module")
def model(train: Ratings) -> FittedModel:
    return CONFIG.fit(train)


def test_it_predicts_what_its_svd_predicts(model: FittedModel, train: Ratings) -> None:
    alone = CONFIG.svd.fit(train)
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        assert getattr(model.factors, name).tobytes() == getattr(alone.factors, name).tobytes()
    assert model.recommender == alone.recommender


def test_a_score_is_what_ease_says_and_a_weight_of_the_rating(model: FittedModel, train: Ratings) -> None:
    ease = CONFIG.ease.fit(train)
    rated = np.flatnonzero(train.item_counts)
    for user_id in (1, 2, 30):
        own = ease.ranker.scores(ease.vector_of(user_id), rated)
        user = model.vector_of(user_id)
        ratings = model.factors.score_for(user.factors, user.bias, rated)
        np.testing.assert_allclose(model.ranker.scores(user, rated), own + CONFIG.rating_weight * ratings, atol=1e-5)


def test_a_heavy_weight_orders_by_the_rating(train: Ratings) -> None:
    heavy = replace(CONFIG, rating_weight=1e4).fit(train)
    by_rating = CONFIG.svd.fit(train)
    for user_id in (1, 2, 30):
        expected = [row.movie_id for row in by_rating.recommend(user_id, 60)]
        assert [row.movie_id for row in heavy.recommend(user_id, 60)] == expected


def test_the_rating_of_a_listed_movie_is_the_prediction(model: FittedModel) -> None:
    for row in model.recommend(3, 20):
        assert row.predicted_rating == model.predict([3], [row.movie_id])[0]
        assert row.score != row.predicted_rating


def test_a_weight_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="rating_weight is -1"):
        replace(CONFIG, rating_weight=-1.0)
