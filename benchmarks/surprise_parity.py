"""Accuracy, seconds and memory beside scikit-surprise: one run, one split, one thread, turn by turn."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from latentlens.evaluation.protocols import accuracy
from latentlens.evaluation.rating_metrics import rmse
from latentlens.ratings.readers import read
from latentlens.ratings.splits import Split, random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.fitted import EpochReport, Recommender
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.presets import PRESETS
from peak_memory import N_EPOCHS, N_FACTORS, SEED, surprise_svd, surprise_trainset

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
OURS: dict[str, Recommender] = {
    "preset surprise": PRESETS["surprise"],
    "preset svd": PRESETS["svd"],
    "bias-only": BiasOnly(),
    "popularity (damped means)": Popularity(),
}


class Turn(NamedTuple):
    """Seconds of one fit each. A descent is the order of visits, the start and the epochs: until the last one ends."""

    surprise: float
    descent: float
    fit: float
    tuned_descent: float
    tuned_fit: float


TURN_NAMES = (
    "scikit-surprise",
    "preset surprise, descent",
    "preset surprise, with canonical factors",
    "preset svd, descent",
    "preset svd, with canonical factors and user step",
)


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=default_source(), help="demo, or a folder, zip or file (%(default)s)")
    parser.add_argument("--turns", type=int, default=7, help="fits of each, one after the other (%(default)s)")
    given = parser.parse_args()
    ratings = read(given.data)
    split = random_split(ratings, 0.2, SEED)
    console = Console()
    console.print(f"{ratings.origin.name}: {len(ratings):,} ratings; {split.rule}")
    console.print(f"{N_FACTORS} factors, {N_EPOCHS} epochs, one thread")
    with threadpool_limits(1):
        console.print(accuracy_table(errors_of(split)))
        console.print(seconds_table(turns_of(split.train, given.turns)))
    if Path("/proc/self/status").exists():
        console.print(memory_table(split.train))


def default_source() -> str:
    """Give the real ratings where the tests find them, else the demo set."""
    folder = Path(os.environ.get("LATENTLENS_TEST_DATA", "")) / "ml-latest-small"
    return str(folder) if folder.is_dir() else "demo"


def columns(ratings: Ratings) -> dict[str, NDArray[Any]]:
    """User id, movie id and rating of each row."""
    return {
        "users": ratings.user_ids.values[ratings.user_index],
        "movies": ratings.item_ids.values[ratings.item_index],
        "stars": ratings.rating,
    }


def errors_of(split: Split) -> dict[str, float]:
    """RMSE on the test side. These fits also pay the compilation of the kernel, before the clock starts."""
    theirs = surprise_svd().fit(surprise_trainset(**columns(split.train), scale=split.train.scale))
    rows = zip(*(column.tolist() for column in columns(split.test).values()), strict=True)
    predicted = np.array([prediction.est for prediction in theirs.test(list(rows))])
    found = {"scikit-surprise": rmse(split.test.rating, predicted)}
    for name, recommender in OURS.items():
        found[name] = accuracy(recommender.fit(split.train), split.test).rmse
    return found


def accuracy_table(found: dict[str, float]) -> Table:
    """Each beside Surprise's."""
    table = Table("", "test RMSE", "less scikit-surprise", title="Accuracy")
    for name, value in found.items():
        table.add_row(name, f"{value:.4f}", f"{value - found['scikit-surprise']:+.4f}")
    return table


def turns_of(train: Ratings, n_turns: int) -> list[Turn]:
    """Fit each so many times, one after the other."""
    theirs = surprise_trainset(**columns(train), scale=train.scale)
    return [one_turn(train, theirs) for _ in track(range(n_turns), "timing", transient=True)]


def times_as_fast(turns: list[Turn], place: int) -> float:
    """The median of the ratios within each turn, which a busy machine slows as a whole."""
    return median(turn.surprise / turn[place] for turn in turns)


def seconds_table(turns: list[Turn]) -> Table:
    """Medians, and ratios to Surprise's."""
    table = Table("", "seconds", "times as fast", title=f"Fitting, median of {len(turns)} turns")
    for place, (name, seconds) in enumerate(zip(TURN_NAMES, zip(*turns, strict=True), strict=True)):
        table.add_row(name, f"{median(seconds):.3f}", f"{times_as_fast(turns, place):.1f}")
    return table


def one_turn(train: Ratings, theirs: Any) -> Turn:
    """Fit each once, from the tables that each takes."""
    started = time.perf_counter()
    surprise_svd().fit(theirs)
    theirs_took = time.perf_counter() - started
    return Turn(theirs_took, *one_fit(PRESETS["surprise"], train), *one_fit(PRESETS["svd"], train))


def one_fit(recommender: Recommender, train: Ratings) -> tuple[float, float]:
    """Seconds to the end of the last epoch, and to the end."""
    epoch_ends: list[float] = []

    def note(report: EpochReport) -> None:
        epoch_ends.append(time.perf_counter())

    started = time.perf_counter()
    recommender.fit(train, on_epoch=note)
    return epoch_ends[-1] - started, time.perf_counter() - started


def memory_table(train: Ratings) -> Table:
    """Peaks of fresh processes, from columns on disk to a fitted model."""
    table = Table("", "peak MB", "imports alone", "ratings and fit", title="Memory of one process")
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npz"
        np.savez(rows, allow_pickle=False, **columns(train), scale=np.array(train.scale))
        for what in ("scikit-surprise", *PRESETS):
            command = [sys.executable, str(Path(__file__).with_name("peak_memory.py")), what, str(rows)]
            ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, **ONE_THREAD})
            imports, peak = json.loads(ran.stdout)
            name = what if what == "scikit-surprise" else f"preset {what}"
            table.add_row(name, f"{peak:.0f}", f"{imports:.0f}", f"{peak - imports:.0f}")
    return table


if __name__ == "__main__":
    main()
