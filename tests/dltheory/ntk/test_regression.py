"""Regression on the sphere: the target's energies, nested samples, membership, and the sharp limits of the risk."""

import dataclasses
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression, boundary_amplitude, risk_constants
from dltheory.ntk.spectrum import beta, degree_decay, effective_dimension, eigenvalues, ridge_bias
from dltheory.ntk.sphere import legendre, uniform, zonal_quadrature

CIRCLE = NeuralTangentKernel(2)


@pytest.mark.parametrize("dim", [2, 3, 5, 10])
def test_target_has_the_energy_of_each_degree(dim):
    energy = np.random.default_rng(2).exponential(size=12)
    problem = SphereRegression(NeuralTangentKernel(dim), energy, 0.1)
    t, weights = zonal_quadrature(dim, 30)
    values = problem.zonal_target(t)
    assert weights @ values**2 == pytest.approx(energy.sum(), rel=1e-12)
    projections = legendre(dim, 11, t) @ (weights * values) * np.sqrt(problem.multiplicity)
    np.testing.assert_allclose(projections, np.sqrt(energy), rtol=1e-11)
    assert problem.squared_norm == pytest.approx(energy.sum())


def test_target_depends_on_the_first_coordinate_only():
    problem = SphereRegression.on_boundary(NeuralTangentKernel(4), r=0.75, max_degree=50)
    points = uniform(np.random.default_rng(0), 30, 4).reshape(5, 6, 4)
    np.testing.assert_array_equal(problem.target(points), problem.zonal_target(points[..., 0]))
    np.testing.assert_array_equal(problem.target(points * [1, -1, -1, -1]), problem.target(points))


def test_spectrum_travels_with_the_problem():
    problem = SphereRegression(NeuralTangentKernel(3, layers="output"), np.ones(9), 0.0)
    np.testing.assert_array_equal(problem.eigenvalues, eigenvalues(problem.kernel, np.arange(9)))
    np.testing.assert_array_equal(problem.multiplicity, 2 * np.arange(9) + 1)
    other = dataclasses.replace(problem, kernel=NeuralTangentKernel(2))
    np.testing.assert_array_equal(other.eigenvalues, eigenvalues(CIRCLE, np.arange(9)))


def streams():
    return np.random.default_rng(5), np.random.default_rng(6)


def test_samples_are_nested_and_noise_is_two_valued():
    problem = SphereRegression.on_boundary(CIRCLE, r=0.75, max_degree=200, noise_variance=0.09)
    points, labels = problem.sample(*streams(), 4000)
    few_points, few_labels = problem.sample(*streams(), 17)
    np.testing.assert_array_equal(points[:17], few_points)
    np.testing.assert_array_equal(labels[:17], few_labels)
    noise = labels - problem.target(points)
    np.testing.assert_allclose(np.abs(noise), 0.3, rtol=1e-12)
    assert abs(np.sign(noise).sum()) / math.sqrt(4000) < special.ndtri(1 - 5e-7)


@pytest.mark.parametrize("degrees", ["all", "even", "odd"])
@pytest.mark.parametrize("log_power", [0.0, 2.0])
@pytest.mark.parametrize(("dim", "r"), [(2, 0.5), (2, 0.05), (3, 0.75), (10, 1.0)])
def test_energy_does_not_depend_on_the_truncation(dim, r, degrees, log_power):
    kernel = NeuralTangentKernel(dim)
    short, long = (
        SphereRegression.on_boundary(kernel, r=r, max_degree=k, squared_norm=0.4, degrees=degrees, log_power=log_power)
        for k in (10, 3001)
    )
    np.testing.assert_allclose(short.energy, long.energy[:11], rtol=1e-14)
    for problem in (short, long):
        assert problem.squared_norm + problem.tail_energy == pytest.approx(0.4, rel=1e-10)
    visible = {"all": slice(1, None), "even": slice(2, None, 2), "odd": slice(1, None, 2)}[degrees]
    assert (long.energy[visible] > 0).all()
    assert long.energy.sum() == pytest.approx(long.energy[visible].sum())


