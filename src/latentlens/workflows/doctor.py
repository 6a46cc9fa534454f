"""What is installed, what runs, what is served, and what to mend."""

from __future__ import annotations

import json
import os
import platform
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from latentlens.tracking import rest
from latentlens.tracking import store as stores

_PACKAGES = ("latentlens", "numpy", "numba", "polars", "mlflow", "mlflow-skinny", "fastapi")
# A training on 10 million ratings records some hundred megabytes.
_SPARE_GIGABYTES = 1.0
_EXTRA = {"numba": "train", "polars": "train", "mlflow": "track", "fastapi": "serve", "mlflow-skinny": "serve"}


class Finding(NamedTuple):
    """One line of the report; `mend` says what to do where `ok` is False."""

    what: str
    found: str
    ok: bool = True
    mend: str = ""


def examine(store: Path, mlflow_port: int, api_port: int) -> list[Finding]:
    """Look at versions, store, MLflow and API on this machine; nothing is started."""
    mlflow_uri, api_uri = (f"http://127.0.0.1:{port}" for port in (mlflow_port, api_port))
    return [
        Finding("Python", platform.python_version()),
        *(_package(name) for name in _PACKAGES),
        _store(store),
        *_mlflow(mlflow_uri, store),
        _api(api_uri),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", ok=False, mend=f"pip install 'latentlens[{_EXTRA.get(name, 'train')}]'")


def _store(store: Path) -> Finding:
    what = f"store {store}"
    if not stores.database(store).exists():
        return Finding(what, "empty", ok=False, mend="latentlens train")
    megabytes = sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) / 1e6
    gigabytes_free = shutil.disk_usage(store).free / 1e9
    found = f"{megabytes:,.1f} MB, {gigabytes_free:,.1f} GB free"
    if stores.in_use(store):
        found += f", in use by {stores.published(store) or 'a command'}"
    return Finding(what, found, ok=gigabytes_free >= _SPARE_GIGABYTES, mend="make room on its disk")


def _mlflow(uri: str, store: Path) -> Iterator[Finding]:
    what, ours = f"MLflow on {uri}", stores.identity(store)
    if not rest.answers(uri):
        yield Finding(what, "no answer", ok=False, mend="latentlens up")
        return
    another = ours is not None and ours != rest.identity(uri)
    yield Finding(what, f"answers, keeps another store than {store}" if another else "answers")
    if unfinished := rest.unfinished_runs(uri):
        mend = "if no training is at work, they were killed: restart MLflow"
        yield Finding("unfinished runs", ", ".join(unfinished), ok=False, mend=mend)


def _api(uri: str) -> Finding:
    what = f"API on {uri}"
    # Whoever set keys for the API has them here, too.
    key = os.environ.get("LATENTLENS_API_KEY", "").partition(",")[0].strip()
    asked = urllib.request.Request(f"{uri}/model", headers={"X-API-Key": key} if key else {})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=3) as reply:  # noqa: S310 - a loopback address
            served = json.load(reply)
        found = f"serves version {served['model_version']}, RMSE {served['metrics'].get('rmse', float('nan')):.4f}"
        if newer := served["hides_newer_version"]:
            return Finding(what, f"{found}, and not the newer {newer}", ok=False, mend="latentlens promote --newest")
        return Finding(what, found)
    except urllib.error.HTTPError as refusal:
        try:
            reason = str(json.load(refusal)["detail"])
        except (ValueError, KeyError):
            reason = f"answers {refusal.code}"
        return Finding(what, reason, ok=False, mend="latentlens train")
    except (OSError, ValueError, KeyError):
        return Finding(what, "no answer", ok=False, mend="latentlens up")
