from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from rates.expression import evaluate, evaluate_number, exact, holds, mathml, parse, plain, tex

FRACTIONS = st.fractions(max_denominator=1000, min_value=-100, max_value=100)


@given(a=FRACTIONS, b=FRACTIONS)
def test_arithmetic_is_that_of_fractions(a, b):
    wanted = a * b - a / 7 + b**2
    assert evaluate(parse("a*b - a/7 + b^2"), {"a": str(a), "b": str(b)}) == sp.Rational(
        wanted.numerator, wanted.denominator
    )


@given(a=FRACTIONS, b=FRACTIONS)
def test_relations_are_decided_exactly(a, b):
    given_values = {"a": str(a), "b": str(b)}
    assert holds(parse("a < b"), given_values) == (a < b)
    assert holds(parse("a >= b"), given_values) == (a >= b)
    assert holds(parse("Eq(a, b)"), given_values) == (a == b)


@given(st.integers(-(10**6), 10**6), st.integers(1, 6))
def test_decimals_are_the_fraction_that_is_written(digits, places):
    text = f"{Fraction(digits, 10**places).numerator}/{Fraction(digits, 10**places).denominator}"
    assert exact(f"{digits}e-{places}") == exact(text)


def test_numbers_become_plain_ones():
    assert [plain(v) for v in ("2", "1/2", 3, 0.25, "last")] == [2, 0.5, 3, 0.25, "last"]
    assert isinstance(plain("4/2"), int)


def test_a_parameter_may_be_called_like_sympy_calls_something():
    assert evaluate(parse("beta + gamma + S + N + E + I"), dict.fromkeys(["beta", "gamma", "S", "N", "E", "I"], 1)) == 6
    assert evaluate(parse("lambda_ * 2"), {"lambda_": 3}) == 6


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="not a finite number: 'r'"):
        exact("r")


@pytest.mark.parametrize("text", ["1/0", "oo", "-oo", "sqrt(-1)", "1e400", "nan", "1 > 0", "(1, 2)"])
def test_a_number_is_real_and_finite(text):
    with pytest.raises(ValueError, match="not a f"):
        exact(text)


def test_a_formula_without_a_finite_value_is_refused():
    with pytest.raises(ValueError, match=r"the formula 1/s has no finite value at s = 0"):
        evaluate_number(parse("1/s"), {"s": 0})


def test_the_missing_are_named_and_the_given_too():
    with pytest.raises(ValueError, match=r"needs b, c; given: a"):
        evaluate(parse("a + b*c"), {"a": 1})


def test_print():
    assert tex(parse("log(n)/n")) == r"\frac{\log{\left(n \right)}}{n}"
    assert mathml(parse("a^2")).startswith("<msup>")


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9", "-9^9^9^9", "(9**99)**9999", "2**-99999999", "1e999999999", "1e-999999999", "Gamma(10**9)",
     "zeta(-10**6)", "exp(exp(exp(99)))", "9**floor(10**9)", "9**+(9**9)", "x*9**9**9", "(1, 9**9**9)"],
)  # fmt: skip
def test_a_number_that_could_not_be_written_down_is_refused_before_it_is_computed(text):
    with pytest.raises(ValueError, match=r"^not a formula: .* has a number of more than 4000 bits$"):
        parse(text)


@pytest.mark.parametrize("text", ["9**(9<<30)", "9**~(-9**9)", "9!", "f(2)", "9**f(9)", "1+" * 3000 + "1"])
def test_operations_that_no_formula_has_are_refused(text):
    with pytest.raises(ValueError, match=r"^not a formula: "):
        parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("9**9", 9**9), ("0**9**9**2", 0), ("(-1)**(10**300)", 1), ("x**(2**9)", 2**512), ("2**x**3", 256), ("7 % 4", 3)],
)
def test_large_numbers_that_can_be_written_down_are_computed(text, value):
    assert evaluate(parse(text), {"x": 2}) == value
