"""From the stored parts of a ranker to the ranker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from latentlens.ratings.history import History
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.rankers.by_autoencoder import ByAutoencoder
from latentlens.recommenders.rankers.by_count import ByCount
from latentlens.recommenders.rankers.by_implicit import ByImplicit
from latentlens.recommenders.rankers.by_neighbours import ByNeighbours
from latentlens.recommenders.rankers.by_rating import ByRating
from latentlens.recommenders.rankers.ranker import Ranker

_LEARNED: dict[str, Any] = {kind.kind: kind for kind in (ByAutoencoder, ByImplicit, ByNeighbours)}
# What a model of each kind stores besides its settings.
ARRAYS = {
    ByRating.kind: (),
    ByCount.kind: (),
    ByAutoencoder.kind: ("item_factors", "input_weights"),
    ByImplicit.kind: ("item_factors",),
    ByNeighbours.kind: ("indptr", "neighbours", "weights"),
}


def restore(
    kind: str, factors: FactorModel, history: History, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> Ranker | None:
    """Make the ranker of a model again; None for one ordered by predicted rating."""
    if kind == ByRating.kind:
        return None
    if kind == ByCount.kind:
        return ByCount(factors)
    made: Ranker = _LEARNED[kind](factors=factors, history=history, **settings, **arrays)
    return made
