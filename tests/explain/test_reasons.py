"""Shares of past ratings add up; their removal does what is said."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.explain.reasons import contributions, influences
from latentlens.recommenders.foldin import Evidence

N_ITEMS = 40


class Someone(NamedTuple):
    """A user's evidence and a movie that the user has not rated."""

    evidence: Evidence
    target: NDArray[np.float64]

    def personal(self, evidence: Evidence, reg: float) -> float:
        """User bias + taste x trait, from a solution of its own."""
        return float(np.append(self.target, 1.0) @ evidence.solve(reg))


def someone(n: int, k: int, seed: int) -> Someone:
    random = np.random.default_rng(seed)
    factors = random.normal(0, 0.7, (N_ITEMS, k)).astype(np.float32)
    items = np.sort(random.choice(N_ITEMS - 1, n, replace=False))
    ratings = (random.integers(1, 11, n) / 2).astype(np.float32)
    bias = random.normal(0, 0.5, N_ITEMS).astype(np.float32)
    evidence = Evidence.of(items, ratings, global_mean=3.4, item_bias=bias, item_factors=factors)
    return Someone(evidence, factors[N_ITEMS - 1].astype(np.float64))


users = st.tuples(st.integers(1, 30), st.integers(0, 12), st.integers(0, 10_000)).map(lambda drawn: someone(*drawn))
ridges = st.floats(0.01, 2)


@settings(deadline=None)
@given(users, ridges)
def test_contributions_sum_to_what_is_personal_in_the_score(user: Someone, reg: float) -> None:
    shares = contributions(user.evidence, user.target, reg)
    assert shares.sum() == pytest.approx(user.personal(user.evidence, reg), abs=1e-9)


@settings(deadline=None)
@given(users, ridges)
def test_an_influence_is_what_an_exact_refit_without_the_rating_shows(user: Someone, reg: float) -> None:
    evidence = user.evidence
    found = influences(evidence, user.target, reg)
    whole = user.personal(evidence, reg)
    for j in range(len(evidence.e)):
        others = np.arange(len(evidence.e)) != j
        assert found[j] == pytest.approx(
            whole - user.personal(Evidence(evidence.A[others], evidence.e[others]), reg), abs=1e-8
        )


@settings(deadline=None)
@given(users, ridges, st.floats(0.1, 4))
def test_contributions_are_linear_in_the_deviations(user: Someone, reg: float, factor: float) -> None:
    scaled = user.evidence._replace(e=factor * user.evidence.e)
    np.testing.assert_allclose(
        contributions(scaled, user.target, reg), factor * contributions(user.evidence, user.target, reg), atol=1e-9
    )


def test_one_rating_by_hand() -> None:
    # A = (2, 1), e = 1.5, reg n = 1: x = (2, 1) 1.5 / 6 = (.5, .25); a movie with q = 3 gets 3 x .5 + .25.
    evidence = Evidence(np.array([[2.0, 1.0]]), np.array([1.5]))
    assert contributions(evidence, np.array([3.0]), 1.0).tolist() == pytest.approx([1.75])
    # Without the only rating nothing personal is left.
    assert influences(evidence, np.array([3.0]), 1.0).tolist() == pytest.approx([1.75])
