"""Whether the reasons are the reasons, how much named axes carry, and what an explanation costs."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

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
from latentlens.recommenders.svd import PRESETS
from latentlens.workflows.explained import explained

N_REFITS = 5
N_MOVIES, N_FACTORS, N_RATINGS = 60_000, 150, 1_000
TURNS = 51


def main() -> None:
    """Measure the quality on each source, then the cost on made-up factors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=["demo"], help="demo, and sources such as ml-latest-small")
    parser.add_argument("--pairs", type=int, default=100, help="ratings that are taken away before training anew")
    asked = parser.parse_args()
    table = Table("preset tuned, train side of 80/20, seed 42", *(source.rpartition("/")[2] for source in asked.data))
    columns = [quality(random_split(readers.read(source)).train, asked.pairs) for source in asked.data]
    for name in columns[0] if columns else ():
        table.add_row(name, *(column[name] for column in columns))
    if columns:
        Console().print(table)
    Console().print(cost())


def quality(train: Ratings, n_pairs: int) -> dict[str, str]:
    """Measure reasons and axes of the preset `tuned` on a train side."""
    model = PRESETS["tuned"].fit(train)
    found = explained(model, PRESETS["tuned"], train, N_REFITS)
    deleted = deletion_test(model)
    pairs = influence_against_retrain(PRESETS["tuned"], train, model, n_pairs)
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
    explainer = Explainer.of_user(model, 1)
    movie = model.recommend(1, 1)[0].movie_id
    best = model.rank(1, 10).items

    def with_ranks() -> None:
        found = explainer.explain(movie)
        explainer.rank(movie)
        explainer.without(movie, [one.movie_id for one in (*found.reasons_for, *found.reasons_against)])

    table = Table(f"{N_RATINGS:,} ratings, k={N_FACTORS}, {N_MOVIES:,} movies", "ms, median (9 of 10 below)")
    timed: dict[str, Callable[[], object]] = {
        "an explanation, from the user's id": lambda: Explainer.of_user(model, 1).explain(movie),
        "and its rank, and that without each of ten ratings": with_ranks,
        "three reasons for each movie of a list of ten": lambda: explainer.because(best),
    }
    with threadpool_limits(1):
        for name, call in timed.items():
            spent = milliseconds(call)
            table.add_row(name, f"{np.median(spent):.2f} ({np.quantile(spent, 0.9):.2f})")
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
    vector = model.fold_in(*model.history.train_rows_of(0))
    placed = replace(factors, user_factors=np.vstack([vector.factors] * 2), user_bias=np.full(2, vector.bias))
    return replace(model, factors=placed)


def milliseconds(call: Callable[[], object]) -> list[float]:
    """Of each of `TURNS` calls, after one that does not count."""
    call()
    spent = []
    for _ in range(TURNS):
        started = time.perf_counter()
        call()
        spent.append(1000 * (time.perf_counter() - started))
    return spent


if __name__ == "__main__":
    main()
