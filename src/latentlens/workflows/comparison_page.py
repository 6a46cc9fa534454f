"""One page that shows a comparison: what is best and by how much, the picture, the table, the findings.

A single HTML file without a script that fetches nothing, in the style of the axes' report.
"""

from __future__ import annotations

import io
from html import escape
from importlib.resources import files

import matplotlib as mpl

from latentlens.workflows.comparison import Comparison


def page(found: Comparison) -> str:
    """Write the page."""
    style = "".join(
        files(package).joinpath(name).read_text(encoding="utf-8")
        for package, name in (("latentlens.explain", "report.css"), (__package__, "comparison.css"))
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(f"Models compared on {found.data}")}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">{escape(f"LatentLens · {found.data} · {found.rule}")}</p>
<h1>{escape(headline(found))}</h1>
<p>{escape(found.about)}</p>
</header>
<div class="picture">{_picture(found)}</div>
<section><h2>All figures</h2>
<p class="soft">The best of each column stands out. Under {escape(found.columns()[0].heading)}: its 95 % interval, users
drawn anew, and p, how likely so large a difference to the best is by chance.</p>
{_table(found)}
{_left_out(found)}</section>
<section><h2>Findings</h2>{_findings(found)}</section>
</main>
</body>
</html>
"""


def headline(found: Comparison) -> str:
    """Say in a sentence which model ranks best, and which others may be as good."""
    best, *others = found.models
    metric = f"{found.columns()[0].heading}@{found.k}"
    equal = [model.name for model in others if model.p_value is not None and model.p_value >= 0.05]
    text = f"{best.name} ranks best: {metric} is {best.figures[found.metric]:.3f}"
    if len(equal) == len(others):
        return f"{text}, but no model is worse beyond chance."
    return f"{text}; {_listed(equal)} may be as good." if equal else f"{text}, beyond chance above all others."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _picture(found: Comparison) -> str:
    drawn = io.StringIO()
    # A fixed salt: the same comparison is the same page.
    with mpl.rc_context({"svg.hashsalt": "latentlens"}):
        found.picture.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    svg = drawn.getvalue()
    return svg[svg.index("<svg") :]


def _table(found: Comparison) -> str:
    first, *rest = found.columns()
    head = "".join(f"<th>{escape(column.heading)}</th>" for column in (first, *rest))
    columns = [[f"<b>{text}</b>" if best else text for text, best in found.cells(column)] for column in (first, *rest)]
    doubts = zip(found.intervals(), found.p_values(), strict=True)
    columns[0] = [
        f"{cell}<i>{interval}{'' if p == 'best' else f', p {p}'}</i>"
        for cell, (interval, p) in zip(columns[0], doubts, strict=True)
    ]
    rows = "".join(
        f"<tr><th>{escape(model.name)}</th>{''.join(f'<td>{column[n]}</td>' for column in columns)}</tr>"
        for n, model in enumerate(found.models)
    )
    return (
        f'<div class="compared"><table><thead><tr><th>model</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _left_out(found: Comparison) -> str:
    return "".join(f'<p class="soft">Without {escape(name)}: {escape(why)}</p>' for name, why in found.left_out.items())


def _findings(found: Comparison) -> str:
    if not found.findings:
        return "<p>None.</p>"
    told = "".join(
        f"<dt><code>{one.code}</code>{escape(one.title)}</dt>"
        + "".join(f"<dd><b>{escape(', '.join(names))}:</b> {escape(seen)}</dd>" for seen, names in one.seen.items())
        + f'<dd class="soft">{escape(one.advice)}</dd>'
        for one in found.findings
    )
    return f'<dl class="found">{told}</dl>'
