"""The report of a model's axes, as a person sees it on a screen and on a phone.

Where LATENTLENS_PICTURES names a folder, the picture of docs/ is renewed in it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from latentlens.explain.axes import describe
from latentlens.explain.features import Features
from latentlens.explain.report import report
from latentlens.explain.stability import refit_matches
from latentlens.recommenders.presets import PRESETS
from latentlens.workflows.prepare import prepare

from .support import LARGEST_PICTURE, PICTURES

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the demo set, as a file."""
    train = prepare("demo").train
    model = PRESETS["svd"].fit(train)
    features = Features.of(model.catalogue, train.item_counts, train.tags)
    axes = describe(model, features, refit_matches(model, PRESETS["svd"], train))
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(report(model, axes, source="demo", user_id=1), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "map_shown"), [(1100, "wide"), (390, "narrow"), (320, "narrow")])
def test_the_page_fits_the_screen_and_fetches_nothing(
    browser: Browser, page_file: Path, width: int, map_shown: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=True)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(page_file.as_uri())
    assert fetched == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [name for name in ("wide", "narrow") if page.locator(f".map.{name}").is_visible()] == [map_shown]
    assert "five steady axes" in page.locator("h1").inner_text()
    page.close()


def test_the_labels_of_the_map_do_not_overlap_as_drawn(browser: Browser, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 760, "height": 900})
    page.goto(page_file.as_uri())
    boxes = page.locator(".map.wide text:not(.pole)").evaluate_all(
        "texts => texts.map(text => { const box = text.getBoundingClientRect();"
        " return [box.left, box.top, box.right, box.bottom]; })"
    )
    assert len(boxes) > 10
    overlaps = [
        (one, other)
        for i, one in enumerate(boxes)
        for other in boxes[:i]
        # Boxes reach beyond the letters; a pixel or two of them may touch.
        if one[0] + 2 < other[2] and other[0] + 2 < one[2] and one[1] + 3 < other[3] and other[1] + 3 < one[3]
    ]
    assert overlaps == []
    if PICTURES is not None:
        file = Path(PICTURES) / "axes-report.png"
        page.screenshot(path=file, clip={"x": 0, "y": 0, "width": 760, "height": 1245}, full_page=True)
        with Image.open(file) as picture:
            reduced = picture.convert("RGB").quantize(64)
        reduced.save(file, optimize=True)
        assert file.stat().st_size < LARGEST_PICTURE
    page.close()
