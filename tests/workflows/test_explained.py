"""What a training says of its model's why: what applies, and nothing that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.recommenders.support import small_sides

from latentlens.evaluation.findings import Finding
from latentlens.explain.axes import Axes
from latentlens.ratings.splits import most_active
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD
from latentlens.workflows.explained import Explained, explained
from latentlens.workflows.model_card import model_card
from latentlens.workflows.prepare import prepare

TUNED = replace(PRESETS["tuned"], n_factors=8)
OF_AXES = {"axes_steady", "axes_named", "axes_named_share"}
OF_REASONS = {"deletion_ratio", "influence_correlation"}


@pytest.fixture(scope="module")
def train() -> Ratings:
    return prepare("demo", most_active_users=400).train


@pytest.fixture(scope="module")
def found(train: Ratings) -> Explained:
    return explained(TUNED.fit(train), TUNED, train, n_refits=2)


def test_axes_are_described_with_tags_and_measured(found: Explained) -> None:
    axes = found.axes
    assert axes is not None
    assert set(found.metrics) == OF_AXES | OF_REASONS
    assert found.metrics["axes_steady"] == len(axes.stable) >= 3
    assert found.metrics["axes_named"] == len(axes.named) >= 3
    assert found.metrics["axes_named_share"] == pytest.approx(sum(axis.variance_share for axis in axes.named))
    assert found.metrics["deletion_ratio"] > 3
    assert found.metrics["influence_correlation"] > 0.99
    assert any(entry.kind == "tag" for axis in axes.named for entry in axis.evidence)
    assert all(len(axis.matches) == 2 for axis in axes.axes)


def test_the_beginning_and_every_refit_are_told(train: Ratings) -> None:
    told: list[tuple[int, int]] = []
    explained(TUNED.fit(train), TUNED, train, 2, lambda done, n: told.append((done, n)))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_without_refits_there_are_no_axes_but_reasons(train: Ratings) -> None:
    found = explained(TUNED.fit(train), TUNED, train, n_refits=0)
    assert found.axes is None
    assert set(found.metrics) == OF_REASONS


def test_a_model_that_keeps_trained_vectors_has_axes_but_no_reasons(train: Ratings) -> None:
    config = SVD(n_factors=4, n_epochs=3, random_state=0)
    assert set(explained(config.fit(train), config, train, n_refits=1).metrics) == OF_AXES


def test_a_model_without_factors_has_neither(train: Ratings) -> None:
    assert explained(BiasOnly().fit(train), BiasOnly(), train, n_refits=5) == Explained(None, {})


def test_of_a_few_ratings_nothing_is_measured_that_cannot_be() -> None:
    few = most_active(small_sides().train, users=3, movies=8)
    found = explained(TUNED.fit(few), TUNED, few, n_refits=1)
    assert set(found.metrics) == OF_AXES
    assert found.metrics["axes_named"] == 0


def card(axes: Axes | None, metrics: dict[str, float], train: Ratings, findings: tuple[Finding, ...] = ()) -> str:
    errors = {"rmse": 0.8, "mae": 0.6, "bias_rmse": 0.9, "popularity_rmse": 1.0}
    return model_card(TUNED.fit(train), {**errors, **metrics}, axes, findings, train, train)


def test_the_model_card_has_the_findings_and_what_lists_are_worth(train: Ratings) -> None:
    lists = {"ndcg_at_10": 0.33, "popularity_ndcg_at_10": 0.16, "recall_at_10": 0.2, "coverage_at_10": 0.05}
    text = card(None, {**lists, "n_users_with_a_list": 1234}, train, (Finding("LL009", "title", "Seen.", "Do."),))
    assert "\n- **LL009 title.** Seen. Do.\n" in text
    assert "| lists of ten for 1,234 users |" in text
    assert "| **this model** | **0.3300** | 0.2000 | 5.0% |" in text
    none = card(None, {}, train)
    assert "No finding" in none
    assert "lists of ten" not in none


def test_the_model_card_names_the_axes_and_says_what_a_name_is_worth(train: Ratings, found: Explained) -> None:
    text = card(found.axes, {"deletion_ratio": 4.26}, train)
    assert found.axes is not None
    assert all(str(axis.name) in text for axis in found.axes.named)
    assert "It is a correlation,\nnot a reason" in text
    assert "moves its score 4.3 times as\nmuch as" in text


def test_the_model_card_calls_noise_noise(train: Ratings, found: Explained) -> None:
    assert found.axes is not None
    unsteady = tuple(replace(axis, matches=(0.1, 0.1)) for axis in found.axes.axes)
    text = card(replace(found.axes, axes=unsteady), {}, train)
    assert "The axes of this model are noise" in text
    assert "| axis |" not in text
    assert "## What the axes mean" not in card(None, {}, train)


def test_a_genre_with_a_bar_in_its_name_does_not_break_the_table(found: Explained, train: Ratings) -> None:
    assert found.axes is not None
    first = found.axes.axes[0]
    barred = replace(first, negative=replace(first.negative, name="a|b"), positive=replace(first.positive, name="c"))
    text = card(replace(found.axes, axes=(barred,)), {}, train)
    assert r"a\|b ↔ c" in text
