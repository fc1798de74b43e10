"""What a plan costs before it runs: cells, measurements, calls, seconds of one core, bytes in the store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rates.experiment import COMPONENTS
from rates.plan import ClaimPlan, Trial
from rates.store import Key
from rates.sweep import Job

_MARK = "0" * 33  # as long as what cells are marked with
_ROW_BYTES = 26  # of a measurement beside its values: cell, replicate, components, seconds, time, and SQLite's own
_CELL_BYTES = 30
_FILLED = 0.77  # of a page of the file, where cells grow in turns


@dataclass(frozen=True)
class Cost:
    """What a plan asks for if every claim goes to its last look, and every control, which are clear, to its first.

    A cell is one x of one case of the claim or of one control (all x, where one call takes them together, and every
    curve); a measurement is one replicate of a cell, a row of the store. A call measures a block of replicates of a
    cell. `seconds` are those of one core, without the experiments of the `untimed` claims, of which no pilot says how
    long they take. `bytes` are those that an empty store grows by.
    """

    cells: int
    measurements: int
    calls: int
    seconds: float
    untimed: int
    bytes: int


def cost(plans: Iterable[ClaimPlan]) -> Cost:
    """Return what the plans cost together; what two controls have in common is measured once."""
    planned = list(plans)
    cells: dict[Key, _Cell] = {}
    for key, cell in (found for p in planned for trial in p.trials for found in _cells(trial)):
        cells[key] = max(cell, cells.get(key, cell), key=lambda c: c.rows)
    seconds = [p.seconds for p in planned if any(t.measured for t in p.trials)]
    return Cost(
        len(cells), sum(c.rows for c in cells.values()), sum(c.calls for c in cells.values()),
        sum(known for known in seconds if known is not None), seconds.count(None),
        math.ceil(sum(_bytes(key, cell) for key, cell in cells.items())),
    )  # fmt: skip


@dataclass(frozen=True)
class _Cell:
    rows: int
    calls: int
    values: int  # in a row


def _cells(trial: Trial) -> Iterator[tuple[Key, _Cell]]:
    """Yield the cells that a trial measures, its curves among them."""
    if trial.broken:
        return
    located, experiment = trial.located, trial.located.claim.experiment
    for x in _grids(trial):
        job = Job.curve(located, trial.case, trial.settings, x=x, fingerprint=_MARK)
        yield job.key(job.cells[0]), _Cell(1, 1, len(x))
    if trial.measured and experiment is not None:
        asked = trial.schedule.looks[0 if trial.control else -1]
        job = Job.measure(located, trial.case, trial.settings, replicates=asked, seed=0, fingerprint=_MARK)
        calls = math.ceil(len(job.first) / job.block)
        for cell in job.cells:
            yield job.key(cell), _Cell(calls * job.block, calls, len(cell) * COMPONENTS[experiment.estimand])


def _grids(trial: Trial) -> set[tuple[float, ...]]:
    """Return the points at which a trial's curve is computed."""
    claim = trial.located.claim
    if claim.curve is None:
        return set()
    found = {check.x for check in trial.followed if check.x is not None}
    own = claim.experiment if trial.control is None else None
    return found | ({own.x} if own is not None else set())


def _bytes(key: Key, cell: _Cell) -> float:
    """Return what a cell takes in the file; its key is there twice, in the table and in its index."""
    name = sum(len(text.encode()) for text in key.row) + _CELL_BYTES
    return (2 * name + cell.rows * (8 * cell.values + _ROW_BYTES)) / _FILLED
