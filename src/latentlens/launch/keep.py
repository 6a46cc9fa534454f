"""Keep servers running: say when one dies, start it again, give up on one that keeps dying."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from latentlens.errors import LaunchError
from latentlens.processes import Child

_WATCH_SECONDS = 0.2
# A server that crashes now and then is worth starting again; one that cannot live needs a person.
_RESTARTS = 3
_MEMORY_SECONDS = 600.0


class Server(NamedTuple):
    """A process that is ready for requests once `is_ready()` holds, which takes at most `patience` seconds."""

    child: Child
    is_ready: Callable[[], bool]
    patience: float


def keep_running(servers: Sequence[Server], say: Callable[[str], None], *, pause: float = 1.0) -> None:
    """Start again whichever server dies, after `pause` seconds, then twice and four times that.

    Raises LaunchError once one has died four times in ten minutes, or does not become ready.
    """
    deaths: dict[str, list[float]] = {server.child.name: [] for server in servers}
    while True:
        for server in servers:
            if server.child.exit_code is not None:
                _revive(server, deaths[server.child.name], say, pause)
        time.sleep(_WATCH_SECONDS)


def _revive(server: Server, deaths: list[float], say: Callable[[str], None], pause: float) -> None:
    child, now = server.child, time.monotonic()
    deaths[:] = [*(death for death in deaths if now - death < _MEMORY_SECONDS), now]
    if len(deaths) > _RESTARTS:
        raise LaunchError(f"{child.name} died again after {_RESTARTS} restarts: it {child.how_it_ended}.")
    say(f"{child.name} {child.how_it_ended}; starting it again ({len(deaths)} of {_RESTARTS}) ...")
    time.sleep(pause * 2 ** (len(deaths) - 1))
    child.restart()
    try:
        child.wait_until(server.is_ready, server.patience)
    except LaunchError:
        if child.exit_code is None:
            raise
        return  # it died once more, which counts
    say(f"{child.name} answers again.")
