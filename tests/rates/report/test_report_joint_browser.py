"""A page of several claims in a real browser: plotted, readable, within the screen, and the ways to and from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browsing import HEADINGS, contrasts, unnamed, watched
from test_report_joint import CASE, LINES, OUTER, SGD, record, series

from rates.report import rebuild

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")

PAGE = "pages/ntk__both--page.html"
LEAST_CONTRAST = 4.5  # WCAG 2, level AA, for text of ordinary size


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for this module: its event loop must not outlive it, other tests have their own."""
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def root(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page of which the run lacks a part, and with one that has nothing to draw."""
    folder = tmp_path_factory.mktemp("joint")
    pages = {"ntk/both:page": record(*LINES), "ntk/both:empty": record(series("gone/claim:x", "gone"))}
    (folder / "results.json").write_text(json.dumps({**document, "pages": pages}))
    rebuild(folder)
    return folder


def test_every_series_is_drawn_and_named(browser: Any, root: Path) -> None:
    with watched(browser) as page:
        page.goto((root / PAGE).as_uri())
        page.wait_for_selector(".js-plotly-plot .main-svg")
        assert page.locator(".plot .scatterlayer .trace").count() == 5 + 1
        named = page.locator(".plot .legendtext").all_text_contents()
        assert named == ["measured", "curve", "law", "far", "steps", "crossing: 700"]
        symbols = page.evaluate(
            "Array.from(document.querySelectorAll('.plot .points'), (p) => p.querySelector('path')?.getAttribute('d'))"
        )
        drawn = [path for path in symbols if path]
        assert len(drawn) == len(set(drawn)) == 2


def test_a_point_says_whose_it_is(browser: Any, root: Path, document: dict[str, Any]) -> None:
    with watched(browser) as page:
        page.goto((root / PAGE).as_uri())
        point = page.locator(".plot .scatterlayer .point").first
        point.scroll_into_view_if_needed()
        point.hover(force=True)
        said = page.locator(".hovertext").first.text_content()
        assert said is not None
        rows = [row for row in document["results"] if row["claim"] == SGD and row["comparison"] == "experiment-law"]
        assert f"samples = {rows[0]['points'][0]['x']:g}" in said
        assert "measured" in said


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_fits_the_screen(browser: Any, root: Path, width: int) -> None:
    with watched(browser, viewport={"width": width, "height": 900}) as page:
        for name in (PAGE, "pages/ntk__both--empty.html", "index.html"):
            page.goto((root / name).as_uri())
            if page.locator(".plot").count():
                page.wait_for_selector(".js-plotly-plot .main-svg")
                plot = page.locator(".plot .nsewdrag").first.bounding_box()
                assert plot["width"] > 0.6 * min(width, 960)
                assert plot["height"] > 150
            page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_can_be_seen_in_both_schemes(browser: Any, root: Path, scheme: str) -> None:
    with watched(browser, plots=False, color_scheme=scheme) as page:
        page.goto((root / PAGE).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        found = contrasts(page)
        assert {text: value for text, value in found.items() if value < LEAST_CONTRAST} == {}
        for i in range(1, 9):
            page.evaluate(f"document.querySelector('h1').style.color = 'var(--plot-{i})'")
            assert contrasts(page)["Both at once"] > 3, "lines need a contrast of 3"


def test_everything_has_a_name_and_headings_are_in_order(browser: Any, root: Path) -> None:
    with watched(browser, plots=False) as page:
        for name in (PAGE, "pages/ntk__both--empty.html"):
            page.goto((root / name).as_uri())
            assert unnamed(page) == []
            levels = page.evaluate(HEADINGS)
            assert levels.count(1) == 1
            assert all(after <= before + 1 for before, after in pairwise(levels))
            assert all(page.evaluate("Array.from(document.querySelectorAll('table'), (t) => t.caption?.textContent)"))
        assert page.get_by_text("gone/claim:x is not part of this run.").is_visible()
        assert page.locator(".plot").count() == 0


def test_the_ways_from_the_index_through_claims_and_back(browser: Any, root: Path) -> None:
    with watched(browser, plots=False) as page:
        page.goto((root / "index.html").as_uri())
        page.locator(f'a[href="{PAGE}"]').click()
        assert page.locator("h1").inner_text() == "Both at once"
        page.get_by_role("link", name=OUTER).click()
        assert page.locator("h1").inner_text() == OUTER
        page.get_by_role("link", name="Both at once").first.click()
        assert page.locator("h1").inner_text() == "Both at once"
        page.get_by_role("link", name="All claims").click()
        assert page.locator("#claim-table").is_visible()


def test_without_script_the_numbers_and_verdicts_are_there(browser: Any, root: Path) -> None:
    with watched(browser, plots=False, java_script_enabled=False) as page:
        page.goto((root / PAGE).as_uri())
        page.locator("summary", has_text="numbers behind the plot").click()
        assert page.locator("table.numbers").is_visible()
        assert page.locator("table.comparisons tbody").count() == 3
        assert CASE.split(",")[0] in page.locator("table.comparisons").inner_text().replace(" ", "")
