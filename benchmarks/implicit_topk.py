"""implicit's lists of ten, in the environment of the peers: `implicit_topk.py FOLDER` with users.npy and items.npy.

Prints the best of three: users a second by the clock, one thread.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from implicit.cpu.topk import topk


def main(folder: Path) -> None:
    """Time it."""
    users, items = (np.load(folder / f"{name}.npy") for name in ("users", "items"))
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        topk(items, users, 10, num_threads=1)
        best = max(best, len(users) / (time.perf_counter() - started))
    print(best)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
