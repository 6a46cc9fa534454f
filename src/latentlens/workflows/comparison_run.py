"""A comparison in MLflow: one run, and a run below it for each model; nothing is registered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from latentlens.evaluation.findings import Finding
from latentlens.ratings.splits import Split
from latentlens.tracking.experiment import Experiment
from latentlens.tracking.runs import record_comparison
from latentlens.tracking.server import tracking_server
from latentlens.workflows.comparison import Compared, Comparison
from latentlens.workflows.comparison_page import page
from latentlens.workflows.train import STORE


def recorded(
    found: Comparison,
    split: Split,
    *,
    tracking_uri: str | None = None,
    store: Path = STORE,
    say: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Record a comparison as a run with one below it for each model; the server is found as `train` finds it."""
    with tracking_server(store, tracking_uri, say) as uri:
        origin = split.train.origin
        common = {
            "data_name": origin.name,
            "data_sha256": origin.sha256,
            "split": found.rule,
            "k": found.k,
            "liked": found.liked,
            "negatives": found.negatives,
        }
        children = [
            Experiment(
                run_name=f"{model.name}-{origin.name}",
                model=None,
                origin=origin,
                params={"model_type": model.recommender, "preset": model.name, **model.params, **common},
                metrics=_metrics(found, model),
                card=f"One of the models of a comparison. {found.about}",
                findings=model.findings,
            )
            for model in found.models
        ]
        parent = Experiment(
            run_name=f"compare-{origin.name}",
            model=None,
            origin=origin,
            params={"models": ", ".join(model.name for model in found.models), "metric": found.metric, **common},
            metrics={"n_users_with_a_list": found.lists.n_users, "n_models": len(found.models)},
            card=f"{found.about}\n\n{found.in_markdown('recall', 'coverage', 'rmse', 'fit_seconds')}",
            documents={
                "comparison.html": page(found),
                "comparison.json": json.dumps(found.to_json(), ensure_ascii=False, indent=1),
            },
            pictures={"comparison.png": found.picture},
            findings=tuple(
                Finding(
                    one.code,
                    one.title,
                    " ".join(f"{', '.join(of)}: {seen}" for seen, of in one.seen.items()),
                    one.advice,
                )
                for one in found.findings
            ),
        )
        run_id = record_comparison(parent, children, uri)
        return replace(found, run_id=run_id, tracking_uri=uri)


def _metrics(found: Comparison, model: Compared) -> Mapping[str, Any]:
    """Under the names that `train` uses: MLflow takes no `@`. What nobody has is left out."""
    without_k = ("rmse", "mae", "fit_seconds", "list_seconds")
    metrics = {
        name if name in without_k else f"{name}_at_{found.k}": value
        for name, value in model.figures.items()
        if value == value
    }
    metrics[f"{found.metric}_at_{found.k}_low"], metrics[f"{found.metric}_at_{found.k}_high"] = model.interval
    metrics["rmse_low"], metrics["rmse_high"] = model.errors.interval
    if model.p_value is not None:
        metrics["p_value"] = model.p_value
    return metrics
