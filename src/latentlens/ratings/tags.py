"""What people called the movies, in their own words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Tags(NamedTuple):
    """One row per movie and tag.

    names: the tags, each once, in lower case with single blanks. items: (n,) item indexes; tags: (n,) indexes into
    `names`; people: (n,) how many gave it. Of a tag genome, `people` holds the relevance, 0 to 1.
    """

    names: tuple[str, ...]
    items: NDArray[np.integer]
    tags: NDArray[np.integer]
    people: NDArray[np.number]

    def take(self, items: NDArray[np.int64]) -> Tags:
        """Keep the movies with these indexes, ascending, numbered anew from 0, and the tags that still occur."""
        rows = np.flatnonzero(np.isin(self.items, items))
        occurring, tags = np.unique(self.tags[rows], return_inverse=True)
        names = tuple(self.names[tag] for tag in occurring.tolist())
        return Tags(names, np.searchsorted(items, self.items[rows]), tags, self.people[rows])
