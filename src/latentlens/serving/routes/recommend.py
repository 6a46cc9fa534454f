"""Lists and predictions for people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from latentlens.errors import UnknownId
from latentlens.serving.dependencies import IdInPath, ServedModel, Told, filters_for
from latentlens.serving.direct import DirectRoute
from latentlens.serving.ids import check_id, parse_id
from latentlens.serving.problems import documented
from latentlens.serving.schemas import (
    FoldedInReply,
    PredictQuery,
    PredictReply,
    RatingsBody,
    RecommendQuery,
    RecommendReply,
)
from latentlens.serving.served import Served

router = APIRouter(tags=["recommend"])


async def recommend(
    user_id: IdInPath, asked: Annotated[RecommendQuery, Query()], served: ServedModel, told: Told
) -> Response:
    """List the best movies for a user, without those the user has rated.

    A user the model does not know gets the popular list, and `strategy` says so; with `cold_start=error`, a 404.
    """
    model = served.model
    user = parse_id(user_id, model.factors.user_ids, "user id")
    filters = filters_for(asked, served)
    strategy = "personal" if model.ranks_by == "score" else "popular"
    try:
        ranking = model.rank(user, asked.n, filters)
    except UnknownId:
        if asked.cold_start == "error":
            raise UnknownId(
                f"User {user} is not in the model: leave cold_start out for the popular list, or POST ratings."
            ) from None
        strategy, ranking = "popular", model.rank_popular(asked.n, filters)
        told.cold_starts.labels(strategy).inc()
    return served.listing.answer(ranking, user_id=user, strategy=strategy, model_version=served.version.number)


router.add_api_route(
    "/recommend/{user_id}",
    recommend,
    response_model=RecommendReply,
    responses=documented(404, 422, 503),
    route_class_override=DirectRoute,
)


@router.post("/recommend", response_model=FoldedInReply, responses=documented(400, 413, 422, 503))
async def recommend_for_ratings(asked: RatingsBody, served: ServedModel, told: Told) -> Response:
    """List the best movies for someone with these ratings, without the rated ones. Nothing is stored.

    Ratings of movies the model does not know are listed as `ignored`.
    """
    model = served.model
    filters = filters_for(asked, served)
    ratings = _checked(asked, served)
    known = model.known_items(list(ratings)) >= 0
    strategy = "folded_in" if known.any() and model.ranks_by == "score" else "popular"
    told.cold_starts.labels(strategy).inc()
    return served.listing.answer(
        model.rank_for(ratings, asked.n, filters),
        strategy=strategy,
        model_version=served.version.number,
        ignored=[movie_id for movie_id, is_known in zip(ratings, known, strict=True) if not is_known],
    )


@router.get("/predict", responses=documented(422, 503))
async def predict(asked: Annotated[PredictQuery, Query()], served: ServedModel) -> PredictReply:
    """Predict the rating that a user would give a movie.

    An unknown id is no error: what is known is used, and `user_known` and `movie_known` say what that was.
    """
    model = served.model
    user = parse_id(asked.user_id, model.factors.user_ids, "user id")
    movie = parse_id(asked.movie_id, model.factors.item_ids, "movie id")
    return PredictReply(
        user_id=user,
        movie_id=movie,
        predicted_rating=model.predict([user], [movie]).item(),
        user_known=model.knows_user(user),
        movie_known=model.knows_movie(movie),
        model_version=served.version.number,
    )


def _checked(asked: RatingsBody, served: Served) -> dict[int | str, float]:
    factors = served.model.factors
    low, high = factors.scale
    ratings: dict[int | str, float] = {}
    for given in asked.ratings:
        movie_id = check_id(given.movie_id, factors.item_ids, "movie id")
        if not low <= given.rating <= high:
            raise HTTPException(
                422,
                f"Rating {given.rating:g} of movie {movie_id} is outside the scale: give {low:g} to {high:g}.",
            )
        ratings[movie_id] = given.rating
    return ratings
