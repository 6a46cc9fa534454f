"""Ids as requests carry them: text in a path or query, numbers or text in JSON."""

from __future__ import annotations

from fastapi import HTTPException

from latentlens.ratings.ids import INT64, IdMap


def parse_id(text: str, ids: IdMap, what: str) -> int | str:
    """Read an id from a path or query as the data has it. Raises a 422 if no id of this data looks like that."""
    try:
        return check_id(ids.parse(text), ids, what)
    except ValueError:
        return check_id(text, ids, what)


def check_id(value: int | str, ids: IdMap, what: str) -> int | str:
    """Return an id of the type that the data has. Raises a 422 for any other: it never counts as unknown."""
    if ids.is_text:
        # numpy drops NULs at the end of a text, so that another id would answer.
        if isinstance(value, str) and "\0" not in value:
            return value
        expected = "text, such as"
    else:
        # Beyond int64 numpy compares as float64, in which large ids are equal to their neighbours.
        if isinstance(value, int) and value in INT64:
            return value
        expected = "whole numbers of 64 bits, such as"
    example = f" {ids.values[0].item()!r}" if len(ids) else ""
    raise HTTPException(422, f"{value!r} is not a {what}: the {what}s of this data are {expected}{example}.")
