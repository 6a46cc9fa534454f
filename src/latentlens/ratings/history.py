"""Each user's ratings, side by side: what a recommendation excludes and a fold-in learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    def of(cls, train: Ratings, *unseen: Ratings) -> History:
        """Gather the rows of `train` and of sets that no fit has seen; all share one set of ids."""
        tables = (train, *unseen)
        users = np.concatenate([table.user_index for table in tables])
        items = np.concatenate([table.item_index for table in tables])
        ratings = np.concatenate([table.rating for table in tables])
        is_train = np.arange(len(users)) < len(train)
        order = np.lexsort((items, users))
        indptr = np.zeros(train.n_users + 1, dtype=np.int64)
        np.cumsum(np.bincount(users, minlength=train.n_users), out=indptr[1:])
        return cls(indptr, items[order], ratings[order], is_train[order])

    def of_train(self) -> History:
        """Keep the rows that the fit has seen; nothing is copied where that is all."""
        if self.is_train.all():
            return self
        kept = np.concatenate(([0], np.cumsum(self.is_train)))
        seen = self.is_train
        return History(kept[self.indptr], self.items[seen], self.ratings[seen], seen[seen])

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

    def items_of(self, user: int) -> NDArray[np.int32]:
        """Every movie this user rated, by index."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    def train_rows_of(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Movies and ratings of this user that the fit has seen."""
        rows = slice(self.indptr[user], self.indptr[user + 1])
        seen = self.is_train[rows]
        return self.items[rows][seen], self.ratings[rows][seen]
