"""Find, download and verify a registered model; mlflow-skinny is enough."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests import RequestException

from latentlens.errors import ConfigError, ModelRefused, NoModel, TrackingError
from latentlens.evaluation.findings import findings_of
from latentlens.explain.axes import axes_of
from latentlens.recommenders import artifact
from latentlens.recommenders.fitted import FittedModel
from latentlens.tracking.names import CHAMPION, PARTS, PROMOTIONS, REGISTERED_MODEL

# MLflow takes 100,000 characters; this many are read in one go by a person.
_REMEMBERED = 50
_MISSING = "RESOURCE_DOES_NOT_EXIST"
_SCRATCH = "download-"
_ABANDONED_SECONDS = 3600
_NOTHING_YET = "No model is registered yet: run `latentlens train`."


class Version(NamedTuple):
    """A registered version. `newest` is the newest one's number: larger than `number` when a champion hides it.

    registered_at: seconds since 1970.
    """

    number: int
    run_id: str
    is_champion: bool
    newest: int
    registered_at: float = 0.0

    @property
    def hides_newer(self) -> bool:
        """Whether a newer version is registered but not served, because this one is the champion."""
        return self.newest > self.number


class Promotion(NamedTuple):
    """A choice of the served version: when (ISO 8601, UTC), and the champions before and after, None for the newest."""

    at: str
    before: int | None
    after: int | None


class Registry:
    """The registered models behind one MLflow server. Every method raises TrackingError if it cannot be reached."""

    def __init__(self, tracking_uri: str) -> None:
        self.tracking_uri = tracking_uri
        # What may be shown: an address can hold a password.
        self.address = _without_password(tracking_uri)
        with self._reaching():
            self._client = MlflowClient(tracking_uri)

    def current(self) -> Version:
        """The version to serve: the champion if that alias is set, else the newest. Raises NoModel if there is none."""
        with self._reaching():
            found = self._client.search_model_versions(
                f"name='{REGISTERED_MODEL}'", max_results=1, order_by=["version_number DESC"]
            )
            if not found:
                raise NoModel(_NOTHING_YET)
            aliases = self._client.get_registered_model(REGISTERED_MODEL).aliases
        newest = int(found[0].version)
        if CHAMPION not in aliases or int(aliases[CHAMPION]) == newest:
            return _version(found[0])._replace(is_champion=CHAMPION in aliases)
        return self.version(int(aliases[CHAMPION]))._replace(is_champion=True, newest=newest)

    def version(self, number: int) -> Version:
        """One version by its number. Raises NoModel if it does not exist."""
        with self._reaching(
            missing=f"Version {number} of {REGISTERED_MODEL} is not registered: see MLflow's Models page."
        ):
            found = self._client.get_model_version(REGISTERED_MODEL, str(number))
        return _version(found)

    def metrics(self, version: Version) -> dict[str, float]:
        """Metrics of the run that made a version."""
        with self._reaching():
            return dict(self._client.get_run(version.run_id).data.metrics)

    def params(self, version: Version) -> dict[str, str]:
        """Parameters of the run that made a version."""
        with self._reaching():
            return dict(self._client.get_run(version.run_id).data.params)

    def promote(self, number: int | None) -> None:
        """Make version `number` the champion; None takes the alias away, so that the newest version is served.

        Raises NoModel if there is no such version, ModelRefused if it is not whole.
        """
        with self._reaching(missing=_NOTHING_YET):
            aliases = self._client.get_registered_model(REGISTERED_MODEL).aliases
        before = int(aliases[CHAMPION]) if CHAMPION in aliases else None
        if number is not None:
            with tempfile.TemporaryDirectory() as scratch:
                self.fetch(self.version(number), Path(scratch))
        with self._reaching():
            if number is None:
                self._client.delete_registered_model_alias(REGISTERED_MODEL, CHAMPION)
            else:
                self._client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION, str(number))
            if number != before:
                self._remember(before, number)

    def undo(self) -> None:
        """Take the latest promotion back, which is a promotion itself: undone twice, it is in force again."""
        made = self.promotions()
        if not made:
            raise ConfigError("Nothing was promoted yet, so there is nothing to undo.")
        self.promote(made[0].before)

    def promotions(self) -> list[Promotion]:
        """What was chosen to be served, the latest first. Raises NoModel if nothing is registered."""
        with self._reaching(missing=_NOTHING_YET):
            tags = self._client.get_registered_model(REGISTERED_MODEL).tags
        try:
            return [Promotion(**promotion) for promotion in json.loads(tags.get(PROMOTIONS, "[]"))]
        except (ValueError, TypeError):  # somebody edited the tag
            return []

    def _remember(self, before: int | None, after: int | None) -> None:
        now = Promotion(datetime.now(UTC).isoformat(timespec="seconds"), before, after)
        kept = [promotion._asdict() for promotion in [now, *self.promotions()[: _REMEMBERED - 1]]]
        self._client.set_registered_model_tag(REGISTERED_MODEL, PROMOTIONS, json.dumps(kept))

    def fetch(self, version: Version, cache: Path) -> FittedModel:
        """Open a version, downloaded once into its own folder of `cache`.

        Raises ModelRefused if it is damaged, OSError if `cache` cannot hold it.
        """
        folder = _folder(version, cache)
        if folder.exists():
            # A damaged copy is this disk's fault, not the version's: it is fetched anew.
            with suppress(ModelRefused):
                return self.cached(version, cache)
            shutil.rmtree(folder, ignore_errors=True)
        self._download(version, folder)
        try:
            return self.cached(version, cache)
        except ModelRefused:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def cached(self, version: Version, cache: Path) -> FittedModel:
        """Open the copy in `cache`, without asking MLflow. Raises ModelRefused if it is damaged or missing."""
        try:
            model = artifact.read(_folder(version, cache))
            # What a higher layer added is its to check, and before any request meets it.
            axes_of(model)
            findings_of(model)
        except ValueError as problem:
            raise _refused(version, str(problem)) from problem
        return model

    def keep_only(self, versions: Collection[Version], cache: Path) -> None:
        """Remove every other downloaded version from `cache`, and what downloads left that were killed."""
        kept = {_folder(version, cache) for version in versions}
        for folder in set(cache.glob("v*-*")) - kept:
            shutil.rmtree(folder, ignore_errors=True)
        for scratch in cache.glob(f"{_SCRATCH}*"):
            # Another API may use the same cache: a download that still moves is left alone.
            with suppress(FileNotFoundError):
                if time.time() - scratch.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(scratch, ignore_errors=True)

    def _download(self, version: Version, folder: Path) -> None:
        """Download beside `folder`, then rename: a folder that exists is whole."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_SCRATCH) as scratch, self._reaching():
            uri = self._client.get_model_version_download_uri(REGISTERED_MODEL, str(version.number))
            source = {"artifact_uri": f"{uri}/artifacts/{PARTS}", "tracking_uri": self.tracking_uri}
            try:
                downloaded = mlflow.artifacts.download_artifacts(**source, dst_path=scratch)
            except MlflowException as problem:
                # MLflow keeps for itself what the disk said, so the disk is asked again.
                (Path(scratch) / "room").write_bytes(bytes(65_536))
                if _MISSING in f"{problem.error_code} {problem}":
                    why = f"its run has no folder {PARTS!r}, which `latentlens train` writes"
                    raise _refused(version, why) from problem
                raise
            Path(downloaded).replace(folder)

    @contextmanager
    def _reaching(self, missing: str | None = None) -> Iterator[None]:
        try:
            yield
        except (MlflowException, RequestException) as problem:
            if missing and getattr(problem, "error_code", None) == _MISSING:
                raise NoModel(missing) from problem
            said = in_a_line(problem).replace(self.tracking_uri, self.address)
            raise TrackingError(
                f"MLflow at {self.address} cannot be used; start it, or correct MLFLOW_TRACKING_URI: {said}."
            ) from problem


def _folder(version: Version, cache: Path) -> Path:
    return cache / f"v{version.number}-{version.run_id}"


def _version(found: Any) -> Version:
    number = int(found.version)
    return Version(number, found.run_id or "", False, number, found.creation_timestamp / 1000)


def _refused(version: Version, why: str) -> ModelRefused:
    return ModelRefused(f"Version {version.number} of {REGISTERED_MODEL} is refused: {why}.")


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}").geturl() if "@" in parts.netloc else uri


def fail_fast() -> None:
    """Let MLflow's client in this process give up within seconds, as a poll should; its defaults wait for minutes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")


def in_a_line(problem: Exception) -> str:
    """MLflow's reason, cut to what fits into a sentence of ours."""
    lines = str(problem).strip().splitlines() or ["no reason is given"]
    # MLflow announces what failed, and names the causes below.
    return (lines[-1] if lines[0].endswith(":") else lines[0])[:300].rstrip(".")
