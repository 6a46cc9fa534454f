"""Frozen configurations by name; each has a `fit`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from latentlens.errors import ConfigError
from latentlens.recommenders.bias import BiasOnly
from latentlens.recommenders.ease import EASE
from latentlens.recommenders.hybrid import Hybrid
from latentlens.recommenders.implicit_als import ImplicitALS
from latentlens.recommenders.item_knn import ItemKNN
from latentlens.recommenders.popularity import Popularity
from latentlens.recommenders.svd import SVD

# Chosen on validation rows of the train side alone: benchmarks/choose_tuned.py.
_TUNED: dict[str, Any] = {
    "n_factors": 150,
    "n_epochs": 20,
    "lr_all": 0.04,
    "lr_bu": 0.01,
    "lr_bi": 0.01,
    "lr_decay": True,
    "reg_all": 0.04,
    "init_std_dev": 0.005,
    "random_state": 42,
    "user_step_reg": 0.05,
}
PRESETS: dict[str, Any] = {
    "tuned": Hybrid(**_TUNED),
    "svd": SVD(**_TUNED),
    "surprise": SVD(n_factors=150, n_epochs=20, random_state=42),
    "ease": EASE(),
    "implicit_als": ImplicitALS(random_state=42),
    "item_knn": ItemKNN(),
    "bias_only": BiasOnly(),
    "popularity": Popularity(),
}


def configured(preset: str, seed: int, **changes: Any) -> Any:
    """A preset with this seed and other changes. Raises ConfigError for a change that it knows nothing of."""
    known = {field.name for field in fields(PRESETS[preset])}
    if unknown := [name for name in changes if name not in known]:
        option = unknown[0].replace("_", "-")
        raise ConfigError(f"The preset {preset} has no --{option}: leave it out, or choose another preset.")
    seeded = {"random_state": seed} if "random_state" in known else {}
    return replace(PRESETS[preset], **seeded, **changes)
