"""Bias-only: the mean plus a user's and a movie's habits. What every factorisation must beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError
from latentlens.ratings.history import History
from latentlens.ratings.order import row_blocks
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import DEFAULT_USER_STEP_REG, FittedModel, OnEpoch, factors_for
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.ranker import Ranker
from latentlens.recommenders.user_steps import fold_in_all


@dataclass(frozen=True)
class BiasOnly:
    """rating(u, i) = mean + b_u + b_i, by alternating ridge solutions (Koren 2010, "Factor in the neighbors", 2.1).

    n_epochs: rounds of both sides. reg_u, reg_i: damping, in ratings (0 or above). user_step_reg: above 0, the fit ends
    with the exact user step (`foldin`) of that ridge, so that a user's bias follows from the user's ratings alone.
    """

    n_epochs: int = 10
    reg_u: float = 15.0
    reg_i: float = 10.0
    user_step_reg: float | None = None
    name: ClassVar[str] = "bias_only"

    def __post_init__(self) -> None:
        if self.n_epochs < 1 or not self.reg_u >= 0 or not self.reg_i >= 0:
            raise ConfigError("bias_only needs n_epochs of 1 or more, reg_u and reg_i of 0 or more.")
        if self.user_step_reg is not None and not self.user_step_reg > 0:
            raise ConfigError(f"user_step_reg is {self.user_step_reg}: give a ridge above 0, or None.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Learn the biases; they converge within a few rounds, so neither argument is used."""
        users, items, stars, mean = train.user_index, train.item_index, train.stars, train.stars.mean
        user_bias, item_bias = np.zeros(train.n_users), np.zeros(train.n_items)

        def without_user(rows: slice) -> NDArray[np.float64]:
            return np.asarray(stars[rows].ratings - mean - user_bias[users[rows]])

        def without_item(rows: slice) -> NDArray[np.float64]:
            return np.asarray(stars[rows].ratings - mean - item_bias[items[rows]])

        for _ in range(self.n_epochs):
            item_bias = damped_means(items, without_user, train.item_counts, self.reg_i)
            user_bias = damped_means(users, without_item, train.user_counts, self.reg_u)
        factors, history = without_factors(train, mean, user_bias, item_bias), History.of(train)
        if self.user_step_reg is not None:
            _, stepped = fold_in_all(
                history,
                global_mean=mean,
                item_bias=factors.item_bias,
                item_factors=factors.item_factors,
                reg=self.user_step_reg,
            )
            factors = replace(factors, user_bias=stepped)
        return FittedModel(self.name, asdict(self), factors, history, train.catalogue, self.user_step_reg)


def beside_biases(config: Any, train: Ratings, ranker_of: Callable[[FittedModel], Ranker]) -> FittedModel:
    """Fit what `config` says for a recommender that only ranks: biases, with the exact user step, predict ratings."""
    model = BiasOnly(user_step_reg=DEFAULT_USER_STEP_REG).fit(train)
    return replace(model, recommender=config.name, params=asdict(config), ranked_by=ranker_of(model))


def damped_means(
    index: NDArray[np.int32], values: Callable[[slice], NDArray[np.floating]], counts: NDArray[np.int64], reg: float
) -> NDArray[np.float64]:
    """Mean of the values of each index, as if `reg` more of them were zero; `counts` are the numbers of each.

    `values` gives those of some rows: at no time are all of them in memory.
    """
    sums = np.zeros(len(counts))
    for rows in row_blocks(len(index)):
        sums += np.bincount(index[rows], values(rows), len(counts))
    # An id without ratings divides zero by the damping; without damping too, by one.
    return np.asarray(sums / np.maximum(counts + reg, 1))


def without_factors(
    train: Ratings, mean: float, user_bias: NDArray[np.float64], item_bias: NDArray[np.float64]
) -> FactorModel:
    """A model of biases alone: (n_users,) and (n_items,)."""
    return factors_for(
        train,
        global_mean=mean,
        user_bias=user_bias.astype(np.float32),
        item_bias=item_bias.astype(np.float32),
        user_factors=np.zeros((train.n_users, 0), np.float32),
        item_factors=np.zeros((train.n_items, 0), np.float32),
    )
