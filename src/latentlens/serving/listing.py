"""Ranked movies as JSON, from pieces that are written once per model.

What the schemas say of a list stays true (a test compares the bytes); only the making of eleven objects per request,
which takes as long as ranking ten thousand movies, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Response
from pydantic_core import to_json

from latentlens.recommenders.fitted import FittedModel, Listed
from latentlens.serving.schemas import Movie


class Listing:
    """The movies of one model, each written up to its predicted rating."""

    def __init__(self, model: FittedModel) -> None:
        self._low, self._high = model.factors.scale
        written = (Movie.of(model, item).model_dump_json().encode() for item in range(len(model.catalogue)))
        self._movies = [movie.removesuffix(b"}") + b',"predicted_rating":' for movie in written]

    def answer(self, ranking: Listed, more: Sequence[dict[str, Any]] | None = None, **before: Any) -> Response:
        """Answer with the fields `before`, then `recommendations`; `more` are further fields of each movie."""
        low, high = self._low, self._high
        # As `FactorModel.clip`, for a few numbers.
        clipped = [low if score < low else high if score > high else score for score in ranking.ratings.tolist()]
        ratings = to_json(clipped)[1:-1].split(b",")
        rest = [b"}"] * len(ratings) if more is None else [b"," + to_json(row)[1:] for row in more]
        # Not strict: without movies, `ratings` is one empty text.
        listed = zip(ranking.items.tolist(), ratings, rest, strict=False)
        movies = b",".join([self._movies[item] + rating + end for item, rating, end in listed])
        body = b'%b,"recommendations":[%b]}' % (to_json(before)[:-1], movies)
        return Response(body, media_type="application/json")
