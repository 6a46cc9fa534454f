"""A split that was made elsewhere, such as MovieLens' u1.base and u1.test: two tables become its sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from latentlens.errors import DataError
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.coded import Coded
from latentlens.ratings.history import History
from latentlens.ratings.ids import IdMap
from latentlens.ratings.splits import Split
from latentlens.ratings.table import Note, Origin, Ratings
from latentlens.ratings.tags import Tags


def given_sides(train: Ratings, test: Ratings) -> Split:
    """Put two tables over one set of ids. A (user, movie) pair of both stays on the train side alone, and is counted.

    The train side's catalogue goes before the test side's; tags are the train side's. Raises DataError if one has text
    for ids and the other whole numbers, or if nothing is left to test.
    """
    try:
        user_ids = IdMap.of(train.user_ids.values, test.user_ids.values)
        item_ids = IdMap.of(train.item_ids.values, test.item_ids.values)
    except TypeError:
        raise DataError(
            f"{train.origin.name} and {test.origin.name} have ids of different types: give both text or whole numbers."
        ) from None
    catalogue = _joined(item_ids, train, test)
    scale = min(train.scale[0], test.scale[0]), max(train.scale[1], test.scale[1])
    sides = [
        replace(
            side,
            user_ids=user_ids,
            item_ids=item_ids,
            catalogue=catalogue,
            user_index=Coded(side.user_ids, side.user_index).over(user_ids),
            item_index=Coded(side.item_ids, side.item_index).over(item_ids),
            scale=scale,
            tags=_renumbered(train, item_ids),
        )
        for side in (train, test)
    ]
    new = np.flatnonzero(History.of(sides[0]).find(sides[1].user_index, sides[1].item_index) < 0)
    if not len(new):
        raise DataError(f"Every rating of {test.origin.name} is in {train.origin.name} too: nothing is left to test.")
    rule = f"given, {test.origin.name}, SHA-256 {test.origin.sha256[:16]}"
    origin = _origin(train, test, n_repeated=len(test) - len(new)).noted(f"train side: {rule}", len(train))
    return Split(replace(sides[0], origin=origin), sides[1].take(new, f"test side: {rule}"), rule)


def _joined(item_ids: IdMap, train: Ratings, test: Ratings) -> Catalogue:
    """Each movie as the train side's catalogue has it, or else the test side's."""
    in_train, in_test = train.item_ids.index(item_ids.values), test.item_ids.index(item_ids.values)
    known = (in_train >= 0).tolist()
    catalogues = [train.catalogue if ours else test.catalogue for ours in known]
    rows = np.where(in_train >= 0, in_train, in_test).tolist()
    return Catalogue.of(
        [catalogue.titles[row] for catalogue, row in zip(catalogues, rows, strict=True)],
        [int(catalogue.years[row]) for catalogue, row in zip(catalogues, rows, strict=True)],
        [catalogue.genres_of(row) for catalogue, row in zip(catalogues, rows, strict=True)],
    )


def _renumbered(train: Ratings, item_ids: IdMap) -> Tags | None:
    if train.tags is None:
        return None
    return train.tags._replace(items=item_ids.index(train.item_ids.values)[train.tags.items])


def _origin(train: Ratings, test: Ratings, n_repeated: int) -> Origin:
    """Where the train side came from, with what was done to the test side: the audit reads this one."""
    notes = [Note(f"{test.origin.name}: {note.what}", note.rows) for note in test.origin.notes]
    if n_repeated:
        notes.append(Note("dropped from the test side: (user, movie) pairs of the train side", n_repeated))
    return replace(train.origin, notes=(*train.origin.notes, *notes))
