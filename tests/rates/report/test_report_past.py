"""Earlier results: their order, their words, and where the strip and the gauge draw them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
import report_fixture

from rates.report import Report, from_json, to_json
from rates.report.html import claim_page
from rates.report.past import PastRun, folded, gauge, past_runs, strip
from rates.result import Outcome, Past, Run

TOP, HALF, REACH = 8.0, 50.0, 2.5  # of the strip: its margin, half its height, and the margins that fit in it


def told(*history: Past) -> Report:
    claim = replace(report_fixture.outer_rate(), history=history)
    environment = {"commit": "abcdef0123", "dirty": True}
    return from_json(to_json(Run((claim,), environment, "ci", 5, "cuda")))


def runs(*history: Past) -> list[PastRun]:
    report = told(*history)
    return past_runs(report, report.claims[0])


def heights(picture: str, tag: str) -> list[float]:
    """Distances to the prediction in margins, read off the picture."""
    found = ElementTree.fromstring(picture).findall(f"g/{tag}")
    return [(TOP + HALF - float(e.attrib["cy"])) * REACH / HALF for e in found]


def test_earlier_runs_come_oldest_first_and_this_one_last() -> None:
    found = runs(report_fixture.past(0, -0.7), report_fixture.past(3, -0.8))
    assert [run.when for run in found] == ["2024-06-01 12:00", "2024-06-04 12:00", "this run"]
    assert [run.commit for run in found] == ["317c1ec", "317c1ef", "abcdef0, modified"]
    last = found[-1].row
    assert (last["profile"], last["seed"], last["device"]) == ("ci", 5, "cuda")
    assert (last["outcome"], last["estimate"], last["margin"]) == ("consistent", 2.612, 0.05)
    assert runs() == []


def test_a_run_is_told_in_one_line() -> None:
    run = runs(report_fixture.past(0, -0.7, interval=(-0.75, float("inf")), outcome=Outcome.INCONCLUSIVE))[0]
    assert run.sentence == ("2024-06-01 12:00, 317c1ec: inconclusive, experiment → law, slope −0.700 [−0.750, ∞)")
    blank = runs(report_fixture.past(0, None, outcome=Outcome.ERROR, predicted=None, comparison="", commit=None))[0]
    assert blank.sentence == "2024-06-01 12:00, no commit: error, – –"


@pytest.mark.parametrize("created", [1e300, -1e18])
def test_a_clock_that_was_never_set_is_unknown(created: float) -> None:
    assert runs(report_fixture.past(0, -0.7, created=created))[0].when == "unknown"


def test_the_strip_draws_every_run_in_its_own_margins() -> None:
    found = runs(
        report_fixture.past(0, -0.75), report_fixture.past(1, -0.70), report_fixture.past(2, -0.80, margin=0.1),
        report_fixture.past(3, None, outcome=Outcome.ERROR, predicted=None),
    )  # fmt: skip
    picture = str(strip(found))
    beyond = (2.612 - 3) / 0.05
    assert beyond < -REACH
    assert heights(picture, "circle") == pytest.approx([0.0, 1.0, -0.5], abs=0.01)
    assert len(ElementTree.fromstring(picture).findall("g/polygon")) == 1  # this run, an arrow out of the picture
    marks = [g.findtext("text") for g in ElementTree.fromstring(picture).findall("g")]
    assert marks == ["✓", "✓", "✓", "!", "✓"]
    titles = [g.findtext("title") for g in ElementTree.fromstring(picture).findall("g")]
    assert titles == [run.sentence for run in found]


def test_the_strip_keeps_to_the_latest_runs_and_says_how_they_came_out() -> None:
    found = runs(*(report_fixture.past(day, -0.75, outcome=Outcome.REFUTED) for day in range(100)))
    root = ElementTree.fromstring(str(strip(found)))
    assert len(root.findall("g")) == 60
    assert root.attrib["aria-label"].startswith("The last 60 runs, oldest first: 1 consistent, 59 refuted;")
    older, shown = folded(found)
    assert (len(older), len(shown)) == (89, 12)
    assert shown[-1].this


def test_a_gauge_shows_the_interval_against_the_margin() -> None:
    row = {"estimate": 0.05, "interval": (-0.1, None), "predicted": 0.0, "margin": 0.1}
    root = ElementTree.fromstring(str(gauge(row)))
    band, bar, dot = (root.find(tag) for tag in ("rect", "line[@class='bar']", "circle"))
    assert band is not None
    assert bar is not None
    assert dot is not None
    left, width = float(band.attrib["x"]), float(band.attrib["width"])
    middle = left + width / 2
    assert float(dot.attrib["cx"]) == pytest.approx(middle + 0.25 * width, abs=0.1)
    assert float(bar.attrib["x1"]) == pytest.approx(left, abs=0.1)
    assert float(bar.attrib["x2"]) == pytest.approx(middle + REACH * width / 2, abs=0.1)
    assert root.attrib["aria-hidden"] == "true"


@pytest.mark.parametrize("missing", [{"estimate": None}, {"predicted": None}, {"margin": 0.0}])
def test_a_result_without_numbers_has_no_gauge(missing: dict[str, Any]) -> None:
    assert gauge({"estimate": 0.0, "interval": None, "predicted": 0.0, "margin": 1.0, **missing}) == ""


def test_the_page_shows_them_and_folds_what_is_old(run: Run, document: dict[str, Any]) -> None:
    report = from_json(document)
    text = claim_page(report, report.claims[0])
    assert text.count("317c1f6, modified") == 2  # in the table and as a tooltip
    assert "<summary>3 older results</summary>" in text
    assert "−0.690 [−0.740, ∞)" in text
    assert "Previous results" not in claim_page(report, report.claims[1])
