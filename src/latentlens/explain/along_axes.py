"""People and movies along the axes that mean something: what a person likes, and on which axes movies are alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.explain.axes import Axes, Axis, Pole
from latentlens.explain.features import most_rated
from latentlens.explain.parts import Parts
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel

# Movies are at an end from half a standard deviation on; in the middle, an axis says little of them.
_AT_AN_END = 0.5


class AxisTaste(NamedTuple):
    """What a person likes on one axis.

    taste: the place on the axis. stars: by how many a typical step towards the positive end moves the prediction.
    """

    axis: Axis
    taste: float
    stars: float

    @property
    def preferred(self) -> Pole:
        """The end that this person likes better."""
        return self.axis.positive if self.stars >= 0 else self.axis.negative


class Alike(NamedTuple):
    """An axis on which two movies are near the same end."""

    axis: Axis
    end: Pole


class AxisShare(NamedTuple):
    """What one axis, counted from 1, adds to a score: taste x trait, in stars."""

    axis: int
    name: str | None
    taste: float
    trait: float
    stars: float


def shares(parts: Parts, axes: Axes | None) -> list[AxisShare]:
    """Read what each described axis adds to a score, the strongest first."""
    found = [
        AxisShare(
            axis=axis.number,
            name=axis.name,
            taste=float(parts.tastes[axis.number - 1]),
            trait=float(parts.traits[axis.number - 1]),
            stars=float(parts.axes[axis.number - 1]),
        )
        for axis in (axes.axes if axes else ())
    ]
    return sorted(found, key=lambda share: -abs(share.stars))


def tastes(model: FittedModel, axes: Axes, user: UserVector) -> tuple[AxisTaste, ...]:
    """Read a person's taste on each steady axis, in their order."""
    stars = user.factors.astype(np.float64) * trait_spread(model.factors)
    return tuple(
        AxisTaste(axis, float(user.factors[axis.number - 1]), float(stars[axis.number - 1])) for axis in axes.stable
    )


def alike(model: FittedModel, axes: Axes, item: int, others: NDArray[np.integer]) -> list[tuple[Alike, ...]]:
    """Say for each of the `others` (item indexes) on which named axes it is near the same end as the movie `item`."""
    factors = model.factors
    columns = [axis.number - 1 for axis in axes.named]
    least = _AT_AN_END * trait_spread(factors)[columns]
    mine, theirs = factors.item_factors[item, columns], factors.item_factors[others][:, columns]
    at_same_end = (np.abs(mine) > least) & (np.abs(theirs) > least) & (mine * theirs > 0)
    ends = [axis.positive if trait > 0 else axis.negative for axis, trait in zip(axes.named, mine, strict=True)]
    return [
        tuple(Alike(axis, end) for axis, end, same in zip(axes.named, ends, row, strict=True) if same)
        for row in at_same_end
    ]


def trait_spread(factors: FactorModel) -> NDArray[np.float64]:
    """(k,) standard deviations of the traits of movies whose traits are known well; of all rated if there are none."""
    known = most_rated(factors.item_counts)
    rows = known if len(known) else np.flatnonzero(factors.item_counts)
    if not len(rows):
        return np.zeros(factors.item_factors.shape[1])
    return np.asarray(factors.item_factors[rows].std(axis=0, dtype=np.float64))
