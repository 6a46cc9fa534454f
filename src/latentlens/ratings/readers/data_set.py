"""A data set in files: its ratings, its movies and their tags beside them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.coded import Coded
from latentlens.ratings.ids import IdMap
from latentlens.ratings.readers import movies_file, ratings_file, tags_file
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.movies_file import Movie
from latentlens.ratings.readers.places import FILE_NAMES, File, data_set_name, only_file, opened, sha256, taken
from latentlens.ratings.table import Note, Origin, Ratings


def read(source: Path, form: Format) -> Ratings:
    """Read a folder, a folder with one such folder in it, a zip of either, or a ratings file of any name.

    Movies without ratings stay known; without a movie file, movies are named by their id. The digest of the
    origin is over the ratings file, the movie file, the u.genre that explains a u.item, and the files of tags.

    Raises DataError, with file and line, for what cannot be read.
    """
    with opened(source) as root:
        folder, place = only_file(root, FILE_NAMES)
        file = taken(place)
        # Beside the reading: hashing keeps a core busy, and needs no lock of Python's.
        with ThreadPoolExecutor(1) as other:
            hashing = other.submit(sha256, [file])
            columns, scale, movies_name, notes = ratings_file.read(file, form)
        if form.catalogue is not None:
            movie_files = [File(form.catalogue.name, form.catalogue)]
        else:
            movie_files = movies_file.beside(folder, movies_name) if form.is_movielens else []
        tag_files = tags_file.beside(folder) if form.is_movielens else []
    movies = movies_file.read(movie_files, form.item_col)
    rated, listed, about_ids = _of_one_kind(columns.movies, [movie.movie_id for movie in movies])
    catalogue, about_catalogue = _catalogue(rated.ids, listed, movies)
    ratings = Ratings.coded(
        columns.users,
        rated,
        columns.rating,
        columns.timestamp,
        scale=scale,
        catalogue=catalogue,
        origin=Origin(
            data_set_name(source),
            sha256([*movie_files, *tag_files], hashing.result()).hexdigest(),
            (*notes, *about_ids, *about_catalogue),
        ),
    )
    tags, about_tags = tags_file.read(tag_files, ratings.item_ids)
    return replace(ratings, tags=tags, origin=replace(ratings.origin, notes=(*ratings.origin.notes, *about_tags)))


def _catalogue(
    rated: IdMap, listed: NDArray[Any], movies: Sequence[Movie]
) -> tuple[tuple[NDArray[Any], Catalogue], list[Note]]:
    """Each movie's first row, with the ids; notes on the other rows, and on rated movies that have none."""
    first_rows = np.unique(listed, return_index=True)[1]
    kept = [movies[row] for row in first_rows]
    catalogue = Catalogue.of([m.title for m in kept], [m.year for m in kept], [m.genres for m in kept])
    n_repeated = len(listed) - len(first_rows)
    n_untitled = len(np.setdiff1d(rated.values, listed)) if movies else 0
    notes = [
        Note("dropped: catalogue rows of a movie listed before", n_repeated),
        Note("rated movies that the catalogue lacks, named by their id", n_untitled),
    ]
    return (listed[first_rows], catalogue), [note for note in notes if note.rows]


def _of_one_kind(rated: Coded, listed: list[str]) -> tuple[Coded, NDArray[Any], list[Note]]:
    """Movie ids of both files: whole numbers where all are, otherwise text; a note if only the catalogue's are."""
    texts = pl.Series(listed, dtype=pl.String)
    as_text = texts.to_numpy().astype(np.str_)
    if rated.ids.is_text:
        return rated, as_text, []
    numbers = texts.cast(pl.Int64, strict=False)
    others = texts.filter(numbers.is_null())
    if others.is_empty():
        return rated, numbers.to_numpy(), []
    note = Note(f"movie ids are text, as some of the catalogue are no whole number: {others[0]!r}", len(others))
    names = Coded.of(rated.ids.values.astype(np.str_))
    return Coded(names.ids, names.index[rated.index]), as_text, [note]
