"""Sparklines: what is inside the band is what the verdict lets pass, and the numbers are there as text."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import report_fixture

from rates.law import Law
from rates.report import from_json, to_json
from rates.report.sparkline import Trace, sparkline, trace
from rates.report.views import ClaimView
from rates.result import Outcome, Point, Run

X = (10.0, 20.0, 50.0, 100.0)
MARGIN = 0.1


def view(y: Any, law: Law | None = None, **changes: Any) -> ClaimView:
    """The view of one result with measured values y at X, errors of one percent and, in `curve`, the curve."""
    law = law or Law.power("n", "-1")
    curve = changes.pop("curve", None)
    errors: list[float | None] = [None if changes.get("comparison") == "curve-law" else 0.01 * v for v in y]
    points = tuple(
        Point(x, float(v), errors[i], None if curve is None else float(curve[i]))
        for i, (x, v) in enumerate(zip(X, y, strict=True))
    )
    made = report_fixture.outer_rate()
    fields = {"margin": MARGIN, "points": points, "form": str(law.form), "direction": str(law.direction), **changes}
    owner = report_fixture.claim("rate", law, experiment=None, checks=())
    run = replace(made, claim=owner, results=(replace(made.results[0], **fields),))
    return from_json(to_json(Run((run,), {}, "quick", 1, "cpu"))).claims[0]


def drawn(claim: ClaimView) -> Trace:
    found = trace(claim.results[0], claim.catalogue["law"])
    assert found is not None
    return found


def inside(found: Trace, slack: float = 1e-9) -> bool:
    """Whether every point lies in the band, whose edges may jump at the pivot."""
    for t, value in zip(found.axis, found.ratio, strict=True):
        limits = [(low, high) for place, low, high in found.band if abs(place - t) < 1e-12]
        if not any(low - slack <= value <= high + slack for low, high in limits):
            return False
    return True


def test_the_ratio_is_measured_over_law_and_its_errors_are_two_standard_errors() -> None:
    law = Law.power("n", "-1", constant="3")
    y = [3 / x * factor for x, factor in zip(X, (1.0, 1.1, 0.9, 1.2), strict=True)]
    found = drawn(view(y, law, quantity="level"))
    assert found.ratio == pytest.approx(np.log([1.0, 1.1, 0.9, 1.2]))
    assert found.errors == pytest.approx([0.02] * 4)
    assert found.axis == pytest.approx(np.log(X))


@pytest.mark.parametrize("excess", [-0.3, -0.11, -0.09, 0.0, 0.09, 0.11, 0.3])
@pytest.mark.parametrize(
    ("direction", "agrees"),
    [("sharp", lambda e: abs(e) <= MARGIN), ("upper", lambda e: e <= MARGIN), ("lower", lambda e: e >= -MARGIN)],
)
def test_points_lie_in_the_band_exactly_when_their_slope_agrees(direction: str, agrees: Any, excess: float) -> None:
    law = Law.power("n", "-1", direction=direction)
    y = [7.0 * x ** (-1 + excess) for x in X]
    assert inside(drawn(view(y, law))) == agrees(excess)


@pytest.mark.parametrize("excess", [-0.11, -0.09, 0.09, 0.11])
@pytest.mark.parametrize("quantity", ["level", "bound"])
@pytest.mark.parametrize(
    ("direction", "agrees"),
    [("sharp", lambda e: abs(e) <= MARGIN), ("upper", lambda e: e <= MARGIN), ("lower", lambda e: e >= -MARGIN)],
)
def test_points_lie_in_the_strip_exactly_when_their_level_agrees(
    quantity: str, direction: str, agrees: Any, excess: float
) -> None:
    law = Law.power("n", "-1", constant="3", direction=direction)
    y = [3.0 / x * math.exp(excess) for x in X]
    assert inside(drawn(view(y, law, quantity=quantity))) == agrees(excess)


@pytest.mark.parametrize(
    ("quantity", "factor", "agrees"),
    [
        ("level", lambda x: 1.09, True), ("level", lambda x: 1.12, False), ("slope", lambda x: 2.0 * x**0.09, True),
        ("slope", lambda x: x**0.11, False), ("slope", lambda x: x**-0.11, False),
    ],
)  # fmt: skip
def test_against_the_curve_the_band_follows_the_curve(quantity: str, factor: Any, agrees: bool) -> None:
    curve = [5 / x * (1 + 3 / x) for x in X]
    y = [c * factor(x) for c, x in zip(curve, X, strict=True)]
    claim = view(y, direction="upper", comparison="experiment-curve", quantity=quantity, curve=curve)
    found = drawn(claim)
    assert inside(found) == agrees
    assert np.ptp(found.curve) == pytest.approx(math.log((1 + 3 / X[0]) / (1 + 3 / X[-1])))


def test_a_curve_is_held_against_the_law_at_its_far_end() -> None:
    y = [5 / x * (1 + 30 / x**2) for x in X]
    found = drawn(view(y, comparison="curve-law", curve=y))
    assert (found.measured, found.errors) == (False, None)
    assert found.ratio[-1] == 0.0
    assert found.ratio[0] == pytest.approx(math.log(1.3 / (1 + 30 / X[-1] ** 2)))
    widths = [high - low for _, low, high in found.band]
    assert all(a > b for a, b in pairwise(widths))
    assert widths[-1] == 0.0


def test_an_exponential_law_is_straight_in_x_itself() -> None:
    law = Law.exponential("t", "-1/10")
    assert drawn(view([math.exp(-0.1 * x) for x in X], law)).axis == list(X)
    assert inside(drawn(view([math.exp(-0.19 * x) for x in X], law)))
    assert not inside(drawn(view([math.exp(-0.21 * x) for x in X], law)))


def test_the_rate_of_approach_to_a_limit_has_no_band_since_the_distance_is_not_drawn() -> None:
    law = Law.plateau("n", "1/2", approach="-1")
    assert drawn(view([0.5 + 1 / x for x in X], law)).band == ()


def test_a_trajectory_is_thinned_and_keeps_its_ends() -> None:
    claim = view([1 / x for x in X])
    point = claim.results[0]["points"][0]
    many = [{**point, "x": float(x), "mean": 1.0 / x, "law": 1.0 / x} for x in range(1, 501)]
    found = trace({**claim.results[0], "points": many}, claim.catalogue["law"])
    assert found is not None
    assert len(found.x) <= 22
    assert (found.x[0], found.x[-1]) == (1.0, 500.0)


def test_the_picture_is_named_by_its_numbers_and_has_no_script_and_no_colours_of_its_own() -> None:
    text = str(sparkline(view([1 / x for x in X])))
    root = ElementTree.fromstring(text)
    assert (root.tag, root.attrib["role"]) == ("svg", "img")
    said = root.attrib["aria-label"]
    assert said == root.findtext("title")
    assert said == "measured/law by n: 1 at 10, 1 at 20, 1 at 50, 1 at 100; margin 0.1 in slope"
    assert {element.tag for element in root.iter()} <= {"svg", "title", "polygon", "polyline", "line", "circle"}
    assert not re.search(r"style=|fill=|stroke=|#|on\w+=", text)
    assert len(root.findall("circle")) == len(X)


def test_every_number_of_a_picture_lies_inside_it() -> None:
    for y in ([1 / x for x in X], [1.0, 1e-80, 1e80, 1.0], [1 / x**9 for x in X]):
        for law in (Law.power("n", "-1"), Law.power("n", "-1", direction="upper")):
            root = ElementTree.fromstring(str(sparkline(view(y, law))))
            width, height = (float(v) for v in root.attrib["viewBox"].split()[2:])
            places = [p.split(",") for e in root.iter() for p in e.attrib.get("points", "").split()]
            places += [[e.attrib["cx"], e.attrib["cy"]] for e in root.iter("circle")]
            assert all(0 <= float(a) <= width and 0 <= float(b) <= height for a, b in places)


def test_a_claim_without_numbers_has_no_picture(document: dict[str, Any]) -> None:
    views = {claim.address: claim for claim in from_json(document).claims}
    assert sparkline(views["ntk/spectrum:decay"]) == ""
    made = report_fixture.outer_rate()
    assert sparkline(from_json(to_json(Run((replace(made, results=()),), {}, "quick", 1, "cpu"))).claims[0]) == ""


def test_where_the_headline_has_no_points_the_next_result_of_its_case_is_drawn() -> None:
    made = report_fixture.averaged_sgd()
    rows = tuple(
        replace(r, points=(), outcome=Outcome.ERROR) if r.comparison == "experiment-law" else r for r in made.results
    )
    claim = from_json(
        to_json(Run((replace(made, results=rows, outcome=Outcome.ERROR),), {}, "quick", 1, "cpu"))
    ).claims[0]
    assert claim.headline is not None
    assert claim.headline["points"] == []
    assert "measured/law by T" in sparkline(claim)
    assert "in log level" in sparkline(claim)
