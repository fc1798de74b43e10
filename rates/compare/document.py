"""The machine-readable record of a comparison: JSON numbers, never NaN, described by `schema.json` beside this file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from importlib import resources
from typing import Any

from rates.compare.changes import Changes, CompareError, Row

SCHEMA = 1


def to_json(changes: Changes) -> dict[str, Any]:
    """Return the document of a comparison, valid by `schema`; CompareError where a number is not finite."""
    return {
        "schema": SCHEMA,
        "kind": "comparison",
        "base": asdict(changes.base),
        "head": asdict(changes.head),
        "level": changes.level,
        "family": changes.family,
        "claims": {claim: str(change) for claim, change in changes.claims.items()},
        "rows": [_row(row) for row in changes.rows],
        "notes": list(changes.notes),
        "seconds": changes.seconds,
        "exit_code": changes.exit_code,
    }


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = resources.files("rates.compare").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _row(row: Row) -> dict[str, Any]:
    told = asdict(row) | {"change": str(row.change), "interval": None if row.interval is None else list(row.interval)}
    for name in ("base", "head", "difference", "p_value", "level", "tolerance", "correlation"):
        _require_finite(row, name, told[name])
    for end in told["interval"] or ():
        _require_finite(row, "interval", end)
    return told


def _require_finite(row: Row, name: str, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise CompareError(f"{row.claim} {row.quantity}: {name} is {value}, which is no finite number")
