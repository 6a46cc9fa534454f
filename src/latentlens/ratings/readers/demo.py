"""The demo set: a thousand invented people with planted tastes rate invented movies, from a seed, offline.

It is made the way ratings are thought to arise. Movies have traits, people have tastes for them; people
come by on some evenings, pick movies that are popular, out by then and, a little, to their taste, and rate
them by quality, kindness and taste, with noise. `plant` returns what training should find again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.readers.demo_words import AXES, DRAMA, OLD_TO_MODERN, OTHER_TAGS, Pole
from latentlens.ratings.table import Origin, Ratings
from latentlens.ratings.tags import Tags

N_USERS = 1000
N_MOVIES = 1200
N_RATINGS = 100_000
MIN_RATINGS_PER_USER = 20
MAX_RATINGS_PER_USER = 500
SCALE = (0.5, 5.0)
YEARS = (1935, 2024)

# In stars, so that the parts of a rating can be compared: see the module's test for what they add up to.
GLOBAL_MEAN = 3.25
USER_BIAS_SD = 0.36
ITEM_BIAS_SD = 0.40
TASTE_SD = (0.46, 0.37, 0.30, 0.24, 0.20)  # far enough apart for each axis to be told from the next
NOISE_SD = 0.75

# Whom everybody tries first: fond of family animation, space and adventure (in multiples of TASTE_SD).
FIRST_USER_TASTES = (1.0, -0.9, 0.2, 0.8, 0.0)
FIRST_USER_RATINGS = 120

# What makes a movie watched: one star more to a person's taste makes it exp(0.5) times as likely.
TASTE_IN_CHOICE = 0.5
QUALITY_IN_CHOICE = 0.8
POPULARITY_SD = 1.0

PRONOUNCED = 0.8  # a movie belongs to a pole from here on; at the very end it has the pole's second genre
VERY_END = 1.6

# One rating in so many comes with a tag; some tags say nothing of the movie's traits.
RATINGS_PER_TAG = 15
OTHER_TAGS_SHARE = 0.3

N_VISITS = 12
FIRST_DAY = np.datetime64("2015-01-01")
LAST_DAY = np.datetime64("2024-12-31")
MEAN_STAY = 600  # days
# In seconds.
DAY = 86_400
LATEST_START = DAY // 2 - 3600
MAX_PAUSE = 90

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Planted:
    """What lies behind the ratings, in stars where not said otherwise; user u has id u + 1, movie i id i + 1.

    traits: (n_movies, n_axes), each column of mean 0 and variance 1, columns uncorrelated.
    tastes: (n_users, n_axes), stars per unit of trait; columns uncorrelated, mean 0, ever smaller variance.
    So the axes are the singular vectors of `affinity`, in this order.
    user_bias: (n_users,); item_bias: (n_movies,).
    axis_names: the negative and the positive end of each axis.
    """

    traits: Floats
    tastes: Floats
    user_bias: Floats
    item_bias: Floats
    axis_names: tuple[tuple[str, str], ...]

    @cached_property
    def affinity(self) -> Floats:
        """(n_users, n_movies) stars that taste adds or takes."""
        return self.tastes @ self.traits.T

    @cached_property
    def expected(self) -> Floats:
        """(n_users, n_movies) rating before noise, rounding and clipping: nobody can predict better."""
        return GLOBAL_MEAN + self.user_bias[:, None] + self.item_bias + self.affinity


def make(seed: int = 42) -> Ratings:
    """Make the demo set: about 100,000 half-star ratings, and tags; the same seed (0 or above) gives the same bits."""
    planted = plant(seed)
    _, rng, tagging = _streams(seed)
    years = _years(planted.traits[:, OLD_TO_MODERN], rng)
    catalogue = _catalogue(planted.traits, years, rng)
    released = (years - 1970).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
    visits = _visits(rng)
    users, movies = _choices(planted, released, visits, rng)
    users, movies, timestamps = _in_time(users, movies, released, visits, rng)
    stars = _stars(planted.expected[users, movies], rng)
    movie_ids = np.arange(1, N_MOVIES + 1)
    tags = _tags(planted.traits, movies, tagging)
    ratings = Ratings.of(
        users + 1,
        movies + 1,
        stars,
        timestamps,
        scale=SCALE,
        catalogue=(movie_ids, catalogue),
        origin=Origin("demo", _sha256(users + 1, movies + 1, stars, timestamps, catalogue, tags)),
    )
    return replace(ratings, tags=tags)


def plant(seed: int = 42) -> Planted:
    """Draw the traits, tastes and biases behind `make(seed)`."""
    rng = _streams(seed)[0]
    shape = (N_MOVIES, len(AXES))
    # Most movies have one to three marked traits, and little of the others: that is what makes a genre.
    marked = rng.choice((-1.0, 0.0, 1.0), size=shape, p=(0.14, 0.72, 0.14))
    leanings = rng.standard_normal((N_USERS, len(AXES)))
    leanings[0] = FIRST_USER_TASTES
    return Planted(
        traits=_whitened(1.4 * marked + 0.3 * rng.standard_normal(shape)),
        tastes=_whitened(leanings) * TASTE_SD,
        user_bias=USER_BIAS_SD * rng.standard_normal(N_USERS),
        item_bias=ITEM_BIAS_SD * rng.standard_normal(N_MOVIES),
        axis_names=tuple((negative.name, positive.name) for negative, positive in AXES),
    )


def _streams(seed: int) -> list[np.random.Generator]:
    """Give streams of random numbers to `plant`, to the ratings that `make` makes, and to their tags."""
    return np.random.default_rng(seed).spawn(3)


def _whitened(columns: Floats) -> Floats:
    """Shift and mix columns a little, so that mean 0, variance 1 and no correlation hold exactly."""
    centred = columns - columns.mean(axis=0)
    lower = np.linalg.cholesky(centred.T @ centred / len(columns))
    return np.linalg.solve(lower, centred.T).T


def _years(modernity: Floats, rng: np.random.Generator) -> Ints:
    """Give the most modern movies the latest years; recent years hold more movies than early ones."""
    rank = np.argsort(np.argsort(modernity + 0.4 * rng.standard_normal(N_MOVIES)))
    earliest, latest = YEARS
    return latest - ((latest - earliest + 1) * (1 - (rank + 1) / N_MOVIES) ** 1.3).astype(np.int64)


def _catalogue(traits: Floats, years: Ints, rng: np.random.Generator) -> Catalogue:
    genres_of: dict[str, list[str]] = {}
    for row in traits:
        poles = _poles(row)
        lead, setting = poles[0], poles[:2][-1]
        # This ends: every pole can make over 400 titles, and leads some 120 movies.
        while (title := lead.title(setting, rng)) in genres_of:
            pass
        genres_of[title] = [pole.genres[0] for pole in poles]
        if np.abs(row).max() > VERY_END:
            genres_of[title].extend(lead.genres[1:])
    return Catalogue.of(tuple(genres_of), years.tolist(), tuple(genres_of.values()))


def _poles(traits: Floats) -> list[Pole]:
    """The one to three poles that a movie belongs to, nearest first."""
    nearest = np.argsort(-np.abs(traits))[:3]
    return [AXES[axis][int(traits[axis] > 0)] for axis in nearest if abs(traits[axis]) > PRONOUNCED] or [DRAMA]


def _visits(rng: np.random.Generator) -> Ints:
    """Draw when each person comes by: (n_users, N_VISITS) seconds, ascending, on days of their own."""
    n_days = int((LAST_DAY - FIRST_DAY).astype(np.int64)) + 1
    joined = rng.integers(n_days - N_VISITS, size=N_USERS)
    stays = np.minimum(rng.exponential(MEAN_STAY, N_USERS), n_days - N_VISITS - joined)
    days = np.sort(rng.random((N_USERS, N_VISITS)) * stays[:, None], axis=1).astype(np.int64)
    days += joined[:, None] + np.arange(N_VISITS)
    return (FIRST_DAY.astype(np.int64) + days) * DAY + rng.integers(LATEST_START, size=days.shape)


def _choices(planted: Planted, released: Ints, visits: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw who watches what: users ascending, and their movies."""
    popularity = POPULARITY_SD * rng.standard_normal(N_MOVIES) + QUALITY_IN_CHOICE * planted.item_bias
    # Gumbel noise: the n highest are n draws without replacement, in proportion to exp(appeal).
    appeal = popularity + TASTE_IN_CHOICE * planted.affinity + rng.gumbel(size=(N_USERS, N_MOVIES))
    appeal[released > visits[:, -1:]] = -np.inf
    watched = np.arange(N_MOVIES) < _activity(rng)[:, None]
    return np.nonzero(watched)[0], np.argsort(-appeal, axis=1)[watched]


