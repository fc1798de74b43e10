"""Head against base: did a slope, a level or a constant change?

Measurements of both sides are paired by replicate, since the same seed gives both the same random numbers, and each
side's slope and level are jackknifed as a check does; Holm's procedure covers all of them.
"""

from __future__ import annotations

from rates.compare.changes import Change, Changes, CompareError, Origin, Row
from rates.compare.run import compare
from rates.compare.sides import Side, of_folder, of_json, of_run
from rates.compare.whole import Rules, compare_sides

__all__ = [
    "Change", "Changes", "CompareError", "Origin", "Row", "Rules", "Side", "compare", "compare_sides", "of_folder",
    "of_json", "of_run",
]  # fmt: skip
