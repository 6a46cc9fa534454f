from __future__ import annotations

import numpy as np

from latentlens.ratings.layouts import by_user
from latentlens.ratings.table import Ratings


def test_by_user_gathers_users_and_keeps_the_order_of_the_data_within_each() -> None:
    users = np.array([2, 1, 2, 1])
    movies = np.array([30, 20, 10, 40])
    visits = by_user(Ratings.of(users, movies, np.array([1.0, 2.0, 3.0, 4.0])))
    assert visits.users.tolist() == [0, 0, 1, 1]
    assert visits.items.tolist() == [1, 3, 2, 0]
    assert visits.ratings.tolist() == [2.0, 4.0, 1.0, 3.0]


def test_rows_that_lie_by_user_already_are_not_copied() -> None:
    ratings = Ratings.of(np.array([1, 1, 2]), np.array([30, 10, 20]), np.array([1.0, 2.0, 3.0]))
    visits = by_user(ratings)
    assert np.shares_memory(visits.items, ratings.item_index)
    assert visits.items.tolist() == [2, 0, 1]
