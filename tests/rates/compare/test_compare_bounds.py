"""Bounds, compared at every x: paired by replicate, or from means and standard errors where there are no replicates."""

import json

import numpy as np
import pytest
from synthetic_sides import CURVE_VALUES, FAR, SLOPE, nearly, noise, power, rows, side

from rates.claim import Check, Margin
from rates.compare import Change, Side, compare_sides
from rates.slope import quantile

ALONE = {"checks": (Check("experiment-law", "bound", Margin(0.1)),), "direction": "upper", "constant": "2000"}
BESIDE = ALONE | {"checks": (*SLOPE, *ALONE["checks"])}


def without_replicates(one_side):
    return Side("file.json", one_side.document)


def test_a_bound_is_compared_at_every_x():
    small = noise(20, cv=0.05)
    head = power(nearly(small, 0.999))
    head[:, 3] *= 1.1
    changes = compare_sides(side(power(small), **ALONE), side(head, **ALONE))
    found = {row.reason.split(":")[0]: row.change for row in rows(changes, "bound")}
    assert len(found) == 7
    assert [x for x, change in found.items() if change is Change.REGRESSED] == ["at x = 512"]
    assert rows(changes, "slope") == []


def test_a_bound_alone_is_compared_without_replicates_too():
    """Welch's error, √2 · 0.05/√20 times t at each x, is about the tolerance of 0.05, and far below log 2."""
    small = noise(20, cv=0.05)
    head = side(power(nearly(small, 0.999), scale=2.0), **ALONE)
    curve = {"checks": (*ALONE["checks"], Check("curve-law", "slope", Margin(0.01), x=FAR)), "curve": CURVE_VALUES}
    for more in ({}, curve):
        base, other = (side(power(n), **(ALONE | more)) for n in (small, nearly(small, 0.999)))
        changes = compare_sides(without_replicates(base), other)
        found = rows(changes, "bound")
        assert {row.change for row in found} == {Change.INCONCLUSIVE, Change.UNCHANGED}
        assert not any(row.paired for row in found)
        assert (len(found), changes.family, changes.exit_code) == (7, 7, 3)
    twice = compare_sides(without_replicates(side(power(small), **ALONE)), head)
    assert {row.change for row in rows(twice, "bound")} == {Change.REGRESSED}
    assert compare_sides(without_replicates(head), head).exit_code == 0


def test_a_bound_beside_a_slope_is_compared_at_every_x_also_without_replicates():
    """Slope and level of head stay where they were while one x in the middle goes up by a fifth."""
    small = noise(200, cv=0.02)
    head = power(small.copy())
    head[:, 3] *= 1.2
    sides = [without_replicates(side(y, **BESIDE)) for y in (power(small), head)]
    found = compare_sides(*sides)
    assert [row.change for row in rows(found, "slope")] == [Change.UNCHANGED]
    bounds = {row.reason.split(":")[0]: row for row in rows(found, "bound")}
    assert len(bounds) == 7
    assert [x for x, row in bounds.items() if row.change is Change.REGRESSED] == ["at x = 512"]
    paired = next(row for row in rows(compare_sides(side(power(small), **BESIDE), side(head, **BESIDE)), "bound")
                  if row.reason.startswith("at x = 512"))  # fmt: skip
    row = bounds["at x = 512"]
    assert (row.base, row.head) == (pytest.approx(paired.base, abs=1e-3), pytest.approx(paired.head, abs=1e-3))
    assert row.difference == pytest.approx(np.log(1.2), abs=0.005)
    error = np.hypot(*(np.std(y[:, 3], ddof=1) / np.sqrt(200) / y[:, 3].mean() for y in (power(small), head)))
    assert np.ptp(row.interval) / 2 == pytest.approx(quantile(row.level / 2, 398) * error, rel=0.01)
    assert not row.paired


def test_a_bound_that_cannot_be_compared_without_replicates_is_said():
    one_side = without_replicates(side(power(noise(20, cv=0.02)), **BESIDE))
    other = json.loads(json.dumps(without_replicates(side(power(noise(20, cv=0.02, seed=1)), **BESIDE)).document))
    for row in other["results"]:
        if row["quantity"] == "bound":
            row["points"] = [{**p, "x": 3 * p["x"]} for p in row["points"]]
    changes = compare_sides(one_side, Side("head", other))
    [row] = rows(changes, "bound")
    assert (row.change, changes.exit_code) == (Change.INCONCLUSIVE, 3)
    assert row.reason.startswith("base and head have no x in common")
