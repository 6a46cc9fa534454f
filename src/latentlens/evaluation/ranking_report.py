"""How good a model's lists are: a frozen result with all that a table needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.evaluation import list_metrics, ranking_metrics
from latentlens.evaluation.ranking import Lists
from latentlens.evaluation.slices import Slice, mean_by_count
from latentlens.recommenders.fitted import FittedModel

# Users at a time: metrics are worked out in float64, and of every genre.
_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class RankingReport:
    """Metrics of the lists of one model; liked, users, n_missing and n_new_users as in `Lists`.

    per_user: (n_users,) float32 by name: precision, recall, ndcg, map, mrr, hit_rate (`ranking_metrics`), novelty,
    diversity, popularity (`list_metrics`; NaN for a list that has none). coverage, gini: of the movies that the fit has
    seen. popularity_bias: mean train ratings of what is listed, over that of what the same users rated; above 1, lists
    are more popular than tastes (Abdollahpouri et al. 2019). ndcg_by_activity: by train ratings of the user;
    recall_by_popularity: share of the relevant movies that are listed, by their train ratings.
    """

    k: int
    liked: float
    users: NDArray[np.int32]
    per_user: Mapping[str, NDArray[np.float32]]
    coverage: float
    gini: float
    popularity_bias: float
    ndcg_by_activity: list[Slice]
    recall_by_popularity: list[Slice]
    n_relevant: int
    n_missing: int
    n_new_users: int

    @property
    def n_users(self) -> int:
        """Users who were given a list."""
        return len(self.users)

    def mean(self, metric: str) -> float:
        """Mean over the users who have a value of this metric; NaN if nobody has."""
        return _mean(self.per_user[metric])


def measured(model: FittedModel, lists: Lists) -> RankingReport:
    """Measure the lists that `model` gave."""
    counts, user_counts = model.factors.item_counts, model.factors.user_counts
    per_user = _per_user(model, lists)
    listed = list_metrics.times_listed(lists.items, len(counts))[counts > 0]
    return RankingReport(
        k=lists.items.shape[1],
        liked=lists.liked,
        users=lists.users,
        per_user=per_user,
        coverage=list_metrics.coverage(listed),
        gini=list_metrics.gini(listed),
        popularity_bias=_mean(per_user["popularity"]) / _mean(_popularity_of_tastes(model, lists.users)),
        ndcg_by_activity=mean_by_count(user_counts[lists.users], per_user["ndcg"]),
        recall_by_popularity=mean_by_count(counts[lists.wanted], lists.found),
        n_relevant=len(lists.wanted),
        n_missing=lists.n_missing,
        n_new_users=lists.n_new_users,
    )


def _per_user(model: FittedModel, lists: Lists) -> dict[str, NDArray[np.float32]]:
    counts, genres = model.factors.item_counts, model.catalogue.genres
    n_train_users = int((model.factors.user_counts > 0).sum())
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(lists.users), _CHUNK):
        rows = slice(start, start + _CHUNK)
        items, hits, n_relevant = lists.items[rows], lists.hits[rows], lists.n_relevant[rows]
        values = {
            "precision": ranking_metrics.precision(hits),
            "recall": ranking_metrics.recall(hits, n_relevant),
            "ndcg": ranking_metrics.ndcg(hits, n_relevant),
            "map": ranking_metrics.average_precision(hits, n_relevant),
            "mrr": ranking_metrics.reciprocal_rank(hits),
            "hit_rate": ranking_metrics.hit_rate(hits),
            "novelty": list_metrics.novelty(items, counts, n_train_users),
            "diversity": list_metrics.diversity(items, genres),
            "popularity": list_metrics.popularity(items, counts),
        }
        for name, of_chunk in values.items():
            parts.setdefault(name, []).append(of_chunk.astype(np.float32))
    return {name: np.concatenate(chunks) for name, chunks in parts.items()}


def _popularity_of_tastes(model: FittedModel, users: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n,) mean train ratings of the movies that each of these users rated, NaN for who rated none."""
    history = model.history.take(users)
    total = np.bincount(history.users, model.factors.item_counts[history.items], len(history.indptr) - 1)
    n = np.diff(history.indptr)
    return np.asarray(total / np.where(n > 0, n, np.nan))


def _mean(values: NDArray[np.floating]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean(dtype=np.float64)) if len(known) else float("nan")
