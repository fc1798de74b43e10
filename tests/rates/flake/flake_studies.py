"""Records of studies that never ran: what a report makes of them is known beforehand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rates.flake.records import ControlRow, PValue, Record, ResultRow, Study, finite

CONTROL = ControlRow("d=2", "no decay", "experiment-law", "slope", "refuted", "refuted", True, 16)
MISSED = ControlRow("d=2", "no decay", "experiment-law", "slope", "refuted", "consistent", False, 16, "cannot be told")
UNCAUGHT = ControlRow("d=2", "no decay", "experiment-law", "slope", "refuted", "inconclusive", False, 16, "wide")


def result(outcome: str = "consistent") -> ResultRow:
    return ResultRow("d=2", "experiment-law", "slope", outcome, -1.0, (-1.05, -0.95), 0.1, 1e-3, 16, "")


def record(
    run: int, outcome: str = "consistent", *, claim: str = "a:one", controls: Sequence[ControlRow] = (CONTROL,),
    p: Sequence[PValue] = (), random: bool = True, fingerprint: str = "new", error: str = "",
) -> Record:  # fmt: skip
    return Record(claim, run, 1000 + run, fingerprint, random, 1e-3, outcome, 2.0, (result(outcome),),
                  tuple(controls), tuple(p), error)  # fmt: skip


def p_value(p: float | None, *, check: str = "experiment-curve level", case: str = "d=2", exact_to: float = 1e-4):
    return PValue(case, check, p, 0.0, 0.02, exact_to, 16, "" if p is not None else "the mean is not positive")


def study(records: Sequence[Record]) -> Study:
    return Study("flake", "quick", ({"study": "flake", "profile": "quick"},), tuple(records))


def write(path: Path, records: Sequence[Record]) -> Path:
    rows = [{"study": "flake", "profile": "quick"}, *(asdict(r) for r in records)]
    path.write_text("".join(json.dumps(finite(row)) + "\n" for row in rows), encoding="utf-8")
    return path
