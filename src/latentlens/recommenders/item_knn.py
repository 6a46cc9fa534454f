"""Item-kNN: a movie is listed for a user because its nearest movies are among those the user rated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from latentlens.errors import ConfigError
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import beside_biases
from latentlens.recommenders.fitted import FittedModel, OnEpoch
from latentlens.recommenders.rankers.by_neighbours import ByNeighbours
from latentlens.recommenders.rankers.preference import of_stars

# Similarities looked at in one go: with what selects from them, about 100 MB.
_BLOCK = 4_000_000


class Neighbours(NamedTuple):
    """Each movie's nearest: those of movie i are `indptr[i]:indptr[i + 1]`, by index.

    indptr: (n_items + 1,) int64; items: (n,) int32; weights: (n,) float32, above 0.
    """

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class ItemKNN:
    """score(u, i) = Σ w_ij v_uj over those of movie i's k nearest movies j that user u rated.

    v is the rating's weight, (its place on the scale, 0 to 1)^liking; w the cosine of two columns
    of v, damped and raised: (v_i · v_j / (|v_i| |v_j| + shrinkage))^amplification. Sarwar, Karypis, Konstan &
    Riedl (2001); Deshpande & Karypis (2004); the power is that of Breese, Heckerman & Kadie (1998).
    """

    k: int = 100
    shrinkage: float = 5.0
    amplification: float = 1.5
    liking: float = 1.0
    name: ClassVar[str] = "item_knn"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ConfigError(f"k is {self.k}: it must be 1 or more.")
        if not 0 <= self.shrinkage < np.inf:
            raise ConfigError(f"shrinkage is {self.shrinkage}: it must be 0 or more.")
        if not 0 < self.amplification < np.inf:
            raise ConfigError(f"amplification is {self.amplification}: it must be above 0.")
        if not 0 <= self.liking < np.inf:
            raise ConfigError(f"liking is {self.liking}: it must be 0 or more.")

    def fit(self, train: Ratings, *, validation: Ratings | None = None, on_epoch: OnEpoch | None = None) -> FittedModel:
        """Find the neighbours; neither argument is used. Ratings are predicted by biases."""
        indptr, items, weights = self.neighbours(train)
        # From a movie's own neighbours to the movies that it is a neighbour of.
        turned = csr_matrix((weights, items, indptr), (train.n_items, train.n_items)).T.tocsr()

        def ranker(model: FittedModel) -> ByNeighbours:
            return ByNeighbours(
                factors=model.factors,
                history=model.history,
                indptr=turned.indptr.astype(np.int64),
                neighbours=turned.indices.astype(np.int32),
                weights=turned.data,
                liking=self.liking,
            )

        return beside_biases(self, train, ranker)

    def neighbours(self, train: Ratings) -> Neighbours:
        """Find each movie's k nearest, fewer where fewer share a user with it; of equals the smaller index."""
        values = of_stars(train.stars, train.scale, self.liking)
        by_user = csr_matrix((values, (train.user_index, train.item_index)), (train.n_users, train.n_items))
        by_user.sort_indices()
        by_movie = by_user.T.tocsr()
        lengths = np.sqrt(np.bincount(train.item_index, np.square(values), train.n_items)).astype(np.float32)
        counts, items, weights = [], [], []
        step = max(_BLOCK // train.n_items, 1)
        for first in range(0, train.n_items, step):
            rows = slice(first, first + step)
            block = (by_movie[rows] @ by_user).toarray()
            # Where nothing is shared the numerator is zero, and the denominator may be.
            block /= np.maximum(np.outer(lengths[rows], lengths) + self.shrinkage, np.finfo(np.float32).tiny)
            block[np.arange(len(block)), np.arange(first, first + len(block))] = 0
            chosen = _largest(block, self.k)
            counts.append(chosen.sum(axis=1))
            items.append(np.nonzero(chosen)[1].astype(np.int32))
            weights.append(block[chosen] ** np.float32(self.amplification))
        indptr = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        return Neighbours(indptr, np.concatenate(items), np.concatenate(weights))


def _largest(block: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    """Which entries of each row are its k largest above zero, of equals the first."""
    if k >= block.shape[1]:
        return np.asarray(block > 0)
    least = np.partition(block, -k, axis=1)[:, -k, None]
    chosen: NDArray[np.bool_] = block > least
    equal = (block == least) & (least > 0)
    room = k - chosen.sum(axis=1, keepdims=True)
    chosen |= equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= room)
    return chosen
