"""What the pictures show, read off the figures; not their pixels."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from latentlens.evaluation import plots
from latentlens.evaluation.intervals import Interval
from latentlens.evaluation.slices import Slice
from latentlens.ratings.stars import Stars


def only_axes(figure: Figure) -> Axes:
    (axes,) = figure.axes
    return axes


def lines(axes: Axes) -> dict[str, list[float]]:
    """Height of each line's points by its name in the legend."""
    return {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float).tolist() for line in axes.get_lines()}


def test_the_learning_curve_has_a_point_per_epoch_and_bias_only_to_beat() -> None:
    curves = {"train_rmse": [1.0, 0.9, 0.8], "validation_rmse": [1.1, 1.0, 0.95]}
    axes = only_axes(plots.learning_curve(curves, bias_rmse=0.97))
    assert lines(axes) == {
        "train rmse": [1.0, 0.9, 0.8],
        "validation rmse": [1.1, 1.0, 0.95],
        "bias-only, test side": [0.97, 0.97],
    }
    assert np.asarray(axes.get_lines()[0].get_xdata()).tolist() == [1, 2, 3]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "RMSE (stars)")
    legend = axes.get_legend()
    assert legend is not None
    assert {text.get_text() for text in legend.get_texts()} == set(lines(axes))


def test_a_fit_that_was_not_watched_has_one_curve() -> None:
    axes = only_axes(plots.learning_curve({"train_rmse": [1.0]}, bias_rmse=0.97))
    assert list(lines(axes)) == ["train rmse", "bias-only, test side"]


def test_predictions_are_spread_over_each_rating_that_was_given() -> None:
    actual = np.array([1.0, 1.0, 1.0, 4.5, 4.5])
    predicted = np.array([1.0, 2.0, 3.0, 4.0, 4.4])
    axes = only_axes(plots.predicted_against_actual(actual, predicted))
    # Each box has its median as a line of two points across it.
    medians = {
        float(np.mean(np.asarray(line.get_xdata()))): float(np.asarray(line.get_ydata())[0])
        for line in axes.get_lines()
        if line.get_color() == plots._ACCENT
    }
    assert medians == pytest.approx({1.0: 2.0, 4.5: 4.2})
    assert lines(axes)["perfect"] == [1.0, 4.5]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rating given", "rating predicted")


def test_the_distribution_has_a_bar_per_rating_as_high_as_often_it_was_given() -> None:
    axes = only_axes(plots.rating_distribution(Stars.of(np.array([3.0, 0.5, 3.0, 1.0, 3.0]))))
    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx([0.5, 1.0, 3.0])
    assert [bar.get_height() for bar in bars] == [1, 1, 3]
    # Neighbours half a star apart do not overlap.
    assert max(bar.get_width() for bar in bars) < 0.5
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rating", "ratings")


def test_errors_stand_by_the_ratings_behind_them_a_line_per_model_and_a_bar_per_slice() -> None:
    slices = {
        "this model": [Slice(1, 2, 40, 0.9), Slice(3, 9, 60, 0.8)],
        "bias-only": [Slice(1, 2, 40, 0.95), Slice(3, 9, 60, 0.85)],
    }
    axes, rows = plots.error_by_count("movie", slices).axes
    assert lines(axes) == {"this model": [0.9, 0.8], "bias-only": [0.95, 0.85]}
    assert [bar.get_height() for bar in rows.patches if isinstance(bar, Rectangle)] == [40, 60]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1–2", "3–9"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("train ratings of the movie", "RMSE (stars)")


def test_one_rating_alone_can_be_drawn() -> None:
    alone = np.array([4.0])
    assert only_axes(plots.rating_distribution(Stars.of(alone))).patches
    assert lines(only_axes(plots.predicted_against_actual(alone, np.array([3.5]))))["perfect"] == [4.0]


def test_each_model_has_a_point_with_its_interval_in_both_panels() -> None:
    models = [
        plots.Point("ease", 0.3, Interval(0.25, 0.36), 0.5, 0.05),
        plots.Point("popularity", 0.1, Interval(0.1, 0.2), 0.01, 0.01),
    ]
    figure = plots.quality_against_cost(models, "nDCG@10")
    by_time, by_coverage = figure.axes
    assert by_time.get_ylabel() == "nDCG@10"
    assert by_time.get_xscale() == "log"
    for axes, xs in ((by_time, (0.5, 0.01)), (by_coverage, (0.05, 0.01))):
        drawn = [
            (*np.asarray(bars.lines[0].get_xydata())[0].tolist(), *bars.lines[2][0].get_segments()[0][:, 1])
            for bars in axes.containers
            if isinstance(bars, ErrorbarContainer)
        ]
        expected = [(xs[0], 0.3, 0.25, 0.36), (xs[1], 0.1, 0.1, 0.2)]
        assert np.array(drawn) == pytest.approx(np.array(expected))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ease", "popularity"]
