"""Intervals and tests against scipy's, and what must hold for any values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import bootstrap, permutation_test

from latentlens.evaluation import intervals
from latentlens.evaluation.intervals import bootstrap_interval, paired_p_value

SKEWED = np.random.default_rng(3).exponential(size=400)
values = arrays(np.float32, st.integers(1, 20), elements=st.floats(0, 1, width=32))


def test_the_interval_is_that_of_scipy() -> None:
    theirs = bootstrap((SKEWED,), np.mean, method="percentile", n_resamples=4_000, rng=1).confidence_interval
    ours = bootstrap_interval(SKEWED, n_resamples=4_000)
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.05 * width)


def test_a_higher_level_is_wider() -> None:
    narrow, wide = bootstrap_interval(SKEWED, level=0.5), bootstrap_interval(SKEWED, level=0.99)
    assert wide.low < narrow.low < SKEWED.mean() < narrow.high < wide.high


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    samples = (random.random((300, 60)) < 0.3).astype(float)
    found = [bootstrap_interval(sample, level=0.9, n_resamples=300) for sample in samples]
    held = [low <= 0.3 <= high for low, high in found]
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)


@given(values, st.integers(0, 99))
def test_a_seed_fixes_the_interval_and_it_lies_within_the_values(of_users: NDArray[np.float32], seed: int) -> None:
    found = bootstrap_interval(of_users, n_resamples=50, seed=seed)
    assert found == bootstrap_interval(of_users, n_resamples=50, seed=seed)
    assert of_users.min() - 1e-6 <= found.low <= found.high <= of_users.max() + 1e-6


def test_users_who_are_all_alike_leave_no_doubt() -> None:
    assert bootstrap_interval(np.full(9, 0.25)) == (0.25, 0.25)


def test_weights_are_rows_of_a_user_that_stay_together() -> None:
    random = np.random.default_rng(6)
    weights = random.integers(1, 50, size=300)
    means = random.normal(size=300)
    ratio = bootstrap(
        (means * weights, weights),
        lambda sums, rows, axis: sums.sum(axis=axis) / rows.sum(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=4_000,
        rng=1,
    ).confidence_interval
    ours = bootstrap_interval(means, weights, n_resamples=4_000)
    assert ours == pytest.approx((ratio.low, ratio.high), abs=0.05 * (ratio.high - ratio.low))
    assert bootstrap_interval(means, np.full(300, 7)) == pytest.approx(bootstrap_interval(means))


def test_the_p_value_is_that_of_all_signs() -> None:
    one, other = np.array([0.5, 0.9, 0.4, 1.0, 0.7, 0.2]), np.array([0.1, 0.3, 0.5, 0.2, 0.6, 0.1])
    exact = permutation_test(
        (one, other), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert exact == 8 / 64
    assert paired_p_value(one, other, n_permutations=40_000) == pytest.approx(exact, abs=0.006)


def test_a_difference_for_everyone_is_not_chance_and_no_difference_is() -> None:
    random = np.random.default_rng(0)
    one = random.random(100)
    assert paired_p_value(one, one - 0.1, n_permutations=999) == 1 / 1_000
    assert paired_p_value(one, one) == 1


def test_rounding_does_not_tell_equal_sums_apart() -> None:
    # Two users, opposite and equal: every choice of signs is 0 or .2 in size, and the observed is 0.
    assert paired_p_value(np.array([0.4, 0.3]), np.array([0.3, 0.4])) == 1


def test_without_a_difference_small_p_values_are_as_rare_as_they_say() -> None:
    random = np.random.default_rng(6)
    found = [paired_p_value(random.random(40), random.random(40), n_permutations=200) for _ in range(300)]
    assert np.mean(np.array(found) <= 0.1) == pytest.approx(0.1, abs=0.04)


@given(values, st.integers(0, 99))
def test_it_does_not_matter_which_model_is_named_first(one: NDArray[np.float32], seed: int) -> None:
    other = np.random.default_rng(seed).random(len(one)).astype(np.float32)
    p = paired_p_value(one, other, n_permutations=100)
    assert 0 < p <= 1
    assert p == paired_p_value(other, one, n_permutations=100)


def test_many_users_are_drawn_a_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "_DRAWN", 1_000)
    assert list(intervals._batches(5, 400)) == [2, 2, 1]
    assert list(intervals._batches(2, 5_000)) == [1, 1]
    found = bootstrap_interval(SKEWED, n_resamples=2_001)
    assert found.low < SKEWED.mean() < found.high
    assert paired_p_value(SKEWED, SKEWED + 1, n_permutations=99) == 1 / 100
