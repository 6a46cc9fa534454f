"""What is recorded of an experiment, and where it is found then; without MLflow, which takes 150 MB and a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from latentlens.evaluation.findings import Finding
from latentlens.ratings.table import Origin
from latentlens.recommenders.fitted import FittedModel


@dataclass(frozen=True)
class Experiment:
    """Everything that a run shows.

    curves: metric name -> value per epoch, the first being epoch 1. documents: file name -> text. pictures: file name
    -> matplotlib figure. `card` is the run's description, in Markdown. model: None where only figures are kept.
    """

    run_name: str
    model: FittedModel | None
    origin: Origin
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    card: str
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class Recorded(NamedTuple):
    """Where a run is found; `version` is None where it was only logged."""

    run_id: str
    version: int | None
