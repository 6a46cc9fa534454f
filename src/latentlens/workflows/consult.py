"""Open the registered model for a question, on the command line or in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from latentlens.explain.explanation import Explanation, explain
from latentlens.recommenders.fitted import FittedModel
from latentlens.tracking.registry import Registry, Version, fail_fast
from latentlens.tracking.server import tracking_server


class Opened(NamedTuple):
    """A model and the registered version it is."""

    model: FittedModel
    version: Version

    def explain(self, user_id: int | str, movie_id: int | str, n_reasons: int = 5) -> Explanation:
        """Tell why this user is given this score for this movie; see `explain.Explainer`."""
        return explain(self.model, user_id, movie_id, n_reasons)


@contextmanager
def registry(tracking_uri: str | None, store: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[Registry]:
    """Reach the registered models of a running server, or of one started over `store` for the while.

    `say` is given a line if the server is another than people may expect.
    """
    fail_fast()
    with tracking_server(store, tracking_uri, say) as uri:
        yield Registry(uri)


def open_model(
    tracking_uri: str | None = None, store: Path = Path("mlruns"), say: Callable[[str], None] = lambda _: None
) -> Opened:
    """Open the version that the API would serve, from the copies in `store` or downloaded into them."""
    with registry(tracking_uri, store, say) as reached:
        version = reached.current()
        return Opened(reached.fetch(version, store / "cache"), version)
