"""Answers for machines, with the fields of the API's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentlens.explain.along_axes import Alike
    from latentlens.explain.explanation import Reason
    from latentlens.explain.steering import Moved
    from latentlens.recommenders.fitted import Recommendation


def alike(found: Sequence[Alike]) -> list[dict[str, Any]]:
    """Axes on which two movies are near the same end."""
    return [{"axis": one.axis.number, "end": one.end.label} for one in found]


def listed(
    rows: Sequence[Recommendation], reasons: Sequence[Sequence[Reason]], moved: Sequence[Moved]
) -> list[dict[str, Any]]:
    """Movies of a list, each with its reasons and with what steering did to it, if there are any of these."""
    from latentlens.explain import in_json

    answers: list[dict[str, Any]] = [asdict(row) for row in rows]
    for row, of_movie in zip(answers, reasons, strict=False):
        row["reasons"] = [in_json.because(one) for one in of_movie]
    for row, one in zip(answers, moved, strict=False):
        row["rank_before"] = one.rank_before
        row["moved"] = [{"axis": axis + 1, "stars": stars} for axis, stars in one.stars.items()]
    return answers
