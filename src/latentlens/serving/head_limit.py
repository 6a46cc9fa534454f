"""Bounds the memory that one request's address and headers can take: uvicorn keeps whatever is sent."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Cookies, tokens and long queries fit several times over.
MAX_HEAD_BYTES = 64 * 1024


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol; a connection that sends a head without an end is answered with 400 and closed."""

    _in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        if self._in_head:
            # Before this piece: it may hold the end of the head, and much of a body.
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response(f"The headers are larger than {MAX_HEAD_BYTES // 1024} KiB: send fewer.")
                return
            self._head_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        super().on_headers_complete()
