"""A clock that goes backwards, or far ahead: nothing but dates depends on it."""

import itertools
import os
import time

import numpy as np
import pytest
from fault_claims import Place

from rates.check import check
from rates.history import past
from rates.plan import Options
from rates.result import Outcome
from rates.store import Key, Store

NOW = 1.7e9


@pytest.fixture
def file(place: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("FAULT_LOG", os.devnull)
    return str(place.folder / "fault_file.py")


def set_clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """Have each look at the clock show `step` seconds more (less) than the one before."""
    clock = itertools.count(NOW, step)
    monkeypatch.setattr(time, "time", lambda: next(clock))


def run(file: str, store: str, seed: int = 0, budget: float | None = None):
    return check(file, options=Options(seed=seed, budget=budget), engine_name="serial", store=store)


def test_outcomes_and_the_order_of_history_do_not_depend_on_the_clock(file, place, monkeypatch):
    store = str(place.folder / "s.db")
    true = run(file, str(place.folder / "true.db"))
    set_clock(monkeypatch, -3600.0)
    runs = [run(file, store, seed) for seed in (0, 1, 2)]
    assert [r.estimate for r in runs[0].results] == [r.estimate for r in true.results]
    assert [len(r.claims[0].history) for r in runs] == [0, 1, 2]
    assert all(r.seconds > 0 for r in runs)
    with Store.open(store) as kept:
        found = past(kept, "fault_file:one")
        assert [p.seed for p in found] == [0, 1, 2]  # as they came
        assert [p.created for p in found] == sorted((p.created for p in found), reverse=True)
        oldest, newest = kept.info().created
        assert oldest < newest <= NOW


@pytest.mark.parametrize("step", [-1e6, 1e6])
def test_a_budget_is_not_spent_by_the_clock(file, place, monkeypatch, step):
    set_clock(monkeypatch, step)
    found = run(file, str(place.folder / "s.db"), budget=3600.0)
    assert {c.outcome for c in found.claims} == {Outcome.CONSISTENT}
    assert {r.replicates for r in found.results} == {16}  # the second look, for which there has to be time
    with Store.open(place.folder / "s.db") as kept:
        assert len(past(kept, "fault_file:one")) == 1  # a run that was cut short would not be remembered


def test_pruning_by_age_goes_by_what_the_clock_said_and_keeps_what_lies_ahead(tmp_path, monkeypatch):
    """What was measured while the clock was ahead is not old, whatever the clock says today."""
    with Store.open(tmp_path / "s.db") as store:
        for replicate, at in enumerate((NOW, NOW + 1e6, NOW - 1e6)):
            monkeypatch.setattr(time, "time", lambda at=at: at)
            store.put(Key("c", "", "", "measure", (1.0,), 0, "cpu", "float64", "f"), replicate, np.ones((1, 1, 1)), 0.1)
        assert store.prune(older_than=NOW) == 1
        kept = store.get(Key("c", "", "", "measure", (1.0,), 0, "cpu", "float64", "f"), range(3))
        assert sorted(kept.values) == [0, 1]
