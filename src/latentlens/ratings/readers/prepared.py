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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from latentlens.ratings import columnar
from latentlens.ratings.readers.cache import cache_folder
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.places import FILE_NAMES, only_file, opened
from latentlens.ratings.table import Ratings

# Bytes; less is read in a moment.
SMALLEST_SOURCE = 8 << 20
MOST_COPIES = 3
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
    depends_on = json.dumps([columnar.FORMAT, str(source.resolve()), asdict(form), stamps], default=str)
    copy = cache_folder() / "prepared" / hashlib.sha256(depends_on.encode()).hexdigest()[:32]
    with suppress(ValueError):
        ratings = columnar.read(copy)
        with suppress(OSError):
            os.utime(copy)
        return ratings
    ratings = read(source, form)
    with suppress(OSError, ValueError):
        _keep(ratings, copy)
        return columnar.read(copy)
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


def _keep(ratings: Ratings, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    # Under another name at first, so that nobody meets half of it; what is left of a killed one grows old and goes.
    scratch = Path(tempfile.mkdtemp(dir=copy.parent))
    try:
        columnar.write(ratings, scratch)
        shutil.rmtree(copy, ignore_errors=True)
        scratch.rename(copy)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    newest_first = sorted(copy.parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in newest_first[MOST_COPIES:]:
        shutil.rmtree(old, ignore_errors=True)
