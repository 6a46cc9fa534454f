"""The process and the model it serves."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version as installed_version

import numpy as np
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from latentlens.evaluation.findings import findings_of
from latentlens.serving.dependencies import Current, ServedModel, Told
from latentlens.serving.problems import documented
from latentlens.serving.schemas import DataReply, FindingReply, ModelReply, ReadyReply, StatusReply, WelcomeReply

router = APIRouter(tags=["status"])


@router.get("/")
async def welcome() -> WelcomeReply:
    """Say where to go from here."""
    return WelcomeReply(version=installed_version("latentlens"))


@router.get("/health")
async def health() -> StatusReply:
    """Answer 200 as long as the process lives, with or without a model."""
    return StatusReply()


@router.get("/ready", responses=documented(503))
async def ready(served: ServedModel, current: Current) -> ReadyReply:
    """Answer 200 once a model is served, also while MLflow is away; until then 503 with the reason."""
    return ReadyReply(model_version=served.version.number, registry_unreachable_since=current.unreachable_since)


@router.get("/model", responses=documented(503))
async def model(served: ServedModel, current: Current) -> ModelReply:
    """Tell which model is served, how it was made and how good it is."""
    fitted, version = served.model, served.version
    factors = fitted.factors
    return ModelReply(
        model_version=version.number,
        run_id=version.run_id,
        recommender=fitted.recommender,
        ranks_by=fitted.ranks_by,
        params=dict(fitted.params),
        metrics=dict(served.metrics),
        findings=[FindingReply(**asdict(one), see=one.see) for one in findings_of(fitted)],
        data=DataReply(name=served.run_params.get("data_name"), sha256=served.run_params.get("data_sha256")),
        is_champion=version.is_champion,
        hides_newer_version=version.newest if version.hides_newer else None,
        problem=current.problem,
        served_since=served.since,
        n_users=int(np.count_nonzero(factors.user_counts)),
        n_movies=int(np.count_nonzero(factors.item_counts)),
        n_factors=factors.item_factors.shape[1],
        n_ratings=int(factors.item_counts.sum()),
        scale=factors.scale,
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(told: Told) -> Response:
    """Tell Prometheus about requests and the served model."""
    return Response(told.exposition(), media_type=CONTENT_TYPE_LATEST)
