"""How the preset `tuned` was chosen: on validation rows of the train side alone, never on the test side.

The train side of the usual split (80/20, seed 42) is split again, 90/10, several times; each candidate is fitted on the 90 and
measured on the 10. Prints the mean RMSE of every candidate, the best last.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace

import numpy as np
from rich.progress import track

from latentlens.evaluation.protocols import accuracy
from latentlens.ratings import readers
from latentlens.ratings.splits import random_split
from latentlens.recommenders.svd import PRESETS

GRID = {
    "lr_all": (0.01, 0.02, 0.03),
    "reg_all": (0.03, 0.05, 0.1),
    "init_std_dev": (0.005, 0.01, 0.03),
    "user_step_reg": (0.03, 0.05, 0.1),
}
SPLITS = 2


def main() -> None:
    """Search the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo", help="demo, or a source of ratings such as ml-latest-small")
    ratings = readers.read(parser.parse_args().data)
    train = random_split(ratings, 0.2, seed=42).train
    inner = [random_split(train, 0.1, seed) for seed in range(1, SPLITS + 1)]
    found = []
    for values in track(list(itertools.product(*GRID.values()))):
        candidate = dict(zip(GRID, values, strict=True))
        config = replace(PRESETS["tuned"], **candidate)
        found.append((float(np.mean([accuracy(config.fit(side.train), side.test).rmse for side in inner])), candidate))
    for rmse, candidate in sorted(found, key=lambda row: -row[0]):
        print(f"{rmse:.4f}  {candidate}")


if __name__ == "__main__":
    main()
