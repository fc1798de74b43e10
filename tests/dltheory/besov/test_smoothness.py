import math

import pytest

from dltheory.besov.smoothness import Smoothness


def test_intrinsic_smoothness_is_the_harmonic_sum_and_s_over_d_when_isotropic():
    assert Smoothness((1.0, 2.0)).mean == pytest.approx(2 / 3, rel=1e-15)
    assert Smoothness((3.0,) * 4).mean == pytest.approx(3 / 4, rel=1e-15)


def test_a_direction_of_infinite_smoothness_does_not_count():
    wide = Smoothness((1.0, math.inf, math.inf, math.inf))
    assert wide.mean == 1.0
    assert wide.rate == pytest.approx(2 / 3)


@pytest.mark.parametrize(("s", "rate"), [((1, 2), 4 / 7), ((1, 3), 3 / 5), ((1, 2, 2), 1 / 2)])
def test_minimax_exponents_are_those_of_hand_computation(s, rate):
    assert Smoothness(s).rate == pytest.approx(rate, rel=1e-14)


def test_linear_estimators_lose_the_excess_when_p_is_below_two():
    sparse = Smoothness((2.0, 2.0), p=1.0)
    assert (sparse.mean, sparse.excess, sparse.embedding) == (1.0, 0.5, 0.5)
    assert sparse.rate == pytest.approx(2 / 3)
    assert sparse.linear_rate == pytest.approx(1 / 2)
    assert Smoothness((2.0, 2.0), p=3.0).linear_rate == Smoothness((2.0, 2.0), p=3.0).rate


@pytest.mark.parametrize(("ambient", "rate"), [(2, 1 / 2), (4, 1 / 3), (8, 1 / 5)])
def test_an_unknown_rotation_costs_linear_estimators_the_ambient_dimension(ambient, rate):
    assert Smoothness((1.0,)).rotated_linear_rate(ambient) == pytest.approx(rate, rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"s": ()}, "at least one direction"),
        ({"s": (1.0, 0.0)}, "direction 2 must be positive, got 0"),
        ({"s": (-1.0,)}, "direction 1 must be positive, got -1"),
        ({"s": (math.nan,)}, "must be positive, got nan"),
        ({"s": (1.0,), "p": 0.0}, "p must be positive"),
        ({"s": (1.0,), "q": -1.0}, "q must be positive"),
        ({"s": (math.inf,)}, "constant in every direction"),
    ],
)
def test_what_is_no_smoothness_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Smoothness(**arguments)


def test_a_space_outside_of_square_integrable_functions_has_no_rate():
    with pytest.raises(ValueError, match=r"not in L².*0\.25 must exceed .* = 0\.5"):
        _ = Smoothness((0.5, 0.5), p=1.0).rate


def test_compositions_need_continuous_functions():
    with pytest.raises(ValueError, match="functions need not be continuous"):
        Smoothness((1.0, 1.0), p=2.0).require_continuous()
    Smoothness((2.0, 2.0), p=2.0).require_continuous()


def test_no_linear_rate_where_the_excess_is_not_below_the_smoothness():
    with pytest.raises(ValueError, match="no polynomial linear rate"):
        _ = Smoothness((1.0, 1.0), p=1.0).linear_rate


@pytest.mark.parametrize(("p", "order", "needed"), [(2.0, 2, 3), (math.inf, 2, 4), (1.0, 2, 3)])
def test_a_spline_order_that_is_too_low_is_told_the_order_that_is_enough(p, order, needed):
    space = Smoothness((1.0, 2.4 if p == 2.0 else (2.9 if p == 1.0 else 2.5)), p=p)
    with pytest.raises(ValueError, match=rf"spline order {order} is too low.*raise the order to {needed}"):
        space.require_spline_order(order)
    space.require_spline_order(needed)


def test_the_ambient_dimension_holds_the_intrinsic_one():
    with pytest.raises(ValueError, match="at least 2, got 1"):
        Smoothness((1.0, 2.0)).rotated_linear_rate(1)
