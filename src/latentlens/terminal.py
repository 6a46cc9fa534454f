"""What a person sees: tables, a progress bar, findings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from latentlens.ratings.readers.download import DownloadReport, OnDownload
    from latentlens.ratings.summary import Spread, Summary
    from latentlens.ratings.table import Ratings
    from latentlens.recommenders.fitted import EpochReport, OnEpoch, Recommendation
    from latentlens.tracking.registry import Promotion
    from latentlens.workflows import doctor
    from latentlens.workflows.compare import OnModel
    from latentlens.workflows.everybody import OnBatch
    from latentlens.workflows.explained import OnRefit
    from latentlens.workflows.train import TrainReport

# Answers go to stdout; everything that only accompanies them to stderr, so that pipes carry answers alone.
# A pipe has no width, unless COLUMNS gives it one: there, every row is one whole line.
_out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 1000)
_err = Console(stderr=True, highlight=False)

# Titles need the place of the genres in a window narrower than a page; a chart is as wide as that.
_PAGE = 80


def say(text: str) -> None:
    """Say one line beside the answer."""
    _err.print(text, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """Say what went wrong."""
    _err.print(f"[bold red]Error:[/] {_plain(text)}", soft_wrap=True)


def answer(text: str) -> None:
    """Print an answer of one line."""
    print(text)  # noqa: T201 - rich would wrap it


def width() -> int:
    """Characters of a line of the answer; many in a pipe."""
    return _out.width


def show(*parts: Any) -> None:
    """Print what Rich can draw, one below the other, as an answer."""
    for part in parts:
        _out.print(part)


def as_json(answer: Any) -> None:
    """Print an answer for machines."""
    print(json.dumps(answer, ensure_ascii=False, indent=1))  # noqa: T201 - rich would wrap it


@contextmanager
def training() -> Iterator[tuple[OnEpoch, OnRefit]]:
    """Show bars that move with each epoch, then with each refit; nothing where the output is no terminal."""
    what, said = TextColumn("{task.fields[what]}"), TextColumn("{task.description}")
    columns = (what, BarColumn(), MofNCompleteColumn(), said)
    with Progress(*columns, TimeRemainingColumn(), console=_err, disable=not _err.is_terminal) as progress:
        fit = progress.add_task("", total=None, what="Training")
        refits = progress.add_task("fits from other random numbers", visible=False, what="Axes")

        def on_epoch(report: EpochReport) -> None:
            text = f"RMSE train {report.train_rmse:.4f}"
            if report.validation_rmse is not None:
                text += f", validation {report.validation_rmse:.4f}"
            progress.update(fit, total=report.n_epochs, completed=report.epoch, description=text)

        def on_refit(done: int, n_refits: int) -> None:
            progress.update(refits, total=n_refits, completed=done, visible=True)

        yield on_epoch, on_refit


@contextmanager
def listing() -> Iterator[OnBatch]:
    """Show a bar that moves with the users who have their lists; nothing where the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, disable=not _err.is_terminal) as progress:
        users = progress.add_task("Users", total=None)
        yield lambda done, total: progress.update(users, completed=done, total=total)


