"""The pages as people use them, in a real browser: filter, sort, follow, hover, print, by mouse and by keyboard.

Every page is watched: an error in the console, a request that fails or one that leaves the folder fails the test.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browsing import HEADINGS, contrast, contrasts, harmless, press_until, rows, unnamed, watched

from rates.report import Report, from_json
from rates.report.views import ClaimView

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")

CLAIM = "claims/ntk__averaged-sgd--excess-risk.html"
# Between them: every outcome, both kinds of axes, notes, broken conditions, earlier results, and a page of nothing.
PAGES = ("index.html", CLAIM, "claims/optim__manifold--linear-rate.html", "claims/deep__cnn--rate.html")
LEAST_CONTRAST = 4.5  # WCAG 2, level AA, for text of ordinary size


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for this module: its event loop must not outlive it, other tests have their own."""
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    with watched(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(browser: Any) -> Iterator[Any]:
    with watched(browser, plots=False) as opened:
        yield opened


@pytest.fixture
def plain(shared: Any) -> Iterator[Any]:
    """A page without plots. All that it remembers is its address, so that one serves many tests."""
    shared.goto("about:blank")
    with harmless(shared):
        yield shared


@pytest.fixture
def index(plain: Any, folder: Path) -> Any:
    plain.goto((folder / "index.html").as_uri())
    return plain


@pytest.fixture(scope="module")
def report(document: dict[str, Any]) -> Report:
    return from_json(document)


FILTERS: dict[tuple[str, str], Callable[[ClaimView], bool]] = {
    ("chapter", "ntk"): lambda claim: claim.address.startswith("ntk/"),
    ("outcome", "inconclusive"): lambda claim: claim.outcome == "inconclusive",
    ("kind", "power"): lambda claim: claim.catalogue["law"]["form"] == "power",
    ("kind", "upper"): lambda claim: claim.catalogue["law"]["direction"] == "upper",
    ("kind", "statistical"): lambda claim: claim.catalogue["experiment"]["numerical_error"] is None,
    ("device", "cuda"): lambda claim: any(row["device"] == "cuda" for row in claim.results),
}


@pytest.mark.parametrize(("name", "value"), FILTERS)
def test_a_menu_shows_the_claims_that_have_the_value(index: Any, report: Report, name: str, value: str) -> None:
    wanted = [claim.address for claim in report.claims if FILTERS[name, value](claim)]
    menu = index.get_by_label(name.capitalize(), exact=True)
    menu.select_option(value)
    assert wanted
    assert rows(index) == wanted
    assert index.locator("#shown").inner_text() == f"{len(wanted)} of {len(report.claims)} shown"
    text = menu.locator(f'option[value="{value}"]').text_content()
    assert text is not None
    assert text.endswith(f"({len(wanted)})")


def test_search_takes_every_word_from_anywhere_in_a_claim(index: Any) -> None:
    search = index.get_by_label("Search")
    search.fill("averaged 4100")
    assert rows(index) == ["deep/cnn:rate"]  # the law's statement, and the reason under the row
    search.fill("UPPER")
    assert rows(index) == ["meanfield/pda:outer-rate"]


def test_filters_combine_until_nothing_is_left_and_are_cleared_together(index: Any, report: Report) -> None:
    clear = index.get_by_role("button", name="Clear filters")
    assert not clear.is_visible()
    index.get_by_label("Chapter").select_option("ntk")
    index.get_by_label("Outcome", exact=True).select_option("invalid")
    assert rows(index) == ["ntk/spectrum:decay"]
    index.get_by_label("Device").select_option("cuda")
    assert rows(index) == []
    assert index.get_by_text("No claim matches all filters.").is_visible()
    clear.click()
    assert rows(index) == [claim.address for claim in report.claims]
    assert index.get_by_label("Chapter").input_value() == ""
    assert index.evaluate("document.activeElement.id") == "filter-q"
    assert index.url.endswith("index.html")


def test_a_count_filters_by_its_outcome_and_a_second_press_lets_go(index: Any, report: Report) -> None:
    for outcome, count in report.counts.items():
        pill = index.locator(f'.counts button[data-outcome="{outcome}"]')
        assert pill.inner_text().split()[0] == str(count)
        pill.click()
        assert pill.get_attribute("aria-pressed") == "true"
        assert len(rows(index)) == count
        assert index.get_by_label("Outcome", exact=True).input_value() == outcome
        pill.click()
        assert pill.get_attribute("aria-pressed") == "false"
        assert len(rows(index)) == len(report.claims)


def test_a_header_sorts_and_what_has_no_number_stays_below(index: Any, report: Report) -> None:
    known = {claim.address: claim.headline["estimate"] for claim in report.claims if claim.headline}
    rising = sorted((a for a in known if known[a] is not None), key=lambda a: known[a])
    head = index.locator("th", has=index.get_by_role("button", name="estimate"))
    for direction, wanted in (("ascending", rising), ("descending", rising[::-1])):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        assert [known[address] for address in rows(index)[: len(wanted)]] == [known[address] for address in wanted]
        assert all(known[address] is None for address in rows(index)[len(wanted) :])


def test_every_header_sorts_and_only_one_says_so(index: Any, report: Report) -> None:
    heads = index.locator("#claim-table thead button")
    for i in range(heads.count()):
        heads.nth(i).click()
        assert index.locator("#claim-table thead [aria-sort]").count() == 1
        assert sorted(rows(index)) == sorted(claim.address for claim in report.claims)
    index.get_by_role("button", name="measured/law").click()
    drawn = [claim.distance for claim in report.claims if claim.distance is not None]
    nearest = min(drawn)
    assert nearest == next(claim.distance for claim in report.claims if claim.address == rows(index)[0])


def test_a_keyboard_skips_to_the_content_filters_sorts_and_follows(index: Any) -> None:
    index.keyboard.press("Tab")
    assert index.evaluate("document.activeElement.textContent") == "Skip to content"
    index.keyboard.press("Enter")
    assert index.evaluate("document.activeElement.id") == "main"
    press_until(index, lambda: index.evaluate("document.activeElement.id") == "filter-q")
    index.keyboard.type("rate")
    filtered = rows(index)
    assert "meanfield/mfld:gap" not in filtered
    press_until(index, lambda: index.evaluate("document.activeElement.textContent") == "claim")
    outline = index.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    index.keyboard.press("Enter")
    assert rows(index) == sorted(filtered)
    index.keyboard.press("Space")
    assert rows(index) == sorted(filtered, reverse=True)
    press_until(index, lambda: index.evaluate("document.activeElement.localName") == "a")
    index.keyboard.press("Enter")
    assert index.locator("h1").inner_text().replace("\n", "") == sorted(filtered)[-1]


def test_the_way_back_keeps_filter_and_order(index: Any) -> None:
    index.get_by_label("Kind").select_option("sharp")
    index.get_by_role("button", name="claim").click()
    view = rows(index)
    index.get_by_role("link", name="optim/manifold:linear-rate").click()
    assert index.locator("h1").inner_text() == "optim/manifold:linear-rate"
    index.go_back()
    index.locator("th[aria-sort]").wait_for()  # a click or a step back need not wait for the page's script
    assert (rows(index), index.get_by_label("Kind").input_value()) == (view, "sharp")
    index.get_by_role("link", name="optim/manifold:linear-rate").click()
    index.get_by_role("link", name="Next claim").first.click()
    assert index.locator("h1").inner_text() == "besov/sparse:approximation"
    index.get_by_role("link", name="All claims").click()
    index.locator("th[aria-sort]").wait_for()
    assert (rows(index), index.get_by_label("Kind").input_value()) == (view, "sharp")


def test_neighbours_lead_through_all_claims_and_back(index: Any, report: Report) -> None:
    index.locator("#claim-table tbody a").first.click()
    seen = [index.locator("h1").inner_text()]
    while index.get_by_role("link", name="Next claim").count():
        index.get_by_role("link", name="Next claim").last.click()
        seen.append(index.locator("h1").inner_text())
    assert seen == [claim.address for claim in report.claims]
    index.get_by_role("link", name="Previous claim").first.click()
    assert index.locator("h1").inner_text() == seen[-2]


def test_a_view_is_kept_in_the_address_and_a_stale_one_is_harmless(plain: Any, folder: Path) -> None:
    url = (folder / "index.html").as_uri()
    plain.goto(f"{url}#q=rate&outcome=refuted&sort=-estimate")
    assert rows(plain) == ["optim/manifold:linear-rate"]
    plain.evaluate("location.hash = 'chapter=gone&sort=gone'")
    plain.wait_for_function("document.querySelectorAll('#claim-table tbody:not([hidden])').length === 8")
    assert plain.get_by_label("Chapter").input_value() == ""


def test_a_point_says_its_numbers_when_the_mouse_is_over_it(page: Any, folder: Path, document: dict[str, Any]) -> None:
    page.goto((folder / CLAIM).as_uri())
    point = page.locator(".plot .scatterlayer .point").first
    point.scroll_into_view_if_needed()
    point.hover(force=True)
    said = page.locator(".hovertext").first.text_content()
    first = next(row for row in document["results"] if row["comparison"] == "experiment-curve")["points"][0]
    assert said is not None
    assert f"T = {first['x']:g}" in said
    assert float(re.findall(r"measured ([\d.]+)", said)[0]) == pytest.approx(first["mean"], rel=1e-3)
    assert float(re.findall(r"errors ([\d.]+)", said)[0]) == pytest.approx(2 * first["standard_error"], rel=0.1)


def test_every_figure_is_drawn_once_it_comes_near(page: Any, folder: Path) -> None:
    page.goto((folder / CLAIM).as_uri())
    page.wait_for_selector(".js-plotly-plot")
    assert page.locator(".plot").count() == 4
    assert page.locator(".js-plotly-plot").count() < 4
    for i in range(4):
        page.locator(".plot").nth(i).scroll_into_view_if_needed()
        page.locator(".plot").nth(i).locator(".main-svg").first.wait_for()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(browser: Any, folder: Path, width: int) -> None:
    with watched(browser, viewport={"width": width, "height": 900}) as page:
        for name in PAGES:
            page.goto((folder / name).as_uri())
            if page.locator(".plot").count():
                page.wait_for_selector(".js-plotly-plot .main-svg")
            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(browser: Any, folder: Path, scheme: str) -> None:
    with watched(browser, plots=False, color_scheme=scheme) as page:
        for name in PAGES:
            page.goto((folder / name).as_uri())
            page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            found = contrasts(page)
            assert len(found) > 20
            assert {text: value for text, value in found.items() if value < LEAST_CONTRAST} == {}
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (contrast(ground, ["rgb(0, 0, 0)"]) > 10) == (scheme == "light")


def test_plots_follow_the_scheme_while_the_page_is_open(page: Any, folder: Path) -> None:
    fill = "() => document.querySelector('.plot .ytick text')?.style.fill"
    page.emulate_media(color_scheme="light")
    page.goto((folder / CLAIM).as_uri())
    light = page.wait_for_function(fill).json_value()
    page.emulate_media(color_scheme="dark")
    dark = page.wait_for_function(f"(light) => {{ const f = ({fill})(); return f && f !== light && f; }}", arg=light)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert contrast(dark.json_value(), [ground]) >= LEAST_CONTRAST
    assert contrast(light, [ground]) < LEAST_CONTRAST


def test_paper_is_light_and_without_controls(browser: Any, folder: Path) -> None:
    with watched(browser, plots=False, color_scheme="dark") as page:
        for name in ("index.html", CLAIM):
            page.goto((folder / name).as_uri())
            page.emulate_media(media="print")
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
            for hidden in (".filter", ".skip", "[data-copy]", ".neighbours", ".contents"):
                assert not any(item.is_visible() for item in page.locator(hidden).all()), hidden
            assert min(contrasts(page).values()) >= LEAST_CONTRAST
            page.emulate_media(media="screen")
        assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("name", PAGES)
def test_everything_has_a_name_and_headings_are_in_order(plain: Any, folder: Path, name: str) -> None:
    plain.goto((folder / name).as_uri())
    assert unnamed(plain) == []
    assert plain.evaluate("Array.from(document.querySelectorAll('input, select')).every((e) => e.labels.length)")
    levels = plain.evaluate(HEADINGS)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for landmark in ("banner", "main", "contentinfo"):
        assert plain.get_by_role(landmark).count() == 1, landmark
    names = [nav.get_attribute("aria-label") for nav in plain.get_by_role("navigation").all()]
    assert len(set(names)) == len(names)
    assert all(plain.evaluate("Array.from(document.querySelectorAll('table'), (t) => t.caption?.textContent)"))


def test_a_command_is_copied(plain: Any, folder: Path) -> None:
    plain.goto((folder / CLAIM).as_uri())
    plain.context.grant_permissions(["clipboard-read", "clipboard-write"])
    plain.locator("#reproduce ~ .copy button").first.click()
    plain.get_by_text("Copied").wait_for()
    assert plain.evaluate("navigator.clipboard.readText()") == "rates check ntk/averaged-sgd:excess-risk --seed 7"


def test_without_script_the_numbers_are_there(browser: Any, folder: Path) -> None:
    with watched(browser, plots=False, java_script_enabled=False) as page:
        page.goto((folder / "index.html").as_uri())
        assert page.locator("#claim-table tbody a").count() == 8
        assert not page.locator(".filter").is_visible()
        assert page.locator(".spark").first.is_visible()
        page.goto((folder / CLAIM).as_uri())
        assert page.locator(".strip").is_visible()
        page.locator("details", has_text="numbers behind the plot").first.locator("summary").click()
        assert page.locator("table.numbers").first.is_visible()
