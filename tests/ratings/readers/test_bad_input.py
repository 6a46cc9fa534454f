"""Bad input: each row of the table in docs/data.md, and garbage."""

from __future__ import annotations

import os
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import polars as pl
import pytest

from latentlens.errors import DataError
from latentlens.ratings.readers import places, read
from latentlens.ratings.readers.format import Format
from latentlens.ratings.table import Note, Ratings

HEADER = "userId,movieId,rating,timestamp\n"
DUPLICATES = "dropped: (user, movie) rated again later, the latest kept"


def read_text(tmp_path: Path, text: str | bytes, name: str = "ratings.csv", form: Format | None = None) -> Ratings:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(str(file), form)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (HEADER + "1,7,4,9\n1,8,good,9\n", "line 3, column rating: 'good' is not a number; correct the file."),
        (HEADER + "1,7,4,9\n1,8,NaN,9\n", "line 3, column rating: nan is not a finite number; correct the file."),
        (HEADER + "1,7,-inf,9\n", "line 2, column rating: -inf is not a finite number; correct the file."),
        (
            HEADER + "1,7,4,9\n1,8,7,9\n1,9,9,9\n",
            "line 3, column rating: 7.0 is not on the scale of 0.5 to 5 (2 such rows);"
            " correct the file, or say what the scale is with --rating-scale.",
        ),
        (HEADER + "1,7,,9\n", "line 2, column rating has no value; correct the file."),
        (
            "user,movieId,rating\n1,7,4\n",
            "line 1: no column userId among user, movieId, rating; say what it is called with --user-col.",
        ),
        (
            "userId,movieId,rating,rating\n1,7,4,5\n",
            "line 1 names two columns rating: rename one.",
        ),
        ("1,7,4,9\n", "line 1 holds values: put a header such as userId,movieId,rating,timestamp above it."),
        (
            "userId;movieId;rating\n1;7;4\n",
            "line 1: ';' seems to separate its fields; put commas or tabs in its place.",
        ),
        ("userId|movieId|rating\n", "line 1: '|' seems to separate its fields; put commas or tabs in its place."),
        ("userId movieId rating\n", "line 1: ' ' seems to separate its fields; put commas or tabs in its place."),
        (HEADER + "1,7,4,9\n1,8", "ends in the middle of line 3: fetch the whole file."),
        (HEADER + '1,7,4,9\n1,"8,4,9\n', "cannot be cut into fields: look for a quote that is not closed."),
        (HEADER + '1,7,4,9\n"', "ends with a quote that is not closed: fetch the whole file."),
        ('userId,"movieId,rating\n', "line 1: a quote is not closed; correct the file."),
        (HEADER + "1,7,4,9\n1,7,3,5,9\n", "line 3 has more than 4 fields: correct the file."),
        (
            HEADER + "1,7,4,-9\n",
            "line 2, column timestamp: -9 is before 1970; correct the file, or go without: --timestamp-col ''.",
        ),
        (
            HEADER + "1,7,4,soon\n",
            "line 2, column timestamp: 'soon' is not a whole number of seconds, nor a date like the others;"
            " correct the file, or go without: --timestamp-col ''.",
        ),
        (HEADER + f"{'x' * 300},7,4,9\n", "column userId: 'xxxx"),
        (HEADER + "a\0,7,4,9\n", r"line 2, column userId: 'a\x00' is not an id; correct the file."),
        (HEADER + 'ann,7,4,9\n"",7,4,9\n', "line 3, column userId: '' is not an id; correct the file."),
        (b"", "is empty: give the whole file."),
        (HEADER, "holds no rating: give a file that has some."),
        ((HEADER + "1,7,4,9\n").encode("utf-16"), "line 1 is not UTF-8 text: convert the file."),
        (HEADER.encode() + b"\xe9,7,4,9\n", "line 2 is not UTF-8 text: convert the file."),
        (b"\x1f\x8b\x08rest", "is compressed: unpack it first."),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_text(tmp_path, content)
    assert str(caught.value).startswith("ratings.csv")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_line_is_right_after_quoted_line_breaks(tmp_path: Path) -> None:
    table = 'comment,userId,movieId,rating\n"two\nlines",1,7,4\n\nfine,1,8,x\n'
    with pytest.raises(DataError, match="line 5, column rating: 'x'"):
        read_text(tmp_path, table)


