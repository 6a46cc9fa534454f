"""Whether the reasons given are the reasons: what happens to scores when ratings are really taken away.

The deletion test follows LXR (Barkan et al. 2024); influences against retraining follow Cheng et al. 2019 (FIA).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError
from latentlens.explain.reasons import contributions, influences
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel, Recommender
from latentlens.recommenders.foldin import Evidence

# With fewer ratings, five reasons and five others would be the same ones.
_MIN_RATINGS = 11
_N_REASONS = 5


class Case(NamedTuple):
    """A movie at the top of a user's list, and the ratings that it comes from: `items` (n,) indexes."""

    user: int
    target: int
    items: NDArray[np.integer]
    evidence: Evidence


class DeletionTest(NamedTuple):
    """Mean stars that scores fall by when a user's five strongest reasons are taken away, and when any five are.

    The second counts movements of either sign. `n_cases`: scores that were tested.
    """

    by_reasons: float
    by_chance: float
    n_cases: int

    @property
    def ratio(self) -> float:
        """How many times as much reasons matter; 1 would mean that they were picked at random."""
        return self.by_reasons / self.by_chance


def deletion_test(model: FittedModel, n_users: int = 100, seed: int = 0) -> DeletionTest:
    """Take away ratings of `n_users` users and refit each of them exactly; their best movie's score moves.

    Raises ConfigError where that cannot be measured: trained vectors, too few ratings, scores that no rating moves.
    """
    random = np.random.default_rng(seed)
    by_reasons, by_chance = [], []
    for case in _cases(model, n_users, random):
        reg = _ridge(model)
        shares = contributions(case.evidence, model.factors.item_factors[case.target], reg)
        strongest = np.argsort(-shares, kind="stable")[:_N_REASONS]
        chance = random.choice(len(shares), _N_REASONS, replace=False)
        by_reasons.append(_fall(model, case, strongest))
        by_chance.append(abs(_fall(model, case, chance)))
    if not any(by_chance):
        raise ConfigError(f"Nobody has the {_MIN_RATINGS} ratings that the deletion test needs.")
    return DeletionTest(float(np.mean(by_reasons)), float(np.mean(by_chance)), len(by_reasons))


def influence_against_refit(model: FittedModel, n_pairs: int = 100, seed: int = 0) -> float:
    """Correlation of the influences told with those of fitting the user again without the rating.

    Raises ConfigError where there is none: trained vectors, fewer than two users with enough ratings.
    """
    random = np.random.default_rng(seed)
    told, found = [], []
    for case in _cases(model, n_pairs, random):
        row, influence = _one_rating(model, case, random)
        told.append(influence)
        found.append(_fall(model, case, np.array([row])))
    if min(len(set(told)), len(set(found))) < 2:
        raise ConfigError(f"Fewer than two people have the {_MIN_RATINGS} ratings that influences are compared by.")
    return float(np.corrcoef(told, found)[0, 1])


def influence_against_retrain(
    recommender: Recommender, train: Ratings, model: FittedModel, n_pairs: int = 100, seed: int = 0
) -> Iterator[tuple[float, float]]:
    """Yield, for each of `n_pairs` users, the influence told and that of training anew without the rating.

    `model` is what `recommender` makes of `train`: every pair takes another such fit.
    """
    random = np.random.default_rng(seed)
    for case in _cases(model, n_pairs, random):
        row, influence = _one_rating(model, case, random)
        removed = (train.user_index == case.user) & (train.item_index == case.items[row])
        retrained = recommender.fit(train.take(np.flatnonzero(~removed), "without one rating"))
        pair = np.array([case.user]), np.array([case.target])
        yield influence, float((model.factors.score(*pair) - retrained.factors.score(*pair))[0])


def _one_rating(model: FittedModel, case: Case, random: np.random.Generator) -> tuple[int, float]:
    """Either the rating that matters most or any other, turn by turn, and its influence."""
    all_of_them = influences(case.evidence, model.factors.item_factors[case.target], _ridge(model))
    row = int(np.abs(all_of_them).argmax()) if random.random() < 0.5 else int(random.integers(len(all_of_them)))
    return row, float(all_of_them[row])


def _cases(model: FittedModel, n_users: int, random: np.random.Generator) -> Iterator[Case]:
    """The best movie of each of `n_users` users, drawn from those with enough ratings; fewer if there are fewer."""
    factors = model.factors
    enough = np.flatnonzero(factors.user_counts >= _MIN_RATINGS)
    for user in random.permutation(enough)[:n_users].tolist():
        best = model.recommend(factors.user_ids.values[user].item(), 1)
        if not best:  # this user has rated every movie
            continue
        items, ratings = model.history.rows_of(user)
        yield Case(user, int(factors.item_ids.index(best[0].movie_id)), items, model.evidence(items, ratings))


def _fall(model: FittedModel, case: Case, rows: NDArray[np.integer]) -> float:
    """Stars that the score falls by when these rows of the evidence are taken away."""
    A, e = case.evidence
    others = np.ones(len(e), dtype=np.bool_)
    others[rows] = False
    a = np.append(model.factors.item_factors[case.target].astype(np.float64), 1.0)
    reg = _ridge(model)
    return float(a @ case.evidence.solve(reg) - a @ Evidence(A[others], e[others]).solve(reg))


def _ridge(model: FittedModel) -> float:
    if model.user_step_reg is None:
        raise ConfigError(
            f"The users of this {model.recommender} model keep the vectors of training: it has no reasons."
        )
    return model.user_step_reg
