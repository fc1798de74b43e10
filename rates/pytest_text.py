"""What a test says about a claim: why it is not consistent, how to repeat it, and where the report is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rates.report import ReportError, write
from rates.report.views import slug
from rates.report.wording import COMPARISONS, brief, interval, number, prose
from rates.result import ClaimRun, Outcome, Result, Run

_HEADER = ("outcome", "comparison", "predicted", "measured", "interval", "margin")


def failure(run: Run, label: str, folder: Path) -> str:
    """Return the reasons why one case of the one claim of a run is not consistent, and write its report."""
    (claim,) = run.claims
    where = f" at {label}" if label else ""
    lines = [f"{claim.address} is {claim.outcome}{where}", ""]
    off = [result for result in claim.results if _is_off(result)]
    lines += _table(off or claim.results)
    if not off:
        lines.append("  nothing judged involves the experiment" if claim.results else "  nothing of it is checked")
    again = next((result.reproduce for result in claim.results if result.reproduce), "")
    lines += ["", f"  reproduce  {again}"] if again else [""]
    return "\n".join([*lines, f"  report     {_page(run, claim, folder)}"])


def unjudged(run: Run) -> str:
    """Return the reasons why nothing of a run could be judged, each once."""
    return "; ".join(dict.fromkeys(prose(result.reason) for result in run.results))


def case_folder(name: str) -> str:
    """Return a folder name for a claim and its case, `ntk/method:claim[d=2]`."""
    return slug(name)


def _is_off(result: Result) -> bool:
    return result.outcome is not Outcome.CONSISTENT or any(not control.as_expected for control in result.controls)


def _table(results: Sequence[Result]) -> list[str]:
    """Return the figures of results in aligned columns; below each the reason, and the controls that went astray."""
    rows = [_HEADER, *map(_cells, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    header, *figures = ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    blocks = [[line, *_reasons(result)] for line, result in zip(figures, results, strict=True)]
    return [line for block in ([header], *blocks) for line in block] if results else []


def _cells(result: Result) -> tuple[str, ...]:
    margin = result.margin
    comparison = f"{COMPARISONS[result.comparison]}, {result.quantity}"
    figures = (number(result.predicted, margin), number(result.estimate, margin), interval(result.interval, margin))
    return (str(result.outcome), comparison, *figures, brief(margin))


def _reasons(result: Result) -> Iterator[str]:
    yield f"    {prose(result.reason)}"
    for control in result.controls:
        if not control.as_expected:
            yield f"    control {control.name!r} was to be {control.expected} and is {control.outcome}:"
            yield f"      {prose(control.reason)}"


def _page(run: Run, claim: ClaimRun, folder: Path) -> str:
    """Write the report of a run and return the path of the claim's page, or why there is none."""
    try:
        write(run, folder)
    except ReportError as error:
        return f"none: {error}"
    page = folder / "claims" / f"{slug(claim.address)}.html"
    return str(page.relative_to(Path.cwd())) if page.is_relative_to(Path.cwd()) else str(page)
