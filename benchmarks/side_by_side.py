"""`make bench`: LatentLens beside its peers in one run; the tables go to RESULTS.md, one picture to docs/pictures.

What is told is a ratio within the run: seconds belong to a machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

import kernel
import reading
import report
import surprise_parity
import synthetic
import time_to_quality
from latentlens.ratings.readers import read
from latentlens.ratings.splits import random_split
from peak_memory import SEED

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs/pictures/time_to_quality.png"
PEERS = HERE.parent / ".venv-peers/bin/python"
LIBMF = HERE.parent / ".venv-peers/libmf.so"
N_TURNS, N_EPOCHS, N_READ, N_PREDICTED = 9, 8, 25_000_000, 4_800_000
MIDDLE = (40_000, 59_047, 4_800_000)

METHOD = """`make bench` measured all of this in one run. Whatever is compared ran turn by turn; a ratio is the median
of the ratios within the turns where there are turns of both, else of their medians. Compilation came before the clock.
Fits beside scikit-surprise ran on one thread each, from the table that each takes. LIBMF is built with AVX, since pip's
package is not and is ten times slower. The large set is made from a seed in the shape of ML-25M's train side
(`kernel.py`), the middle one is a quarter of it."""


class Ratio(NamedTuple):
    """One line of the first table."""

    what: str
    ours: str
    peer: str
    ratio: str
    asked: str


def main() -> None:
    """Measure, show, write."""
    console, tables, ratios = Console(), list[Table](), list[Ratio]()
    library = LIBMF if LIBMF.exists() else None
    if library is None:
        console.print("LIBMF is left out: there is no g++ to build it with.")
    for part in (beside_surprise, beside_libmf, until_as_good, beside_polars):
        more_ratios, more_tables = part(library)
        ratios += more_ratios
        tables += more_tables
        for table in more_tables:
            console.print(table)
    first = Table(*Ratio._fields, title="Ratios")
    for row in ratios:
        first.add_row(*row)
    console.print(first)
    text = "\n\n".join(["# Results", METHOD, *map(report.markdown, (first, *tables)), "## Machine", report.machine()])
    (HERE / "RESULTS.md").write_text(f"{text}\n", encoding="utf-8")


def beside_surprise(_: Path | None) -> tuple[list[Ratio], list[Table]]:
    """Accuracy, seconds and memory of one split."""
    ratings = read(surprise_parity.default_source())
    split = random_split(ratings, 0.2, SEED)
    with threadpool_limits(1):
        errors = surprise_parity.errors_of(split)
        turns = surprise_parity.turns_of(split.train, N_TURNS)
    own, svd, theirs = (errors[name] for name in ("preset surprise", "preset svd", "scikit-surprise"))
    speed = surprise_parity.times_as_fast(turns, surprise_parity.TURN_NAMES.index("preset surprise, descent"))
    seconds, surprises = (
        median(column) for column in zip(*((turn.descent, turn.surprise) for turn in turns), strict=True)
    )
    name, peer = ratings.origin.name, f"scikit-surprise {theirs:.4f}"
    ratios = [
        Ratio(f"RMSE of Surprise's defaults, {name}", f"{own:.4f}", peer, f"{own - theirs:+.4f}", "±0.003"),
        Ratio(f"RMSE of the preset svd, {name}", f"{svd:.4f}", peer, f"{svd - theirs:+.4f}", "0.862 or less"),
        Ratio(
            f"fit until the last epoch, {name}, one thread",
            f"{seconds:.3f} s",
            f"scikit-surprise {surprises:.3f} s",
            f"{speed:.1f} times as fast",
            "12",
        ),
    ]
    tables = [surprise_parity.accuracy_table(errors), surprise_parity.seconds_table(turns)]
    return ratios, [*tables, surprise_parity.memory_table(split.train)]


def beside_libmf(library: Path | None) -> tuple[list[Ratio], list[Table]]:
    """Updates, lists and predictions on the large set."""
    ratings, heldout = kernel.made(*kernel.SHAPES["large"])
    descents = {name: kernel.Descent.of(ratings, n) for n, name in enumerate(("by user", "blocks, 1", "blocks, 2"))}
    speeds = kernel.speeds_of(ratings, descents, N_EPOCHS, library)
    bulk = kernel.bulk_speeds(ratings, descents["blocks, 2"], PEERS)
    seconds = kernel.prediction_seconds(ratings, descents["blocks, 2"], N_PREDICTED)
    ratios = []
    for n, what, asked in ((1, "one thread", "1.7"), (2, "two threads", "3")):
        own, theirs = (_median(speeds.get(name, [])) for name in (f"blocks, {n}", f"LIBMF, {n}"))
        line = (f"updates a second, large set, {what}", f"{own:.1f} M", f"LIBMF {theirs:.1f} M")
        ratios.append(Ratio(*line, _times(own, theirs), asked))
    own, theirs = bulk["lists of ten"].clock, bulk["implicit's topk"].clock
    ratios += [
        Ratio("lists of ten, users a second", f"{own:,.0f}", f"implicit {theirs:,.0f}", _times(own, theirs), "1.3"),
        Ratio(f"{N_PREDICTED / 1e6:g} million predictions", f"{seconds:.2f} s", "", "", "1 s"),
    ]
    return ratios, [kernel.limits(), kernel.descent_table(speeds, heldout, descents), kernel.bulk_table(bulk)]


def until_as_good(library: Path | None) -> tuple[list[Ratio], list[Table]]:
    """Time until held-out ratings are predicted as well as Surprise does in the end."""
    small = read(surprise_parity.default_source())
    sets = {
        small.origin.name: random_split(small, 0.2, SEED)[:2],
        "4.8 million synthetic ratings": kernel.made(*MIDDLE),
    }
    ratios, tables = [], []
    for what, (train, heldout) in sets.items():
        curves = time_to_quality.measure(train, heldout, library)
        tables.append(time_to_quality.table(curves, what))
        goal = curves[time_to_quality.SURPRISE]
        met = curves["LatentLens, 2 threads"].seconds_to(goal.end)
        line = (
            f"time to Surprise's error, {what}, two threads",
            f"{met:.3f} s",
            f"scikit-surprise {goal.seconds[-1]:.2f} s",
        )
        ratios.append(Ratio(*line, f"1/{goal.seconds[-1] / met:.0f} of its time", "1/100"))
    time_to_quality.picture(curves, what).savefig(PICTURE, dpi=150)
    return ratios, tables


def beside_polars(_: Path | None) -> tuple[list[Ratio], list[Table]]:
    """Reading a file of ML-25M's length."""
    with tempfile.TemporaryDirectory() as folder:
        turns = reading.measure(synthetic.write(Path(folder), N_READ))
    bare, own = (median(one.seconds for one in turns[who]) for who in ("polars", "latentlens"))
    what, ratio = f"{N_READ / 1e6:g} million ratings", f"{reading.ratio(turns):.2f} times as long"
    row = Ratio(f"reading {what}", f"{own:.2f} s", f"polars, bare {bare:.2f} s", ratio, "1.5")
    return [row], [reading.table(turns, what)]


def _median(speeds: list[kernel.Speed]) -> float:
    """By the clock; NaN of none."""
    return median(speed.clock for speed in speeds) if speeds else float("nan")


def _times(own: float, theirs: float) -> str:
    return f"{own / theirs:.1f} times as fast"


if __name__ == "__main__":
    main()
