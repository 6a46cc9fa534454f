"""Bounds the memory that one request's body can take."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A thousand ratings with long text ids fit several times over.
MAX_BODY_BYTES = 512 * 1024


class LimitBody:
    """ASGI middleware: a body that grows beyond the limit is answered with 413 without being read on.

    FastAPI's own `max_body_size` answers plain text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(
                    413, f"The body is larger than {MAX_BODY_BYTES // 1024} KiB: send at most 1000 ratings."
                )
            return message

        await self._app(scope, counting, send)
