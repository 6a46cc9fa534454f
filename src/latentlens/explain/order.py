"""Where movies stand in lists that are not ordered by predicted rating, and why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.rankers.ranker import Ranker

# Far more than a sum of 500 products of float32 is wrong by, relative to the largest score.
_CLOSE = 1e-4


class Order:
    """One person's list over the movies that are `listed` (mask), by what the ranker scores."""

    def __init__(self, ranker: Ranker, person: UserVector, listed: NDArray[np.bool_]) -> None:
        self._ranker, self._person, self._listed = ranker, person, listed

    def rank(self, item: int, other: UserVector | None = None) -> int:
        """Place of a movie in the list, or in the `other` person's; as `Standings.rank`."""
        user = other or self._person
        rough = self._ranker.rough_scores(user)
        gap = rough - rough[item]
        close = _CLOSE * float(np.abs(rough).max())
        ahead = int(np.count_nonzero(self._listed & (gap > close)))
        # Which of the closest is ahead, float32 cannot tell.
        near = np.flatnonzero(self._listed & (np.abs(gap) <= close))
        scores = self._ranker.scores(user, np.append(near, item))
        return 1 + ahead + n_before(scores, near, item)


def n_before(scores: NDArray[np.float64], others: NDArray[np.integer], item: int) -> int:
    """How many of the `others` (n,) are listed before `item`; `scores` (n + 1,) are theirs and then its own.

    Ties go to the smaller index.
    """
    before = (scores[:-1] > scores[-1]) | ((scores[:-1] == scores[-1]) & (others < item))
    return int(np.count_nonzero(before))
