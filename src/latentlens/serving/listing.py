"""Ranked movies as JSON, from pieces that are written once per model.

What the schemas say of a list stays true (a test compares the bytes); only the making of ten objects per request, which
takes as long as ranking ten thousand movies, is left out.
"""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from latentlens.recommenders.fitted import FittedModel, Ranking
from latentlens.serving.schemas import Movie

_EMPTY_LIST = "[]}"


class Listing:
    """The movies of one model, each written but for its predicted rating."""

    def __init__(self, model: FittedModel) -> None:
        self._low, self._high = model.factors.scale
        items = range(len(model.catalogue))
        self._movies = [Movie.of(model, item).model_dump_json().removesuffix("}") for item in items]

    def answer(self, reply: BaseModel, ranking: Ranking) -> Response:
        """Answer with `reply`, whose last field is an empty list, after filling that with `ranking`."""
        # `FactorModel.clip`, for a few numbers.
        ratings = [min(max(score, self._low), self._high) for score in ranking.scores.tolist()]
        movies = ",".join(
            [
                f'{self._movies[item]},"predicted_rating":{rating}}}'
                for item, rating in zip(ranking.items.tolist(), ratings, strict=True)
            ]
        )
        opening = reply.model_dump_json().removesuffix(_EMPTY_LIST)
        return Response(f"{opening}[{movies}]}}", media_type="application/json")
