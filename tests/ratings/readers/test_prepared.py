"""Prepared copies: the same bits as the reader's, made anew whenever the source or a copy is not what it was."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlens.errors import DataError
from latentlens.ratings.readers import data_set, prepared
from latentlens.ratings.readers.format import Format
from latentlens.ratings.readers.prepared import MOST_COPIES
from latentlens.ratings.table import Ratings

from .test_data_set import CSV, DAT, TAB, Files, as_file, as_folder, as_nested_zip, as_zip, folder_of
from .test_tags import NAMES, SCORES

TAGGED: Files = {**CSV, "tags.csv": b"userId,movieId,tag,timestamp\n1,10,slow,5\n2,2,War,6\n"}


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the copies are; every source is large enough."""
    monkeypatch.setenv("LATENTLENS_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(prepared, "SMALLEST_SOURCE", 0)
    return tmp_path / "cache" / "prepared"


class Reader:
    """The real reader, which counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, source: Path, form: Format) -> Ratings:
        self.times += 1
        return data_set.read(source, form)

    def prepared(self, source: Path, form: Format | None = None) -> Ratings:
        return prepared.prepared(source, form or Format(), self)


def parts_of(ratings: Ratings) -> dict[str, Any]:
    catalogue = ratings.catalogue
    arrays = {
        "user_ids": ratings.user_ids.values,
        "item_ids": ratings.item_ids.values,
        "user_index": ratings.user_index,
        "item_index": ratings.item_index,
        "rating": ratings.rating,
        "years": catalogue.years,
        "genres": catalogue.genres,
        **({} if ratings.timestamp is None else {"timestamp": ratings.timestamp}),
        **({} if ratings.tags is None else dict(zip("its", ratings.tags[1:], strict=True))),
    }
    bits = {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in arrays.items()}
    names = None if ratings.tags is None else ratings.tags.names
    return {**bits, **{"known": (ratings.scale, ratings.origin, catalogue.titles, catalogue.genre_names, names)}}


@pytest.mark.parametrize("files", [CSV, DAT, TAB, TAGGED])
@pytest.mark.parametrize("made", [as_folder, as_file, as_zip, as_nested_zip])
def test_the_first_and_every_later_reading_have_the_readers_bits(tmp_path: Path, files: Files, made: Any) -> None:
    source, reader = made(tmp_path, files), Reader()
    expected = parts_of(data_set.read(source, Format()))
    for _ in range(3):
        assert parts_of(reader.prepared(source)) == expected
    assert reader.times == 1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.text("aé7", min_size=1, max_size=3), st.integers(0, 3)), min_size=1, max_size=9))
def test_whatever_the_ratings_a_copy_has_their_bits(tmp_path_factory: Any, rows: list[tuple[str, int]]) -> None:
    lines = [f"{user},{movie},3.5,{number}" for number, (user, movie) in enumerate(rows)]
    text = "\n".join(["userId,movieId,rating,timestamp", *lines])
    folder = folder_of(tmp_path_factory.mktemp("set"), {"ratings.csv": text.encode()})
    reader = Reader()
    first, second = reader.prepared(folder), reader.prepared(folder)
    assert parts_of(first) == parts_of(second) == parts_of(data_set.read(folder, Format()))
    assert reader.times == 1


def test_a_copy_is_mapped_and_may_be_written_without_changing_it(tmp_path: Path) -> None:
    source, reader = as_folder(tmp_path, CSV), Reader()
    mapped = reader.prepared(source)
    mapped.rating[:] = 0
    assert reader.prepared(source).rating.tolist() == [4, 3, 5]
    assert reader.times == 1


def rewritten(folder: Path) -> None:
    (folder / "ratings.csv").write_bytes(b"userId,movieId,rating,timestamp\n1,10,1.0,100\n2,2,3.0,200\n1,2,5.0,300\n")


def with_the_old_times(folder: Path) -> None:
    before = (folder / "ratings.csv").stat()
    rewritten(folder)
    os.utime(folder / "ratings.csv", ns=(before.st_atime_ns, before.st_mtime_ns))


def other_titles(folder: Path) -> None:
    (folder / "movies.csv").write_bytes(b"movieId,title,genres\n2,Alien (1979),Horror\n")


def no_titles(folder: Path) -> None:
    (folder / "movies.csv").unlink()


def new_tags(folder: Path) -> None:
    (folder / "tags.csv").write_bytes(TAGGED["tags.csv"])


def new_genome(folder: Path) -> None:
    folder_of(folder, {"genome-scores.csv": SCORES.encode(), "genome-tags.csv": NAMES.encode()})


@pytest.mark.parametrize("change", [rewritten, with_the_old_times, other_titles, no_titles, new_tags, new_genome])
def test_a_source_that_changed_is_read_anew(tmp_path: Path, change: Any) -> None:
    folder, reader = as_folder(tmp_path, CSV), Reader()
    before = parts_of(reader.prepared(folder))
    change(folder)
    after = parts_of(reader.prepared(folder))
    assert reader.times == 2
    assert before != after == parts_of(data_set.read(folder, Format()))


def test_other_columns_another_scale_and_another_catalogue_are_other_copies(tmp_path: Path) -> None:
    folder, reader = as_folder(tmp_path, CSV), Reader()
    (tmp_path / "movies.csv").write_bytes(b"movieId,title\n2,Alien\n")
    other = Format(catalogue=tmp_path / "movies.csv")
    forms = [Format(), Format(rating_scale=(0, 10)), Format(timestamp_col=""), other]
    found = [parts_of(reader.prepared(folder, form)) for form in forms]
    assert reader.times == 4
    assert found == [parts_of(data_set.read(folder, form)) for form in forms]


def truncated(part: Path) -> None:
    part.write_bytes(part.read_bytes()[:-3])


def flipped(part: Path) -> None:
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)


def removed(part: Path) -> None:
    part.unlink()


@pytest.mark.parametrize("damage", [truncated, flipped, removed])
@pytest.mark.parametrize("part", ["item_index.npy", "manifest.json", "user_ids.npy"])
def test_a_damaged_copy_is_ignored_and_made_anew(tmp_path: Path, copies: Path, damage: Any, part: str) -> None:
    folder, reader = as_folder(tmp_path, CSV), Reader()
    expected = parts_of(reader.prepared(folder))
    (copy,) = copies.iterdir()
    damage(copy / part)
    assert parts_of(reader.prepared(folder)) == expected
    assert parts_of(reader.prepared(folder)) == expected
    assert reader.times == 2
    assert list(copies.iterdir()) == [copy]


@pytest.mark.parametrize(
    "document", ["[]", "null", "{", '{"format": 2}', *(f'{{"format": 1, "checksums": {c}}}' for c in (3, "{}"))]
)
def test_a_manifest_of_something_else_is_ignored(tmp_path: Path, copies: Path, document: str) -> None:
    folder, reader = as_folder(tmp_path, CSV), Reader()
    reader.prepared(folder)
    (copy,) = copies.iterdir()
    (copy / "manifest.json").write_text(document)
    assert parts_of(reader.prepared(folder)) == parts_of(data_set.read(folder, Format()))
    assert reader.times == 2


def test_only_the_newest_copies_are_kept(tmp_path: Path, copies: Path) -> None:
    reader = Reader()
    folders = [folder_of(tmp_path / str(number), CSV) for number in range(MOST_COPIES + 1)]
    for folder in folders:
        reader.prepared(folder)
    assert len(list(copies.iterdir())) == MOST_COPIES
    reader.prepared(folders[-1])
    assert reader.times == len(folders)
    reader.prepared(folders[0])
    assert reader.times == len(folders) + 1


def test_where_no_copy_can_be_kept_the_ratings_are_still_read(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file, where the folder should be")
    folder, reader = as_folder(tmp_path, CSV), Reader()
    for _ in range(2):
        assert parts_of(reader.prepared(folder)) == parts_of(data_set.read(folder, Format()))
    assert reader.times == 2


def test_a_cache_that_may_not_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch, unprivileged: None) -> None:
    # Not tmp_path: only its owner may look into that.
    with TemporaryDirectory() as place:
        folder = as_folder(Path(place), CSV)
        (Path(place) / "cache").mkdir(mode=0o555)
        monkeypatch.setenv("LATENTLENS_DATA", f"{place}/cache")
        assert parts_of(Reader().prepared(folder)) == parts_of(data_set.read(folder, Format()))
        assert list((Path(place) / "cache").iterdir()) == []


def test_a_small_source_gets_no_copy(tmp_path: Path, copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, reader = as_folder(tmp_path, CSV), Reader()
    size = sum((folder / name).stat().st_size for name in CSV)
    monkeypatch.setattr(prepared, "SMALLEST_SOURCE", size + 1)
    reader.prepared(folder)
    assert not copies.exists()
    monkeypatch.setattr(prepared, "SMALLEST_SOURCE", size)
    reader.prepared(folder)
    assert len(list(copies.iterdir())) == 1


def test_what_cannot_be_read_is_refused_and_leaves_no_copy(tmp_path: Path, copies: Path) -> None:
    folder = folder_of(tmp_path / "bad", {"ratings.csv": b"userId,movieId,rating\n1,2,x\n"})
    with pytest.raises(DataError, match="line 2, column rating"):
        Reader().prepared(folder)
    assert not copies.exists()


def test_ratings_of_a_copy_are_taken_and_split_as_others(tmp_path: Path) -> None:
    ratings = Reader().prepared(as_folder(tmp_path, CSV))
    taken = replace(ratings, timestamp=None).take(np.array([2, 0]), "two")
    assert taken.rating.tolist() == [5, 4]
