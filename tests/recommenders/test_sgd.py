"""The descent, beside a plain-Python one."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.ratings.layouts import Visits, in_blocks
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings
from latentlens.recommenders.kernels.rows import aligned_rows
from latentlens.recommenders.kernels.sgd import Factors, Rates, epoch
from latentlens.recommenders.svd import SVD

N_RATES = 8
RATE_NAMES = ("lr_bu", "lr_bi", "lr_pu", "lr_qi", "reg_bu", "reg_bi", "reg_pu", "reg_qi")


def never(number: int, train_rmse: float) -> bool:
    return False


def random_factors(n_users: int, n_items: int, k: int, seed: int, dtype: Any = np.float64) -> Factors:
    random = np.random.default_rng(seed)

    def rows(n: int) -> np.ndarray[Any, Any]:
        padded = aligned_rows(n, k, dtype)
        padded[:, :k] = random.normal(0, 0.3, (n, k))
        return padded

    user_bias, item_bias = (random.normal(0, 0.3, n).astype(dtype) for n in (n_users, n_items))
    return Factors(user_bias, item_bias, rows(n_users), rows(n_items))


def one_epoch(visits: Visits, mean: float, factors: Factors, rates: dict[str, float]) -> float:
    """Koren, Bell & Volinsky (2009), eq. 5-6, a rating and a factor at a time; the train RMSE."""
    bu, bi, P, Q = factors
    squares = 0.0
    for u, i, rating in zip(visits.users, visits.items, visits.stars.ratings, strict=True):
        error = float(rating) - (mean + bu[u] + bi[i] + sum(P[u, f] * Q[i, f] for f in range(P.shape[1])))
        squares += error**2
        bu[u] += rates["lr_bu"] * (error - rates["reg_bu"] * bu[u])
        bi[i] += rates["lr_bi"] * (error - rates["reg_bi"] * bi[i])
        for f in range(P.shape[1]):
            p, q = P[u, f], Q[i, f]
            P[u, f] += rates["lr_pu"] * (error * q - rates["reg_pu"] * p)
            Q[i, f] += rates["lr_qi"] * (error * p - rates["reg_qi"] * q)
    return float(np.sqrt(squares / len(visits.stars)))


@st.composite
def visits_of(draw: st.DrawFn, n_users: int, n_items: int) -> Visits:
    """Some of the pairs, in any order, rated from 0.5 to 5."""
    visit = st.tuples(st.integers(0, n_users - 1), st.integers(0, n_items - 1), st.integers(1, 10))
    visited = draw(st.lists(visit, min_size=1, max_size=30))
    # Both ends of the scale, by which a descent judges whether it diverges.
    users, items, halves = np.array([*visited, (0, 0, 1), (0, 0, 10)]).T
    return Visits(users.astype(np.int32), items.astype(np.int32), Stars.of(halves / 2))


@settings(deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 5), st.integers(1, 20), st.integers(0, 99))
def test_an_epoch_is_the_written_equation_in_the_order_of_the_visits(
    data: st.DataObject, n_users: int, n_items: int, k: int, seed: int
) -> None:
    visits = data.draw(visits_of(n_users, n_items))
    rates = dict(zip(RATE_NAMES, data.draw(st.tuples(*[st.floats(0, 0.1)] * N_RATES)), strict=True))
    expected, ours = (random_factors(n_users, n_items, k, seed) for _ in range(2))
    train_rmse = one_epoch(visits, 3.2, expected, rates)
    told: list[float] = []

    def watch(number: int, rmse: float) -> bool:
        told.append(rmse)
        return False

    SVD(n_factors=k, n_epochs=1, **rates).descend(visits, 3.2, ours, watch)
    for part, reference in zip(ours, expected, strict=True):
        np.testing.assert_allclose(part, reference, rtol=1e-12, atol=1e-12)
    assert told == [pytest.approx(train_rmse, rel=1e-12)]


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12), st.integers(1, 40), st.integers(0, 99))
def test_threads_do_what_one_rating_after_the_other_does(
    n_threads: int, n_users: int, n_items: int, k: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    pairs = np.flatnonzero(random.random(n_users * n_items) < 0.6)
    pairs = pairs if len(pairs) else np.array([0])
    users, movies = np.divmod(pairs, n_items)
    visits, _ = in_blocks(Ratings.of(users, movies, random.integers(1, 11, len(pairs)) / 2), n_threads)
    rates = dict.fromkeys(RATE_NAMES[:4], 0.05) | dict.fromkeys(RATE_NAMES[4:], 0.02)
    expected, ours = (random_factors(n_users, n_items, k, seed) for _ in range(2))
    train_rmse = one_epoch(visits, 3.2, expected, rates)
    assert epoch(visits, 3.2, ours, Rates(**{n: np.float64(r) for n, r in rates.items()})) == pytest.approx(train_rmse)
    for part, reference in zip(ours, expected, strict=True):
        np.testing.assert_allclose(part, reference, rtol=1e-11, atol=1e-11)


def test_ratings_of_more_values_than_a_byte_tells_apart_are_looked_up_too() -> None:
    random = np.random.default_rng(4)
    users, items = (random.integers(0, n, 300).astype(np.int32) for n in (9, 12))
    visits = Visits(users, items, Stars.of(random.uniform(0, 100, 300)))
    assert visits.stars.codes.dtype == np.uint16
    rates = dict.fromkeys(RATE_NAMES, 0.001)
    expected, ours = (random_factors(9, 12, 5, seed=4) for _ in range(2))
    train_rmse = one_epoch(visits, 50.0, expected, rates)
    assert epoch(visits, 50.0, ours, Rates(**{n: np.float64(r) for n, r in rates.items()})) == pytest.approx(train_rmse)
    np.testing.assert_allclose(ours.item_factors, expected.item_factors, rtol=1e-11, atol=1e-11)


def test_the_order_of_the_visits_matters() -> None:
    visits = Visits(np.array([0, 0], np.int32), np.array([0, 1], np.int32), Stars.of(np.array([5.0, 1.0])))
    turned = Visits(visits.users[::-1].copy(), visits.items[::-1].copy(), visits.stars[::-1])
    one, other = (random_factors(1, 2, 3, seed=5) for _ in range(2))
    SVD(n_factors=3, n_epochs=1).descend(visits, 3.0, one, never)
    SVD(n_factors=3, n_epochs=1).descend(turned, 3.0, other, never)
    assert one.user_factors.tobytes() != other.user_factors.tobytes()


def test_float32_follows_float64() -> None:
    random = np.random.default_rng(3)
    users, items = (random.integers(0, n, 400).astype(np.int32) for n in (9, 12))
    visits = Visits(users, items, Stars.of(random.integers(1, 11, 400) / 2))
    double, single = (random_factors(9, 12, 21, seed=3, dtype=dtype) for dtype in (np.float64, np.float32))
    SVD(n_factors=21, n_epochs=10).descend(visits, 3.0, double, never)
    SVD(n_factors=21, n_epochs=10).descend(visits, 3.0, single, never)
    for wide, narrow in zip(double, single, strict=True):
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow, wide, atol=1e-4)


def test_without_biases_the_biases_are_left_alone() -> None:
    visits = Visits(np.array([0, 1], np.int32), np.array([1, 0], np.int32), Stars.of(np.array([5.0, 1.0])))
    factors, before = (random_factors(2, 2, 3, seed=5) for _ in range(2))
    SVD(n_factors=3, biased=False).descend(visits, 0.0, factors, never)
    assert factors.user_bias.tobytes() == before.user_bias.tobytes()
    assert factors.item_bias.tobytes() == before.item_bias.tobytes()
    assert factors.user_factors.tobytes() != before.user_factors.tobytes()


def test_other_threads_run_while_the_kernel_does() -> None:
    """With switching by the clock out of the way, only a released GIL lets the main thread say stop."""
    n_epochs = 400
    users = np.zeros(50_000, np.int32)
    visits = Visits(users, users, Stars.of(np.full(50_000, 3.0)))
    first, stop = threading.Event(), threading.Event()
    epochs: list[int] = []

    def watch(number: int, train_rmse: float) -> bool:
        epochs.append(number)
        first.set()
        return stop.is_set()

    def run() -> None:
        SVD(n_factors=1, n_epochs=n_epochs).descend(visits, 3.0, random_factors(1, 1, 1, seed=1), watch)

    run()  # compiles
    first.clear()
    epochs.clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        first.wait()
        stop.set()
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(epochs) < n_epochs
