import pytest
from tiny_claims import PILOT, X, flat, power, tiny, with_curve

from rates.claim import Check, Condition, Control, Margin, Source, case_label
from rates.experiment import Experiment


def test_a_claim_holds_together():
    claim = with_curve(cases=({"slope": -1},))
    assert isinstance(claim.controls, tuple)
    assert claim.checks[0].name == "curve-law slope"
    assert Check("experiment-law", "slope", 0.1).margin == Margin(0.1)
    assert Margin(0.1, 0.02).total == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"checks": (Check("curve-law", "slope", Margin(0.1), x=X),)}, "tiny: the check curve-law slope needs a curve"),
        ({"checks": (Check("experiment-curve", "level", Margin(0.1)),)}, "experiment-curve level needs a curve"),
        ({"experiment": None}, "the check experiment-law slope needs an experiment"),
        (
            {"controls": (Control("typo", {"slpe": 0}, "experiment-law", "slope"),)},
            "the control 'typo' sets slpe, known knobs: bad, cv, scale, slope",
        ),
        (
            {"controls": (flat(predicted=-0.9),)},
            "the margin 0.1 of experiment-law slope is more than half the distance 0.1 to the control 'slope -1/2'",
        ),
        ({"checks": ()}, "must be caught by experiment-law slope, which is not checked for this claim"),
        ({"controls": (flat(case={"d": 3}),)}, "the control 'slope -1/2' is for d=3, which is no case"),
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(changes, says):
    with pytest.raises(ValueError, match=r"^tiny: ") as error:
        tiny(**changes)
    assert says in str(error.value)


@pytest.mark.parametrize("comparison", ["experiment-paper", "law-curve"])
def test_unknown_words_are_refused(comparison):
    with pytest.raises(ValueError, match=comparison):
        Check(comparison, "slope", Margin(0.1))
    with pytest.raises(ValueError, match="trend"):
        Control("c", {}, "experiment-law", "trend")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"x": (1, 2)}, "a rate needs at least three x, got 2"),
        ({"x": (1, 3, 2)}, "increase"),
        ({"block": 0}, "block must be at least 1"),
        ({"estimand": "control-variate"}, "a control variate and its known mean"),
    ],
)
def test_an_experiment_that_cannot_show_a_rate_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        Experiment(power, **({"x": X, "pilot": PILOT} | changes))


def test_conditions_have_two_grades():
    claim = tiny(
        cases=({"r": "1/4"},),
        conditions=(Condition("r <= 1", required=False), Condition("r >= 1/2", why="the theorem is silent below")),
    )
    assert claim.broken({"r": "1/2"}) == ""
    assert claim.broken({"r": "1/4"}) == "the law needs r >= 1/2, given r = 1/4: the theorem is silent below"
    assert not claim.conditions[0].holds({"r": 2})
    with pytest.raises(ValueError, match="needs r; given: none"):
        Condition("r >= 1/2").holds({})
    with pytest.raises(ValueError, match="not a formula"):
        Condition("r at least 1")


def test_formulas_see_defaults_below_the_case_below_changes():
    claim = tiny(cases=({"slope": "-1/2"},))
    assert claim.formula_parameters({"slope": "-1/2"}) == {"slope": "-1/2", "scale": 1.0, "cv": 0.1}
    assert claim.formula_parameters({}, {"slope": -2})["slope"] == -2
    assert claim.parameters({"slope": "-1/2", "layers": "both"}) == {"slope": -0.5, "layers": "both"}


def test_checks_are_chosen_by_case_and_profile():
    claim = tiny(
        cases=({"d": 2}, {"d": 10}),
        checks=(
            Check("experiment-law", "slope", Margin(0.1), only="d < 5"),
            Check("experiment-law", "level", Margin(0.1), profile="ci"),
            Check("experiment-law", "bound", Margin(0.1), undecidable="too far out", profile="full"),
        ),
    )
    assert [c.quantity for c in claim.checks_for({"d": 2}, "quick")] == ["slope", "bound"]
    assert [c.quantity for c in claim.checks_for({"d": 10}, "ci")] == ["level", "bound"]


def test_a_source_can_be_cited():
    source = Source("Ada Lovelace, Alan Turing", "On rates", "ICML", 2021, "Theorem 2", "read", "https://example.org")
    assert source.bibtex.startswith("@inproceedings{lovelace2021,\n  author = {Ada Lovelace and Alan Turing},")
    assert str(source) == "Ada Lovelace, Alan Turing, ICML, 2021; Theorem 2 [read]"
    assert Source().bibtex == ""


def test_a_case_is_a_key():
    assert case_label({"r": "3/4", "d": 2}) == "d=2, r=3/4" == case_label({"d": 2, "r": "3/4"})
