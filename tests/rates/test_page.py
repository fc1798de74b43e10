"""Pages as they are declared: what is refused, in one sentence, and how names become addresses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tiny_claims import X, tiny, with_curve

from rates.catalogue import BrokenCatalogue, find
from rates.check import check
from rates.experiment import Experiment
from rates.law import Law
from rates.page import Marker, Page, Series

PAIR = tiny(
    name="pair", law=Law.separation("x", "-1/2"), controls=(), checks=(), cases=({"slope": "-1/2"}, {"slope": -1}),
    experiment=Experiment(lambda x, streams, slope=-1: np.ones((len(streams), 2)), X, estimand="separation"),
)  # fmt: skip
CLAIMS = {"tiny": ("my:tiny", tiny()), "curved": ("my:curved", with_curve()), "pair": ("my:pair", PAIR)}


def page(*series: Series, **changes: Any) -> Page:
    given: dict[str, Any] = {"name": "p", "title": "T", "text": ("One.",), "x": "n", "y": "risk",
                             "series": series or (Series("tiny", "a"),)}  # fmt: skip
    return Page(**(given | changes))


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Series("", "a"), "the claim of a series must not be empty"),
        (lambda: Series("tiny", 3), "the label of a series must be of type str, got 3"),
        (lambda: Series("tiny", "a", "mean"),
         "unknown role 'mean': use measured, curve, followed, law"),
        (lambda: Series("tiny", "a", "curve", component=0),
         "the series 'a' has a component, and only what is measured has components"),
        (lambda: Marker(float("nan"), "here"), "the x of the marker 'here' must be a finite number, got nan"),
        (lambda: page(name="a:b"), "the name of a page is part of an address, without : and /, got 'a:b'"),
        (lambda: page(title=" "), "title of the page 'p' must not be empty"),
        (lambda: page(text="One."), "text of the page 'p' must be a tuple, got 'One.'"),
        (lambda: page(series=()), "the page 'p' has no series: there is nothing to draw"),
        (lambda: page(series=("tiny",)), "each of series of the page 'p' must be of type Series, got 'tiny'"),
        (lambda: page(Series("tiny", "a"), Series("tiny", "a", "law")), "the page 'p' has two series labelled 'a'"),
        (lambda: page(markers=(Marker(0, "zero"),)),
         "the page 'p' has the marker 'zero' at x = 0, which a log axis does not have"),
    ],
)  # fmt: skip
def test_a_page_that_contradicts_itself_is_refused_in_one_sentence(build: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build()


@pytest.mark.parametrize(
    ("series", "sentence"),
    [
        (Series("tiny", "a", case={"d": 3}), "is of the case 'd=3' of my:tiny, known cases: the only one, without"),
        (Series("pair", "a", case={"slope": 2}), "is of the case 'slope=2' of my:pair, known cases: slope=-1/2; slope"),
        (Series("tiny", "a", "curve"), "is the curve of my:tiny, which has none"),
        (Series("tiny", "a", component=1), "is component 1 of my:tiny: a separation has components 0 and 1"),
        (Series("pair", "a", component=2), "is component 2 of my:pair: a separation has components 0 and 1"),
    ],
)
def test_a_series_that_its_claim_cannot_have_is_refused_in_one_sentence(series: Series, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^the page 'p': the series 'a' {re.escape(sentence)}"):
        page(series).resolved(CLAIMS)


def test_what_is_not_followed_far_out_and_what_is_not_measured_is_refused() -> None:
    flat = replace(with_curve(), checks=with_curve().checks[1:], controls=())
    with pytest.raises(ValueError, match=r"follows the curve of my:flat far out, which no check curve-law does$"):
        page(Series("flat", "a", "followed")).resolved({"flat": ("my:flat", flat)})
    alone = replace(with_curve(), checks=with_curve().checks[:1], controls=(), experiment=None)
    with pytest.raises(ValueError, match=r"is measured, and my:alone has no experiment$"):
        page(Series("alone", "a")).resolved({"alone": ("my:alone", alone)})


def test_names_become_addresses_and_a_case_is_the_first_unless_said() -> None:
    given = page(Series("pair", "a"), Series("pair", "b", case={"slope": -1}), Series("curved", "c", "curve"))
    done = given.resolved(CLAIMS)
    assert [one.claim for one in done.series] == ["my:pair", "my:pair", "my:curved"]
    assert [one.case for one in done.series] == [{"slope": "-1/2"}, {"slope": -1}, {}]
    assert len({one.group for one in done.series}) == 3
    assert done.verdicts == ("my:pair", "my:curved")
    assert replace(given, verdicts=("tiny",)).resolved(CLAIMS).verdicts == ("my:tiny",)


def test_a_case_is_the_same_number_however_it_is_written() -> None:
    assert page(Series("pair", "a", case={"slope": -0.5})).resolved(CLAIMS).series[0].case == {"slope": "-1/2"}


PAGES = "from rates.page import *\nPAGES = ({},)\n"
ONE = "Page('p', 'T', (), 'n', 'y', (Series({!r}, 'a'),))"


def test_pages_of_a_file_are_found_by_the_claims_that_were_found(claims_file: Any, cli: Any) -> None:
    name = claims_file("tiny()", functions=PAGES.format(ONE.format("tiny")))
    [item] = find([name])
    assert list(item.pages) == ["my:p"]
    assert item.pages["my:p"].claims == ("my:tiny",)
    assert list(check(name, store=None).pages) == ["my:p"]
    assert check(tiny(), store=None).pages == {}, "another claim of the same name"


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        (PAGES.format(ONE.format("tony")),
         "my.py: the page 'p': there is no claim, method or chapter 'tony'; did you mean tiny?"),
        (PAGES.format(ONE.format("ntk/averaged_sgd:minimax")),
         "my.py: the page 'p': there is no claim, method or chapter 'ntk/averaged_sgd:minimax'; did you mean"
         " ntk/averaged_sgd:minimax-rate?"),
        (PAGES.format(ONE.format("tiny").replace("'a'", "'a', 'curve'")),
         "my.py: the page 'p': the series 'a' is the curve of my:tiny, which has none"),
        (PAGES.format(f"{ONE.format('tiny')}, {ONE.format('tiny')}"), "my.py has two pages named 'p'"),
        ("PAGES = ('tiny',)\n", "my.py needs PAGES to be a tuple of Page"),
    ],
)  # fmt: skip
def test_a_wrong_page_is_one_sentence_when_its_claims_are_listed(
    claims_file: Any, cli: Any, pages: str, sentence: str
) -> None:
    name = claims_file("tiny()", functions=pages)
    with pytest.raises(BrokenCatalogue, match=f"^{re.escape(sentence)}$"):
        find([name])
    answer = cli("list", name)
    assert (answer.code, answer.err.strip()) == (2, f"rates: {sentence}")


def test_every_page_of_the_catalogue_has_claims_that_exist() -> None:
    claims = {item.address: item.claim for item in find()}
    found = {address: shown for item in find() for address, shown in item.pages.items()}
    assert "meanfield/head_to_head:gap-against-evaluations" in found
    assert all(name in claims for shown in found.values() for name in shown.claims)
