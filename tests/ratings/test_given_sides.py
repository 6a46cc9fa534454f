from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from latentlens.errors import DataError
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.given_sides import given_sides
from latentlens.ratings.table import Note, Origin, Ratings
from latentlens.ratings.tags import Tags


def side(name: str, *rows: tuple[Any, Any, float], **options: Any) -> Ratings:
    users, movies, ratings = (np.array(column) for column in zip(*rows, strict=True))
    return Ratings.of(users, movies, ratings, origin=Origin(name, name * 20), **options)


def rows_of(ratings: Ratings) -> list[tuple[Any, Any, float]]:
    users = ratings.user_ids.values[ratings.user_index].tolist()
    movies = ratings.item_ids.values[ratings.item_index].tolist()
    return list(zip(users, movies, ratings.rating.tolist(), strict=True))


TRAIN = side("base", (5, 20, 4.0), (9, 40, 2.0))
TEST = side("test", (5, 10, 1.0), (7, 40, 5.0))


def test_both_sides_keep_their_rows_over_one_set_of_ids_and_one_scale() -> None:
    train, test, rule = given_sides(TRAIN, TEST)
    assert rows_of(train) == rows_of(TRAIN)
    assert rows_of(test) == rows_of(TEST)
    for table in (train, test):
        assert table.user_ids.values.tolist() == [5, 7, 9]
        assert table.item_ids.values.tolist() == [10, 20, 40]
        assert table.scale == (1, 5)
        assert table.user_index.dtype == table.item_index.dtype == np.int32
    assert rule == "given, test, SHA-256 testtesttesttest"
    assert train.origin.notes == (
        Note("read", 2),
        Note("test: read", 2),
        Note("train side: given, test, SHA-256 testtesttesttest", 2),
    )


def test_a_pair_of_both_sides_stays_in_train_alone_and_is_counted() -> None:
    train, test, _ = given_sides(TRAIN, side("test", (5, 20, 1.0), (5, 40, 3.0)))
    assert rows_of(train) == rows_of(TRAIN)
    assert rows_of(test) == [(5, 40, 3.0)]
    assert Note("dropped from the test side: (user, movie) pairs of the train side", 1) in train.origin.notes


def test_a_test_side_that_is_all_in_train_is_refused() -> None:
    with pytest.raises(DataError, match="Every rating of base is in base too"):
        given_sides(TRAIN, TRAIN)


def test_ids_of_different_types_are_refused() -> None:
    with pytest.raises(DataError, match="base and texts have ids of different types"):
        given_sides(TRAIN, side("texts", ("5", "20", 1.0)))


def test_movies_are_named_by_the_train_side_or_else_by_the_test_side_and_tags_stay_with_theirs() -> None:
    ours = (np.array([20, 40]), Catalogue.of(["B", "D"], [2002, 2004], [["War"], []]))
    theirs = (np.array([10, 40]), Catalogue.of(["A", "other"], [2001, 1900], [["Noir"], ["War"]]))
    tagged = side("base", (5, 20, 4.0), (9, 40, 2.0), catalogue=ours)
    tagged = replace(tagged, tags=Tags(("grim",), np.array([1]), np.array([0]), np.array([3])))
    train, test, _ = given_sides(tagged, side("test", (5, 10, 1.0), (7, 40, 5.0), catalogue=theirs))
    for table in (train, test):
        assert table.catalogue.titles == ("A", "B", "D")
        assert table.catalogue.years.tolist() == [2001, 2002, 2004]
        assert [table.catalogue.genres_of(item) for item in range(3)] == [["Noir"], ["War"], []]
        assert table.tags is not None
        # Movie 40, which was the second and is the third.
        assert table.tags.items.tolist() == [2]
