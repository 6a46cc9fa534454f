"""Item-kNN: the nearest movies beside brute force, ties, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders import item_knn
from latentlens.recommenders.item_knn import ItemKNN, Neighbours
from latentlens.recommenders.rankers.preference import preferences

from .support import ABSENT_MOVIE, Sides, small_sides


@pytest.fixture(scope="module")
def sides() -> Sides:
    return small_sides()


def dense(found: Neighbours, n_items: int) -> NDArray[np.float64]:
    """Row i: the weights of movie i's neighbours."""
    weights = np.zeros((n_items, n_items))
    weights[np.repeat(np.arange(n_items), np.diff(found.indptr)), found.items] = found.weights
    return weights


def bits(found: Neighbours) -> tuple[bytes, ...]:
    return found.indptr.tobytes(), found.items.tobytes(), found.weights.tobytes()


def brute_force(model: ItemKNN, train: Ratings) -> NDArray[np.float64]:
    """The written formula, a pair of movies at a time."""
    v = np.zeros((train.n_users, train.n_items))
    v[train.user_index, train.item_index] = preferences(train.rating, train.scale, model.liking)
    expected = np.zeros((train.n_items, train.n_items))
    for i in range(train.n_items):
        near = []
        for j in range(train.n_items):
            shared = v[:, i] @ v[:, j]
            if i != j and shared > 0:
                lengths = np.linalg.norm(v[:, i]) * np.linalg.norm(v[:, j])
                near.append((-shared / (lengths + model.shrinkage), j))
        for similarity, j in sorted(near)[: model.k]:
            expected[i, j] = (-similarity) ** model.amplification
    return expected


@pytest.mark.parametrize(
    "model",
    [
        ItemKNN(k=7),
        ItemKNN(k=1, liking=0.5),
        ItemKNN(k=1000, shrinkage=0.0, amplification=1.0),
        ItemKNN(k=20, shrinkage=2.0, amplification=0.5, liking=0.3),
    ],
    ids=str,
)
def test_neighbours_are_those_of_the_written_formula(sides: Sides, model: ItemKNN) -> None:
    expected = brute_force(model, sides.train)
    found = model.neighbours(sides.train)
    np.testing.assert_allclose(dense(found, sides.train.n_items), expected, rtol=1e-5)
    assert (found.weights > 0).all()
    assert found.indptr.dtype == np.int64
    assert found.items.dtype == np.int32
    assert found.weights.dtype == np.float32


def test_nothing_is_near_a_movie_without_ratings(sides: Sides) -> None:
    train = sides.train
    found = dense(ItemKNN().neighbours(train), train.n_items)
    absent = train.item_ids.position(ABSENT_MOVIE)
    assert not found[absent].any()
    assert not found[:, absent].any()


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 99))
def test_of_equally_near_movies_the_first_are_kept(k: int, seed: int) -> None:
    block = np.random.default_rng(seed).integers(0, 4, (5, 9)).astype(np.float32)
    chosen = item_knn._largest(block, k)
    for row, taken in zip(block, chosen, strict=True):
        ranked = sorted(np.flatnonzero(row).tolist(), key=lambda j: (-row[j], j))
        assert np.flatnonzero(taken).tolist() == sorted(ranked[:k])


def test_blocks_change_no_bit(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bits(ItemKNN(k=5).neighbours(sides.train))
    monkeypatch.setattr(item_knn, "_BLOCK", 7 * sides.train.n_items)
    assert bits(ItemKNN(k=5).neighbours(sides.train)) == whole


def test_the_order_of_the_rows_changes_no_bit(sides: Sides) -> None:
    shuffled = sides.train.take(np.random.default_rng(0).permutation(len(sides.train)), "shuffled")
    assert bits(ItemKNN().neighbours(shuffled)) == bits(ItemKNN().neighbours(sides.train))


def test_lowest_ratings_alone_make_no_neighbours() -> None:
    train = Ratings.of(np.array([1, 1, 2]), np.array([1, 2, 1]), np.ones(3), scale=(1.0, 5.0))
    assert len(ItemKNN(shrinkage=0.0).neighbours(train).items) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"k": 0}, "k is 0: it must be 1 or more"),
        ({"shrinkage": -1.0}, "shrinkage is -1.0: it must be 0 or more"),
        ({"shrinkage": float("nan")}, "shrinkage is nan"),
        ({"amplification": 0.0}, "amplification is 0.0: it must be above 0"),
        ({"liking": -1.5}, "liking is -1.5: it must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ItemKNN(**wrong)
