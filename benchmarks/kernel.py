"""Updates a second of the descent by one and two threads, beside LIBMF; lists a second of all users; turn by turn."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from latentlens.processes import usable_cores
from latentlens.ratings.history import History
from latentlens.ratings.layouts import Visits, by_user, in_blocks
from latentlens.ratings.table import Ratings
from latentlens.recommenders.bulk import Bulk
from latentlens.recommenders.fitted import factors_for
from latentlens.recommenders.kernels.sgd import Factors, epoch, rmse
from latentlens.recommenders.portable import FactorModel
from latentlens.recommenders.presets import PRESETS
from latentlens.recommenders.user_steps import fold_in_all
from libmf import updates_per_second

TUNED = PRESETS["svd"]
MEAN = 3.5
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Users, movies and ratings of the train sides of ml-latest-small and of ML-25M.
SHAPES = {"small": (610, 9_724, 80_668), "large": (162_541, 59_047, 19_100_000)}
N_LISTED, N_FOLDED = 4096, 2000


class Descent(NamedTuple):
    """Ratings in an order of visits, each movie's place in it, and the factors that change."""

    visits: Visits
    place: NDArray[np.int64]
    factors: Factors

    @classmethod
    def of(cls, ratings: Ratings, n_threads: int) -> Descent:
        """Before the first epoch; 0 threads: user by user."""
        every = np.arange(ratings.n_items)
        visits, place = in_blocks(ratings, n_threads) if n_threads else (by_user(ratings), every)
        return cls(visits, place, TUNED.start(ratings.n_users, ratings.n_items))

    def model(self, ratings: Ratings) -> FactorModel:
        """What was learned, as it predicts and lists."""
        k, learned = TUNED.n_factors, self.factors
        return factors_for(
            ratings,
            global_mean=MEAN,
            user_bias=learned.user_bias,
            item_bias=learned.item_bias[self.place],
            user_factors=learned.user_factors[:, :k].copy(),
            item_factors=learned.item_factors[self.place, :k],
        )


