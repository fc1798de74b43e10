"""What a comparison looks like to people: a table on the terminal, Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rates.compare.changes import MEASURED, Change, Changes, Origin, Row
from rates.report.wording import DASH, ascii_only, brief, duration, interval, number, prose
from rates.terminal import Terminal

GLYPHS: Mapping[Change, str] = {
    Change.REGRESSED: "✗", Change.INCONCLUSIVE: "?", Change.IMPROVED: "✓", Change.UNCHANGED: "=", Change.NEW: "·",
    Change.GONE: "–",
}  # fmt: skip
_STYLES: Mapping[Change, str] = {
    Change.REGRESSED: "bold red", Change.INCONCLUSIVE: "yellow", Change.IMPROVED: "green", Change.UNCHANGED: "dim",
    Change.NEW: "cyan", Change.GONE: "cyan",
}  # fmt: skip
_HEADINGS = ("change", "claim", "quantity", "base", "head", "difference", "interval")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")
_LOG_WIDTH = 160


def print_changes(changes: Changes, stream: TextIO) -> None:
    """Print what is not unchanged, row by row with the reasons, and how much is."""
    console = Terminal(file=stream, highlight=False, width=None if stream.isatty() else _LOG_WIDTH)
    plain = not console.encoding.lower().startswith("utf")
    moved = [row for row in changes.rows if row.change is not Change.UNCHANGED]
    if moved:
        console.print(_table(moved, plain))
    for row in moved:
        console.print()
        head = f"{GLYPHS[row.change]} {_where(row)}"
        console.print(Text(_shown(head, plain), style=_STYLES[row.change]), soft_wrap=True)
        console.print(Text(_shown(f"  {prose(row.reason)}", plain)), soft_wrap=True)
    _print_rest(changes, console, plain)


def to_markdown(changes: Changes) -> str:
    """Return a summary line, a table of what is not unchanged, and the rest folded: fit for a pull-request comment."""
    moved = [row for row in changes.rows if row.change is not Change.UNCHANGED]
    rest = [row for row in changes.rows if row.change is Change.UNCHANGED]
    lines = [f"## Rate comparison: {counted(changes)}", "", f"{_escaped(_sides(changes))}. {_levels(changes)}."]
    if moved:
        lines += [
            "",
            "| change | claim | quantity | base | head | difference | why |",
            "|---|---|---|---:|---:|---|---|",
        ]
        lines += [_markdown_row(row) for row in moved]
    if changes.notes:
        lines += ["", *(f"* {_escaped(note)}" for note in changes.notes)]
    if rest:
        names = len({(row.claim, row.case) for row in rest})
        lines += ["", f"<details><summary>Unchanged: {len(rest)} quantities of {names} cases</summary>", ""]
        lines += ["| claim | quantity | base | head | difference | how that is known |", "|---|---|---:|---:|---|---|"]
        lines += [_markdown_row(row, change=False) for row in rest]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def counted(changes: Changes) -> str:
    """Return the number of claims by change, `1 regressed, 12 unchanged`."""
    return ", ".join(f"{count} {change}" for change, count in changes.counts.items())


def _table(rows: Sequence[Row], plain: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in _HEADINGS:
        right = name in ("base", "head", "difference")
        table.add_column(name, overflow="fold", justify="right" if right else "left", no_wrap=name == "change")
    for row in rows:
        claim = f"{row.claim} ({row.case})" if row.case else row.claim
        first = Text(_shown(f"{GLYPHS[row.change]} {row.change}", plain), style=_STYLES[row.change])
        cells = (claim, row.quantity or DASH, *_numbers(row), interval(row.interval, _scale(row)))
        table.add_row(first, *(Text(_shown(cell, plain)) for cell in cells))
    return table


def _print_rest(changes: Changes, console: Console, plain: bool) -> None:
    for note in changes.notes:
        console.print(Text(_shown(f"note: {prose(note)}", plain)), soft_wrap=True)
    took = f" in {duration(changes.seconds)}" if changes.seconds else ""
    console.print(Text(_shown(f"\n{counted(changes)}{took}{_identical(changes)}", plain)), soft_wrap=True)
    console.print(Text(_shown(f"{_sides(changes)}. {_levels(changes)}.", plain)), soft_wrap=True)


def _identical(changes: Changes) -> str:
    """Say how much is the same to the last bit, of what was measured and of what was computed."""
    measured = {(row.claim, row.case) for row in changes.rows if row.quantity in MEASURED}
    curves = {(row.claim, row.case) for row in changes.rows if row.quantity == "curve"}
    same = [(row.quantity, row.claim, row.case) for row in changes.rows if row.identical]
    parts = [
        f"{sum(name == quantity for name, _, _ in same)} of {len(cases)} {what}"
        for quantity, cases, what in (("values", measured, "measured cases"), ("curve", curves, "curves"))
        if cases
    ]
    return f"; the same to the last bit: {' and '.join(parts)}" if parts else ""


def _numbers(row: Row) -> tuple[str, str, str]:
    scale = _scale(row)
    return number(row.base, scale), number(row.head, scale), number(row.difference, scale)


def _scale(row: Row) -> float | None:
    """Return what sets the digits: the tolerance, or the change itself where that is smaller."""
    sizes = [abs(value) for value in (row.tolerance, row.difference) if value]
    return min(sizes, default=None)


def _markdown_row(row: Row, *, change: bool = True) -> str:
    claim = f"`{row.claim.replace('|', '/').replace('`', '')}`" + (f" {_escaped(row.case)}" if row.case else "")
    base, head, difference = _numbers(row)
    if row.interval is not None:
        difference += f" {_escaped(interval(row.interval, _scale(row)))}"
    cells = [claim, row.quantity or DASH, base, head, difference, _escaped(prose(row.reason))]
    return f"| {' | '.join([f'{GLYPHS[row.change]} {row.change}', *cells] if change else cells)} |"


def _sides(changes: Changes) -> str:
    return f"Base {_named(changes.base)}; head {_named(changes.head)}"


def _named(origin: Origin) -> str:
    commit = "" if origin.commit is None else f" ({origin.commit[:9]}{' and changes' if origin.dirty else ''})"
    return f"{origin.name}{commit}, {origin.profile}, seed {origin.seed}, {origin.device}"


def _levels(changes: Changes) -> str:
    tests = f"{changes.family} tests" if changes.family != 1 else "1 test"
    return f"{tests} at the family-wise level {brief(changes.level)} (Holm)" if changes.family else "No test was needed"


def _where(row: Row) -> str:
    return " ".join(part for part in (row.claim, f"({row.case})" if row.case else "", row.quantity) if part)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def _shown(text: str, plain: bool) -> str:
    return ascii_only(text) if plain else text
