"""Many swaps under load, in a process of its own: nothing fails, nothing piles up."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from latentlens.ratings.catalogue import Catalogue
from latentlens.ratings.history import History
from latentlens.ratings.ids import IdMap
from latentlens.ratings.stars import Stars
from latentlens.recommenders.fitted import FittedModel
from latentlens.recommenders.portable import FactorModel

from .support import api_process, empty_registry, register, sample, wait_for_version, wait_until

N_USERS, N_MOVIES, N_FACTORS = 2_000, 20_000, 150
N_SWAPS, SETTLED = 20, 5
MODEL_MB = (N_USERS + N_MOVIES) * N_FACTORS * 4 / 2**20


def large_model(seed: int) -> FittedModel:
    """Random factors, large enough for a copy that stays behind to be seen in the process' memory."""
    random = np.random.default_rng(seed)
    axes = 0.95 ** np.arange(N_FACTORS)
    factors = FactorModel(
        user_ids=IdMap(np.arange(1, N_USERS + 1)),
        item_ids=IdMap(np.arange(1, N_MOVIES + 1)),
        global_mean=3.5,
        user_bias=random.normal(0, 0.3, N_USERS).astype(np.float32),
        item_bias=random.normal(0, 0.3, N_MOVIES).astype(np.float32),
        user_factors=(random.normal(0, 0.3, (N_USERS, N_FACTORS)) * axes).astype(np.float32),
        item_factors=(random.normal(0, 0.3, (N_MOVIES, N_FACTORS)) * axes).astype(np.float32),
        user_counts=np.ones(N_USERS, np.int64),
        item_counts=np.ones(N_MOVIES, np.int64),
        scale=(0.5, 5.0),
    )
    items = random.integers(0, N_MOVIES, N_USERS).astype(np.int32)
    history = History(np.arange(N_USERS + 1), items, Stars.of(np.ones(N_USERS)))
    return FittedModel("surprise_svd", {}, factors, history, Catalogue.untitled(range(N_MOVIES)), 0.05)


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


@contextmanager
def load(address: str, n_clients: int) -> Iterator[list[tuple[int, int]]]:
    """Ask without a pause while the block runs: (status, version) of every reply."""
    replies: list[tuple[int, int]] = []
    stop = threading.Event()

    def ask(first: int) -> None:
        user = first
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            while not stop.is_set():
                user = user % N_USERS + 1
                reply = client.get(f"/recommend/{user}")
                replies.append((reply.status_code, reply.json().get("model_version", 0)))

    clients = [threading.Thread(target=ask, args=(n * 100,)) for n in range(n_clients)]
    for client in clients:
        client.start()
    try:
        yield replies
    finally:
        stop.set()
        for client in clients:
            client.join(60)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read in /proc")
def test_twenty_swaps_under_load_fail_no_request_and_leave_nothing_behind(mlflow_uri: str, tmp_path: Path) -> None:
    empty_registry(mlflow_uri)
    models = [large_model(seed) for seed in (0, 1)]
    cache, resident = tmp_path / "cache", []
    with (
        api_process(mlflow_uri, cache, tmp_path / "api.log") as (running, address),
        httpx.Client(base_url=address, timeout=30, trust_env=False) as client,
    ):
        wait_for_version(client, register(mlflow_uri, models[0]))
        with load(address, n_clients=2) as replies:
            for swap in range(1, N_SWAPS + 1):
                version = register(mlflow_uri, models[swap % 2])
                wait_for_version(client, version)
                answered = len(replies)
                wait_until(lambda enough=answered + 200: len(replies) > enough)  # type: ignore[misc]
                kept = {f"v{version}", f"v{version - 1}"}
                wait_until(lambda names=kept: {p.name.partition("-")[0] for p in cache.glob("v*")} == names)  # type: ignore[misc]
                resident.append(resident_mb(running.pid))
        assert sample(client, "latentlens_model_swaps_total") == N_SWAPS + 1
    assert {status for status, _ in replies} == {200}
    assert {version for _, version in replies} == set(range(1, N_SWAPS + 2))
    # Were each model to stay, fifteen of them would have been added.
    assert max(resident[SETTLED:]) < max(resident[:SETTLED]) + 2 * MODEL_MB, resident
