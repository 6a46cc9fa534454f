"""Bare FastAPI routes that answer what was answered before: `api_empty.py PORT REPLY`, a part of api.py.

REPLY is a file with one reply of /recommend. Run as FastAPI and uvicorn come, but for the access log.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Query, Response

from latentlens.serving.schemas import RecommendQuery, RecommendReply

body = Path(sys.argv[2]).read_bytes()
reply = RecommendReply.model_validate_json(body)
app = FastAPI()


@app.get("/bytes/{user_id}")
async def answer_bytes(user_id: str) -> Response:
    """Answer the bytes: the least that FastAPI can do."""
    return Response(body, media_type="application/json")


@app.get("/reply/{user_id}")
async def answer_reply(user_id: str) -> RecommendReply:
    """Answer the same object each time."""
    return reply


@app.get("/parameters/{user_id}")
async def answer_with_parameters(user_id: str, asked: Annotated[RecommendQuery, Query()]) -> RecommendReply:
    """Answer the same object each time, after reading the parameters of the real route."""
    return reply


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
