"""Load and score a factor model: numpy and the standard library only.

The source of this file travels inside every saved model, so that it predicts wherever MLflow loads it, bit for bit as
the API does.
"""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentlens.ratings.ids import IdMap

# Format 1 kept all ratings of a person in one history.
FORMAT = 2
MANIFEST = "manifest.json"
SETTINGS = "settings.json"
FACTOR_ARRAYS = ("user_bias", "item_bias", "user_factors", "item_factors", "user_counts", "item_counts")
# Rows multiplied at a time: with their products, 1.2 MB at k=150, which stays in the cache.
_CHUNK = 512
# Pairs that are worth a thread's while.
_PART = 1 << 17


@dataclass(frozen=True, eq=False)
class FactorModel:
    """rating(u, i) = global_mean + user_bias[u] + item_bias[i] + user_factors[u] . item_factors[i].

    user_bias (n_users,), item_bias (n_items,), user_factors (n_users, k), item_factors (n_items, k): float32, k >= 0.
    user_counts, item_counts: train ratings of each; an id without any counts as unknown, and its row is zero.
    scale: lowest and highest rating.
    """

    user_ids: IdMap
    item_ids: IdMap
    global_mean: float
    user_bias: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    user_factors: NDArray[np.float32]
    item_factors: NDArray[np.float32]
    user_counts: NDArray[np.int64]
    item_counts: NDArray[np.int64]
    scale: tuple[float, float]

    def of(self, users: NDArray[np.integer]) -> FactorModel:
        """The same movies for these users (indexes, ascending) alone."""
        return replace(
            self,
            user_ids=IdMap(self.user_ids.values[users]),
            user_bias=self.user_bias[users],
            user_factors=self.user_factors[users],
            user_counts=self.user_counts[users],
        )

    def predict(self, user_ids: Any, movie_ids: Any) -> NDArray[np.float64]:
        """Predicted ratings of (user, movie) pairs, clipped to the scale; (n,) for ids of shape (n,).

        An unknown id is answered by the mean plus the biases that are known. Raises TypeError for ids of wrong type.
        """
        return self.clip(self.score(self.user_ids.index(user_ids), self.item_ids.index(movie_ids)))

    def score(self, users: NDArray[np.integer], items: NDArray[np.integer]) -> NDArray[np.float64]:
        """Unclipped predictions of pairs of indexes, (n,) each; -1 stands for an unknown id.

        Many pairs are shared among as many threads as there are processors; the bits do not depend on how many.
        """
        parts = [slice(start, start + _PART) for start in range(0, len(users), _PART)]
        if len(parts) < 2:
            return self._score(users, items)
        scores = np.empty(len(users))

        def fill(part: slice) -> None:
            scores[part] = self._score(users[part], items[part])

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(fill, parts))
        return scores

    def _score(self, users: NDArray[np.integer], items: NDArray[np.integer]) -> NDArray[np.float64]:
        k = self.item_factors.shape[1]
        scores = np.empty(len(users))
        p, q = (np.empty((_CHUNK, k), side.dtype) for side in (self.user_factors, self.item_factors))
        products = np.empty((_CHUNK, k))
        for start in range(0, len(users), _CHUNK):
            u, i = users[start : start + _CHUNK], items[start : start + _CHUNK]
            n = len(u)
            # "clip" looks for no index out of bounds; what it makes of -1 is put right below.
            self.user_factors.take(u, axis=0, out=p[:n], mode="clip")
            self.item_factors.take(i, axis=0, out=q[:n], mode="clip")
            np.multiply(q[:n], p[:n], out=products[:n], dtype=np.float64)
            np.add.reduce(products[:n], axis=1, out=scores[start : start + n])
        scores[users < 0] = 0
        without_movie = self.global_mean + np.where(users >= 0, self.user_bias[users], np.float32(0)).astype(np.float64)
        return np.where(items >= 0, without_movie + self.item_bias[items] + scores, without_movie)

    def score_for(self, factors: Any, bias: Any, items: NDArray[np.integer]) -> NDArray[np.float64]:
        """Unclipped predictions for user vectors: factors (k,) or (n, k) and bias () or (n,), float32; items (n,).

        Every item is known. Summed in float64, row by row: the bits of a pair do not depend on the pairs beside it.
        """
        products = self.item_factors[items].astype(np.float64)
        products *= factors.astype(np.float64)
        interaction = np.add.reduce(products, axis=1)
        return np.asarray(self.global_mean + np.float64(bias) + self.item_bias[items] + interaction)

    def clip(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predicted ratings for scores: kept within the scale."""
        return np.clip(scores, *self.scale)


def read_part(folder: Path, name: str, manifest: dict[str, Any]) -> Any:
    """Read one part of a model folder: an array (memory-mapped) or a JSON document.

    Raises ValueError, naming the part, if it is missing or is not what the manifest describes.
    """
    try:
        described = manifest["parts"][name]
        path = folder / name
        with path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    except (KeyError, OSError) as problem:
        raise ValueError(f"{name} cannot be read: {problem!r}") from problem
    if checksum != described["sha256"]:
        raise ValueError(f"{name} is damaged: its checksum is not the manifest's")
    try:
        if name.endswith(".json"):
            return json.loads(path.read_text(encoding="utf-8"))
        # A plain view: slices of numpy.memmap take several times as long.
        array = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except (ValueError, AttributeError, EOFError, OverflowError, RecursionError) as problem:
        raise ValueError(f"{name} is not what its name says: {problem!r}") from problem
    if [list(array.shape), str(array.dtype)] != [described["shape"], described["dtype"]]:
        raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}, unlike the manifest")
    return array


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a model folder holds. Raises ValueError if it is unreadable or of a newer format."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        written = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"{MANIFEST} cannot be read: {problem!r}") from problem
    if written not in range(1, FORMAT + 1):
        raise ValueError(f"the model has format {written}, this version reads formats up to {FORMAT}")
    names = manifest.get("parts", ())
    outside = [name for name in names if name in ("", "..") or Path(name).name != name or "\\" in name]
    if outside:
        raise ValueError(f"{MANIFEST} names a part that would lie outside the folder: {outside[0]!r}")
    return manifest


def load_factors(folder: Path) -> FactorModel:
    """Open the scoring parts of a model folder. Raises ValueError if it is damaged or of a newer format."""
    manifest = read_manifest(folder)
    settings = read_part(folder, SETTINGS, manifest)
    arrays = {name: read_part(folder, f"{name}.npy", manifest) for name in FACTOR_ARRAYS}
    return FactorModel(
        user_ids=IdMap(read_part(folder, "user_ids.npy", manifest)),
        item_ids=IdMap(read_part(folder, "item_ids.npy", manifest)),
        global_mean=settings["global_mean"],
        scale=tuple(settings["scale"]),
        **arrays,
    )
