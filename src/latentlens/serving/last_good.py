"""The record of what was served last, beside its copy: enough to serve it again while MLflow is down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from latentlens.errors import ModelRefused
from latentlens.tracking.registry import Version

_RECORD = "last-served.json"


class LastGood(NamedTuple):
    """A version that was served, with what its run recorded. `address`: of the MLflow it came from."""

    address: str
    version: Version
    metrics: Mapping[str, float]
    run_params: Mapping[str, str]

    def write(self, cache: Path) -> None:
        """Keep the record in `cache`: whole, or as it was before. Raises OSError if it cannot be written."""
        text = json.dumps({**self._asdict(), "version": self.version._asdict()}, indent=1)
        draft = cache / f"{_RECORD}.draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(cache / _RECORD)

    @classmethod
    def read(cls, cache: Path, address: str) -> LastGood | None:
        """Read the record of `cache`, None if there is none of this MLflow. Raises ModelRefused if it is damaged."""
        try:
            document = json.loads((cache / _RECORD).read_text(encoding="utf-8"))
            found = cls(**{**document, "version": Version(**document["version"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as problem:
            raise ModelRefused(f"{cache / _RECORD} cannot be read: {problem!r}.") from problem
        return found if found.address == address else None
