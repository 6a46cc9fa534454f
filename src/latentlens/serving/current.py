"""Follows the registry: which model is served, and why there is none or not a newer one."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from latentlens.errors import LatentLensError, ModelRefused, NoModel, TrackingError
from latentlens.serving.last_good import LastGood
from latentlens.serving.metrics import Metrics
from latentlens.serving.served import Served
from latentlens.tracking.registry import Registry, Version

log = logging.getLogger(__name__)


class CurrentModel:
    """Holds the one served model. A thread asks the registry every `poll_seconds`, loads, then swaps the reference.

    A model, once served, stays until another one is loaded, whatever happens to MLflow; while MLflow is down at the
    start, the copy of what was served last is.
    """

    def __init__(self, registry: Registry, cache: Path, poll_seconds: float, metrics: Metrics) -> None:
        self._registry = registry
        self._cache = cache
        self._poll_seconds = poll_seconds
        self._metrics = metrics
        self._refused: dict[Version, str] = {}
        self._stopping = threading.Event()
        # A daemon: a download in progress must not hold up the end of the process.
        self._thread = threading.Thread(target=self._watch, name="follow-registry", daemon=True)
        self._served: Served | None = None
        self._problem: str | None = f"The API has just started and is asking MLflow at {registry.address}."
        self._unreachable_since: datetime | None = None

    @property
    def served(self) -> Served:
        """The model of this moment: take it once per request. Raises NoModel, with the reason, if there is none."""
        served = self._served
        if served is None:
            raise NoModel(self._problem or "The model is just being loaded: try again.")
        return served

    @property
    def version_number(self) -> int:
        """Number of the served version, 0 while there is none."""
        served = self._served
        return served.version.number if served else 0

    @property
    def age_seconds(self) -> float:
        """Seconds since the served version was registered, 0 while there is none."""
        served = self._served
        return datetime.now(UTC).timestamp() - served.version.registered_at if served else 0.0

    @property
    def problem(self) -> str | None:
        """What went wrong when the registry was last asked; None if the version it names is served."""
        return self._problem

    @property
    def unreachable_since(self) -> datetime | None:
        """When MLflow was first missed; None while it can be used."""
        return self._unreachable_since

    def start(self) -> None:
        """Begin to follow the registry."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. Returns at once, though a last answer may still arrive."""
        self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(self._poll_seconds)

    def _look(self) -> None:
        """Ask once. Whatever happens becomes a reason that people can read: the thread must live on."""
        problem, unreachable, unexpected = None, False, False
        try:
            self._follow(self._registry.current())
        except TrackingError as away:
            unreachable, problem = True, self._without_registry(str(away))
        except LatentLensError as expected:
            problem = str(expected)
        except OSError as full:
            problem = (
                f"The model cannot be stored in {self._cache} ({full.strerror or full}): make room or let the API"
                " write there, or name another folder in LATENTLENS_CACHE."
            )
        except Exception as surprise:
            problem, unexpected = f"The model cannot be loaded ({surprise!r}): the API's log has the cause.", True
        if unreachable:
            self._metrics.registry_failures.inc()
        self._unreachable_since = (self._unreachable_since or datetime.now(UTC)) if unreachable else None
        # Said once, not at every poll.
        if problem and problem != self._problem:
            log.warning(problem, exc_info=unexpected)
        self._problem = problem

    def _follow(self, version: Version) -> None:
        before = self._served
        if before and before.is_of(version):
            if version != before.version:  # the alias moved, or a newer version hides behind it
                self._serve(replace(before, version=version))
            return
        self._serve(self._load(version))
        self._metrics.swaps.inc()
        # The version before stays on disk: an undo is then as quick as the next poll.
        self._registry.keep_only([version, before.version] if before else [version], self._cache)

    def _serve(self, served: Served) -> None:
        self._served = served
        _announce(served.version)
        try:
            LastGood(self._registry.address, served.version, served.metrics, served.run_params).write(self._cache)
        except OSError as problem:
            log.warning("A start without MLflow will not find version %d: %s.", served.version.number, problem)

    def _load(self, version: Version) -> Served:
        # Whether it is the champion does not mend a damaged version.
        identity = version._replace(is_champion=False, newest=0)
        if identity in self._refused:
            raise ModelRefused(self._refused[identity])
        try:
            model = self._registry.fetch(version, self._cache)
        except ModelRefused as problem:
            self._refused[identity] = str(problem)
            self._metrics.refusals.inc()
            raise
        return Served.of(model, version, self._registry.metrics(version), self._registry.params(version))

    def _without_registry(self, problem: str) -> str:
        """Serve the last good copy if nothing is served yet. Returns the problem, and what is wrong with the copy."""
        if self._served is None:
            try:
                last = LastGood.read(self._cache, self._registry.address)
                if last:
                    model = self._registry.cached(last.version, self._cache)
                    self._served = Served.of(model, last.version, last.metrics, last.run_params)
                    log.warning("MLflow is away: version %d is served from its last good copy.", last.version.number)
            except ModelRefused as damaged:
                return f"{problem} The copy of what was served last is no help: {damaged}"
        return problem


def _announce(version: Version) -> None:
    log.info("Serving version %d%s.", version.number, " (the champion)" if version.is_champion else "")
    if version.hides_newer:
        log.warning(
            "Version %d is served because it is the champion; the newer version %d is not:"
            " `latentlens promote` chooses another.",
            version.number,
            version.newest,
        )
