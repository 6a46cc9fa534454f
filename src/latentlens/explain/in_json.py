"""Explanations as JSON: the fields that the command line and the API have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from latentlens.explain.along_axes import AxisTaste, shares
from latentlens.explain.axes import Axes, Axis
from latentlens.explain.explanation import Explanation, Place, Reason, Without
from latentlens.explain.words import sentences, what_if


def explanation(
    found: Explanation, axes: Axes | None, rank: int | None, without: Sequence[Without] | None
) -> dict[str, Any]:
    """Everything behind one score; `rank` and `without` are None if they were not asked for."""
    whole = found.parts
    on_axes = shares(whole, axes)
    return {
        "movie_id": found.movie_id,
        "title": found.title,
        "text": sentences(found),
        "predicted_rating": found.predicted_rating,
        "score": found.score,
        "given": found.given,
        "global_mean": whole.global_mean,
        "user_bias": whole.user_bias,
        "movie_bias": whole.movie_bias,
        "axes": [share._asdict() for share in on_axes],
        "other_axes": float(whole.axes.sum()) - sum(share.stars for share in on_axes),
        "n_ratings": found.n_ratings,
        "reasons_for": [reason(one) for one in found.reasons_for],
        "reasons_against": [reason(one) for one in found.reasons_against],
        "other_ratings": found.other_ratings,
        "place": None if found.place is None else _place(found.place),
        "rank": rank,
        "without": None if rank is None else [{**asdict(one), "text": what_if(one, rank)} for one in without or ()],
    }


def reason(one: Reason) -> dict[str, Any]:
    """One of the user's own ratings, and the stars that it adds."""
    return {"movie_id": one.movie_id, "title": one.title, "rating": one.rating, "stars": one.contribution}


def because(one: Reason) -> dict[str, Any]:
    """One of the user's own ratings, and what it adds to the score that orders the list."""
    return {"movie_id": one.movie_id, "title": one.title, "rating": one.rating, "adds": one.contribution}


def _place(found: Place) -> dict[str, Any]:
    return {
        "score": found.score,
        "for_everybody": found.for_everybody,
        "reasons_for": [because(one) for one in found.reasons_for],
        "reasons_against": [because(one) for one in found.reasons_against],
        "other_ratings": found.other_ratings,
    }


def axis(one: Axis) -> dict[str, Any]:
    """What an axis is, in short."""
    return {
        "axis": one.number,
        "name": one.name,
        "negative": one.negative.label,
        "positive": one.positive.label,
        "confidence": one.confidence,
        "variance_share": one.variance_share,
        "r2": one.r2,
    }


def card(one: Axis) -> dict[str, Any]:
    """Everything that is known of an axis."""
    return {
        **axis(one),
        "matches": list(one.matches),
        "evidence": [asdict(found) for found in one.evidence],
        "negative_movies": [asdict(movie) for movie in one.negative.movies],
        "positive_movies": [asdict(movie) for movie in one.positive.movies],
    }


def taste(one: AxisTaste) -> dict[str, Any]:
    """What a person likes on one axis."""
    return {
        "axis": one.axis.number,
        "name": one.axis.name,
        "prefers": one.preferred.label,
        "taste": one.taste,
        "stars": one.stars,
    }
