"""Axis cards: what each leading axis is, how sure that is, and the movies at its ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.explain import naming
from latentlens.explain.features import MIN_RATINGS, Features, most_rated
from latentlens.explain.naming import Evidence
from latentlens.recommenders.canonical import axis_variance
from latentlens.recommenders.fitted import FittedModel

FORMAT = 1
# The document of a model folder that holds its axes.
DOCUMENT = "axes.json"
# Axes beyond these, or with less of the variance, are not looked at.
LEADING = 10
MIN_SHARE = 0.01
# A refit finds an axis again if the traits correlate at least so much.
FOUND_AGAIN = 0.9
# The ends of an axis are shown by movies that people may have heard of.
WELL_KNOWN = 500
_AT_EACH_POLE = 6


@dataclass(frozen=True)
class PoleMovie:
    """A well-known movie near the end of an axis; `trait` is its place there, `n_ratings` what stands behind it."""

    movie_id: int | str
    title: str
    year: int | None
    trait: float
    n_ratings: int


@dataclass(frozen=True)
class Pole:
    """One end of an axis; `name` is None unless it was earned."""

    name: str | None
    movies: tuple[PoleMovie, ...]

    @property
    def label(self) -> str:
        """The name, or else an example, so that no end goes without words."""
        return self.name or (f"like {self.movies[0].title}" if self.movies else "unnamed")


@dataclass(frozen=True)
class Axis:
    """What is known of one axis.

    number: from 1; the axis is column number - 1 of the factors. variance_share: of what taste adds to the scores of
    all (user, movie) pairs, 0 to 1. matches: |r| with its partner in each refit, empty if none was made. r2: held-out
    share of the trait that the features explain. evidence: what goes with it beyond chance, the strongest first;
    positive r at the positive end.
    """

    number: int
    variance_share: float
    negative: Pole
    positive: Pole
    matches: tuple[float, ...]
    r2: float
    evidence: tuple[Evidence, ...]

    @property
    def found_again(self) -> int:
        """How many refits found the axis."""
        return sum(match >= FOUND_AGAIN for match in self.matches)

    @property
    def stable(self) -> bool:
        """Whether more than half of the refits found the axis."""
        return 2 * self.found_again > len(self.matches)

    @property
    def name(self) -> str | None:
        """Both ends, the negative first; None if neither has earned a name."""
        if self.negative.name is None and self.positive.name is None:
            return None
        return f"{self.negative.name or 'unnamed'} ↔ {self.positive.name or 'unnamed'}"

    @property
    def confidence(self) -> str:
        """How sure the axis is, in words."""
        if not self.matches:
            return "not tested: no refit was made"
        times = f"{self.found_again} of {len(self.matches)} refits"
        if not self.stable:
            return f"unstable: found again in {times}"
        return f"{'steady' if self.found_again == len(self.matches) else 'fairly steady'}: found again in {times}"


@dataclass(frozen=True)
class Axes:
    """The leading axes, largest variance first, and how they were tested.

    n_movies: movies rated `min_ratings` times or more that correlations were computed over. n_comparisons: that the
    p-values are corrected for.
    """

    axes: tuple[Axis, ...]
    n_movies: int
    n_features: int
    n_comparisons: int
    min_ratings: int = MIN_RATINGS

    @property
    def stable(self) -> tuple[Axis, ...]:
        """Those that refits find again."""
        return tuple(axis for axis in self.axes if axis.stable)

    @property
    def named(self) -> tuple[Axis, ...]:
        """Those with a name at one end or both; all are stable."""
        return tuple(axis for axis in self.axes if axis.name)

    def to_json(self) -> dict[str, Any]:
        """A JSON document, for `axes.json` in the model folder."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Axes:
        """Read `to_json`. Raises ValueError for a document that is damaged or of another format."""
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            found = document.get("format") if isinstance(document, Mapping) else None
            raise ValueError(f"{DOCUMENT} has format {found}, this version reads format {FORMAT}")
        try:
            counts = {name: int(document[name]) for name in ("n_movies", "n_features", "n_comparisons", "min_ratings")}
            return cls(axes=tuple(_axis(entry) for entry in document["axes"]), **counts)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as problem:
            raise ValueError(f"{DOCUMENT} lacks what an axis needs: {problem!r}") from problem


