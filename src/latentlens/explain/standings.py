"""Where movies stand in people's lists, all movies counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlens.explain.order import Order, n_before
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.foldin import UserVector

# Far more than a sum of 150 products of float32 is wrong by, in stars.
_CLOSE = 1e-3


def standings(model: FittedModel, person: UserVector, excluded: NDArray[np.integer]) -> Standings | Order:
    """One person's list over all movies with train ratings but the `excluded` (item indexes), whatever orders it."""
    if model.ranked_by is None:
        return Standings(model, person, excluded)
    return Order(model.ranked_by, person, model.listed(excluded))


class Standings:
    """One person's list by predicted rating, and lists like it.

    It holds all movies with train ratings but the `excluded` (item indexes).

    Every movie is scored for this person only. For another, whose tastes differ by d, two movies' scores differ by at
    most |d| (|q| + |q'|) more or less (Cauchy & Schwarz), so that most movies stay ahead or behind: the closer the
    tastes, the quicker the ranks.
    """

    def __init__(self, model: FittedModel, person: UserVector, excluded: NDArray[np.integer]) -> None:
        self._factors, self._person, self._lengths = model.factors, person, model.item_lengths
        self._listed = model.listed(excluded)
        self._rough = model.factors.item_factors @ person.factors + model.factors.item_bias

    def rank(self, item: int, other: UserVector | None = None) -> int:
        """Place of a movie in the list, or in the `other` person's, 1 being the best; ties go by item index.

        For an excluded movie it is the place that it would have.
        """
        factors, user = self._factors, other or self._person
        change = float(np.linalg.norm(user.factors - self._person.factors))
        bound = change * (self._lengths + self._lengths[item]) + _CLOSE
        gap = self._rough - self._rough[item]
        ahead = int(np.count_nonzero(self._listed & (gap > bound)))
        rest = np.flatnonzero(self._listed & (np.abs(gap) <= bound))
        among = np.append(rest, item)
        rough = factors.item_factors[among] @ user.factors + factors.item_bias[among]
        ahead += int(np.count_nonzero(rough[:-1] > rough[-1] + _CLOSE))
        # Which of the closest is ahead, float32 cannot tell.
        close = rest[np.abs(rough[:-1] - rough[-1]) <= _CLOSE]
        scores = factors.score_for(user.factors, user.bias, np.append(close, item))
        return 1 + ahead + n_before(scores, close, item)
