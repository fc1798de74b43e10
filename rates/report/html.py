"""The HTML pages of a run: an index and one page a claim, readable offline from a folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import plotly
from markupsafe import Markup

from rates.report import wording
from rates.report.filters import menus
from rates.report.mathml import safe_mathml
from rates.report.page_figure import page_figure
from rates.report.pages import PageView, page_views
from rates.report.past import folded, gauge, past_runs, strip
from rates.report.plots import curve_figure, experiment_figure
from rates.report.series import collect
from rates.report.sparkline import sparkline
from rates.report.typeset import formula, raised, typeset
from rates.report.views import ClaimView, Report, Row, case_text, severity
from rates.result import Outcome, worst

ASSETS = ("style.css", "index.js", "claim.js")
# Estimate and interval, in margins off the prediction, that the legend draws for a verdict.
_EXAMPLES = {"consistent": (0.1, -0.5, 0.7), "refuted": (1.9, 1.4, 2.4), "inconclusive": (1.0, 0.3, 1.7)}

# What the plot of a page holds, by role.
_HOW = {
    "measured": "symbols are measured values with two standard errors",
    "curve": "solid lines are curves, computed without randomness",
    "followed": "dotted lines are curves beyond what can be run",
    "law": "dashed lines are laws, moved to the measurement where a law leaves the constant open",
}


def index_page(report: Report, *, values: Mapping[str, str] | None = None) -> str:
    """Return the index: counts by outcome and one row a claim; `values` maps addresses to CSV files."""
    title = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()) or "no claims"
    return _environment().get_template("index.html.j2").render(
        report=report, document=report.document, title=title, values=values or {}, root="",
        facts=_facts(report.document), menus=menus(report),
        devices={device for claim in report.claims for device in claim.devices}, pages=page_views(report),
        examples={name: gauge(_example(*numbers)) for name, numbers in _EXAMPLES.items()},
    )  # fmt: skip


def claim_page(report: Report, claim: ClaimView) -> str:
    """Return the page of one claim: theorem, comparisons, figures, controls, and how to reproduce them."""
    known, runs = claim.catalogue, past_runs(report, claim)
    before, after = report.beside(claim)
    return _environment().get_template("claim.html.j2").render(
        claim=claim, known=known, document=report.document, title=claim.address, root="../",
        facts=_facts(report.document),
        law=Markup(safe_mathml(known["law"]["mathml"])),
        cases=[_case(label, rows, known) for label, rows in claim.cases.items()],
        checks={(check["comparison"], check["quantity"]): check for check in known["checks"]},
        tricks={control["name"]: control for control in known["controls"]},
        before=before, after=after, strip=strip(runs) if runs else "", runs=folded(runs),
        shown_on=[page for page in page_views(report) if claim.address in page.named],
    )  # fmt: skip


def joint_page(report: Report, page: PageView) -> str:
    """Return a page of several claims: what it is about, one plot, what of it this run lacks, and the verdicts."""
    drawn = {line.role for line in page.drawn}
    return _environment().get_template("page.html.j2").render(
        page=page, record=page.record, document=report.document, title=page.record["title"], root="../",
        facts=_facts(report.document), how=wording.sentence(", ".join(_HOW[role] for role in _HOW if role in drawn)),
        figure=_embedded(page_figure(page)) if page.drawn else "",
    )  # fmt: skip


def asset(name: str) -> str:
    """Return a static file of the pages."""
    return resources.files("rates.report").joinpath("templates", name).read_text(encoding="utf-8")


def plotly_source() -> Path:
    """Return where the plotly package keeps its script."""
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def _facts(document: Row) -> dict[str, str]:
    """Return what a reader looks for first in an environment."""
    environment, facts = document["environment"], {name: str(document[name]) for name in ("profile", "seed", "device")}
    facts["time"] = wording.duration(float(document["seconds"]))
    if environment.get("commit"):
        facts["commit"] = wording.revision(environment["commit"], bool(environment.get("dirty")))
    return facts


def _example(estimate: float, low: float, high: float) -> Row:
    return {"estimate": estimate, "interval": (low, high), "predicted": 0.0, "margin": 1.0}


def _case(label: str, rows: tuple[Row, ...], known: Row) -> dict[str, Any]:
    """Return what a case shows: its rows, its figures with a description for those who cannot see them."""
    figures, law = [], known["law"]
    measured = [row for row in rows if row["comparison"] != "curve-law"]
    followed = [row for row in rows if row["comparison"] == "curve-law"]
    series = collect(measured, law, measured=True)
    if series is not None:
        fit = _first(measured, "experiment-law", "slope", "estimate")
        margin = _first(measured, "experiment-curve", "level", "margin")
        figure = experiment_figure(series, law, fit=fit, margin=margin)
        figures.append({"kind": "experiment", "json": _embedded(figure), "series": series})
    series = collect(followed, law, measured=False)
    if series is not None:
        figure = curve_figure(series, law, limit=_first(followed, "curve-law", "slope", "estimate"))
        figures.append({"kind": "curve", "json": _embedded(figure), "series": series})
    parts: Mapping[str, float] = next((row["parts_off"] for row in rows if row.get("parts_off")), {})
    budgets = {check["note"] for check in known["checks"]}  # shown with the comparison they belong to
    notes = [note for note in dict.fromkeys(n for row in rows for n in row.get("notes", ())) if note not in budgets]
    outcome = worst(Outcome(row["outcome"]) for row in rows) or Outcome(rows[0]["outcome"])
    return {"label": label, "rows": rows, "figures": figures, "parts": wording.parts_sentence(parts), "notes": notes,
            "outcome": outcome}  # fmt: skip


def _first(rows: list[Row], comparison: str, quantity: str, name: str) -> float | None:
    """Return a number of the first result of a kind, None where there is none."""
    found = (row[name] for row in rows if (row["comparison"], row["quantity"]) == (comparison, quantity))
    return next(found, None)


def _embedded(figure: Mapping[str, Any]) -> Markup:
    """Return JSON that cannot end the script element that holds it."""
    text = json.dumps(_rounded(figure), allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _rounded(value: Any) -> Any:
    """Return the figure with seven digits, which is more than a screen shows."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _link(url: str) -> str:
    """Return a web address, empty where it is anything else (`javascript:` is a URL too)."""
    return url if urlsplit(url).scheme in ("http", "https") else ""


