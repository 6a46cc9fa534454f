"""The tables of docs/evaluation.md: every model on three splits of ml-latest-small, written where they stand.

Run: make bench-evaluation, with LATENTLENS_TEST_DATA naming the folder that holds ml-latest-small.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from latentlens.workflows.compare import compare
from latentlens.workflows.comparison import Comparison
from latentlens.workflows.prepare import prepare

PAGE = Path(__file__).parent.parent / "docs/evaluation.md"
COLUMNS = ("recall", "hit_rate", "coverage", "popularity_bias", "rmse", "mae", "fit_seconds", "list_seconds")
SPLITS: dict[str, dict[str, Any]] = {
    "A random fifth": {},
    "Each user's last ten": {"leave_last": 10},
    "The latest fifth": {"by_time": True},
}


def section(title: str, found: Comparison) -> str:
    """A table, what it was measured on, and its findings by code."""
    codes = []
    for one in found.findings:
        names = sorted(name for of in one.seen.values() for name in of)
        codes.append(f"[{one.code}](findings.md#{one.code.lower()}) ({', '.join(names)})")
    told = "; ".join(codes) or "none"
    return f"### {title}\n\n{found.about}\n\n{found.in_markdown(*COLUMNS)}\n\nFindings: {told}."


def main() -> None:
    """Measure, then write the tables between the markers of the page."""
    root = os.environ.get("LATENTLENS_TEST_DATA")
    if not root:
        sys.exit("LATENTLENS_TEST_DATA does not name the folder that holds ml-latest-small.")
    sections = [section(title, compare(prepare(f"{root}/ml-latest-small", **split))) for title, split in SPLITS.items()]
    tables = "\n\n".join(sections)
    text, n = re.subn(
        r"(?<=<!-- tables -->\n).*?(?=<!-- end of tables -->)",
        lambda _: f"{tables}\n",
        PAGE.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    if n != 1:
        sys.exit(f"{PAGE} has not one place between <!-- tables --> and <!-- end of tables -->.")
    PAGE.write_text(text, encoding="utf-8")
    print(tables)


if __name__ == "__main__":
    main()
