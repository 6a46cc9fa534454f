"""Orders in which kernels visit ratings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.order import ByUser
from latentlens.ratings.table import Ratings


class Visits(NamedTuple):
    """Ratings in the order in which a kernel visits them: three columns of equal length."""

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32] | NDArray[np.float64]


def by_user(ratings: Ratings) -> Visits:
    """User by user, in the order of the data within a user: the user's row stays in the cache.

    Rows that lie so already are not copied. This is also Surprise's order, but for the order of the users.
    """
    rows = ByUser.of(ratings.user_index, ratings.n_users).rows(0, ratings.n_users)
    return Visits(ratings.user_index[rows], ratings.item_index[rows], ratings.rating[rows])
