"""Lists beside those of other packages: nDCG@10 on one split, settings chosen on validation; and the seconds of ALS.

Each recommender, ours and theirs, chooses among a few settings on validation rows of the train side, for each rule of
what counts as relevant; is then fitted on the whole train side; and its lists are measured on the test side once. Lists
are of the full catalogue, without what the user rated in train and without movies that nobody rated in train.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.sparse import csr_matrix

from latentlens.ratings.readers import read
from latentlens.ratings.splits import Split, leave_last_n, random_split
from latentlens.ratings.table import Ratings
from latentlens.recommenders.ease import EASE
from latentlens.recommenders.fitted import Recommender
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.item_knn import ItemKNN
from latentlens.recommenders.presets import PRESETS
from ranking import RULES, Chosen, Fit, Rows, TrainSide, choose, ndcg
from surprise_parity import default_source

HERE = Path(__file__).parent
N_FACTORS, N_EPOCHS = 128, 15
# How a split is made, and the validation rows of its train side in the same way.
PROTOCOLS: dict[str, tuple[Callable[[Ratings], Split], Callable[[Ratings], Split]]] = {
    "random 80/20": (lambda ratings: random_split(ratings, 0.2, 42), lambda train: random_split(train, 0.1, 0)),
    "leave-last-10": (lambda ratings: leave_last_n(ratings, 10), lambda train: leave_last_n(train, 10)),
}


def main() -> None:
    """Print a table for each protocol, and one of seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=default_source(), help="a source of ratings with timestamps (%(default)s)")
    parser.add_argument("--peers", default=".venv-peers/bin/python", help="the Python of the peers (%(default)s)")
    parser.add_argument("--turns", type=int, default=5, help="fits of each ALS, one after the other (%(default)s)")
    given = parser.parse_args()
    ratings, console = read(given.data), Console()
    with tempfile.TemporaryDirectory() as folder:
        side, lists = Path(folder) / "side", Path(folder) / "lists"
        for name, (split, inner_split) in PROTOCOLS.items():
            train, test, _ = split(ratings)
            inner, validation, _ = inner_split(train)
            task = TrainSide(rows(train), rows(inner), rows(validation))
            side.write_bytes(pickle.dumps(task))
            ask(given.peers, "lists", side, lists)
            chosen = {name: choose(settings, task) for name, settings in ours(ratings).items()}
            console.print(table(name, {**chosen, **pickle.loads(lists.read_bytes())}, rows(test)))
        train = PROTOCOLS["random 80/20"][0](ratings).train
        for name, timed in ((ratings.origin.name, train), ("invented, skewed", invented())):
            side.write_bytes(pickle.dumps(TrainSide(*[rows(timed)] * 3)))
            console.print(
                seconds_table(
                    name, timed, lambda: float(ask(given.peers, "time", side, N_FACTORS, N_EPOCHS)), given.turns
                )
            )


def rows(ratings: Ratings) -> Rows:
    """What both processes read."""
    return Rows(ratings.user_index, ratings.item_index, ratings.rating, (ratings.n_users, ratings.n_items))


