"""Where the files of a data set are: in a folder, one folder down, or in a zip that is never unpacked."""

from __future__ import annotations

import hashlib
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from latentlens.errors import DataError

if TYPE_CHECKING:
    from _hashlib import HASH

# Both have name, is_file, iterdir and open: one code walks folders and zips.
Place = Path | zipfile.Path

# What ratings files are called in folders and zips.
FILE_NAMES = ("ratings.csv", "ratings.dat", "u.data", "ratings.tsv", "ratings.parquet")

# Of one member of a zip, unpacked. The largest of MovieLens, ml-32m's ratings, takes 0.9 GB; text of ratings
# shrinks to a fifth, and only a bomb to a hundredth. Below the third figure nothing can do harm.
LARGEST_MEMBER = 4 << 30
HIGHEST_RATIO = 100
HARMLESS_MEMBER = 64 << 20
_PIECE = 1 << 20

# What zipfile and its decompressors raise for damaged, encrypted or unknown content.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


class File(NamedTuple):
    """A file of a data set: where it is on disk, or what it holds inside a zip."""

    name: str
    at: Path | bytes

    def open(self) -> BinaryIO:
        """Open for reading."""
        return self.at.open("rb") if isinstance(self.at, Path) else BytesIO(self.at)

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return self.at.stat().st_size if isinstance(self.at, Path) else len(self.at)

    def read(self) -> bytes:
        """All of it."""
        return self.at.read_bytes() if isinstance(self.at, Path) else self.at


@contextmanager
def opened(source: Path) -> Iterator[Place]:
    """Yield the folder or file at `source`; of a zip, the folder inside it. Raises DataError for a damaged zip."""
    if source.is_dir() or not (_is_named_zip(source) or (source.is_file() and zipfile.is_zipfile(source))):
        yield source
        return
    with source.open("rb") as stream:
        try:
            root = zipfile.Path(zipfile.ZipFile(stream))
        except _DAMAGE as damage:
            raise _damaged(source.name, damage) from damage
        yield root


def taken(place: Place) -> File:
    """Take a file out of its place; out of a zip it is read whole, once.

    Raises DataError for a member that is damaged or encrypted, or so large that it must be a bomb. Reading ends with
    the size that a member declares, so that it takes no more memory than that, whatever is packed.
    """
    if isinstance(place, Path):
        return File(place.name, place)
    archive, member = place.root, place.root.getinfo(place.at)
    _refuse_bomb(archive, member)
    whole = BytesIO()
    try:
        with archive.open(member) as stream:
            # In pieces: zipfile's own read() unpacks all that there is before it cuts off what was not declared.
            shutil.copyfileobj(stream, whole, _PIECE)
    except _DAMAGE as damage:
        raise _damaged(Path(archive.filename or "").name, damage) from damage
    return File(place.name, whole.getvalue())


def data_set_name(source: Path) -> str:
    """The base name of a source; that of a zip without its ending."""
    resolved = source.resolve()
    return resolved.stem if _is_named_zip(resolved) else resolved.name


def only_file(root: Place, names: Sequence[str]) -> tuple[Place, Place]:
    """Find the one file with one of these names in `root`, else one folder down: its folder, and itself.

    A `root` that is a file is itself the answer. Raises DataError if there is none, or more than one.
    """
    if isinstance(root, Path) and not root.is_dir():
        if not root.is_file():
            raise DataError(f"{root} is neither a file nor a folder: save the ratings in a file and give its path.")
        return root.parent, root
    found = _files(root, names)
    if not found:
        folders = [place for place in root.iterdir() if place.is_dir()]
        found = [pair for folder in folders for pair in _files(folder, names)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(
            f"{root.name} holds no {', '.join(names)}, nor does a folder right inside it ({_listing(root)}):"
            " give the path of the ratings file itself."
        )
    several = ", ".join(sorted(f"{folder.name}/{file.name}" for folder, file in found))
    raise DataError(f"{root.name} holds more than one ratings file ({several}): give the path of one.")


def sha256(files: Sequence[File], digest: HASH | None = None) -> HASH:
    """Digest of the bytes of these files, one after the other, and after those that are in `digest` already."""
    digest = digest or hashlib.sha256()
    for file in files:
        with file.open() as stream:
            while block := stream.read(_PIECE):
                digest.update(block)
    return digest


def _refuse_bomb(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    # Both sizes are what the zip says; but it cannot hold more than its own bytes, the last of which are its directory.
    packed = max(1, min(member.compress_size, archive.start_dir))
    where = f"{member.filename} in {Path(archive.filename or '').name}"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{where} is packed in an unusual way: unpack it yourself and give that path.")
    if member.file_size <= HARMLESS_MEMBER:
        return
    if member.file_size > LARGEST_MEMBER or member.file_size > HIGHEST_RATIO * packed:
        raise DataError(
            f"{where} would unpack from {packed:,} to {member.file_size:,} bytes, as a zip bomb does:"
            " unpack it yourself if you trust it, and give that path."
        )


def _damaged(name: str, damage: Exception) -> DataError:
    return DataError(f"{name} is not a whole zip ({damage}): fetch it again, or unpack it yourself and give that path.")


def _listing(folder: Place, shown: int = 3) -> str:
    names = sorted(place.name for place in folder.iterdir())
    if not names:
        return "it is empty"
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return f"it holds {', '.join(names[:shown])}{more}"


def _files(folder: Place, names: Sequence[str]) -> list[tuple[Place, Place]]:
    return [(folder, file) for name in names if (file := folder / name).is_file()]


def _is_named_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"
