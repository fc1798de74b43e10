import pytest
from tiny_claims import PILOT, X, exact, flat, power, tiny, with_curve

from rates.claim import Check, Condition, Control, Margin, Source, case_label
from rates.experiment import Curve, Experiment
from rates.law import Law

LEVEL = Check("experiment-law", "level", Margin(0.1))


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
        ({"checks": (LEVEL,)}, "the check experiment-law level: a level needs a law with a constant"),
        ({"checks": (Check("experiment-law", "slope", 0.1, x=(10, 20, 30)),)}, "x = 30 in its window, which the exp"),
        ({"checks": (Check("experiment-law", "slope", 0.1, x=(10, 20)),)}, "has 2 x in its window: a rate needs at"),
        ({"curve": Curve(exact), "checks": (Check("curve-law", "slope", 0.1),)}, "needs x, the points at which"),
        ({"experiment": Experiment(power, (0, 1, 2))}, "needs x > 0 for its logarithm, got 0"),
        ({"law": Law.separation("x", "-1")}, "a law of separation and an experiment with that estimand go together"),
        ({"cases": ()}, "a claim has at least one case"),
        ({"cases": ({"r": float("nan")},)}, "a case holds nan, which is no finite number"),
    ],
)
def test_a_claim_that_contradicts_itself_is_refused(changes, says):
    with pytest.raises(ValueError, match=r"^tiny: ") as error:
        tiny(**changes)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"law": "-1"}, "the law of tiny must be of type Law, got '-1'"),
        ({"experiment": power}, "the experiment of tiny must be of type Experiment, got <function pow"),
        ({"curve": exact}, "the curve of tiny must be of type Curve"),
        ({"checks": LEVEL}, "the checks of tiny must be a tuple, got Check("),
        ({"conditions": ["r > 1"]}, "each of the conditions of tiny must be of type Condition, got 'r > 1'"),
        ({"cases": ([1],)}, "each of the cases of tiny must be of type Mapping"),
        ({"name": 3}, "the name of a claim must be of type str, got 3"),
        ({"name": "a/b:c"}, "part of an address, without : and /, got 'a/b:c'"),
    ],
)
def test_what_is_of_another_kind_is_refused(changes, says):
    with pytest.raises(ValueError, match=r"the name of|tiny") as error:
        tiny(**changes)
    assert says in str(error.value)


@pytest.mark.parametrize("size", [-0.1, float("nan"), float("inf"), "0.1", True])
def test_a_margin_is_a_finite_number(size):
    for make in (lambda: Margin(size), lambda: Margin(0.1, size), lambda: Check("experiment-law", "slope", size)):
        with pytest.raises(ValueError, match="of a margin must be a finite number from 0 on"):
            make()


def test_a_condition_is_true_or_false():
    for make in (
        lambda: Condition("r + 1"),
        lambda: Condition("r"),
        lambda: Check("curve-law", "slope", 0.1, only="d"),
    ):
        with pytest.raises(ValueError, match="not a relation such as 'r >= 1/2'"):
            make()


def test_a_word_with_spaces_is_a_word():
    assert tiny().parameters({"start": "on the sphere"})["start"] == "on the sphere"


def test_a_case_parameter_that_nothing_reads_is_refused():
    with pytest.raises(ValueError, match="nothing reads the case parameter 'slpoe'"):
        tiny(cases=({"slpoe": "-1/2"},))


def test_two_windows_are_two_claims():
    window = Check("experiment-law", "slope", Margin(0.1))
    with pytest.raises(ValueError, match="experiment-law slope is checked twice"):
        tiny(checks=(window, window))


@pytest.mark.parametrize("comparison", ["experiment-paper", "law-curve"])
def test_unknown_words_are_refused(comparison):
    with pytest.raises(ValueError, match=comparison):
        Check(comparison, "slope", Margin(0.1))
    with pytest.raises(ValueError, match="unknown quantity 'trend': use slope, level, bound"):
        Control("c", {}, "experiment-law", "trend")
    with pytest.raises(ValueError, match="unknown profile 'fast': use quick, ci, full"):
        Check("experiment-law", "slope", Margin(0.1), profile="fast")
    with pytest.raises(ValueError, match="unknown expectation 'fail': use refuted"):
        Control("c", {}, "experiment-law", "slope", expect="fail")
    with pytest.raises(ValueError, match="unknown direction 'down': use sharp, upper, lower"):
        Law.power("x", "-1", direction="down")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"x": (1, 2)}, "a rate needs at least three x, got 2"),
        ({"x": (1, 3, 2)}, "increase"),
        ({"block": 0}, "block must be at least 1"),
        ({"estimand": "control-variate"}, "a control variate and its known mean"),
        ({"estimand": "median"}, "unknown estimand 'median': use mean"),
        ({"axis": "times"}, "unknown axis 'times': use size, time"),
        ({"block": 2.5}, "block must be at least 1 and whole, got 2.5"),
        ({"numerical_error": -1.0}, "the numerical error of an experiment must be a finite number from 0 on"),
        ({"numerical_error": float("nan")}, "the numerical error of an experiment must be a finite number from 0 on"),
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
        law=Law.power("x", "-1", constant="1"),
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
