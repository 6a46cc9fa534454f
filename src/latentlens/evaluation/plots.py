"""Pictures of a run, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray

from latentlens.evaluation.intervals import Interval
from latentlens.evaluation.slices import Slice
from latentlens.ratings.stars import Stars

_INK, _ACCENT, _QUIET, _FAINT = "#22303c", "#c2410c", "#94a3b8", "#e2e8f0"
# Of models side by side; shape and colour both tell them apart (Okabe & Ito 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#7f6000", "#22303c", "#94a3b8")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")


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


def rating_distribution(stars: Stars) -> Figure:
    """How often each rating was given."""
    figure, axes = _blank("Ratings given", "rating", "ratings")
    values, counts = stars.occurring
    axes.bar(values, counts, width=0.8 * float(np.diff(values).min(initial=1.0)), color=_INK)
    return figure


def _blank(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


class Point(NamedTuple):
    """A model among others: how its lists rank, with an interval, how long it took to fit, what share it shows."""

    name: str
    quality: float
    interval: Interval
    fit_seconds: float
    coverage: float


def quality_against_cost(points: Sequence[Point], metric: str) -> Figure:
    """How well lists rank, against the time of the fit and against coverage; bars are 95 % intervals."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    by_time, by_coverage = figure.subplots(1, 2, sharey=True)
    for number, point in enumerate(points):
        error = [[point.quality - point.interval.low], [point.interval.high - point.quality]]
        style: dict[str, Any] = {
            "fmt": _MARKERS[number % len(_MARKERS)],
            "color": _COLOURS[number % len(_COLOURS)],
            "ms": 8,
        }
        for axes, x in ((by_time, point.fit_seconds), (by_coverage, point.coverage)):
            label = point.name if axes is by_time else None
            axes.errorbar(x, point.quality, yerr=error, label=label, capsize=3, elinewidth=1.2, mec="white", **style)
    by_time.set(xscale="log", xlabel="seconds to fit", ylabel=metric)
    by_time.set_ylim(bottom=0)
    by_coverage.set(xlabel="share of the movies in any list")
    by_coverage.set_xlim(left=0)
    by_time.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    by_coverage.xaxis.set_major_locator(MaxNLocator(5))
    by_coverage.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    for axes, title in ((by_time, "Ranking against time"), (by_coverage, "Ranking against coverage")):
        axes.set_title(title)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=_FAINT, lw=0.7)
        axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=min(len(points), 8), frameon=False, handletextpad=0.2)
    return figure
