"""Each finding fires where it must, and only there; each is documented at its anchor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.recommenders.support import small_sides

from latentlens.evaluation import findings
from latentlens.evaluation.findings import DOCUMENT, Finding, findings_of, in_markdown, to_json
from latentlens.evaluation.intervals import Interval
from latentlens.recommenders.bias import BiasOnly

PAGE = Path(__file__).parents[2] / "docs/findings.md"
ABOVE, AROUND, BELOW = Interval(0.01, 0.03), Interval(0.0, 0.02), Interval(-0.03, -0.01)
FIRED = {
    "LL001": findings.leakage(3, 1_000, 0.85, 0.8),
    "LL002": findings.not_above_popularity(10, 0.17, 0.165, AROUND),
    "LL003": findings.popularity_bias(2.01),
    "LL004": findings.overfit([0.9, 0.8, 0.85], 0.85, 0.6, 0.87),
    "LL005": findings.axes_are_noise(0, 8, 5),
    "LL006": findings.not_below_bias_only(0.87, 0.875, AROUND),
    "LL007": findings.too_few_users(10, 28, 88, ABOVE),
}
SILENT = {
    "LL001": [findings.leakage(0, 1_000, 0.85, 0.55), findings.leakage(0, 1_000, 0.91, 1.0)],
    "LL002": [findings.not_above_popularity(10, 0.33, 0.165, ABOVE)],
    "LL003": [findings.popularity_bias(2.0), findings.popularity_bias(float("nan"))],
    "LL004": [
        findings.overfit([0.9, 0.8, 0.807], 0.85, 0.6, 0.87),
        # Nothing was watched: learned by heart, but it pays; no gain, but not by heart.
        findings.overfit([], 0.85, 0.3, 0.87),
        findings.overfit([], 0.9, 0.5, 0.87),
    ],
    # One is steady; there are none; none was tested.
    "LL005": [findings.axes_are_noise(1, 8, 5), findings.axes_are_noise(0, 0, 5), findings.axes_are_noise(0, 8, 0)],
    "LL006": [findings.not_below_bias_only(0.84, 0.87, ABOVE)],
    "LL007": [findings.too_few_users(10, 100, 0, Interval(0.3, 0.39))],
}


@pytest.mark.parametrize("code", FIRED)
def test_it_fires_where_it_must_and_says_what_was_seen_and_what_to_do(code: str) -> None:
    found = FIRED[code]
    assert found is not None
    assert (found.code, found.see) == (code, f"docs/findings.md#{code.lower()}")
    assert re.search(r"\d", found.seen)
    assert found.text == f"{found.seen} {found.advice}"
    assert found.text.endswith((".", ")."))


@pytest.mark.parametrize("code", SILENT)
def test_it_is_silent_where_it_must_be(code: str) -> None:
    assert SILENT[code]
    assert all(found is None for found in SILENT[code])


@pytest.mark.parametrize("code", FIRED)
def test_it_is_documented_at_its_anchor_under_its_title(code: str) -> None:
    found = FIRED[code]
    assert found is not None
    assert f"\n## {code}\n\n**{found.title.capitalize()}.**" in PAGE.read_text()


def test_what_is_documented_is_found_by_the_code() -> None:
    source = Path(findings.__file__).read_text()
    documented = re.findall(r"^## (LL\d+)$", PAGE.read_text(), flags=re.MULTILINE)
    assert documented == sorted(set(re.findall(r'"(LL\d+)"', source))) == sorted(FIRED)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (findings.leakage(0, 9, 0.71, 0.8), "0.7100 on the test side and 0.8000"),
        (findings.leakage(1_200, 9_000, 0.9, 0.8), "1,200 of the 9,000 test ratings"),
        (findings.not_above_popularity(5, 0.05, 0.2, BELOW), "(gain -0.030 to -0.010): lists of the most rated"),
        (findings.overfit([0.9, 0.8, 0.85], 1, 1, 2), "from 0.8000 (epoch 2) to 0.8500 (epoch 3)"),
        (findings.overfit([], 0.9, 0.4, 0.9), "0.4000 on fitted ratings, 0.9000 on others, bias-only's 0.9000"),
        (findings.not_below_bias_only(0.9, 0.8, BELOW), "worse than without any taste"),
        (findings.too_few_users(10, 99, 0, ABOVE), "only 99 users could be judged:"),
        (findings.too_few_users(10, 28, 88, ABOVE), "28 users could be judged, 88 more are new to it"),
        (findings.too_few_users(10, 400, 0, Interval(0.1, 0.21)), "anywhere from 0.100 to 0.210"),
        (findings.no_lists("All ratings are 3."), "No list could be judged. All ratings are 3."),
    ],
)
def test_what_was_seen_comes_with_its_figures(found: Finding | None, words: str) -> None:
    assert found is not None
    assert words in found.seen


def test_findings_come_back_from_a_model_and_a_model_without_has_none() -> None:
    kept = tuple(found for found in FIRED.values() if found)
    model = BiasOnly().fit(small_sides().train)
    assert findings_of(model) == ()
    assert findings_of(replace(model, extra={DOCUMENT: to_json(kept)})) == kept


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"format": 2, "findings": []},
        {"format": 1},
        {"format": 1, "findings": 7},
        {"format": 1, "findings": [{"code": "LL001"}]},
        {"format": 1, "findings": [{"code": "LL001", "title": "t", "seen": 1, "advice": "a"}]},
    ],
)
def test_a_damaged_document_is_refused(document: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=DOCUMENT):
        findings_of(replace(BiasOnly().fit(small_sides().train), extra={DOCUMENT: document}))


def test_in_markdown_each_is_a_point_and_none_is_said_too() -> None:
    one = FIRED["LL003"]
    assert one is not None
    assert in_markdown([one]) == f"- **LL003 popularity bias.** {one.text}"
    assert "No finding" in in_markdown([])
