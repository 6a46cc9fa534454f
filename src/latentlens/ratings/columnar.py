"""Ratings as a folder of columns that are memory-mapped when they are read."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.ids import IdMap
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Note, Origin, Ratings
from latentlens.ratings.tags import Tags

FORMAT = 2
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


def write(ratings: Ratings, folder: Path) -> None:
    """Write to a folder that is there and empty: `.npy` files, and a manifest with their checksums as the last."""
    checksums = {}
    for name, array in _arrays(ratings).items():
        np.save(folder / name, array, allow_pickle=False)
        checksums[name] = _checksum(folder / name)
    document = {**_document(ratings), "format": FORMAT, "checksums": checksums}
    (folder / _MANIFEST).write_text(json.dumps(document), encoding="utf-8")


def read(folder: Path) -> Ratings:
    """Map what `write` wrote, bit for bit. Raises ValueError if it is not there, not whole, or of another format."""
    try:
        return _read(folder)
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError) as problem:
        raise ValueError(f"{folder.name} is not what ratings were written to: {problem!r}") from problem


def _read(folder: Path) -> Ratings:
    document = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    if document["format"] != FORMAT:
        raise ValueError(f"{folder.name} has format {document['format']}, this version reads format {FORMAT}")
    for name, checksum in document["checksums"].items():
        if _checksum(folder / name) != checksum:
            raise ValueError(f"{name} is damaged")
    arrays = {name: _mapped(folder / name) for name in document["checksums"]}
    origin = document["origin"]
    return Ratings(
        user_ids=IdMap(arrays["user_ids.npy"]),
        item_ids=IdMap(arrays["item_ids.npy"]),
        catalogue=Catalogue(
            tuple(document["titles"]), arrays["years.npy"], tuple(document["genre_names"]), arrays["genres.npy"]
        ),
        user_index=arrays["user_index.npy"],
        item_index=arrays["item_index.npy"],
        stars=Stars(arrays["rating_values.npy"], arrays["rating_codes.npy"]),
        timestamp=arrays.get("timestamp.npy"),
        scale=(document["scale"][0], document["scale"][1]),
        origin=Origin(origin["name"], origin["sha256"], tuple(Note(**note) for note in origin["notes"])),
        tags=None
        if document["tag_names"] is None
        else Tags(tuple(document["tag_names"]), *(arrays[f"tag_{part}.npy"] for part in ("items", "tags", "people"))),
    )


def _arrays(ratings: Ratings) -> dict[str, NDArray[Any]]:
    arrays = {
        "user_ids": ratings.user_ids.values,
        "item_ids": ratings.item_ids.values,
        "user_index": ratings.user_index,
        "item_index": ratings.item_index,
        "rating_values": ratings.stars.values,
        "rating_codes": ratings.stars.codes,
        "years": ratings.catalogue.years,
        "genres": ratings.catalogue.genres,
    }
    if ratings.timestamp is not None:
        arrays["timestamp"] = ratings.timestamp
    if ratings.tags is not None:
        arrays |= {f"tag_{part}": getattr(ratings.tags, part) for part in ("items", "tags", "people")}
    return {f"{name}.npy": array for name, array in arrays.items()}


def _document(ratings: Ratings) -> dict[str, Any]:
    return {
        "scale": ratings.scale,
        "origin": asdict(ratings.origin),
        "titles": ratings.catalogue.titles,
        "genre_names": ratings.catalogue.genre_names,
        "tag_names": None if ratings.tags is None else ratings.tags.names,
    }


def _mapped(path: Path) -> NDArray[Any]:
    # Copy on write: kernels are compiled for arrays that may be written. A plain view is sliced faster than a memmap.
    array: NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False).view(np.ndarray)
    return array


def _checksum(path: Path) -> int:
    # Against damage, not malice: whoever may write here may do anything else in this person's name.
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum
