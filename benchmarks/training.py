"""Seconds and peak memory of each stage of a whole `latentlens train`: `training.py FOLDER [MILLIONS]`, or 25 million.

Synthetic ratings of ML-25M's shape are written to FOLDER, where they are not there already, and read once before, so
that the training opens the prepared copy; the store lies in FOLDER too. Memory is what is resident: pages of mapped
files and the code of libraries count, MLflow's server, a process of its own, does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scale import source_of, status_mb

STAGES = {
    "fit": ("latentlens.workflows.train", "_fit"),
    "refits of the axes": ("latentlens.workflows.explained", "refit_matches"),
    "errors, lists, findings, pictures": ("latentlens.workflows.experiment", "describe"),
    "every user's twenty movies": ("latentlens.workflows.experiment", "with_lists"),
    "MLflow's record": ("latentlens.workflows.train", "_record"),
}


class Stages:
    """Which stage this process is in; how long it was in each, and the most memory there, in millions of bytes."""

    def __init__(self) -> None:
        self.now = "opening, splitting, the rest"
        self.seconds: dict[str, float] = {}
        self.peak_mb: dict[str, float] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        last = time.perf_counter()
        while True:
            time.sleep(0.01)
            stage, now = self.now, time.perf_counter()
            self.seconds[stage] = self.seconds.get(stage, 0.0) + now - last
            self.peak_mb[stage] = max(self.peak_mb.get(stage, 0.0), 1.024**2 * status_mb("VmRSS"))
            last = now

    def told_by(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, that says when it runs."""

        @wraps(function)
        def told(*args: Any, **options: Any) -> Any:
            before, self.now = self.now, stage
            try:
                return function(*args, **options)
            finally:
                self.now = before

        return told


def main(folder: Path, millions: str) -> None:
    """Train, and print a row for each stage."""
    os.environ["LATENTLENS_DATA"] = str(folder / "cache" / millions)
    source = source_of(folder, millions)
    # By another process, whose memory is not this one's.
    reading = [sys.executable, "-m", "latentlens", "data", "info", str(source)]
    subprocess.run(reading, check=True, capture_output=True)
    stages = Stages()
    for stage, (module, name) in STAGES.items():
        found = import_module(module)
        setattr(found, name, stages.told_by(stage, getattr(found, name)))
    from latentlens.cli import app

    app(["train", "--data", str(source), "--store", str(folder / "store")], standalone_mode=False)
    table = Table("stage", "seconds", "peak MB")
    for stage, seconds in stages.seconds.items():
        table.add_row(stage, f"{seconds:.0f}", f"{stages.peak_mb[stage]:,.0f}")
    table.add_row("all", f"{sum(stages.seconds.values()):.0f}", f"{1.024**2 * status_mb('VmHWM'):,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(sys.argv[2:] or ["25"]))
