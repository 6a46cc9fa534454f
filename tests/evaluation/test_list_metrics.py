"""What lists are like, worked by hand."""

from __future__ import annotations

from itertools import combinations
from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from latentlens.evaluation.list_metrics import coverage, diversity, gini, novelty, popularity, times_listed

# Two lists of three, a short one and an empty one; movie 4 is in none.
LISTS = np.array([[0, 1, 2], [1, 0, 3], [1, -1, -1], [-1, -1, -1]])
COUNTS = np.array([8, 4, 2, 1, 1])
LISTED = [2, 3, 1, 1, 0]

listed_counts = arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 50))


def test_movies_are_counted_in_lists() -> None:
    assert times_listed(LISTS, 5).tolist() == LISTED


def test_coverage_is_the_share_of_movies_in_any_list() -> None:
    assert coverage(np.array(LISTED)) == 4 / 5


def test_gini_is_half_the_mean_difference_over_the_mean() -> None:
    differences = sum(abs(one - other) for one in LISTED for other in LISTED)
    assert gini(np.array(LISTED)) == pytest.approx(differences / 25 / 2 / (7 / 5))
    assert gini(np.array([3, 3, 3])) == 0
    assert gini(np.array([0, 0, 0, 9])) == 3 / 4
    assert gini(np.array([0, 0])) == 0


@given(listed_counts)
def test_gini_is_from_0_to_1_whatever_the_order(listed: NDArray[np.int64]) -> None:
    assert 0 <= gini(listed) < 1
    assert gini(listed) == gini(listed[::-1])


def test_novelty_is_the_mean_surprise_in_bits() -> None:
    # Of 8 users all rated movie 0, half movie 1, a quarter movie 2, one movie 3.
    values = novelty(LISTS, COUNTS, 8)
    assert values[:3].tolist() == [(0 + 1 + 2) / 3, (1 + 0 + 3) / 3, 1]
    assert np.isnan(values[3])
    assert novelty(np.array([[1]]), COUNTS, 12).tolist() == [pytest.approx(-log2(4 / 12))]


def test_popularity_is_the_mean_count() -> None:
    values = popularity(LISTS, COUNTS)
    assert values[:3].tolist() == [(8 + 4 + 2) / 3, (4 + 8 + 1) / 3, 4]
    assert np.isnan(values[3])


def test_diversity_is_what_two_movies_of_a_list_do_not_share() -> None:
    # War; war and noir; noir; without a genre; war.
    genres = np.array([[1, 0], [1, 1], [0, 1], [0, 0], [1, 0]], dtype=bool)
    values = diversity(np.array([[0, 1, 2], [0, 3, 1], [0, 4, -1], [0, 3, -1], [3, -1, -1]]), genres)
    assert values[:3] == pytest.approx([1 - (1 / sqrt(2) + 0 + 1 / sqrt(2)) / 3, 1 - 1 / sqrt(2), 0])
    # Not two movies with a genre.
    assert np.isnan(values[3:]).all()


def test_without_genres_no_list_has_a_diversity() -> None:
    assert np.isnan(diversity(LISTS, np.zeros((5, 0), dtype=bool))).all()


@given(arrays(np.bool_, (8, 4)), st.integers(0, 999))
def test_diversity_is_that_of_all_pairs_and_the_order_does_not_matter(genres: NDArray[np.bool_], seed: int) -> None:
    items = np.random.default_rng(seed).permutation(8)[:5]
    described = [genres[item] / np.linalg.norm(genres[item]) for item in items if genres[item].any()]
    value = diversity(items[None], genres)[0]
    if len(described) < 2:
        assert np.isnan(value)
        return
    assert value == pytest.approx(1 - np.mean([a @ b for a, b in combinations(described, 2)]))
    assert 0 <= value <= 1
    assert diversity(items[None, ::-1], genres)[0] == pytest.approx(value)
