"""The one model that a request sees, from its first line to its last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from latentlens.explain.axes import Axes, axes_of
from latentlens.recommenders.fitted import FittedModel
from latentlens.serving.listing import Listing
from latentlens.serving.search import MovieSearch
from latentlens.tracking.registry import Version


@dataclass(frozen=True, eq=False)
class Served:
    """A loaded version. `metrics` and `run_params` are those of the run that made it; `since` is when it was loaded."""

    model: FittedModel
    version: Version
    metrics: Mapping[str, float]
    run_params: Mapping[str, str]
    search: MovieSearch
    listing: Listing
    axes: Axes | None
    since: datetime

    @classmethod
    def of(
        cls, model: FittedModel, version: Version, metrics: Mapping[str, float], run_params: Mapping[str, str]
    ) -> Served:
        """Prepare a model for requests: what they share is computed now, not by the first of them."""
        model.prepare()
        return cls(
            model, version, metrics, run_params, MovieSearch(model), Listing(model), axes_of(model), datetime.now(UTC)
        )

    def is_of(self, version: Version) -> bool:
        """Whether this is that version's model; the run tells apart equal numbers of a store that was reset."""
        return (self.version.number, self.version.run_id) == (version.number, version.run_id)
