"""Pages of several claims: what they draw, what they say is missing, and that a document alone makes them again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_fixture
from test_report_pages import HOSTILE, Walk

from rates.claim import case_label
from rates.law import Law
from rates.report import ReportError, from_json, rebuild, to_json, validate, write
from rates.report.html import claim_page, index_page, joint_page
from rates.report.page_figure import page_figure
from rates.report.pages import page_views
from rates.result import Run

SGD, OUTER, LINEAR = "ntk/averaged-sgd:excess-risk", "meanfield/pda:outer-rate", "optim/manifold:linear-rate"
CASE = case_label({"d": 2, "r": "3/4"})


def series(claim: str, label: str, role: str = "measured", case: str = "", **more: Any) -> dict[str, Any]:
    return {"claim": claim, "case": case, "label": label, "role": role, "group": f"{claim} {case}", **more}


def record(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "title": "Both at once", "text": ["It falls like T^(-1)."], "x": "samples", "y": "risk", "semilog": False,
        "series": list(lines), "markers": [{"x": 700.0, "text": "crossing"}], "verdicts": [SGD, OUTER, "gone/claim:x"],
    } | changes  # fmt: skip


LINES = (
    series(SGD, "measured", case=CASE), series(SGD, "curve", "curve", CASE), series(SGD, "law", "law", CASE),
    series(SGD, "far", "followed", CASE), series(OUTER, "steps"), series(OUTER, "no curve", "curve"),
    series("gone/claim:x", "gone"), series(SGD, "other case", case="d=3"),
)  # fmt: skip


@pytest.fixture
def shown(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "pages": {"ntk/both:page": record(*LINES)}}


def test_lines_are_the_points_of_results(shown: dict[str, Any]) -> None:
    [page] = page_views(from_json(shown))
    lines = {line.label: line for line in page.lines}
    rows = [row for row in shown["results"] if row["claim"] == SGD and row["case"]["r"] == "3/4"]
    points = next(row["points"] for row in rows if row["comparison"] == "experiment-curve")
    assert lines["measured"].x == [p["x"] for p in points] == list(report_fixture.HORIZONS)
    assert lines["measured"].y == [p["mean"] for p in points]
    assert lines["measured"].errors == [p["standard_error"] for p in points]
    assert lines["curve"].y == [p["curve"] for p in points]
    assert lines["far"].y == [p["mean"] for p in rows[0]["points"]]
    assert lines["curve"].errors is lines["far"].errors is None
    ratio = np.log(lines["law"].y) - np.log(lines["curve"].y)
    assert ratio.mean() == pytest.approx(0, abs=1e-12), "through the middle of the curve"
    slope = np.diff(np.log(lines["law"].y)) / np.diff(np.log(lines["law"].x))
    assert slope == pytest.approx([-0.75] * 5)


def test_what_the_run_does_not_hold_is_said_line_by_line(shown: dict[str, Any]) -> None:
    report = from_json(shown)
    [page] = page_views(report)
    assert {line.label: line.missing for line in page.missing} == {
        "gone": "gone/claim:x is not part of this run",
        "no curve": f"this run has no such points of {OUTER}",
        "other case": f"this run has no case d=3 of {SGD}",
    }
    text = joint_page(report, page)
    assert "gone/claim:x is not part of this run." in text
    assert text.count("not part of this run") == 2  # the series, and the verdict
    assert "in part: 5 of 8 series are in this run" in index_page(report)


def test_a_group_has_one_colour_and_one_symbol(shown: dict[str, Any]) -> None:
    [page] = page_views(from_json(shown))
    assert [line.colour for line in page.lines] == [1, 1, 1, 1, 2, 2, 3, 4]
    traces = {trace["name"]: trace for trace in page_figure(page)["data"]}
    assert traces["measured"]["marker"]["color"] == traces["curve"]["line"]["color"] == "var(--plot-1)"
    assert traces["steps"]["marker"]["symbol"] != traces["measured"]["marker"]["symbol"]
    assert {traces[name]["line"]["dash"] for name in ("curve", "law", "far")} == {"solid", "dash", "dot"}
    assert list(traces["crossing: 700"]["x"]) == [700.0, 700.0]


def test_more_groups_than_colours_begin_again(document: dict[str, Any]) -> None:
    many = record(*(series(OUTER, f"line {i}", group=str(i)) for i in range(10)))
    [page] = page_views(from_json({**document, "pages": {"a:b": many}}))
    assert [line.colour for line in page.lines] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]
    css = (Path(report_fixture.__file__).parents[3] / "rates/report/templates/style.css").read_text()
    assert all(len(re.findall(rf"--plot-{i}: #", css)) == 2 for i in range(1, 9)), "light and dark"


def test_what_a_logarithm_cannot_show_is_left_out(document: dict[str, Any]) -> None:
    points = [{"x": 0.0, "mean": 1.0, "standard_error": 0.1}, {"x": 2.0, "mean": -1.0, "standard_error": 0.1}]
    one = series(OUTER, "a", component=0, points=points)
    for semilog, kept in ((False, []), (True, [0.0])):
        [page] = page_views(from_json({**document, "pages": {"a:b": record(one, semilog=semilog, markers=[])}}))
        assert page.lines[0].x == kept
        assert bool(page.lines[0].missing) != bool(kept)
    empty = from_json({**document, "pages": {"a:b": record(one, markers=[])}})
    assert "<figure>" not in joint_page(empty, page_views(empty)[0])


def test_pages_are_linked_from_the_index_and_from_claims_that_they_name(shown: dict[str, Any]) -> None:
    report = from_json(shown)
    assert 'href="pages/ntk__both--page.html"' in index_page(report)
    for claim in report.claims:
        link = 'href="../pages/ntk__both--page.html"' in claim_page(report, claim)
        assert link == (claim.address in (SGD, OUTER))


def test_a_page_is_made_again_from_the_document_and_forgotten_with_its_run(
    shown: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "results.json").write_text(json.dumps(shown))
    rebuild(tmp_path)
    page = tmp_path / "pages" / "ntk__both--page.html"
    walk = Walk.over(page.read_text(encoding="utf-8"))
    links = [str(a["href"]) for tag, a in walk.found if tag == "a" and not str(a["href"]).startswith("#")]
    assert links
    assert all((page.parent / link).is_file() for link in links)
    assert [tag for tag, _ in walk.found].count("table") == [tag for tag, _ in walk.found].count("caption")
    first = page.read_text(encoding="utf-8")
    rebuild(tmp_path)
    assert page.read_text(encoding="utf-8") == first
    (tmp_path / "pages" / "mine.html").write_text("kept")
    write(run, tmp_path)
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["mine.html"]


def test_hostile_text_of_a_page_stays_text(document: dict[str, Any]) -> None:
    page = record(series(OUTER, HOSTILE, group=HOSTILE), title=HOSTILE, text=[HOSTILE], x=HOSTILE, y=HOSTILE,
                  markers=[{"x": 8.0, "text": HOSTILE}], verdicts=[HOSTILE])  # fmt: skip
    report = from_json({**document, "pages": {HOSTILE: page}})
    for text in (joint_page(report, page_views(report)[0]), index_page(report), claim_page(report, report.claims[1])):
        walk = Walk.over(text)
        assert not [tag for tag, _ in walk.found if tag == "img"]
        assert "alert(1)</script>" not in text
        assert "{{ 7·7 }}" in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"series": [series(OUTER, "a", "mean")]}, r"series\[0\]\.role: 'mean' is not one of"),
        ({"markers": [{"x": "far", "text": "a"}]}, r"markers\[0\]\.x: 'far' is not of type 'number'"),
        ({"title": None}, r"title: None is not of type 'string'"),
    ],
)
def test_a_record_that_leaves_the_schema_is_one_sentence(
    document: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ReportError, match=sentence):
        validate({**document, "pages": {"a:b": record(*LINES, **changes)}})


def test_a_run_of_claims_without_pages_keeps_none(document: dict[str, Any]) -> None:
    assert "pages" not in document
    assert page_views(from_json(document)) == ()


CHECKED = """
from rates.page import Marker, Page, Series
PAGES = (Page("p", "Side by side", (), "x", "y", (
    Series("tiny", "one"), Series("pair", "first", component=0), Series("pair", "second", component=1),
    Series("pair", "ratio"), Series("ntk/averaged_sgd:minimax-rate", "elsewhere"),
)),)
def two(x, streams, slope=-1.0):
    noise = np.exp([0.05 * s.numpy(f"noise at {x}").standard_normal(2) for s in streams])
    return noise * np.array([x**slope, x**-0.5])
