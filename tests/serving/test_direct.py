"""What is answered without FastAPI's detour is what FastAPI answers."""

from __future__ import annotations

import httpx
import pytest

from latentlens.serving.direct import AnswerDirectly


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/recommend/1", 200),
        ("/recommend/1?n=3&genre=Drama&year_from=1975", 200),
        ("/recommend/1?n=3&n=5", 200),
        ("/recommend/1?explain=true", 200),
        ("/recommend/4711", 200),
        ("/recommend/4711?cold_start=error", 404),
        ("/recommend/1?n=0", 422),
        ("/recommend/1?genre=Western", 422),
        ("/recommend/abc", 422),
        ("/recommend/%D9%A1", 422),
        (f"/recommend/{'1' * 257}", 422),
        ("/recommend/", 404),
        ("/recommend/1/", 404),
        ("/recommend/1%2F2", 404),
        ("/old/recommend/1", 404),
    ],
)
def test_the_direct_answer_is_the_declared_one(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    direct = _told(api, path)

    async def pass_on(*_: object) -> None:
        pass

    monkeypatch.setattr(AnswerDirectly, "_answer", pass_on)
    assert direct == _told(api, path)
    assert direct[0] == status


def _told(api: httpx.Client, path: str) -> tuple[object, ...]:
    """A reply, and how many requests of each route and status there have been since the one before."""
    before = _counted(api)
    reply = api.get(path)
    now = _counted(api)
    counted = {name: value - before.get(name, 0) for name, value in now.items() if value != before.get(name)}
    return reply.status_code, reply.headers["content-type"], reply.content, counted


def _counted(api: httpx.Client) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in api.get("/metrics").text.splitlines()]
    told = ("latentlens_requests_total", "latentlens_cold_starts_total")
    return {name: float(value) for name, value in lines if name.startswith(told) and "/metrics" not in name}
