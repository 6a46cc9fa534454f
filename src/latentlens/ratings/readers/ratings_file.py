"""A file of ratings, in whatever format: its rows in this project's types, and what has to be said of them."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from latentlens.errors import DataError
from latentlens.ratings.coded import Coded
from latentlens.ratings.columns import MOVIE, RATING, TIMESTAMP, USER
from latentlens.ratings.readers import delimited, parquet, plain, values
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.places import File
from latentlens.ratings.table import Note

_HIGHEST = 5.0
# Enough to keep every core busy; larger tables do not stay in the cache between two steps.
_PIECE = 16 << 20
# What a row takes in text, rather too little: MovieLens' take 26.
_ROW_BYTES = 20


class RatingsFile(NamedTuple):
    """What a ratings file holds, and what its layout implies.

    scale: the lowest and the highest rating that people could give.
    movies_name: what the layout calls the movie file beside this one.
    """

    columns: plain.Columns
    scale: tuple[float, float]
    movies_name: str
    notes: list[Note]


def read(file: File, form: Format, n_bytes: int = _PIECE) -> RatingsFile:
    """Read a ratings file of any name; its format shows in its first bytes.

    Under MovieLens' names the scale is .5 to 5, in the layouts without a header 1 to 5 unless half a star occurs
    (ml-10m); under other names it reaches from the lowest to the highest rating, which is noted. About `n_bytes` are
    read at a time; all at once only if something is odd, so that it can be said or mended.

    Raises DataError for a file without ratings, a missing column or value, one of another type, and a rating
    outside the scale: with the line, the column and the value.
    """
    is_parquet = parquet.is_parquet(file)
    try:
        layout, tables = (
            parquet.pieces(file, form, n_bytes // _ROW_BYTES) if is_parquet else delimited.pieces(file, form, n_bytes)
        )
        columns = plain.read(tables, about=file.size // _ROW_BYTES)
        low, high = scale = _scale(columns, layout, form)
        if low <= columns.lowest and columns.highest <= high:
            return RatingsFile(columns, scale, layout.movies_name, _about_scale(columns, form))
    except ValueError:
        pass
    return read_closely(parquet.read(file, form) if is_parquet else delimited.read(file, form), form)


def read_closely(found: values.Found, form: Format) -> RatingsFile:
    """Refuse what cannot be used, with its place; mend and note the rest."""
    if found.rows.is_empty():
        raise DataError(f"{found.file_name} holds no rating: give a file that has some.")
    notes = [Note("dropped: lines without a value", found.n_blank)] if found.n_blank else []
    users, about_users = values.ids(found, USER)
    movies, about_movies = values.ids(found, MOVIE)
    ratings = values.ratings(found)
    # Ratings are kept as float32, in which larger ones are infinite.
    found.refuse(RATING, ~ratings.cast(pl.Float32).is_finite(), "is not a finite number")
    numbers = ratings.to_numpy()
    columns = plain.Columns(
        users=_coded(users),
        movies=_coded(movies),
        rating=ratings.cast(pl.Float32).to_numpy(),
        timestamp=None,
        lowest=float(numbers.min()),
        highest=float(numbers.max()),
        has_halves=bool((ratings % 1 != 0).any()),
    )
    low, high = scale = _scale(columns, found.layout, form)
    remedy = "correct the file, or say what the scale is with --rating-scale"
    found.refuse(RATING, ~ratings.is_between(low, high), f"is not on the scale of {low:g} to {high:g}", remedy)
    if TIMESTAMP in found.rows.columns:
        columns = columns._replace(timestamp=values.timestamps(found).to_numpy())
    notes += [*about_users, *about_movies, *_about_scale(columns, form)]
    return RatingsFile(columns, scale, found.layout.movies_name, notes)


def _scale(columns: plain.Columns, layout: values.Layout, form: Format) -> tuple[float, float]:
    """The scale, if every rating is on it."""
    if form.rating_scale is not None:
        return form.rating_scale
    if not form.is_movielens:
        return columns.lowest, columns.highest
    return (0.5 if columns.has_halves else layout.lowest), _HIGHEST


def _about_scale(columns: plain.Columns, form: Format) -> list[Note]:
    """A note if the scale is only a guess."""
    if form.rating_scale is not None or form.is_movielens:
        return []
    low, high = columns.lowest, columns.highest
    return [Note(f"scale {low:g} to {high:g}, the lowest and the highest rating read", len(columns.rating))]


def _coded(ids: pl.Series) -> Coded:
    return Coded.of(ids.to_numpy()) if ids.dtype == pl.Int64 else plain.coded_text(ids)
