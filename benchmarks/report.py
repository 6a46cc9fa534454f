"""Tables that are shown in the terminal and kept in Markdown, with the machine that they were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.table import Table

_PACKAGES = ("numpy", "numba", "scipy", "polars", "scikit-surprise")


def markdown(table: Table) -> str:
    """A table with its title above it."""
    rows = [[str(column.header) for column in table.columns], ["---" for _ in table.columns]]
    rows += map(list, zip(*(map(str, column.cells) for column in table.columns), strict=True))
    title = f"### {table.title}\n\n" if table.title else ""
    return title + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def machine() -> str:
    """Processor, memory and versions, as a list."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        cpu = told.partition("model name")[2].partition("\n")[0].lstrip("\t: ")
    except OSError:
        cpu = platform.processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else float("nan")
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, latentlens {_version('latentlens')}",
        f"{cpu or platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}",
        ", ".join([f"Python {platform.python_version()}", *(f"{name} {_version(name)}" for name in _PACKAGES)]),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
