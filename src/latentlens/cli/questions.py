"""`recommend` and `similar`: questions to the registered model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentlens import terminal
from latentlens.cli import answers, pages
from latentlens.cli.options import STORE, Json, Number, Store, Uri, stoppable
from latentlens.errors import ConfigError, UnknownId

if TYPE_CHECKING:
    from latentlens.explain.axes import Axes
    from latentlens.explain.explanation import Explainer
    from latentlens.explain.steering import Moved
    from latentlens.recommenders.fitted import Filters, FittedModel, Listed


def recommend(
    user: Annotated[str | None, typer.Argument(help="User id.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every user's list instead, written to --out.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE.parquet", help="Where the lists of --all go.")] = None,
    n: Number = 10,
    genre: Annotated[str | None, typer.Option(help="Only movies of this genre.")] = None,
    year_from: Annotated[int | None, typer.Option(help="Only movies of this year or later.")] = None,
    year_to: Annotated[int | None, typer.Option(help="Only movies of this year or earlier.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say of each movie which ratings speak for it.")] = False,
    steer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AXIS=OFFSET",
            help="More of an axis (3=+1.5) or of an end of one (war=1), in standard deviations of tastes, -3 to 3.",
        ),
    ] = None,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """List the best movies for a user, of those not rated yet."""
    from latentlens.explain.axes import axes_of
    from latentlens.recommenders.fitted import Filters
    from latentlens.workflows.consult import open_model

    if user is None or everybody or out:
        if user is not None or not (everybody and out) or explain or steer:
            raise ConfigError(
                "Give a user id; or, for every user's list, --all --out FILE.parquet, without --explain and --steer."
            )
        model, version = open_model(tracking_uri, store, terminal.say)
        _write_lists(model, version.number, out, n, Filters(genre, year_from, year_to), json)
        return
    model, version = open_model(tracking_uri, store, terminal.say)
    user_id = as_id(model.factors.user_ids, user)
    explainer = explainer_of(model, user_id) if explain else None
    offsets = _offsets(steer or (), axes_of(model))
    known = model.knows_user(user_id)
    ranking, moved = _ranked(model, user_id, n, Filters(genre, year_from, year_to), offsets)
    rows = model.describe(ranking)
    reasons = explainer.because(ranking.items) if explainer else []
    if json:
        terminal.as_json(
            {
                "user_id": user_id,
                "strategy": "personal" if known else "popular",
                "model_version": version.number,
                "recommendations": answers.listed(rows, reasons, moved),
            }
        )
        return
    title = f"For user {user}" if known else f"User {user} is unknown: the most rated movies"
    terminal.movies(f"{title} (model version {version.number})", rows, _columns(moved))
    if reasons:
        pages.reasons(rows, reasons)


def _write_lists(model: FittedModel, version: int, out: Path, n: int, filters: Filters, json: bool) -> None:
    from latentlens.workflows.everybody import write_lists

    with stoppable(f"Stopped: {out} was not written."), terminal.listing() as on_batch:
        n_users = write_lists(model, out, n, filters, on_batch)
    if json:
        terminal.as_json({"model_version": version, "users": n_users, "file": str(out)})
    else:
        terminal.answer(f"{out}: the lists of {n_users:,} users (model version {version})")


def similar(
    movie: Annotated[str, typer.Argument(help="Movie id.")],
    n: Number = 10,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """List the movies whose latent factors point the same way, and the named axes on which they are alike."""
    from latentlens.explain.along_axes import alike
    from latentlens.explain.axes import axes_of
    from latentlens.workflows.consult import open_model

    model, version = open_model(tracking_uri, store, terminal.say)
    movie_id = as_id(model.factors.item_ids, movie)
    rows = model.similar(movie_id, n)
    axes, others = axes_of(model), model.known_items([row.movie_id for row, _ in rows])
    item = int(model.known_items(movie_id))
    common = alike(model, axes, item, others) if axes and axes.named else [()] * len(rows)
    if json:
        listed = [
            {**asdict(row), "similarity": cosine, "alike": answers.alike(ends)}
            for (row, cosine), ends in zip(rows, common, strict=True)
        ]
        terminal.as_json({"movie_id": movie_id, "model_version": version.number, "similar": listed})
        return
    columns = {"similarity": [f"{cosine:.3f}" for _, cosine in rows]}
    ends_of = {"alike on": ["; ".join(one.end.label for one in ends) for ends in common]} if any(common) else None
    terminal.movies(f"Similar to {model.catalogue.titles[item]}", [row for row, _ in rows], columns, ends_of)


def as_id(ids: Any, text: str) -> int | str:
    """Read an id as the data has it. Raises ConfigError for one of another kind."""
    try:
        parsed: int | str = ids.parse(text)
    except ValueError as problem:
        raise ConfigError(f"{problem}.") from None
    return parsed


def explainer_of(model: FittedModel, user_id: int | str) -> Explainer:
    """What explains this user's scores. Raises UnknownId for somebody without ratings; see `Explainer`."""
    from latentlens.explain.explanation import Explainer

    require_known(model, user_id)
    return Explainer.of_user(model, user_id)


def require_known(model: FittedModel, user_id: int | str) -> None:
    """Raise UnknownId for somebody without ratings, of whom there is nothing to tell."""
    if not model.knows_user(user_id):
        raise UnknownId(f"User {user_id} has no ratings in the model: choose a user that it was trained on.")


def _offsets(steer: Sequence[str], axes: Axes | None) -> dict[int, float]:
    """Offsets by column of the factors, from texts such as 3=+1.5 and war=1; those along one axis are added up."""
    from latentlens.explain.steering import direction

    offsets: dict[int, float] = {}
    for text in steer:
        name, _, number = text.rpartition("=")
        try:
            offset = float(number)
        except ValueError:
            offset = float("nan")
        if not name or offset != offset:
            raise ConfigError(f"--steer {text!r} is not an axis and an offset: write 3=+1.5, or war=1.")
        way = direction(name, axes)
        offsets[way.axis] = offsets.get(way.axis, 0.0) + way.sign * offset
    return offsets


def _ranked(
    model: FittedModel, user_id: int | str, n: int, filters: Filters, offsets: dict[int, float]
) -> tuple[Listed, list[Moved]]:
    """The list of this user (the popular one of somebody unknown), and what steering did to each of its movies."""
    from latentlens.explain.steering import moved, steer

    if offsets:
        require_known(model, user_id)
        before, rated = model.vector_of(user_id), model.rated_by(user_id)
        after = steer(model.factors, before, offsets)
        ranking = model.rank_with(after, n, filters, rated)
        return ranking, moved(model, before, after, rated, ranking.items)
    known = model.knows_user(user_id)
    return (model.rank(user_id, n, filters) if known else model.rank_popular(n, filters)), []


def _columns(moved: Sequence[Moved]) -> dict[str, list[str]]:
    if not moved:
        return {}
    return {
        "rank before": [f"{one.rank_before:,}" for one in moved],
        "moved by": [f"{sum(one.stars.values()):+.2f}" for one in moved],
    }