@contextmanager
def comparing() -> Iterator[OnModel]:
    """Show a bar that moves with each model; nothing where the output is no terminal."""
    columns = (TextColumn("Comparing"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=_err, disable=not _err.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda name, done, n: progress.update(task, description=name, completed=done, total=n)


@contextmanager
def downloads() -> Iterator[OnDownload]:
    """Say what is fetched and on what terms, and show a bar that moves with it; no bar where nothing is fetched."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, disable=not _err.is_terminal) as progress:

        def on_download(report: DownloadReport) -> None:
            if not report.n_bytes:
                say(f"Fetching {report.name} from {report.url}")
                say(f"It is GroupLens', for research, on the terms of {report.terms}")
                progress.add_task(report.name, total=report.n_total or None)
            progress.update(progress.task_ids[-1], completed=report.n_bytes)

        yield on_download


def data(trainset: Ratings, testset: Ratings) -> None:
    """Say what was read, dropped and split."""
    say(f"Data: {trainset.origin.name}")
    for note in (*trainset.origin.notes, testset.origin.notes[-1]):
        say(f"  {note.rows:>12,}  {note.what}")


def summary(found: Summary) -> None:
    """Show what a source of ratings holds."""
    figures = Table.grid(padding=(0, 2))
    figures.add_column()
    figures.add_column(overflow="fold")
    for what, value in _figures(found).items():
        figures.add_row(what, _plain(value))
    _out.print(figures)
    bars = Table.grid(padding=(0, 1), expand=True)
    for justify in ("right", "left", "right"):
        bars.add_column(justify=justify, ratio=1 if justify == "left" else None)
    highest = max(bar.count for bar in found.histogram)
    for bar in found.histogram:
        label = f"{bar.low:g}" if bar.low == bar.high else f"{bar.low:g} to {bar.high:g}"
        bars.add_row(
            label, ProgressBar(highest, bar.count, complete_style="cyan", finished_style="cyan"), f"{bar.count:,}"
        )
    _out.print(bars, width=_PAGE)
    for title, notes in (("Steps", found.steps), ("Worth a look", found.doubts)):
        _out.print(f"{title}:" if notes else f"{title}: nothing")
        for note in notes:
            _out.print(f"  {note.rows:>12,}  {note.what}", markup=False, soft_wrap=True)


def _figures(found: Summary) -> dict[str, str]:
    low, high = found.scale
    return {
        "name": found.name,
        "SHA-256": found.sha256,
        "ratings": f"{found.n_ratings:,}, {found.density:.2%} of all pairs",
        "users": f"{found.n_users:,} (ids: {found.user_ids})",
        "movies": f"{found.n_movies:,} of {found.n_movies_listed:,} listed (ids: {found.movie_ids})",
        "tags": f"{found.n_tags:,} different ones" if found.n_tags else "none",
        "scale": f"{low:g} to {high:g}, mean {found.mean:.2f}",
        "time": "no timestamps" if found.first is None else f"{found.first} to {found.last}",
        "per user": _spread(found.per_user),
        "per movie": _spread(found.per_movie),
    }


def _spread(found: Spread) -> str:
    return f"{found.minimum:,} to {found.maximum:,} ratings, median {found.median:,g}"


def trained(report: TrainReport) -> None:
    """Show what a training found."""
    table = Table("on the test side", "RMSE", "MAE", box=None, pad_edge=False)
    own, popular = [f"[bold]{report.rmse:.4f}[/]", f"[bold]{report.mae:.4f}[/]"], [f"{report.popularity_rmse:.4f}", ""]
    if report.ndcg_at_10 is not None:
        table.add_column("nDCG@10")
        own.append(f"[bold]{report.ndcg_at_10:.3f}[/]")
        popular.append(f"{report.popularity_ndcg_at_10:.3f}")
    table.add_row("this model", *own)
    table.add_row("bias-only", f"{report.bias_rmse:.4f}")
    table.add_row("popularity", *popular)
    _out.print(table)
    if report.axes_named_share is not None:
        named = f", {report.axes_named} with a name ({report.axes_named_share:.0%} of taste)"
        _out.print(f"Steady axes: {report.axes_steady}{named if report.axes_named else ''}", markup=False)
    for name in report.axis_names:
        _out.print(f"  {name}", markup=False)
    watched = f" ({report.n_validation:,} more watched)" if report.n_validation else ""
    for line in (
        f"Fitted on {report.n_fitted:,} ratings{watched} in {report.fit_seconds:.1f} s",
        f"Run {report.run_name}: {report.run_id}",
    ):
        _out.print(line, markup=False, soft_wrap=True)
    if report.model_version is not None:
        _out.print(f"Registered: latentlens version {report.model_version}", markup=False)
    for one in report.findings:
        noted(one.code, one.title, [one.seen], one.advice)


def noted(code: str, title: str, seen: Sequence[str], advice: str) -> None:
    """Show a finding: what was seen, each on a line, then what to do."""
    _out.print(f"[yellow]{code} {title}[/]")
    for text in (*seen, f"→ {advice}"):
        _out.print(Padding.indent(_plain(text), 2))


def movies(
    title: str,
    rows: Sequence[Recommendation],
    extra: Mapping[str, Sequence[str]],
    instead: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Show a list of movies; `extra` adds columns, heading -> one text per row, `instead` takes the genres' place."""
    texts: dict[str, Sequence[str]] = {"movie": [row.title for row in rows]}
    if _out.width >= _PAGE:
        texts |= {"genres": [", ".join(row.genres) for row in rows]} if instead is None else dict(instead)
    figures = {
        "year": [str(row.year or "") for row in rows],
        "predicted": [f"{row.predicted_rating:.2f}" for row in rows],
        "ratings": [f"{row.n_ratings:,}" for row in rows],
        **extra,
    }
    table = Table(box=None, pad_edge=False)
    table.add_column(
        "id", no_wrap=True, justify="right" if all(isinstance(row.movie_id, int) for row in rows) else "left"
    )
    for heading in texts:
        table.add_column(heading)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    for n, row in enumerate(rows):
        # A text that is too long is cut short: a movie is one line.
        cut = [Text(column[n], no_wrap=True, overflow="ellipsis") for column in texts.values()]
        table.add_row(Text(str(row.movie_id)), *cut, *(column[n] for column in figures.values()))
    say(title)
    _out.print(table)


def promotions(rows: Sequence[Promotion]) -> None:
    """Show what was promoted when, the latest first."""
    if not rows:
        say("Nothing was promoted yet.")
        return
    table = Table("when (UTC)", "served before", "served after", box=None, pad_edge=False)
    for row in rows:
        chosen = ("the newest" if number is None else f"version {number}" for number in (row.before, row.after))
        table.add_row(row.at[:19].replace("T", " "), *chosen)
    _out.print(table)


def findings(rows: Sequence[doctor.Finding]) -> None:
    """Show a doctor's report."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in ("verdict", "what", "found", "mend"):
        # Addresses and commands are copied from here: never cut short.
        table.add_column(overflow="fold")
    for row in rows:
        mend = f"[yellow]-> {_plain(row.mend)}[/]" if not row.ok else ""
        table.add_row("[green]ok[/]" if row.ok else "[yellow]!![/]", _plain(row.what), _plain(row.found), mend)
    _out.print(table)


def _plain(text: str) -> str:
    """Keep Rich from reading markup in texts that are not ours."""
    return text.replace("[", r"\[")
