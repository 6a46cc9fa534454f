"""The page of a comparison, as a person sees it on a screen and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from latentlens.workflows.compare import compare
from latentlens.workflows.comparison_page import page as comparison_page
from latentlens.workflows.prepare import prepare

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    split = prepare("demo", most_active_users=200, most_rated_movies=300)
    file = tmp_path_factory.mktemp("comparison") / "comparison.html"
    file.write_text(comparison_page(compare(split, ["svd", "ease"])), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_the_page_fits_the_screen_and_fetches_nothing(browser: Browser, page_file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(page_file.as_uri())
    assert fetched == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "nDCG@10" in page.locator("h1").inner_text()
    assert page.locator(".picture svg").is_visible()
    # Where the table is wider than the screen, names stay while it is scrolled.
    table = page.locator(".compared")
    table.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    name = page.locator(".compared tbody th").first.bounding_box()
    assert name is not None
    assert 0 <= name["x"] < 100
    assert page.get_by_text("s / 1,000 lists").is_visible()
    page.close()
