"""Questions to an MLflow server that are asked without importing mlflow, which takes seconds and 100 MB."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any

from latentlens.tracking.names import EXPERIMENT

_DEFAULT_EXPERIMENT = "0"


def answers(tracking_uri: str, timeout: float = 3) -> bool:
    """Whether MLflow's API (not only its /health, which knows no host check) answers at this address."""
    return _ask(tracking_uri, "experiments/search?max_results=1", timeout=timeout) is not None


def identity(tracking_uri: str) -> int | None:
    """What tells apart the stores of two servers: when the store was made, in milliseconds since 1970."""
    found = _ask(tracking_uri, f"experiments/get?experiment_id={_DEFAULT_EXPERIMENT}") or {}
    made: int | None = found.get("experiment", {}).get("creation_time")
    return made


def unfinished_runs(tracking_uri: str) -> list[str]:
    """Ids of the experiment's runs that are said to be running: a command is at it, or was killed."""
    named = _ask(tracking_uri, f"experiments/get-by-name?experiment_name={EXPERIMENT}")
    if named is None:
        return []
    search = {
        "experiment_ids": [named["experiment"]["experiment_id"]],
        "filter": "attributes.status = 'RUNNING'",
        "max_results": 1000,
    }
    found = _ask(tracking_uri, "runs/search", search) or {}
    return [run["info"]["run_id"] for run in found.get("runs", [])]


def close_unfinished_runs(tracking_uri: str) -> None:
    """Mark runs that a killed command left open as killed. Right only where no command can be at work."""
    for run_id in unfinished_runs(tracking_uri):
        _ask(tracking_uri, "runs/update", {"run_id": run_id, "status": "KILLED", "end_time": int(time.time() * 1000)})


def _ask(
    tracking_uri: str, endpoint: str, body: dict[str, Any] | None = None, timeout: float = 3
) -> dict[str, Any] | None:
    """The answer; None where there is none, or not MLflow's."""
    if not tracking_uri.startswith(("http://", "https://")):
        return None
    url = f"{tracking_uri.rstrip('/')}/api/2.0/mlflow/{endpoint}"
    data = None if body is None else json.dumps(body).encode()
    try:
        # The scheme is checked above.
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=timeout) as reply:  # noqa: S310
            answer = json.load(reply)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return answer if isinstance(answer, dict) else None
