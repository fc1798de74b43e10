"""Markdown: a table fit for a pull-request comment, then the details of every claim."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rates.report.views import ClaimView, Report, case_text
from rates.report.wording import COMPARISONS, EVIDENCE, GLYPHS, brief, duration, interval, number
from rates.result import Outcome

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def report_markdown(report: Report) -> str:
    """Return the whole report: summary first, one folded section a claim after it."""
    sections = [summary_markdown(report), *(_claim(claim) for claim in report.claims)]
    return "\n\n".join(sections) + "\n"


def summary_markdown(report: Report) -> str:
    """Return counts by outcome and one table row a claim, what is not consistent with its reason."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()) or "no claims"
    head = report.document
    lines = [
        f"## Rate check: {counts}",
        "",
        f"Profile {_text(head['profile'])}, seed {head['seed']}, device {_text(head['device'])},"
        f" {duration(float(head['seconds']))}.",
        "",
        "| outcome | claim | estimate | predicted | interval | controls | why not consistent |",
        "|---|---|---:|---:|---|---:|---|",
    ]
    return "\n".join([*lines, *(_summary_row(claim) for claim in report.claims)])


def _summary_row(claim: ClaimView) -> str:
    row = claim.headline or {"margin": None, "estimate": None, "predicted": None, "interval": None}
    margin = row["margin"]
    cells = (
        f"{GLYPHS[claim.outcome]} {claim.outcome}",
        f"`{claim.address.replace('|', '/').replace('`', '')}`",
        (f"{row['quantity']} " if row["estimate"] is not None else "") + number(row["estimate"], margin),
        number(row["predicted"], margin),
        interval(row["interval"], margin),
        f"{claim.caught}/{len(claim.controls)}",
        _text(claim.reason),
    )
    return f"| {' | '.join(cells)} |"


def _claim(claim: ClaimView) -> str:
    known = claim.catalogue
    source = known["source"]
    cited = ", ".join(str(source[k]) for k in ("authors", "title", "venue", "year", "statement") if source[k])
    evidence = EVIDENCE.get(source["evidence"], source["evidence"])
    lines = [
        f"### {GLYPHS[claim.outcome]} {_text(claim.address)}: {claim.outcome}",
        "",
        _text(known["statement"]),
        "",
        f"Law: {_text(known['law']['text'])} ({known['law']['direction']}). {_text(cited) or 'No paper'} ({evidence}).",
        "",
        "<details><summary>Results and controls</summary>",
        "",
        "| case | comparison | predicted | estimate | interval | margin | α | replicates | outcome | reason |",
        "|---|---|---:|---:|---|---:|---:|---:|---|---|",
        *(_result(row) for row in claim.results),
    ]
    if claim.controls:
        lines += ["", "| control | must be caught by | expected | outcome | estimate | as expected |",
                  "|---|---|---|---|---:|---|"]  # fmt: skip
        lines += [_control(control) for _, control in claim.controls]
    if claim.reproduce:
        lines += ["", "Reproduce:", "", "```", claim.reproduce.replace("```", "` ` `"), "```"]
    return "\n".join([*lines, "", "</details>"])


def _result(row: Mapping[str, Any]) -> str:
    margin = row["margin"]
    cells = (
        _text(case_text(row)) or "all",
        f"{COMPARISONS[row['comparison']]}, {row['quantity']}",
        number(row["predicted"], margin),
        number(row["estimate"], margin),
        interval(row["interval"], margin),
        brief(margin),
        brief(row["alpha"]),
        str(row["replicates"]),
        f"{GLYPHS[Outcome(row['outcome'])]} {row['outcome']}",
        _text(row["reason"]),
    )
    return f"| {' | '.join(cells)} |"


def _control(control: Mapping[str, Any]) -> str:
    cells = (
        _text(control["name"]),
        f"{COMPARISONS[control['comparison']]}, {control['quantity']}",
        control["expected"],
        control["outcome"],
        number(control["estimate"]),
        "✓ yes" if control["as_expected"] else "✗ no",
    )
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
