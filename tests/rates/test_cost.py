"""The cost of a plan against what a run then really keeps."""

import numpy as np
import pytest

from rates.check import check, locate
from rates.cost import Cost, cost
from rates.plan import Options, plan
from rates.store import Store

BIG = "Pilot(0.7, 0.7, seconds=1e-3)"  # so that many replicates are planned
EDGE = "law=Law.power('x', 'slope + 1/10')"  # the truth lies on the edge of the margin: never decided
PATH = """
def path(x, streams, slope=-1.0, cv=0.1):
    noise = np.array([s.numpy("noise").standard_normal(len(x)) for s in streams])
    return x**slope * np.exp(cv * noise)
"""
SIZES = f"tiny({EDGE}, experiment=Experiment(power, X, pilot={BIG}), cases=({{'slope': '-11/10'}},), controls=())"
TIMES = (
    f"tiny({EDGE}, experiment=Experiment(path, tuple(range(10, 410, 10)), axis='time', pilot={BIG}, block=32),"
    " cases=({'slope': '-11/10'},), controls=())"
)


def planned(target: str, **options) -> Cost:
    return cost(plan(locate(target), Options(**options)))


def grown(target: str, folder) -> tuple[int, int, int]:
    """Return the cells, measurements and bytes that a run leaves in a new store."""
    with Store.open(folder / "empty.db") as store:
        empty = store.info().bytes
    check(target, engine_name="serial", store=folder / "full.db")
    with Store.open(folder / "full.db") as store:
        info = store.info()
    return info.cells, info.measurements, info.bytes - empty


@pytest.mark.parametrize("claims", [SIZES, TIMES], ids=["a cell an x", "all x in one cell"])
def test_a_claim_that_is_never_decided_costs_what_was_planned(claims_file, tmp_path, claims):
    target = str(tmp_path / claims_file(claims, functions=PATH))
    expected = planned(target)
    cells, measurements, size = grown(target, tmp_path)
    assert (expected.cells, expected.measurements) == (cells, measurements)
    assert measurements > 2000
    assert expected.bytes == pytest.approx(size, rel=0.2)


def test_a_claim_that_is_clear_costs_no_more(claims_file, tmp_path):
    """Every control stops at its first look, and what two controls share is measured once."""
    target = str(tmp_path / claims_file("with_curve()"))
    expected = planned(target)
    cells, measurements, _ = grown(target, tmp_path)
    assert expected.cells == cells
    assert measurements <= expected.measurements


def test_cells_are_cases_times_x_for_the_claim_and_each_control(claims_file, tmp_path):
    cases = "cases=({'scale': 1}, {'scale': 2}, {'scale': 3})"
    target = str(tmp_path / claims_file(f"tiny({cases}, experiment=Experiment(power, X, pilot={BIG}))"))
    found, [one] = planned(target), plan(locate(target), Options())
    looks, controls = one.trials[0].schedule.looks, [t.schedule.looks for t in one.trials if t.control]
    assert len(controls) == 3
    assert found.cells == 4 * (3 + 3)
    assert found.measurements == 4 * (3 * looks[-1] + sum(looks_of[0] for looks_of in controls))
    assert found.calls * 8 == found.measurements
    assert found.seconds == pytest.approx(found.measurements / 4 * 1e-3)
    assert planned(target, controls=False).cells == 4 * 3


def test_what_is_not_measured_costs_nothing(claims_file, tmp_path):
    broken = "tiny(cases=({'r': 2},), conditions=(Condition('r < 1'),), controls=())"
    assert planned(str(tmp_path / claims_file(broken))) == Cost(0, 0, 0, 0.0, 1, 0)


def test_plans_add_up(claims_file, tmp_path):
    target = str(tmp_path / claims_file(f"{SIZES}, tiny(name='untimed')", functions=PATH))
    together = planned(target)
    apart = [cost([p]) for p in plan(locate(target), Options())]
    assert [c.untimed for c in apart] == [0, 1]
    for name in ("cells", "measurements", "calls", "seconds", "untimed"):
        assert getattr(together, name) == np.sum([getattr(c, name) for c in apart])