PAIR = tiny(
    name="pair", law=Law.separation("x", "-1/2"), experiment=Experiment(two, X, estimand="separation", pilot=PILOT),
    controls=(Control("the same", {"slope": -0.5}, "experiment-law", "slope"),),
)
"""


def test_a_check_of_a_file_writes_its_page_with_components(claims_file: Any, cli: Any, tmp_path: Path) -> None:
    name = claims_file("tiny(), PAIR", functions=CHECKED)
    assert cli("check", name, "--engine", "serial", "--out", "out").code == 0
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    kept = document["pages"]["my:p"]["series"]
    assert [one["claim"] for one in kept] == ["my:tiny", *["my:pair"] * 3, "ntk/averaged_sgd:minimax-rate"]
    means = [np.array([p["mean"] for p in kept[i]["points"]]) for i in (1, 2)]
    x = np.array([p["x"] for p in kept[1]["points"]])
    assert means[0] == pytest.approx(1 / x, rel=0.1)
    assert means[1] == pytest.approx(x**-0.5, rel=0.1)
    [page] = page_views(from_json(document))
    assert [line.label for line in page.missing] == ["elsewhere"]
    assert page.lines[3].y == pytest.approx(means[0] / means[1], rel=1e-9)
    assert (tmp_path / "out" / "pages" / "my--p.html").is_file()
    assert cli("check", f"{name}:tiny", "--engine", "serial", "--out", "part").code == 0
    [part] = page_views(from_json(json.loads((tmp_path / "part" / "results.json").read_text())))
    assert [line.label for line in part.drawn] == ["one"]


def test_the_law_of_a_claim_without_measurement_goes_through_the_end_of_its_curve(document: dict[str, Any]) -> None:
    rows = [row for row in document["results"] if row["claim"] != SGD or row["comparison"] == "curve-law"]
    given = {**document, "results": rows, "pages": {"a:b": record(series(SGD, "law", "law", CASE))}}
    line = page_views(from_json(given))[0].lines[0]
    far = next(row for row in rows if row["claim"] == SGD and row["case"]["r"] == "3/4")["points"]
    assert line.x == [p["x"] for p in far]
    assert line.y[-1] == pytest.approx(far[-1]["mean"], rel=1e-12)


def test_a_law_without_a_value_has_no_line() -> None:
    bare = report_fixture.blank("a/b:c", report_fixture.Outcome.INCONCLUSIVE, "nothing yet", Law.power("n", "-1"))
    document = {**to_json(Run((bare,), {}, "quick", 1, "cpu")), "pages": {"a:b": record(series("a/b:c", "l", "law"))}}
    [page] = page_views(from_json(document))
    assert page.lines[0].missing == "this run has no such points of a/b:c"
