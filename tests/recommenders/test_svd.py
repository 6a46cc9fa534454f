"""Fitting an SVD: what it tells on the way, when it stops, and what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.errors import ConfigError, TrainingDiverged
from latentlens.evaluation.protocols import accuracy
from latentlens.ratings.table import Ratings
from latentlens.recommenders.canonical import axis_variance
from latentlens.recommenders.fitted import EpochReport, FittedModel
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD

from .support import Sides, small_sides

SMALL = SVD(n_factors=5, n_epochs=6, lr_all=0.02, random_state=3)


@pytest.fixture(scope="module")
def sides() -> Sides:
    return small_sides()


def bits(model: FittedModel) -> tuple[bytes, ...]:
    factors = model.factors
    parts = (factors.user_bias, factors.item_bias, factors.user_factors, factors.item_factors)
    return tuple(part.tobytes() for part in parts)


def test_parameters_and_defaults_are_those_of_surprise() -> None:
    surprise = {
        "n_factors": 100,
        "n_epochs": 20,
        "biased": True,
        "init_mean": 0.0,
        "init_std_dev": 0.1,
        "lr_all": 0.005,
        "reg_all": 0.02,
        **dict.fromkeys(("lr_bu", "lr_bi", "lr_pu", "lr_qi", "reg_bu", "reg_bi", "reg_pu", "reg_qi")),
        "random_state": None,
    }
    assert dataclasses.asdict(SVD()) == {**surprise, "user_step_reg": None, "lr_decay": False, "n_threads": None}


def test_presets_keep_the_size_and_the_epochs_that_users_were_promised() -> None:
    for preset in (PRESETS[name] for name in ("tuned", "svd", "surprise")):
        assert (preset.n_factors, preset.n_epochs) == (150, 20)
    assert PRESETS["surprise"] == SVD(n_factors=150, random_state=PRESETS["surprise"].random_state)
    assert PRESETS["svd"].user_step_reg
    assert PRESETS["tuned"].svd == PRESETS["svd"]


def test_another_seed_gives_another_model(sides: Sides) -> None:
    assert bits(SMALL.fit(sides.train)) != bits(dataclasses.replace(SMALL, random_state=4).fit(sides.train))


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_same_seed_and_threads_give_the_same_bits(sides: Sides, n_threads: int) -> None:
    recommender = dataclasses.replace(SMALL, n_threads=n_threads, user_step_reg=0.05)
    assert len({bits(recommender.fit(sides.train)) for _ in range(3)}) == 1


@pytest.mark.parametrize("n_threads", [2, 3])
def test_more_threads_predict_as_well(sides: Sides, n_threads: int) -> None:
    one, more = (dataclasses.replace(SMALL, n_epochs=20, n_threads=n).fit(sides.train) for n in (1, n_threads))
    assert accuracy(more, sides.test).rmse == pytest.approx(accuracy(one, sides.test).rmse, abs=0.02)


def test_a_small_set_is_left_to_one_thread_and_the_model_says_so(sides: Sides) -> None:
    assert SMALL.fit(sides.train).params["n_threads"] == 1


def test_one_rate_for_all_stands_for_each_that_is_not_given(sides: Sides) -> None:
    parts = ("bu", "bi", "pu", "qi")
    each: dict[str, Any] = {f"lr_{part}": 0.02 for part in parts} | {f"reg_{part}": 0.02 for part in parts}
    spelled_out = dataclasses.replace(SMALL, lr_all=9.0, reg_all=9.0, **each)
    assert bits(spelled_out.fit(sides.train)) == bits(SMALL.fit(sides.train))
    own = dataclasses.replace(SMALL, lr_qi=0.0)
    assert bits(own.fit(sides.train)) != bits(SMALL.fit(sides.train))


def test_rates_that_decay_fall_in_a_straight_line_to_none(sides: Sides) -> None:
    falling = dataclasses.replace(SMALL, n_epochs=4, lr_all=0.08, lr_bi=0.016, reg_all=0.3, lr_decay=True)
    rates = [falling.rates(epoch, np.float64) for epoch in (1, 2, 3, 4)]
    assert [float(rate.lr_pu) for rate in rates] == pytest.approx([0.07, 0.05, 0.03, 0.01])
    assert [float(rate.lr_bi) for rate in rates] == pytest.approx([0.014, 0.01, 0.006, 0.002])
    assert {float(rate.reg_qi) for rate in rates} == {0.3}
    # One epoch at half the rate is the same as one that falls.
    once, half = (
        dataclasses.replace(SMALL, n_epochs=1, lr_all=lr, lr_decay=decay) for lr, decay in ((0.02, True), (0.01, False))
    )
    assert bits(once.fit(sides.train)) == bits(half.fit(sides.train))


def test_epochs_are_told_one_by_one_from_1(sides: Sides) -> None:
    told: list[EpochReport] = []
    SMALL.fit(sides.train, validation=sides.test, on_epoch=told.append)
    assert [report.epoch for report in told] == [1, 2, 3, 4, 5, 6]
    assert {report.n_epochs for report in told} == {6}
    errors = [report.train_rmse for report in told]
    assert errors == sorted(errors, reverse=True)
    assert all(report.validation_rmse and 0 < report.validation_rmse < 2 for report in told)


def test_without_validation_rows_no_validation_error_is_told(sides: Sides) -> None:
    told: list[EpochReport] = []
    SMALL.fit(sides.train, on_epoch=told.append)
    assert {report.validation_rmse for report in told} == {None}


def test_the_last_validation_error_is_that_of_the_model(sides: Sides) -> None:
    told: list[EpochReport] = []
    # Of users without train ratings, the model knows in the end what all raters share.
    test = sides.test.take(np.flatnonzero(sides.train.user_counts[sides.test.user_index]), "known users")
    model = SMALL.fit(sides.train, validation=test, on_epoch=told.append)
    users, movies = test.user_ids.values, test.item_ids.values
    errors = model.predict(users[test.user_index], movies[test.item_index]) - test.rating
    assert told[-1].validation_rmse == pytest.approx(float(np.sqrt(np.mean(errors**2))), rel=1e-6)


def test_watching_validation_rows_never_changes_the_bits(sides: Sides) -> None:
    assert bits(SMALL.fit(sides.train, validation=sides.test, on_epoch=lambda report: None)) == bits(
        SMALL.fit(sides.train)
    )


def test_returning_true_stops_after_that_epoch(sides: Sides) -> None:
    told: list[int] = []

    def stop_at_2(report: EpochReport) -> bool:
        told.append(report.epoch)
        return report.epoch == 2

    stopped = SMALL.fit(sides.train, on_epoch=stop_at_2)
    assert told == [1, 2]
    assert bits(stopped) == bits(dataclasses.replace(SMALL, n_epochs=2).fit(sides.train))


def test_ctrl_c_in_a_report_ends_the_fit(sides: Sides) -> None:
    def interrupt(report: EpochReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SMALL.fit(sides.train, on_epoch=interrupt)


def test_divergence_is_said_in_a_sentence(sides: Sides) -> None:
    with pytest.raises(TrainingDiverged, match=r"in epoch 1 .*: lower the learning rate \(lr_all is 5\)"):
        dataclasses.replace(SMALL, lr_all=5.0).fit(sides.train)


def test_a_narrow_scale_far_from_zero_is_not_taken_for_divergence() -> None:
    users, movies = np.divmod(np.arange(20), 5)
    ratings = Ratings.of(users, movies, 4.5 + 0.5 * (movies % 2))
    model = SVD(3, 30, biased=False, init_mean=0.5, lr_all=0.02, random_state=0).fit(ratings)
    assert model.predict([0, 0], [0, 1]) == pytest.approx([4.5, 5.0], abs=0.2)


@settings(deadline=None, max_examples=40)
@given(
    lr=st.floats(0, 10),
    reg=st.floats(0, 10),
    init=st.floats(0, 100),
    user_step=st.sampled_from([None, 0.05]),
)
def test_a_fit_gives_finite_factors_or_says_that_it_diverged(
    lr: float, reg: float, init: float, user_step: float | None
) -> None:
    recommender = SVD(3, 5, lr_all=lr, reg_all=reg, init_std_dev=init, random_state=0, user_step_reg=user_step)
    try:
        model = recommender.fit(small_sides().train)
    except TrainingDiverged:
        return
    factors = model.factors
    for part in (factors.user_bias, factors.item_bias, factors.user_factors, factors.item_factors):
        assert np.isfinite(part).all()


def test_ids_without_train_ratings_have_zero_rows(sides: Sides) -> None:
    for recommender in (SMALL, dataclasses.replace(SMALL, user_step_reg=0.05)):
        factors = recommender.fit(sides.train).factors
        assert not factors.user_factors[sides.train.user_counts == 0].any()
        assert not factors.user_bias[sides.train.user_counts == 0].any()
        assert not factors.item_factors[sides.train.item_counts == 0].any()
        assert not factors.item_bias[sides.train.item_counts == 0].any()


@pytest.mark.parametrize("user_step_reg", [None, 0.05])
def test_axes_come_by_variance_and_point_to_their_largest_trait(sides: Sides, user_step_reg: float | None) -> None:
    factors = dataclasses.replace(SMALL, user_step_reg=user_step_reg).fit(sides.train).factors
    variance = axis_variance(factors.user_factors, factors.item_factors)
    assert variance.tolist() == sorted(variance, reverse=True)
    largest = np.abs(factors.item_factors).argmax(axis=0)
    assert (factors.item_factors[largest, np.arange(5)] > 0).all()


def test_without_biases_only_factors_predict(sides: Sides) -> None:
    factors = dataclasses.replace(SMALL, biased=False).fit(sides.train).factors
    assert factors.global_mean == 0
    assert not factors.user_bias.any()
    assert not factors.item_bias.any()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"n_factors": 0}, "n_factors is 0 .* must be 1 or more"),
        ({"n_epochs": 0}, "n_epochs 0: both must be 1 or more"),
        ({"n_threads": 0}, "n_threads is 0: it must be 1 or more, or None"),
        ({"lr_all": -0.1}, "lr_all is -0.1: it must be 0 or more"),
        ({"reg_qi": -1.0}, "reg_qi is -1.0: it must be 0 or more"),
        ({"lr_pu": float("nan")}, "lr_pu is nan"),
        ({"init_std_dev": -1.0}, "init_std_dev is -1.0"),
        ({"user_step_reg": -1.0}, "user_step_reg is -1.0"),
        ({"user_step_reg": 0.0}, "user_step_reg is 0: give a ridge above 0, or None"),
        ({"user_step_reg": 0.1, "biased": False}, "cannot be joined with biased=False"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(setting: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        SVD(**setting)
