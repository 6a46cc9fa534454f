"""What is known of each movie besides its ratings, as numbers that an axis can be held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.catalogue import UNKNOWN_YEAR, Catalogue
from latentlens.ratings.tags import Tags

Kind = Literal["genre", "tag", "year", "popularity"]

# A movie's traits are known well from here on.
MIN_RATINGS = 30
# The most rated ones. Bounds memory: some 25 MB with all tags.
MAX_MOVIES = 5_000
# A genre or tag of fewer movies says more about those movies than about an axis.
MIN_MOVIES = 10
# All of the tag genome's.
MAX_TAGS = 1_200


@dataclass(frozen=True, eq=False)
class Features:
    """One row per movie that counts: rated `MIN_RATINGS` times or more, at most `MAX_MOVIES`, the most rated first.

    items: (n,) item indexes. names, kinds: one per column. values: (n, n_features) float32, NaN where unknown.
    Genres are 0 or 1, tags log(1 + people who gave it), the year as it is, popularity log(1 + ratings).
    """

    items: NDArray[np.int64]
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    values: NDArray[np.float32]

    @classmethod
    def of(cls, catalogue: Catalogue, item_counts: NDArray[np.integer], tags: Tags | None = None) -> Features:
        """Gather what is known. A genre or tag counts if `MIN_MOVIES` movies have it."""
        items = most_rated(item_counts)
        years = catalogue.years[items].astype(np.float32)
        columns: list[tuple[str, Kind, NDArray[np.float32]]] = [
            ("year", "year", np.where(years == UNKNOWN_YEAR, np.float32(np.nan), years)),
            ("number of ratings", "popularity", np.log1p(item_counts[items]).astype(np.float32)),
        ]
        genres = catalogue.genres[items].astype(np.float32)
        columns += [
            (name, "genre", genres[:, j]) for j, name in enumerate(catalogue.genre_names) if _common(genres[:, j])
        ]
        if tags is not None:
            columns += [(name, "tag", column) for name, column in _tag_columns(tags, items, len(item_counts))]
        names, kinds, values = zip(*columns, strict=True)
        return cls(items, names, kinds, np.column_stack(values))

    def standardised(self) -> NDArray[np.float32]:
        """Columns of mean 0 and norm 1; unknown values count as the mean, a constant column is all 0."""
        return standardised(self.values)


def most_rated(item_counts: NDArray[np.integer], limit: int = MAX_MOVIES) -> NDArray[np.int64]:
    """Indexes of the movies rated `MIN_RATINGS` times or more: the `limit` most rated, the most rated first."""
    order = np.argsort(-item_counts, kind="stable")[:limit]
    return order[item_counts[order] >= MIN_RATINGS]


def standardised(columns: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, m) columns of mean 0 and norm 1; unknown values count as the mean, a constant column is all 0."""
    known = ~np.isnan(columns)
    totals = np.where(known, columns, 0).sum(axis=0, dtype=np.float64)
    centred = np.where(known, columns - totals / np.maximum(known.sum(axis=0), 1), 0)
    norms = np.sqrt(np.square(centred).sum(axis=0))
    # Rounding leaves a constant column a norm that is not quite zero.
    size = np.sqrt(len(columns)) * np.abs(np.where(known, columns, 0)).max(axis=0, initial=0)
    varies = norms > 1e-6 * size
    return np.asarray(np.where(varies, centred / np.where(varies, norms, 1), 0), dtype=np.float32)


def _common(column: NDArray[np.floating]) -> bool:
    return int(np.count_nonzero(column)) >= MIN_MOVIES


def _tag_columns(tags: Tags, items: NDArray[np.int64], n_items: int) -> list[tuple[str, NDArray[np.float32]]]:
    """Name and column of each tag that enough of the movies have, the `MAX_TAGS` of most movies."""
    row_of = np.full(n_items, -1)
    row_of[items] = np.arange(len(items))
    rows = row_of[tags.items]
    kept = np.flatnonzero((rows >= 0) & (tags.people > 0))
    kept = kept[np.argsort(tags.tags[kept], kind="stable")]
    ends = np.cumsum(np.bincount(tags.tags[kept], minlength=len(tags.names)))
    found = []
    for name, mine in zip(tags.names, np.split(kept, ends)[:-1], strict=True):
        if len(mine) >= MIN_MOVIES:  # fewer rows are fewer movies: most tags end here
            people = np.bincount(rows[mine], weights=tags.people[mine], minlength=len(items))
            found.append((name, np.log1p(people).astype(np.float32)))
    common = [entry for entry in found if _common(entry[1])]
    return sorted(common, key=lambda entry: -np.count_nonzero(entry[1]))[:MAX_TAGS]
