"""What a person likes and where movies are alike, on axes that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latentlens.explain.along_axes import alike, tastes, trait_spread
from latentlens.explain.axes import Axes, describe
from latentlens.explain.features import Features
from latentlens.recommenders.fitted import FittedModel

from .support import catalogue, model

N = 300


@pytest.fixture(scope="module")
def planted() -> FittedModel:
    """Axis 1 is War (positive) against Comedy, axis 2 Noir against nothing, axis 3 goes with nothing."""
    random = np.random.default_rng(0)
    traits = random.standard_normal((N, 3)) / (1 + np.arange(3))
    genres = {"War": traits[:, 0] > 0.5, "Comedy": traits[:, 0] < -0.5, "Noir": traits[:, 1] > 0.25}
    users = random.standard_normal((40, 3))
    users[0] = (2, -1, 0)
    return model(users, traits, catalogue(N, genres))


@pytest.fixture(scope="module")
def axes(planted: FittedModel) -> Axes:
    features = Features.of(planted.catalogue, planted.factors.item_counts)
    return describe(planted, features, np.array([[1.0, 1.0, 1.0]] * 5))


def test_a_taste_is_told_on_every_steady_axis_in_stars_of_a_typical_step(planted: FittedModel, axes: Axes) -> None:
    found = tastes(planted, axes, planted.vector_of(1))
    assert [one.axis.number for one in found] == [1, 2, 3]
    assert [one.taste for one in found] == [2, -1, 0]
    spread = planted.factors.item_factors.std(axis=0)
    assert [one.stars for one in found] == pytest.approx([2 * spread[0], -spread[1], 0], rel=1e-5)
    assert found[0].preferred.name == "War"
    assert found[1].preferred == axes.axes[1].negative
    unsteady = replace(axes, axes=tuple(replace(axis, matches=(0.0,)) for axis in axes.axes))
    assert tastes(planted, unsteady, planted.vector_of(1)) == ()


def test_movies_are_alike_where_both_are_near_one_end_of_a_named_axis(planted: FittedModel, axes: Axes) -> None:
    assert [axis.number for axis in axes.named] == [1, 2]
    traits = planted.factors.item_factors
    item = int(np.flatnonzero((traits[:, 0] > 1) & (traits[:, 1] < -0.5))[0])
    war = np.flatnonzero((traits[:, 0] > 1) & (traits[:, 1] > 0.5))[:3]
    both = np.flatnonzero((traits[:, 0] > 1) & (traits[:, 1] < -0.5))[1:3]
    comedy = np.flatnonzero((traits[:, 0] < -1) & (traits[:, 1] > 0.5))[:3]
    middle = np.flatnonzero((np.abs(traits[:, 0]) < 0.2) & (np.abs(traits[:, 1]) < 0.1))[:3]
    found = alike(planted, axes, item, np.concatenate([war, both, comedy, middle]))
    numbers = [[one.axis.number for one in ones] for ones in found]
    assert numbers == [*[[1]] * len(war), *[[1, 2]] * len(both), *[[]] * (len(comedy) + len(middle))]
    assert found[0][0].end.name == "War"
    assert found[len(war)][1].end == axes.axes[1].negative


def test_without_named_axes_no_movie_is_alike(planted: FittedModel, axes: Axes) -> None:
    assert alike(planted, replace(axes, axes=()), 0, np.array([1, 2])) == [(), ()]
    assert alike(planted, axes, 0, np.array([], int)) == []


def test_the_spread_of_rarely_rated_movies_is_that_of_all_that_are_rated(planted: FittedModel) -> None:
    few = replace(planted.factors, item_counts=np.where(np.arange(N) < 20, 2, 0))
    assert trait_spread(few) == pytest.approx(planted.factors.item_factors[:20].std(axis=0), rel=1e-5)
    assert trait_spread(replace(few, item_counts=np.zeros(N, int))).tolist() == [0, 0, 0]
