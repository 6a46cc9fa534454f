"""One pair of factors for all that predict the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.recommenders.canonical import axis_variance, by_variance, canonical, centre

Floats = NDArray[np.float64]


def factors(n_users: int, n_items: int, k: int, rank: int, seed: int, dtype: Any = np.float64) -> tuple[Any, Any]:
    """Random factors; users and movies vary along no more than `rank` directions."""
    random = np.random.default_rng(seed)
    P = random.standard_normal((n_users, rank)) @ random.standard_normal((rank, k))
    return P.astype(dtype), random.standard_normal((n_items, k)).astype(dtype)


def distinct(n_users: int, n_items: int, sizes: tuple[float, ...], seed: int) -> tuple[Floats, Floats]:
    """Factors whose product has these singular values."""
    random = np.random.default_rng(seed)
    left, right = (np.linalg.qr(random.standard_normal((n, len(sizes))))[0] for n in (n_users, n_items))
    return left * np.sqrt(sizes), right * np.sqrt(sizes)


def simple_structure(n: int, k: int, seed: int) -> Floats:
    """Each row lies on one axis alone."""
    random = np.random.default_rng(seed)
    loadings = np.zeros((n, k))
    loadings[np.arange(n), np.arange(n) % k] = random.uniform(0.5, 1.5, n) * random.choice([-1, 1], n)
    return loadings


def rotation(k: int, seed: int) -> Floats:
    return np.asarray(np.linalg.qr(np.random.default_rng(seed).standard_normal((k, k)))[0])


SIZES = st.integers(1, 12)


def item_weights(n_items: int, seed: int) -> NDArray[np.int64]:
    """Ratings of each movie, some of them many, as people rate."""
    return np.random.default_rng(seed).geometric(0.05, n_items)


@settings(deadline=None)
@given(SIZES, SIZES, SIZES, st.integers(0, 10_000), st.sampled_from([(np.float64, 1e-12), (np.float32, 1e-5)]))
def test_what_all_raters_share_becomes_the_movies_biases(
    n_users: int, n_items: int, k: int, seed: int, precision: tuple[Any, float]
) -> None:
    dtype, tolerance = precision
    P, Q = factors(n_users, n_items, k, k, seed, dtype)
    random = np.random.default_rng(seed)
    counts = random.integers(0, 9, n_users)
    P[counts == 0] = 0
    bias = random.standard_normal(n_items).astype(dtype)
    known = counts > 0
    before = (bias + P @ Q.T)[known]
    centre(P, Q, bias, counts)
    largest = 1 + np.abs(before).max(initial=0) + np.abs(P @ Q.T).max()
    np.testing.assert_allclose((bias + P @ Q.T)[known], before, atol=tolerance * largest, rtol=0)
    np.testing.assert_allclose(counts @ P, 0, atol=100 * tolerance * (1 + counts.sum()) * (1 + np.abs(P).max()))
    assert not P[~known].any()


@settings(deadline=None)
@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 10_000), st.sampled_from([(np.float64, 1e-12), (np.float32, 1e-5)]))
def test_products_stay_the_same(
    n_users: int, n_items: int, k: int, rank: int, seed: int, precision: tuple[Any, float]
) -> None:
    dtype, tolerance = precision
    P, Q = factors(n_users, n_items, k, rank, seed, dtype)
    canonical_P, canonical_Q = canonical(P, Q, item_weights(n_items, seed))
    assert canonical_P.shape == P.shape
    assert canonical_Q.shape == Q.shape
    assert canonical_P.dtype == canonical_Q.dtype == dtype
    # Rounding is relative to what was added up, not to what is left of it.
    scale = float(np.linalg.norm(P) * np.linalg.norm(Q))
    np.testing.assert_allclose(canonical_P @ canonical_Q.T, P @ Q.T, rtol=0, atol=tolerance * scale)


@settings(deadline=None)
@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 10_000))
def test_axes_come_by_variance_and_point_to_their_largest_trait(
    n_users: int, n_items: int, k: int, rank: int, seed: int
) -> None:
    P, Q = canonical(*factors(n_users, n_items, k, rank, seed), item_weights(n_items, seed))
    variance = axis_variance(P, Q)
    assert variance.tolist() == sorted(variance, reverse=True)
    assert (Q[np.abs(Q).argmax(axis=0), np.arange(k)] >= 0).all()


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_every_pair_with_the_same_products_has_one_canonical_pair(seed: int) -> None:
    P, Q = distinct(40, 50, (60.0, 35.0, 20.0, 9.0, 1.0), seed)
    random = np.random.default_rng(seed + 1)
    T = rotation(5, seed) * random.uniform(0.5, 2, 5) @ rotation(5, seed + 2)
    weights = item_weights(len(Q), seed)
    expected = canonical(P, Q, weights)
    for side, reference in zip(canonical(P @ T, Q @ np.linalg.inv(T).T, weights), expected, strict=True):
        np.testing.assert_allclose(side, reference, atol=1e-3)


def test_planted_axes_of_simple_structure_are_found_whatever_the_training_made_of_them() -> None:
    traits = simple_structure(200, 4, seed=1) * (4, 3, 2, 1)
    tastes = np.linalg.qr(np.random.default_rng(2).standard_normal((80, 4)))[0]
    T = rotation(4, 3)
    _, Q = canonical(tastes @ T, traits @ T)
    found = np.abs(np.corrcoef(traits.T, Q.T)[:4, 4:])
    np.testing.assert_allclose(found, np.eye(4), atol=0.15)


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 10_000))
def test_a_movie_counts_as_often_as_it_was_rated(k: int, seed: int) -> None:
    P, Q = factors(20, 30, k, k, seed)
    weights = item_weights(len(Q), seed)
    _, traits = canonical(P, Q, weights)
    gram = (traits * weights[:, None]).T @ traits
    size = np.sqrt(np.outer(np.diag(gram), np.diag(gram)))
    assert np.abs(gram - np.diag(np.diag(gram)))[size > 0].max(initial=0) <= 1e-6 * size.max()


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 10_000))
def test_weights_only_turn_the_axes(k: int, seed: int) -> None:
    # An orthogonal turn leaves the lengths of the rows, and with them the ridge of every fold-in, as they were.
    P, Q = factors(20, 30, k, k, seed)
    for plain, turned in zip(canonical(P, Q), canonical(P, Q, item_weights(len(Q), seed)), strict=True):
        np.testing.assert_allclose(turned @ turned.T, plain @ plain.T, atol=1e-9 * np.square(plain).sum())


def test_factors_of_nothing_stay_nothing() -> None:
    P, Q = canonical(np.zeros((3, 2)), np.zeros((4, 2)))
    assert not P.any()
    assert not Q.any()


def test_no_factors_stay_no_factors() -> None:
    P, Q = canonical(np.zeros((3, 0)), np.zeros((4, 0)))
    assert (P.shape, Q.shape) == ((3, 0), (4, 0))


def test_the_given_factors_are_not_changed() -> None:
    P, Q = factors(9, 8, 4, 4, seed=1)
    before = P.copy(), Q.copy()
    canonical(P, Q)
    np.testing.assert_array_equal(P, before[0])
    np.testing.assert_array_equal(Q, before[1])


def test_the_variance_of_an_axis_is_that_of_its_contributions() -> None:
    # Contributions of axis 0: 1·3, 1·0, 2·3, 2·0; of axis 1: 1·1, 1·2, 0, 0.
    variance = axis_variance(np.array([[1.0, 1.0], [2.0, 0.0]]), np.array([[3.0, 1.0], [0.0, 2.0]]))
    assert variance.tolist() == [(9 + 0 + 36 + 0) / 4, (1 + 4 + 0 + 0) / 4]


def test_axes_are_put_in_the_order_of_their_variance() -> None:
    P, Q = by_variance(np.array([[1.0, 2.0, 1.0]]), np.array([[1.0, 3.0, 2.0]]))
    assert P.tolist() == [[2, 1, 1]]
    assert Q.tolist() == [[3, 2, 1]]
