"""Lists and predictions for people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.concurrency import run_in_threadpool

from latentlens.errors import ConfigError, UnknownId
from latentlens.explain import in_json
from latentlens.explain.explanation import Explainer
from latentlens.explain.steering import Moved, direction, moved, steer
from latentlens.recommenders.fitted import Listed
from latentlens.recommenders.foldin import UserVector
from latentlens.serving.dependencies import IdInPath, ServedModel, Told, filters_for
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
from latentlens.serving.why import MoveReply

router = APIRouter(tags=["recommend"])


@router.get("/recommend/{user_id}", response_model=RecommendReply, responses=documented(404, 409, 422, 503))
async def recommend(
    user_id: IdInPath, asked: Annotated[RecommendQuery, Query()], served: ServedModel, told: Told
) -> Response:
    """List the best movies for a user, without those the user has rated.

    A user the model does not know gets the popular list, and `strategy` says so; with `cold_start=error`, a 404.
    """
    model = served.model
    user = parse_id(user_id, model.factors.user_ids, "user id")
    filters = filters_for(asked, served)
    strategy = "popular" if model.ranks_by == "popularity" else "personal"
    try:
        ranking = model.rank(user, asked.n, filters)
    except UnknownId:
        if asked.cold_start == "error":
            raise UnknownId(
                f"User {user} is not in the model: leave cold_start out for the popular list, or POST ratings."
            ) from None
        strategy, ranking = "popular", model.rank_popular(asked.n, filters)
        told.cold_starts.labels(strategy).inc()
    because = None
    if asked.explain:
        # Takes milliseconds, in which other requests must not wait.
        because = await run_in_threadpool(_because_of_user, served, user if strategy == "personal" else None, ranking)
    return served.listing.answer(ranking, because, user_id=user, strategy=strategy, model_version=served.version.number)


@router.post("/recommend", response_model=FoldedInReply, responses=documented(400, 409, 413, 422, 503))
def recommend_for_ratings(asked: RatingsBody, served: ServedModel, told: Told) -> Response:
    """List the best movies for someone with these ratings, without the rated ones. Nothing is stored.

    Ratings of movies the model does not know are listed as `ignored`. `steer` moves the list along axes, and each movie
    then says where it was before and what moved it.
    """
    model = served.model
    filters = filters_for(asked, served)
    ratings = _checked(asked, served)
    items, values = model.known_ratings(ratings)
    user = model.fold_in(items, values)
    steered = _steered(asked, served, user)
    if len(items) or asked.steer:
        ranking = model.rank_with(steered, asked.n, filters, items)
    else:
        ranking = model.rank_popular(asked.n, filters)
    has_taste = model.ranks_by != "popularity"
    strategy = "folded_in" if has_taste and len(items) else "steered" if has_taste and asked.steer else "popular"
    told.cold_starts.labels(strategy).inc()
    more: list[dict[str, Any]] = [{} for _ in ranking.items]
    if asked.explain:
        more = _because(Explainer(model, user, items, values) if strategy == "folded_in" else None, ranking)
    if asked.steer:
        for row, found in zip(more, moved(model, user, steered, items, ranking.items), strict=True):
            row |= {"rank_before": found.rank_before, "moved": _moves(served, found)}
    return served.listing.answer(
        ranking,
        more if asked.explain or asked.steer else None,
        strategy=strategy,
        model_version=served.version.number,
        ignored=_ignored(served, ratings),
    )


def _ignored(served: Served, ratings: dict[int | str, float]) -> list[int | str]:
    known = served.model.known_items(list(ratings)) >= 0
    return [movie_id for movie_id, is_known in zip(ratings, known, strict=True) if not is_known]


def _because_of_user(served: Served, user: int | str | None, ranking: Listed) -> list[dict[str, Any]]:
    return _because(None if user is None else Explainer.of_user(served.model, user), ranking)


def _because(explainer: Explainer | None, ranking: Listed) -> list[dict[str, Any]]:
    """Name the reasons of each movie; none without somebody whose ratings they could be."""
    if explainer is None:
        return [{"because": []} for _ in ranking.items]
    return [
        {"because": [in_json.because(reason) for reason in reasons]} for reasons in explainer.because(ranking.items)
    ]


def _steered(asked: RatingsBody, served: Served, user: UserVector) -> UserVector:
    offsets: dict[int, float] = {}
    try:
        for wish in asked.steer:
            way = direction(str(wish.toward), served.axes)
            offsets[way.axis] = offsets.get(way.axis, 0.0) + way.sign * wish.offset
        return steer(served.model.factors, user, offsets)
    except ConfigError as problem:
        raise HTTPException(422, str(problem)) from None


def _moves(served: Served, found: Moved) -> list[MoveReply]:
    names = {axis.number - 1: axis.name for axis in (served.axes.axes if served.axes else ())}
    return [MoveReply(axis=axis + 1, name=names.get(axis), stars=stars) for axis, stars in found.stars.items()]


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
