"""The exact user step of every user: `foldin.Evidence`, many at a time, with its bits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from latentlens.processes import usable_cores
from latentlens.ratings.history import History
from latentlens.recommenders.foldin import Evidence

# Systems that are solved in one call: numpy lets other threads run only while it has as much to do.
_TOGETHER = 64


def fold_in_all(
    history: History,
    *,
    global_mean: float,
    item_bias: NDArray[np.float32],
    item_factors: NDArray[np.float32],
    reg: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold in every user: factors (n_users, k) and biases (n_users,); zero without rows.

    Users do not touch each other: the bits are the same for any number of threads, and those of `Evidence.vector`.
    """
    sizes = np.diff(history.indptr)
    width = item_factors.shape[1] + 1
    factors = np.zeros((len(sizes), width - 1), np.float32)
    biases = np.zeros(len(sizes), np.float32)

    def solve(users: NDArray[np.intp]) -> None:
        given = [
            Evidence.of(*history.rows_of(user), global_mean=global_mean, item_bias=item_bias, item_factors=item_factors)
            for user in users.tolist()
        ]
        # The smaller of the two systems, as in `Evidence.solve`.
        if sizes[users[0]] < width:
            A, e = np.array([one.A for one in given]), np.array([one.e for one in given])
            x = A.transpose(0, 2, 1) @ _solved(A @ A.transpose(0, 2, 1), reg * sizes[users], e[..., None])
        else:
            gram = np.array([one.A.T @ one.A for one in given])
            x = _solved(gram, reg * sizes[users], np.array([one.A.T @ one.e for one in given])[..., None])
        factors[users], biases[users] = x[:, :-1, 0], x[:, -1, 0]

    # Threads of the BLAS would only wait for each other, up to forty times longer on a busy machine.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(solve, _alike(sizes, width)))
    return factors, biases


def _solved(
    systems: NDArray[np.float64], ridges: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    diagonal = np.arange(systems.shape[1])
    systems[:, diagonal, diagonal] += ridges[:, None]
    return np.asarray(np.linalg.solve(systems, right), dtype=np.float64)


def _alike(sizes: NDArray[np.int64], width: int) -> Iterator[NDArray[np.intp]]:
    """Users with ratings, some at a time, whose systems have the same size."""
    system = np.minimum(sizes, width)
    order = np.argsort(system, kind="stable")
    for users in np.split(order, np.flatnonzero(np.diff(system[order])) + 1):
        if sizes[users[0]]:
            yield from (users[start : start + _TOGETHER] for start in range(0, len(users), _TOGETHER))
