"""Ranks are those of sorting every movie, however far people's tastes are from the first one's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlens.explain.standings import Standings
from latentlens.recommenders.foldin import UserVector

from .support import catalogue, model


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0, 10.0])
@given(seed=st.integers(0, 10_000), n=st.integers(1, 40), k=st.integers(0, 4))
def test_a_rank_is_the_place_after_sorting_all_movies(spread: float, seed: int, n: int, k: int) -> None:
    random = np.random.default_rng(seed)
    # Rounded, so that some scores are equal: ties go by item index.
    made = model(random.standard_normal((3, k)), random.standard_normal((n, k)).round(1), catalogue(n, {}))
    factors = replace(made.factors, item_counts=random.integers(0, 3, n))
    made = replace(made, factors=factors)
    first = random.standard_normal(k)
    tastes = [first, *(first + spread * random.standard_normal((3, k)))]
    users = [UserVector(taste.astype(np.float32), np.float32(random.normal())) for taste in tastes]
    excluded = np.flatnonzero(random.random(n) < 0.3)
    standings = Standings(made, users[0], excluded)
    listed = np.setdiff1d(np.flatnonzero(factors.item_counts), excluded)
    for person, user in enumerate(users):
        scores = factors.score_for(user.factors, user.bias, np.arange(n))
        for item in range(n):
            others = listed[listed != item]
            ahead = (scores[others] > scores[item]) | ((scores[others] == scores[item]) & (others < item))
            assert standings.rank(item, user if person else None) == 1 + ahead.sum()
