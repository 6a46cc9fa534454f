"""Log lines: JSON for machines, `key=value` text on a terminal; uvicorn's, MLflow's and our own all alike."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

import structlog
from pydantic_core import to_json
from structlog.types import EventDict, Processor


def configure(level: str, stream: TextIO = sys.stderr) -> dict[str, Any]:
    """Set structlog up for the lines that requests make; return the same for `logging`, as uvicorn takes it.

    `level` is the least that is logged. Call before the app is made.
    """
    for_people = stream.isatty()
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *_rendering(for_people)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Not through `logging`, which would cost a request more than the rest of its line.
        logger_factory=(
            structlog.WriteLoggerFactory(stream) if for_people else structlog.BytesLoggerFactory(stream.buffer)
        ),
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*shared, structlog.stdlib.add_logger_name],
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(for_people), _as_text],
    }
    own = {"handlers": ["line"], "level": level.upper(), "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line", "stream": stream}},
        "loggers": {
            "latentlens": own,
            "uvicorn": own,
            # It warns of every attempt while MLflow is away; we say so once.
            "urllib3": {"level": "ERROR"},
        },
        "root": {"handlers": ["line"], "level": "WARNING"},
    }


def _rendering(for_people: bool) -> list[Processor]:
    if for_people:
        return [structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]


def _json(event: EventDict, **_: Any) -> bytes:
    """Write one line; what is no JSON value is told by its repr."""
    return to_json(event, fallback=repr)


def _as_text(_: Any, __: str, line: str | bytes) -> str:
    return line.decode() if isinstance(line, bytes) else line
