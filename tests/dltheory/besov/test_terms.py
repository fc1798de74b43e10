"""Series of tensor B-splines: values, exact norms, projections, and the numbers that a selection keeps."""

import math

import numpy as np
import pytest
from scipy.interpolate import NdBSpline

from dltheory.besov import splines
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.terms import (
    Level,
    Selection,
    SplineSeries,
    decompose,
    dyadic,
    largest,
    omitted,
    project,
    resolution,
    resolution_of_atoms,
    total_bits,
)

S12 = Smoothness((1.0, 2.0))
SPARSE = Smoothness((1.5, 3.0), p=4 / 3)


def wavy(x):
    return np.sin(5 * x[:, 0]) * np.cos(2 * x[:, 1]) + np.abs(x[:, 0] - 0.3)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def series():
    return decompose(wavy, S12, 3, 6)


def test_values_are_the_sum_over_the_terms(series, random):
    x = random.random((40, 2))
    scales, shifts, coefficients = series.terms()
    atoms = splines.cardinal(3, x[:, None, :] * scales - shifts).prod(axis=2)
    assert series(x) == pytest.approx(atoms @ coefficients, abs=1e-11)
    assert len(coefficients) == series.count


def test_one_collected_level_is_the_same_function_to_scipy(series, random):
    x, level = random.random((200, 2)), series.collected()
    knots = tuple(np.arange(-3, k + 4) / k for k in level.pieces)
    assert NdBSpline(knots, level.coefficients, 3)(x) == pytest.approx(series(x), abs=1e-12)


def test_three_directions_work_as_two_do(random):
    x, cubic = random.random((100, 3)), lambda x: x.prod(axis=1) ** 2 + x[:, 0]
    assert decompose(cubic, Smoothness((1, 2, 2)), 3, 2)(x) == pytest.approx(cubic(x), abs=1e-12)


def test_the_norm_is_the_integral(series):
    rules = [splines.quadrature(k, 5) for k in series.collected().pieces]
    grid = np.stack(np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij"), axis=-1).reshape(-1, 2)
    weights = np.outer(*(weights for _, weights in rules)).ravel()
    assert series.squared_norm() == pytest.approx(float(weights @ series(grid) ** 2), rel=1e-12)


def test_a_projection_keeps_splines_and_leaves_an_orthogonal_rest(random):
    level = Level((5, 3), random.standard_normal((8, 6)))
    found = project(SplineSeries(3, (level,)), 3, (5, 3))
    assert found.coefficients == pytest.approx(level.coefficients, abs=1e-11)
    rules = [splines.quadrature(k, 6) for k in (5, 3)]
    grid = np.stack(np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij"), axis=-1).reshape(-1, 2)
    rest = wavy(grid) - SplineSeries(3, (project(wavy, 3, (5, 3), points=6),))(grid)
    weighted = (np.outer(rules[0][1], rules[1][1]).ravel() * rest).reshape(30, 18)
    first, second = (splines.design(3, k, nodes) for k, (nodes, _) in zip((5, 3), rules, strict=True))
    assert np.max(np.abs(first.T @ weighted @ second)) < 1e-13


def test_details_of_finer_levels_shrink_like_the_smoothness_says(series):
    sizes = [np.abs(level.coefficients).max() for level in series.levels]
    assert sizes[6] < 0.05 * sizes[0]


def test_levels_and_resolutions_follow_the_smoothness():
    assert [dyadic(S12, k) for k in range(5)] == [(1, 1), (2, 1), (4, 2), (8, 2), (16, 4)]
    assert dyadic(Smoothness((1.0, math.inf)), 6) == (64, 1)
    assert resolution(S12, 4096) == (256, 16)
    assert resolution(Smoothness((1.0, 3.0)), 4096) == (512, 8)
    pieces = resolution_of_atoms(S12, 3, 400)
    assert math.prod(k + 3 for k in pieces) == pytest.approx(400, rel=0.1)
    assert resolution_of_atoms(S12, 3, 10) == (1, 1)


def test_a_selection_keeps_the_numbers_of_the_scheme():
    chosen = Selection(SPARSE)
    assert (chosen.gap, chosen.decay) == (pytest.approx(0.25), pytest.approx(1.5))
    assert chosen.finest(64) == pytest.approx(10)
    assert chosen.kept(64, [0, 6, 7, 9, 10, 12]).tolist() == [math.inf, math.inf, 23, 3, 1, 0]
    assert Selection(S12).kept(64, [6, 7]).tolist() == [math.inf, 0]


@pytest.mark.parametrize("terms", [2**6, 2**12, 2**18])
def test_a_selection_has_of_the_order_of_n_terms(terms):
    bits = np.array([total_bits(dyadic(SPARSE, k)) for k in range(60)])
    kept = np.minimum(Selection(SPARSE).kept(terms, bits), 2.0**bits)
    assert terms <= kept.sum() <= 4 * terms


def test_the_largest_coefficients_stay_and_the_rest_is_what_is_omitted(random):
    level = Level((4, 2), random.standard_normal((7, 5)))
    kept = largest(level, 6)
    assert kept.count == 6
    assert np.abs(kept.coefficients[kept.coefficients != 0]).min() >= np.sort(np.abs(level.coefficients), None)[-6]
    assert largest(level, 35) is level
    series = SplineSeries(3, tuple(Level(p, random.standard_normal((p[0] + 3, p[1] + 3))) for p in ((1, 1), (4, 2))))
    selected = Selection(Smoothness((1.0, 2.0), p=1.0)).apply(series, 2)
    x = random.random((30, 2))
    assert selected.count == 16 + 2
    assert selected(x) + omitted(series, selected)(x) == pytest.approx(series(x), abs=1e-12)


def test_bad_input_is_refused(series):
    with pytest.raises(ValueError, match=r"intrinsic smoothness 0\.4 must exceed"):
        Selection(Smoothness((0.8, 0.8), p=1.0))
    with pytest.raises(ValueError, match="scale λ of a selection must be positive"):
        Selection(S12, scale=0)
    with pytest.raises(ValueError, match="spline order 2 is too low"):
        decompose(wavy, S12, 2, 2)
    with pytest.raises(ValueError, match=r"coefficients of shape \(3, 3\), expected \(5, 5\)"):
        SplineSeries(3, (Level((2, 2), np.zeros((3, 3))),))
    with pytest.raises(ValueError, match="at least one level"):
        SplineSeries(3, ())
    with pytest.raises(ValueError, match="coordinates must lie between 0 and 1"):
        series(np.array([[0.5, np.nan]]))
    with pytest.raises(ValueError, match=r"expected \(n, 2\)"):
        series(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="no refinement"):
        SplineSeries(1, tuple(Level((k,), np.zeros(k + 1)) for k in (2, 3))).collected()