def axes_of(model: FittedModel) -> Axes | None:
    """Give the axes that were described when a model was made, None if that was not done.

    Raises ValueError if its `axes.json` is damaged, of another format, or about another model.
    """
    if DOCUMENT not in model.extra:
        return None
    axes = Axes.from_json(model.extra[DOCUMENT])
    numbers = [axis.number for axis in axes.axes]
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) > model.factors.item_factors.shape[1]:
        raise ValueError(f"{DOCUMENT} describes the axes {numbers}, which are not the leading ones of this model")
    return axes


def describe(model: FittedModel, features: Features, matches: NDArray[np.floating]) -> Axes:
    """Describe the leading axes of a model, and name those that earn it.

    matches: (n_refits, n_axes) from `stability.refit_matches`; without refits no axis is stable, so none is named.
    """
    share = axis_variance(model.factors.user_factors, model.factors.item_factors)
    share = share / (share.sum() or 1.0)
    n_leading = min(LEADING, int((share >= MIN_SHARE).sum()))
    traits = np.asarray(model.factors.item_factors[:, :n_leading])
    stable = np.flatnonzero((matches[:, :n_leading] >= FOUND_AGAIN).sum(axis=0) * 2 > len(matches))
    # Only what may be named is tested: every further comparison raises the bar.
    r, p = naming.correlations(features, traits[:, stable]), naming.corrected_p(features, traits[:, stable])
    beyond_chance = {j: naming.evidence(features, r[:, c], p[:, c]) for c, j in enumerate(stable.tolist())}
    r2 = naming.held_out_r2(features, traits)
    axes = []
    for j in range(n_leading):
        found = beyond_chance.get(j, ())
        negative, positive = naming.pole_names(features, found)
        axes.append(
            Axis(
                number=j + 1,
                variance_share=float(share[j]),
                negative=Pole(negative, _ends(model, traits[:, j], -1)),
                positive=Pole(positive, _ends(model, traits[:, j], 1)),
                matches=tuple(matches[:, j].tolist()),
                r2=float(r2[j]),
                evidence=found,
            )
        )
    return Axes(tuple(axes), len(features.items), len(features.names), r.size)


def _ends(model: FittedModel, trait: NDArray[np.floating], sign: int) -> tuple[PoleMovie, ...]:
    factors, catalogue = model.factors, model.catalogue
    known = most_rated(factors.item_counts, WELL_KNOWN)
    known = known[trait[known] * sign > 0]
    chosen = known[np.argsort(-sign * trait[known], kind="stable")[:_AT_EACH_POLE]]
    return tuple(
        PoleMovie(
            movie_id=factors.item_ids.values[item].item(),
            title=catalogue.titles[item],
            year=catalogue.year_of(item),
            trait=float(trait[item]),
            n_ratings=int(factors.item_counts[item]),
        )
        for item in chosen.tolist()
    )


def _axis(entry: Mapping[str, Any]) -> Axis:
    return Axis(
        number=int(entry["number"]),
        variance_share=_number(entry["variance_share"]),
        negative=_pole(entry["negative"]),
        positive=_pole(entry["positive"]),
        matches=tuple(map(_number, entry["matches"])),
        r2=_number(entry["r2"]),
        evidence=tuple(
            Evidence(_text(found["feature"]), _text(found["kind"]), _number(found["r"]), _number(found["p"]))
            for found in entry["evidence"]
        ),
    )


def _pole(entry: Mapping[str, Any]) -> Pole:
    movies = (
        PoleMovie(
            movie_id=_id(movie["movie_id"]),
            title=_text(movie["title"]),
            year=None if movie["year"] is None else int(movie["year"]),
            trait=_number(movie["trait"]),
            n_ratings=int(movie["n_ratings"]),
        )
        for movie in entry["movies"]
    )
    return Pole(None if entry["name"] is None else _text(entry["name"]), tuple(movies))


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _id(value: Any) -> int | str:
    return value if isinstance(value, int) else str(_text(value))


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not finite")
    return number
