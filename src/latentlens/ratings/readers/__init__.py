"""Sources of ratings: the demo set, and files in MovieLens' layouts."""

from __future__ import annotations

from pathlib import Path

from latentlens.errors import DataError
from latentlens.ratings.table import Ratings


def read(source: str) -> Ratings:
    """Read `demo`, or the folder, zip or ratings file in a MovieLens layout at the path `source`.

    A folder that is itself called demo is read as `./demo`. Raises DataError for any other source, and for
    data that cannot be used as they are.
    """
    if source == "demo":
        from latentlens.ratings.readers.demo import make

        return make()
    # An empty string would be the path of the current folder.
    if source and Path(source).exists():
        # Imported here to keep the demo set light: the module needs polars.
        from latentlens.ratings.readers import movielens

        return movielens.read(Path(source))
    raise DataError(
        f"There are no ratings at {source!r}: give demo, or the path of a folder, zip or file in a MovieLens layout."
    )