def test_circle_has_the_exponent_of_the_theory():
    energy = SphereRegression.on_boundary(CIRCLE, r=0.6, max_degree=100).energy
    assert math.log(energy[99] / energy[33]) / math.log(3) == pytest.approx(-4 * 0.6 - 1)
    output = NeuralTangentKernel(3, layers="output")
    energy = SphereRegression.on_boundary(output, r=0.6, max_degree=100, degrees="even").energy
    assert math.log(energy[90] / energy[30]) / math.log(3) == pytest.approx(-2 * 0.6 * 5 - 1)


def test_amplitude_with_a_logarithm_at_thirty_digits():
    with mpmath.workdps(30):
        # the even degrees only, exponent 1 + 2·2·0.25 = 2: Σ_j (2j)^-2 (1 + log 2j)^-1.5
        total = mpmath.nsum(
            lambda j: (2 * j) ** -2 * (1 + mpmath.log(2 * j)) ** mpmath.mpf(-1.5), [1, mpmath.inf], method="e"
        )
    value = boundary_amplitude(CIRCLE, r=0.25, squared_norm=1.0, degrees="even", log_power=1.5)
    assert 1 / value == pytest.approx(float(total), rel=1e-11)


@pytest.mark.parametrize(
    ("dim", "layers", "degrees"), [(2, "both", "all"), (3, "output", "even"), (10, "input", "odd")]
)
def test_membership_ends_at_r(dim, layers, degrees):
    # Λ_k^{-2s} G_k ~ k^{-1 - 2e(r - s)}: a decade adds a constant at s = r and less and less below
    kernel = NeuralTangentKernel(dim, layers=layers, bias_scale=0.5)
    problem = SphereRegression.on_boundary(kernel, r=0.75, max_degree=100_000, degrees=degrees)
    seen = problem.energy > 0
    decades = np.floor(np.log10(np.flatnonzero(seen)) + 1e-12)

    def weight(s):
        terms = problem.eigenvalues[seen] ** (-2 * s) * problem.energy[seen]
        return np.array([terms[decades == j].sum() for j in (3, 4)])

    at, below = weight(0.75), weight(0.70)
    assert at[1] / at[0] == pytest.approx(1, abs=0.03)
    exponent = degree_decay(kernel, "even")[1]
    assert below[1] / below[0] == pytest.approx(10 ** (-2 * exponent * 0.05), rel=0.03)


def long_ridge_bias(kernel, r, ridge, degrees):
    """Σ_k (λ/(Λ_k + λ))² G_k over all degrees: listed, and beyond the list the tail energy (the factor is 1 there)."""
    problem = SphereRegression.on_boundary(kernel, r=r, max_degree=300_000, degrees=degrees)
    return ridge_bias(problem.eigenvalues, problem.energy, ridge) + problem.tail_energy


@pytest.mark.parametrize(
    ("kernel", "degrees", "ridge"),
    [
        (NeuralTangentKernel(2, 0.9, 0.5), "all", 1e-8),
        (NeuralTangentKernel(2, 0.9, 0.5), "odd", 1e-8),
        (NeuralTangentKernel(3), "all", 1e-11),
        (NeuralTangentKernel(3, 1.3, 0.3), "even", 1e-11),
        (NeuralTangentKernel(2, layers="output", initialisation="gaussian"), "even", 1e-14),
        (NeuralTangentKernel(5, layers="input"), "all", 1e-18),
    ],
)
@pytest.mark.parametrize("r", [0.4, 0.5, 0.6])
def test_limits_are_those_of_the_sums(kernel, degrees, ridge, r):
    exponent = beta(kernel)
    scale, noise, step_size = 0.3, 0.2, 0.1
    horizon = (ridge / scale) ** (-(2 * r * exponent + 1) / exponent)
    power = horizon ** (2 * r * exponent / (2 * r * exponent + 1))
    constants = risk_constants(kernel, r=r, scale=scale, step_size=step_size, noise_variance=noise, degrees=degrees)
    inflated = noise / (1 - step_size * kernel.diagonal / 2)
    variance = power * inflated * effective_dimension(kernel, ridge, 2) / horizon
    assert constants.bias == pytest.approx(power * long_ridge_bias(kernel, r, ridge, degrees), rel=2e-2)
    assert constants.variance == pytest.approx(variance, rel=1e-2)
    assert constants.total == constants.bias + constants.variance