def _activity(rng: np.random.Generator) -> Ints:
    """How many movies each person rates: a few rate very many."""
    beyond = rng.lognormal(sigma=1.0, size=N_USERS)
    beyond *= (N_RATINGS - MIN_RATINGS_PER_USER * N_USERS) / beyond.sum()
    activity = np.minimum(MIN_RATINGS_PER_USER + beyond.astype(np.int64), MAX_RATINGS_PER_USER)
    activity[0] = FIRST_USER_RATINGS
    return activity


def _in_time(
    users: Ints, movies: Ints, released: Ints, visits: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Spread each person's movies over the visits, none before it is out; most on the first that can be."""
    missed = (visits[users] < released[movies, None]).sum(axis=1)
    visit = missed + ((N_VISITS - missed) * rng.random(len(users)) ** 2).astype(np.int64)
    order = np.lexsort((rng.random(len(users)), visit, users))
    users, movies, visit = users[order], movies[order], visit[order]
    clock = np.cumsum(rng.integers(8, MAX_PAUSE, size=len(users)))
    clock -= clock[np.searchsorted(users, users)]
    # MAX_PAUSE * MAX_RATINGS_PER_USER + LATEST_START stays within a day: time never runs backwards.
    return users, movies, visits[users, visit] + clock


def _stars(expected: Floats, rng: np.random.Generator) -> Floats:
    felt = expected + NOISE_SD * rng.standard_normal(len(expected))
    return np.clip(np.round(felt * 2) / 2, *SCALE)


def _tags(traits: Floats, watched: Ints, rng: np.random.Generator) -> Tags:
    """Let some viewers of each movie call it by a word of one of its poles, or by any."""
    given: Counter[tuple[str, int]] = Counter()
    for movie in watched[rng.random(len(watched)) < 1 / RATINGS_PER_TAG].tolist():
        poles = _poles(traits[movie])
        words = OTHER_TAGS if rng.random() < OTHER_TAGS_SHARE else poles[rng.integers(len(poles))].tags
        # Squared, so that the first words are the usual ones.
        given[words[int(len(words) * rng.random() ** 2)], movie] += 1
    names = sorted({name for name, _ in given})
    number = {name: j for j, name in enumerate(names)}
    tags, items, people = np.array(
        sorted((number[name], movie, n) for (name, movie), n in given.items()), dtype=np.int32
    ).T
    return Tags(tuple(names), items, tags, people)


def _sha256(users: Ints, movies: Ints, stars: Floats, timestamps: Ints, catalogue: Catalogue, tags: Tags) -> str:
    digest = hashlib.sha256()
    columns: tuple[NDArray[Any], ...] = (users, movies, stars, timestamps, catalogue.years, catalogue.genres, *tags[1:])
    for column in columns:
        digest.update(column.tobytes())
    digest.update("\n".join((*catalogue.titles, *catalogue.genre_names, *tags.names)).encode())
    return digest.hexdigest()
