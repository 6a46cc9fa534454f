"""The measures of explanations tell real reasons from made-up ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from latentlens.errors import ConfigError
from latentlens.explain import quality
from latentlens.explain.quality import deletion_test, influence_against_refit, influence_against_retrain
from latentlens.ratings.readers import demo
from latentlens.ratings.splits import most_active
from latentlens.recommenders.fitted import FittedModel, Recommender
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import small_sides

CONFIG: Recommender = replace(PRESETS["svd"], n_factors=20)


@pytest.fixture(scope="module")
def train() -> Any:
    return most_active(demo.make(), users=200, movies=300)


@pytest.fixture(scope="module")
def model(train: Any) -> FittedModel:
    return CONFIG.fit(train)


def test_taking_the_reasons_away_moves_a_score_three_times_as_much_as_taking_any(model: FittedModel) -> None:
    found = deletion_test(model, n_users=60)
    assert found.n_cases == 60
    assert found.by_reasons > 0
    assert found.ratio >= 3


def test_reasons_picked_at_random_do_not_pass(model: FittedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    monkeypatch.setattr(quality, "contributions", lambda evidence, target, reg: random.normal(size=len(evidence.e)))
    assert deletion_test(model, n_users=60).ratio < 1.5


def test_influences_are_those_of_a_refit(model: FittedModel) -> None:
    assert influence_against_refit(model, n_pairs=60) >= 0.99


def test_influences_are_nearly_those_of_training_anew(train: Any, model: FittedModel) -> None:
    told, found = zip(*influence_against_retrain(CONFIG, train, model, n_pairs=25), strict=True)
    assert len(told) == 25
    assert np.corrcoef(told, found)[0, 1] >= 0.8


def test_the_same_seed_measures_the_same(model: FittedModel) -> None:
    assert deletion_test(model, 20, seed=1) == deletion_test(model, 20, seed=1)
    assert deletion_test(model, 20, seed=1) != deletion_test(model, 20, seed=2)


def test_a_model_without_reasons_is_refused() -> None:
    with pytest.raises(ConfigError, match="keep the vectors of training"):
        deletion_test(SVD(n_factors=4, n_epochs=2, random_state=1).fit(small_sides().train))


def test_too_few_ratings_are_said() -> None:
    few = SVD(n_factors=4, n_epochs=2, random_state=1, user_step_reg=0.05).fit(
        most_active(small_sides().train, users=3, movies=8)
    )
    with pytest.raises(ConfigError, match="Nobody has"):
        deletion_test(few)
    with pytest.raises(ConfigError, match="Fewer than two people have"):
        influence_against_refit(few)


def test_one_person_s_influences_correlate_with_nothing(model: FittedModel) -> None:
    with pytest.raises(ConfigError, match="Fewer than two people have"):
        influence_against_refit(model, n_pairs=1)
