"""The tastes planted in the demo set are found again by the preset that users get.

The measure, over the movies with at least 30 ratings, whose factors are known well:
- R²: how much of a planted trait the leading 8 item axes explain together, by least squares. None of the traits was
  ever seen by the fit, so there is nothing to hold out.
- |r|: the correlation of a planted trait with one item axis. Each planted axis must have an axis of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from latentlens.ratings.readers import demo
from latentlens.recommenders.presets import PRESETS

MIN_RATINGS = 30
LEADING = 8

Floats = NDArray[np.float64]


class Found(NamedTuple):
    """Movies with enough ratings: planted traits (n, 5), leading item axes (n, 8)."""

    traits: Floats
    axes: Floats


@pytest.fixture(scope="module", params=[42, 7], ids=["seed-42", "seed-7"])
def found(request: pytest.FixtureRequest) -> Found:
    ratings = demo.make(request.param)
    model = PRESETS["svd"].fit(ratings)
    known = ratings.item_counts >= MIN_RATINGS
    traits = demo.plant(request.param).traits[known]
    return Found(traits, model.factors.item_factors[known, :LEADING].astype(float))


def test_the_leading_axes_explain_each_planted_trait(found: Found) -> None:
    regressors = np.column_stack([found.axes, np.ones(len(found.axes))])
    for axis in range(found.traits.shape[1]):
        trait = found.traits[:, axis]
        residual = trait - regressors @ np.linalg.lstsq(regressors, trait)[0]
        assert 1 - residual.var() / trait.var() > 0.6


def test_each_planted_axis_has_an_axis_of_its_own(found: Found) -> None:
    n_planted = found.traits.shape[1]
    correlation = np.abs(np.corrcoef(found.traits.T, found.axes.T)[:n_planted, n_planted:])
    own = correlation.argmax(axis=1)
    # The planted tastes grow ever weaker, and so do the axes: the strongest comes first.
    assert own.tolist() == list(range(n_planted))
    assert (correlation.max(axis=1) > [0.9, 0.85, 0.75, 0.7, 0.7]).all()
    for axis, column in enumerate(own):
        others = np.delete(correlation[:, column], axis)
        assert others.max() < 0.5


def test_what_is_not_planted_gets_no_axis_that_counts(found: Found) -> None:
    n_planted = found.traits.shape[1]
    strengths = found.axes.var(axis=0)
    assert strengths[n_planted:].max() < 0.5 * strengths[:n_planted].min()
