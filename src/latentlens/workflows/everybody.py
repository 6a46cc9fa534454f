"""Lists for every user of a model, written as they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from latentlens.errors import ConfigError
from latentlens.processes import usable_cores
from latentlens.recommenders.bulk import Bulk
from latentlens.recommenders.fitted import Filters, FittedModel
from latentlens.recommenders.rankers.by_count import ByCount
from latentlens.recommenders.rankers.by_factors import ByFactors
from latentlens.recommenders.rankers.by_rating import ByRating

# Users whose lists are in memory at a time.
_BATCH = 4096

_ALL = Filters()

OnBatch = Callable[[int, int], None]
"""Told how many users of how many have their lists."""


def write_lists(
    model: FittedModel,
    out: Path,
    n: int = 10,
    filters: Filters = _ALL,
    on_batch: OnBatch = lambda done, total: None,
) -> int:
    """Write `FittedModel.rank` of every user with train ratings to a Parquet file; how many users that are.

    Its columns: user_id, rank (1 is best), movie_id, predicted_rating. The file appears when it is whole. Raises
    ConfigError for a model with one list for all, and where `out` cannot be written.
    """
    if model.ranks_by == ByCount.kind:
        raise ConfigError(f"The {model.recommender} model has one list for all: ask for it without --all.")
    factors = model.factors
    allowed = None if filters == _ALL else model.catalogue.matching(**vars(filters))
    top = _top(model, allowed, n)
    users = np.flatnonzero(factors.user_counts)

    def batches(*_: Any) -> Iterator[pl.DataFrame]:
        for start in range(0, len(users), _BATCH):
            batch = users[start : start + _BATCH]
            items = top(batch)
            rows, ranks = np.nonzero(items >= 0)
            listed = items[rows, ranks]
            yield pl.DataFrame(
                {
                    "user_id": factors.user_ids.values[batch[rows]],
                    "rank": (ranks + 1).astype(np.int32),
                    "movie_id": factors.item_ids.values[listed],
                    "predicted_rating": factors.clip(factors.score(batch[rows], listed)),
                }
            )
            on_batch(start + len(batch), len(users))

    schema = {
        "user_id": _dtype(factors.user_ids.values),
        "rank": pl.Int32(),
        "movie_id": _dtype(factors.item_ids.values),
        "predicted_rating": pl.Float64(),
    }
    partial = out.with_name(f".{out.name}.partial")
    try:
        register_io_source(batches, schema=schema).sink_parquet(partial)
        partial.replace(out)
    except OSError as problem:
        raise ConfigError(f"{out} cannot be written ({problem}): name a file in a folder of yours.") from problem
    finally:
        partial.unlink(missing_ok=True)
    return len(users)


def _top(model: FittedModel, allowed: NDArray[np.bool_] | None, n: int) -> Callable[[NDArray[np.integer]], Any]:
    """What finds the lists (n_users, n) of these users (indexes), as item indexes, -1 where there are fewer."""
    ranker, factors, history = model.ranker, model.factors, model.history
    if isinstance(ranker, ByFactors):

        def by_factors(users: NDArray[np.integer]) -> NDArray[np.int64]:
            bulk = Bulk(ranker.of(users), history.take(users), allowed)
            return bulk.top(np.arange(len(users)), n, usable_cores()).items

        return by_factors
    if isinstance(ranker, ByRating):
        bulk = Bulk(factors, history, allowed)
        return lambda users: bulk.top(users, n, usable_cores()).items

    def one_by_one(users: NDArray[np.integer]) -> NDArray[np.int64]:
        lists = np.full((len(users), n), -1)
        for row, user_id in enumerate(factors.user_ids.values[users].tolist()):
            items = ranker.best(model.vector_of(user_id), n, model.rated_by(user_id), allowed).items
            lists[row, : len(items)] = items
        return lists

    return one_by_one


def _dtype(ids: Any) -> pl.DataType:
    return pl.Series(ids[:1]).dtype
