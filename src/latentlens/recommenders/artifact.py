"""The model folder: named parts and a manifest (shapes, dtypes, SHA-256, format), no pickle.

Arrays are `.npy` (memory-mapped when read), everything else JSON. The folder holds people's ratings: treat it as such.
Higher layers may add documents (`FittedModel.extra`), listed and checked like the rest.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.history import History
from latentlens.ratings.stars import Stars
from latentlens.recommenders import soundness
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.portable import (
    FACTOR_ARRAYS,
    FORMAT,
    MANIFEST,
    SETTINGS,
    FactorModel,
    load_factors,
    read_manifest,
    read_part,
)
from latentlens.recommenders.rankers.ranker import Ranker
from latentlens.recommenders.rankers.restore import ARRAYS, restore

# What numpy, json and our own reading raise, besides ValueError, for files that only pretend to be parts.
_CAUSED_BY_CONTENT = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RecursionError, TypeError)
_CATALOGUE = "catalogue.json"
_FITTED, _HELD_OUT = "history", "held_out"
# Only models whose lists can be found together have it, and none of the first versions.
_LISTS = "lists.npy"
# What higher layers add to a model is about the model, not as large as it: all of it together.
MOST_EXTRA_BYTES = 8 << 20


def write(model: FittedModel, folder: Path) -> None:
    """Write a model to `folder`, which is made. Raises ValueError for an `extra` that is no document of its own."""
    folder.mkdir(parents=True, exist_ok=False)
    factors, catalogue = model.factors, model.catalogue
    parts: dict[str, Any] = {f"{name}.npy": getattr(factors, name) for name in FACTOR_ARRAYS}
    parts |= _history_parts(_FITTED, model.history)
    if model.held_out is not None:
        parts |= _history_parts(_HELD_OUT, model.held_out)
    parts["user_ids.npy"], parts["item_ids.npy"] = factors.user_ids.values, factors.item_ids.values
    parts[_CATALOGUE] = {
        "titles": catalogue.titles,
        "years": catalogue.years.tolist(),
        "genre_names": catalogue.genre_names,
        "genres": [np.flatnonzero(row).tolist() for row in catalogue.genres],
    }
    parts[SETTINGS] = {
        "recommender": model.recommender,
        "params": dict(model.params),
        "global_mean": factors.global_mean,
        "scale": factors.scale,
        "user_step_reg": model.user_step_reg,
        "ranks_by": model.ranks_by,
        "ranking": dict(model.ranker.settings),
    }
    parts |= {f"ranking_{name}.npy": array for name, array in model.ranker.arrays.items()}
    if model.lists is not None:
        parts[_LISTS] = model.lists
    if bad := [name for name in model.extra if name in (*parts, MANIFEST) or Path(name).suffix != ".json"]:
        raise ValueError(f"a model cannot carry {bad[0]!r}: name a .json document that is none of its parts")
    parts |= model.extra
    manifest = {
        "format": FORMAT,
        "parts": {name: _write_part(folder / name, part) for name, part in sorted(parts.items())},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def read(folder: Path) -> FittedModel:
    """Open a model folder, every part checked against the manifest and against each other.

    Raises ValueError if it is damaged, of a newer format, or not made by `write`.
    """
    try:
        model = _read(folder)
        soundness.check(model)
    except _CAUSED_BY_CONTENT as problem:
        raise ValueError(f"a part is not what a model needs: {problem!r}") from problem
    return model


def _read(folder: Path) -> FittedModel:
    manifest = read_manifest(folder)
    settings = read_part(folder, SETTINGS, manifest)
    document = read_part(folder, _CATALOGUE, manifest)
    genres = np.zeros((len(document["titles"]), len(document["genre_names"])), dtype=np.bool_)
    for item, columns in enumerate(document["genres"]):
        genres[item, columns] = True
    factors = load_factors(folder)
    history, held_out = _read_histories(folder, manifest)
    return FittedModel(
        recommender=settings["recommender"],
        params=settings["params"],
        factors=factors,
        history=history,
        catalogue=Catalogue(
            titles=tuple(document["titles"]),
            years=np.asarray(document["years"], dtype=np.int16),
            genre_names=tuple(document["genre_names"]),
            genres=genres,
        ),
        user_step_reg=settings["user_step_reg"],
        ranked_by=_read_ranker(folder, manifest, settings, factors, history),
        held_out=held_out,
        lists=read_part(folder, _LISTS, manifest) if _LISTS in manifest["parts"] else None,
        extra=_read_extra(folder, manifest),
    )


def _history_parts(name: str, history: History) -> dict[str, Any]:
    stars = history.stars
    arrays = {"indptr": history.indptr, "items": history.items, "codes": stars.codes, "values": stars.values}
    return {f"{name}_{part}.npy": array for part, array in arrays.items()}


def _read_histories(folder: Path, manifest: dict[str, Any]) -> tuple[History, History | None]:
    """What the fit has seen, and what was held out of it."""

    def part(name: str) -> Any:
        return read_part(folder, f"{name}.npy", manifest)

    def history(name: str) -> History:
        stars = Stars(part(f"{name}_values"), part(f"{name}_codes"))
        return History(part(f"{name}_indptr"), part(f"{name}_items"), stars)

    if manifest["format"] > 1:
        return history(_FITTED), history(_HELD_OUT) if f"{_HELD_OUT}_items.npy" in manifest["parts"] else None
    is_fitted = part("history_is_train")
    everything = History(part("history_indptr"), part("history_items"), Stars.of(part("history_ratings")))
    return everything.keep(is_fitted), None if is_fitted.all() else everything.keep(~is_fitted)


def _read_ranker(
    folder: Path, manifest: dict[str, Any], settings: dict[str, Any], factors: FactorModel, history: History
) -> Ranker | None:
    kind = settings["ranks_by"]
    if kind not in ARRAYS:
        raise ValueError(f"{SETTINGS} has ranks_by {kind!r}, which this version does not know")
    arrays = {name: read_part(folder, f"ranking_{name}.npy", manifest) for name in ARRAYS[kind]}
    # Models of the first version have no settings of a ranking.
    return restore(kind, factors, history, settings.get("ranking", {}), arrays)


def _read_extra(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in manifest["parts"] if name.endswith(".json") and name not in (SETTINGS, _CATALOGUE)]
    n_bytes = sum((folder / name).stat().st_size for name in names if (folder / name).exists())
    if n_bytes > MOST_EXTRA_BYTES:
        raise ValueError(f"{', '.join(names)} hold {n_bytes:,} bytes, more than the {MOST_EXTRA_BYTES:,} of a model")
    return {name: read_part(folder, name, manifest) for name in names}


def _write_part(path: Path, part: Any) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if isinstance(part, np.ndarray):
        np.save(path, part, allow_pickle=False)
        described = {"shape": list(part.shape), "dtype": str(part.dtype)}
    else:
        path.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")
    with path.open("rb") as stream:
        return {**described, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
