"""Extrapolation of noise-free families: the true exponent must lie within the stated error."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rates.asymptote import extrapolate, extrapolate_level

GRIDS = {
    "2^4..2^16": 2.0 ** np.arange(4, 17),
    "2^4..2^24": 2.0 ** np.arange(4, 25),
    "4^2..4^18": 4.0 ** np.arange(2, 19),
    "10..1e4, 8 points": np.geomspace(10, 1e4, 8),
    "whole numbers": np.round(np.geomspace(10, 1e8, 15)),
}


def log(x):
    return np.log(x)


FAMILIES = {
    "power": (lambda x: -0.75 * log(x), -0.75),
    "1 + 3x^-1/2": (lambda x: -log(x) + np.log1p(3 * x**-0.5), -1),
    "1 + 3x^-1/4": (lambda x: -log(x) + np.log1p(3 * x**-0.25), -1),
    "1 + x^-1/16": (lambda x: -log(x) + np.log1p(x**-0.0625), -1),
    "two powers": (lambda x: log(x**-1.0 + 0.03 * x**-0.5), -0.5),
    "two powers, late crossing": (lambda x: log(x**-1.0 + 1e-5 * x**-0.5), -0.5),
    "two corrections": (lambda x: -log(x) + np.log1p(2 * x**-0.5 - 1.5 * x**-0.75), -1),
    "two slow corrections": (lambda x: -log(x) + np.log1p(2 * x**-0.25 + 4 * x**-0.5), -1),
    "log": (lambda x: -log(x) + log(log(x)), -1),
    "log squared": (lambda x: -log(x) + 2 * log(log(x)), -1),
    "1/log": (lambda x: -log(x) - log(log(x) + 3), -1),
    "log log": (lambda x: -log(x) + log(log(log(x) + 1)), -1),
    "exp sqrt log": (lambda x: -log(x) + np.sqrt(log(x)), -1),
    "staircase of 4": (lambda x: -log(4) * np.floor(log(x) / log(4) + 1e-9), -1),
    "staircase of 5": (lambda x: -log(5) * np.floor(log(x) / log(5) + 1e-9), -1),
    "log-periodic": (lambda x: -log(x) + 0.1 * np.sin(2 * np.pi * log(x) / log(7)), -1),
    "damped oscillation": (lambda x: -log(x) + 3 * x**-0.3 * np.sin(2 * np.pi * log(x) / log(7)), -1),
    "floor": (lambda x: log(x**-1.0 + 1e-6), 0),
}


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_error_covers_the_truth(family, grid):
    curve, exponent = FAMILIES[family]
    found = extrapolate(GRIDS[grid], curve(GRIDS[grid]))
    assert abs(found.slope - exponent) <= found.error + 1e-13
    assert len(found.local_slopes) == len(GRIDS[grid]) - 1


@pytest.mark.parametrize(
    ("family", "grid", "error"),
    [
        ("power", "10..1e4, 8 points", 1e-11),
        ("1 + 3x^-1/2", "2^4..2^16", 1e-3),
        ("1 + 3x^-1/4", "4^2..4^18", 1e-3),
        ("two powers", "2^4..2^24", 1e-3),
        ("two corrections", "2^4..2^16", 1e-3),
        ("damped oscillation", "4^2..4^18", 1e-3),
        ("log", "2^4..2^24", 1e-2),
    ],
)
def test_the_error_is_small_where_extrapolation_is_easy(family, grid, error):
    curve, _ = FAMILIES[family]
    found = extrapolate(GRIDS[grid], curve(GRIDS[grid]))
    assert found.converged
    assert found.error < error


@pytest.mark.parametrize("family", ["two powers, late crossing", "staircase of 5", "log-periodic", "floor"])
def test_what_does_not_settle_does_not_converge(family):
    curve, _ = FAMILIES[family]
    assert not extrapolate(GRIDS["2^4..2^24"], curve(GRIDS["2^4..2^24"])).converged


def test_few_points_are_not_enough():
    x = 2.0 ** np.arange(5, 9)
    found = extrapolate(x, -log(x) + np.log1p(3 * x**-0.5))
    assert not found.converged
    assert found.error == math.inf


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    exponent=st.floats(-2, -0.3), size=st.floats(-0.9, 4), power=st.floats(0.1, 1), grid=st.sampled_from(sorted(GRIDS))
)
def test_any_single_correction_is_covered(exponent, size, power, grid):
    x = GRIDS[grid]
    found = extrapolate(x, exponent * log(x) + np.log1p(size * x**-power))
    assert abs(found.slope - exponent) <= found.error + 1e-12


def test_random_curves_with_two_corrections_are_nearly_always_covered():
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(300):
        x = GRIDS[rng.choice(["2^4..2^16", "2^4..2^24", "4^2..4^18"])]
        sizes, powers = rng.uniform(-0.4, 4, 2), rng.uniform(0.1, 1, 2)
        found = extrapolate(x, -log(x) + np.log1p(sizes @ x ** -powers[:, None]))
        missed += abs(found.slope + 1) > found.error + 1e-12
    assert missed <= 6


@pytest.mark.parametrize("relative", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("seed", range(5))
def test_numerical_error_of_the_curve_is_carried_through(relative, seed):
    for grid in GRIDS.values():
        wrong = relative * np.random.default_rng(seed).uniform(-1, 1, len(grid))
        found = extrapolate(grid, -log(grid) + np.log1p(3 * grid**-0.25) + np.log1p(wrong), error=relative)
        assert abs(found.slope + 1) <= found.error


def test_exponential_rates_on_a_semilog_grid():
    t = np.linspace(1, 40, 40)
    for extra in (0 * t, np.log1p(3 * np.exp(-0.4 * t)), 2 * log(t)):
        found = extrapolate(t, -0.3 * t + extra, semilog=True)
        assert found.converged
        assert abs(found.slope + 0.3) <= found.error < 5e-3


@pytest.mark.parametrize(
    ("ratio", "limit", "error"),
    [
        (lambda x: 0 * x, 0.0, 1e-12),
        (lambda x: np.log1p(3 * x**-0.5), 0.0, 1e-4),
        (lambda x: 0.05 + np.log1p(0.3 * x**-0.25), 0.05, 1e-3),
        (lambda x: 1 / log(x), 0.0, 1e-2),
    ],
)
def test_levels(ratio, limit, error):
    x = GRIDS["4^2..4^18"]
    found = extrapolate_level(x, ratio(x))
    assert found.converged
    assert abs(found.slope - limit) <= found.error < error


def test_a_level_that_drifts_does_not_converge():
    x = GRIDS["4^2..4^18"]
    assert not extrapolate_level(x, 0.01 * log(x)).converged


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0, 2.0], [0.0, 1.0], "three points"),
        ([1.0, 2.0, 2.0], [0.0, 1.0, 1.0], "increase"),
        ([0.0, 2.0, 3.0], [0.0, 1.0, 1.0], "positive"),
        ([1.0, 2.0, 3.0], [0.0, -np.inf, 1.0], "x = 2"),
    ],
)
def test_bad_curves_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        extrapolate(x, y)


@pytest.mark.parametrize("declared", [0.0, 1e-7, 1e-5, 1e-4, 1e-3])
def test_a_slow_drift_below_the_declared_error_is_no_limit(declared):
    x = 2.0 ** np.arange(5, 16)
    log_y = np.log(x**-0.75 + np.exp(-3) * x**-0.70)  # falls like x^-0.70 in the end
    found = extrapolate(x, log_y, error=declared)
    assert not found.converged or abs(found.slope + 0.70) <= found.error


@pytest.mark.parametrize("seed", range(5))
def test_jitter_within_the_declared_error_is_no_drift(seed):
    x = 10.0 ** np.arange(2, 14)
    jitter = 1e-4 * np.random.default_rng(seed).uniform(-1, 1, len(x))
    found = extrapolate(x, np.log(x**-0.5) + jitter, error=1e-4)
    assert abs(found.slope + 0.5) <= found.error
