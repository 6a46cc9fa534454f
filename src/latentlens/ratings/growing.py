"""Columns that grow by parts: memory holds every row once, whatever was there before gone at once."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from latentlens.ratings.coded import Coded
from latentlens.ratings.ids import IdMap


class Growing:
    """A column of numbers, with room for `n` at first: what of it is not filled takes no memory."""

    def __init__(self, dtype: DTypeLike, n: int = 0) -> None:
        self._room = _untouched(n, np.dtype(dtype))
        self._n = 0

    def extend(self, part: NDArray[Any]) -> None:
        """Append (n,) values."""
        end = self._n + len(part)
        if end > len(self._room):
            larger = _untouched(max(end, 2 * len(self._room)), self._room.dtype)
            larger[: self._n] = self.values
            self._room = larger
        self._room[self._n : end] = part
        self._n = end

    @property
    def values(self) -> NDArray[Any]:
        """All that was appended, without a copy."""
        return self._room[: self._n]


def _untouched(n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Room for `n` numbers in pages of the usual size: numpy takes huge ones, which the system is slow to find."""
    return np.frombuffer(mmap.mmap(-1, max(n * dtype.itemsize, 1)), dtype, count=n)


class GrowingIds:
    """A column of ids, all of one kind, with room for `n` at first."""

    def __init__(self, n: int = 0) -> None:
        self._index = Growing(np.int32, n)
        self._parts: list[tuple[IdMap, int]] = []

    def extend(self, part: Coded) -> None:
        """Append ids. Raises ValueError for text among whole numbers, or the other way round."""
        if self._parts and self._parts[0][0].is_text != part.ids.is_text:
            raise ValueError("ids are of two kinds")
        self._index.extend(part.index)
        self._parts.append((part.ids, len(part.index)))

    def coded(self) -> Coded:
        """All that was appended (at least one part), as one column; nothing can follow."""
        ids = IdMap.of(*(known.values for known, _ in self._parts))
        index, start = self._index.values, 0
        for known, length in self._parts:
            part = slice(start, start + length)
            index[part] = Coded(known, index[part]).over(ids)
            start += length
        return Coded(ids, index)