def test_a_value_of_any_length_makes_a_short_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_text(tmp_path, HEADER + "1,7," + "9x" * 10_000 + ",9\n")
    assert len(str(caught.value)) < 250
    with pytest.raises(DataError) as caught:
        read_text(tmp_path, ",".join(f"column{j}" for j in range(5000)) + "\n1,2,3\n")
    assert len(str(caught.value)) < 300


def test_of_repeated_pairs_the_latest_is_kept_and_the_others_counted(tmp_path: Path) -> None:
    ratings = read_text(tmp_path, HEADER + "1,7,4,90\n1,7,5,80\n2,7,1,5\n1,7,3,70\n")
    assert ratings.rating.tolist() == [4.0, 1.0]
    assert ratings.origin.notes == (Note("read", 4), Note(DUPLICATES, 2))


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_data(tmp_path: Path) -> None:
    for name, text in (
        ("a.csv", "userId,movieId,rating\n1,7,4.5\n"),
        ("a.tsv", "userId\tmovieId\trating\n1\t7\t4.5\n"),
        ("a.dat", "1::7::4.5\n"),
        ("u.data", "1\t7\t4.5\n"),
    ):
        ratings = read_text(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), name)
        assert (ratings.user_ids.values.tolist(), ratings.rating.tolist()) == ([1], [4.5])


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_last_line_needs_no_line_end_if_it_is_whole(tmp_path: Path, end: str) -> None:
    assert len(read_text(tmp_path, HEADER + "1,7,4,9\n1,8,4,9" + end)) == 2


def test_blank_lines_are_dropped_and_counted(tmp_path: Path) -> None:
    ratings = read_text(tmp_path, HEADER + "1,7,4,9\n\n,,,\n1,8,4,9\n")
    assert ratings.origin.notes == (Note("dropped: lines without a value", 2), Note("read", 2))


def test_ids_of_which_some_are_text_are_all_text_and_that_is_noted(tmp_path: Path) -> None:
    ratings = read_text(tmp_path, HEADER + "1,7,4,9\nann,7,4,9\nbob,8,4,9\n")
    assert ratings.user_ids.values.tolist() == ["1", "ann", "bob"]
    assert ratings.item_ids.values.tolist() == [7, 8]
    note = Note("user ids are text, as some are no whole number of 64 bits: 'ann' in line 3", 2)
    assert ratings.origin.notes == (note, Note("read", 3))


def test_ids_beyond_64_bits_are_text_and_stay_apart(tmp_path: Path) -> None:
    ratings = read_text(tmp_path, HEADER + f"1,{2**63},4,9\n1,{2**63 + 1},4,9\n1,{2**63 - 1},4,9\n")
    assert ratings.item_ids.values.tolist() == [str(2**63 - 1), str(2**63), str(2**63 + 1)]
    note = Note(f"movie ids are text, as some are no whole number of 64 bits: '{2**63}' in line 2", 2)
    assert note in ratings.origin.notes


