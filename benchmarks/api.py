"""Requests per second and latency of /recommend/{id}, beside FastAPI routes that do nothing: one run, turn by turn.

Every server has one process. A model comes from the copy of what was served last, so that no MLflow is needed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from latentlens.processes import Child, free_port
from latentlens.ratings.readers import read
from latentlens.ratings.table import Ratings
from latentlens.recommenders import artifact
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.many_lists import with_lists
from latentlens.recommenders.presets import PRESETS
from latentlens.serving.last_good import LastGood
from latentlens.tracking.registry import Version

HERE = Path(__file__).parent
NO_MLFLOW = "http://127.0.0.1:9"
N_CLIENTS = 8
REFERENCE = "empty route, object"
CHECKED_USERS = 200
# One more movie than a list that is kept has.
NOT_KEPT = 21


class Target(NamedTuple):
    """What is asked: of which process, which paths."""

    name: str
    process: Child
    port: int
    paths: Sequence[str]


class Turn(NamedTuple):
    """One turn of load; `cpu` is the server's own time in µs for each request."""

    rate: float
    p50: float
    p99: float
    cpu: float


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="turns of each, one after the other (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of each turn (%(default)s)")
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        small, large = about_9_700_movies(), invented(60_000, 20_000, 2_000_000)
        targets = [
            target
            for number, (ratings, preset) in enumerate(((small, "svd"), (large, "svd"), (small, "tuned")))
            for target in served(stack, Path(scratch) / str(number), ratings, preset, console)
        ]
        targets = [*empty_routes(stack, Path(scratch), targets[0]), *targets]
        rounds = [
            [turn(target, given.seconds) for target in targets]
            for _ in track(range(given.turns), description="Asking", console=console)
        ]
    console.print(f"median of {given.turns} turns, {N_CLIENTS} clients, 150 factors")
    console.print(table(targets, rounds))


def about_9_700_movies() -> Ratings:
    """ml-latest-small if there is one, else as many invented movies."""
    root = os.environ.get("LATENTLENS_TEST_DATA")
    folder = Path(root) / "ml-latest-small" if root else None
    return read(str(folder)) if folder and folder.is_dir() else invented(9_700, 610, 100_000)


def invented(n_movies: int, n_users: int, n_ratings: int) -> Ratings:
    """Ratings by planted tastes; as in MovieLens, half of the movies have only a few."""
    random = np.random.default_rng(1)
    k = 20
    tastes, traits = random.normal(0, 1, (n_users, k)), random.normal(0, 0.3, (n_movies, k)) * 0.8 ** np.arange(k)
    popularity = random.lognormal(0, 2.5, n_movies)
    watched = random.choice(n_movies, n_ratings, p=popularity / popularity.sum())
    # Every movie is rated once at least, so that the catalogue is as large as it says.
    watched = np.concatenate((watched, np.arange(n_movies)))
    users, movies = np.unique(np.stack((random.integers(0, n_users, len(watched)), watched)), axis=1)
    taste = np.einsum("ij,ij->i", tastes[users], traits[movies])
    stars = np.clip(np.round(2 * (3.4 + taste + random.normal(0, 0.8, len(users)))) / 2, 0.5, 5.0)
    return Ratings.of(users + 1, movies + 1, stars, scale=(0.5, 5.0))


def served(stack: ExitStack, folder: Path, ratings: Ratings, preset: str, console: Console) -> list[Target]:
    """Fit and serve: lists that are kept, lists that are found when asked, and kept ones with a log line each."""
    model = with_lists(PRESETS[preset].fit(ratings))
    name = f"/recommend, {preset}, {len(ratings.item_ids):,} movies"
    users = model.factors.user_ids.values[np.flatnonzero(model.factors.user_counts)].tolist()
    paths = [f"/recommend/{user}" for user in users[:2000]]
    cache = folder / "cache"
    artifact.write(model, cache / "v1-benchmark")
    LastGood(NO_MLFLOW, Version(1, "benchmark", False, 1), {}, {}).write(cache)
    targets = []
    for level in ("info", "debug"):
        port = free_port()
        env = {"LATENTLENS_CACHE": str(cache), "LATENTLENS_POLL_SECONDS": "3600", "LATENTLENS_LOG_LEVEL": level}
        command = [sys.executable, "-m", "latentlens", "serve", "--port", str(port), "--tracking-uri", NO_MLFLOW]
        process = stack.enter_context(running(name, command, folder / f"{level}.log", f"{port}/ready", env))
        if level == "debug":
            targets.append(Target(f"{name}, each logged", process, port, paths))
        else:
            targets.append(Target(name, process, port, paths))
            longer = [f"{path}?n={NOT_KEPT}" for path in paths]
            targets.append(Target(f"{name}, {NOT_KEPT}, found when asked", process, port, longer))
    for n in (10, NOT_KEPT):
        exact = sum(is_exact(model, port, user, n) for user in users[:CHECKED_USERS])
        console.print(f"{ratings.origin.name}, {name}: {exact} of {min(CHECKED_USERS, len(users))} lists of {n} exact")
    return targets


