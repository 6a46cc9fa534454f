"""Movies: search, and which are alike."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from latentlens.explain.along_axes import alike
from latentlens.serving.dependencies import IdInPath, ServedModel, filters_for
from latentlens.serving.ids import parse_id
from latentlens.serving.problems import documented
from latentlens.serving.schemas import Movie, MoviesReply, SearchQuery, SimilarMovie, SimilarQuery, SimilarReply
from latentlens.serving.served import Served

router = APIRouter(tags=["movies"])


@router.get("/similar/{movie_id}", responses=documented(404, 409, 422, 503))
async def similar(movie_id: IdInPath, asked: Annotated[SimilarQuery, Query()], served: ServedModel) -> SimilarReply:
    """List the movies most like this one: those whose factors point the same way."""
    model = served.model
    movie = parse_id(movie_id, model.factors.item_ids, "movie id")
    if not model.factors.item_factors.shape[1]:
        raise HTTPException(
            409,
            f"The served {model.recommender} model has no latent factors, so no movie is similar to another:"
            " train and register an SVD.",
        )
    listed = model.similar(movie, asked.n)
    both = _ends_of_both(served, movie, [found.movie_id for found, _ in listed])
    return SimilarReply(
        movie_id=movie,
        model_version=served.version.number,
        similar=[
            SimilarMovie(
                movie_id=found.movie_id,
                title=found.title,
                genres=found.genres,
                year=found.year,
                n_ratings=found.n_ratings,
                similarity=cosine,
                both=ends,
            )
            for (found, cosine), ends in zip(listed, both, strict=True)
        ],
    )


@router.get("/movies", responses=documented(422, 503))
async def movies(asked: Annotated[SearchQuery, Query()], served: ServedModel) -> MoviesReply:
    """Search the catalogue by title, genre and year; the most rated movies come first."""
    found = served.search.find(asked.query, filters_for(asked, served), asked.limit, asked.offset)
    return MoviesReply(
        total=found.total,
        offset=asked.offset,
        model_version=served.version.number,
        movies=[Movie.of(served.model, item) for item in found.items],
    )


def _ends_of_both(served: Served, movie: int | str, others: list[int | str]) -> list[list[str]]:
    """Names of the ends that each of the `others` shares with the movie."""
    if served.axes is None:
        return [[] for _ in others]
    model = served.model
    shared = alike(model, served.axes, int(model.known_items(movie)), model.known_items(others))
    return [[one.end.label for one in row] for row in shared]
