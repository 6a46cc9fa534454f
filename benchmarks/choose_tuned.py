"""How the preset `tuned` was chosen: on validation rows of the train side alone, never on the test side.

The train side of the usual split (80/20, seed 42) is split again, 90/10, twice; each candidate is fitted on the 90 and
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
from latentlens.recommenders.presets import PRESETS

LEARNING_RATES = (0.01, 0.02, 0.03)
REGULARISATIONS = (0.02, 0.03, 0.05, 0.1)
INITIAL_SPREADS = (0.003, 0.005, 0.01, 0.03)
USER_STEP_RIDGES = (0.03, 0.05, 0.1)
SPLITS = 2


def main() -> None:
    """Search the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo", help="demo, or a source of ratings such as ml-latest-small")
    ratings = readers.read(parser.parse_args().data)
    train = random_split(ratings, 0.2, seed=42).train
    inner = [random_split(train, 0.1, seed) for seed in range(1, SPLITS + 1)]
    grid = list(itertools.product(LEARNING_RATES, REGULARISATIONS, INITIAL_SPREADS, USER_STEP_RIDGES))
    found = []
    for lr, reg, spread, ridge in track(grid):
        config = replace(PRESETS["svd"], lr_all=lr, reg_all=reg, init_std_dev=spread, user_step_reg=ridge)
        rmse = float(np.mean([accuracy(config.fit(side.train), side.test).rmse for side in inner]))
        found.append((rmse, f"lr_all={lr:g}, reg_all={reg:g}, init_std_dev={spread:g}, user_step_reg={ridge:g}"))
    for rmse, candidate in sorted(found, reverse=True):
        print(f"{rmse:.4f}  {candidate}")


if __name__ == "__main__":
    main()
