"""Harmonics, zonal functions, quadrature and sampling on the sphere."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from dltheory.ntk.sphere import (
    legendre,
    legendre_series,
    multiplicity,
    polynomial_dimension,
    uniform,
    zonal_quadrature,
)


@pytest.mark.parametrize("dim", [2, 3, 4, 5, 10, 30])
def test_multiplicity_is_the_dimension_of_harmonic_polynomials(dim):
    def homogeneous(k):
        return special.comb(k + dim - 1, dim - 1, exact=True) if k >= 0 else 0

    expected = np.array([homogeneous(k) - homogeneous(k - 2) for k in range(40)], dtype=float)
    value = multiplicity(dim, np.arange(40))
    exact = expected < 2**51 / dim
    np.testing.assert_array_equal(value[exact], expected[exact])
    np.testing.assert_allclose(value, expected, rtol=1e-14)


def test_multiplicity_at_huge_degrees():
    assert multiplicity(2, 10**9) == 2
    assert multiplicity(3, 10**9) == 2 * 10**9 + 1
    exact = special.comb(10**9 + 9, 9, exact=True) - special.comb(10**9 + 7, 9, exact=True)
    assert multiplicity(10, 10**9) == pytest.approx(exact, rel=1e-14)


@given(dim=st.integers(2, 12), degree=st.integers(-2, 60))
def test_polynomial_dimension_sums_one_parity(dim, degree):
    expected = multiplicity(dim, np.arange(degree % 2, degree + 1, 2)).sum()
    assert polynomial_dimension(dim, degree) == expected


def test_legendre_is_chebyshev_on_the_circle_and_legendre_on_the_sphere():
    angle = np.linspace(0, np.pi, 301)
    t = np.cos(angle)
    tolerance = 50**2 * 1e-16  # what the rounding of t does
    np.testing.assert_allclose(legendre(2, 50, t), np.cos(np.outer(np.arange(51), angle)), rtol=0, atol=tolerance)
    expected = [special.eval_legendre(k, t) for k in range(51)]
    np.testing.assert_allclose(legendre(3, 50, t), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dim", [2, 5, 10])
@pytest.mark.parametrize("t", [0.3, -0.7, 1 - 1e-9, -1 + 1e-9])
def test_legendre_of_degree_three_thousand_at_thirty_digits(dim, t):
    with mpmath.workdps(30):
        x, before, value = mpmath.mpf(t), mpmath.mpf(1), mpmath.mpf(t)
        for k in range(1, 3000):
            before, value = value, ((2 * k + dim - 2) * x * value - k * before) / (k + dim - 2)
    assert legendre(dim, 3000, t)[-1] == pytest.approx(float(value), abs=3e-13)


@pytest.mark.parametrize("dim", [2, 3, 10])
@pytest.mark.parametrize("size", [1, 2, 3, 400])
def test_series_is_the_sum_of_its_terms(dim, size):
    rng = np.random.default_rng(1)
    coefficients = rng.standard_normal(size)
    t = rng.uniform(-1, 1, (7, 90))
    expected = np.tensordot(coefficients, legendre(dim, size - 1, t), 1)
    np.testing.assert_allclose(legendre_series(dim, coefficients, t), expected, atol=1e-13)
    assert legendre_series(dim, coefficients, 1.0) == pytest.approx(coefficients.sum(), abs=1e-12)


@pytest.mark.parametrize("dim", [2, 3, 4, 10, 50])
def test_quadrature_makes_harmonics_orthogonal(dim):
    t, weights = zonal_quadrature(dim, 40)
    values = legendre(dim, 39, t)
    gram = (values * weights) @ values.T
    np.testing.assert_allclose(gram * np.sqrt(np.outer(*[multiplicity(dim, np.arange(40))] * 2)), np.eye(40), atol=1e-9)
    np.testing.assert_allclose(np.diag(gram), 1 / multiplicity(dim, np.arange(40)), rtol=1e-10)


def test_quadrature_moments():
    for dim in (2, 3, 7):
        t, weights = zonal_quadrature(dim, 12)
        assert weights.sum() == pytest.approx(1, abs=1e-14)
        assert weights @ t**2 == pytest.approx(1 / dim, rel=1e-13)
        assert weights @ t**4 == pytest.approx(3 / (dim * (dim + 2)), rel=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_uniform_points_have_norm_one_and_are_nested(dim):
    long = uniform(np.random.default_rng(7), 1000, dim)
    short = uniform(np.random.default_rng(7), 13, dim)
    np.testing.assert_array_equal(long[:13], short)
    np.testing.assert_allclose((long**2).sum(1), 1, rtol=1e-14)


def test_uniform_points_average_harmonics_to_zero():
    points = uniform(np.random.default_rng(3), 40_000, 5)
    degrees = np.arange(1, 9)
    z_scores = legendre(5, 8, points[:, 0])[1:].mean(1) * np.sqrt(40_000 * multiplicity(5, degrees))
    assert np.abs(z_scores).max() < special.ndtri(1 - 1e-6 / 16)


def test_refusals_are_one_sentence():
    with pytest.raises(ValueError, match="S\\^0 has two points"):
        multiplicity(1, 3)
    with pytest.raises(ValueError, match="at least 0"):
        multiplicity(3, [-1])
    with pytest.raises(ValueError, match="one non-empty row"):
        legendre_series(3, np.zeros((2, 2)), 0.5)
    with pytest.raises(ValueError, match="nodes must be at least 1"):
        zonal_quadrature(3, 0)
