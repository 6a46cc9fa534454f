"""Whether the parts of a model that was read fit each other, so that no request can fail on them later."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.stars import code_type
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.portable import FACTOR_ARRAYS

_COUNTS = ("user_counts", "item_counts")


def check(model: FittedModel) -> None:
    """Raise ValueError, naming the part, for the first thing that is wrong."""
    parts = (_ids, _settings, _factors, _history, _catalogue, _ranking, _lists)
    # Lazily: what a part relies on has been checked before it is looked at.
    for problem in chain.from_iterable(problems_of(model) for problems_of in parts):
        raise ValueError(problem)


def _ids(model: FittedModel) -> Iterable[str]:
    for name in ("user_ids", "item_ids"):
        values = getattr(model.factors, name).values
        if values.ndim != 1 or (values.dtype != np.int64 and values.dtype.kind != "U"):
            yield f"{name}.npy holds {values.dtype} of shape {values.shape}, not a row of int64 or text"
        elif not (values[1:] > values[:-1]).all():
            yield f"{name}.npy is not in ascending order"


def _settings(model: FittedModel) -> Iterable[str]:
    factors, reg = model.factors, model.user_step_reg
    if len(factors.scale) != 2 or not all(map(_is_number, factors.scale)) or factors.scale[0] > factors.scale[1]:
        yield f"settings.json has the scale {factors.scale}"
    if not _is_number(factors.global_mean):
        yield f"settings.json has the global mean {factors.global_mean!r}"
    if reg is not None and not (_is_number(reg) and reg > 0):
        yield f"settings.json has the user_step_reg {reg!r}"
    if not (isinstance(model.recommender, str) and isinstance(model.params, dict)):
        yield "settings.json lacks the recommender's name or parameters"


def _factors(model: FittedModel) -> Iterable[str]:
    factors = model.factors
    n_users, n_items = len(factors.user_ids), len(factors.item_ids)
    k = factors.item_factors.shape[-1]
    shapes = {
        "user_bias": (n_users,),
        "item_bias": (n_items,),
        "user_factors": (n_users, k),
        "item_factors": (n_items, k),
        "user_counts": (n_users,),
        "item_counts": (n_items,),
    }
    for name in FACTOR_ARRAYS:
        array = getattr(factors, name)
        yield from _array(name, array, shapes[name], np.int64 if name in _COUNTS else np.float32)
        if name in _COUNTS and (array < 0).any():
            yield f"{name}.npy holds numbers below zero"


def _history(model: FittedModel) -> Iterable[str]:
    n_users, n_items = len(model.factors.user_ids), len(model.factors.item_ids)
    for name, history in (("history", model.history), ("held_out", model.held_out)):
        if history is None:
            continue
        n, values, codes = len(history.items), history.stars.values, history.stars.codes
        yield from _array(f"{name}_indptr", history.indptr, (n_users + 1,), np.int64)
        yield from _array(f"{name}_items", history.items, (n,), np.int32)
        yield from _array(f"{name}_values", values, (len(values),), np.float32)
        yield from _array(f"{name}_codes", codes, (n,), code_type(len(values)).type)
        yield from _pointers(f"{name}_indptr", history.indptr, n, "the users")
        yield from _items_within(f"{name}_items", history.items, n_items)
        if n and codes.max() >= len(values):
            yield f"{name}_codes.npy points beyond the {len(values)} ratings there are"


def _catalogue(model: FittedModel) -> Iterable[str]:
    catalogue, n_items = model.catalogue, len(model.factors.item_ids)
    if not (len(catalogue.titles) == len(catalogue.years) == len(catalogue.genres) == n_items):
        yield f"catalogue.json does not describe the {n_items} movies"
    if not all(isinstance(text, str) for text in (*catalogue.titles, *catalogue.genre_names)):
        yield "catalogue.json has a title or genre that is no text"


def _ranking(model: FittedModel) -> Iterable[str]:
    arrays, n_items = model.ranker.arrays, len(model.factors.item_ids)
    n = len(arrays.get("neighbours", ()))
    expected: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
        "item_factors": ((n_items, arrays["item_factors"].shape[-1] if "item_factors" in arrays else 0), np.float32),
        "input_weights": ((n_items,), np.float32),
        "indptr": ((n_items + 1,), np.int64),
        "neighbours": ((n,), np.int32),
        "weights": ((n,), np.float32),
    }
    for name, array in arrays.items():
        yield from _array(f"ranking_{name}", array, *expected[name])
    if "indptr" in arrays:
        yield from _pointers("ranking_indptr", arrays["indptr"], n, "the movies")
        yield from _items_within("ranking_neighbours", arrays["neighbours"], n_items)
    bad = {name: value for name, value in model.ranker.settings.items() if not _is_number(value)}
    if bad:
        yield f"settings.json has a ranking with {bad}"


def _lists(model: FittedModel) -> Iterable[str]:
    lists, factors = model.lists, model.factors
    if lists is None:
        return
    yield from _array("lists", lists, (len(factors.user_ids), lists.shape[-1]), np.int32)
    yield from _items_within("lists", lists[lists != -1], len(factors.item_ids))


def _pointers(name: str, indptr: NDArray[np.int64], n: int, among: str) -> Iterable[str]:
    if indptr[0] != 0 or indptr[-1] != n or (np.diff(indptr) < 0).any():
        yield f"{name}.npy does not divide {n} rows among {among}"


def _items_within(name: str, items: NDArray[np.int32], n_items: int) -> Iterable[str]:
    if len(items) and not 0 <= items.min() <= items.max() < n_items:
        yield f"{name}.npy points to movies beyond the {n_items} there are"


def _array(name: str, array: NDArray[Any], shape: tuple[int, ...], dtype: type[np.generic]) -> Iterable[str]:
    if array.shape != shape or array.dtype != dtype:
        yield f"{name}.npy holds {array.dtype} of shape {array.shape}, not {np.dtype(dtype)} of shape {shape}"
    elif array.dtype.kind == "f" and not np.isfinite(array).all():
        yield f"{name}.npy holds numbers that are not finite"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))
