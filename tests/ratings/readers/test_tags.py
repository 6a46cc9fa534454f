"""Tags beside the ratings: MovieLens' tags.csv, tags.dat and tag genome."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from latentlens.errors import DataError
from latentlens.ratings.readers import read
from latentlens.ratings.readers.tags_file import LONGEST_TAG
from latentlens.ratings.splits import most_active, random_split
from latentlens.ratings.table import Note, Ratings
from latentlens.ratings.tags import Tags

from .test_data_set import CSV, DAT, Files, as_folder, as_nested_zip, folder_of

HEADER = "userId,movieId,tag,timestamp\n"
CSV_TAGS = f'{HEADER}1,2,Film  Noir,9\n2,2,film noir,9\n2,2,FILM NOIR ,9\n2,10,"slow, very",9\n'
SCORES = "movieId,tagId,relevance\n2,1,0.5\n2,7,0.25\n10,1,1\n"
NAMES = "tagId,tag\n1,Film noir\n7,slow\n"


def tagged(tmp_path: Path, tags: str, others: Files = CSV) -> Ratings:
    return read(str(folder_of(tmp_path, {**others, "tags.csv": tags.encode()})))


def told(ratings: Ratings) -> dict[tuple[int | str, str], float]:
    """How many people (or how much relevance) stand behind each (movie, tag)."""
    tags = ratings.tags
    assert tags is not None
    movies = ratings.item_ids.values[tags.items].tolist()
    rows = zip(movies, tags.tags.tolist(), tags.people.tolist(), strict=True)
    return {(movie, tags.names[tag]): people for movie, tag, people in rows}


@pytest.mark.parametrize("pack", [as_folder, as_nested_zip])
def test_people_are_counted_once_per_movie_and_tag_whatever_the_case(
    tmp_path: Path, pack: Callable[[Path, Files], Path]
) -> None:
    ratings = read(str(pack(tmp_path, {**CSV, "tags.csv": CSV_TAGS.encode()})))
    assert told(ratings) == {(2, "film noir"): 2, (10, "slow, very"): 1}
    assert ratings.origin.notes == (Note("read", 3),)


def test_tags_dat_is_read_with_the_colons_that_tags_hold(tmp_path: Path) -> None:
    lines = "1::2::Mission: Impossible::9\n1::10::a::b::9\r\n\n1::2::cut off\n"
    ratings = read(str(folder_of(tmp_path, {**DAT, "tags.dat": lines.encode()})))
    assert told(ratings) == {(2, "mission: impossible"): 1, (10, "a::b"): 1}
    assert [note.rows for note in ratings.origin.notes if note.what.startswith("dropped: tags")] == [1]


def test_a_tag_genome_goes_before_tags(tmp_path: Path) -> None:
    genome = {"genome-scores.csv": SCORES.encode(), "genome-tags.csv": NAMES.encode()}
    ratings = tagged(tmp_path, CSV_TAGS, CSV | genome)
    assert told(ratings) == {(2, "film noir"): 0.5, (2, "slow"): 0.25, (10, "film noir"): 1}
    read_files = [CSV["ratings.csv"], CSV["movies.csv"], SCORES.encode(), NAMES.encode()]
    assert ratings.origin.sha256 == hashlib.sha256(b"".join(read_files)).hexdigest()


def test_half_a_genome_is_none(tmp_path: Path) -> None:
    assert told(tagged(tmp_path, CSV_TAGS, {**CSV, "genome-scores.csv": SCORES.encode()}))[2, "film noir"] == 2


def test_the_digest_covers_the_tags(tmp_path: Path) -> None:
    ratings = tagged(tmp_path, CSV_TAGS)
    whole = b"".join([*CSV.values(), CSV_TAGS.encode()])
    assert ratings.origin.sha256 == hashlib.sha256(whole).hexdigest()


def test_what_is_no_tag_or_of_no_movie_is_dropped_and_counted(tmp_path: Path) -> None:
    lines = (
        f'1,2,fine,9\n1,2,,9\n1,2," ",9\n1,,lost,9\n1,2,{"x" * (LONGEST_TAG + 1)},9\n1,77,unknown movie,9\n1,x,y,9\n'
    )
    ratings = tagged(tmp_path, HEADER + lines)
    assert told(ratings) == {(2, "fine"): 1}
    assert ratings.origin.notes[1:] == (
        Note("dropped: tags that are empty, longer than 100 characters, or without a movie", 4),
        Note("dropped: tags of movies that are neither rated nor listed", 2),
    )


@pytest.mark.parametrize("content", [HEADER, f"{HEADER}\n", f"{HEADER}1,77,nowhere,9\n"])
def test_without_a_tag_there_are_none(tmp_path: Path, content: str) -> None:
    assert tagged(tmp_path, content).tags is None


def test_movies_may_have_text_ids(tmp_path: Path) -> None:
    others = {"ratings.csv": b"userId,movieId,rating\nann,tt1,4\nbob,010,3\n"}
    tags = "userId,movieId,tag\nann,tt1,old\nann,010,new\nann,10,lost\n"
    assert told(tagged(tmp_path, tags, others)) == {("tt1", "old"): 1, ("010", "new"): 1}


def test_only_movielens_columns_bring_movielens_tags(tmp_path: Path) -> None:
    from latentlens.ratings.readers.format import Format

    folder_of(tmp_path, {"ratings.csv": b"reader,movieId,rating\n1,2,4\n", "tags.csv": b"anything"})
    assert read(str(tmp_path), Format(user_col="reader")).tags is None


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tags.csv", b"", "tags.csv is empty: give the whole file."),
        ("tags.csv", b"id,tag\n1,x\n", "tags.csv, line 1: no column userId, movieId among id, tag; add it, or remove"),
        ("tags.csv", f"{HEADER}1,2,one, two,9\n".encode(), "tags.csv, line 2 has more than 4 fields"),
        ("tags.csv", HEADER.encode() + b"1,2,caf\xe9,9\n", "tags.csv, line 2 is not UTF-8 text"),
        ("tags.csv", f'{HEADER}1,2,"open,9\n'.encode(), "look for a quote that is not closed"),
        (
            "genome-scores.csv",
            b"movieId,tagId,relevance\n2,1,much\n",
            "column relevance: 'much' is not a relevance",
        ),
        ("genome-scores.csv", b"movieId,tagId,relevance\n2,1,1.5\n", "line 2, column relevance: 1.5 is not a relev"),
        ("genome-scores.csv", b"movieId,tagId,relevance\n2,1,\n", "line 2, column relevance has no value"),
        ("genome-tags.csv", b"tagId\n1\n", "genome-tags.csv, line 1: no column tag among tagId"),
    ],
)
def test_what_is_wrong_with_a_file_of_tags_is_said_with_its_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    genome = {"genome-scores.csv": SCORES.encode(), "genome-tags.csv": NAMES.encode()}
    files = {**CSV, **(genome if name in genome else {}), name: content}
    with pytest.raises(DataError) as caught:
        read(str(folder_of(tmp_path, files)))
    assert message in str(caught.value)


def test_a_genome_tag_without_a_name_is_dropped_and_counted(tmp_path: Path) -> None:
    genome = {"genome-scores.csv": SCORES.encode(), "genome-tags.csv": b"tagId,tag\n1,noir\n1,again\n"}
    ratings = read(str(folder_of(tmp_path, CSV | genome)))
    assert told(ratings) == {(2, "noir"): 0.5, (10, "noir"): 1}
    assert ratings.origin.notes[-1].rows == 1


def test_tags_outlive_a_split_and_follow_the_movies_of_a_sample(tmp_path: Path) -> None:
    ratings = tagged(tmp_path, CSV_TAGS)
    assert random_split(ratings, 0.4).train.tags is ratings.tags
    sample = most_active(ratings, movies=1)  # movie 2, which both rated
    assert told(sample) == {(2, "film noir"): 2}


def test_taking_movies_numbers_them_and_their_tags_anew() -> None:
    tags = Tags(("a", "b", "c"), np.array([0, 2, 3]), np.array([0, 1, 2]), np.array([1, 2, 3]))
    taken = tags.take(np.array([2, 3]))
    assert taken.names == ("b", "c")
    assert [column.tolist() for column in taken[1:]] == [[0, 1], [0, 1], [2, 3]]


@pytest.mark.realdata
def test_the_tags_of_ml_latest_small_are_read_whole(movielens_small: Path) -> None:
    ratings = read(str(movielens_small))
    assert ratings.tags is not None
    assert int(ratings.tags.people.sum()) == 3683
    funny = ratings.tags.names.index("funny")
    assert ratings.catalogue.titles[ratings.tags.items[ratings.tags.tags == funny][0]]
