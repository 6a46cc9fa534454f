"""Ratings in the shape of ML-25M, of any length: `synthetic.py FOLDER N_RATINGS` writes FOLDER/ratings.csv.

As there, lines are sorted by user and movie, people give 154 ratings on average and rate 59,047 movies, a few of
which are rated very often. Half-star ratings follow planted tastes of low rank. The same seed gives the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

N_MOVIES = 59_047
PER_USER = 25_000_000 / 162_541
_MOST, _FEWEST = 4_000, 20
_N_TASTES = 8
# Ratings made at a time: bounds the memory.
_BATCH = 250_000
_FIRST, _LAST = 820_454_400, 1_577_836_800  # seconds: 1996, 2020


def write(folder: Path, n_ratings: int, seed: int = 42) -> Path:
    """Write `n_ratings` lines (20 or more), in batches; 25 million take 650 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ratings.csv"
    with path.open("wb") as stream:
        for number, batch in enumerate(batches(n_ratings, seed)):
            batch.write_csv(stream, include_header=number == 0, float_precision=1)
    return path


def batches(n_ratings: int, seed: int = 42) -> Iterator[pl.DataFrame]:
    """The columns of MovieLens, some users at a time."""
    random = np.random.default_rng(seed)
    counts = _activity(n_ratings, random)
    # Zipf's law, flattened at the head as in MovieLens (Mandelbrot); ids say nothing of popularity.
    weights = 1.0 / (np.arange(N_MOVIES) + 300.0) ** 1.5
    popularity = np.cumsum(random.permutation(weights)) / weights.sum()
    traits = random.normal(size=(N_MOVIES, _N_TASTES))
    quality = random.normal(3.4, 0.5, N_MOVIES)
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] - counts[first] + _BATCH, side="right")))
        of = counts[first:last]
        users = np.repeat(np.arange(len(of)), of)
        movies = _choices(of, popularity, random)
        tastes = random.normal(0, 0.2, size=(len(of), _N_TASTES))
        stars = quality[movies] + random.normal(0, 0.4, len(of))[users] + random.normal(0, 0.7, len(users))
        for axis in range(_N_TASTES):
            stars += tastes[users, axis] * traits[movies, axis]
        came = random.integers(_FIRST, _LAST, len(of))[users] + random.integers(0, 86_400, len(users))
        yield pl.DataFrame(
            {
                "userId": users + first + 1,
                "movieId": movies + 1,
                "rating": np.clip(np.rint(stars * 2) / 2, 0.5, 5),
                "timestamp": came,
            }
        )
        first = last


def _activity(n_ratings: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Ratings of each user, lognormal, that sum up to `n_ratings`."""
    n_users = max(1, round(n_ratings / PER_USER))
    drawn = random.lognormal(0, 1.2, n_users)
    counts = np.clip(drawn * (n_ratings / drawn.sum()), _FEWEST, _MOST).astype(np.int64)
    spare = n_ratings - counts.sum()
    # What the limits took or added is spread over everybody who can bear it.
    while spare:
        bearing = np.flatnonzero((counts > _FEWEST) if spare < 0 else (counts < _MOST))
        chosen = random.permutation(bearing)[: abs(spare)]
        counts[chosen] += np.sign(spare)
        spare = n_ratings - counts.sum()
    return np.asarray(counts)


def _choices(counts: NDArray[np.int64], popularity: NDArray[np.float64], random: np.random.Generator) -> NDArray[Any]:
    """That many different movies for each user, ascending, the popular ones more often."""
    pairs = np.empty(0, dtype=np.int64)
    missing = counts
    while missing.any():
        users = np.repeat(np.arange(len(counts)), 2 * missing)
        movies = np.searchsorted(popularity, random.random(len(users)))
        pairs = np.sort(np.concatenate([pairs, users * N_MOVIES + np.minimum(movies, N_MOVIES - 1)]))
        # np.unique takes ten times as long as a sort.
        pairs = pairs[np.append(True, np.diff(pairs) > 0)]
        missing = np.maximum(counts - np.bincount(pairs // N_MOVIES, minlength=len(counts)), 0)
    # Of those too many, some are left out at random: the first of a shuffled user.
    shuffled = random.permutation(pairs)
    shuffled = shuffled[np.argsort(shuffled // N_MOVIES, kind="stable")]
    found = np.bincount(pairs // N_MOVIES, minlength=len(counts))
    place = np.arange(len(pairs)) - np.repeat(np.cumsum(found) - found, found)
    return np.sort(shuffled[place < np.repeat(counts, found)]) % N_MOVIES


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])))
