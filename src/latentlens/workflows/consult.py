"""Open the registered model for a question on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from latentlens.recommenders.fitted import FittedModel
from latentlens.tracking.registry import Registry, Version, fail_fast
from latentlens.tracking.server import tracking_server


class Opened(NamedTuple):
    """A model and the registered version it is."""

    model: FittedModel
    version: Version


@contextmanager
def registry(tracking_uri: str | None, store: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[Registry]:
    """Reach the registered models of a running server, or of one started over `store` for the while.

    `say` is given a line if the server is another than people may expect.
    """
    fail_fast()
    with tracking_server(store, tracking_uri, say) as uri:
        yield Registry(uri)


def open_model(tracking_uri: str | None, store: Path, say: Callable[[str], None] = lambda _: None) -> Opened:
    """Open the version that the API would serve, from the copies in `store` or downloaded into them."""
    with registry(tracking_uri, store, say) as reached:
        version = reached.current()
        return Opened(reached.fetch(version, store / "cache"), version)
