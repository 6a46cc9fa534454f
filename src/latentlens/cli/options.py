"""What several commands share: options, and how Ctrl-C and SIGTERM end them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from latentlens import terminal
from latentlens.errors import ConfigError
from latentlens.processes import Terminated, stopped_by_sigterm

STORE = Path("mlruns")


class Preset(StrEnum):
    """Configurations by name."""

    tuned = "tuned"
    svd = "svd"
    surprise = "surprise"
    ease = "ease"
    implicit_als = "implicit_als"
    item_knn = "item_knn"
    bias_only = "bias_only"
    popularity = "popularity"


Data = Annotated[
    str, typer.Option(help="demo, a folder, zip or file of ratings, or a MovieLens set by name, such as ml-1m.")
]
UserCol = Annotated[str | None, typer.Option(help="Column of the user ids; userId if not given.")]
ItemCol = Annotated[str | None, typer.Option(help="Column of the movie ids; movieId if not given.")]
RatingCol = Annotated[str | None, typer.Option(help="Column of the ratings; rating if not given.")]
TimestampCol = Annotated[
    str | None, typer.Option(help="Column of seconds or dates; timestamp, if there is one; '' goes without.")
]
RatingScale = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="LOW HIGH", help="Lowest and highest rating people could give; else read off the data."),
]
Catalogue = Annotated[
    Path | None, typer.Option(help="CSV, TSV or Parquet with the movies' ids, title, and if you like genres and year.")
]
TestSize = Annotated[float, typer.Option(help="Share of the ratings on the test side.")]
LeaveLast = Annotated[int | None, typer.Option(help="Instead: each user's last N ratings are the test side.")]
ByTime = Annotated[
    bool, typer.Option("--by-time", help="Instead: the latest ratings, a share of --test-size, are the test side.")
]
TestFile = Annotated[
    str | None, typer.Option(help="Instead: the ratings of this file are the test side, those of --data train.")
]
MostActiveUsers = Annotated[int | None, typer.Option(help="Keep only so many users, the most active.")]
MostRatedMovies = Annotated[int | None, typer.Option(help="Keep only so many movies, the most rated.")]
Seed = Annotated[int, typer.Option(help="Fixes the split and the start of the training.")]
Uri = Annotated[
    str | None,
    typer.Option(help="MLflow's address; otherwise a running server is found, or one started for the while."),
]
Store = Annotated[Path, typer.Option(envvar="LATENTLENS_STORE", help="Folder of MLflow's database and artifacts.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Number = Annotated[int, typer.Option("-n", "--number", min=1, max=1000, help="How many movies.")]
PresetOption = Annotated[Preset, typer.Option(help="tuned: chosen on validation data; surprise: Surprise's defaults.")]
Host = Annotated[
    str, typer.Option(envvar="LATENTLENS_HOST", help="Address to listen on; 0.0.0.0 opens it to the network.")
]
MlflowPort = Annotated[int, typer.Option(envvar="LATENTLENS_MLFLOW_PORT", min=1, max=65535)]
ApiPort = Annotated[int, typer.Option(envvar="LATENTLENS_API_PORT", min=1, max=65535)]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, by name."""
    return {name: value for name, value in options.items() if value is not None}


def write_page(path: Path, page: str, option: str) -> None:
    """Write a page where `option` says. Raises ConfigError for a file that cannot be written."""
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as problem:
        raise ConfigError(
            f"{path} cannot be written ({problem.strerror}): name another file for {option}."
        ) from problem


@contextmanager
def stoppable(text: str) -> Iterator[None]:
    """Say `text` on Ctrl-C or SIGTERM, and end with the exit code that shells expect of it."""
    try:
        with stopped_by_sigterm():
            yield
    except KeyboardInterrupt as stop:
        terminal.say(text)
        raise typer.Exit(143 if isinstance(stop, Terminated) else 130) from None
