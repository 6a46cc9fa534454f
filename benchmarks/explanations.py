"""Whether the reasons are the reasons, how much named axes carry, and what an explanation costs."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from latentlens.explain.explanation import Explainer
from latentlens.explain.quality import deletion_test, influence_against_retrain
from latentlens.ratings import readers
from latentlens.ratings.history import History
from latentlens.ratings.splits import random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel, factors_for
from latentlens.recommenders.presets import PRESETS
from latentlens.workflows.explained import explained

N_REFITS = 5
N_MOVIES, N_FACTORS, N_RATINGS = 60_000, 150, 1_000
TURNS = 51


def main() -> None:
    """Measure the quality on each source, then the cost on made-up factors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=default_sources(), help="demo, and other sources of ratings")
    parser.add_argument("--pairs", type=int, default=100, help="ratings that are taken away before training anew")
    asked = parser.parse_args()
    table = Table("preset tuned, train side of 80/20, seed 42", *(source.rpartition("/")[2] for source in asked.data))
    columns = [quality(random_split(readers.read(source)).train, asked.pairs) for source in asked.data]
    for name in columns[0] if columns else ():
        table.add_row(name, *(column[name] for column in columns))
    if columns:
        Console().print(table)
    Console().print(cost())


def default_sources() -> list[str]:
    """Give the demo set, and the real ratings where the tests find them."""
    folder = Path(os.environ.get("LATENTLENS_TEST_DATA", "")) / "ml-latest-small"
    return ["demo", str(folder)] if folder.is_dir() else ["demo"]


def quality(train: Ratings, n_pairs: int) -> dict[str, str]:
    """Measure reasons and axes of the preset `tuned` on a train side."""
    model = PRESETS["svd"].fit(train)
    found = explained(model, PRESETS["svd"], train, N_REFITS)
    deleted = deletion_test(model)
    pairs = influence_against_retrain(PRESETS["svd"], train, model, n_pairs)
    told, retrained = zip(*track(pairs, "training anew", n_pairs), strict=True)
    return {
        "five strongest reasons away: the score falls by": f"{deleted.by_reasons:.3f} stars",
        "any five ratings away: it moves by": f"{deleted.by_chance:.3f} stars",
        "ratio": f"{deleted.ratio:.1f}",
        "influences told and of an exact refit, r": f"{found.metrics['influence_correlation']:.6f}",
        f"influences told and of training anew, r ({len(told)} pairs)": f"{np.corrcoef(told, retrained)[0, 1]:.3f}",
        f"steady axes ({N_REFITS} refits)": f"{found.metrics['axes_steady']:g}",
        "axes with a name": f"{found.metrics['axes_named']:g}",
        "share of taste that they hold": f"{found.metrics['axes_named_share']:.0%}",
    }


def cost() -> Table:
    """Time explanations to somebody with many ratings, of a large model, with one thread as the API has."""
    model = large_model()
    movie = model.recommend(1, 1)[0].movie_id
    best = model.rank(1, 10).items

    def with_ranks() -> None:
        explainer = Explainer.of_user(model, 1)
        found = explainer.explain(movie)
        explainer.rank(movie)
        explainer.without(movie, [one.movie_id for one in (*found.reasons_for, *found.reasons_against)])

    table = Table(f"{N_RATINGS:,} ratings, k={N_FACTORS}, {N_MOVIES:,} movies", "ms, median", "on the processor")
    timed: dict[str, Callable[[], object]] = {
        "an explanation, from the user's id": lambda: Explainer.of_user(model, 1).explain(movie),
        "the same, with its rank and that without each of ten ratings": with_ranks,
        "three reasons for each movie of a list of ten": lambda: Explainer.of_user(model, 1).because(best),
    }
    with threadpool_limits(1):
        for name, call in timed.items():
            table.add_row(name, *(f"{np.median(spent):.2f}" for spent in milliseconds(call)))
    return table


def large_model() -> FittedModel:
    """Random factors whose size falls from axis to axis; user 1 rated many movies, user 2 all of them."""
    random = np.random.default_rng(0)
    rated = np.sort(random.choice(N_MOVIES, N_RATINGS, replace=False))
    users = np.repeat([1, 2], [N_RATINGS, N_MOVIES])
    movies = np.concatenate([rated, np.arange(N_MOVIES)]) + 1
    train = Ratings.of(users, movies, random.integers(1, 11, len(users)) / 2, scale=(0.5, 5.0))
    factors = factors_for(
        train,
        global_mean=3.5,
        user_bias=np.zeros(2, np.float32),
        item_bias=random.normal(0, 0.3, N_MOVIES).astype(np.float32),
        user_factors=np.zeros((2, N_FACTORS), np.float32),
        item_factors=(random.standard_normal((N_MOVIES, N_FACTORS)) / np.arange(1, N_FACTORS + 1)).astype(np.float32),
    )
    model = FittedModel("made up", {}, factors, History.of(train), train.catalogue, user_step_reg=0.05)
    vector = model.fold_in(*model.history.rows_of(0))
    placed = replace(factors, user_factors=np.vstack([vector.factors] * 2), user_bias=np.full(2, vector.bias))
    return replace(model, factors=placed)


def milliseconds(call: Callable[[], object]) -> tuple[list[float], list[float]]:
    """By the clock, and on the processor, which others may keep busy: each of `TURNS` calls, after one uncounted."""
    call()
    by_clock, on_processor = [], []
    for _ in range(TURNS):
        started = time.perf_counter(), time.process_time()
        call()
        by_clock.append(1000 * (time.perf_counter() - started[0]))
        on_processor.append(1000 * (time.process_time() - started[1]))
    return by_clock, on_processor


if __name__ == "__main__":
    main()
