"""`recommend` and `similar`: questions to the registered model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from latentlens import terminal
from latentlens.cli.options import STORE, Json, Number, Store, Uri
from latentlens.errors import ConfigError


def recommend(
    user: Annotated[str, typer.Argument(help="User id.")],
    n: Number = 10,
    genre: Annotated[str | None, typer.Option(help="Only movies of this genre.")] = None,
    year_from: Annotated[int | None, typer.Option(help="Only movies of this year or later.")] = None,
    year_to: Annotated[int | None, typer.Option(help="Only movies of this year or earlier.")] = None,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """List the movies that a user would rate highest, of those not rated yet."""
    from latentlens.recommenders.fitted import Filters
    from latentlens.workflows.consult import open_model

    model, version = open_model(tracking_uri, store, terminal.say)
    user_id = _as_id(model.factors.user_ids, user)
    filters = Filters(genre, year_from, year_to)
    known = model.knows_user(user_id)
    rows = model.recommend(user_id, n, filters) if known else model.popular(n, filters)
    strategy = "personal" if known else "popular"
    if json:
        listed = [asdict(row) for row in rows]
        terminal.as_json(
            {"user_id": user_id, "strategy": strategy, "model_version": version.number, "recommendations": listed}
        )
        return
    title = f"For user {user}" if known else f"User {user} is unknown: the most rated movies"
    terminal.movies(f"{title} (model version {version.number})", rows, {})


def similar(
    movie: Annotated[str, typer.Argument(help="Movie id.")],
    n: Number = 10,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """List the movies whose latent factors point the same way."""
    from latentlens.workflows.consult import open_model

    model, version = open_model(tracking_uri, store, terminal.say)
    movie_id = _as_id(model.factors.item_ids, movie)
    rows = model.similar(movie_id, n)
    if json:
        listed = [{**asdict(row), "similarity": cosine} for row, cosine in rows]
        terminal.as_json({"movie_id": movie_id, "model_version": version.number, "similar": listed})
        return
    title = model.catalogue.titles[int(model.factors.item_ids.index(movie_id))]
    cosines = [f"{cosine:.3f}" for _, cosine in rows]
    terminal.movies(f"Similar to {title}", [row for row, _ in rows], {"similarity": cosines})


def _as_id(ids: Any, text: str) -> int | str:
    try:
        parsed: int | str = ids.parse(text)
    except ValueError as problem:
        raise ConfigError(f"{problem}.") from None
    return parsed
