"""Real models in situations that have a name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from latentlens.evaluation.findings import Finding
from latentlens.ratings.splits import Split
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import Recommender
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.svd import SVD
from latentlens.workflows import judge as judging
from latentlens.workflows.judge import Ask, Baselines, errors, judge
from latentlens.workflows.prepare import prepare

BY_HEART = SVD(n_factors=40, n_epochs=60, lr_all=0.05, reg_all=0.0, init_std_dev=0.3, random_state=0)


@pytest.fixture(scope="module")
def split() -> Split:
    return prepare("demo", most_active_users=200, most_rated_movies=300)


def judged(recommender: Recommender, train: Ratings, test: Ratings) -> dict[str, Finding]:
    ask, bias, popular = Ask(), BiasOnly().fit(train), Popularity().fit(train)
    baselines = Baselines(errors(bias, train, test), ask(popular, test).report)
    model = recommender.fit(train)
    found = judge(model.recommender, errors(model, train, test), ask(model, test).report, baselines)
    assert [one.code for one in found] == sorted(one.code for one in found)
    return {one.code: one for one in found}


def test_ratings_learned_by_heart_are_called_overfit_and_no_better_than_bias_only(split: Split) -> None:
    found = judged(BY_HEART, split.train, split.test)
    assert {"LL002", "LL004", "LL006"} <= set(found)
    assert "LL001" not in found


def test_a_test_side_that_was_fitted_is_counted(split: Split) -> None:
    train, test, _ = split
    leaked = test.take(np.arange(50), "leaked")

    def joined(name: str) -> Any:
        return np.concatenate([getattr(train, name), getattr(leaked, name)])

    both = replace(
        train,
        user_index=joined("user_index"),
        item_index=joined("item_index"),
        stars=Stars.of(joined("rating")),
    )
    assert "LL001" not in judged(BiasOnly(), train, test)
    assert f"50 of the {len(test):,} test ratings" in judged(BiasOnly(), both, test)["LL001"].seen


def test_a_baseline_is_not_held_against_itself(split: Split) -> None:
    assert "LL006" not in judged(BiasOnly(), split.train, split.test)
    popular = judged(Popularity(), split.train, split.test)
    assert "LL002" not in popular
    assert "LL006" in popular


def test_few_users_are_said_to_be_few(split: Split) -> None:
    few = split.test.take(np.flatnonzero(split.test.user_index < 60), "few")
    assert "only " in judged(BiasOnly(), split.train, few)["LL007"].seen
    assert "LL007" not in judged(BiasOnly(), split.train, split.test)


def test_the_error_by_user_is_the_error_by_row_and_its_interval_holds_it(split: Split) -> None:
    model = BiasOnly().fit(split.train)
    found = errors(model, split.train, split.test)
    assert found.n_rows.sum() == len(split.test)
    assert np.sqrt(np.average(found.by_user, weights=found.n_rows)) == pytest.approx(found.rmse)
    assert found.interval.low < found.rmse < found.interval.high
    assert found.interval.high - found.interval.low < 0.1


def test_of_many_train_rows_some_tell_the_error(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    model = BiasOnly().fit(split.train)
    whole = errors(model, split.train, split.test).train_rmse
    monkeypatch.setattr(judging, "_MOST_TRAIN_ROWS", 2_000)
    drawn = errors(model, split.train, split.test).train_rmse
    assert drawn != whole
    assert drawn == pytest.approx(whole, abs=0.05)
