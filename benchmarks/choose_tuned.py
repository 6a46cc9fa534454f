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

DECAYS = (False, True)
LEARNING_RATES = (0.02, 0.03, 0.04, 0.05)
BIAS_LEARNING_RATES = (0.005, 0.01, None)
REGULARISATIONS = (0.03, 0.04, 0.05)
INITIAL_SPREADS = (0.003, 0.005, 0.01)
USER_STEP_RIDGES = (0.03, 0.05, 0.1)
SPLITS = 2


def main() -> None:
    """Search the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo", help="demo, or a source of ratings such as ml-latest-small")
    ratings = readers.read(parser.parse_args().data)
    train = random_split(ratings, 0.2, seed=42).train
    inner = [random_split(train, 0.1, seed) for seed in range(1, SPLITS + 1)]
    choices = (DECAYS, LEARNING_RATES, BIAS_LEARNING_RATES, REGULARISATIONS, INITIAL_SPREADS, USER_STEP_RIDGES)
    names = ("lr_decay", "lr_all", "lr_b", "reg_all", "init_std_dev", "user_step_reg")
    found = []
    for candidate in track([dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*choices)]):
        lr_b = candidate.pop("lr_b")
        config = replace(PRESETS["svd"], lr_bu=lr_b, lr_bi=lr_b, **candidate)
        rmse = float(np.mean([accuracy(config.fit(side.train), side.test).rmse for side in inner]))
        told = ", ".join(f"{name}={value}" for name, value in {**candidate, "lr_bu=lr_bi": lr_b}.items())
        found.append((rmse, told))
    for rmse, told in sorted(found, reverse=True):
        print(f"{rmse:.4f}  {told}")


if __name__ == "__main__":
    main()
