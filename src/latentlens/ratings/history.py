"""Each user's ratings, side by side: what a recommendation excludes and a fold-in learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.order import BLOCK, ByUser, ascends, row_blocks, user_blocks
from latentlens.ratings.table import Ratings


@dataclass(frozen=True, eq=False)
class History:
    """The rows of user u are `indptr[u]:indptr[u + 1]`, by item index.

    indptr: (n_users + 1,) int64; items: (n,) int32; ratings: (n,) float32;
    is_train: (n,) bool, False for rows that no fit has seen.
    """

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32]
    is_train: NDArray[np.bool_]

    @classmethod
    def of(cls, train: Ratings, *unseen: Ratings, most: int = BLOCK) -> History:
        """Gather the rows of `train` and of sets that no fit has seen; all share their ids, and no pair.

        About `most` rows are sorted at a time. Rows of `train` alone that lie as they should are not copied.
        """
        tables = (train, *unseen)
        indptr = np.append(0, np.cumsum(sum(table.user_counts for table in tables)))
        if not unseen and ascends(train.user_index, train.item_index):
            return cls(indptr, train.item_index, train.rating, np.ones(len(train), dtype=np.bool_))
        n = int(indptr[-1])
        history = cls(indptr, np.empty(n, np.int32), np.empty(n, np.float32), np.empty(n, np.bool_))
        places = [ByUser.of(table.user_index, table.n_users) for table in tables]
        for first, last in user_blocks(indptr, most):
            rows = [place.rows(first, last) for place in places]
            users, items, ratings = (
                np.concatenate([column[chosen] for column, chosen in zip(columns, rows, strict=True)])
                for columns in zip(*((t.user_index, t.item_index, t.rating) for t in tables), strict=True)
            )
            n_train = int(places[0].indptr[last] - places[0].indptr[first])
            order = np.argsort(users.astype(np.int64) * train.n_items + items)
            block = slice(indptr[first], indptr[last])
            history.items[block], history.ratings[block] = items[order], ratings[order]
            history.is_train[block] = order < n_train
        return history

    def of_train(self) -> History:
        """Keep the rows that the fit has seen; nothing is copied where that is all."""
        return self if self.is_train.all() else self.keep(self.is_train)

    def keep(self, rows: NDArray[np.bool_]) -> History:
        """Keep these rows, an (n,) mask."""
        kept = np.concatenate(([0], np.cumsum(rows)))
        return History(kept[self.indptr], self.items[rows], self.ratings[rows], self.is_train[rows])

    @property
    def users(self) -> NDArray[np.int64]:
        """(n,) user index of each row."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    def take(self, users: NDArray[np.integer]) -> History:
        """Keep these users' rows, in this order: user n of the result is users[n]."""
        sizes = np.diff(self.indptr)[users]
        indptr = np.concatenate(([0], np.cumsum(sizes)))
        rows = np.arange(indptr[-1]) + np.repeat(self.indptr[:-1][users] - indptr[:-1], sizes)
        return History(indptr, self.items[rows], self.ratings[rows], self.is_train[rows])

    def find(self, users: NDArray[np.integer], items: NDArray[np.integer]) -> NDArray[np.int64]:
        """(n,) the row of each of these (user, movie) pairs of indexes, (n,) both; -1 for one that is not here."""
        rows = np.full(len(users), -1)
        for block in row_blocks(len(users) if len(self.items) else 0):
            wanted = items[block]
            first, end = self.indptr[users[block]], self.indptr[users[block] + 1]
            # A binary search in each user's rows, all pairs at once.
            last = end
            while (first < last).any():
                middle = (first + last) // 2
                is_below = (first < last) & (self.items.take(middle, mode="clip") < wanted)
                first, last = np.where(is_below, middle + 1, first), np.where(is_below, last, middle)
            is_here = (first < end) & (self.items.take(first, mode="clip") == wanted)
            rows[block] = np.where(is_here, first, -1)
        return rows

    def items_of(self, user: int) -> NDArray[np.int32]:
        """Every movie this user rated, by index."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    def train_rows_of(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Movies and ratings of this user that the fit has seen."""
        rows = slice(self.indptr[user], self.indptr[user + 1])
        seen = self.is_train[rows]
        return self.items[rows][seen], self.ratings[rows][seen]
