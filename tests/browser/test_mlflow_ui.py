"""The audit that a person performs in MLflow's pages, by the clicks of that person.

Where LATENTLENS_PICTURES names a folder, the pictures of docs/ are renewed in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from latentlens.recommenders.presets import PRESETS
from latentlens.tracking.names import EXPERIMENT, REGISTERED_MODEL
from latentlens.tracking.server import running_server
from latentlens.workflows.prepare import prepare
from latentlens.workflows.train import TrainReport, train

from .support import LARGEST_PICTURE, PICTURES

pytestmark = pytest.mark.browser

# MLflow's assistant opens by itself over a third of the first page that a browser shows.
NO_ASSISTANT = """
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
"""
PATIENCE = 60_000


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainReport]:
    """A run as `latentlens up` makes it, on fewer ratings, behind a running server."""
    with running_server(tmp_path_factory.mktemp("browser") / "mlruns") as uri:
        split = prepare("demo", most_active_users=300, most_rated_movies=400)
        config = replace(PRESETS["tuned"], n_factors=20)
        yield train(split.train, split.test, config, run_name="tuned-demo", preset="tuned", tracking_uri=uri)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    opened.set_default_timeout(PATIENCE)
    opened.add_init_script(NO_ASSISTANT)
    yield opened
    opened.close()


def picture(page: Page, name: str) -> None:
    if PICTURES is None:
        return
    # Off every element, so that none is shown as pointed at.
    page.mouse.move(640, 799)
    path = Path(PICTURES) / name
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < LARGEST_PICTURE


def visible(page: Page, *texts: str) -> None:
    for text in texts:
        expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=PATIENCE)


def open_artifacts(page: Page, report: TrainReport) -> None:
    page.goto(f"{report.tracking_uri}/#/experiments")
    page.get_by_text("Model training", exact=True).click()
    page.get_by_role("link", name=EXPERIMENT).click()
    page.get_by_role("link", name=report.run_name).click()
    page.get_by_role("tab", name="Artifacts").click()


def test_the_run_shows_its_model_as_a_folder_and_says_that_it_is_registered(page: Page, trained: TrainReport) -> None:
    open_artifacts(page, trained)
    folder = page.get_by_text("surprise_svd_model", exact=True).first
    expect(folder).to_be_visible(timeout=PATIENCE)
    assert page.get_by_text("MLmodel", exact=True).count() == 0
    folder.click()
    visible(page, "MLmodel")
    # The folder opens slowly, and what it still hides counts as visible: it is open when what follows lies below it.
    page.wait_for_function(
        "([last, next]) => last.getBoundingClientRect().bottom <= next.getBoundingClientRect().top",
        arg=[
            page.get_by_text(name, exact=True).element_handle() for name in ("serving_input_example.json", "data.json")
        ],
    )
    visible(page, "plots", "model_card.md")
    expect(page.get_by_text("Registered on")).to_be_visible(timeout=PATIENCE)
    visible(page, f"{REGISTERED_MODEL}, v{trained.model_version}")
    picture(page, "run-artifacts.png")


def test_the_page_of_the_version_shows_the_schema(page: Page, trained: TrainReport) -> None:
    open_artifacts(page, trained)
    page.get_by_text("surprise_svd_model", exact=True).first.click()
    with page.expect_popup() as opened:
        page.get_by_text(f"{REGISTERED_MODEL}, v{trained.model_version}", exact=True).click()
    version = opened.value
    version.set_viewport_size({"width": 1280, "height": 800})
    version.set_default_timeout(PATIENCE)
    visible(version, f"Version {trained.model_version}", "Schema")
    for part in ("Inputs (2)", "Outputs (1)"):
        version.get_by_text(part, exact=True).click()
    for name, kind in (("userId", "long"), ("movieId", "long"), ("-", "double")):
        row = version.get_by_role("row").filter(has_text=f"{name} (required)")
        expect(row.get_by_text(kind, exact=True)).to_be_visible(timeout=PATIENCE)
    picture(version, "version-schema.png")
