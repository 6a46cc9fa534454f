"""More like this, less like that: a list moved along axes, and what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.errors import ConfigError
from latentlens.explain.axes import Axes
from latentlens.explain.standings import standings
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


class Direction(NamedTuple):
    """A way along an axis: its column, and 1 towards the positive end, -1 towards the negative."""

    axis: int
    sign: int


def direction(name: str, axes: Axes | None) -> Direction:
    """Find what people point at: an axis by its number, from 1, or an end of one by its name or a word of it.

    Raises ConfigError for a name that no end has, or several have.
    """
    if name.isascii() and name.isdecimal():
        return Direction(int(name) - 1, 1)
    ends = [
        (pole.name, Direction(axis.number - 1, sign))
        for axis in (axes.named if axes else ())
        for sign, pole in ((-1, axis.negative), (1, axis.positive))
        if pole.name
    ]
    wanted = name.strip().casefold()
    found = [way for end, way in ends if wanted in (end.casefold(), *end.casefold().split(", "))]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = " and ".join(str(way.axis + 1) for way in found)
        raise ConfigError(f"{name!r} is an end of the axes {numbers}: give the number of one.")
    known = f", or one of: {'; '.join(end for end, _ in ends)}" if ends else ""
    raise ConfigError(f"No end of an axis is called {name!r}: give the number of an axis{known}.")


def steer(factors: FactorModel, user: UserVector, offsets: Mapping[int, float]) -> UserVector:
    """Move a user along axes, each by so many standard deviations of people's tastes (-3 to 3).

    offsets: by column. Raises ConfigError, which counts axes from 1, for an axis that the model does not have, or an
    offset out of bounds.
    """
    moved = user.factors.copy()
    for axis, offset in offsets.items():
        _check(axis, offset, len(moved))
        moved[axis] += np.float32(offset * taste_spread(factors, axis))
    return user._replace(factors=moved)


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
    places = standings(model, before, excluded)
    change = after.factors.astype(np.float64) - before.factors
    axes = np.flatnonzero(change)
    return [
        Moved(
            rank_before=places.rank(item),
            stars={int(axis): float(change[axis] * model.factors.item_factors[item, axis]) for axis in axes},
        )
        for item in listed.tolist()
    ]


def _check(axis: int, offset: float, n_axes: int) -> None:
    if not 0 <= axis < n_axes:
        has = f"the axes 1 to {n_axes}" if n_axes else "none"
        raise ConfigError(f"There is no axis {axis + 1}: this model has {has}.")
    if not abs(offset) <= MAX_OFFSET:  # NaN too
        raise ConfigError(
            f"The offset {offset:g} on axis {axis + 1} is out of bounds: give -{MAX_OFFSET:g} to {MAX_OFFSET:g}"
            " standard deviations of people's tastes."
        )
