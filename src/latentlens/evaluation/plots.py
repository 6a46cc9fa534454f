"""Pictures of a run, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from latentlens.evaluation.slices import Slice

_INK, _ACCENT, _QUIET, _FAINT = "#22303c", "#c2410c", "#94a3b8", "#e2e8f0"


def learning_curve(curves: Mapping[str, Sequence[float]], bias_rmse: float) -> Figure:
    """RMSE by epoch, with bias-only as a line to beat."""
    figure, axes = _blank("Learning curve", "epoch", "RMSE (stars)")
    for (name, values), colour in zip(curves.items(), (_INK, _ACCENT), strict=False):
        axes.plot(range(1, len(values) + 1), values, marker="o", ms=3, color=colour, label=name.replace("_", " "))
    axes.axhline(bias_rmse, color=_QUIET, ls="--", label="bias-only, test side")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    return figure


def predicted_against_actual(actual: NDArray[np.floating], predicted: NDArray[np.floating]) -> Figure:
    """The spread of the predictions for each rating that people gave."""
    figure, axes = _blank("Predicted against actual, test side", "rating given", "rating predicted")
    levels = np.unique(actual)
    width = 0.7 * float(np.diff(levels).min(initial=1.0))
    axes.boxplot(
        [predicted[actual == level] for level in levels],
        positions=levels.tolist(),
        widths=width,
        showfliers=False,
        medianprops={"color": _ACCENT},
        manage_ticks=False,
    )
    axes.plot(levels, levels, color=_QUIET, ls="--", label="perfect")
    axes.legend(frameon=False)
    return figure


def error_by_count(whose: str, slices: Mapping[str, Sequence[Slice]]) -> Figure:
    """RMSE by how many train ratings stand behind a row's movie or user, a line per model; `whose`: "movie" or "user".

    All models were measured on the same rows; grey bars show how many there are.
    """
    figure, axes = _blank(f"Error by ratings of the {whose}", f"train ratings of the {whose}", "RMSE (stars)")
    measured = next(iter(slices.values()))
    labels = [found.label for found in measured]
    rows = axes.twinx()
    rows.bar(labels, [found.n_rows for found in measured], color=_FAINT, width=0.9)
    rows.set_ylabel("test ratings (bars)", color=_QUIET)
    rows.spines[["top", "right"]].set_visible(False)
    rows.tick_params(colors=_QUIET)
    # The lines above the bars.
    axes.set_zorder(rows.get_zorder() + 1)
    axes.set_frame_on(False)
    for (name, found), colour, style in zip(slices.items(), (_ACCENT, _INK), ("-", "--"), strict=False):
        axes.plot(labels, [part.value for part in found], marker="o", ms=4, color=colour, ls=style, label=name)
    axes.legend(frameon=False)
    return figure


def rating_distribution(ratings: NDArray[np.floating]) -> Figure:
    """How often each rating was given."""
    figure, axes = _blank("Ratings given", "rating", "ratings")
    levels, counts = np.unique(ratings, return_counts=True)
    axes.bar(levels, counts, width=0.8 * float(np.diff(levels).min(initial=1.0)), color=_INK)
    return figure


def _blank(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
