"""Why: the parts of a score, the ratings it comes from, and the axes.

`def`, not `async def`: an explanation takes milliseconds, in which other requests must not wait.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from latentlens.explain import in_json
from latentlens.explain.along_axes import tastes
from latentlens.explain.axes import Axes
from latentlens.explain.explanation import Explainer
from latentlens.serving.dependencies import IdInPath, ServedModel
from latentlens.serving.ids import parse_id
from latentlens.serving.problems import documented
from latentlens.serving.served import Served
from latentlens.serving.why import (
    AxesReply,
    AxisCardReply,
    AxisReply,
    ExplainQuery,
    ExplainReply,
    TasteReply,
    TastesReply,
)

router = APIRouter(tags=["explain"])


@router.get("/explain/{user_id}/{movie_id}", responses=documented(404, 409, 422, 503))
def explain(
    user_id: IdInPath, movie_id: IdInPath, asked: Annotated[ExplainQuery, Query()], served: ServedModel
) -> ExplainReply:
    """Explain why a user is given this score for a movie: its parts, and the user's own ratings it comes from.

    A model whose users keep the vectors of training has no reasons: 409.
    """
    factors = served.model.factors
    user = parse_id(user_id, factors.user_ids, "user id")
    movie = parse_id(movie_id, factors.item_ids, "movie id")
    explainer = Explainer.of_user(served.model, user)
    explanation = explainer.explain(movie, asked.n_reasons)
    rank = without = None
    if asked.without:
        rank = explainer.rank(movie)
        reasons = [reason.movie_id for reason in (*explanation.reasons_for, *explanation.reasons_against)]
        without = explainer.without(movie, reasons)
    found = in_json.explanation(explanation, served.axes, rank, without)
    return ExplainReply(user_id=user, **found, model_version=served.version.number)


@router.get("/axes", responses=documented(409, 503))
def axes(served: ServedModel) -> AxesReply:
    """List the leading axes: how steady they are, and what they are called if they have earned a name."""
    described = [AxisReply(**in_json.axis(axis)) for axis in _described(served).axes]
    return AxesReply(model_version=served.version.number, axes=described)


@router.get("/axes/{number}", responses=documented(404, 409, 422, 503))
def axis(
    number: Annotated[int, Path(ge=1, le=10_000, description="Counted from 1.", examples=[1])], served: ServedModel
) -> AxisCardReply:
    """Tell everything that is known of one axis: the evidence for its name, and the movies at its ends."""
    described = _described(served).axes
    if number > len(described):
        raise HTTPException(404, f"There is no axis {number} in /axes: choose one of 1 to {len(described)}.")
    return AxisCardReply(**in_json.card(described[number - 1]), model_version=served.version.number)


@router.get("/users/{user_id}/taste", responses=documented(404, 409, 422, 503))
def taste(user_id: IdInPath, served: ServedModel) -> TastesReply:
    """Tell what a user likes on each steady axis."""
    model = served.model
    user = parse_id(user_id, model.factors.user_ids, "user id")
    found = tastes(model, _described(served), model.vector_of(user))
    return TastesReply(
        user_id=user,
        model_version=served.version.number,
        tastes=[TasteReply(**in_json.taste(one)) for one in found],
    )


def _described(served: Served) -> Axes:
    if served.axes is None or not served.axes.axes:
        raise HTTPException(
            409,
            f"No axis of the served {served.model.recommender} model is described: train one with the preset tuned,"
            " and let its axes be described.",
        )
    return served.axes
