"""`data fetch` and `data info`: a source of ratings before anything is trained on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from latentlens import terminal
from latentlens.cli.options import (
    Catalogue,
    ItemCol,
    Json,
    RatingCol,
    RatingScale,
    TimestampCol,
    UserCol,
)
from latentlens.cli.reading import format_of

app = typer.Typer(help="Look at ratings before training on them.", no_args_is_help=True)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="ml-latest-small, ml-100k, ml-1m, ml-10m, ml-20m, ml-25m or ml-32m.")],
    json: Json = False,
) -> None:
    """Download a MovieLens data set into the cache, check it, and print where it is."""
    from latentlens.ratings.readers import download

    with terminal.downloads() as on_download:
        path = download.fetch(name, on_download)
    terminal.as_json({"name": name, "path": str(path)}) if json else terminal.answer(str(path))


@app.command()
def info(
    source: Annotated[str, typer.Argument(help="What --data of train takes.")],
    user_col: UserCol = None,
    item_col: ItemCol = None,
    rating_col: RatingCol = None,
    timestamp_col: TimestampCol = None,
    rating_scale: RatingScale = None,
    catalogue: Catalogue = None,
    json: Json = False,
) -> None:
    """Show what a source of ratings holds, draw how the ratings are spread, and list what was dropped or looks odd."""
    from latentlens.ratings.readers import read
    from latentlens.ratings.summary import summarise

    form = format_of(
        user_col=user_col,
        item_col=item_col,
        rating_col=rating_col,
        timestamp_col=timestamp_col,
        rating_scale=rating_scale,
        catalogue=catalogue,
    )
    with terminal.downloads() as on_download:
        found = summarise(read(source, form, on_download))
    terminal.as_json(asdict(found)) if json else terminal.summary(found)
