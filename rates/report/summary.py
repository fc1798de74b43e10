"""The terminal summary: one line a claim, the reasons for what is not consistent, and where to look next."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rates.report.records import from_json, to_json
from rates.report.views import ClaimView, Report
from rates.report.wording import GLYPHS, ascii_only, duration, interval, number
from rates.result import Outcome, Run

_STYLES = {
    Outcome.CONSISTENT: "green", Outcome.REFUTED: "bold red", Outcome.ERROR: "bold red", Outcome.INVALID: "magenta",
    Outcome.INCONCLUSIVE: "yellow", Outcome.PRE_ASYMPTOTIC: "cyan", Outcome.UNDECIDABLE: "dim",
}  # fmt: skip
_WIDE = 110  # columns from which intervals and seconds fit beside an address
_NARROW = 60  # columns below which only outcome and address are left


def print_summary(run: Run | Report, console: Console | None = None, *, index: Path | None = None) -> None:
    """Print what a run decided. `index` is the page that was written, named at the end."""
    console = console or Console()
    report = run if isinstance(run, Report) else from_json(to_json(run))
    plain = not console.encoding.lower().startswith("utf")
    console.print(_table(report, width=console.width, plain=plain))
    _reasons(report, console, plain)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()) or "no claims"
    console.print(Text(f"\n{counts} in {duration(float(report.document['seconds']))}"))
    if index is not None:
        console.print(Text(f"report     {index}"), soft_wrap=True)
    worst = report.worst_claim
    if worst is not None and worst.reproduce:
        console.print(Text(f"reproduce  {worst.reproduce}"), soft_wrap=True)


def _table(report: Report, *, width: int, plain: bool) -> Table:
    wide, narrow = width >= _WIDE, width < _NARROW
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("outcome", no_wrap=True)
    table.add_column("claim", overflow="fold", min_width=20)
    if narrow:
        for claim in report.claims:
            table.add_row(*_cells(claim, wide=False, plain=plain)[:2])
        return table
    table.add_column("estimate", justify="right", no_wrap=True)
    table.add_column("predicted", justify="right", no_wrap=True)
    if wide:
        table.add_column("interval", no_wrap=True)
    table.add_column("controls", justify="right", no_wrap=True)
    if wide:
        table.add_column("time", justify="right", no_wrap=True)
    for claim in report.claims:
        table.add_row(*_cells(claim, wide=wide, plain=plain))
    return table


def _cells(claim: ClaimView, *, wide: bool, plain: bool) -> list[Text]:
    row = claim.headline or {"margin": None, "estimate": None, "predicted": None, "interval": None}
    margin = row["margin"]
    outcome = Text(_shown(f"{GLYPHS[claim.outcome]} {claim.outcome}", plain), style=_STYLES[claim.outcome])
    kind = f"{row['quantity']} " if row["estimate"] is not None and row["quantity"] != "slope" else ""
    texts = [claim.address, kind + number(row["estimate"], margin), number(row["predicted"], margin)]
    texts += [interval(row["interval"], margin)] if wide else []
    texts += [f"{claim.caught}/{len(claim.controls)}"] + ([duration(claim.seconds)] if wide else [])
    cells = [Text(_shown(text, plain)) for text in texts]
    if claim.caught < len(claim.controls):
        cells[-2 if wide else -1].stylize("yellow")
    return [outcome, *cells]


def _reasons(report: Report, console: Console, plain: bool) -> None:
    for claim in report.claims:
        if claim.outcome is Outcome.CONSISTENT:
            continue
        console.print()
        head = Text(_shown(f"{GLYPHS[claim.outcome]} {claim.address}", plain), style=_STYLES[claim.outcome])
        console.print(head, soft_wrap=True)
        console.print(Text(_shown(f"  {claim.reason}", plain)), soft_wrap=True)


def _shown(text: str, plain: bool) -> str:
    return ascii_only(text) if plain else text
