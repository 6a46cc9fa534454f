"""What every ranker offers, whatever it was learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from latentlens.recommenders.foldin import UserVector
from latentlens.recommenders.shortlist import Ranking

Items = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


class Ranker(Protocol):
    """Orders movies for somebody: score = own part + `rating_weight` x predicted rating (unclipped).

    A person's place is a `UserVector`: factors and bias predict ratings; `ranking` is what `place` made of the same
    ratings, for the own part. `settings` and `arrays` make the ranker again.
    """

    @property
    def kind(self) -> str:
        """Its name in a stored model."""
        ...

    @property
    def rating_weight(self) -> float:
        """How much the predicted rating counts."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """Its numbers, by name."""
        ...

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What it learned, by name."""
        ...

    def prepare(self) -> None:
        """Compute now what the first list would otherwise wait for."""
        ...

    def place(self, items: Items, ratings: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Place somebody with these ratings (item indexes (n,), ascending); None if there is no own part."""
        ...

    def best(self, user: UserVector, n: int, excluded: Items, allowed: NDArray[np.bool_] | None) -> Ranking:
        """Rank the `n` best of the `allowed` (None: all) without `excluded`; fewer if fewer pass.

        Movies without train ratings are never listed; ties go to the smaller index.
        """
        ...

    def scores(self, user: UserVector, items: Items) -> Floats:
        """(n,) scores of these movies, with the bits of `best`."""
        ...

    def rough_scores(self, user: UserVector) -> NDArray[np.float32]:
        """(n_items,) scores of all movies, right to within float32."""
        ...

    def contributions(self, items: Items, ratings: NDArray[np.float32], targets: Items) -> Floats:
        """(m, n) what each of somebody's ratings adds to the own part of the score of each of the `targets` (m,)."""
        ...
