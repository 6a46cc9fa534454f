"""The command line: parses, calls a workflow, prints. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys

import typer

from latentlens import terminal
from latentlens.cli import comparing, data, operations, questions, training, why
from latentlens.errors import LatentLensError

app = typer.Typer(
    help="Movie ratings in, a recommender that says why out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    training.up,
    training.train,
    comparing.compare,
    questions.recommend,
    questions.similar,
    why.explain,
    why.factors,
    operations.serve,
    operations.promote,
    operations.reset,
    operations.doctor,
):
    app.command()(command)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line: an error that a user can meet becomes one line and exit code 2, Ctrl-C exits with 130."""
    try:
        app()
    except LatentLensError as problem:
        terminal.complain(str(problem))
        sys.exit(2)
    except ModuleNotFoundError as missing:
        terminal.complain(f"{missing.name} is not installed: pip install 'latentlens[train,track,serve]'.")
        sys.exit(2)
