"""A list that was found without scoring every movie is the list that scoring them all gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.ratings.ids import IdMap
from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.shortlist import Ranking, Shortlist

N_USERS = 20


def factor_model(seed: int, n_items: int, k: int, decay: float, *, taste: float = 0.3) -> FactorModel:
    """Random factors whose axes shrink by `decay`; every seventh movie is unrated, and two thirds lie near zero."""
    random = np.random.default_rng(seed)
    axes = decay ** np.arange(k)
    item_factors = random.normal(0, taste, (n_items, k)) * axes * random.choice([0.05, 0.2, 1], (n_items, 1))
    item_counts = np.where(np.arange(n_items) % 7, 3, 0)
    return FactorModel(
        user_ids=IdMap(np.arange(N_USERS)),
        item_ids=IdMap(np.arange(n_items)),
        global_mean=3.5,
        user_bias=random.normal(0, 0.3, N_USERS).astype(np.float32),
        item_bias=random.normal(0, 0.3, n_items).astype(np.float32),
        user_factors=(random.normal(0, 1, (N_USERS, k)) * axes).astype(np.float32),
        item_factors=item_factors.astype(np.float32),
        user_counts=np.ones(N_USERS, np.int64),
        item_counts=item_counts,
        scale=(0.5, 5.0),
    )


def best_of_all(model: FactorModel, user: UserVector, n: int, among: np.ndarray) -> Ranking:
    """The exact list, from the exact scores of all movies."""
    items = np.flatnonzero((model.item_counts > 0) & among)
    scores = model.score_for(user.factors, user.bias, items)
    chosen = np.argsort(-scores, kind="stable")[:n]
    return Ranking(items[chosen], scores[chosen])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_items=st.sampled_from([1, 30, 3000, 9000]),
    k=st.sampled_from([0, 1, 12, 40]),
    decay=st.sampled_from([0.7, 0.95, 1.0]),
    n=st.sampled_from([1, 10, 100]),
    # Someone with a longer vector than any user of the model, as a fold-in may give.
    size=st.sampled_from([0.0, 1.0, 8.0]),
    filtered=st.booleans(),
)
def test_the_best_of_the_shortlist_are_the_best_of_all(
    seed: int, n_items: int, k: int, decay: float, n: int, size: float, filtered: bool
) -> None:
    model = factor_model(seed, n_items, k, decay)
    random = np.random.default_rng(seed)
    user = UserVector(np.float32(size) * model.user_factors[0], model.user_bias[0])
    excluded = np.flatnonzero(random.random(n_items) < 0.1)
    allowed = random.random(n_items) < 0.05 if filtered else None
    found = Shortlist(model).best(user, n, excluded, allowed)
    among = np.ones(n_items, bool) if allowed is None else allowed.copy()
    among[excluded] = False
    expected = best_of_all(model, user, n, among)
    assert found.items.tolist() == expected.items.tolist()
    assert found.scores.tobytes() == expected.scores.tobytes()


@pytest.mark.parametrize("n", [1, 5, 3000])
def test_ties_go_to_the_smaller_index(n: int) -> None:
    model = factor_model(0, 4000, 8, 0.9)
    alike = FactorModel(
        **{
            **vars(model),
            "item_factors": np.tile(model.item_factors[:1], (4000, 1)),
            "item_bias": np.full(4000, model.item_bias[0]),
        }
    )
    user = UserVector(alike.user_factors[0], alike.user_bias[0])
    found = Shortlist(alike).best(user, n, np.empty(0, np.int64))
    assert found.items.tolist() == np.flatnonzero(alike.item_counts)[:n].tolist()


def test_an_empty_list_is_empty() -> None:
    model = factor_model(0, 4000, 8, 0.9)
    user = UserVector(model.user_factors[0], model.user_bias[0])
    assert len(Shortlist(model).best(user, 0, np.empty(0, np.int64)).items) == 0
    assert len(Shortlist(model).best(user, 5, np.arange(4000)).items) == 0


def test_most_movies_stay_unscored_where_the_leading_axes_tell_most() -> None:
    class Counting(FactorModel):
        def score_for(self, factors: Any, bias: Any, items: Any) -> Any:
            n_scored.append(len(items))
            return super().score_for(factors, bias, items)

    n_scored: list[int] = []
    model = Counting(**vars(factor_model(0, 9000, 40, 0.8)))
    shortlist = Shortlist(model)
    for user in range(N_USERS):
        shortlist.best(UserVector(model.user_factors[user], model.user_bias[user]), 10, np.empty(0, np.int64))
    assert sum(n_scored) < 100 * N_USERS
