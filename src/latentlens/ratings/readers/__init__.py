"""Sources of ratings: the demo set, MovieLens by name, and files in MovieLens' or any other layout."""

from __future__ import annotations

from pathlib import Path

from latentlens.errors import ConfigError, DataError
from latentlens.ratings.readers.format import Format
from latentlens.ratings.table import Ratings


def read(source: str, form: Format | None = None) -> Ratings:
    """Read `demo`, or the folder, zip or ratings file at the path `source`.

    A folder that is itself called demo is read as `./demo`. `form` says how a table is laid out that is not one of
    MovieLens'. Raises DataError for any other source, and for data that cannot be used as they are.
    """
    if source == "demo":
        if form not in (None, Format()):
            raise ConfigError("The demo set is made, not read: leave out what describes columns, scale and catalogue.")
        from latentlens.ratings.readers.demo import make

        return make()
    try:
        # An empty string would be the path of the current folder.
        if source and Path(source).exists():
            # Imported here to keep the demo set light: the module needs polars.
            from latentlens.ratings.readers import data_set

            return data_set.read(Path(source), form or Format())
    except OSError as problem:
        reason = problem.strerror or problem
        raise DataError(
            f"{problem.filename or source} cannot be read ({reason}): check the path and who may read it."
        ) from problem
    raise DataError(
        f"There are no ratings at {source!r}: give demo, or the path of a folder, zip or file in a MovieLens layout."
    )