def test_an_id_of_the_catalogue_that_makes_text_of_all_is_noted(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n7,Heat,\ntt8,Alien,\n")
    ratings = read_text(tmp_path, HEADER + "1,7,4,9\n")
    assert ratings.item_ids.values.tolist() == ["7", "tt8"]
    assert Note("movie ids are text, as some of the catalogue are no whole number: 'tt8'", 1) in ratings.origin.notes


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("movieId,name\n7,Heat\n", "movies.csv, line 1 lacks the column title among movieId, name: add it."),
        ("movieId,title,year\n7,Heat,MCMXCV\n", "movies.csv, line 2: 'MCMXCV' is not a year; correct the file."),
        ("movieId,title,year\n7,Heat,99999\n", "movies.csv, line 2: '99999' is not a year; correct the file."),
        ("movieId,title\n7,Heat,1995\n", "movies.csv, line 2 has 3 fields instead of 2: correct it."),
        ("movieId,title\n,Heat\n", "movies.csv, line 2: '' is not a movie id; correct the file."),
        (f"movieId,title\n{'x' * 300},Heat\n", "is not a movie id; correct the file."),
        ("", "movies.csv is empty: give the whole file, or remove it to go without."),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_said_with_its_line(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "movies.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        read_text(tmp_path, HEADER + "1,7,4,9\n")
    assert sentence in str(caught.value)


def test_a_catalogue_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"titles\.csv cannot be read \(No such file or directory\)"):
        read_text(tmp_path, HEADER + "1,7,4,9\n", form=Format(catalogue=tmp_path / "titles.csv"))


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.csv", content)
    return path


def test_a_zip_without_ratings_says_what_it_holds(tmp_path: Path) -> None:
    source = zipped(tmp_path / "set.zip", letters=b"", photos=b"", tags=b"", more=b"")
    with pytest.raises(DataError, match=r"set\.zip holds no ratings\.csv.*it holds letters\.csv, more\.csv, photos"):
        read(str(source))


def test_a_folder_of_other_things_says_what_it_holds(tmp_path: Path) -> None:
    for name in ("cat.jpg", "dog.jpg", "eel.jpg", "fox.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"holds no ratings\.csv.*cat\.jpg, dog\.jpg, eel\.jpg and 1 more"):
        read(str(tmp_path))


def test_a_zip_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    source = zipped(tmp_path / "bomb.zip", ratings=b"1" * (80 << 20))
    with pytest.raises(DataError, match=r"ratings\.csv in bomb\.zip would unpack from .* to 83,886,080 bytes"):
        read(str(source))


def test_a_zip_of_more_than_may_be_unpacked_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "HARMLESS_MEMBER", 10)
    monkeypatch.setattr(places, "LARGEST_MEMBER", 20)
    with pytest.raises(DataError, match="as a zip bomb does"):
        read(str(zipped(tmp_path / "large.zip", ratings=(HEADER + "1,7,4,9\n").encode())))


def test_a_zip_bomb_that_declares_little_takes_no_more_memory_than_it_declares(tmp_path: Path) -> None:
    source = zipped(tmp_path / "liar.zip", ratings=b"1" * (80 << 20))
    whole = bytearray(source.read_bytes())
    for magic, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = whole.index(magic) + offset
        whole[at : at + 4] = struct.pack("<I", 1000)
    source.write_bytes(whole)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"liar\.zip is not a whole zip"):
            read(str(source))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_a_way_that_cannot_be_unpacked_in_pieces_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", method) as archive:
        archive.writestr("ratings.csv", HEADER + "1,7,4,9\n")
    with pytest.raises(DataError, match=r"ratings\.csv in set\.zip is packed in an unusual way: unpack it yourself"):
        read(str(tmp_path / "set.zip"))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    source = zipped(tmp_path / "secret.zip", ratings=HEADER.encode())
    whole = bytearray(source.read_bytes())
    for magic, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        whole[whole.index(magic) + offset] |= 1
    source.write_bytes(whole)
    with pytest.raises(DataError, match=r"secret\.zip is not a whole zip \(.*encrypted.*\): .* unpack it yourself"):
        read(str(source))


def test_what_is_neither_a_file_nor_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="pipe is neither a file nor a folder"):
        read(str(tmp_path / "pipe"))


@pytest.mark.parametrize("source", ["x" * 5000, "a\0b"])
def test_a_path_that_cannot_be_is_refused(source: str) -> None:
    with pytest.raises(DataError):
        read(source)


def test_a_file_or_folder_that_may_not_be_read_is_said(tmp_path: Path, unprivileged: None) -> None:
    # Owned by root; whoever reads now is not.
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\): check the path and who may read it"):
        read(str(tmp_path / "ratings.csv"))


def test_a_file_that_its_owner_may_not_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_text(HEADER + "1,7,4,9\n")
    file.chmod(stat.S_IWUSR)
    if os.geteuid() == 0:
        pytest.skip("root reads everything; the test above is for root")
    with pytest.raises(DataError, match=r"ratings\.csv cannot be read \(Permission denied\)"):
        read(str(file))


def test_a_parquet_file_cut_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.parquet"
    pl.DataFrame({"userId": [1], "movieId": [2], "rating": [3]}).write_parquet(file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"r\.parquet is not a whole Parquet file"):
        read(str(file))
