"""Find movies by title."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from latentlens.recommenders.fitted import Filters, FittedModel


class Found(NamedTuple):
    """Item indexes of one page, most rated first, and how many movies match in all."""

    items: list[int]
    total: int


class MovieSearch:
    """The catalogue of a model, most rated first."""

    def __init__(self, model: FittedModel) -> None:
        self._catalogue = model.catalogue
        self._titles = [title.casefold() for title in model.catalogue.titles]
        self._most_rated = np.argsort(-model.factors.item_counts, kind="stable")

    def find(self, query: str | None, filters: Filters, limit: int, offset: int) -> Found:
        """List movies whose title contains `query` (case ignored) and that pass `filters`."""
        matching = self._catalogue.matching(**vars(filters))
        items: list[int] = self._most_rated[matching[self._most_rated]].tolist()
        if query:
            wanted = query.casefold()
            items = [item for item in items if wanted in self._titles[item]]
        return Found(items[offset : offset + limit], len(items))
