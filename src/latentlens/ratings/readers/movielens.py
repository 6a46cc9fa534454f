"""Data sets in MovieLens' layouts: a ratings file, and its movies beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.columns import MOVIE, RATING, TIMESTAMP, USER
from latentlens.ratings.readers import movielens_movies, movielens_ratings
from latentlens.ratings.readers.places import data_set_name, only_file, opened, sha256
from latentlens.ratings.table import Origin, Ratings


def read(source: Path) -> Ratings:
    """Read a folder, a folder with one such folder in it, a zip of either, or a ratings file of any name.

    Movies without ratings stay known; without a movie file, movies are named by their id. The digest of the
    origin is over the ratings file, then the movie file, then the u.genre that explains a u.item.

    Raises DataError, with file and line, for what cannot be read.
    """
    with opened(source) as root:
        folder, file = only_file(root, movielens_ratings.FILE_NAMES)
        rows, n_blank, scale, movies_name = movielens_ratings.read(file)
        movie_files = movielens_movies.files(folder, movies_name)
        movies = movielens_movies.read(movie_files)
        origin = Origin(data_set_name(source), sha256([file, *movie_files]))
    if n_blank:
        origin = origin.noted("dropped: lines without a value", n_blank)
    rated, listed = _of_one_kind(rows[MOVIE], [movie.movie_id for movie in movies])
    first_rows = np.unique(listed, return_index=True)[1]
    if len(first_rows) < len(listed):
        n_repeated = len(listed) - len(first_rows)
        origin = origin.noted("dropped: catalogue rows of a movie listed before", n_repeated)
    kept = [movies[row] for row in first_rows]
    catalogue = Catalogue.of([m.title for m in kept], [m.year for m in kept], [m.genres for m in kept])
    return Ratings.of(
        _ids(rows[USER]),
        rated,
        rows[RATING].to_numpy(),
        rows[TIMESTAMP].to_numpy() if TIMESTAMP in rows.columns else None,
        scale=scale,
        catalogue=(listed[first_rows], catalogue),
        origin=origin,
    )


def _of_one_kind(rated: pl.Series, listed: list[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Movie ids of both files: whole numbers where all are, otherwise text."""
    texts = pl.Series(listed, dtype=pl.String)
    if rated.dtype == pl.Int64:
        numbers = texts.cast(pl.Int64, strict=False)
        if not numbers.null_count():
            return rated.to_numpy(), numbers.to_numpy()
    return _ids(rated.cast(pl.String)), _ids(texts)


def _ids(column: pl.Series) -> NDArray[Any]:
    # polars gives text as objects, which IdMap does not take.
    return column.to_numpy() if column.dtype == pl.Int64 else column.to_numpy().astype(np.str_)
