"""Stochastic gradient descent for the biased matrix factorisation.

Funk (2006); Koren, Bell & Volinsky (2009), "Matrix factorization techniques for recommender systems", eq. 5-6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.layouts import Visits
from latentlens.recommenders.kernels.rows import LANES, dot, kernel, prefetch_row, step_then_dot


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
_AHEAD = 5


@kernel
def _epoch(users, items, ratings, mean, bu, bi, P, Q, rates):  # type: ignore[no-untyped-def]
    lr_bu, lr_bi, lr_pu, lr_qi, reg_bu, reg_bi, reg_pu, reg_qi = rates
    # p += lr (error q - reg p) is p = (1 - lr reg) p + (lr error) q.
    one = P.dtype.type(1)
    keep_p, keep_q = one - lr_pu * reg_pu, one - lr_qi * reg_qi
    squares = 0.0
    last = len(ratings) - 1
    known, product = False, P.dtype.type(0)
    for n in range(last + 1):
        prefetch_row(Q, items[min(n + _AHEAD, last)])
        u, i = users[n], items[n]
        p, q = P[u], Q[i]
        if not known:
            product = dot(p, q)
        # The product comes last: the rest need not wait for it.
        error = ratings[n] - (mean + bu[u] + bi[i]) - product
        squares += error * error
        bu[u] += lr_bu * (error - reg_bu * bu[u])
        bi[i] += lr_bi * (error - reg_bi * bi[i])
        # Visits come user by user: the product that the next one needs is met while this one moves p.
        coming = min(n + 1, last)
        product = step_then_dot(p, q, keep_p, lr_pu * error, keep_q, lr_qi * error, Q[items[coming]])
        known = users[coming] == u and items[coming] != i
    return squares


def epoch(visits: Visits, mean: float, factors: Factors, rates: Rates) -> float:
    """Visit every rating once, in the order given, changing `factors` in place.

    All floats are computed in the dtype of the factors; no index is checked. The GIL is released.
    Returns the root mean square of the errors met on the way (each before its own step).
    """
    if factors.user_factors.shape[1] % LANES or factors.item_factors.shape[1] % LANES:
        raise ValueError("rows of factors must be padded: see rows.aligned_rows")
    dtype = factors.user_factors.dtype.type
    # Unsigned: numba would test every signed index for counting from the end.
    users, items = visits.users.view(np.uint32), visits.items.view(np.uint32)
    squares = _epoch(users, items, visits.ratings.astype(dtype, copy=False), dtype(mean), *factors, rates)
    return float(np.sqrt(squares / len(visits.ratings)))
