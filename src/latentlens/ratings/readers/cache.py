"""The folder of what can be fetched or made again."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "LATENTLENS_DATA"


def cache_folder() -> Path:
    """The folder that LATENTLENS_DATA names, else the operating system's for this user; it need not exist."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    import pooch

    return Path(pooch.os_cache("latentlens"))
