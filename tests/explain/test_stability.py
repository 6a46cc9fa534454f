"""What another seed does not find again is no axis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.explain.stability import match, refit_matches
from latentlens.ratings.readers import demo
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.svd import SVD
from tests.recommenders.support import small_sides


def columns(n: int, k: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((n, k))


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 10_000))
def test_the_order_sign_and_size_of_axes_do_not_matter(k: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    traits = columns(30, k, seed)
    others = (traits * random.uniform(0.1, 9, k) * random.choice([-1, 1], k) + 5)[:, random.permutation(k)]
    np.testing.assert_allclose(match(traits, others), 1, atol=1e-5)


def test_two_axes_do_not_share_one_partner() -> None:
    trait = columns(200, 1, 0)
    twins = np.hstack([trait, trait + 0.01 * columns(200, 1, 1)])
    found = match(twins, np.hstack([trait, columns(200, 1, 2)]))
    assert found.max() > 0.99
    assert found.min() < 0.3


@settings(deadline=None)
@given(st.integers(0, 20), st.integers(0, 6), st.integers(0, 6), st.integers(0, 10_000))
def test_any_two_sets_of_axes_match_between_0_and_1(n: int, k: int, m: int, seed: int) -> None:
    traits = columns(n, k, seed)
    traits[:, :1] = 0
    found = match(traits, columns(n, m, seed + 1))
    assert found.shape == (k,)
    assert ((found >= 0) & (found <= 1)).all()
    assert not found[:1].any()


@dataclass(frozen=True)
class Remembering(SVD):
    """An SVD whose seeds can be looked at."""

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        seeds.append(self.random_state)
        return super().fit(train, validation=validation, on_epoch=on_epoch)


seeds: list[int | None] = []


def test_every_refit_has_a_seed_of_its_own_and_is_reported() -> None:
    ratings = demo.make()
    config = Remembering(n_factors=3, n_epochs=1, random_state=7)
    model = config.fit(ratings)
    seeds.clear()
    reports: list[tuple[int, int]] = []
    found = refit_matches(model, config, ratings, n_refits=2, on_refit=lambda *done: reports.append(done))
    assert found.shape == (2, 3)
    assert seeds == [8, 9]
    assert reports == [(1, 2), (2, 2)]


def test_a_model_without_axes_has_none_to_match() -> None:
    ratings = demo.make()
    assert refit_matches(BiasOnly().fit(ratings), BiasOnly(), ratings, n_refits=1).shape == (1, 0)


def test_no_refits_match_nothing() -> None:
    ratings = demo.make()
    config = SVD(n_factors=3, n_epochs=1, random_state=7)
    assert refit_matches(config.fit(ratings), config, ratings, n_refits=0).shape == (0, 3)


def test_refits_stop_where_the_fit_was_stopped() -> None:
    ratings = small_sides().train
    endless = SVD(n_factors=3, n_epochs=10**9, lr_all=0.02, random_state=0)
    model = endless.fit(ratings, on_epoch=lambda report: report.epoch == 4)
    found = refit_matches(model, endless, ratings, n_refits=1, n_epochs=4)
    assert found.tolist() == refit_matches(model, replace(endless, n_epochs=4), ratings, n_refits=1).tolist()