def test_circle_limit_is_the_formula_over_sorted_indices():
    # γ = R = 1: i ≈ 2k, hence B = b 2^{4r}, C = (2/π)², β = 2
    r, c = 0.75, 0.1
    b = boundary_amplitude(CIRCLE, r=r)
    assert b == pytest.approx(0.25 / special.zeta(4))
    bias = b * 2 ** (4 * r) / 2 * (c / (2 / math.pi) ** 2) ** (2 * r) * math.gamma(2 * r) * math.gamma(2 - 2 * r)
    variance = 0.077 / (1 - 0.2 * 1.25) * (2 / math.pi) / math.sqrt(c) * math.gamma(1.5) * math.gamma(1.5)
    constants = risk_constants(CIRCLE, r=r, scale=c, step_size=0.4, noise_variance=0.077)
    assert constants.bias == pytest.approx(bias, rel=1e-13)
    assert constants.variance == pytest.approx(variance, rel=1e-13)


@given(r=st.floats(0.3, 0.95), norm=st.floats(0.01, 10), noise=st.floats(0, 10), dim=st.integers(2, 12))
def test_limits_are_linear_in_norm_and_noise(r, norm, noise, dim):
    kernel = NeuralTangentKernel(dim)
    unit = risk_constants(kernel, r=r, scale=0.5, step_size=0.1, squared_norm=1.0, noise_variance=1.0)
    scaled = risk_constants(kernel, r=r, scale=0.5, step_size=0.1, squared_norm=norm, noise_variance=noise)
    assert scaled.bias == pytest.approx(norm * unit.bias)
    assert scaled.variance == pytest.approx(noise * unit.variance)


def test_saturation_above_one():
    # r > 1: λ² Σ G_k/Λ_k², so that halving λ divides the bias by four
    energy = SphereRegression.on_boundary(CIRCLE, r=1.5, max_degree=3000)
    assert ridge_bias(energy.eigenvalues, energy.energy, 2e-5) == pytest.approx(
        4 * ridge_bias(energy.eigenvalues, energy.energy, 1e-5), rel=1e-2
    )
    listed = ridge_bias(energy.eigenvalues, energy.energy, 1e-6)
    assert listed == pytest.approx(1e-12 * (energy.energy[1:] / energy.eigenvalues[1:] ** 2).sum(), rel=1e-2)


def test_logarithm_at_one():
    # r = 1: λ² log(1/λ) b/(2e) Σ_parity A^-2 ... each factor e² in λ adds the same amount to bias/λ²
    problem = SphereRegression.on_boundary(CIRCLE, r=1.0, max_degree=1_000_000)
    b, (amplitude, e) = boundary_amplitude(CIRCLE, r=1.0), degree_decay(CIRCLE, "even")
    values = [ridge_bias(problem.eigenvalues, problem.energy, x) / x**2 for x in (1e-6, 1e-7, 1e-8)]
    step = b / e / amplitude**2 * math.log(10)
    np.testing.assert_allclose(np.diff(values), step, rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel": NeuralTangentKernel(3, layers="output")}, "odd degrees have eigenvalue 0"),
        ({"kernel": NeuralTangentKernel(3, bias_scale=0)}, "odd degrees have eigenvalue 0"),
        ({"r": 0.0}, "r must be positive"),
        ({"squared_norm": 0.0}, "squared_norm must be positive"),
        ({"max_degree": 0}, "max_degree must be at least 1"),
        ({"noise_variance": -1.0}, "noise_variance must be at least 0"),
    ],
)
def test_refusals_of_targets(arguments, message):
    arguments = {"kernel": CIRCLE, "r": 0.75, "max_degree": 10} | arguments
    with pytest.raises(ValueError, match=message):
        SphereRegression.on_boundary(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"r": 1.0}, "r must lie between"),
        ({"r": 0.25}, "r must lie between"),
        ({"step_size": 1.6}, "must lie between 0 and 2"),
        ({"scale": 0.0}, "scale must be positive"),
    ],
)
def test_refusals_of_limits(arguments, message):
    with pytest.raises(ValueError, match=message):
        risk_constants(CIRCLE, **({"r": 0.75, "scale": 1.0, "step_size": 0.4} | arguments))


def test_energy_must_be_a_row_of_non_negative_numbers():
    for energy in (np.array([-1.0]), np.array([np.nan]), np.zeros((2, 2)), np.array([])):
        with pytest.raises(ValueError, match="energy must be one non-empty row"):
            SphereRegression(CIRCLE, energy, 0.1)
