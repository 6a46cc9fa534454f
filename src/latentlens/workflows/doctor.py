"""What is installed, what runs, what is served, and what to mend."""

from __future__ import annotations

import json
import platform
import urllib.error
import urllib.request
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from latentlens.tracking.server import answers, in_use

_PACKAGES = ("latentlens", "numpy", "numba", "polars", "mlflow", "mlflow-skinny", "fastapi")
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
        Finding(f"MLflow on {mlflow_uri}", "answers")
        if answers(mlflow_uri)
        else Finding(f"MLflow on {mlflow_uri}", "no answer", ok=False, mend="latentlens up"),
        _api(api_uri),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", ok=False, mend=f"pip install 'latentlens[{_EXTRA.get(name, 'train')}]'")


def _store(store: Path) -> Finding:
    if not (store / "mlflow.db").exists():
        return Finding(f"store {store}", "empty", ok=False, mend="latentlens train")
    megabytes = sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) / 1e6
    return Finding(f"store {store}", f"{megabytes:,.1f} MB{', in use' if in_use(store) else ''}")


def _api(uri: str) -> Finding:
    what = f"API on {uri}"
    try:
        with urllib.request.urlopen(f"{uri}/model", timeout=3) as reply:  # noqa: S310 - a loopback address
            served = json.load(reply)
        rmse = served["metrics"].get("rmse", float("nan"))
        return Finding(what, f"serves version {served['model_version']}, RMSE {rmse:.4f}")
    except urllib.error.HTTPError as refusal:
        try:
            reason = str(json.load(refusal)["detail"])
        except (ValueError, KeyError):
            reason = f"answers {refusal.code}"
        return Finding(what, reason, ok=False, mend="latentlens train")
    except (OSError, ValueError, KeyError):
        return Finding(what, "no answer", ok=False, mend="latentlens up")
