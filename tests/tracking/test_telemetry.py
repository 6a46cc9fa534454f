"""Nothing is told to anybody about what people do here, unless they say so."""

from __future__ import annotations

import os
import subprocess
import sys

ASKED = """
import latentlens.tracking.runs
from mlflow.telemetry.client import get_telemetry_client
from mlflow.telemetry.utils import is_telemetry_disabled
print(is_telemetry_disabled(), get_telemetry_client())
"""


# MLflow also keeps still where it takes itself to be tested: this process must not look so.
NOT_TESTED = {
    name: value
    for name, value in os.environ.items()
    if name in ("HOME", "PATH", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
}


def told(code: str, **chosen: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], env=NOT_TESTED | chosen, capture_output=True, text=True, check=True
    ).stdout


def test_mlflow_tells_nobody() -> None:
    assert told(ASKED) == "True None\n"


def test_people_may_choose_otherwise() -> None:
    code = "import os, latentlens.tracking; print(os.environ['MLFLOW_DISABLE_TELEMETRY'])"
    assert told(code, MLFLOW_DISABLE_TELEMETRY="false") == "false\n"
