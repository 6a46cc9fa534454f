"""The one class that converts the ids of the data to contiguous indexes and back.

Stands alone (numpy only), because its source travels inside every saved model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

INT64 = range(-(2**63), 2**63)
# Python's int() also takes blanks, underscores and other alphabets' digits.
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, eq=False)
class IdMap:
    """Ids as the data has them, sorted: the position of an id is its index.

    `values` is a sorted array without repeats, int64 or text (`<U`).
    """

    values: np.ndarray[Any, Any]

    @classmethod
    def of(cls, *ids: np.ndarray[Any, Any]) -> IdMap:
        """Map every id that occurs in any of the arrays, which must all hold whole numbers or all text."""
        kinds = {array.dtype.kind for array in ids}
        if not kinds <= {"i", "u"} and kinds != {"U"}:
            raise TypeError("ids must be all whole numbers or all text, not a mixture")
        # Cast first: int64 joined with uint64 would be float64, which merges large ids.
        values = np.concatenate(ids if kinds == {"U"} else [array.astype(np.int64) for array in ids])
        # Where np.unique hashes, it takes ten times as long.
        values.sort()
        is_first = np.append(True, values[1:] != values[:-1])[: len(values)]
        return cls(values[is_first])

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_text(self) -> bool:
        """Whether the ids are text; otherwise they are whole numbers."""
        return bool(self.values.dtype.kind == "U")

    def index(self, ids: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Indexes of `ids` (any shape), -1 for each id that is not in the map.

        Raises TypeError for ids of the wrong type: text for whole numbers never silently means "unknown".
        """
        wanted = np.asarray(ids)
        # pandas hands over text as objects.
        if wanted.dtype.kind == "O" and all(isinstance(value, str) for value in wanted.flat):
            wanted = wanted.astype(np.str_)
        expected, kinds = ("text", "U") if self.is_text else ("whole numbers", "iu")
        if wanted.size and wanted.dtype.kind not in kinds:
            raise TypeError(f"the ids of this data are {expected}; {wanted.ravel()[0]!r} is not")
        if not len(self):
            return np.full(wanted.shape, -1)
        position = np.minimum(np.searchsorted(self.values, wanted), len(self) - 1)
        return np.where(self.values[position] == wanted, position, -1)

    def position(self, id_: int | str) -> int:
        """Index of one id, -1 if it is not in the map: what `index` says, in a fraction of its time.

        Raises TypeError for an id of the wrong type.
        """
        # A range looks through all its numbers for what is no int.
        usual = isinstance(id_, str) if self.is_text else isinstance(id_, int) and id_ in INT64
        if not usual:
            return int(self.index(id_))
        position = int(self.values.searchsorted(id_))
        return position if position < len(self) and self.values[position] == id_ else -1

    def parse(self, text: str) -> int | str:
        """Read an id written as text, as the data has it. Raises ValueError if no id of this data looks like that."""
        if self.is_text:
            return text
        if not _WHOLE_NUMBER.fullmatch(text) or (number := int(text)) not in INT64:
            raise ValueError(f"{text!r} is not a whole number of 64 bits, as the ids of this data are")
        return number