def main() -> None:
    """Print what one shape after the other gives, and the limits of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, action="append", help="all if not given")
    parser.add_argument("--epochs", type=int, default=20, help="turns of each (%(default)s)")
    parser.add_argument("--libmf", type=Path, metavar="libmf.so", help="built with AVX: see libmf.py")
    parser.add_argument("--peers", type=Path, metavar="PYTHON", help="of an environment that has implicit")
    given = parser.parse_args()
    console = Console()
    console.print(limits())
    for shape in given.shape or SHAPES:
        ratings, heldout = made(*SHAPES[shape])
        console.print(f"{shape}: {len(ratings):,} ratings of {ratings.n_users:,} users, {ratings.n_items:,} movies")
        descents = {name: Descent.of(ratings, n) for n, name in enumerate(("by user", "blocks, 1", "blocks, 2"))}
        speeds = speeds_of(ratings, descents, given.epochs, given.libmf)
        console.print(descent_table(speeds, heldout, descents))
        if shape == "large":
            console.print(bulk_table(bulk_speeds(ratings, descents["blocks, 2"], given.peers)))


def made(n_users: int, n_items: int, n: int) -> tuple[Ratings, Ratings]:
    """Draw ratings by planted tastes, users log-normally active, movies by a power law; and a tenth more, held out."""
    random = np.random.default_rng(1)
    total = n * 11 // 10
    active = np.cumsum(np.exp(random.normal(0, 1.15, n_users)))
    popular = np.cumsum((random.permutation(n_items) + 20.0) ** -1.3)
    pairs = np.empty(0, np.int64)
    while len(pairs) < total:
        users = np.searchsorted(active, random.random(total) * active[-1])
        movies = np.searchsorted(popular, random.random(total) * popular[-1])
        pairs = np.unique(np.concatenate((pairs, users * n_items + movies)))
    users, movies = np.divmod(pairs[random.permutation(len(pairs))[:total]], n_items)
    stars = 3.5 + random.normal(0, 0.4, n_users)[users] + random.normal(0, 0.45, n_items)[movies]
    for _ in range(8):
        stars += random.normal(0, 0.35, n_users)[users] * random.normal(0, 0.5, n_items)[movies]
    stars += random.normal(0, 0.75, total)
    ratings = Ratings.of(users, movies, np.clip(np.round(2 * stars) / 2, 0.5, 5), scale=(0.5, 5))
    rows = np.arange(total)
    return ratings.take(rows[:n], "train side"), ratings.take(rows[n:], "held out")


class Speed(NamedTuple):
    """By the clock, and per second that a processor spent: that one tells more on a busy machine. NaN: not known."""

    clock: float
    cpu: float


def speeds_of(
    ratings: Ratings, descents: dict[str, Descent], n_epochs: int, libmf: Path | None
) -> dict[str, list[Speed]]:
    """M updates a second of epochs in turn, and of LIBMF, which tells of no epoch."""
    found: dict[str, list[Speed]] = {name: [] for name in descents}
    for number in range(1, n_epochs + 1):
        rates = TUNED.rates(min(number, TUNED.n_epochs), np.float32)
        for name, descent in descents.items():
            taken = timed(partial(epoch, descent.visits, MEAN, descent.factors, rates))
            found[name].append(Speed(*(len(ratings) / seconds / 1e6 for seconds in taken)))
    if libmf is None:
        return found
    for n_threads in (1, 2):
        speeds = [updates_per_second(libmf, ratings, TUNED.n_factors, n_threads, 3) / 1e6 for _ in range(3)]
        found[f"LIBMF, {n_threads}"] = [Speed(speed, np.nan) for speed in speeds]
    return found


def descent_table(speeds: dict[str, list[Speed]], heldout: Ratings, descents: dict[str, Descent]) -> Table:
    """Best and median speed, and how well held-out rows are predicted."""
    columns = ("M updates/s, best", "median", "per CPU second, best", "held-out RMSE")
    table = Table("order, threads", *columns, title=f"Updates, k={TUNED.n_factors}")
    for name, of in speeds.items():
        clock, cpu = zip(*of, strict=True)
        told = [f"{max(clock):.1f}", f"{median(clock):.1f}"]
        if name in descents:
            _, place, factors = descents[name]
            found = Visits(heldout.user_index, place[heldout.item_index].astype(np.int32), heldout.stars)
            told += [f"{max(cpu):.1f}", f"{rmse(found, MEAN, factors, heldout.scale):.4f}"]
        table.add_row(name, *told)
    return table


def bulk_speeds(ratings: Ratings, descent: Descent, peers: Path | None) -> dict[str, Speed]:
    """Users a second, one thread: exact user steps, and lists of ten beside a bare matrix product and implicit's."""
    model = descent.model(ratings)
    users = np.flatnonzero(ratings.user_counts)[:N_LISTED]
    history = History.of(ratings.take(np.flatnonzero(ratings.user_index <= users[-1]), "some users"))
    people, rated, bulk = model.of(users), history.take(users), Bulk(model)
    vectors = people.user_factors
    some = History(history.indptr[: N_FOLDED + 1], history.items, history.stars)
    folded = partial(fold_in_all, some, item_bias=model.item_bias, item_factors=model.item_factors, reg=0.05)
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "lists of ten": (len(users), lambda: bulk.top(people, rated, 10)),
        "a bare matrix product": (len(users), lambda: [part @ model.item_factors.T for part in np.split(vectors, 16)]),
        "exact user steps": (N_FOLDED, lambda: folded(global_mean=MEAN)),
    }
    found = {}
    with threadpool_limits(1, user_api="blas"):
        for name, (n, work) in works.items():
            found[name] = Speed(*(n / min(column) for column in zip(*[timed(work) for _ in range(3)], strict=True)))
    if peers:
        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder) / "users.npy", vectors)
            np.save(Path(folder) / "items.npy", model.item_factors)
            command = [str(peers), str(Path(__file__).with_name("implicit_topk.py")), folder]
            told = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, **ONE_THREAD}).stdout
        found["implicit's topk"] = Speed(float(told), np.nan)
    return found


def bulk_table(speeds: dict[str, Speed]) -> Table:
    """The best of three of each."""
    table = Table("one thread", "users/s, best", "per CPU second, best", title="All users")
    for name, (clock, cpu) in speeds.items():
        table.add_row(name, f"{clock:,.0f}", "" if np.isnan(cpu) else f"{cpu:,.0f}")
    return table


def prediction_seconds(ratings: Ratings, descent: Descent, n: int) -> float:
    """Seconds for `n` predictions of rated pairs, by user, the best of three."""
    model = descent.model(ratings)
    rows = np.sort(np.random.default_rng(0).choice(len(ratings), n, replace=False))
    users, items = ratings.user_index[rows], ratings.item_index[rows]
    order = np.argsort(users, kind="stable")
    return min(timed(lambda: model.score(users[order], items[order]))[0] for _ in range(3))


def limits() -> Table:
    """What one thread can multiply, and move from memory to memory."""
    square, wide = np.ones((2048, 2048), np.float32), np.ones(1 << 26, np.float32)
    copy = np.empty_like(wide)
    table = Table("one thread", "", title="The machine")
    with threadpool_limits(1, user_api="blas"):
        product = min(min(timed(lambda: square @ square)) for _ in range(5))
        moved = min(min(timed(lambda: np.copyto(copy, wide))) for _ in range(5))
    table.add_row("float32 matrix product", f"{2 * 2048**3 / product / 1e9:.0f} GFLOP/s")
    table.add_row("memory read and written", f"{2 * wide.nbytes / moved / 1e9:.1f} GB/s")
    table.add_row("cores", str(usable_cores()))
    return table


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processors."""
    started, spent = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - spent


if __name__ == "__main__":
    main()
