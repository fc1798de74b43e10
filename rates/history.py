"""What earlier runs said of a claim: one row a claim and run in the store, by the result that stands for the claim.

A run counts if it asked the claim's own question to the end: not with other parameters, in one case, without
controls, or cut short by a budget, whose outcomes cannot be told from a change of the code.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from rates.plan import Options
from rates.result import Outcome, Past, Run
from rates.store import Store, StoreError

_COLUMNS = ("created", "commit", "dirty", "profile", "seed", "device", "outcome", "case", "comparison", "quantity",
            "predicted", "estimate", "low", "high", "margin")  # fmt: skip
_LISTED = ", ".join(f'"{name}"' for name in _COLUMNS)
# The order of rows is that in which they came: a clock may be set back.
_LATEST = f"SELECT {_LISTED} FROM verdict WHERE claim = ? ORDER BY id DESC LIMIT ?"
_INSERT = f"INSERT INTO verdict (claim, {_LISTED}) VALUES (?{', ?' * len(_COLUMNS)})"


def counts(options: Options) -> bool:
    """Return whether runs with these options, unless a budget cuts them short, belong to the history of a claim."""
    return options.controls and options.case is None and not options.settings


def past(store: Store, address: str, limit: int = 50) -> tuple[Past, ...]:
    """Return what the latest runs said of a claim, at most `limit` of them, oldest first."""
    return tuple(_readable(store, address, row) for row in reversed(store.query(_LATEST, (address, limit))))


def record(store: Store, run: Run) -> int:
    """Remember what a run said of each of its claims and return how many rows that took.

    What only says again what the latest row says (same commit without changes, profile, seed, device, outcome and
    estimate) is not remembered twice. StoreError if it cannot be written; then nothing of it is.
    """
    rows = list(_rows(run, time.time()))
    kept = 0
    with store.transaction() as connection:
        for address, row in rows:
            latest = connection.execute(_LATEST, (address, 1)).fetchone()
            if latest is None or not _repeats(row, _readable(store, address, latest)):
                connection.execute(_INSERT, (address, *_values(row)))
                kept += 1
    return kept


def _rows(run: Run, now: float) -> Iterator[tuple[str, Past]]:
    commit, dirty = run.environment.get("commit"), bool(run.environment.get("dirty"))
    for claim in run.claims:
        telling = claim.headline
        if telling is not None:
            yield claim.address, Past(
                now, commit, dirty, run.profile, run.seed, run.device, claim.outcome, telling.case_label,
                telling.comparison, telling.quantity, _number(telling.predicted), _number(telling.estimate),
                _interval(telling.interval), telling.margin,
            )  # fmt: skip


def _repeats(row: Past, earlier: Past) -> bool:
    if row.dirty or earlier.dirty:
        return False
    names = ("commit", "profile", "seed", "device", "outcome", "estimate")
    return all(getattr(row, name) == getattr(earlier, name) for name in names)


def _values(row: Past) -> tuple[Any, ...]:
    low, high = row.interval or (None, None)
    return (row.created, row.commit, int(row.dirty), row.profile, str(row.seed), row.device, str(row.outcome), row.case,
            row.comparison, row.quantity, row.predicted, row.estimate, low, high, row.margin)  # fmt: skip


def _readable(store: Store, address: str, row: Sequence[Any]) -> Past:
    try:
        return _past(row)
    except (ValueError, TypeError) as error:
        raise StoreError(f"{store.name} is damaged: an outcome of {address} cannot be read") from error


def _past(row: Sequence[Any]) -> Past:
    created, commit, dirty, profile, seed, device, outcome, case, comparison, quantity, *numbers = row
    predicted, estimate, low, high, margin = numbers
    interval = None if low is None or high is None else (float(low), float(high))
    predicted, estimate = (None if value is None else float(value) for value in (predicted, estimate))
    return Past(float(created), commit, bool(dirty), profile, int(seed), device, Outcome(outcome), case, comparison,
                quantity, predicted, estimate, interval, float(margin))  # fmt: skip


def _number(value: float | None) -> float | None:
    """Return a finite number as it is; what is none says nothing."""
    return None if value is None or not math.isfinite(value) else float(value)


def _interval(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return an interval, whose end may be infinite (a one-sided statement) but not NaN."""
    return None if interval is None or any(math.isnan(end) for end in interval) else interval
