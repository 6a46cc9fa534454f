"""What people see of an explanation and of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from latentlens import terminal

if TYPE_CHECKING:
    from latentlens.explain.along_axes import AxisTaste
    from latentlens.explain.axes import Axes, Axis
    from latentlens.explain.explanation import Explanation, Place, Reason, Without
    from latentlens.recommenders.fitted import Recommendation

# Characters of the longest bar, and the stars that it stands for at least.
_LONGEST = 16
_SMALLEST_SCALE = 0.2


def explanation(found: Explanation, axes: Axes | None, rank: int | None, without: Sequence[Without] | None) -> None:
    """Show an explanation: the sentences, the parts with bars, the reasons, and what would be without them."""
    from latentlens.explain.words import sentences, what_if

    terminal.show(Text(sentences(found)), "", _parts(found, axes), "", _reasons(found, "stars", found))
    if found.place is not None:
        terminal.show("", Text("Its place in this user's list has reasons of its own."), "")
        terminal.show(_reasons(found, "adds", found.place))
    if rank is not None:
        place = "It has" if found.given is None else "Lists leave out what was rated; otherwise it would have"
        terminal.show("", Text(f"{place} rank {rank:,} in this user's list."))
        terminal.show(*(Text(what_if(one, rank)) for one in without or ()))


def reasons(rows: Sequence[Recommendation], found: Sequence[Sequence[Reason]]) -> None:
    """Show in a line for each movie of a list which ratings speak for it."""
    from latentlens.explain.words import because

    table = Table.grid(padding=(0, 1))
    for row, of_movie in zip(rows, found, strict=True):
        table.add_row(Text(str(row.movie_id)), Text(because(of_movie)))
    terminal.show("", table)


def axes(found: Axes) -> None:
    """Show the leading axes, the largest first."""
    from latentlens.explain.report import headline

    terminal.say(headline(found))
    table = Table("axis", "of taste", "from", "to", "how steady", box=None, pad_edge=False)
    for axis in found.axes:
        ends = (Text(pole.label, style="" if pole.name else "dim") for pole in (axis.negative, axis.positive))
        table.add_row(str(axis.number), f"{axis.variance_share:.0%}", *ends, axis.confidence)
    terminal.show(table)


def taste(title: str, found: Sequence[AxisTaste]) -> None:
    """Show a person's taste: a bar for each steady axis, towards the end that is preferred."""
    table = Table("axis", "prefers", "stars", "", box=None, pad_edge=False)
    widest = max((abs(one.stars) for one in found), default=0.0)
    for one in found:
        table.add_row(str(one.axis.number), Text(one.preferred.label), f"{abs(one.stars):.2f}", _bar(one.stars, widest))
    terminal.say(title)
    terminal.show(table)


def _parts(found: Explanation, axes: Axes | None) -> Table:
    whole = found.parts
    stars = whole.axes
    steady = sorted(axes.stable if axes else (), key=lambda axis: -abs(stars[axis.number - 1]))
    rows = [("this movie, whoever rates it", whole.movie_bias), ("this user, whatever the movie", whole.user_bias)]
    rows += [(_end(axis, whole.traits[axis.number - 1]), float(stars[axis.number - 1])) for axis in steady]
    others = float(stars.sum() - sum(stars[axis.number - 1] for axis in steady))
    rows.append((f"{'other tastes' if steady else 'tastes'}", others))
    table = Table("where it comes from", "stars", "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    table.add_row("average of all ratings", f"{whole.global_mean:.2f}")
    widest = max(abs(value) for _, value in rows)
    for what, value in rows:
        table.add_row(Text(what), f"{value:+.2f}", _bar(value, widest))
    given = "" if found.given is None else f"given: {found.given:g}"
    table.add_row("[bold]score[/]", f"[bold]{found.score:.2f}[/]", given)
    return table


def _end(axis: Axis, trait: float) -> str:
    """Which end of an axis the movie is at."""
    return f"{(axis.positive if trait >= 0 else axis.negative).label} (axis {axis.number})"


def _reasons(found: Explanation, unit: str, of: Explanation | Place) -> Table:
    """The ratings behind a score or a place."""
    table = Table("because this user gave", "rating", unit, "", box=None, pad_edge=False)
    for column in table.columns[1:3]:
        column.justify = "right"
    told: list[Reason] = [*of.reasons_for, *reversed(of.reasons_against)]
    widest = max((abs(one.contribution) for one in told), default=0.0)
    for one in told:
        title = Text(one.title, no_wrap=True, overflow="ellipsis")
        table.add_row(title, f"{one.rating:g}", f"{one.contribution:+.2f}", _bar(one.contribution, widest))
    n_others = found.n_ratings - len(told)
    if n_others:
        table.add_row(f"{n_others:,} other ratings", "", f"{of.other_ratings:+.2f}", "")
    return table


def _bar(stars: float, widest: float) -> Text:
    length = round(_LONGEST * min(abs(stars) / max(widest, _SMALLEST_SCALE), 1))
    return Text("\u2501" * length, style="red" if stars < 0 else "cyan")
