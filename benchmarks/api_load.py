"""Load for one server, from a process of its own: `api_load.py PORT SECONDS N_CLIENTS PATH ...`, a part of api.py.

Plain sockets, kept alive, asked without a pause. It looks for answers all the time instead of sleeping until they come:
waking a sleeper would cost the server more than a small answer does. Prints requests per second, p50 and p99 in ms.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Sequence


class Client:
    """One connection with one request on its way."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._received = b""
        self._asked_at = 0.0

    def ask(self, path: str) -> None:
        """Send a request."""
        self._socket.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self._asked_at = time.perf_counter()

    def seconds(self) -> float | None:
        """How long the answer took, None while it is not there."""
        try:
            self._received += self._socket.recv(65_536)
        except BlockingIOError:
            return None
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]):
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        self._received = b""
        return time.perf_counter() - self._asked_at


def load(port: int, seconds: float, n_clients: int, paths: Sequence[str]) -> tuple[float, float, float]:
    """Requests per second, p50 and p99 in ms."""
    clients = [Client(port) for _ in range(n_clients)]
    for n, client in enumerate(clients):
        client.ask(paths[n % len(paths)])
    n, took, end = n_clients, [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        for client in clients:
            answered = client.seconds()
            if answered is not None:
                took.append(answered)
                client.ask(paths[n % len(paths)])
                n += 1
    took.sort()
    return len(took) / seconds, 1000 * took[len(took) // 2], 1000 * took[int(0.99 * len(took))]


if __name__ == "__main__":
    port, seconds, n_clients, *paths = sys.argv[1:]
    print(json.dumps(load(int(port), float(seconds), int(n_clients), paths)))
