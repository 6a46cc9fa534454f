"""Errors by number of train ratings, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from latentlens.evaluation.rating_metrics import rmse
from latentlens.evaluation.slices import mean_by_count, rmse_by_count


def test_rows_are_sliced_by_the_ratings_behind_them() -> None:
    counts = np.array([0, 1, 2, 3, 9, 10, 500_000])
    actual = np.full(7, 3.0)
    predicted = np.array([4.0, 3.0, 5.0, 3.5, 3.5, 2.0, 3.0])
    slices = rmse_by_count(counts, actual, predicted)
    assert [found.label for found in slices] == ["0", "1–2", "3–9", "10–29", "100,000+"]
    assert [found.n_rows for found in slices] == [1, 2, 2, 1, 1]
    # sqrt((0 + 4) / 2) for the two rows with one and two ratings.
    assert [found.value for found in slices] == pytest.approx([1.0, 2**0.5, 0.5, 1.0, 0.0])


def test_slices_add_up_to_the_whole() -> None:
    random = np.random.default_rng(1)
    counts, actual, predicted = random.integers(0, 5_000, 300), random.normal(3, 1, 300), random.normal(3, 1, 300)
    slices = rmse_by_count(counts, actual, predicted)
    assert sum(found.n_rows for found in slices) == 300
    mean_square = sum(found.n_rows * found.value**2 for found in slices) / 300
    assert mean_square == pytest.approx(rmse(actual, predicted) ** 2)


def test_means_are_sliced_likewise() -> None:
    values = np.array([0.0, 1.0, 0.5, 0.25], dtype=np.float32)
    slices = mean_by_count(np.array([1, 2, 3, 30]), values)
    assert [(found.label, found.n_rows, found.value) for found in slices] == [
        ("1–2", 2, 0.5),
        ("3–9", 1, 0.5),
        ("30–99", 1, 0.25),
    ]
    assert [found.value for found in mean_by_count(np.array([1, 2, 3]), np.array([True, False, True]))] == [0.5, 1]
