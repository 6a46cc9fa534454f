"""Time per rating and peak memory from one million ratings to a hundred million: `scale.py FOLDER [MILLIONS ...]`.

Writes synthetic ratings of ML-25M's shape to FOLDER (26 bytes each; what is there already is used), and takes a process
of its own for each size. Read: from the text file to columns, with the prepared copy. Open: that copy, the second time.
Prepare: split into train, validation and test side. Epoch: one of the kernel at 150 factors, compiled before. Per
rating: what reading, preparing and one epoch take together. Peak RSS counts pages of mapped files, which the system
may take back at any time; anonymous memory does not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from latentlens.ratings.layouts import by_user
from latentlens.ratings.readers import read
from latentlens.ratings.splits import hold_out, random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.svd import SVD

MILLIONS = ("1", "5", "25", "100")


def measure(file: str) -> dict[str, float]:
    """Seconds of each step, ratings, and MB."""
    anonymous = [status_mb("RssAnon")]

    def watch() -> None:
        while True:
            anonymous[0] = max(anonymous[0], status_mb("RssAnon"))
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()
    svd = replace(PRESETS["svd"], n_epochs=1)
    ids = np.arange(2)
    one_epoch(svd, Ratings.of(ids, ids, ids + 1.0))
    times = [time.perf_counter()]
    ratings = read(file)
    times.append(time.perf_counter())
    ratings = read(file)
    times.append(time.perf_counter())
    split = random_split(replace(ratings, timestamp=None))
    del ratings
    # Kept, as `train` keeps it.
    test = split.test
    train, validation = hold_out(split.train, 0.05)
    del split
    times.append(time.perf_counter())
    epoch_seconds = one_epoch(svd, train)
    read_seconds, open_seconds, prepare_seconds = np.diff(times).tolist()
    return {
        "ratings": len(train) + len(test) + (0 if validation is None else len(validation)),
        "read": read_seconds,
        "open": open_seconds,
        "prepare": prepare_seconds,
        "epoch": epoch_seconds,
        "rss": status_mb("VmHWM"),
        "anonymous": anonymous[0],
    }


def one_epoch(svd: SVD, train: Ratings) -> float:
    """Seconds of one pass over the ratings, in the order of users."""
    factors = svd.start(train.n_users, train.n_items)
    started = time.perf_counter()
    svd.descend(by_user(train), train.stars.mean, factors, lambda *_: False)
    return time.perf_counter() - started


def status_mb(field: str) -> float:
    """A figure of this process in /proc, in MB."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else float("nan")


def source_of(folder: Path, millions: str) -> Path:
    """The folder in `folder` with so many ratings; they are written if they are not there."""
    source = folder / millions
    if not (source / "ratings.csv").exists():
        writer = Path(__file__).with_name("synthetic.py")
        subprocess.run([sys.executable, writer, source, f"{millions}000000"], check=True, capture_output=True)
    return source


def main(folder: Path, millions: list[str]) -> None:
    """Print a row for each size."""
    heads = ("ratings", "read s", "open s", "prepare s", "epoch s", "us/rating", "anonymous MB", "RSS MB")
    print("".join(f"{head:>13}" for head in heads))
    for million in millions:
        source = source_of(folder, million)
        shutil.rmtree(folder / "cache" / million, ignore_errors=True)
        environment = {**os.environ, "LATENTLENS_DATA": str(folder / "cache" / million)}
        command = [sys.executable, __file__, "--one", str(source)]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        found = json.loads(done.stdout)
        per_rating = 1e6 * (found["read"] + found["prepare"] + found["epoch"]) / found["ratings"]
        seconds = "".join(f"{found[step]:>13.2f}" for step in ("read", "open", "prepare", "epoch"))
        memory = f"{found['anonymous']:>13,.0f}{found['rss']:>13,.0f}"
        print(f"{found['ratings']:>13,}{seconds}{per_rating:>13.3f}{memory}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(json.dumps(measure(sys.argv[2])))
    else:
        main(Path(sys.argv[1]), sys.argv[2:] or list(MILLIONS))