def ask(python: str, *arguments: object) -> str:
    """Run the peers' half and give what it prints."""
    command = [python, str(HERE / "ranking_peers_theirs.py"), *map(str, arguments)]
    return str(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def popularity(part: Rows) -> NDArray[Any]:
    """Numbers of ratings, the same for every user."""
    return np.tile(np.bincount(part.items, minlength=part.shape[1]), (part.shape[0], 1))


def scores_of(config: Recommender, train: Ratings) -> NDArray[Any]:
    """What orders each user's list, (n_users, n_items); zero for users without ratings here."""
    model = config.fit(train)
    scores = np.zeros((train.n_users, train.n_items), np.float32)
    for user in np.flatnonzero(train.user_counts).tolist():
        scores[user] = model.ranker.rough_scores(model.vector_of(train.user_ids.values[user].item()))
    return scores


def ours(ratings: Ratings) -> dict[str, dict[str, Fit]]:
    """Our settings by recommender, each a function of some rows of `ratings`."""
    place = csr_matrix((np.arange(1, len(ratings) + 1), (ratings.user_index, ratings.item_index)))

    def settings(kind: Any, **grid: tuple[Any, ...]) -> dict[str, Fit]:
        def of(config: Any) -> Fit:
            def fit(part: Rows) -> NDArray[Any]:
                taken = np.asarray(place[part.users, part.items]).ravel() - 1
                return scores_of(config, ratings.take(taken, "rows of a part"))

            return fit

        given = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        return {", ".join(f"{name}={value}" for name, value in one.items()): of(kind(**one)) for one in given}

    return {
        "popularity": {"": popularity},
        "LatentLens tuned, the default": settings(lambda: PRESETS["tuned"]),
        "LatentLens EASE": settings(EASE, reg=(50.0, 100.0, 200.0), liking=(0.0, 1.0, 2.0)),
        "LatentLens implicit ALS": settings(
            partial(ImplicitALS, n_factors=N_FACTORS, n_epochs=N_EPOCHS, random_state=0),
            reg=(0.002, 0.003, 0.005),
            unobserved_weight=(0.3, 1.0, 2.0),
            liking=(0.0, 1.0, 2.0),
        ),
        "LatentLens item-kNN": settings(
            ItemKNN, k=(50, 100), shrinkage=(1.0, 5.0), amplification=(1.0, 1.5, 2.0), liking=(1.0, 2.0)
        ),
    }


def table(protocol: str, chosen: dict[str, dict[str, Chosen]], test: Rows) -> Table:
    """nDCG@10 on the test side for each rule, the setting chosen for it beside."""
    shown = Table("", title=f"nDCG@10, {protocol}")
    for rule in RULES:
        shown.add_column(f"relevant: {rule}")
        shown.add_column("validation", style="dim")
        shown.add_column("chosen", style="dim")
    for name, by_rule in chosen.items():
        cells = []
        for rule, least_rating in RULES.items():
            choice = by_rule[rule]
            cells += [f"{ndcg(choice.lists, test, least_rating):.4f}", f"{choice.validation:.4f}", choice.setting]
        shown.add_row(name, *cells)
    return shown


def invented(n_users: int = 20_000, n_items: int = 10_000, n: int = 2_000_000) -> Ratings:
    """Interactions drawn at random, some movies and users far more often than others, from seed 0."""
    random = np.random.default_rng(0)
    user_share, item_share = np.arange(1, n_users + 1) ** -0.5, np.arange(1, n_items + 1) ** -0.8
    pairs = np.empty(0, np.int64)
    while len(pairs) < n:
        users = random.choice(n_users, n, p=user_share / user_share.sum())
        items = random.choice(n_items, n, p=item_share / item_share.sum())
        pairs = np.union1d(pairs, users * n_items + items)
    users, items = np.divmod(random.choice(pairs, n, replace=False), n_items)
    return Ratings.of(users, items, np.ones(n), scale=(1.0, 1.0))


def seconds_table(name: str, train: Ratings, theirs: Callable[[], float], turns: int) -> Table:
    """Medians; the ratio is the median of the ratios within each turn, which a busy machine slows as a whole."""
    config = ImplicitALS(n_factors=N_FACTORS, n_epochs=N_EPOCHS, random_state=0)
    # Compiles.
    ImplicitALS(n_epochs=1).learn(train)
    taken = []
    for _ in track(range(turns), "timing", transient=True):
        start = time.perf_counter()
        config.learn(train)
        taken.append((time.perf_counter() - start, theirs()))
    shown = Table(
        "",
        "seconds",
        "times as fast",
        title=f"ALS, {N_FACTORS} factors, {N_EPOCHS} epochs, {name}: {len(train):,} ratings",
    )
    ours, others = zip(*taken, strict=True)
    shown.add_row("implicit", f"{median(others):.2f}", "1")
    shown.add_row("LatentLens", f"{median(ours):.2f}", f"{median(b / a for a, b in taken):.1f}")
    return shown


if __name__ == "__main__":
    main()
