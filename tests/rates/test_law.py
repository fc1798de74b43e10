import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rates.law import Direction, Form, Law

MINIMAX = Law.power("T", "-2*r*beta/(2*r*beta+1)", where={"beta": "d/(d-1)"}, direction="upper")
SMALL = st.fractions(min_value=Fraction(1, 20), max_value=5, max_denominator=40)


def balanced(tex: str) -> bool:
    depth = 0
    for character in tex.replace(r"\{", "").replace(r"\}", ""):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0 and tex.count(r"\left") == tex.count(r"\right")


@given(r=SMALL, d=st.integers(2, 50))
def test_a_slope_is_an_exact_fraction(r, d):
    beta = Fraction(d, d - 1)
    wanted = -2 * r * beta / (2 * r * beta + 1)
    assert MINIMAX.slope({"r": str(r), "d": d}) == sp.Rational(wanted.numerator, wanted.denominator)


def test_decimals_are_exact_and_parameters_are_known():
    assert MINIMAX.slope({"r": 0.9, "d": 2}) == sp.Rational(-18, 23)
    assert MINIMAX.parameters == {"r", "d"}
    assert MINIMAX.direction is Direction.UPPER


def test_a_missing_parameter_is_named():
    with pytest.raises(ValueError, match=r"needs d, r; given: none"):
        MINIMAX.slope({})
    with pytest.raises(ValueError, match=r"needs d; given: r"):
        MINIMAX.slope({"r": 1})


@settings(max_examples=12)
@given(a=SMALL, b=SMALL, c=SMALL)
def test_tex_and_mathml_are_well_formed(a, b, c):
    laws = [
        Law.power("n", f"-({a})*s", log_power=f"{b}", plus=(f"-{c}", "k"), constant="2*s"),
        Law.exponential("t", f"-1/(n + {a}*g)"),
        Law.plateau("T", f"{a}*s/({b}+k)"),
        Law.identity("x", f"{c}"),
        Law.separation("n", f"{a} - {b}*s", direction="lower"),
        Law.power("T", "-2*r/(2*r+1)", where={"r": f"s + {a}"}),
    ]
    for law in laws:
        assert balanced(law.tex), law.tex
        root = ElementTree.fromstring(law.mathml)
        assert root.tag == "math"
        assert len(list(root.iter())) > 3
        assert "\n" not in str(law)


def test_a_law_reads_like_the_paper():
    assert str(MINIMAX) == "y ≲ T^(-2·beta·r/(2·beta·r + 1)), beta = d/(d-1)"
    assert r"\lesssim" in MINIMAX.tex
    assert str(Law.identity("x", "1")) == "y = 1"
    assert str(Law.separation("n", "-1/2")).startswith("Δ ≲")


@given(slope=st.floats(-3, 3), log_power=st.floats(-2, 2), second=st.floats(-3, 3), weight=st.floats(0.01, 10))
def test_offset_and_leading_power_make_the_shape(slope, log_power, second, weight):
    x = np.array([3.0, 10.0, 1e3, 1e6])
    law = Law.power("n", "a", log_power="b", plus=("c", "w"), constant="5")
    given_values = {"a": slope, "b": log_power, "c": second, "w": weight}
    wanted = 5 * (x**slope + weight * x**second) * np.log(x) ** log_power
    np.testing.assert_allclose(law.shape(x, given_values), wanted, rtol=1e-9)
    np.testing.assert_allclose(
        np.exp(law.log_offset(x, given_values)) * 5 * x**slope, law.shape(x, given_values), rtol=1e-9
    )


def test_a_logarithm_needs_x_beyond_one():
    with pytest.raises(ValueError, match="needs n > 1, got 1"):
        Law.power("n", "-1", log_power="1").log_offset(np.array([1.0, 2.0]), {})


def test_forms_have_their_shapes():
    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(Law.exponential("t", "-1/2").shape(x, {}), np.exp(-x / 2))
    np.testing.assert_allclose(Law.plateau("t", "3*s").shape(x, {"s": 2}), [6, 6, 6])
    assert Law.exponential("t", "-1").semilog
    assert Law.plateau("t", "3*s", approach="-1").level({"s": 2}) == 6
    assert Law.power("n", "-1").level({}) is None
    assert Law.separation("n", "-1").form is Form.SEPARATION


@pytest.mark.parametrize("text", ["2*", "x = 1", "__import__('os')", "", "a b", "lambda: 1"])
def test_what_is_not_a_formula_is_refused(text):
    with pytest.raises(ValueError, match="not a formula"):
        Law.power("n", text)


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="sideways"):
        Law.power("n", "-1", direction="sideways")


@pytest.mark.parametrize(
    "law", [Law.plateau("n", "0"), Law.power("n", "-1", constant="-2"), Law.power("n", "-1", plus=("-2", "-100"))]
)
def test_a_law_that_is_not_positive_has_no_logarithm(law):
    with pytest.raises(ValueError, match=r"is not positive at n = 10: it has no logarithm"):
        law.log_shape(np.array([10.0, 20.0]), {})


def test_the_log_of_a_law_does_not_underflow():
    x = np.array([1.0, 1e4])
    np.testing.assert_allclose(Law.exponential("t", "-1").log_shape(x, {}), -x)


def test_what_cannot_be_held_against_a_law():
    with pytest.raises(ValueError, match="a level needs a law with a constant, which y ≍ 1/n is not"):
        Law.power("n", "-1").require_quantity("level")
    Law.plateau("n", "1", approach="-1").require_quantity("level")


def test_a_plateau_may_have_a_rate_of_approach():
    assert Law.plateau("n", "1", approach="-1").approaches
    assert not Law.plateau("n", "1").approaches
    assert not Law.power("n", "-1").approaches
