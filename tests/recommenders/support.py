"""Ratings small enough to fit in a blink, and the way from them to scikit-surprise."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from surprise import Dataset, Reader, Trainset

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.table import Ratings

N_USERS, N_MOVIES = 41, 60
# Each is in the data set, but has no rating on the train side.
ABSENT_USER, ABSENT_MOVIE = 41, 130
# In the catalogue, but nobody rated it.
UNRATED_MOVIE = 999
GENRES = (("Comedy",), ("Drama",), ("Drama", "Mystery"))


class Sides(NamedTuple):
    """Two sets of ratings that share their ids."""

    train: Ratings
    test: Ratings


def user_id(number: int, *, text: bool) -> int | str:
    return f"u{number}" if text else number


def movie_id(number: int, *, text: bool) -> int | str:
    return f"m{number}" if text else number


def small_sides(*, text: bool = False) -> Sides:
    """Users 1-41 rate movies 101-160: odd users like odd movies, by half stars from 0.5 to 5.

    Movie 101 + i is "Story i" of 1961 + i; its genres go round in `GENRES`. As text, ids are "u1" and "m101".
    """
    random = np.random.default_rng(7)
    chance = np.linspace(0.8, 0.3, N_MOVIES)
    users, movies = np.nonzero(random.random((N_USERS, N_MOVIES)) < chance)
    alike = (users + movies) % 2 == 0
    stars = np.clip(np.round(2 * random.normal(np.where(alike, 4.0, 2.5), 0.7)) / 2, 0.5, 5)
    movie_numbers = np.array([*range(101, 101 + N_MOVIES), UNRATED_MOVIE])
    catalogue = Catalogue.of(
        [*(f"Story {i}" for i in range(N_MOVIES)), "Untold"],
        [*range(1961, 1961 + N_MOVIES), 2030],
        [*(GENRES[i % 3] for i in range(N_MOVIES)), ("Horror",)],
    )

    def named(letter: str, numbers: NDArray[np.int64]) -> NDArray[Any]:
        return np.array([f"{letter}{number}" for number in numbers]) if text else numbers

    ratings = Ratings.of(
        named("u", users + 1),
        named("m", movie_numbers[movies]),
        stars,
        scale=(0.5, 5.0),
        catalogue=(named("m", movie_numbers), catalogue),
    )
    on_test = random.random(len(ratings)) < 0.2
    on_test |= (users + 1 == ABSENT_USER) | (movie_numbers[movies] == ABSENT_MOVIE)
    return Sides(ratings.take(np.flatnonzero(~on_test), "train"), ratings.take(np.flatnonzero(on_test), "test"))


def raw_rows(ratings: Ratings) -> list[tuple[Any, Any, float]]:
    """User id, movie id and rating of each row, in the order of the rows."""
    users, movies = ratings.user_ids.values[ratings.user_index], ratings.item_ids.values[ratings.item_index]
    return list(zip(users.tolist(), movies.tolist(), ratings.rating.tolist(), strict=True))


def surprise_trainset(ratings: Ratings) -> Trainset:
    """The same rows for scikit-surprise, in the same order."""
    dataset = Dataset(Reader(rating_scale=ratings.scale))
    return dataset.construct_trainset([(*row, None) for row in raw_rows(ratings)])
