"""Sources of ratings: the demo set, files in MovieLens' or any other layout, and MovieLens' sets by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.readers.format import Format
from latentlens.ratings.table import Ratings

if TYPE_CHECKING:
    from latentlens.ratings.readers.download import OnDownload


def read(source: str, form: Format | None = None, on_download: OnDownload | None = None) -> Ratings:
    """Read `demo`, or the folder, zip or ratings file at the path `source`, or a MovieLens set of that name.

    What is here goes before what would have to be fetched, but a folder that is itself called demo is read as
    `./demo`. A large source is read once, and then mapped from a copy in the cache folder.

    `form` says how a table is laid out that is not one of MovieLens'; `on_download` is told how far a
    download has come. Raises DataError for any other source, and for data that cannot be used as they are.
    """
    if source == "demo":
        if form not in (None, Format()):
            raise ConfigError("The demo set is made, not read: leave out what describes columns, scale and catalogue.")
        from latentlens.ratings.readers.demo import make

        return make()
    from latentlens.ratings.readers.prepared import prepared

    try:
        return prepared(_path(source, on_download), form or Format(), _read)
    except OSError as problem:
        reason = problem.strerror or problem
        raise DataError(
            f"{problem.filename or source} cannot be read ({reason}): check the path and who may read it."
        ) from problem


def _read(path: Path, form: Format) -> Ratings:
    # Imported here because it needs polars, which neither the demo set nor a prepared copy does.
    from latentlens.ratings.readers import data_set

    return data_set.read(path, form)


def _path(source: str, on_download: OnDownload | None) -> Path:
    # An empty string would be the path of the current folder.
    if source and Path(source).exists():
        return Path(source)
    from latentlens.ratings.readers.download import NAMED, fetch

    if source in NAMED:
        return fetch(source, on_download)
    raise DataError(
        f"There are no ratings at {source!r}: give demo, or the path of a folder, zip or file, or a name to fetch"
        f" ({', '.join(NAMED)})."
    )
