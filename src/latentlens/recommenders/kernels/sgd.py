"""Stochastic gradient descent for the biased matrix factorisation.

Funk (2006); Koren, Bell & Volinsky (2009), "Matrix factorization techniques for recommender systems", eq. 5-6.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.layouts import Visits
from latentlens.recommenders.kernels.rows import (
    are_aligned,
    dot,
    dots,
    kernel,
    prefetch_row,
    primitive,
    step,
    two_steps,
)


class Rates(NamedTuple):
    """Step sizes and regularisation, in the dtype of the factors; all zero for a part that is not learned."""

    lr_bu: np.floating
    lr_bi: np.floating
    lr_pu: np.floating
    lr_qi: np.floating
    reg_bu: np.floating
    reg_bi: np.floating
    reg_pu: np.floating
    reg_qi: np.floating


class Factors(NamedTuple):
    """What a descent changes in place: biases (n_users,) and (n_items,); factors, one row each, from `aligned_rows`."""

    user_bias: NDArray[np.floating]
    item_bias: NDArray[np.floating]
    user_factors: NDArray[np.floating]
    item_factors: NDArray[np.floating]


# Item rows lie scattered; this many ratings ahead, a row has arrived when its turn comes.
_AHEAD = 6


@primitive
def _meet(u, i, rating, product, mean, bu, bi, lr_bu, lr_bi, reg_bu, reg_bi):
    """Move both biases by the error of one rating; the error."""
    # The product comes last: the rest need not wait for it.
    error = rating - (mean + bu[u] + bi[i]) - product
    bu[u] += lr_bu * (error - reg_bu * bu[u])
    bi[i] += lr_bi * (error - reg_bi * bi[i])
    return error


@kernel
def _walk(users, items, stars, values, mean, bu, bi, P, Q, rates):
    lr_bu, lr_bi, lr_pu, lr_qi, reg_bu, reg_bi, reg_pu, reg_qi = rates
    # p += lr (error q - reg p) is p = (1 - lr reg) p + (lr error) q.
    one = P.dtype.type(1)
    keep_p, keep_q = one - lr_pu * reg_pu, one - lr_qi * reg_qi
    squares = 0.0
    end = len(stars)
    n = 0
    while n < end:
        u, i = users[n], items[n]
        prefetch_row(Q, items[min(n + _AHEAD, end - 1)])
        # Two ratings of one user go together. The step between them is not skipped, only foreseen:
        # (keep p + move q) . r = keep (p . r) + move (q . r), so that no product waits for a moved row.
        if n + 1 < end and users[n + 1] == u and items[n + 1] != i:
            j = items[n + 1]
            prefetch_row(Q, items[min(n + 1 + _AHEAD, end - 1)])
            pi, pj, ij = dots(P, u, Q, i, j)
            first = _meet(u, i, values[stars[n]], pi, mean, bu, bi, lr_bu, lr_bi, reg_bu, reg_bi)
            pj = keep_p * pj + lr_pu * first * ij
            second = _meet(u, j, values[stars[n + 1]], pj, mean, bu, bi, lr_bu, lr_bi, reg_bu, reg_bi)
            moves_p, moves_q = (lr_pu * first, lr_pu * second), (lr_qi * first, lr_qi * second)
            two_steps(P, u, Q, i, j, keep_p, moves_p, keep_q, moves_q)
            squares += first * first + second * second
            n += 2
        else:
            error = _meet(u, i, values[stars[n]], dot(P, u, Q, i), mean, bu, bi, lr_bu, lr_bi, reg_bu, reg_bi)
            step(P, u, Q, i, keep_p, lr_pu * error, keep_q, lr_qi * error)
            squares += error * error
            n += 1
    return squares


def epoch(visits: Visits, mean: float, factors: Factors, rates: Rates) -> float:
    """Visit every rating once, in the order given, changing `factors` in place; a thread for each slice of a round.

    All floats are computed in the dtype of the factors; no index is checked. The GIL is released.
    Returns the root mean square of the errors met on the way (each before its own step).
    """
    if not (are_aligned(factors.user_factors) and are_aligned(factors.item_factors)):
        raise ValueError("rows of factors must be padded: see rows.aligned_rows")
    dtype = factors.user_factors.dtype.type
    # Unsigned: numba would test every signed index for counting from the end.
    users, items = visits.users.view(np.uint32), visits.items.view(np.uint32)
    stars, values = visits.stars.codes, visits.stars.values.astype(dtype)

    def walk(part: slice) -> float:
        return float(_walk(users[part], items[part], stars[part], values, dtype(mean), *factors, rates))

    squares = 0.0
    # No thread is made for one slice: this one walks it.
    with ThreadPoolExecutor(len(visits.rounds[0])) as pool:
        for first, *others in visits.rounds:
            started = [pool.submit(walk, part) for part in others]
            squares += walk(first) + sum(one.result() for one in started)
    return float(np.sqrt(squares / len(stars)))


@kernel
def _squared_errors(users, items, stars, values, mean, bu, bi, P, Q, low, high):
    squares = 0.0
    for n in range(len(stars)):
        u, i = users[n], items[n]
        predicted = mean + bu[u] + bi[i] + dot(P, u, Q, i)
        squares += (min(max(predicted, low), high) - values[stars[n]]) ** 2
    return squares


def rmse(visits: Visits, mean: float, factors: Factors, scale: tuple[float, float]) -> float:
    """Root mean square error of the predictions, kept within the scale; in the dtype of the factors."""
    dtype = factors.user_factors.dtype.type
    users, items = visits.users.view(np.uint32), visits.items.view(np.uint32)
    low, high = scale
    stars, values = visits.stars.codes, visits.stars.values.astype(dtype)
    squares = _squared_errors(users, items, stars, values, dtype(mean), *factors, dtype(low), dtype(high))
    return float(np.sqrt(squares / len(stars)))
