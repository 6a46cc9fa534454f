"""Axis cards: planted axes are found and named, noise is called noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.explain.axes import FOUND_AGAIN, LEADING, WELL_KNOWN, Axes, axes_of, describe
from latentlens.explain.features import MIN_RATINGS, Features
from latentlens.explain.stability import refit_matches
from latentlens.ratings import readers
from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.readers import demo, demo_words
from latentlens.ratings.splits import random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD

from .support import catalogue, model

N = 300
POLES = [pole for axis in demo_words.AXES for pole in axis]
MOVIE = {"movie_id": 1, "title": "Heat", "year": None, "trait": 0.0, "n_ratings": 1}


def planted(n: int = N, k: int = 3, seed: int = 0, **changes: Any) -> FittedModel:
    """Axis 0 is War (positive) against Comedy, axis 1 goes with nothing."""
    random = np.random.default_rng(seed)
    traits = random.standard_normal((n, k)) / (1 + np.arange(k))
    genres = {"War": traits[:, 0] > 0.5, "Comedy": traits[:, 0] < -0.5}
    return model(random.standard_normal((40, k)), traits, catalogue(n, genres), **changes)


def described(n: int = N, k: int = 3, seed: int = 0, match: float = 1.0, **changes: Any) -> Axes:
    """The axes of `planted`; all match equally."""
    made = planted(n, k, seed, **changes)
    features = Features.of(made.catalogue, made.factors.item_counts)
    return describe(made, features, np.full((5, k), match))


def test_a_planted_axis_is_named_with_its_evidence() -> None:
    axes = described()
    first, second, _ = axes.axes
    assert first.name == "Comedy ↔ War"
    assert {entry.feature for entry in first.evidence[:2]} == {"War", "Comedy"}
    assert all(entry.p < 0.05 for entry in first.evidence)
    assert first.r2 > 0.5
    assert second.name is None
    assert second.evidence == ()
    assert axes.named == (first,)


def test_an_unstable_axis_is_never_named_and_never_tested() -> None:
    axes = described(match=FOUND_AGAIN - 0.01)
    assert axes.stable == axes.named == ()
    assert axes.n_comparisons == 0
    assert axes.axes[0].r2 > 0.5  # however well genres explain it
    assert axes.axes[0].confidence == "unstable: found again in 0 of 5 refits"


@pytest.mark.parametrize(
    ("again", "stable", "words"),
    [
        (5, True, "steady: found again in 5 of 5 refits"),
        (3, True, "fairly steady: found again in 3 of 5 refits"),
        (2, False, "unstable: found again in 2 of 5 refits"),
    ],
)
def test_confidence_is_how_many_refits_found_the_axis(again: int, stable: bool, words: str) -> None:
    random = np.random.default_rng(0)
    movies = catalogue(N, {})
    made = model(random.standard_normal((9, 1)), random.standard_normal((N, 1)), movies)
    matches = np.where(np.arange(5) < again, 0.95, 0.5)[:, None]
    (axis,) = describe(made, Features.of(movies, made.factors.item_counts), matches).axes
    assert axis.stable == stable
    assert axis.confidence == words


def test_without_refits_nothing_is_named() -> None:
    random = np.random.default_rng(0)
    movies = catalogue(N, {})
    made = model(random.standard_normal((9, 2)), random.standard_normal((N, 2)), movies)
    axes = describe(made, Features.of(movies, made.factors.item_counts), np.zeros((0, 2)))
    assert axes.named == ()
    assert axes.axes[0].confidence == "not tested: no refit was made"


def test_the_movies_at_the_poles_are_well_known_and_come_by_their_trait() -> None:
    counts = MIN_RATINGS + np.arange(3 * WELL_KNOWN)
    axis = described(n=3 * WELL_KNOWN, counts=counts).axes[0]
    for pole, sign in ((axis.negative, -1), (axis.positive, 1)):
        traits = [sign * movie.trait for movie in pole.movies]
        assert traits == sorted(traits, reverse=True)
        assert traits[-1] > 0
        assert min(movie.n_ratings for movie in pole.movies) >= MIN_RATINGS + 2 * WELL_KNOWN


def test_shares_are_of_all_that_taste_adds() -> None:
    axes = described(k=3)
    assert sum(axis.variance_share for axis in axes.axes) == pytest.approx(1)
    assert len(described(k=LEADING + 5).axes) <= LEADING


def test_axes_survive_json() -> None:
    axes = described()
    assert Axes.from_json(json.loads(json.dumps(axes.to_json()))) == axes


@pytest.mark.parametrize("document", [{}, [], {"format": 99, "axes": []}])
def test_another_format_is_refused_with_a_sentence(document: Any) -> None:
    with pytest.raises(ValueError, match=r"axes\.json has format .*, this version reads format 1"):
        Axes.from_json(document)


def test_a_damaged_document_is_refused_with_a_sentence() -> None:
    document = described().to_json()
    del document["axes"][0]["negative"]
    with pytest.raises(ValueError, match=r"axes\.json lacks what an axis needs: KeyError\('negative'\)"):
        Axes.from_json(document)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "first"},
        {"r2": float("nan")},
        {"matches": None},
        {"positive": {"name": 7, "movies": []}},
        {"positive": {"name": None, "movies": [{}]}},
        {"positive": {"name": None, "movies": [{**MOVIE, "movie_id": {}}]}},
        {"positive": {"name": None, "movies": [{**MOVIE, "year": []}]}},
        {"evidence": [{"feature": ["War"], "kind": "genre", "r": 1.0, "p": 0.0}]},
        {"variance_share": 10**400},
    ],
)
def test_an_axis_that_says_what_cannot_be_is_refused_with_a_sentence(changes: dict[str, Any]) -> None:
    document = described().to_json()
    document["axes"] = [{**document["axes"][0], **changes}]
    with pytest.raises(ValueError, match=r"axes\.json lacks what an axis needs"):
        Axes.from_json(document)


def test_a_model_gives_back_the_axes_that_it_carries_and_no_others() -> None:
    axes = described()
    assert axes_of(planted()) is None
    assert axes_of(planted(extra={"axes.json": axes.to_json()})) == axes
    with pytest.raises(
        ValueError, match=r"describes the axes \[1, 2, 3\], which are not the leading ones of this model"
    ):
        axes_of(planted(k=2, extra={"axes.json": axes.to_json()}))


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 60), st.integers(0, 15), st.floats(0, 1), st.integers(0, 10_000))
def test_any_model_can_be_described(n: int, k: int, known: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    movies = catalogue(n, {"War": random.random(n) < 0.5, "All": np.ones(n, dtype=bool)}, random.choice([0, 1999], n))
    counts = np.where(random.random(n) < known, MIN_RATINGS, random.integers(0, 3, n))
    made = model(
        random.standard_normal((7, k)), random.standard_normal((n, k)) * (random.random(k) < 0.8), movies, counts
    )
    axes = describe(made, Features.of(movies, counts), np.ones((2, k)))
    assert Axes.from_json(json.loads(json.dumps(axes.to_json()))) == axes
    assert sum(axis.variance_share for axis in axes.axes) <= 1 + 1e-6
    assert all(axis.stable for axis in axes.axes)


@pytest.mark.parametrize("seed", [42, 7])
def test_the_tastes_planted_in_the_demo_set_are_found_and_named(seed: int) -> None:
    ratings = demo.make(seed)
    model = PRESETS["svd"].fit(ratings)
    matches = refit_matches(model, PRESETS["svd"], ratings)
    axes = describe(model, Features.of(model.catalogue, ratings.item_counts, ratings.tags), matches)
    named = axes.named[: len(demo_words.AXES)]
    assert [axis.number for axis in named] == [1, 2, 3, 4, 5]
    for axis, planted in zip(named, demo_words.AXES, strict=True):
        found = {end.name for end in (axis.negative, axis.positive) if end.name}
        # Each pole is named by a genre of its own, in whatever direction the axis points.
        for pole in planted:
            assert [name for name in found if set(name.split(", ")) & set(pole.genres)]
        assert axis.stable
        # So are the tags of each pole, at the same end as its genre.
        r = {entry.feature: entry.r for entry in axis.evidence}
        for pole in planted:
            assert r[pole.tags[0]] * r[pole.genres[0]] > 0
    assert any(tag in str(axis.name) for axis in named for pole in POLES for tag in pole.tags)


def test_steady_axes_of_ratings_without_tastes_are_not_named() -> None:
    # A fit may find the same noise from every seed: steady alone does not mean that there is something.
    random = np.random.default_rng(0)
    users, movies = np.divmod(np.arange(200 * 100), 100)
    genres = [["War", "Comedy", "Drama"][i % 3 : i % 3 + 1] for i in range(100)]
    catalogued = (np.arange(100), Catalogue.of([f"Film {i}" for i in range(100)], [1990] * 100, genres))
    noise = random.integers(1, 11, len(users)) / 2
    ratings = Ratings.of(users, movies, noise, scale=(0.5, 5.0), catalogue=catalogued)
    config = SVD(n_factors=5, n_epochs=20, lr_all=0.02, random_state=0)
    model = config.fit(ratings)
    axes = describe(model, Features.of(model.catalogue, ratings.item_counts), refit_matches(model, config, ratings))
    assert axes.stable
    assert axes.named == ()
    assert max(axis.r2 for axis in axes.axes) < 0.1


@pytest.mark.realdata
def test_on_real_ratings_the_tuned_axes_are_steady_and_those_of_surprises_defaults_are_noise(
    movielens_small: Path,
) -> None:
    train = random_split(readers.read(str(movielens_small)), 0.2, seed=42).train
    found = {}
    for name in ("tuned", "surprise"):
        model = PRESETS[name].fit(train)
        matches = refit_matches(model, PRESETS[name], train)
        found[name] = describe(model, Features.of(model.catalogue, train.item_counts), matches)
    assert [axis.number for axis in found["tuned"].stable][:3] == [1, 2, 3]
    assert found["tuned"].named
    assert found["surprise"].axes
    assert found["surprise"].stable == found["surprise"].named == ()
