"""Names are earned: what survives the test of all comparisons, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.explain.features import Features, Kind
from latentlens.explain.naming import (
    MIN_CORRELATION,
    N_PERMUTATIONS,
    SIGNIFICANT,
    Evidence,
    corrected_p,
    correlations,
    evidence,
    held_out_r2,
    pole_names,
)

Floats = NDArray[np.float64]


def features(values: Floats, kinds: tuple[Kind, ...] | None = None, names: tuple[str, ...] | None = None) -> Features:
    n, m = values.shape
    return Features(
        np.arange(n), names or tuple(f"tag {j}" for j in range(m)), kinds or ("tag",) * m, values.astype(np.float32)
    )


def noise(n: int, m: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((n, m))


def independent(*entries: Evidence) -> Features:
    """Features of these names that have nothing to do with each other."""
    values = noise(200, len(entries))
    return features(values, tuple(entry.kind for entry in entries), tuple(entry.feature for entry in entries))


def test_a_correlation_is_pearsons() -> None:
    X, Z = noise(50, 3), noise(50, 2, seed=1)
    expected = np.corrcoef(X.T, Z.T)[:3, 3:]
    np.testing.assert_allclose(correlations(features(X), Z), expected, atol=1e-6)


def test_what_goes_with_an_axis_is_found_and_noise_is_not() -> None:
    X = noise(300, 40)
    trait = X[:, :1] * 0.5 + noise(300, 1, seed=1)
    p = corrected_p(features(X), trait)
    assert p[0, 0] == pytest.approx(1 / (1 + N_PERMUTATIONS))
    assert (p[1:] > SIGNIFICANT).all()


def test_noise_is_called_a_finding_no_more_often_than_promised() -> None:
    # 60 tables of 30 comparisons each: uncorrected, 79 % of them would hold a finding.
    tables = [corrected_p(features(noise(60, 15, seed)), noise(60, 2, seed + 1000)) for seed in range(60)]
    false_alarms = sum(bool((p < SIGNIFICANT).any()) for p in tables)
    assert false_alarms <= 9  # 3 are expected; 10 or more have a chance of 1 in 1,000


def test_p_is_never_zero_and_the_same_seed_gives_the_same_p() -> None:
    X, Z = noise(30, 3), noise(30, 2, seed=1)
    p = corrected_p(features(X), Z)
    assert (p >= 1 / (1 + N_PERMUTATIONS)).all()
    assert (p <= 1).all()
    assert (corrected_p(features(X), Z) == p).all()


def test_held_out_r2_is_what_is_known_and_none_for_noise() -> None:
    X = noise(400, 10)
    half = X[:, 0] + noise(400, 1, seed=1)[:, 0]
    r2 = held_out_r2(features(X), np.column_stack([X[:, 1], half, noise(400, 1, seed=2)[:, 0], np.ones(400)]))
    assert r2[0] > 0.99
    assert 0.4 < r2[1] < 0.6
    assert r2[2] < 0.03
    assert r2[3] == 0


def test_more_features_than_movies_are_not_taken_for_knowledge() -> None:
    assert held_out_r2(features(noise(40, 120)), noise(40, 1, seed=1))[0] < 0.1


def test_evidence_comes_strongest_first_with_its_sign() -> None:
    found = evidence(features(noise(9, 3)), np.array([0.3, -0.6, 0.1]), np.array([0.01, 0.01, 0.5]))
    assert [(entry.feature, entry.r) for entry in found] == [("tag 1", -0.6), ("tag 0", 0.3)]


def test_each_pole_is_named_by_what_is_there() -> None:
    found = (
        Evidence("Crime", "genre", 0.6, 0.001),
        Evidence("Animation", "genre", -0.5, 0.001),
        Evidence("Thriller", "genre", 0.4, 0.001),
    )
    assert pole_names(independent(*found), found) == ("Animation", "Crime, Thriller")


def test_the_absence_of_a_genre_names_nothing() -> None:
    found = (Evidence("Animation", "genre", -0.6, 0.001),)
    assert pole_names(independent(*found), found) == ("Animation", None)


def test_a_scale_names_both_ends() -> None:
    found = (Evidence("year", "year", 0.6, 0.001),)
    assert pole_names(independent(*found), found) == ("older", "newer")


def test_the_number_of_ratings_names_an_axis_only_if_nothing_else_does() -> None:
    popular = Evidence("number of ratings", "popularity", 0.6, 0.001)
    assert pole_names(independent(popular), (popular,)) == ("little known", "widely known")
    found = (popular, Evidence("War", "genre", 0.4, 0.001))
    assert pole_names(independent(*found), found) == (None, "War")


def test_a_weak_feature_names_nothing_however_certain() -> None:
    found = (Evidence("War", "genre", MIN_CORRELATION - 0.01, 0.001),)
    assert pole_names(independent(*found), found) == (None, None)


def test_a_second_word_says_something_else() -> None:
    found = (
        Evidence("Animation", "genre", 0.6, 0.001),
        Evidence("animation", "tag", 0.59, 0.001),
        Evidence("pixar", "tag", 0.58, 0.001),
        Evidence("Children", "genre", 0.5, 0.001),
    )
    values = noise(200, 4)
    values[:, 2] = values[:, 0] + 0.1 * values[:, 2]  # the same movies under another word
    made = features(values, tuple(entry.kind for entry in found), tuple(entry.feature for entry in found))
    assert pole_names(made, found) == (None, "Animation, Children")


def test_what_a_movie_is_comes_before_when_it_was_made() -> None:
    found = (Evidence("year", "year", -0.6, 0.001), Evidence("Western", "genre", 0.5, 0.001))
    assert pole_names(independent(*found), found) == ("newer", "Western, older")


def test_a_second_word_is_at_least_half_as_strong_as_the_first() -> None:
    found = (Evidence("War", "genre", 0.7, 0.001), Evidence("Drama", "genre", 0.3, 0.001))
    assert pole_names(independent(*found), found) == (None, "War")


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 25), st.integers(0, 6), st.integers(0, 4), st.floats(0, 1), st.integers(0, 10_000))
def test_any_table_gives_numbers_in_range(n: int, m: int, k: int, unknown: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    X, Z = random.standard_normal((n, m)), random.standard_normal((n, k))
    X[random.random((n, m)) < unknown] = np.nan
    X[:, :1], Z[:, :1] = 3, 0  # a constant feature, an axis of nothing
    table = features(X)
    r, p, r2 = correlations(table, Z), corrected_p(table, Z), held_out_r2(table, Z)
    assert r.shape == p.shape == (m, k)
    assert r2.shape == (k,)
    assert (np.abs(r) <= 1 + 1e-6).all()
    assert ((p > 0) & (p <= 1)).all()
    assert ((r2 >= 0) & (r2 <= 1)).all()
    assert not r[:1].any()
    assert not r[:, :1].any()
