"""MovieLens by name: fetched from GroupLens once, checked, kept in a cache folder."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pooch
import requests

from latentlens.errors import DataError
from latentlens.ratings.readers.cache import CACHE_VARIABLE, cache_folder

MIRROR_VARIABLE = "LATENTLENS_MOVIELENS_URL"
GROUPLENS = "https://files.grouplens.org/datasets/movielens"
# Bytes. The largest zip, ml-25m's, has 0.26 GB.
LARGEST_ZIP = 1 << 30
_CHUNK = 1 << 16
_LARGEST_MD5_FILE = _CHUNK
_PATIENCE = 30.0  # seconds without a byte


class _Published(NamedTuple):
    """What GroupLens publishes with a data set: the MD5 of its zip, and its terms of use."""

    md5: str | None
    terms: str


# As in the .md5 file beside each zip. Only ml-latest-small changes from time to time, so its .md5 is fetched with it.
NAMED = {
    "ml-latest-small": _Published(None, "ml-latest-small-README.html"),
    "ml-100k": _Published("0e33842e24a9c977be4e0107933c0723", "ml-100k-README.txt"),
    "ml-1m": _Published("c4d9eecfca2ab87c1945afe126590906", "ml-1m-README.txt"),
    "ml-10m": _Published("ce571fd55effeba0271552578f2648bd", "ml-10m-README.html"),
    "ml-20m": _Published("cd245b17a1ae2cc31bb14903e1204af3", "ml-20m-README.html"),
    "ml-25m": _Published("6b51fb2759a8657d3bfcbfc42b592ada", "ml-25m-README.html"),
    "ml-32m": _Published("d472be332d4daa821edc399621853b57", "ml-32m-README.html"),
}


class DownloadReport(NamedTuple):
    """How far a download has come: the first report, with n_bytes 0, says that one begins. n_total 0: not known."""

    name: str
    url: str
    terms: str
    n_bytes: int
    n_total: int


OnDownload = Callable[[DownloadReport], None]


class _Progress:
    """What pooch tells of a download, in its protocol of progress bars; it ends one that grows beyond `largest`."""

    def __init__(self, report: DownloadReport, largest: int, on_download: OnDownload | None) -> None:
        self._report = report
        self._largest = largest
        self._on_download = on_download
        self._n_written = 0

    @property
    def total(self) -> int:
        return self._report.n_total

    @total.setter
    def total(self, n_bytes: int) -> None:
        self._tell(self._report._replace(n_total=n_bytes))

    def update(self, n_bytes: int) -> None:
        self._n_written += n_bytes
        if max(self._n_written, self.total) > self._largest:
            raise DataError(f"{self._report.url} sends more than {self._largest:,} bytes: that is no such file.")
        if n_bytes:
            # pooch counts in whole chunks.
            self._tell(self._report._replace(n_bytes=min(self._n_written, self.total or self._n_written)))

    def reset(self) -> None:
        self._n_written = 0

    def close(self) -> None:
        """Nothing to close."""

    def _tell(self, report: DownloadReport) -> None:
        self._report = report
        if self._on_download:
            self._on_download(report)


def fetch(name: str, on_download: OnDownload | None = None) -> Path:
    """Return the zip of a data set, from the cache if it is there whole, otherwise from GroupLens.

    The cache is the folder in LATENTLENS_DATA, else the operating system's for this user; LATENTLENS_MOVIELENS_URL
    names a mirror. A download takes the zip's name only once its MD5 is right.

    Raises DataError if no set has this name, and if it cannot be fetched, is not what was published, or cannot be kept.
    """
    if name not in NAMED:
        raise DataError(f"There is no data set {name!r} to fetch: the names are {', '.join(NAMED)}.")
    folder = cache_folder()
    url = f"{(os.environ.get(MIRROR_VARIABLE) or GROUPLENS).rstrip('/')}/{name}.zip"
    start = DownloadReport(name, url, f"{GROUPLENS}/{NAMED[name].terms}", 0, 0)
    try:
        md5 = NAMED[name].md5 or _md5_beside(url, folder)
        return _retrieve(url, folder, f"md5:{md5}", _Progress(start, LARGEST_ZIP, on_download))
    except requests.RequestException as problem:
        asked = url if problem.request is None else str(problem.request.url)
        raise _not_fetched(name, asked, _reason(problem)) from problem
    except OSError as problem:
        # pooch rewords one that it meets at the folder itself.
        reason = problem.strerror or os.strerror(errno.EACCES)
        raise DataError(
            f"{name}.zip cannot be kept in {folder} ({reason}): make room, or name another folder in {CACHE_VARIABLE}."
        ) from problem
    except ValueError as problem:
        # What is in the cache has another MD5, too.
        (folder / f"{name}.zip").unlink(missing_ok=True)
        raise _not_fetched(name, url, "its MD5 is not the published one") from problem


def _retrieve(url: str, folder: Path, known_hash: str | None, progress: _Progress) -> Path:
    # What pooch has to say is said by the reports and the errors.
    pooch.get_logger().setLevel(logging.CRITICAL)
    with ExitStack() as stack:

        def close_in_the_end(response: requests.Response, **_: object) -> None:
            stack.callback(response.close)

        downloader = pooch.HTTPDownloader(
            progressbar=progress,
            chunk_size=_CHUNK,
            timeout=_PATIENCE,
            headers={"Accept-Encoding": "identity"},
            # pooch leaves the connection of a download that fails to the garbage collector.
            hooks={"response": close_in_the_end},
        )
        name = url.rpartition("/")[-1]
        return Path(pooch.retrieve(url, known_hash, fname=name, path=folder, downloader=downloader))


def _md5_beside(url: str, folder: Path) -> str:
    """The MD5 that is published beside a zip; that of a zip in the cache was kept with it."""
    address = f"{url}.md5"
    name = address.rpartition("/")[-1]
    if not (folder / name).with_suffix("").exists():
        (folder / name).unlink(missing_ok=True)
    start = DownloadReport(name, address, "", 0, 0)
    text = _retrieve(address, folder, None, _Progress(start, _LARGEST_MD5_FILE, None)).read_text(errors="replace")
    found = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if not found:
        (folder / name).unlink()
        raise _not_fetched(name, address, "it holds no MD5")
    return found[0]


def _not_fetched(name: str, url: str, reason: str) -> DataError:
    return DataError(
        f"{name} cannot be fetched from {url} ({reason}): download the zip by hand and give its path,"
        f" or name a mirror in {MIRROR_VARIABLE}."
    )


def _reason(problem: requests.RequestException) -> str:
    if problem.response is not None:
        return f"it answers {problem.response.status_code}"
    if isinstance(problem, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(problem, requests.Timeout):
        return f"no answer in {_PATIENCE:g} s"
    if isinstance(problem, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(problem, requests.ConnectionError):
        return "no connection"
    return str(problem)
