"""What notebooks show of results: small pieces of HTML that carry their style and work on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from rates.report.views import ClaimView, case_text
from rates.report.wording import COMPARISONS, GLYPHS, brief, duration, interval, number, sentence
from rates.result import ClaimRun, Outcome, Result, Run

# White on these has a contrast of at least 4.5 : 1; text and lines take the colour of the page.
_COLOURS: Mapping[Outcome, str] = {
    Outcome.CONSISTENT: "#1a7f37", Outcome.REFUTED: "#b3261e", Outcome.ERROR: "#b3261e", Outcome.INVALID: "#7b3fa0",
    Outcome.INCONCLUSIVE: "#8a5300", Outcome.PRE_ASYMPTOTIC: "#0b6477", Outcome.UNDECIDABLE: "#5f6368",
}  # fmt: skip
_LINE = "border-bottom:1px solid rgba(127,127,127,.35);padding:.2em .8em .2em 0;vertical-align:top;background:none"
_LEFT, _RIGHT = f"{_LINE};text-align:left", f"{_LINE};text-align:right;white-space:nowrap"


def result_html(result: Result) -> str:
    """Return a result as outcome, numbers and reason; ValueError for a margin that is no finite number."""
    result.require_margin()
    facts = [
        ("estimate", number(result.estimate, result.margin)),
        ("interval", interval(result.interval, result.margin)),
        ("predicted", number(result.predicted, result.margin)),
        ("margin", brief(result.margin)),
        ("replicates", str(result.replicates)),
        ("time", duration(result.seconds)),
        ("device", f"{result.device}, {result.dtype}"),
    ]
    head = f"{_badge(result.outcome)} {_code(result.claim)} {escape(result.case_label)}"
    kind = f"{COMPARISONS.get(result.comparison, result.comparison)}, {result.quantity}, {result.direction}"
    body = _table([name for name, _ in facts], [[value for _, value in facts]], words=0)
    notes = "".join(_paragraph(sentence(note)) for note in result.notes)
    return _box(head, _paragraph(kind), body, _paragraph(sentence(result.reason)), notes, _controls([result]))


def claim_html(claim: ClaimRun) -> str:
    """Return a claim as its statement and one line a result."""
    view = _view(claim)
    statement = _paragraph(claim.claim.statement) if claim.claim is not None else ""
    columns = ("outcome", "case", "comparison", "quantity", "estimate", "interval", "predicted", "margin", "why")
    rows = [
        (_Html(_badge(r.outcome)), r.case_label or "all", COMPARISONS.get(r.comparison, r.comparison), r.quantity,
         number(r.estimate, r.margin), interval(r.interval, r.margin), number(r.predicted, r.margin), brief(r.margin),
         "" if r.outcome is Outcome.CONSISTENT else sentence(r.reason))
        for r in claim.results
    ]  # fmt: skip
    head = f"{_badge(claim.outcome)} {_code(claim.address)}"
    why = _paragraph(sentence(view.reason)) if view.reason else ""
    return _box(head, statement, why, _table(columns, rows, words=4), _controls(claim.results))


def run_html(run: Run) -> str:
    """Return a run as one line a claim, what is not consistent with its reason."""
    columns = ("outcome", "claim", "case", "quantity", "estimate", "interval", "predicted", "controls", "time", "why")
    rows = [_run_row(claim, _view(claim)) for claim in run.claims]
    counts = {o: sum(claim.outcome is o for claim in run.claims) for o in Outcome}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "no claims"
    about = f"profile {run.profile}, seed {run.seed}, device {run.device}, {duration(run.seconds)}"
    return _box(f"<b>{escape(told)}</b>", _paragraph(about), _table(columns, rows, words=4))


class _Html(str):
    """Text that is HTML already."""


def _run_row(claim: ClaimRun, view: ClaimView) -> Sequence[str]:
    row = view.headline or {"case": {}, "quantity": "", "estimate": None, "predicted": None, "interval": None,
                            "margin": None}  # fmt: skip
    margin = row["margin"]
    return (
        _Html(_badge(claim.outcome)), _Html(_code(claim.address)), case_text(row), row["quantity"],
        number(row["estimate"], margin),
        interval(row["interval"], margin), number(row["predicted"], margin), f"{view.caught}/{len(view.controls)}",
        duration(view.seconds), sentence(view.reason) if view.reason else "",
    )  # fmt: skip


def _view(claim: ClaimRun) -> ClaimView:
    """Return what the pages know of a claim, made of its results as they are."""
    rows: list[dict[str, Any]] = [vars(r) | {"controls": [vars(control) for control in r.controls]}
                                  for r in claim.results]  # fmt: skip
    return ClaimView(claim.address, claim.outcome, {}, tuple(rows))


def _controls(results: Iterable[Result]) -> str:
    controls = [control for result in results for control in result.controls]
    if not controls:
        return ""
    missed = [control for control in controls if not control.as_expected]
    caught = f"{len(controls) - len(missed)} of {len(controls)} controls came out as expected."
    return _paragraph(caught) + "".join(_paragraph(f"{c.name}: {sentence(c.reason)}") for c in missed)


def _badge(outcome: Outcome) -> str:
    style = f"background:{_COLOURS[outcome]};color:#fff;border-radius:.3em;padding:.1em .5em;white-space:nowrap"
    return f'<span style="{style}">{GLYPHS[outcome]} {outcome}</span>'


def _code(text: str) -> str:
    return f'<code style="background:none;color:inherit">{escape(text)}</code>'


def _paragraph(text: str) -> str:
    return f'<div style="margin:.3em 0">{escape(text)}</div>'


def _box(head: str, *parts: str) -> str:
    inside = "".join(parts)
    return f'<div style="color:inherit;max-width:75em;line-height:1.5"><div>{head}</div>{inside}</div>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """Return a table whose first `words` columns and last one, if it is `why`, hold words, the others numbers.

    A last column without a word in it is left out.
    """
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    styles = [_LEFT if i < words or name == "why" else _RIGHT for i, name in enumerate(columns)]
    head = "".join(f'<th scope="col" style="{s}">{escape(c)}</th>' for c, s in zip(columns, styles, strict=True))
    body = "".join(
        "<tr>" + "".join(_cell(cell, style) for cell, style in zip(row, styles, strict=True)) + "</tr>" for row in rows
    )
    style = "border-collapse:collapse;color:inherit;font-variant-numeric:tabular-nums;margin:.3em 0"
    return f'<div style="overflow-x:auto"><table style="{style}"><tr>{head}</tr>{body}</table></div>'


def _cell(cell: str, style: str) -> str:
    return f'<td style="{style}">{cell if isinstance(cell, _Html) else escape(cell)}</td>'
