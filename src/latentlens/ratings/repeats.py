"""(user, movie) pairs that were rated more than once: the latest counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.order import BLOCK, ByUser, ascends, user_blocks


def latest_of_each_pair(
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    timestamp: NDArray[np.int64] | None,
    n_users: int,
    n_items: int,
    most: int = BLOCK,
) -> NDArray[np.int64] | None:
    """Rows to keep, in their first order; None for all.

    Of a repeated pair the latest is kept, by timestamp if there is one, otherwise by position. About `most` rows are
    compared at a time.
    """
    if ascends(users, items):
        return None
    by_user = ByUser.of(users, n_users)
    kept = np.ones(len(users), dtype=np.bool_)
    for first, last in user_blocks(by_user.indptr, most):
        rows = by_user.rows(first, last)
        pair = users[rows].astype(np.int64) * n_items + items[rows]
        order = np.argsort(pair, kind="stable") if timestamp is None else np.lexsort((timestamp[rows], pair))
        pair = pair[order]
        is_last = np.append(pair[1:] != pair[:-1], True)
        of_block = np.empty(len(pair), dtype=np.bool_)
        of_block[order] = is_last
        kept[rows] = of_block
    return None if kept.all() else np.flatnonzero(kept)
