"""Where movies stand in people's lists, all movies counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.portable import FactorModel

# Far more than a sum of 150 products of float32 is wrong by, in stars.
_CLOSE = 1e-3


class Standings:
    """The lists of some people over the same movies: all with train ratings but the `excluded` (item indexes).

    One pass over the movies serves them all: reading the factors is what takes the time.
    """

    def __init__(self, factors: FactorModel, users: Sequence[UserVector], excluded: NDArray[np.integer]) -> None:
        self._factors, self._users = factors, users
        self._listed = factors.item_counts > 0
        self._listed[excluded] = False
        tastes = np.array([user.factors for user in users], dtype=np.float32).reshape(len(users), -1)
        self._rough = tastes @ factors.item_factors.T + factors.item_bias

    def rank(self, item: int, person: int = 0) -> int:
        """Place of a movie in the list of the person with this position, 1 being the best; ties go by item index.

        For an excluded movie it is the place that it would have.
        """
        rough, user = self._rough[person], self._users[person]
        ahead = self._listed & (rough > rough[item] + _CLOSE)
        # Which of the closest is ahead, float32 cannot tell.
        close = np.flatnonzero(self._listed & (np.abs(rough - rough[item]) <= _CLOSE))
        scores = self._factors.score_for(user.factors, user.bias, np.append(close, item))
        before = (scores[:-1] > scores[-1]) | ((scores[:-1] == scores[-1]) & (close < item))
        return 1 + int(ahead.sum()) + int(before.sum())
