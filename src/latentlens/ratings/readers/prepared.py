"""Prepared copies: what a large source holds, as columns on disk that are memory-mapped from the second time on.

A copy is found by all that it depends on: path, size and times of the files, how they are to be read, and the format
here. So a changed source is read anew; its old copy goes when there are too many.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.ids import IdMap
from latentlens.ratings.readers.cache import cache_folder
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.places import FILE_NAMES, only_file, opened
from latentlens.ratings.table import Note, Origin, Ratings
from latentlens.ratings.tags import Tags

FORMAT = 1
# Bytes; less is read in a moment.
SMALLEST_SOURCE = 8 << 20
MOST_COPIES = 3
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20
# Files that say more of the movies, where they are beside the ratings.
_BESIDE = (
    *("movies.csv", "movies.dat", "u.item", "u.genre"),
    *("genome-scores.csv", "genome-tags.csv", "tags.csv", "tags.dat"),
)


def prepared(source: Path, form: Format, read: Callable[[Path, Format], Ratings]) -> Ratings:
    """What `read(source, form)` returns: mapped from a copy if there is a whole one, otherwise read, and copied.

    A cache that may not be written or is full is no error: the ratings are then in memory. Raises what `read` raises.
    """
    stamps = _stamps(source, form)
    if sum(size for _, size, *_ in stamps) < SMALLEST_SOURCE:
        return read(source, form)
    depends_on = json.dumps([FORMAT, str(source.resolve()), asdict(form), stamps], default=str)
    copy = cache_folder() / "prepared" / hashlib.sha256(depends_on.encode()).hexdigest()[:32]
    with suppress(OSError, ValueError, LookupError, TypeError):
        return _open(copy)
    ratings = read(source, form)
    with suppress(OSError):
        _write(ratings, copy)
        return _open(copy)
    return ratings


def _stamps(source: Path, form: Format) -> list[tuple[str, int, int, int]]:
    """Name, size and times of the files that are read. Raises DataError for a source without ratings."""
    with opened(source) as root:
        folder, file = only_file(root, FILE_NAMES)
    # In a zip, neither is a file of its own.
    files = [place for place in (file, *(folder / name for name in _BESIDE)) if isinstance(place, Path)] or [source]
    if form.catalogue is not None:
        files.append(form.catalogue)
    states = [(file.name, file.stat()) for file in files if file.exists()]
    return [(name, state.st_size, state.st_mtime_ns, state.st_ctime_ns) for name, state in states]


def _write(ratings: Ratings, copy: Path) -> None:
    """Write a copy under another name first, so that nobody meets half of it."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=copy.parent))
    try:
        checksums = {}
        for name, array in _arrays(ratings).items():
            np.save(scratch / name, array, allow_pickle=False)
            checksums[name] = _checksum(scratch / name)
        document = {**_document(ratings), "checksums": checksums}
        (scratch / _MANIFEST).write_text(json.dumps(document), encoding="utf-8")
        shutil.rmtree(copy, ignore_errors=True)
        scratch.rename(copy)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    newest_first = sorted(copy.parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in newest_first[MOST_COPIES:]:
        shutil.rmtree(old, ignore_errors=True)


def _open(copy: Path) -> Ratings:
    """Map a copy. Raises OSError, ValueError, LookupError or TypeError if it is not there or not whole."""
    document = json.loads((copy / _MANIFEST).read_text(encoding="utf-8"))
    for name, checksum in document["checksums"].items():
        if _checksum(copy / name) != checksum:
            raise ValueError(f"{name} is damaged")
    arrays = {name: _mapped(copy / name) for name in document["checksums"]}
    with suppress(OSError):
        os.utime(copy)
    origin = document["origin"]
    return Ratings(
        user_ids=IdMap(arrays["user_ids.npy"]),
        item_ids=IdMap(arrays["item_ids.npy"]),
        catalogue=Catalogue(
            tuple(document["titles"]), arrays["years.npy"], tuple(document["genre_names"]), arrays["genres.npy"]
        ),
        user_index=arrays["user_index.npy"],
        item_index=arrays["item_index.npy"],
        rating=arrays["rating.npy"],
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
        "rating": ratings.rating,
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
    return np.load(path, mmap_mode="c", allow_pickle=False).view(np.ndarray)


def _checksum(path: Path) -> int:
    # Against damage, not malice: whoever may write here may do anything else in this person's name.
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum
