"""Each user's ratings, side by side: what a recommendation excludes and a fold-in learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.order import BLOCK, ByUser, ascends, row_blocks, user_blocks
from latentlens.ratings.stars import Stars
from latentlens.ratings.table import Ratings


@dataclass(frozen=True, eq=False)
class History:
    """The rows of user u are `indptr[u]:indptr[u + 1]`, by item index.

    indptr: (n_users + 1,) int64; items: (n,) int32; stars: (n,).
    """

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    stars: Stars

    @classmethod
    def of(cls, *tables: Ratings, most: int = BLOCK) -> History:
        """Gather the rows of sets that share their ids, and no pair.

        About `most` rows are sorted at a time. Rows of one set that lie as they should are not copied.
        """
        return cls.joined(*(cls._of_one(table, most) for table in tables), most=most)

    @classmethod
    def _of_one(cls, table: Ratings, most: int) -> History:
        if ascends(table.user_index, table.item_index):
            return cls(np.append(0, np.cumsum(table.user_counts)), table.item_index, table.stars)
        by_user = ByUser.of(table.user_index, table.n_users)
        order = np.empty(len(table), np.int64)
        for first, last in user_blocks(by_user.indptr, most):
            rows = by_user.rows(first, last)
            places = slice(by_user.indptr[first], by_user.indptr[last])
            within = np.lexsort((table.item_index[rows], table.user_index[rows]))
            order[places] = within + places.start if isinstance(rows, slice) else rows[within]
        return cls(by_user.indptr, table.item_index[order], table.stars[order])

    @classmethod
    def joined(cls, *histories: History, most: int = BLOCK) -> History:
        """Put the rows of each user together; no pair is in two. About `most` rows are sorted at a time."""
        if len(histories) == 1:
            return histories[0]
        indptr = np.sum([history.indptr for history in histories], axis=0)
        columns = Stars.joined(*(history.stars for history in histories))
        items, codes = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], columns[0].codes.dtype)
        for first, last in user_blocks(indptr, most):
            rows = [slice(history.indptr[first], history.indptr[last]) for history in histories]
            sizes = [np.diff(history.indptr[first : last + 1]) for history in histories]
            users = np.concatenate([np.repeat(np.arange(last - first), of_each) for of_each in sizes])
            block_items = np.concatenate([history.items[of] for history, of in zip(histories, rows, strict=True)])
            block_codes = np.concatenate([column.codes[of] for column, of in zip(columns, rows, strict=True)])
            order = np.lexsort((block_items, users))
            block = slice(indptr[first], indptr[last])
            items[block], codes[block] = block_items[order], block_codes[order]
        return cls(indptr, items, Stars(columns[0].values, codes))

    def keep(self, rows: NDArray[np.bool_]) -> History:
        """Keep these rows, an (n,) mask."""
        kept = np.concatenate(([0], np.cumsum(rows)))
        return History(kept[self.indptr], self.items[rows], self.stars[rows])

    @property
    def users(self) -> NDArray[np.int64]:
        """(n,) user index of each row."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    def take(self, users: NDArray[np.integer]) -> History:
        """Keep these users' rows, in this order: user n of the result is users[n]."""
        sizes = np.diff(self.indptr)[users]
        indptr = np.concatenate(([0], np.cumsum(sizes)))
        rows = np.arange(indptr[-1]) + np.repeat(self.indptr[:-1][users] - indptr[:-1], sizes)
        return History(indptr, self.items[rows], self.stars[rows])

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
        """Every movie of this user, by index."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    def rows_of(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Movies and ratings of this user."""
        rows = slice(self.indptr[user], self.indptr[user + 1])
        return self.items[rows], self.stars[rows].ratings
