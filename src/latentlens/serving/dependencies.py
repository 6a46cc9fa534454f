"""What routes ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request

from latentlens.recommenders.fitted import Filters
from latentlens.serving.current import CurrentModel
from latentlens.serving.schemas import MovieFilters
from latentlens.serving.served import Served


async def _current(request: Request) -> CurrentModel:
    current: CurrentModel = request.app.state.current
    return current


async def _served(current: Annotated[CurrentModel, Depends(_current)]) -> Served:
    return current.served


Current = Annotated[CurrentModel, Depends(_current)]
# Taken once per request, so that a swap in its middle cannot mix versions.
ServedModel = Annotated[Served, Depends(_served)]
IdInPath = Annotated[str, Path(max_length=256, examples=["1"], description="An id as the data has it.")]


def filters_for(asked: MovieFilters, served: Served) -> Filters:
    """Filters as the model takes them. Raises a 422, naming the genres there are, for an unknown one."""
    names = served.model.catalogue.genre_names
    if asked.genre is not None and asked.genre.casefold() not in {name.casefold() for name in names}:
        there_are = f"choose one of {', '.join(names)}" if names else "this data has no genres, so leave it out"
        raise HTTPException(422, f"No movie is of the genre {asked.genre!r}: {there_are}.")
    return Filters(asked.genre, asked.year_from, asked.year_to)
