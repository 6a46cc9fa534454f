"""A column of ids as indexes into those that occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.ids import INT64, IdMap

_CLOSE = 4


@dataclass(frozen=True, eq=False)
class Coded:
    """Row r has the id `ids.values[index[r]]`; index: (n,) int32."""

    ids: IdMap
    index: NDArray[np.int32]

    @classmethod
    def of(cls, values: NDArray[Any]) -> Coded:
        """From a column of whole numbers or text. Raises TypeError for others."""
        if values.dtype.kind in "iu" and len(values):
            low, high = int(values.min()), int(values.max())
            # Numbers close to each other, as most ids are, are counted off; others have to be sorted.
            if high in INT64 and high - low < _CLOSE * len(values):
                occurs, offsets = np.zeros(high - low + 1, dtype=np.bool_), values - low
                occurs[offsets] = True
                place = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
                return cls(IdMap(np.flatnonzero(occurs) + low), place.take(offsets))
        ids = IdMap.of(values)
        return cls(ids, ids.index(values).astype(np.int32))

    def with_ids(self, others: NDArray[Any]) -> Coded:
        """The same column over more ids, of the same kind."""
        ids = IdMap.of(self.ids.values, others)
        return self if len(ids) == len(self.ids) else Coded(ids, self.over(ids))

    def over(self, ids: IdMap) -> NDArray[np.int32]:
        """The same column as indexes into other ids; -1 for an id that is not among them."""
        # `take` is twice as fast as an index by int32.
        return np.asarray(ids.index(self.ids.values).astype(np.int32).take(self.index))
