"""`explain` and `factors`: why a score, and what the model has learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentlens import terminal
from latentlens.cli import pages
from latentlens.cli.options import STORE, Json, Store, Uri, write_page
from latentlens.cli.questions import as_id, explainer_of, require_known
from latentlens.errors import ConfigError

if TYPE_CHECKING:
    from latentlens.explain.axes import Axes
    from latentlens.workflows.consult import Opened


def explain(
    user: Annotated[str, typer.Argument(help="User id.")],
    movie: Annotated[str, typer.Argument(help="Movie id, rated by this user or not.")],
    reasons: Annotated[int, typer.Option(min=0, max=100, help="How many reasons for, and how many against.")] = 5,
    without: Annotated[
        bool, typer.Option("--without", help="Also tell the movie's rank, and what it would be without each of these.")
    ] = False,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """Explain why a user is given this score for a movie: its parts, and the user's own ratings it comes from."""
    from latentlens.explain.axes import axes_of
    from latentlens.workflows.consult import open_model

    model, version = open_model(tracking_uri, store, terminal.say)
    user_id, movie_id = as_id(model.factors.user_ids, user), as_id(model.factors.item_ids, movie)
    explainer = explainer_of(model, user_id)
    found, axes = explainer.explain(movie_id, reasons), axes_of(model)
    rank, left_out = None, None
    if without:
        rank = explainer.rank(movie_id)
        left_out = explainer.without(movie_id, [one.movie_id for one in (*found.reasons_for, *found.reasons_against)])
    if json:
        from latentlens.explain import in_json

        answer = in_json.explanation(found, axes, rank, left_out)
        terminal.as_json({"user_id": user_id, **answer, "model_version": version.number})
    else:
        pages.explanation(found, axes, rank, left_out)


def factors(
    user: Annotated[str | None, typer.Option(help="Also show this user's taste on the steady axes.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write it as an HTML page with a map of the movies.")] = None,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """Show the leading axes of the model: what they are called, and how steady they are."""
    from latentlens.explain.along_axes import tastes
    from latentlens.workflows.consult import open_model

    opened = open_model(tracking_uri, store, terminal.say)
    model, axes = opened.model, _axes(opened)
    user_id, taste = None, None
    if user is not None:
        user_id = as_id(model.factors.user_ids, user)
        require_known(model, user_id)
        taste = tastes(model, axes, model.vector_of(user_id))
    if report is not None:
        _write_report(report, opened, axes, user_id)
    if json:
        from latentlens.explain import in_json

        answer: dict[str, Any] = {
            "model_version": opened.version.number,
            "axes": [in_json.axis(one) for one in axes.axes],
        }
        if taste is not None:
            answer |= {"user_id": user_id, "taste": [in_json.taste(one) for one in taste]}
        terminal.as_json(answer)
    else:
        pages.axes(axes)
        if taste is not None:
            pages.taste(f"The taste of user {user}", taste)


def _axes(opened: Opened) -> Axes:
    from latentlens.explain.axes import axes_of

    axes = axes_of(opened.model)
    if axes is None or not axes.axes:
        raise ConfigError(
            f"No axis of model version {opened.version.number} ({opened.model.recommender}) is described:"
            " train one with the preset tuned, and not with --axis-refits 0."
        )
    return axes


def _write_report(path: Path, opened: Opened, axes: Axes, user_id: int | str | None) -> None:
    from latentlens.explain.report import report

    page = report(opened.model, axes, source=f"model version {opened.version.number}", user_id=user_id)
    write_page(path, page, "--report")
    terminal.say(f"Report: {path}")
