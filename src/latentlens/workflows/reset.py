"""Scorched earth: forget every experiment and model."""

from __future__ import annotations

import shutil
from pathlib import Path

from latentlens.errors import TrackingError
from latentlens.tracking import rest
from latentlens.tracking.server import usual_address
from latentlens.tracking.store import database, identity, in_use


def reset(store: Path) -> bool:
    """Remove `store` with all experiments, models and cached copies; False if there is none.

    Raises TrackingError while a server uses it, or if the folder is not a LatentLens store.
    """
    if not store.exists():
        return False
    if in_use(store) or _serves(usual_address(), store):
        raise TrackingError(
            f"A server is running over {store}: stop it (Ctrl-C, or docker-compose down -v), then reset."
        )
    if not database(store).exists():
        raise TrackingError(
            f"{store} holds no mlflow.db, so it is no LatentLens store: remove it by hand if you mean it."
        )
    shutil.rmtree(store)
    return True


def _serves(tracking_uri: str, store: Path) -> bool:
    """Whether the server there, which may be none of ours, keeps this store."""
    ours = identity(store)
    return ours is not None and ours == rest.identity(tracking_uri)