def is_exact(model: FittedModel, port: int, user: int, n: int) -> bool:
    """Whether the API lists what scoring every movie in float64 gives."""
    index = int(model.factors.user_ids.index(user))
    scores = model.ranker.scores(model.vector_of(user), np.arange(len(model.factors.item_ids)))
    scores[model.history.items_of(index)] = -np.inf
    scores[model.factors.item_counts == 0] = -np.inf
    expected = model.factors.item_ids.values[np.argsort(-scores, kind="stable")[:n]].tolist()
    listed = json.loads(fetch(f"{port}/recommend/{user}?n={n}"))["recommendations"]
    return bool([movie["movie_id"] for movie in listed] == expected)


def empty_routes(stack: ExitStack, scratch: Path, like: Target) -> list[Target]:
    """Serve one reply of `like`, again and again."""
    reply, port = scratch / "reply.json", free_port()
    reply.write_bytes(fetch(f"{like.port}{like.paths[0]}"))
    command = [sys.executable, str(HERE / "api_empty.py"), str(port), str(reply)]
    process = stack.enter_context(running("empty", command, scratch / "empty.log", f"{port}/bytes/1", {}))
    names = {
        "bytes": "empty route, bytes",
        "reply": REFERENCE,
        "parameters": "empty route, object and parameters",
    }
    return [Target(name, process, port, [f"/{route}/1"]) for route, name in names.items()]


@contextmanager
def running(name: str, command: Sequence[str], log: Path, ready: str, env: dict[str, str]) -> Iterator[Child]:
    """A server, once it answers."""
    child = Child(name, command, log, env)
    try:
        child.wait_until(lambda: bool(fetch(ready)), 60)
        yield child
    finally:
        child.stop()


def fetch(address: str) -> bytes:
    """The body at a port and path of this machine; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{address}", timeout=5) as reply:
            body: bytes = reply.read()
            return body
    except OSError:
        return b""


def turn(target: Target, seconds: float) -> Turn:
    """One turn of load, from a process of its own."""
    arguments = [str(target.port), str(seconds), str(N_CLIENTS), *target.paths]
    before = cpu_seconds(target.process.pid)
    done = subprocess.run(
        [sys.executable, str(HERE / "api_load.py"), *arguments], capture_output=True, check=True, text=True
    )
    rate, p50, p99 = json.loads(done.stdout)
    return Turn(rate, p50, p99, 1e6 * (cpu_seconds(target.process.pid) - before) / (rate * seconds))


def cpu_seconds(guard: int) -> float:
    """What the server behind a guard (`latentlens.guard`) has used, where the system tells."""
    try:
        (server,) = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
        fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def table(targets: Sequence[Target], rounds: Sequence[Sequence[Turn]]) -> Table:
    """The shares, of the empty route's rate, are medians of those of each round: seconds belong to a machine."""
    shown = Table("", "requests/s", "share", "p50 ms", "p99 ms", "CPU µs", box=None, pad_edge=False)
    reference = next(n for n, target in enumerate(targets) if target.name == REFERENCE)
    for n, target in enumerate(targets):
        turns = [one[n] for one in rounds]
        share = median(one[n].rate / one[reference].rate for one in rounds)
        rate, p50, p99, cpu = (median(column) for column in zip(*turns, strict=True))
        shown.add_row(target.name, f"{rate:,.0f}", f"{share:.0%}", f"{p50:.2f}", f"{p99:.2f}", f"{cpu:.0f}")
    return shown


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s in all")
