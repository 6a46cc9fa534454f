"""Biased matrix factorisation: the SVD of Funk and of the Surprise library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from latentlens.errors import ConfigError, TrainingDiverged
from latentlens.ratings.history import History
from latentlens.ratings.layouts import Visits, order_for, worthwhile_threads
from latentlens.ratings.order import row_blocks
from latentlens.ratings.table import Ratings
from latentlens.recommenders.canonical import by_variance, canonical, canonical_items, centre
from latentlens.recommenders.fitted import EpochReport, FittedModel, OnEpoch, factors_for
from latentlens.recommenders.kernels.rows import aligned_rows
from latentlens.recommenders.kernels.sgd import Factors, Rates, epoch, rmse
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.user_steps import fold_in_all

_PARTS = ("bu", "bi", "pu", "qi")
# The normal distribution as equally likely values: a draw is a look-up, four times as fast as numpy's normal numbers.
_NORMAL = np.array([NormalDist().inv_cdf((step + 0.5) / 4096) for step in range(4096)], dtype=np.float32)

# Rows drawn at a time. An even number, as two draws share 32 bits: the bits are those of drawing all at once.
_DRAWN = 4096


@dataclass(frozen=True)
class SVD:
    """rating(u, i) = mean + b_u + b_i + p_u . q_i, learned by stochastic gradient descent.

    Parameters, names and defaults are Surprise's. `lr_all` and `reg_all` stand for each step size and regularisation
    that is None. `biased=False` drops mean and biases. `user_step_reg` is ours: above 0, the fit ends with one exact
    user step (`foldin`) of that ridge; None keeps the vectors of training, as Surprise does. `lr_decay` is ours too:
    step sizes fall in a straight line, from those given to none at the end of the last epoch. So is `n_threads`: each
    number has its own order of visits and so its own bits; None takes as many as the machine has and the size of the
    set makes worthwhile, one for less than a million ratings.
    """

    n_factors: int = 100
    n_epochs: int = 20
    biased: bool = True
    init_mean: float = 0.0
    init_std_dev: float = 0.1
    lr_all: float = 0.005
    reg_all: float = 0.02
    lr_bu: float | None = None
    lr_bi: float | None = None
    lr_pu: float | None = None
    lr_qi: float | None = None
    reg_bu: float | None = None
    reg_bi: float | None = None
    reg_pu: float | None = None
    reg_qi: float | None = None
    random_state: int | None = None
    user_step_reg: float | None = None
    lr_decay: bool = False
    n_threads: int | None = None
    name: ClassVar[str] = "surprise_svd"

    def __post_init__(self) -> None:
        if self.n_factors < 1 or self.n_epochs < 1:
            raise ConfigError(f"n_factors is {self.n_factors} and n_epochs {self.n_epochs}: both must be 1 or more.")
        if self.n_threads is not None and self.n_threads < 1:
            raise ConfigError(f"n_threads is {self.n_threads}: it must be 1 or more, or None to choose by size.")
        for field, value in asdict(self).items():
            if field.startswith(("lr_", "reg_", "init_std", "user_step")) and value is not None and not value >= 0:
                raise ConfigError(f"{field} is {value}: it must be 0 or more.")
        if self.user_step_reg == 0:
            raise ConfigError("user_step_reg is 0: give a ridge above 0, or None to keep the trained vectors.")
        if self.user_step_reg is not None and not self.biased:
            raise ConfigError("The exact user step learns a user bias: it cannot be joined with biased=False.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Learn from `train`; the RMSE of `validation` is watched, never used.

        The same `random_state` and number of threads give the same bits. Raises TrainingDiverged if the factors grow
        without bound.
        """
        n_threads = self.n_threads or worthwhile_threads(len(train))
        learned = self._learn(train, validation, on_epoch, n_threads)
        history = History.of(train)
        factors = self._canonical(learned)
        # What is as large as all users' factors goes as soon as nothing needs it.
        del learned
        if self.user_step_reg is not None:
            factors = self._stepped(factors, history, self.user_step_reg)
        return FittedModel(
            recommender=self.name,
            params=asdict(replace(self, n_threads=n_threads)),
            factors=factors,
            history=history,
            catalogue=train.catalogue,
            user_step_reg=self.user_step_reg,
        )

    def _learn(
        self, train: Ratings, validation: Ratings | None, on_epoch: OnEpoch | None, n_threads: int
    ) -> FactorModel:
        mean = train.stars.mean if self.biased else 0.0
        visits, place = order_for(train, n_threads)
        start = self.start(train.n_users, train.n_items)
        # The rows of ids without ratings are random and stay so: they must not be taken for knowledge.
        start.user_factors[train.user_counts == 0] = 0
        start.item_factors[place[train.item_counts == 0]] = 0
        watched = None if validation is None else _placed(validation, place)

        def watch(number: int, train_rmse: float) -> bool:
            validation_rmse = None if watched is None else rmse(watched, mean, start, train.scale)
            return bool(on_epoch and on_epoch(EpochReport(number, self.n_epochs, train_rmse, validation_rmse)))

        self.descend(visits, mean, start, watch)
        return _model(train, mean, start, place)

    def start(self, n_users: int, n_items: int) -> Factors:
        """Draw the initial factors, float32: biases zero, factors normal(init_mean, init_std_dev) in 4,096 steps.

        Rows are padded to whole cache lines: columns beyond `n_factors` are zero and stay zero.
        """
        random = np.random.default_rng(self.random_state)
        drawn = np.float32(self.init_mean) + np.float32(self.init_std_dev) * _NORMAL

        def draw(n: int) -> NDArray[np.float32]:
            rows = aligned_rows(n, self.n_factors, np.float32)
            for block in row_blocks(n, _DRAWN):
                size = (block.stop - block.start, self.n_factors)
                rows[block, : self.n_factors] = drawn[random.integers(len(drawn), size=size, dtype=np.uint16)]
            return rows

        return Factors(np.zeros(n_users, np.float32), np.zeros(n_items, np.float32), draw(n_users), draw(n_items))

    def descend(self, visits: Visits, mean: float, factors: Factors, watch: Callable[[int, float], bool]) -> None:
        """Run the epochs over `visits`, changing `factors` in place and computing in their dtype.

        `watch(epoch, train_rmse)` is called after each and may return True to stop. Raises TrainingDiverged.
        """
        # A train RMSE wider than the whole scale cannot come back: a constant predicts better.
        bound = max(float(visits.stars.values[-1]) - mean, mean - float(visits.stars.values[0]), 1.0) * 2
        for number in range(1, self.n_epochs + 1):
            train_rmse = epoch(visits, mean, factors, self.rates(number, factors.user_factors.dtype.type))
            if not train_rmse < bound:
                raise self._diverged(number, train_rmse)
            if watch(number, train_rmse):
                break
        # An epoch's error is met before its steps: the last steps show only in the factors.
        if not all(np.isfinite(part).all() for part in factors):
            raise self._diverged(number, train_rmse)

    def _diverged(self, epoch: int, train_rmse: float) -> TrainingDiverged:
        return TrainingDiverged(
            f"Training diverged in epoch {epoch} (train RMSE {train_rmse:.3g}): lower the learning rate"
            f" (lr_all is {self.lr_all:g}) or raise the regularisation (reg_all is {self.reg_all:g})."
        )

    def rates(self, epoch: int, dtype: type[np.floating]) -> Rates:
        """Step sizes and regularisation of an epoch, counted from 1."""
        # Within an epoch they stay what they are half-way through it.
        left = 1 - (epoch - 0.5) / self.n_epochs if self.lr_decay else 1.0

        def value(kind: str, part: str) -> float:
            if part.startswith("b") and not self.biased:
                return 0.0
            own: float | None = getattr(self, f"{kind}_{part}")
            chosen: float = getattr(self, f"{kind}_all") if own is None else own
            return left * chosen if kind == "lr" else chosen

        return Rates(*(dtype(value(kind, part)) for kind in ("lr", "reg") for part in _PARTS))

    def _canonical(self, learned: FactorModel) -> FactorModel:
        P, Q = learned.user_factors[:, : self.n_factors], learned.item_factors[:, : self.n_factors]
        # More threads of the BLAS give other bits, and wait for each other on a busy machine.
        with threadpool_limits(1, user_api="blas"):
            if self.biased:
                centre(P, Q, learned.item_bias, learned.user_counts)
            if self.user_step_reg is None:
                P, Q = canonical(P, Q, learned.item_counts)
            else:  # an exact user step makes the users anew
                P, Q = np.empty((0, self.n_factors), np.float32), canonical_items(P, Q, learned.item_counts)
        return replace(learned, user_factors=P, item_factors=Q)

    def _stepped(self, model: FactorModel, history: History, reg: float) -> FactorModel:
        """Take the exact user step: users are made anew from the movies, then the axes ordered again."""
        user_factors, user_bias = fold_in_all(
            history,
            global_mean=model.global_mean,
            item_bias=model.item_bias,
            item_factors=model.item_factors,
            reg=reg,
        )
        P, Q = by_variance(user_factors, model.item_factors)
        return replace(model, user_factors=P, item_factors=Q, user_bias=user_bias)


def _placed(ratings: Ratings, place: NDArray[np.int64]) -> Visits:
    """Rows in their own order, movies by their place."""
    return Visits(ratings.user_index, place[ratings.item_index].astype(np.int32), ratings.stars)


def _model(train: Ratings, mean: float, learned: Factors, place: NDArray[np.int64]) -> FactorModel:
    """View what was learned as a model, with the movies back in the order of their indexes."""
    return factors_for(
        train,
        global_mean=mean,
        user_bias=learned.user_bias,
        item_bias=learned.item_bias[place],
        user_factors=learned.user_factors,
        item_factors=learned.item_factors[place],
    )
