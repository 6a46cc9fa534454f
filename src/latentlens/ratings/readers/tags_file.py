"""Files of tags beside the ratings: MovieLens' tag genome, or else `tags.csv` or `tags.dat`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from latentlens.errors import DataError
from latentlens.ratings.columns import MOVIE, RELEVANCE, TAG, TAG_ID, USER
from latentlens.ratings.ids import IdMap
from latentlens.ratings.readers import delimited
from latentlens.ratings.readers.format import shortened
from latentlens.ratings.readers.movies_file import text_of
from latentlens.ratings.readers.places import File, Place, taken
from latentlens.ratings.table import Note
from latentlens.ratings.tags import Tags

# The genome is made from tags, and grades every one of its movies by every tag: with it, the tags say nothing more.
_GENOME = ("genome-scores.csv", "genome-tags.csv")
_CSV, _DAT = "tags.csv", "tags.dat"
# Longer ones are sentences. MovieLens' own are shorter.
LONGEST_TAG = 100
_DAT_LINE = r"^([^:]+)::([^:]+)::(.*)::[0-9]+\r?$"
_NOT_A_TAG = f"dropped: tags that are empty, longer than {LONGEST_TAG} characters, or without a movie"
_UNKNOWN_MOVIE = "dropped: tags of movies that are neither rated nor listed"


class _Named(NamedTuple):
    """The columns that a file beside the ratings must have, under MovieLens' names."""

    column_of: dict[str, str]

    def columns(self, names: Sequence[str], where: str) -> dict[str, str]:
        missing = [name for name in self.column_of if name not in names]
        if missing:
            raise DataError(
                f"{where}: no column {', '.join(missing)} among {shortened(', '.join(names)) or 'none'}; add it, or"
                " remove the file to go without tags."
            )
        return self.column_of


_TAGS = _Named({"userId": USER, "movieId": MOVIE, "tag": TAG})
_SCORES = _Named({"movieId": MOVIE, "tagId": TAG_ID, "relevance": RELEVANCE})
_NAMES = _Named({"tagId": TAG_ID, "tag": TAG})


def beside(folder: Place) -> list[File]:
    """The files that hold the tags of a data set; none where there are none."""
    for names in (_GENOME, (_CSV,), (_DAT,)):
        if all((folder / name).is_file() for name in names):
            return [taken(folder / name) for name in names]
    return []


class _Given(NamedTuple):
    """What a file says: rows of movie, tag (a place among `names`, null for what is no tag) and its weight."""

    rows: pl.DataFrame
    names: list[str]


def read(files: Sequence[File], item_ids: IdMap) -> tuple[Tags | None, list[Note]]:
    """Read the files of `beside`: the tags of the movies in `item_ids`, None without any; notes on what was dropped.

    Raises DataError, with file and line, for a file that cannot be read, and a relevance that is none.
    """
    if not files:
        return None, []
    rows, names = _by_relevance(*files) if len(files) == len(_GENOME) else _by_people(files[0])
    whole = rows.drop_nulls()
    items = _items(whole[MOVIE], item_ids)
    known = np.flatnonzero(items >= 0)
    dropped = [Note(_NOT_A_TAG, len(rows) - len(whole)), Note(_UNKNOWN_MOVIE, len(whole) - len(known))]
    tags, weights = (whole[column].to_numpy()[known] for column in (TAG, RELEVANCE))
    return _joined(names, items[known], tags, weights), [note for note in dropped if note.rows]


def _by_people(file: File) -> _Given:
    rows = _dat(file) if file.name == _DAT else delimited.read(file, _TAGS).rows
    tags, names = _folded(rows[TAG])
    # A person counts once per movie and tag, however often and in whatever case it was given.
    first = pl.struct(USER, MOVIE, TAG).is_first_distinct() | pl.any_horizontal(pl.col(MOVIE, TAG).is_null())
    given = rows.with_columns(tags, pl.lit(1.0, pl.Float32).alias(RELEVANCE)).filter(first)
    return _Given(given.select(MOVIE, TAG, RELEVANCE), names)


def _dat(file: File) -> pl.DataFrame:
    """User, movie and tag; a tag may itself hold colons. A line of another shape has none of them."""
    lines = pl.Series("line", [line for line in text_of(file).split("\n") if line.strip()], dtype=pl.String)
    fields = lines.str.extract_groups(_DAT_LINE).struct.unnest()
    return fields.rename(dict(zip(fields.columns, (USER, MOVIE, TAG), strict=True)))


def _by_relevance(scores_file: File, names_file: File) -> _Given:
    scores, named = delimited.read(scores_file, _SCORES), delimited.read(names_file, _NAMES).rows
    relevance = scores.rows[RELEVANCE].cast(pl.Float32, strict=False)
    scores.refuse(RELEVANCE, ~relevance.is_between(0, 1).fill_null(value=False), "is not a relevance from 0 to 1")
    tags, names = _folded(named[TAG])
    listed = pl.DataFrame([named[TAG_ID].cast(scores.rows[TAG_ID].dtype, strict=False), tags])
    listed = listed.drop_nulls().unique(TAG_ID, keep="first")
    tag = pl.col(TAG_ID).replace_strict(listed[TAG_ID], listed[TAG], default=None, return_dtype=tags.dtype)
    return _Given(scores.rows.select(MOVIE, tag.alias(TAG), relevance), names)


def _folded(texts: pl.Series) -> tuple[pl.Series, list[str]]:
    """Places among the names that occur, null for what is none; case and white space make no other tag."""
    folded = texts.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    folded = folded.set(~folded.str.len_chars().is_between(1, LONGEST_TAG), None)
    names = folded.drop_nulls().unique().sort()
    return folded.cast(pl.Enum(names)).to_physical().cast(pl.Int32), names.to_list()


def _items(movies: pl.Series, item_ids: IdMap) -> NDArray[np.int64]:
    """Item indexes of movie ids, -1 for those that are none."""
    if item_ids.is_text:
        return item_ids.index(movies.cast(pl.String).to_numpy().astype(np.str_))
    numbers = movies.cast(pl.Int64, strict=False)
    return np.where(numbers.is_null().to_numpy(), -1, item_ids.index(numbers.fill_null(0).to_numpy()))


def _joined(
    names: list[str], items: NDArray[np.int64], tags: NDArray[np.int32], weights: NDArray[np.float32]
) -> Tags | None:
    """One row per movie and tag; names that no known movie has stay without a row."""
    if not len(items):
        return None
    pairs, row_of = np.unique(items * len(names) + tags, return_inverse=True)
    item, tag = np.divmod(pairs, len(names))
    people = np.bincount(row_of, weights).astype(np.float32)
    return Tags(tuple(names), item.astype(np.int32), tag.astype(np.int32), people)
