"""What `rates list` and `rates store info` print; it must come at once, so that nothing else is loaded here."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from rates.catalogue import Located
from rates.claim import Claim
from rates.terminal import Terminal, write

if TYPE_CHECKING:
    from rates.store import Info


def print_list(located: Sequence[Located]) -> None:
    """Print one line a claim: a table on a terminal, columns between tabs anywhere else."""
    rows = [(i.address, str(i.claim.law), str(i.claim.law.direction), _cited(i.claim), i.claim.source.evidence)
            for i in located]  # fmt: skip
    if not sys.stdout.isatty():
        for row in rows:
            write("\t".join(row) + "\n")
        return
    made = table("claim", "law", "direction", "source", "evidence")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    Terminal().print(made)


def print_store(name: str, info: Info) -> None:
    """Print how much a store holds."""
    out = console()
    out.print(Text(f"{name}: {info.measurements} measurements of {info.cells} cells, {info.bytes / 1e6:.1f} MB,"
                       f" {info.seconds:.0f} s of measuring"), soft_wrap=True)  # fmt: skip
    if info.created is not None:
        oldest, newest = (time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) for at in info.created)
        out.print(Text(f"from {oldest} to {newest}, {len(info.fingerprints)} versions of code"), soft_wrap=True)
    if info.verdicts:
        out.print(Text(f"outcomes of earlier runs: {info.verdicts}"), soft_wrap=True)
    for claim, count in info.claims.items():
        out.print(Text(f"  {claim}  {count}"), soft_wrap=True)


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table with these columns, the first one's name replaced by a title."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns if title is None else (title, *columns[1:]):
        made.add_column(column, overflow="fold")
    return made


def console() -> Terminal:
    """Return a console that does not break lines where nobody looks at a terminal."""
    return Terminal(highlight=False) if sys.stdout.isatty() else Terminal(highlight=False, width=160)


def _cited(claim: Claim) -> str:
    source = claim.source
    names = [author.split()[-1] for author in source.authors.split(", ") if author]
    paper = f"{' & '.join(names[:2])}{' et al.' if len(names) > 2 else ''} {source.year or ''}".strip()
    return ", ".join(part for part in (paper, source.statement.partition(";")[0]) if part) or "no source"
