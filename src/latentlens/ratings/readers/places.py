"""Where the files of a data set are: in a folder, one folder down, or in a zip that is never unpacked."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from latentlens.errors import DataError

# Both have name, is_file, iterdir and open: one code walks folders and zips.
Place = Path | zipfile.Path


@contextmanager
def opened(source: Path) -> Iterator[Place]:
    """Yield the folder or file at `source`; of a zip, the folder inside it.

    Raises DataError for a damaged zip, also where the damage shows only while a member is read.
    """
    if source.is_dir() or not (_is_named_zip(source) or zipfile.is_zipfile(source)):
        yield source
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield zipfile.Path(archive)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{source.name} is not a whole zip ({error}): fetch it again.") from error


def data_set_name(source: Path) -> str:
    """The base name of a source; that of a zip without its ending."""
    resolved = source.resolve()
    return resolved.stem if _is_named_zip(resolved) else resolved.name


def only_file(root: Place, names: Sequence[str]) -> tuple[Place, Place]:
    """Find the one file with one of these names in `root`, else one folder down: its folder, and itself.

    A `root` that is a file is itself the answer. Raises DataError if there is none, or more than one.
    """
    if isinstance(root, Path) and root.is_file():
        return root.parent, root
    found = _files(root, names)
    if not found:
        folders = [place for place in root.iterdir() if place.is_dir()]
        found = [pair for folder in folders for pair in _files(folder, names)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(f"{root.name} holds no {', '.join(names)}, nor does a folder right inside it.")
    several = ", ".join(sorted(f"{folder.name}/{file.name}" for folder, file in found))
    raise DataError(f"{root.name} holds more than one ratings file ({several}): give the path of one.")


def sha256(files: Sequence[Place]) -> str:
    """Digest of the bytes of these files, one after the other, as hex."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _files(folder: Place, names: Sequence[str]) -> list[tuple[Place, Place]]:
    return [(folder, file) for name in names if (file := folder / name).is_file()]


def _is_named_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"
