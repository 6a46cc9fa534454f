"""The documentation says what there is: every command, option, route, link and make target."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from latentlens.cli import app
from latentlens.serving.app import create_app
from latentlens.serving.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def commands(group: Any, prefix: str = "") -> dict[str, Any]:
    """Every command by its full name; those of a group as "group command"."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        nested = hasattr(command, "commands")
        found |= commands(command, f"{name} ") if nested else {f"{prefix}{name}": command}
    return found


COMMANDS = commands(typer.main.get_command(app))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    page = (ROOT / "docs/commands.md").read_text()
    assert f"`latentlens {name}" in page
    options = {option for param in COMMANDS[name].params for option in param.opts if option.startswith("--")}
    assert [option for option in options - {"--help"} if f"`{option}`" not in page] == []


def test_every_route_is_documented(tmp_path: Path) -> None:
    page = (ROOT / "docs/api.md").read_text()
    paths = create_app(Settings(cache=tmp_path)).openapi()["paths"]
    routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert len(routes) >= 9
    assert [route for route in routes if f"`{route}`" not in page] == []


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/api.md").read_text()
    names = [field.validation_alias for field in Settings.model_fields.values()]
    assert len(names) >= 5
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_make_target_named_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)`", page.read_text())}
    assert named - targets == set()
    assert {"help", "test", "check", "bench"} <= named