def _inline_law(law: Row) -> Markup | str:
    """Return the law as MathML in a line of text, as text where it has none."""
    return Markup(safe_mathml(law["mathml"], inline=True)) or law["text"]


def _breakable(address: str) -> Markup:
    """Return an address that a narrow column breaks after a slash or colon only."""
    return Markup("<wbr>").join(Markup.escape(part) for part in re.split(r"(?<=[/:])", address))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rates.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters.update(
        number=wording.number, brief=wording.brief, exactly=wording.exactly, interval=wording.interval,
        duration=wording.duration, prose=wording.prose, sentence=wording.sentence, settings=wording.settings,
        budget=wording.budget, broken=wording.broken, letters=wording.letters, spelled=wording.spelled,
        severity=severity, case_text=case_text, link=_link, breakable=_breakable, typeset=typeset, formula=formula,
        raised=raised, inline_law=_inline_law, sparkline=sparkline, gauge=gauge,
        glyph=lambda outcome: wording.GLYPHS[Outcome(outcome)],
    )  # fmt: skip
    environment.globals.update(
        directions=wording.DIRECTIONS, forms=wording.FORMS, comparisons=wording.COMPARISONS,
        evidence=wording.EVIDENCE, expectations=wording.EXPECTATIONS, kinds=wording.KINDS, meanings=wording.MEANINGS,
    )  # fmt: skip
    return environment
