"""How many axes other random numbers find again: the figures of docs/explanations.md.

Takes the usual train side (80/20, seed 42) of a source and describes the axes of a preset, names included. Several
reference seeds show how much the count itself depends on the seed.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from latentlens.explain.axes import FOUND_AGAIN, describe
from latentlens.explain.features import Features
from latentlens.explain.stability import N_REFITS, match, refit_matches
from latentlens.ratings import readers
from latentlens.ratings.splits import random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.presets import PRESETS

_SHOWN = 6


def main() -> None:
    """Describe the axes of one preset, then count the steady ones for each reference seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo", help="demo, or a source of ratings such as ml-latest-small")
    parser.add_argument("--preset", default="tuned", choices=PRESETS)
    parser.add_argument("--seeds", type=int, default=6, help="fits that are held against each other")
    asked = parser.parse_args()
    train = random_split(readers.read(asked.data), 0.2, seed=42).train
    describe_one(train, asked.preset)
    count_steady(train, asked.preset, asked.seeds)


def describe_one(train: Ratings, preset: str) -> None:
    """Print the cards of the axes as a table, and what they took."""
    model = PRESETS[preset].fit(train)
    matches = refit_matches(model, PRESETS[preset], train)
    started = time.perf_counter()
    axes = describe(model, Features.of(model.catalogue, train.item_counts, train.tags), matches)
    table = Table("axis", "of taste", f"median |r|, {N_REFITS} refits", "least", "explained, held out", "name")
    for axis in axes.axes[:_SHOWN]:
        numbers = np.median(axis.matches), min(axis.matches), axis.r2
        table.add_row(str(axis.number), f"{axis.variance_share:.0%}", *(f"{n:.2f}" for n in numbers), axis.name or "-")
    Console().print(table, f"described in {time.perf_counter() - started:.1f} s, {axes.n_movies} movies")


def count_steady(train: Ratings, preset: str, n_seeds: int) -> None:
    """Print how many leading axes match above FOUND_AGAIN in every other fit, and in the median one."""
    rated = train.item_counts > 0
    fits = [
        replace(PRESETS[preset], random_state=seed).fit(train).factors.item_factors[rated, :30]
        for seed in track(range(n_seeds))
    ]
    every, median = [], []
    for reference in fits:
        found = np.array([match(reference[:, :_SHOWN], other) for other in fits if other is not reference])
        every.append(int(np.cumprod(found.min(axis=0) >= FOUND_AGAIN).sum()))
        median.append(int(np.cumprod(np.median(found, axis=0) >= FOUND_AGAIN).sum()))
    Console().print(f"leading axes found again in every other fit {every}, in the median one {median}")


if __name__ == "__main__":
    main()
