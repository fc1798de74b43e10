"""The HTML pages: well-formed, offline, escaped, and understandable without colour or a mouse."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import report_fixture

from rates.claim import Source
from rates.law import Law
from rates.report import from_json, to_json, write
from rates.report.filters import menus
from rates.report.html import claim_page, index_page
from rates.report.mathml import safe_mathml
from rates.report.typeset import typeset
from rates.report.wording import brief, broken, duration, interval, number, prose, relation, revision, spelled
from rates.result import Run

VOID = {"meta", "link", "input", "br", "wbr"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \"'&{{ 7*7 }} | `x`"


class Walk(HTMLParser):
    """Checks that every element is closed in order and collects attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    @classmethod
    def over(cls, text: str) -> Walk:
        walk = cls()
        walk.feed(text)
        walk.close()
        assert walk.open == []
        return walk


@pytest.fixture(scope="session")
def pages(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in [folder / "index.html", *(folder / "claims").iterdir()]}


def test_pages_are_well_formed_with_unique_ids(pages: dict[str, str]) -> None:
    for text in pages.values():
        ids = [attributes["id"] for _, attributes in Walk.over(text).found if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert text.startswith("<!DOCTYPE html>")


def test_nothing_is_fetched_from_elsewhere(pages: dict[str, str], folder: Path) -> None:
    for text in pages.values():
        for tag, attributes in Walk.over(text).found:
            loaded = [attributes.get("src"), attributes.get("href") if tag != "a" else None]
            assert not [url for url in loaded if url and not re.match(r"(\.\./)?assets/|data:,$", url)]
        for tag, attributes in Walk.over(text).found:
            if tag == "a" and not (attributes["href"] or "").startswith(("http", "#")):
                root = folder if text == pages["index.html"] else folder / "claims"
                assert (root / str(attributes["href"])).is_file()
    for name in ("style.css", "index.js", "claim.js"):
        assert "http" not in (folder / "assets" / name).read_text(encoding="utf-8")


def test_tables_have_captions_and_scopes(pages: dict[str, str]) -> None:
    for text in pages.values():
        found = Walk.over(text).found
        tags = [tag for tag, _ in found]
        assert tags.count("table") == tags.count("caption")
        assert all("scope" in attributes for tag, attributes in found if tag == "th")
        assert all("aria-label" in a for tag, a in found if tag == "div" and a.get("class") == "plot")


def test_claim_page_says_it_all(pages: dict[str, str]) -> None:
    text = pages["ntk__averaged-sgd--excess-risk.html"]
    for words in ("−0.751", "[−0.764, −0.738]", "Corollary 1", "read in the paper", "@inproceedings", "average = False",
                  "must be refuted", "rates check ntk/averaged-sgd:excess-risk --seed 7", "measured all the same",
                  "The exact moment recursion", "tolerance 0.04 plus bias 0.01", "<mfrac>",
                  "threads blas"):  # fmt: skip
        assert words in text
    assert "Faster than guaranteed by 0.330" in pages["meanfield__pda--outer-rate.html"]
    assert "mostly contraction" in pages["optim__manifold--linear-rate.html"]


def test_figures_are_strict_json_in_theme_colours(pages: dict[str, str]) -> None:
    count = 0
    for text in pages.values():
        for block in re.findall(r'<script type="application/json">(.*?)</script>', text, re.S):
            figure = json.loads(block, parse_constant=pytest.fail)
            colours = re.findall(r'"[a-z]*color":"(.*?)"', block)
            assert all(colour.startswith("var(--") for colour in colours)
            assert "template" not in figure["layout"]
            count += 1
    assert count == 4 + 1 + 1 + 1


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    claim = report_fixture.claim(
        "hostile", Law.power("n", "-1"), statement=HOSTILE, remark=HOSTILE,
        source=Source(authors=HOSTILE, title=HOSTILE, venue=HOSTILE, statement=HOSTILE, url="javascript:alert(1)"),
    )  # fmt: skip
    made = report_fixture.outer_rate()
    row = replace(made.results[0], case={HOSTILE: HOSTILE}, reason=HOSTILE, notes=(HOSTILE,), reproduce=HOSTILE,
                  parts_off={HOSTILE: 2.0},
                  controls=(report_fixture.control(HOSTILE, 1.0, reason=HOSTILE),))  # fmt: skip
    hostile = replace(made, address=HOSTILE, claim=claim, results=(row,), values={})
    write(Run((hostile,), {HOSTILE: HOSTILE}, HOSTILE, 1, HOSTILE), tmp_path)
    for path in tmp_path.rglob("*.html"):
        walk = Walk.over(path.read_text(encoding="utf-8"))
        assert not [tag for tag, _ in walk.found if tag == "img"]
        assert not [a for _, a in walk.found if "onerror" in a or (a.get("href") or "").startswith("javascript")]
        assert "alert(1)</script>" not in path.read_text(encoding="utf-8")
        assert "49" not in path.read_text(encoding="utf-8").split("<footer>")[1]
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8").split("```")[0]
    assert "<script>" not in re.sub(r"(?<!\\)`[^`]*(?<!\\)`", "", markdown)


def test_hostile_mathml_in_a_document_is_not_shown(document: dict[str, Any]) -> None:
    assert safe_mathml("<math><mi onclick='x()' href='javascript:1'>x</mi></math>") == "<math><mi>x</mi></math>"
    for text in ("<math><script>1</script></math>", "<svg/>", "<math>", "", "<!DOCTYPE x><math/>"):
        assert safe_mathml(text) == ""
    assert safe_mathml("<math><mi>&ExponentialE;</mi><mo>-</mo><mo>&InvisibleTimes;</mo></math>").startswith(
        "<math><mi>e</mi><mo>−</mo>"
    )


def test_typed_formulas_are_set() -> None:
    assert typeset("λ = c T^(-β/(2rβ+1)) and n^-1") == "λ = c T<sup>−β/(2rβ+1)</sup> and n<sup>−1</sup>."
    assert typeset("Λ_k in averaged_sgd, x^{2s}") == "Λ<sub>k</sub> in averaged_sgd, x<sup>2s</sup>."
    assert typeset("at n^(-2s_1/(2s_1+1))") == "At n<sup>−2s<sub>1</sub>/(2s<sub>1</sub>+1)</sup>."
    assert typeset("slow^(<b>)") == "Slow<sup>&lt;b&gt;</sup>."


def test_a_line_of_text_has_the_law_without_its_abbreviations() -> None:
    law = Law.power("T", "-2*r*beta/(2*r*beta+1)", where={"beta": "d/(d-1)"})
    alone = Law.power("T", "-2*r*beta/(2*r*beta+1)")
    assert safe_mathml(law.mathml, inline=True) == safe_mathml(alone.mathml, inline=True)
    assert len(safe_mathml(law.mathml)) > len(safe_mathml(alone.mathml)) + 50
    assert safe_mathml("<math><mspace/><mi>x</mi></math>", inline=True) == "<math><mspace></mspace><mi>x</mi></math>"


@pytest.mark.parametrize(
    ("places", "cases", "required", "sentence"),
    [
        ([], 3, True, ""),
        (["r = 1/4"], 1, True, "Does not hold at r = 1/4: the outcome is invalid."),
        (["eta = 2", "k = -1"], 3, False, "Does not hold in 2 of 3 cases, at η = 2; at k = −1: measured all the same."),
        (["r = 1", "r = 2"], 2, False, "Does not hold in any case, for instance at r = 1: measured all the same."),
    ],
)  # fmt: skip
def test_a_condition_says_where_it_does_not_hold(places: list[str], cases: int, required: bool, sentence: str) -> None:
    assert broken({"broken": [{"given": place} for place in places], "required": required}, cases) == sentence


def test_the_menus_count_what_occurs(document: dict[str, Any]) -> None:
    report = from_json(document)
    found = {menu.name: dict(menu.groups) for menu in menus(report)}
    assert {e.value: e.count for e in found["outcome"][""]} == {str(o): n for o, n in report.counts.items()}
    assert [e.value for e in found["kind"]["form"]] == ["power", "exponential", "plateau", "identity"]
    assert {e.value: e.count for e in found["kind"]["direction"]} == {"sharp": 7, "upper": 1}
    assert {e.value: e.count for e in found["kind"]["experiment"]} == {"statistical": 8}
    assert {e.value: e.count for e in found["device"][""]} == {"cpu": 7, "cuda": 1}
    assert sum(e.count for e in found["chapter"][""]) == 8


@pytest.mark.parametrize(
    ("experiment", "comparison", "replicates", "kind"),
    [
        ({"numerical_error": None}, "experiment-law", 9, "statistical"),
        ({"numerical_error": 0.0}, "experiment-law", 1, "deterministic"),
        (None, "curve-law", 0, "curve-only"),
        (None, "experiment-law", 9, "statistical"),
        (None, "experiment-law", 1, "deterministic"),
    ],
)
def test_the_kind_says_how_a_claim_is_measured(
    document: dict[str, Any], experiment: Any, comparison: str, replicates: int, kind: str
) -> None:
    claim = from_json(document).claims[1]
    row = {**claim.results[0], "comparison": comparison, "replicates": replicates}
    known = {**claim.catalogue, "experiment": experiment}
    assert replace(claim, results=(row,), catalogue=known).kinds == ("power", "upper", kind)


FORMS = [
    Law.power("n", "-1", log_power="2"), Law.power("n", "-1", constant="3"), Law.power("n", "-1", plus=("-2", "4")),
    Law.exponential("n", "-1/10"), Law.plateau("n", "1/2", approach="-1/2"), Law.identity("n"),
    Law.separation("n", "-1/2"),
]  # fmt: skip


@pytest.mark.parametrize("law", FORMS, ids=lambda law: str(law))
def test_every_form_of_law_is_drawn(law: Law) -> None:
    made = report_fixture.outer_rate()
    row = replace(made.results[0], form=str(law.form), direction=str(law.direction))
    owner = report_fixture.claim("x", law, experiment=None, checks=())
    report = from_json(to_json(Run((replace(made, claim=owner, results=(row,)),), {}, "quick",
                                   1, "cpu")))  # fmt: skip
    text = claim_page(report, report.claims[0])
    Walk.over(text)
    assert '"name":"law"' in text
    Walk.over(index_page(report))


def test_a_run_without_claims_and_a_result_without_a_catalogue() -> None:
    empty = from_json(to_json(Run((), {}, "quick", 1, "cpu")))
    Walk.over(index_page(empty))
    assert "No claims were run" in index_page(empty)
    bare = from_json(to_json(Run((replace(report_fixture.outer_rate(), claim=None),), {}, "quick", 1, "cpu")))
    Walk.over(claim_page(bare, bare.claims[0]))


def test_values_that_a_log_axis_cannot_show_are_left_out() -> None:
    made = report_fixture.outer_rate()
    points = tuple(replace(p, mean=0.0) for p in made.results[0].points)
    nothing = replace(made, results=(replace(made.results[0], points=points),))
    report = from_json(to_json(Run((nothing,), {}, "quick", 1, "cpu")))
    assert "<figure>" not in claim_page(report, report.claims[0])


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(-0.7512, 0.05), "−0.751"), (number(-0.7512, 0.002), "−0.7512"), (number(None), "–"),
        (number(3.2e-9, 1e-8), "3.2 × 10⁻⁹"), (number(-0.0001, 0.05), "0.000"), (number(2048.0), "2048.0"),
        (number(-6.27e-12, 1e-5), "−6.3 × 10⁻¹²"), (number(0.0, 0.05), "0"),
        (brief(1e-3), "10⁻³"), (brief(0.05), "0.05"), (brief(2048.0), "2048"), (brief(1e7), "10⁷"), (brief(0.0), "0"),
        (interval((-0.76, -0.74), 0.05), "[−0.760, −0.740]"), (interval((None, 2.7)), "(−∞, 2.700]"),
        (interval(None), "–"), (duration(0.84), "0.8 s"), (duration(210), "3.5 min"), (duration(0), "–"),
        (duration(0.02), "< 0.1 s"), (revision("0123456789", True), "0123456, modified"),
        (revision(None, True), "no commit"),
        (relation("2*eta*(1 + x**2) <= 1/2"), "2·η·(1 + x^2) ≤ 1/2"), (relation("beta_0 >= theta2"), "β_0 ≥ θ2"),
        (relation("metal > eta"), "metal > η"),
        (spelled([{"version": "0.3", "num_threads": 1}, None]), "version 0.3, num threads 1; –"),
        (spelled({"dirty": False, "gpu": ""}), "dirty no, gpu –"),
        (prose("pre-asymptotic: -0.5 to d-1"), "pre-asymptotic: −0.5 to d-1"),
    ],
)  # fmt: skip
def test_numbers_read_well(shown: str, expected: str) -> None:
    assert shown == expected
