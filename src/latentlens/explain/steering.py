"""More like this, less like that: a list moved along axes, and what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError
from latentlens.explain.standings import Standings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel

# In standard deviations of people's tastes: beyond, nobody is.
MAX_OFFSET = 3.0


@dataclass(frozen=True)
class Moved:
    """What steering did to one listed movie: its rank before, and the stars that each axis added to its score."""

    rank_before: int
    stars: Mapping[int, float]


def steer(factors: FactorModel, user: UserVector, offsets: Mapping[int, float]) -> UserVector:
    """Move a user along axes, each by so many standard deviations of people's tastes (-3 to 3).

    Raises ConfigError for an axis that the model does not have, or an offset out of bounds.
    """
    moved = user.factors.copy()
    for axis, offset in offsets.items():
        _check(axis, offset, len(moved))
        moved[axis] += np.float32(offset * taste_spread(factors, axis))
    return UserVector(moved, user.bias)


def taste_spread(factors: FactorModel, axis: int) -> float:
    """Standard deviation of people's tastes on an axis, over users with train ratings."""
    tastes = factors.user_factors[factors.user_counts > 0, axis]
    return float(tastes.std(dtype=np.float64)) if len(tastes) else 0.0


def moved(
    model: FittedModel,
    before: UserVector,
    after: UserVector,
    excluded: NDArray[np.integer],
    listed: NDArray[np.integer],
) -> list[Moved]:
    """Compare: for each `listed` movie (item indexes) its rank for `before` and what the new tastes add to its score.

    `excluded`: what neither list holds, such as the rated movies.
    """
    standings = Standings(model.factors, [before], excluded)
    change = after.factors.astype(np.float64) - before.factors
    axes = np.flatnonzero(change)
    return [
        Moved(
            rank_before=standings.rank(item),
            stars={int(axis): float(change[axis] * model.factors.item_factors[item, axis]) for axis in axes},
        )
        for item in listed.tolist()
    ]


def _check(axis: int, offset: float, n_axes: int) -> None:
    if not 0 <= axis < n_axes:
        raise ConfigError(f"There is no axis {axis}: this model has the axes 0 to {n_axes - 1}.")
    if not abs(offset) <= MAX_OFFSET:  # NaN too
        raise ConfigError(
            f"The offset {offset:g} on axis {axis} is out of bounds: give -{MAX_OFFSET:g} to {MAX_OFFSET:g}"
            " standard deviations of people's tastes."
        )
