"""Metrics of lists against fractions worked by hand, scikit-learn's, and what must hold for any list."""

from __future__ import annotations

from collections.abc import Callable
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score

from latentlens.evaluation.ranking_metrics import (
    average_precision,
    hit_rate,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
)

Metric = Callable[[NDArray[np.bool_], NDArray[np.int64]], NDArray[np.float64]]
METRICS: dict[str, Metric] = {
    "precision": lambda hits, _: precision(hits),
    "recall": recall,
    "ndcg": ndcg,
    "average precision": average_precision,
    "reciprocal rank": lambda hits, _: reciprocal_rank(hits),
    "hit rate": lambda hits, _: hit_rate(hits),
}

# Hits in the first and the third place; in the second; in none.
HITS = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=bool)
N_RELEVANT = np.array([4, 1, 2])


class Judged:
    """Lists of any users, with at least as many relevant movies as hits."""

    def __init__(self, hits: NDArray[np.bool_], unlisted: NDArray[np.int64]) -> None:
        self.hits = hits
        self.n_relevant = np.maximum(hits.sum(axis=1) + unlisted, 1)


@st.composite
def judged(draw: st.DrawFn) -> Judged:
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    return Judged(draw(arrays(np.bool_, (n, k))), draw(arrays(np.int64, n, elements=st.integers(0, 5))))


def test_precision_is_the_share_of_places() -> None:
    assert precision(HITS).tolist() == [2 / 3, 1 / 3, 0]


def test_recall_is_the_share_of_what_is_relevant() -> None:
    assert recall(HITS, N_RELEVANT).tolist() == [2 / 4, 1, 0]


def test_hit_rate_asks_for_one() -> None:
    assert hit_rate(HITS).tolist() == [1, 1, 0]


def test_reciprocal_rank_is_that_of_the_first_hit() -> None:
    assert reciprocal_rank(HITS).tolist() == [1, 1 / 2, 0]


def test_average_precision_is_over_the_hits_that_k_places_allow() -> None:
    assert average_precision(HITS, N_RELEVANT) == pytest.approx([(1 / 1 + 2 / 3) / 3, (1 / 2) / 1, 0])


def test_ndcg_is_a_share_of_the_ideal_of_k_places() -> None:
    gained = [1 / log2(2) + 1 / log2(4), 1 / log2(3), 0]
    ideal = [1 / log2(2) + 1 / log2(3) + 1 / log2(4), 1 / log2(2), 1 / log2(2) + 1 / log2(3)]
    assert ndcg(HITS, N_RELEVANT) == pytest.approx([g / i for g, i in zip(gained, ideal, strict=True)])


def test_ndcg_and_average_precision_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    relevant = random.random((200, 15)) < random.random((200, 1))
    relevant[np.arange(200), random.integers(15, size=200)] = True
    scores = random.permuted(np.tile(np.arange(15.0), (200, 1)), axis=1)
    hits = np.take_along_axis(relevant, np.argsort(-scores, axis=1), axis=1)
    n_relevant = relevant.sum(axis=1)
    for k in (1, 4, 15):
        assert ndcg(hits[:, :k], n_relevant).mean() == pytest.approx(ndcg_score(relevant, scores, k=k))
    theirs = [average_precision_score(r, s) for r, s in zip(relevant, scores, strict=True)]
    assert average_precision(hits, n_relevant) == pytest.approx(theirs)


@pytest.mark.parametrize("name", METRICS)
@given(found=judged())
def test_every_metric_is_a_number_from_0_to_1(name: str, found: Judged) -> None:
    values = METRICS[name](found.hits, found.n_relevant)
    assert values.dtype == np.float64
    assert values.shape == (len(found.hits),)
    assert values.min() >= 0
    assert values.max() <= 1


@pytest.mark.parametrize("name", METRICS)
@given(found=judged(), seed=st.integers(0, 99))
def test_no_user_bears_on_another(name: str, found: Judged, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(found.hits))
    whole = METRICS[name](found.hits, found.n_relevant)
    assert METRICS[name](found.hits[order], found.n_relevant[order]).tolist() == whole[order].tolist()


@pytest.mark.parametrize("name", ["recall", "ndcg", "average precision", "reciprocal rank", "hit rate"])
@given(found=judged(), tail=st.integers(1, 5))
def test_what_follows_without_a_hit_changes_nothing(name: str, found: Judged, tail: int) -> None:
    # Where the places suffice for all that is relevant: otherwise a longer list could have held more.
    n_relevant = np.minimum(found.n_relevant, found.hits.shape[1])
    longer = np.pad(found.hits, ((0, 0), (0, tail)))
    assert METRICS[name](longer, n_relevant) == pytest.approx(METRICS[name](found.hits, n_relevant), rel=1e-12)


@given(st.integers(1, 12), st.integers(1, 12))
def test_a_perfect_list_gives_1(k: int, n_relevant: int) -> None:
    hits = np.arange(k)[None] < n_relevant
    for name in ("ndcg", "average precision", "reciprocal rank", "hit rate"):
        assert METRICS[name](hits, np.array([n_relevant])).tolist() == [1]
    assert recall(hits, np.array([n_relevant])) == min(k, n_relevant) / n_relevant
    assert precision(hits) == pytest.approx(min(k, n_relevant) / k)


@given(judged())
def test_a_hit_that_moves_up_never_lowers_a_metric(found: Judged) -> None:
    better = np.sort(found.hits, axis=1)[:, ::-1]
    for metric in METRICS.values():
        assert (metric(better, found.n_relevant) >= metric(found.hits, found.n_relevant)).all()
