"""The folder that MLflow stores and loads: LatentLens' parts, a self-contained model file, the signature."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, Schema

import latentlens
from latentlens.ratings.ids import IdMap
from latentlens.recommenders import artifact
from latentlens.recommenders.fitted import FittedModel
from latentlens.tracking.names import PARTS

_INLINED = ("ratings/ids.py", "recommenders/portable.py", "tracking/pyfunc_model.py")
_EXAMPLE_ROWS = 5


def write(model: FittedModel, folder: Path) -> None:
    """Write `model` to `folder`, which must not exist, as an MLflow model ("models from code", no pickle)."""
    with tempfile.TemporaryDirectory() as scratch:
        parts, code = Path(scratch) / PARTS, Path(scratch) / "model.py"
        artifact.write(model, parts)
        code.write_text(_source(), encoding="utf-8")
        mlflow.pyfunc.save_model(
            path=folder,
            python_model=code,
            artifacts={PARTS: str(parts)},
            signature=signature(model),
            input_example=_example(model),
            pip_requirements=[f"mlflow=={version('mlflow')}", f"numpy=={version('numpy')}"],
        )


def signature(model: FittedModel) -> ModelSignature:
    """userId, movieId -> double; `long` for whole-number ids (it accepts int64 and int32), `string` for text."""

    def column(ids: IdMap, name: str) -> Any:
        return ColSpec("string" if ids.is_text else "long", name)

    inputs = [column(model.factors.user_ids, "userId"), column(model.factors.item_ids, "movieId")]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema([ColSpec("double")]))


def _example(model: FittedModel) -> pd.DataFrame:
    """Pairs that the history holds."""
    history, factors = model.history, model.factors
    items = history.items[:_EXAMPLE_ROWS]
    users = np.searchsorted(history.indptr, np.arange(len(items)), side="right") - 1
    return pd.DataFrame({"userId": factors.user_ids.values[users], "movieId": factors.item_ids.values[items]})


def _source() -> str:
    """Join the inlined files into one module: imports of each other are dropped, everything else is kept."""
    root = Path(latentlens.__file__).parent
    lines = [line for name in _INLINED for line in (root / name).read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if not line.startswith(("from __future__", "from latentlens"))]
    return "\n".join(["from __future__ import annotations", "", *kept, ""])
