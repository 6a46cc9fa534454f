"""The model card: what a reader must know of a model before serving it, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from latentlens.evaluation.findings import Finding, in_markdown
from latentlens.explain.axes import Axes
from latentlens.explain.report import headline
from latentlens.ratings.table import Ratings
from latentlens.recommenders.fitted import FittedModel


def model_card(
    model: FittedModel,
    metrics: Mapping[str, float],
    axes: Axes | None,
    findings: Sequence[Finding],
    trainset: Ratings,
    testset: Ratings,
) -> str:
    """Describe a model, its data, its errors, its lists, its axes and its limits."""
    low, high = trainset.scale
    rows = "\n".join(f"| {note.what} | {note.rows:,} |" for note in trainset.origin.notes)
    params = "\n".join(f"| `{name}` | {value} |" for name, value in model.params.items())
    step = (
        "Users keep the vectors of training."
        if model.user_step_reg is None
        else "Each user's vector is the exact ridge solution over that user's own ratings."
    )
    return f"""# {model.recommender}

Predicts ratings from {low:g} to {high:g} stars. {step}

## How good, on {len(testset):,} ratings that the fit has not seen

| | RMSE | MAE |
|---|---|---|
| **this model** | **{metrics["rmse"]:.4f}** | **{metrics["mae"]:.4f}** |
| bias-only | {metrics["bias_rmse"]:.4f} | |
| popularity (each movie's damped mean) | {metrics["popularity_rmse"]:.4f} | |

A low RMSE says that ratings are predicted well, not that lists rank well.
{_lists(metrics)}
## Findings

{in_markdown(findings)}
{_meaning(axes)}{_reasons(metrics)}
## Data: {trainset.origin.name}

SHA-256 `{trainset.origin.sha256}`

| step | ratings |
|---|---|
{rows}

## Configuration

| parameter | value |
|---|---|
{params}

## Limits

- A user or movie without ratings is answered by the mean and the biases that are known; the answer says so.
- Movies that nobody rated are never recommended.
- The model folder holds people's ratings: keep it where such data may be kept.
"""


def _lists(metrics: Mapping[str, float]) -> str:
    if "ndcg_at_10" not in metrics:
        return ""
    return f"""
| lists of ten for {metrics["n_users_with_a_list"]:,} users | nDCG | recall | coverage |
|---|---|---|---|
| **this model** | **{metrics["ndcg_at_10"]:.4f}** | {metrics["recall_at_10"]:.4f} | {metrics["coverage_at_10"]:.1%} |
| popularity | {metrics["popularity_ndcg_at_10"]:.4f} | | |
"""


def _meaning(axes: Axes | None) -> str:
    if axes is None:
        return ""
    rows = "".join(
        f"| {axis.number} | {_cell(axis.name or 'unnamed')} | {axis.variance_share:.0%} | {axis.confidence} |\n"
        for axis in axes.stable
    )
    table = f"\n| axis | name | of taste | |\n|---|---|---|---|\n{rows}" if rows else ""
    return f"""
## What the axes mean

{headline(axes)}
{table}
A name says that the movies near one end have something in common more often than chance allows. It is a correlation,
not a reason, and fits many movies of that end, not every one. The run's `axes.html` has the evidence.
"""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _reasons(metrics: Mapping[str, float]) -> str:
    if "deletion_ratio" not in metrics:
        return ""
    return f"""
## Whether its reasons are the reasons

Taking away the five strongest reasons for a user's best movie moves its score {metrics["deletion_ratio"]:.1f} times as
much as taking away any five of that user's ratings.
"""
