"""What the table of claims can be filtered by: menus with the values that occur and how many claims have each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rates.report.views import Report
from rates.report.wording import KINDS


@dataclass(frozen=True)
class Entry:
    """One value of a menu."""

    value: str
    text: str
    count: int


@dataclass(frozen=True)
class Menu:
    """A filter: its name in the page's address, its label, and its entries in titled groups ("" for no title)."""

    name: str
    label: str
    groups: Sequence[tuple[str, Sequence[Entry]]]


def menus(report: Report) -> list[Menu]:
    """Return the filters of a run: chapter, outcome, kind (form, direction, experiment) and device."""
    claims = report.claims
    kinds = [
        (title, _entries([claim.kinds[i] for claim in claims], KINDS))
        for i, title in enumerate(("form", "direction", "experiment"))
    ]
    outcomes = [Entry(str(outcome), str(outcome), count) for outcome, count in report.counts.items()]
    return [
        Menu("chapter", "Chapter", [("", _entries(claim.chapter for claim in claims))]),
        Menu("outcome", "Outcome", [("", outcomes)]),
        Menu("kind", "Kind", kinds),
        Menu("device", "Device", [("", _entries(device for claim in claims for device in claim.devices))]),
    ]


def _entries(values: Iterable[str], texts: Mapping[str, str] | None = None) -> list[Entry]:
    """Return the values that occur with their numbers: in the order of `texts`, else of the alphabet."""
    counts, known = Counter(values), dict(texts or {})
    order = [value for value in known if value in counts] if texts else sorted(counts)
    return [Entry(value, known.get(value, value), counts[value]) for value in order]
