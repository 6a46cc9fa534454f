"""How much ratings count as signs of interest."""

from __future__ import annotations

import numpy as np

from latentlens.recommenders.rankers.preference import preferences

RATINGS = np.array([0.5, 2.75, 5.0], np.float32)


def test_they_go_from_the_same_for_all_to_the_place_on_the_scale_and_beyond() -> None:
    assert preferences(RATINGS, (0.5, 5.0), 0.0).tolist() == [1, 1, 1]
    assert preferences(RATINGS, (0.5, 5.0), 1.0).tolist() == [0, 0.5, 1]
    assert preferences(RATINGS, (0.5, 5.0), 2.0).tolist() == [0, 0.25, 1]


def test_where_all_ratings_are_equal_each_counts() -> None:
    assert preferences(np.ones(2, np.float32), (1.0, 1.0), 1.0).tolist() == [1, 1]
