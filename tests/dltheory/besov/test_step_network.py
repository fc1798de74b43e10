"""Step functions as networks: sizes, exact errors of ramps, and the plateau that a fixed steepness leaves."""

import numpy as np
import pytest

from dltheory.besov.change_points import StepFunction
from dltheory.besov.step_network import StepNetwork

STEPS = StepFunction([0.3, 0.62], [0.5, -1.0, 2.0])


@pytest.mark.parametrize("placement", ["before", "centre"])
def test_a_network_is_the_step_function_away_from_its_ramps(placement):
    network = StepNetwork.of(STEPS, 1e-3, placement)
    x = np.linspace(0, 1, 5001)
    away = np.min(np.abs(x[:, None] - STEPS.jumps), axis=1) > 1e-3
    assert network(x[away]) == pytest.approx(STEPS(x[away]), abs=1e-10)


def test_a_network_has_two_units_a_jump_and_weights_of_order_one_over_delta():
    network = StepNetwork.of(STEPS, 1 / 500)
    assert network.knots.size == 4
    assert network.size == 13
    assert network.magnitude == pytest.approx(3.0 * 500)


@pytest.mark.parametrize(("placement", "share"), [("before", 3), ("centre", 12)])
def test_a_ramp_costs_a_third_or_a_twelfth_of_its_width(placement, share):
    network = StepNetwork.of(STEPS, 0.01, placement)
    expected = float(np.sum(STEPS.heights**2)) * 0.01 / share
    assert network.squared_distance(STEPS) == pytest.approx(expected, rel=1e-12)


def test_no_place_of_a_ramp_is_better_than_centred():
    step = StepFunction([0.5], [0.0, 1.0])
    errors = [
        StepNetwork.of(StepFunction([0.5 + shift], [0.0, 1.0]), 0.1, "centre").squared_distance(step)
        for shift in np.linspace(-0.06, 0.06, 25)
    ]
    assert min(errors) == pytest.approx(0.1 / 12, rel=1e-12)
    assert errors.index(min(errors)) == 12


def test_the_squared_distance_is_the_integral_where_ramps_overlap_and_leave_the_interval():
    steps = StepFunction([0.02, 0.05, 0.97], [0.0, 1.0, -1.0, 0.5])
    network = StepNetwork.of(steps, 0.1)
    at = (np.arange(2_000_000) + 0.5) / 2_000_000
    other = StepFunction([0.4], [0.2, 0.9])
    assert network.squared_distance(other) == pytest.approx(np.mean((network(at) - other(at)) ** 2), rel=1e-6)


@pytest.mark.parametrize("delta", [0.0, -0.1, 2.0])
def test_a_width_outside_the_interval_is_refused(delta):
    with pytest.raises(ValueError, match="width of a ramp"):
        StepNetwork.of(STEPS, delta)


def test_an_unknown_placement_is_refused():
    with pytest.raises(ValueError, match="before its jump or is centred"):
        StepNetwork.of(STEPS, 0.1, "after")
