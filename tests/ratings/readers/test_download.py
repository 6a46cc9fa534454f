"""MovieLens by name, from a real server on this machine that behaves and misbehaves."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from latentlens.errors import DataError
from latentlens.ratings.readers import download, read
from latentlens.ratings.readers.download import DownloadReport, fetch


def zip_of_ratings(n_ratings: int = 3) -> bytes:
    packed = io.BytesIO()
    rows = "".join(f"{user}::7::4::100\n" for user in range(n_ratings))
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ml/ratings.dat", rows)
        archive.writestr("ml/movies.dat", "7::Heat (1995)::Crime\n")
    return packed.getvalue()


WHOLE = zip_of_ratings(10_000)
MD5 = hashlib.md5(WHOLE).hexdigest()


class Mirror:
    """Serves `files`; of those in `broken` only so many bytes, then it waits for `go_on` and hangs up."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: dict[str, int] = {}
        self.asked: list[str] = []
        self.halfway = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.asked.append(self.path)
                content = mirror.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: mirror.broken.get(self.path)])
                self.wfile.flush()
                if self.path in mirror.broken:
                    mirror.halfway.set()
                    mirror.go_on.wait(30)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A mirror that the variables lead to, with two sets and an empty cache."""
    served = Mirror()
    served.files = {
        "/ml-1m.zip": WHOLE,
        "/ml-latest-small.zip": WHOLE,
        "/ml-latest-small.zip.md5": f"MD5 (ml-latest-small.zip) = {MD5.upper()}\n".encode(),
    }
    monkeypatch.setitem(download.NAMED, "ml-1m", download.NAMED["ml-1m"]._replace(md5=MD5))
    monkeypatch.setenv("LATENTLENS_MOVIELENS_URL", f"{served.url}/")
    monkeypatch.setenv("LATENTLENS_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.go_on.set()
    served.server.shutdown()
    served.server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_set_is_fetched_once_and_then_read_from_the_cache(mirror: Mirror, cache: Path) -> None:
    ratings = read("ml-1m")
    assert len(ratings) == 10_000
    assert ratings.origin.name == "ml-1m"
    assert ratings.catalogue.titles == ("Heat",)
    assert read("ml-1m").origin == ratings.origin
    assert mirror.asked == ["/ml-1m.zip"]
    assert files_in(cache) == ["ml-1m.zip"]


def test_a_set_that_changes_is_checked_against_the_md5_published_beside_it(mirror: Mirror, cache: Path) -> None:
    path = fetch("ml-latest-small")
    assert path == cache / "ml-latest-small.zip"
    assert path.read_bytes() == WHOLE
    assert fetch("ml-latest-small") == path
    assert mirror.asked == ["/ml-latest-small.zip.md5", "/ml-latest-small.zip"]


def test_a_set_that_has_changed_since_its_zip_was_removed_is_fetched_with_its_new_md5(
    mirror: Mirror, cache: Path
) -> None:
    fetch("ml-latest-small").unlink()
    newer = zip_of_ratings(5)
    mirror.files["/ml-latest-small.zip"] = newer
    mirror.files["/ml-latest-small.zip.md5"] = f"{hashlib.md5(newer).hexdigest()}  ml-latest-small.zip\n".encode()
    assert fetch("ml-latest-small").read_bytes() == newer


def test_reports_begin_with_the_terms_and_end_with_the_whole(mirror: Mirror) -> None:
    reports: list[DownloadReport] = []
    fetch("ml-1m", reports.append)
    sizes = [report.n_bytes for report in reports]
    assert (reports[0].name, reports[0].url) == ("ml-1m", f"{mirror.url}/ml-1m.zip")
    assert reports[0].terms == "https://files.grouplens.org/datasets/movielens/ml-1m-README.txt"
    assert sizes.count(0) == 1
    assert sizes == sorted(sizes)
    assert sizes[-1] == reports[-1].n_total == len(WHOLE)
    fetch("ml-1m", lambda _: pytest.fail("a cached set is not downloaded"))


def test_the_command_prints_where_it_is_and_the_terms_once(
    mirror: Mirror, cache: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = run("data", "fetch", "ml-1m")
    assert (code, out) == (0, f"{cache / 'ml-1m.zip'}\n")
    assert err.count("https://files.grouplens.org/datasets/movielens/ml-1m-README.txt") == 1
    assert err.count("\n") == 2
    code, out, err = run("data", "fetch", "ml-1m", "--json")
    assert (code, json.loads(out), err) == (0, {"name": "ml-1m", "path": str(cache / "ml-1m.zip")}, "")


def test_what_is_here_goes_before_what_would_have_to_be_fetched(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text("1::2::3\n")
    assert len(read("ml-1m")) == 1
    assert mirror.asked == []


def test_a_download_that_breaks_off_leaves_nothing_and_the_next_one_works(mirror: Mirror, cache: Path) -> None:
    mirror.broken["/ml-1m.zip"] = len(WHOLE) // 2
    with pytest.raises(DataError, match=r"ml-1m cannot be fetched from http://.*/ml-1m\.zip \(the connection broke"):
        read("ml-1m")
    assert files_in(cache) == []
    mirror.broken.clear()
    assert len(read("ml-1m")) == 10_000


def test_a_process_killed_in_the_middle_leaves_no_zip_and_the_next_fetch_works(mirror: Mirror, cache: Path) -> None:
    mirror.broken["/ml-latest-small.zip"] = len(WHOLE) // 2
    mirror.go_on.clear()
    program = "from latentlens.ratings.readers.download import fetch; fetch('ml-latest-small')"
    with subprocess.Popen([sys.executable, "-c", program]) as fetching:
        assert mirror.halfway.wait(30)
        fetching.kill()
    assert fetching.returncode == -signal.SIGKILL
    assert "ml-latest-small.zip" not in files_in(cache)
    mirror.broken.clear()
    mirror.go_on.set()
    assert fetch("ml-latest-small").read_bytes() == WHOLE


def test_a_wrong_checksum_is_refused_and_nothing_kept(mirror: Mirror, cache: Path) -> None:
    mirror.files["/ml-1m.zip"] = WHOLE[:-1] + b"?"
    with pytest.raises(DataError, match=r"\(its MD5 is not the published one\): download the zip by hand"):
        fetch("ml-1m")
    assert files_in(cache) == []


def test_a_cached_set_that_was_damaged_is_fetched_again(mirror: Mirror, cache: Path) -> None:
    path = fetch("ml-1m")
    path.write_bytes(b"rot")
    assert fetch("ml-1m").read_bytes() == WHOLE


def test_an_md5_file_without_an_md5_is_refused(mirror: Mirror, cache: Path) -> None:
    mirror.files["/ml-latest-small.zip.md5"] = b"<html>Moved</html>"
    with pytest.raises(DataError, match=r"ml-latest-small\.zip\.md5 \(it holds no MD5\)"):
        fetch("ml-latest-small")
    assert files_in(cache) == []


@pytest.mark.parametrize("missing", ["ml-latest-small.zip", "ml-latest-small.zip.md5"])
def test_a_missing_file_is_named(mirror: Mirror, missing: str) -> None:
    del mirror.files[f"/{missing}"]
    with pytest.raises(DataError) as caught:
        fetch("ml-latest-small")
    assert f"cannot be fetched from {mirror.url}/{missing} (it answers 404)" in str(caught.value)


def test_without_a_server_the_sentence_says_what_to_do(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 9 (discard) answers nobody.
    monkeypatch.setenv("LATENTLENS_MOVIELENS_URL", "http://127.0.0.1:9")
    with pytest.raises(DataError) as caught:
        read("ml-32m")
    assert str(caught.value) == (
        "ml-32m cannot be fetched from http://127.0.0.1:9/ml-32m.zip (no connection): download the zip by hand and"
        " give its path, or name a mirror in LATENTLENS_MOVIELENS_URL."
    )


def test_a_server_that_falls_silent_is_given_up(mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PATIENCE", 0.2)
    mirror.broken["/ml-1m.zip"] = 100
    mirror.go_on.clear()
    with pytest.raises(DataError, match="ml-1m cannot be fetched"):
        fetch("ml-1m")
    assert files_in(cache) == []


def test_an_address_that_is_none_is_refused(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLENS_MOVIELENS_URL", "my mirror")
    with pytest.raises(DataError, match=r"cannot be fetched from my mirror/ml-1m\.zip"):
        fetch("ml-1m")


def test_a_download_without_end_is_given_up(mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "LARGEST_ZIP", 1000)
    with pytest.raises(DataError, match="sends more than 1,000 bytes"):
        fetch("ml-1m")
    assert files_in(cache) == []


def test_a_cache_on_a_full_disk_is_said(mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a tiny file system cannot be mounted here")
    try:
        monkeypatch.setenv("LATENTLENS_DATA", str(full))
        with pytest.raises(DataError, match=r"ml-1m\.zip cannot be kept in .*/full \(No space left on device\)"):
            fetch("ml-1m")
        assert files_in(full) == []
    finally:
        subprocess.run(["umount", str(full)], check=True)


def test_a_cache_that_may_not_be_written_is_said(mirror: Mirror, cache: Path, unprivileged: None) -> None:
    with pytest.raises(DataError, match=r"ml-1m\.zip cannot be kept in .* \(Permission denied\)"):
        fetch("ml-1m")


def test_a_name_that_is_none_is_answered_with_those_that_are() -> None:
    with pytest.raises(DataError, match=r"no data set 'ml-5m' to fetch: the names are ml-latest-small, ml-100k"):
        fetch("ml-5m")
