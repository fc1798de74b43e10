"""What notebooks show: outcome, numbers and reason, as HTML that nothing in a result can break."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rates.notebook import claim_html, result_html, run_html
from rates.result import ClaimRun, Outcome, Run

sys.path.insert(0, str(Path(__file__).with_name("report")))
import report_fixture

HOSTILE = "<script>alert('1')</script> & \"quoted\""
RUN = report_fixture.run()
EVERYTHING = [RUN, *RUN.claims, *RUN.results]


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def text(html: str) -> str:
    return " ".join(" ".join(tree(html).itertext()).split())


def rows(html: str) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in tree(html).iter("tr")]


@pytest.mark.parametrize("shown", EVERYTHING, ids=lambda shown: type(shown).__name__)
def test_html_is_well_formed_and_brings_all_it_needs(shown):
    html = shown._repr_html_()
    names = {element.tag for element in tree(html).iter()}
    assert names <= {"div", "span", "code", "b", "table", "tr", "th", "td"}
    assert not re.search(r"https?:|url\(|src=|href=|class=|id=", html)
    assert len(html) < 100_000


def test_a_result_says_outcome_numbers_and_reason():
    result = report_fixture.averaged_sgd().results[2]
    shown = text(result_html(result))
    for said in ("✓ consistent", result.claim, "d=2, r=3/4", "experiment → law, slope, sharp", "−0.751",
                 "[−0.764, −0.738]", "−0.750", "0.05", "32", "cpu, float64", "1 of 1 controls"):  # fmt: skip
        assert said in shown
    assert "Slope −0.7512 lies within 0.05 of −0.7500." in shown


def test_a_result_without_numbers_says_why():
    blank = report_fixture.run().claims[6].results[0]
    shown = text(result_html(blank))
    assert "! error" in shown
    assert "The experiment returned a value that is not finite." in shown


def test_notes_are_told():
    result = report_fixture.exponential().results[1]
    assert "Curvature alarm: the remainder bends." in text(result_html(result))


def test_a_claim_has_a_line_a_result_and_says_why_it_is_not_consistent():
    claim = report_fixture.exponential()
    header, *lines = rows(claim_html(claim))
    assert header[0] == "outcome"
    assert [line[3] for line in lines] == ["level", "slope"]
    assert lines[0][-1] == "Level 0.42 lies outside 0.05 of 0."
    assert claim.claim.statement in text(claim_html(claim))
    missed = text(claim_html(report_fixture.missed_control()))
    assert "Cannot be told from: “dense coefficients”." in missed
    assert "3 of 4 controls came out as expected." in missed


def test_reasons_take_no_room_where_all_is_well():
    assert "why" not in rows(claim_html(report_fixture.averaged_sgd()))[0]


def test_a_run_has_a_line_a_claim_with_the_result_that_stands_for_it():
    header, *lines = rows(run_html(RUN))
    assert [line[1] for line in lines] == [claim.address for claim in RUN.claims]
    assert [line[0].split()[-1] for line in lines] == [str(claim.outcome) for claim in RUN.claims]
    first = dict(zip(header, lines[0], strict=True))
    assert (first["case"], first["quantity"], first["estimate"], first["controls"]) == (
        "d=2, r=3/4", "slope", "−0.751", "6/6",
    )  # fmt: skip
    assert "2 consistent, 1 refuted, 2 inconclusive, 1 invalid, 1 error, 1 undecidable" in text(run_html(RUN))


def test_an_empty_run_and_a_claim_without_results_can_be_shown():
    assert "no claims" in text(run_html(Run((), {}, "quick", 0, "cpu")))
    nothing = ClaimRun("a table", None, Outcome.INCONCLUSIVE, ())
    assert "No judged result" in text(claim_html(nothing))
    assert "a table" in text(run_html(Run((nothing,), {}, "quick", 0, "cpu")))


def test_text_of_a_claim_cannot_become_markup():
    made = report_fixture.averaged_sgd(HOSTILE)
    results = tuple(
        replace(r, claim=HOSTILE, case={HOSTILE: HOSTILE}, reason=HOSTILE, notes=(HOSTILE,), device=HOSTILE,
                outcome=Outcome.REFUTED, comparison=HOSTILE, quantity=HOSTILE, direction=HOSTILE,
                controls=tuple(replace(c, name=HOSTILE, reason=HOSTILE, as_expected=False) for c in r.controls))
        for r in made.results
    )  # fmt: skip
    claim = replace(made, results=results, outcome=Outcome.REFUTED, claim=replace(made.claim, statement=HOSTILE))
    for shown in (results[1], claim, Run((claim,), {}, HOSTILE, 0, HOSTILE)):
        html = shown._repr_html_()
        assert "<script" not in html
        assert "<script>alert" in text(html)


def test_badges_can_be_read_and_need_no_colour():
    for outcome in Outcome:
        html = result_html(replace(report_fixture.averaged_sgd().results[0], outcome=outcome))
        badge = next(tree(html).iter("span"))
        background = re.search(r"background:#(\w{6})", badge.attrib["style"])[1]
        assert 1.05 / (luminance(background) + 0.05) >= 4.5
        assert badge.text.split()[-1] == outcome


def luminance(colour: str) -> float:
    """Return the relative luminance of an RGB colour, as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_and_lines_take_the_colour_of_the_page():
    html = run_html(RUN)
    colours = set(re.findall(r"(?<![-\w])color:([^;\"]+)", html))
    assert colours <= {"inherit", "#fff"}
    assert "border-bottom:1px solid rgba(127,127,127,.35)" in html
