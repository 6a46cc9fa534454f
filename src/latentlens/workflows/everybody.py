"""Lists for every user of a model, written as they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from latentlens.errors import ConfigError
from latentlens.recommenders.fitted import Filters, FittedModel
from latentlens.recommenders.many_lists import lists_of
from latentlens.recommenders.rankers.by_count import ByCount

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
    users = np.flatnonzero(factors.user_counts)

    def batches(*_: Any) -> Iterator[pl.DataFrame]:
        for some, items in lists_of(model, users, n, allowed=allowed):
            rows, ranks = np.nonzero(items >= 0)
            whose = users[some][rows]
            listed = items[rows, ranks]
            yield pl.DataFrame(
                {
                    "user_id": factors.user_ids.values[whose],
                    "rank": (ranks + 1).astype(np.int32),
                    "movie_id": factors.item_ids.values[listed],
                    "predicted_rating": factors.clip(factors.score(whose, listed)),
                }
            )
            on_batch(some.stop, len(users))

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


def _dtype(ids: Any) -> pl.DataType:
    return pl.Series(ids[:1]).dtype
