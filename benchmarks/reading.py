"""Reading a ratings.csv of ML-25M's shape beside polars' bare read: fresh processes, turn by turn.

`reading.py FILE polars|latentlens` is one of them: it prints its seconds, imports left out, and its peak in MB.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.table import Table

from peak_memory import peak_mb


class Read(NamedTuple):
    """What one reading took."""

    seconds: float
    peak_mb: float


def measure(file: Path, n_turns: int = 5) -> dict[str, list[Read]]:
    """Read `file` by each in turn; once before, so that it lies in the system's cache."""
    file.read_bytes()
    turns: dict[str, list[Read]] = {"polars": [], "latentlens": []}
    for _ in range(n_turns):
        for who, reads in turns.items():
            command = [sys.executable, __file__, str(file), who]
            reads.append(Read(*json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)))
    return turns


def ratio(turns: dict[str, list[Read]]) -> float:
    """Ours to polars' seconds, the median of all turns."""
    return median(ours.seconds / bare.seconds for ours, bare in zip(turns["latentlens"], turns["polars"], strict=True))


def table(turns: dict[str, list[Read]], what: str) -> Table:
    """Medians of the turns."""
    shown = Table("", "seconds", "peak MB", title=f"Reading {what}")
    names = {"polars": "`polars.read_csv`, the bare file", "latentlens": "to encoded columns"}
    for who, reads in turns.items():
        seconds, peak = (median(column) for column in zip(*reads, strict=True))
        shown.add_row(names[who], f"{seconds:.2f}", f"{peak:.0f}")
    return shown


def read(file: Path, who: str) -> Read:
    """Read in this process."""
    if who == "polars":
        import polars as pl

        started = time.perf_counter()
        pl.read_csv(file)
    else:
        from latentlens.ratings.readers import ratings_file
        from latentlens.ratings.readers.format import Format
        from latentlens.ratings.readers.places import File

        started = time.perf_counter()
        ratings_file.read(File(file.name, file), Format())
    return Read(time.perf_counter() - started, peak_mb())


if __name__ == "__main__":
    print(json.dumps(read(Path(sys.argv[1]), sys.argv[2])))
