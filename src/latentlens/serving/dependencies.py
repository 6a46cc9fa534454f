"""What routes ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from starlette.types import Scope

from latentlens.recommenders.fitted import Filters
from latentlens.serving.current import CurrentModel
from latentlens.serving.metrics import Metrics
from latentlens.serving.observe import MODEL_VERSION
from latentlens.serving.schemas import MovieFilters
from latentlens.serving.served import Served


async def _current(request: Request) -> CurrentModel:
    current: CurrentModel = request.app.state.current
    return current


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def _served(request: Request) -> Served:
    return served_to(request.scope)


def served_to(scope: Scope) -> Served:
    """Take the model that answers this request: once, so that a swap in its middle cannot mix versions."""
    served: Served = scope["app"].state.current.served
    scope[MODEL_VERSION] = served.version.number
    return served


LONGEST_ID = 256
Current = Annotated[CurrentModel, Depends(_current)]
Told = Annotated[Metrics, Depends(_metrics)]
ServedModel = Annotated[Served, Depends(_served)]
IdInPath = Annotated[str, Path(max_length=LONGEST_ID, examples=["1"], description="An id as the data has it.")]


def filters_for(asked: MovieFilters, served: Served) -> Filters:
    """Filters as the model takes them. Raises a 422, naming the genres there are, for an unknown one."""
    names = served.model.catalogue.genre_names
    if asked.genre is not None and asked.genre.casefold() not in {name.casefold() for name in names}:
        there_are = f"choose one of {', '.join(names)}" if names else "this data has no genres, so leave it out"
        raise HTTPException(422, f"No movie is of the genre {asked.genre!r}: {there_are}.")
    return Filters(asked.genre, asked.year_from, asked.year_to)
