"""How schemas show what they hold."""

from __future__ import annotations

from typing import Any


def example(**values: Any) -> dict[str, Any]:
    """Give a schema an example for /docs."""
    return {"examples": [values]}
