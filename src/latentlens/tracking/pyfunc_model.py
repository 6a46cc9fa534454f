"""The MLflow model. Saved as text, behind `ids.py` and `portable.py`, so that it needs no installed LatentLens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel
from numpy.typing import NDArray

from latentlens.recommenders.portable import load_factors


class RatingModel(PythonModel):
    """Predicts the rating of each row's (userId, movieId)."""

    def load_context(self, context: Any) -> None:
        """Open the factors; each part is checked against its manifest."""
        self.factors = load_factors(Path(context.artifacts["latentlens"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> NDArray[np.float64]:
        """Predicted ratings (n,) of a frame with the columns userId and movieId."""
        users, movies = (
            np.asarray(model_input[column].tolist(), dtype=np.str_ if ids.is_text else np.int64)
            for column, ids in (("userId", self.factors.user_ids), ("movieId", self.factors.item_ids))
        )
        return self.factors.predict(users, movies)


set_model(RatingModel())
