from __future__ import annotations

import csv
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from latentlens.ratings.readers import demo
from latentlens.ratings.readers.demo_words import AXES, DRAMA, OLD_TO_MODERN, OTHER_TAGS, Pole
from latentlens.ratings.splits import random_split
from latentlens.ratings.table import Note, Ratings

SEEDS = (42, 7)
POLES: list[Pole] = [DRAMA, *(pole for axis in AXES for pole in axis)]
Floats = NDArray[np.float64]


@pytest.fixture(scope="module", params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    chosen: int = request.param
    return chosen


@pytest.fixture(scope="module")
def ratings(seed: int) -> Ratings:
    return demo.make(seed)


@pytest.fixture(scope="module")
def planted(seed: int) -> demo.Planted:
    return demo.plant(seed)


def rmse(predicted: Floats, ratings: Ratings) -> float:
    return float(np.sqrt(np.mean((np.clip(predicted, 0.5, 5) - ratings.rating) ** 2)))


def biases_alone(train: Ratings, test: Ratings) -> Floats:
    """Predict the test rows by the mean and biases that alternating shrunken means find in the train rows."""
    mean = train.rating.mean(dtype=np.float64)
    user_bias, item_bias = np.zeros(train.n_users), np.zeros(train.n_items)
    for _ in range(10):
        left = train.rating - mean - user_bias[train.user_index]
        item_bias = np.bincount(train.item_index, left, train.n_items) / (train.item_counts + 3)
        left = train.rating - mean - item_bias[train.item_index]
        user_bias = np.bincount(train.user_index, left, train.n_users) / (train.user_counts + 5)
    predicted: Floats = mean + user_bias[test.user_index] + item_bias[test.item_index]
    return predicted


def test_the_same_seed_gives_the_same_bits(ratings: Ratings, seed: int) -> None:
    again = demo.make(seed)
    for column in ("user_index", "item_index", "rating", "timestamp"):
        assert getattr(again, column).tobytes() == getattr(ratings, column).tobytes()
    assert again.catalogue.titles == ratings.catalogue.titles
    assert again.catalogue.years.tobytes() == ratings.catalogue.years.tobytes()
    assert again.catalogue.genres.tobytes() == ratings.catalogue.genres.tobytes()
    assert again.tags is not None
    assert ratings.tags is not None
    assert again.tags.names == ratings.tags.names
    assert all(one.tobytes() == other.tobytes() for one, other in zip(again.tags[1:], ratings.tags[1:], strict=True))
    assert again.origin == ratings.origin


def test_another_seed_gives_another_data_set(ratings: Ratings, seed: int) -> None:
    other = demo.make(seed + 1)
    assert other.origin.sha256 != ratings.origin.sha256
    assert other.catalogue.titles != ratings.catalogue.titles


def test_the_origin_names_the_set_and_its_digest(ratings: Ratings) -> None:
    assert ratings.origin.name == "demo"
    assert re.fullmatch(r"[0-9a-f]{64}", ratings.origin.sha256)


def test_no_movie_is_rated_twice_by_one_person(ratings: Ratings) -> None:
    assert ratings.origin.notes == (Note("read", len(ratings)),)


def test_it_has_the_promised_size(ratings: Ratings) -> None:
    assert 90_000 <= len(ratings) <= 110_000
    np.testing.assert_array_equal(ratings.user_ids.values, np.arange(1, 1001))
    np.testing.assert_array_equal(ratings.item_ids.values, np.arange(1, 1201))


def test_ratings_are_half_stars_with_a_mean_near_three_and_a_half(ratings: Ratings) -> None:
    assert ratings.scale == (0.5, 5.0)
    np.testing.assert_array_equal(np.unique(ratings.rating), np.arange(0.5, 5.5, 0.5))
    assert ratings.rating.mean() == pytest.approx(3.5, abs=0.1)


def test_everybody_rated_twenty_movies_and_a_few_people_very_many(ratings: Ratings) -> None:
    assert ratings.user_counts.min() >= 20
    assert ratings.user_counts.max() > 4 * np.median(ratings.user_counts)


def test_most_movies_have_five_ratings_and_a_few_have_a_large_share(ratings: Ratings) -> None:
    assert np.mean(ratings.item_counts >= 5) > 0.95
    best_known = np.sort(ratings.item_counts)[-120:]  # a tenth of them
    assert best_known.sum() > 0.3 * len(ratings)


def test_user_1_has_a_decent_history_and_the_tastes_told(ratings: Ratings, planted: demo.Planted) -> None:
    assert ratings.user_ids.values[0] == 1
    assert ratings.user_counts[0] == demo.FIRST_USER_RATINGS
    told = np.array(demo.FIRST_USER_TASTES)
    # Whitening moves each taste a little.
    np.testing.assert_allclose(planted.tastes[0] / demo.TASTE_SD, told, atol=0.2)


def test_timestamps_rise_in_visits_within_2015_to_2024(ratings: Ratings) -> None:
    assert ratings.timestamp is not None
    years = ratings.timestamp.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    assert (years.min(), years.max()) == (2015, 2024)
    pauses = np.diff(ratings.timestamp)[np.diff(ratings.user_index) == 0]
    assert pauses.min() > 0
    within_a_visit = pauses < demo.MAX_PAUSE
    assert 0.8 < within_a_visit.mean() < 0.99
    assert np.median(pauses[~within_a_visit]) > demo.DAY


def test_the_longest_evening_ends_before_the_next_visit_can_start() -> None:
    assert demo.LATEST_START + demo.MAX_PAUSE * demo.MAX_RATINGS_PER_USER <= demo.DAY


def test_nobody_rates_a_movie_before_it_is_out(ratings: Ratings) -> None:
    assert ratings.timestamp is not None
    rated_in = ratings.timestamp.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    assert np.all(rated_in >= ratings.catalogue.years[ratings.item_index])


def test_years_span_1935_to_2024_and_follow_the_last_axis(ratings: Ratings, planted: demo.Planted) -> None:
    years = ratings.catalogue.years
    assert (years.min(), years.max()) == (1935, 2024)
    for axis in range(len(AXES)):
        correlation = np.corrcoef(planted.traits[:, axis], years)[0, 1]
        assert correlation > 0.8 if axis == OLD_TO_MODERN else abs(correlation) < 0.1


def test_titles_are_unique_and_whole(ratings: Ratings) -> None:
    titles = ratings.catalogue.titles
    assert len({title.casefold() for title in titles}) == len(titles) == 1200
    for title in titles:
        assert re.fullmatch(r"[A-Z][^{}]*[^{} ]", title)
        assert "the the" not in title.casefold()
        assert "  " not in title


@pytest.mark.parametrize("pole", POLES, ids=lambda pole: pole.name)
def test_no_pole_can_run_out_of_titles(pole: Pole) -> None:
    words = product(pole.patterns, pole.things, pole.places)
    titles = {pattern.format(thing=thing, place=place) for pattern, thing, place in words}
    # A movie is without a marked trait, so a drama, with probability .64 ** 5: 129 of 1200. Poles lead fewer.
    assert len(titles) > 400


@pytest.mark.realdata
def test_no_title_is_that_of_a_known_movie(ratings: Ratings, movielens_small: Path) -> None:
    def bare(title: str) -> str:
        return re.sub(r"\W|^(the|a|an) |, (the|a|an)$", "", title.casefold())

    with (movielens_small / "movies.csv").open(encoding="utf-8", newline="") as file:
        named = [re.sub(r"\s*\(\d{4}\)\s*$", "", row["title"]) for row in csv.DictReader(file)]
    # "Seven Samurai (Shichinin no samurai)" is known by either name.
    known = {bare(name) for title in named for name in (title, *re.split(r"\s*[()]\s*", title))}
    assert "sevensamurai" in known
    assert [title for title in ratings.catalogue.titles if bare(title) in known] == []


def test_every_genre_occurs_and_every_movie_has_one(ratings: Ratings) -> None:
    assert set(ratings.catalogue.genre_names) == {genre for pole in POLES for genre in pole.genres}
    assert ratings.catalogue.genres.any(axis=1).all()
    assert ratings.catalogue.genres.sum(axis=0).min() >= 30


@pytest.mark.parametrize("axis", range(len(AXES)))
def test_genres_follow_from_traits(ratings: Ratings, planted: demo.Planted, axis: int) -> None:
    for pole, sign in zip(AXES[axis], (-1, 1), strict=True):
        nearness = sign * planted.traits[:, axis]
        has_genre = ratings.catalogue.matching(genre=pole.genres[0])
        assert nearness[has_genre].min() > demo.PRONOUNCED
        is_strongest = np.abs(planted.traits).max(axis=1) == nearness
        assert has_genre[is_strongest & (nearness > demo.PRONOUNCED)].all()


def test_the_planted_axes_are_the_singular_vectors_of_the_affinity(planted: demo.Planted) -> None:
    # Orthonormal columns on both sides of a descending diagonal: that is a singular value decomposition.
    left = planted.tastes / demo.TASTE_SD / np.sqrt(1000)
    right = planted.traits / np.sqrt(1200)
    strength = np.array(demo.TASTE_SD) * np.sqrt(1000 * 1200)
    np.testing.assert_allclose(left.T @ left, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(right.T @ right, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(left @ np.diag(strength) @ right.T, planted.affinity, atol=1e-12)


def test_every_axis_is_clearly_stronger_than_the_next() -> None:
    variance = np.square(demo.TASTE_SD)
    assert np.all(variance[:-1] / variance[1:] > 1.4)


def test_axes_are_named_by_their_poles(planted: demo.Planted) -> None:
    assert planted.axis_names[0] == ("gritty crime", "family animation")
    assert len(planted.axis_names) == planted.traits.shape[1] == planted.tastes.shape[1] == 5


def test_knowing_the_tastes_beats_knowing_the_biases(ratings: Ratings, planted: demo.Planted) -> None:
    train, test, _ = random_split(ratings)
    oracle = rmse(planted.expected[test.user_index, test.item_index], test)
    bias_only = rmse(biases_alone(train, test), test)
    assert 0.69 < oracle < 0.75
    assert 0.90 < bias_only < 0.96
    # Of the variance that biases leave unexplained, taste explains a good third.
    assert 0.35 < 1 - oracle**2 / bias_only**2 < 0.50


@pytest.mark.parametrize("axis", range(len(AXES)))
def test_each_axis_alone_moves_ratings_as_planted(ratings: Ratings, planted: demo.Planted, axis: int) -> None:
    users, items = ratings.user_index, ratings.item_index
    pull = planted.tastes[users, axis] * planted.traits[items, axis]
    rest = ratings.rating - (planted.expected[users, items] - pull)
    slope = np.polyfit(pull, rest, 1)[0]
    # Below 1 because the scale ends at half a star and at five.
    assert 0.8 < slope < 1.02


def test_people_watch_a_little_more_of_what_they_like(ratings: Ratings, planted: demo.Planted) -> None:
    watched = planted.affinity[ratings.user_index, ratings.item_index]
    assert planted.affinity.mean() == pytest.approx(0, abs=1e-12)
    assert 0.05 < watched.mean() < 0.5 * planted.affinity.std()


def test_better_movies_are_watched_more(ratings: Ratings, planted: demo.Planted) -> None:
    correlation = np.corrcoef(planted.item_bias, np.log1p(ratings.item_counts))[0, 1]
    assert 0.1 < correlation < 0.6


def test_tags_are_words_of_the_movie_s_own_poles_or_of_none(ratings: Ratings, planted: demo.Planted) -> None:
    tags = ratings.tags
    assert tags is not None
    assert 0.5 * len(ratings) < demo.RATINGS_PER_TAG * tags.people.sum() < 1.5 * len(ratings)
    pole_of = {word: pole for pole in POLES for word in pole.tags}
    assert set(tags.names) == {*pole_of, *OTHER_TAGS}
    assert len(pole_of) == 3 * len(POLES)
    side = {pole: (axis, sign) for axis, poles in enumerate(AXES) for pole, sign in zip(poles, (-1, 1), strict=True)}
    for item, tag in zip(tags.items.tolist(), tags.tags.tolist(), strict=True):
        pole = pole_of.get(tags.names[tag])
        if pole in side:
            axis, sign = side[pole]
            assert planted.traits[item, axis] * sign > demo.PRONOUNCED


def test_making_it_needs_numpy_only() -> None:
    script = (
        "import sys; from latentlens.ratings.readers import demo; demo.make();"
        "sys.exit(' '.join({'polars', 'pandas', 'scipy', 'numba'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
