"""Whom the API answers: by host name, by key, and how often. Each is ASGI middleware that answers or passes on."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections.abc import Collection, Sequence
from functools import lru_cache

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from latentlens.serving import problems

# Health checks have no key; what describes the API gives nothing away, and a browser could send no key for it.
OPEN_PATHS = frozenset({"/health", "/ready", "/docs", "/docs/oauth2-redirect", "/openapi.json"})
DOCS_FILES = "/docs-files"
# Clients share this many counters, so that inventing addresses fills no memory.
_BUCKETS = 16_384


class AllowHosts:
    """Answers only requests that name one of these hosts: no foreign page's name may lead here (DNS rebinding)."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer 421."""
        if scope["type"] != "http" or _host(scope) in self._hosts:
            await self._app(scope, receive, send)
            return
        detail = "This server does not answer to that host name: use one of its own, or list it in {}."
        await problems.answer(421, detail.format("LATENTLENS_ALLOWED_HOSTS"))(scope, receive, send)


class AdmitClients:
    """Asks for one of `keys` (none: asks for nothing) and lets each client send no more than `limit`.

    A client is whoever has the same key, or the same address where there are no keys or the key is wrong, so that
    nobody can try keys without end.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[SecretStr], limit: RateLimitItem | None) -> None:
        self._app = app
        self._keys = [_digest(key.get_secret_value().encode()) for key in keys]
        self._limit = limit
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer 401 or 429."""
        answer = self._app
        if scope["type"] == "http" and not _is_open(scope["path"]):
            key = self._key_of(Headers(scope=scope)) if self._keys else None
            wait = self._seconds_to_wait(_client(scope) if key is None else str(key)) if self._limit else 0
            if wait:
                answer = _too_many(wait)
            elif self._keys and key is None:
                answer = _no_key()
        await answer(scope, receive, send)

    def _key_of(self, headers: Headers) -> int | None:
        """Which of the keys the request carries. All are compared, whole, whatever the first one says."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = headers.get("x-api-key") or (token.strip() if scheme.casefold() == "bearer" else "")
        same = [hmac.compare_digest(_digest(given.encode("latin-1")), key) for key in self._keys]
        return same.index(True) if any(same) else None

    def _seconds_to_wait(self, client: str) -> int:
        assert self._limit is not None  # noqa: S101 - asked only where there is a limit
        # Python's hash is keyed anew by each process: nobody can aim at another client's counter.
        bucket = str(hash(client) % _BUCKETS)
        if self._limiter.hit(self._limit, bucket):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(self._limit, bucket).reset_time - time.time()))


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(f"{DOCS_FILES}/")


def _too_many(seconds: int) -> Response:
    return problems.answer(
        429, f"You have sent more requests than are allowed: wait {seconds} s.", {"Retry-After": str(seconds)}
    )


def _no_key() -> Response:
    detail = "This needs a key: send it as the header X-API-Key, or as Authorization: Bearer."
    return problems.answer(401, detail, {"WWW-Authenticate": 'Bearer realm="LatentLens"'})


def _digest(key: bytes) -> bytes:
    """Make keys of one length: comparing them then tells nothing of how long the right one is."""
    return hashlib.sha256(key).digest()


def _host(scope: Scope) -> str:
    """Read the host name without its port, in small letters; an IPv6 address keeps its brackets."""
    for name, value in scope["headers"]:
        if name == b"host":
            return _without_port(value)
    return ""


# Most requests name the same host.
@lru_cache(maxsize=64)
def _without_port(host: bytes) -> str:
    address, bracket, _ = host.decode("latin-1").casefold().partition("]")
    return address + bracket if bracket else address.partition(":")[0]


def _client(scope: Scope) -> str:
    """Read the address. One customer has a whole network of IPv6 addresses: the first 64 bits count."""
    address = scope["client"][0] if scope.get("client") else ""
    return str(ipaddress.ip_network((address, 64), strict=False)) if ":" in address else address
