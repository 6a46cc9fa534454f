"""From the options that name ratings to the ratings: what several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latentlens import terminal
from latentlens.cli.options import given

if TYPE_CHECKING:
    from latentlens.ratings.readers.format import Format
    from latentlens.ratings.splits import Split


def format_of(**columns: Any) -> Format:
    """How a file is to be read, by the options that were given (None is none)."""
    from latentlens.ratings.readers.format import Format

    return Format(**given(**columns))


def split_of(data: str, form: Format, **choices: Any) -> Split:
    """Read and split ratings, with a bar for downloads, and show the sides; `choices` are those of `prepare`."""
    from latentlens.workflows.prepare import prepare

    with terminal.downloads() as on_download:
        split = prepare(data, form, on_download=on_download, **choices)
    terminal.data(split.train, split.test)
    return split
