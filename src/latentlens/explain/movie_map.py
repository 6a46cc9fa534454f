"""The map of the movies: a drawing of two axes, with well-known movies labelled where there is room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.explain.axes import WELL_KNOWN, Axis, Pole
from latentlens.explain.features import most_rated
from latentlens.recommenders.fitted import FittedModel

_MAX_DOTS = 1_500
# Of the movies that count, so many per thousand may lie beyond the frame; they are drawn on its edge.
_BEYOND = 5
_DOT = 3.2
# Larger dots with a title to point at; all others are small.
_DOTS_PER_LABEL = 12
_LONGEST = 30


@dataclass(frozen=True)
class Box:
    """A rectangle on the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share a point inside."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def within(self, other: Box) -> bool:
        """Whether all of it is inside the other."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom


class Size(NamedTuple):
    """A drawing in pixels: its width and height, the height of a letter, and how many movies are labelled at most."""

    width: int
    height: int
    letter: int
    n_labels: int

    @property
    def frame(self) -> Box:
        """Where the dots are: all but room for the names of the poles, one line above and two below."""
        return Box(self.letter, 2 * self.letter, self.width - self.letter, self.height - 4 * self.letter)


WIDE = Size(860, 620, 12, 40)
NARROW = Size(390, 470, 11, 14)


class Label(NamedTuple):
    """Where the text of one dot goes: the place in the sequence of dots, its box, and at which edge it is held."""

    dot: int
    box: Box
    anchor: Literal["start", "middle", "end"]

    @property
    def x(self) -> float:
        """Where the text is held: a width is only guessed, so it must not part from its dot."""
        box = self.box
        return {"start": box.left, "middle": (box.left + box.right) / 2, "end": box.right}[self.anchor]


def movie_map(model: FittedModel, across: Axis, up: Axis, size: Size) -> str:
    """Draw the movies that count on two axes, as SVG that needs nothing else."""
    items = most_rated(model.factors.item_counts, _MAX_DOTS)
    traits = model.factors.item_factors[items][:, [across.number - 1, up.number - 1]].astype(np.float64)
    x = _place(traits[:, 0], size.frame.left, size.frame.right)
    y = _place(-traits[:, 1], size.frame.top, size.frame.bottom)
    n_known = min(WELL_KNOWN, _DOTS_PER_LABEL * size.n_labels, len(items))
    titles = [model.catalogue.titles[item] for item in items[:n_known]]
    labels = place_labels(x[:n_known], y[:n_known], [_shortened(title) for title in titles], size)
    labelled = {label.dot for label in labels}
    return "\n".join(
        [
            f'<svg class="map" viewBox="0 0 {size.width} {size.height}" font-size="{size.letter}" role="img"'
            f' aria-label="Map of the movies. Left to right: {_alt(across)}. Bottom to top: {_alt(up)}.">',
            _background(size.frame),
            _small_dots(x[n_known:], y[n_known:]),
            *(
                f'<circle class="{_side(traits[j, 0])}{" labelled" if j in labelled else ""}" cx="{x[j]:.1f}"'
                f' cy="{y[j]:.1f}" r="{_DOT}"><title>{escape(title)}</title></circle>'
                for j, title in enumerate(titles)
            ),
            *(_text(label, titles[label.dot], size) for label in labels),
            *_poles(across, up, size),
            "</svg>",
        ]
    )


def place_labels(x: NDArray[np.floating], y: NDArray[np.floating], titles: Sequence[str], size: Size) -> list[Label]:
    """Choose dots to label and where, so that no label overlaps another or leaves the frame.

    x, y: (n,) the dots, the most rated first. Far-out movies show what the axes are, much rated ones are recognised:
    dots are tried in the order of both.
    """
    n, frame = len(titles), size.frame
    centre = np.array([(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2])
    far = np.hypot((x - centre[0]) / (frame.right - frame.left), (y - centre[1]) / (frame.bottom - frame.top))
    order = np.argsort(-far * (1 - np.arange(n) / (n or 1)), kind="stable")
    dots = np.column_stack([x, y])
    placed: list[Label] = []
    for dot in order.tolist():
        for label in _places(dot, x[dot], y[dot], len(titles[dot]), size):
            free = label.box.within(frame) and not any(label.box.overlaps(other.box) for other in placed)
            if free and not _covers(label.box, np.delete(dots, dot, axis=0)):
                placed.append(label)
                break
        if len(placed) == size.n_labels:
            break
    return placed


def _places(dot: int, x: float, y: float, n_letters: int, size: Size) -> Iterable[Label]:
    """Right of the dot, left, above, below."""
    width, height, gap = 0.6 * size.letter * n_letters, 1.2 * size.letter, 1.6 * _DOT
    yield Label(dot, Box(x + gap, y - height / 2, x + gap + width, y + height / 2), "start")
    yield Label(dot, Box(x - gap - width, y - height / 2, x - gap, y + height / 2), "end")
    yield Label(dot, Box(x - width / 2, y - gap - height, x + width / 2, y - gap), "middle")
    yield Label(dot, Box(x - width / 2, y + gap, x + width / 2, y + gap + height), "middle")


def _covers(box: Box, dots: NDArray[np.floating]) -> bool:
    """Whether the box hides more than one dot."""
    inside = (dots[:, 0] > box.left) & (dots[:, 0] < box.right) & (dots[:, 1] > box.top) & (dots[:, 1] < box.bottom)
    return int(inside.sum()) > 1


def _place(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Pixels, 0 in the middle; the few values far beyond the others on the edge."""
    reach = float(np.quantile(np.abs(values), 1 - _BEYOND / 1000)) if len(values) else 0.0
    scaled = np.clip(values / (reach or 1.0), -1, 1) * 0.96
    return np.asarray((low + high) / 2 + scaled * (high - low) / 2)


