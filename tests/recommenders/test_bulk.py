"""Lists of many users at once, beside scoring every movie exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.ratings.history import History
from latentlens.ratings.ids import IdMap
from latentlens.ratings.stars import Stars
from latentlens.recommenders.bulk import Bulk
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.svd import SVD

from .support import small_sides


def factor_model(n_users: int, n_items: int, k: int, seed: int, step: float = 0.0) -> FactorModel:
    """Random factors; rounded to multiples of `step`, many scores are the same."""
    random = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        values = random.normal(0, 0.5, shape)
        return (np.round(values / step) * step if step else values).astype(np.float32)

    return FactorModel(
        user_ids=IdMap(np.arange(n_users)),
        item_ids=IdMap(np.arange(n_items)),
        global_mean=3.5,
        user_bias=drawn(n_users),
        item_bias=drawn(n_items),
        user_factors=drawn(n_users, k),
        item_factors=drawn(n_items, k),
        user_counts=np.ones(n_users, np.int64),
        item_counts=(random.random(n_items) < 0.9).astype(np.int64),
        scale=(0.5, 5.0),
    )


def history_of(n_users: int, n_items: int, seed: int) -> History:
    random = np.random.default_rng(seed)
    rated = random.random((n_users, n_items)) < random.random((n_users, 1)) ** 2
    items = np.nonzero(rated)[1].astype(np.int32)
    indptr = np.concatenate(([0], np.cumsum(rated.sum(axis=1))))
    return History(indptr, items, Stars.of(np.ones(len(items))))


def exact(
    factors: FactorModel, history: History, user: int, n: int, allowed: NDArray[np.bool_] | None
) -> tuple[list[int], list[float]]:
    listed = factors.item_counts > 0
    if allowed is not None:
        listed &= allowed
    listed[history.items_of(user)] = False
    items = np.flatnonzero(listed)
    scores = factors.score(np.full(len(items), user), items)
    best = np.argsort(-scores, kind="stable")[:n]
    return items[best].tolist(), scores[best].tolist()


def assert_exact(
    factors: FactorModel, history: History, n: int, allowed: NDArray[np.bool_] | None = None, n_threads: int = 1
) -> None:
    users = np.arange(len(factors.user_bias))
    # Half of the users are known beforehand, as many as in a sample: others may have longer factors.
    some = users[np.argsort(np.linalg.norm(factors.user_factors, axis=1))][: len(users) // 2]
    known = replace(factors, user_factors=factors.user_factors[some])
    items, scores = Bulk(known, allowed).top(factors, history, n, n_threads)
    assert items.shape == scores.shape == (len(users), n)
    for user in users:
        expected, expected_scores = exact(factors, history, int(user), n, allowed)
        found = items[user] >= 0
        assert items[user][found].tolist() == expected
        assert scores[user][found].tolist() == expected_scores
        assert not found[len(expected) :].any()
        assert np.isnan(scores[user][~found]).all()


@settings(deadline=None, max_examples=60)
@given(
    n_users=st.integers(1, 6),
    n_items=st.integers(1, 120),
    k=st.integers(0, 9),
    n=st.integers(1, 30),
    seed=st.integers(0, 999),
    step=st.sampled_from([0.0, 0.25, 4.0]),
    filtered=st.booleans(),
)
def test_every_list_is_that_of_scoring_every_movie(
    n_users: int, n_items: int, k: int, n: int, seed: int, step: float, filtered: bool
) -> None:
    allowed = np.random.default_rng(seed).random(n_items) < 0.5 if filtered else None
    assert_exact(factor_model(n_users, n_items, k, seed, step), history_of(n_users, n_items, seed), n, allowed)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("step", [0.0, 0.5])
def test_so_it_is_over_several_tiles_and_blocks(step: float, n_threads: int) -> None:
    assert_exact(factor_model(300, 5000, 6, 1, step), history_of(300, 5000, 1), 10, n_threads=n_threads)


def test_where_all_movies_tie_the_first_are_listed() -> None:
    # 4,500 candidates for each place: more than there is room for at first, in more than one block.
    assert_exact(factor_model(3, 5000, 2, 1, step=100.0), history_of(3, 5000, 1), 10)


def test_lists_are_those_of_the_model() -> None:
    train = small_sides().train
    model = SVD(8, 10, lr_all=0.02, random_state=1, user_step_reg=0.05).fit(train)
    users = np.flatnonzero(train.user_counts)
    items, scores = Bulk(model.factors).top(model.factors.of(users), model.history.take(users), 10)
    for user, listed, scored in zip(users, items, scores, strict=True):
        ranking = model.rank(train.user_ids.values[user].item(), 10)
        assert listed[listed >= 0].tolist() == ranking.items.tolist()
        assert scored[listed >= 0].tobytes() == ranking.scores.tobytes()


def test_nobody_has_no_lists() -> None:
    factors, nobody = factor_model(3, 4, 2, 1), np.empty(0, np.int64)
    items, scores = Bulk(factors).top(factors.of(nobody), history_of(3, 4, 1).take(nobody), 5)
    assert items.shape == scores.shape == (0, 5)
