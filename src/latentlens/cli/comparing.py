"""`compare`: models side by side on the same ratings and users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from latentlens import terminal
from latentlens.cli.options import (
    STORE,
    ByTime,
    Catalogue,
    Data,
    ItemCol,
    Json,
    LeaveLast,
    MostActiveUsers,
    MostRatedMovies,
    RatingCol,
    RatingScale,
    Seed,
    Store,
    TestFile,
    TestSize,
    TimestampCol,
    Uri,
    UserCol,
    stoppable,
    write_page,
)
from latentlens.cli.reading import format_of, split_of
from latentlens.memory import give_back_at_once

if TYPE_CHECKING:
    from latentlens.workflows.comparison import Column, Comparison

# What a narrow window drops last.
_FIRST = ("95 %", "RMSE", "fit s", "p", "recall", "coverage", "hit rate", "MAE", "pop. bias", "s / 1,000 lists")


def compare(
    data: Data = "demo",
    user_col: UserCol = None,
    item_col: ItemCol = None,
    rating_col: RatingCol = None,
    timestamp_col: TimestampCol = None,
    rating_scale: RatingScale = None,
    catalogue: Catalogue = None,
    models: Annotated[
        str | None, typer.Option(help="Presets, with commas between; all that fit these ratings if not given.")
    ] = None,
    metric: Annotated[
        str, typer.Option(help="What orders them: ndcg, precision, recall, map, mrr or hit_rate.")
    ] = "ndcg",
    k: Annotated[int, typer.Option("--k", help="Movies in a list.")] = 10,
    liked: Annotated[
        float | None, typer.Option(help="Lowest test rating that counts as liked; the upper quarter if not given.")
    ] = None,
    negatives: Annotated[
        int | None, typer.Option(help="Rank among so many drawn movies, as some papers do; all if not given.")
    ] = None,
    test_size: TestSize = 0.2,
    leave_last: LeaveLast = None,
    by_time: ByTime = False,
    test_file: TestFile = None,
    most_active_users: MostActiveUsers = None,
    most_rated_movies: MostRatedMovies = None,
    seed: Seed = 42,
    html: Annotated[Path | None, typer.Option(help="Also write the comparison as an HTML page.")] = None,
    tracking_uri: Uri = None,
    store: Store = STORE,
    json: Json = False,
) -> None:
    """Fit models on the same ratings, measure predictions, lists and time, and record it; nothing is registered."""
    from latentlens.workflows import compare as workflow
    from latentlens.workflows.comparison_page import page
    from latentlens.workflows.comparison_run import recorded

    give_back_at_once()
    chosen = None if models is None else [name.strip() for name in models.split(",")]
    workflow.check(chosen, metric)
    form = format_of(
        user_col=user_col,
        item_col=item_col,
        rating_col=rating_col,
        timestamp_col=timestamp_col,
        rating_scale=rating_scale,
        catalogue=catalogue,
    )
    with stoppable("Stopped: nothing was recorded."):
        split = split_of(
            data,
            form,
            most_active_users=most_active_users,
            most_rated_movies=most_rated_movies,
            test_size=test_size,
            leave_last=leave_last,
            by_time=by_time,
            test_source=test_file,
            seed=seed,
        )
        with terminal.comparing() as on_model:
            found = workflow.compare(
                split, chosen, metric=metric, k=k, liked=liked, negatives=negatives, seed=seed, on_model=on_model
            )
        found = recorded(found, split, tracking_uri=tracking_uri, store=store, say=terminal.say)
        if html is not None:
            write_page(html, page(found), "--html")
    terminal.as_json(found.to_json()) if json else _show(found, html)


def _show(found: Comparison, html: Path | None) -> None:
    terminal.say(found.about)
    terminal.show(_table(found))
    for name, why in found.left_out.items():
        terminal.say(f"Without {name}: {why}")
    terminal.show("")
    for one in found.findings:
        terminal.noted(
            one.code, one.title, [f"{', '.join(names)}: {seen}" for seen, names in one.seen.items()], one.advice
        )
    if html is not None:
        terminal.say(f"Page: {html}")
    terminal.say(f"Run compare-{found.data}: {found.run_id}")


def _table(found: Comparison) -> Table:
    """As many columns as the window has room for; the best of each in bold, and with a star for pipes."""
    first, *rest = found.columns()
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    columns = {"model": [model.name for model in found.models], f"{first.heading}@{found.k}": _marked(found, first)}
    least = list(columns)
    columns |= {"95 %": found.intervals(), "p": found.p_values()}
    columns |= {column.heading: _marked(found, column) for column in rest}
    shown = _fitting(columns, [*least, *_FIRST])
    for heading in shown:
        table.add_column(heading, justify="left" if heading == "model" else "right", no_wrap=True)
    for row in zip(*shown.values(), strict=True):
        table.add_row(*row)
    return table


def _fitting(columns: Mapping[str, Sequence[str]], first: Sequence[str]) -> dict[str, Sequence[str]]:
    """The columns that there is room for, those named first before others, in their own order."""
    room, kept = terminal.width(), set()
    for heading in [*(name for name in first if name in columns), *(name for name in columns if name not in first)]:
        room -= 1 + max(Text.from_markup(cell).cell_len for cell in (heading, *columns[heading]))
        if room < -1:
            break
        kept.add(heading)
    return {heading: cells for heading, cells in columns.items() if heading in kept}


def _marked(found: Comparison, column: Column) -> list[str]:
    return [f"[bold green]{text}*[/]" if best else f"{text} " for text, best in found.cells(column)]