def _background(frame: Box) -> str:
    middle = ((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2)
    return (
        f'<rect class="frame" x="{frame.left}" y="{frame.top}" width="{frame.right - frame.left}"'
        f' height="{frame.bottom - frame.top}" rx="6"/>'
        f'<path class="cross" d="M{frame.left} {middle[1]}H{frame.right}M{middle[0]} {frame.top}V{frame.bottom}"/>'
    )


def _small_dots(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    # Lines of no length with round ends: a tenth of the bytes of circles.
    lines = "".join(f"M{across:.0f} {down:.0f}h0" for across, down in zip(x.tolist(), y.tolist(), strict=True))
    return f'<path class="others" d="{lines}"/>'


def _poles(across: Axis, up: Axis, size: Size) -> Iterable[str]:
    """Names of the ends: top and bottom at the ends of the vertical line, left and right one line further down."""
    frame = size.frame
    below, middle = frame.bottom + 1.5 * size.letter, (frame.left + frame.right) / 2
    yield _pole("← ", across.negative, "", frame.left, below + 1.8 * size.letter, "start negative")
    yield _pole("", across.positive, " →", frame.right, below + 1.8 * size.letter, "end positive")
    yield _pole("↑ ", up.positive, "", middle, frame.top - 0.8 * size.letter, "middle")
    yield _pole("↓ ", up.negative, "", middle, below, "middle")


def _text(label: Label, title: str, size: Size) -> str:
    baseline = label.box.bottom - 0.25 * size.letter
    return f'<text class="{label.anchor}" x="{label.x:.1f}" y="{baseline:.1f}">{escape(_shortened(title))}</text>'


def _pole(before: str, pole: Pole, after: str, x: float, y: float, kind: str) -> str:
    unnamed = "" if pole.name else " unnamed"
    text = escape(_shortened(pole.label))
    return f'<text class="pole {kind}{unnamed}" x="{x:.0f}" y="{y:.0f}">{before}{text}{after}</text>'


def _alt(axis: Axis) -> str:
    return escape(f"{axis.negative.label} to {axis.positive.label}")


def _side(trait: float) -> str:
    return "positive" if trait > 0 else "negative"


def _shortened(title: str) -> str:
    return title if len(title) <= _LONGEST else title[: _LONGEST - 1].rstrip(" ,:-") + "…"
