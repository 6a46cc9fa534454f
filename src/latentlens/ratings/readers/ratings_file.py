"""A file of ratings, in whatever format: its rows in this project's types, and what has to be said of them."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from latentlens.errors import DataError
from latentlens.ratings.columns import MOVIE, RATING, TIMESTAMP, USER
from latentlens.ratings.readers import delimited, parquet, values
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.places import File
from latentlens.ratings.table import Note

FILE_NAMES = ("ratings.csv", "ratings.dat", "u.data", "ratings.tsv", "ratings.parquet")
_HIGHEST = 5.0


class RatingsFile(NamedTuple):
    """What a ratings file holds, and what its layout implies.

    rows: columns user_id and movie_id (int64 or text), rating (float64), timestamp (int64) if it is there.
    scale: the lowest and the highest rating that people could give.
    movies_name: what the layout calls the movie file beside this one.
    """

    rows: pl.DataFrame
    scale: tuple[float, float]
    movies_name: str
    notes: list[Note]


def read(file: File, form: Format) -> RatingsFile:
    """Read a ratings file of any name; its format shows in its first bytes.

    Under MovieLens' names the scale is .5 to 5, in the layouts without a header 1 to 5 unless half a star occurs
    (ml-10m); under other names it reaches from the lowest to the highest rating, which is noted.

    Raises DataError for a file without ratings, a missing column or value, one of another type, and a rating
    outside the scale: with the line, the column and the value.
    """
    found = parquet.read(file, form) if parquet.is_parquet(file) else delimited.read(file, form)
    if found.rows.is_empty():
        raise DataError(f"{file.name} holds no rating: give a file that has some.")
    notes = [Note("dropped: lines without a value", found.n_blank)] if found.n_blank else []
    users, about_users = values.ids(found, USER)
    movies, about_movies = values.ids(found, MOVIE)
    ratings = values.ratings(found)
    scale, about_scale = _scale(found, ratings, form)
    columns = {USER: users, MOVIE: movies, RATING: ratings}
    if TIMESTAMP in found.rows.columns:
        columns[TIMESTAMP] = values.timestamps(found)
    notes += [*about_users, *about_movies, *about_scale]
    return RatingsFile(pl.DataFrame(columns), scale, found.layout.movies_name, notes)


def _scale(found: values.Found, ratings: pl.Series, form: Format) -> tuple[tuple[float, float], list[Note]]:
    """The scale, which every rating is on, and a note if it is only a guess."""
    # Ratings are kept as float32, in which larger ones are infinite.
    found.refuse(RATING, ~ratings.cast(pl.Float32).is_finite(), "is not a finite number")
    if form.rating_scale is None and not form.is_movielens:
        values_read = ratings.to_numpy()
        low, high = float(values_read.min()), float(values_read.max())
        return (low, high), [Note(f"scale {low:g} to {high:g}, the lowest and the highest rating read", len(ratings))]
    half_stars = bool((ratings % 1 != 0).any())
    low, high = form.rating_scale or (0.5 if half_stars else found.layout.lowest, _HIGHEST)
    remedy = "correct the file, or say what the scale is with --rating-scale"
    found.refuse(RATING, ~ratings.is_between(low, high), f"is not on the scale of {low:g} to {high:g}", remedy)
    return (low, high), []
