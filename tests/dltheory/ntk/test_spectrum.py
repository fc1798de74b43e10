"""Spectrum of the tangent kernel: closed forms against quadrature, matrices, high precision and brute force."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.series import smooth_tail
from dltheory.ntk.spectrum import (
    beta,
    counting,
    degree_decay,
    effective_dimension,
    effective_dimension_constant,
    eigenvalues,
    funk_hecke,
    ridge_bias,
    sorted_decay,
)
from dltheory.ntk.sphere import legendre, multiplicity, uniform

LAYERS = ["both", "output", "input"]


@pytest.mark.parametrize("dim", [2, 3, 5, 10])
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("initialisation", ["sphere", "gaussian"])
def test_closed_forms_agree_with_quadrature(dim, layers, initialisation):
    kernel = NeuralTangentKernel(dim, 0.7, 0.6, layers, initialisation)
    degrees = np.arange(80)
    np.testing.assert_allclose(eigenvalues(kernel, degrees), funk_hecke(kernel, dim, degrees), rtol=0, atol=3e-14)


def test_circle_has_the_table_of_the_theory():
    R, gamma = 0.8, 0.3
    k = np.arange(2, 40)
    even = k % 2 == 0
    output = np.concatenate([[1 / math.pi**2, 1 / 16], np.where(even, 1 / (math.pi * (k**2 - 1)) ** 2, 0)])
    tail = np.where(even, (k**2 + 1) / (math.pi * (k**2 - 1)) ** 2, gamma**2 / (math.pi * k) ** 2)
    low = [1 / math.pi**2 + gamma**2 / 4, 1 / 8 + gamma**2 / math.pi**2]
    inner = R**2 * np.concatenate([low, tail])
    degrees = np.arange(40)
    for layers, expected in (("output", output), ("input", inner), ("both", output + inner)):
        values = eigenvalues(NeuralTangentKernel(2, R, gamma, layers), degrees)
        np.testing.assert_allclose(values, expected, rtol=1e-14)


def fifty_digits(dim, k, layers, R, gamma):
    """The closed forms in Γ functions, as the theory states them, with 50 digits."""
    g = mpmath.gamma
    d = mpmath.mpf(dim)

    def step(j):
        if j % 2 == 0:
            return mpmath.mpf(1) / 4 if j == 0 else mpmath.mpf(0)
        j = mpmath.mpf(j)
        return (mpmath.exp(mpmath.loggamma(j / 2) - mpmath.loggamma((j + d) / 2)) * g(d / 2) / (2 * mpmath.pi)) ** 2

    def output():
        if k == 0:
            return (g(d / 2) / (2 * mpmath.sqrt(mpmath.pi) * g((d + 1) / 2))) ** 2
        if k % 2:
            return 1 / (4 * d**2) if k == 1 else mpmath.mpf(0)
        x = mpmath.mpf(k)
        ratio = mpmath.exp(mpmath.loggamma((x - 1) / 2) - mpmath.loggamma((x + d + 1) / 2))
        return (g(d / 2) * ratio / (4 * mpmath.pi)) ** 2

    def inner():
        mixed = step(1) if k == 0 else (k * step(k - 1) + (k + d - 2) * step(k + 1)) / (2 * k + d - 2)
        return mpmath.mpf(R) ** 2 * (mixed + mpmath.mpf(gamma) ** 2 * step(k))

    return (output() if layers != "input" else 0) + (inner() if layers != "output" else 0)


@pytest.mark.parametrize("dim", [2, 3, 4, 5, 10, 11, 100])
@pytest.mark.parametrize("layers", LAYERS)
def test_fifty_digits_up_to_degree_a_billion(dim, layers):
    degrees = [0, 1, 2, 3, 4, 7, 18, 39, 40, 41, 42, 43, 255, 1000, 10**4 + 1, 10**6, 10**6 + 1, 10**9, 10**9 + 1]
    kernel = NeuralTangentKernel(dim, 0.7, 0.6, layers)
    with mpmath.workdps(50):
        expected = [float(fifty_digits(dim, k, layers, 0.7, 0.6)) for k in degrees]
    tolerance = 5e-15 if dim <= 11 else 3e-14
    np.testing.assert_allclose(eigenvalues(kernel, degrees), expected, rtol=tolerance)


@pytest.mark.parametrize("dim", [2, 3, 5, 10])
def test_invisible_degrees_are_exactly_zero(dim):
    odd = np.arange(3, 4000, 2)
    assert not eigenvalues(NeuralTangentKernel(dim, bias_scale=0), odd).any()
    assert not eigenvalues(NeuralTangentKernel(dim, layers="output"), odd).any()
    assert (eigenvalues(NeuralTangentKernel(dim, bias_scale=1e-3), odd) > 0).all()


@pytest.mark.parametrize("dim", [2, 3, 4])
@pytest.mark.parametrize("layers", LAYERS)
def test_trace_is_the_diagonal(dim, layers):
    kernel = NeuralTangentKernel(dim, 0.9, 0.5, layers)
    k = np.arange(20_000)
    listed = multiplicity(dim, k) @ eigenvalues(kernel, k)
    amplitudes = [degree_decay(kernel, parity) for parity in ("even", "odd")]
    tail = sum(a / math.factorial(dim - 2) * 2e4 ** (dim - 1 - e) / (e - dim + 1) for a, e in amplitudes)
    assert listed + tail == pytest.approx(kernel.diagonal, rel=1e-9)


def test_equispaced_gram_has_the_aliased_spectrum():
    # n equispaced points: the Gram matrix is circulant and degree k collects k, n - k, n + k, ...
    n, kernel = 512, NeuralTangentKernel(2, 0.7, 0.6)
    row = kernel(np.cos(2 * np.pi * np.arange(n) / n))
    spectrum = np.fft.rfft(row).real / n
    k = np.arange(n // 2 + 1)
    copies = n * np.arange(1, 4001)[:, None]
    aliased = eigenvalues(kernel, k) + (eigenvalues(kernel, copies - k) + eigenvalues(kernel, copies + k)).sum(0)
    np.testing.assert_allclose(spectrum, aliased, rtol=0, atol=1e-9)  # 4000 copies leave 1e-10


@pytest.mark.parametrize("dim", [3, 5])
def test_random_gram_shows_the_top_of_the_spectrum(dim):
    n = 1500
    points = uniform(np.random.default_rng(11), n, dim)
    kernel = NeuralTangentKernel(dim)
    top = np.linalg.eigvalsh(kernel(points @ points.T) / n)[::-1]
    expected = eigenvalues(kernel, [0, 1, 2])
    counts = multiplicity(dim, [0, 1, 2]).astype(int)
    for value, group in zip(expected, np.split(top[: counts.sum()], np.cumsum(counts)[:-1]), strict=True):
        assert group.mean() == pytest.approx(value, rel=5 / math.sqrt(n * len(group)) + 20 / n)


def test_quadrature_knows_other_profiles():
    t_squared = funk_hecke(lambda t: t**2, 3, [0, 1, 2, 3])
    np.testing.assert_allclose(t_squared, [1 / 3, 0, 2 / 15, 0], atol=1e-15)
    sixth = funk_hecke(lambda t: legendre(7, 6, t)[6], 7, np.arange(9))
    np.testing.assert_allclose(sixth, np.eye(9)[6] / multiplicity(7, 6), atol=1e-16)


@pytest.mark.parametrize("dim", [2, 3, 10])
@pytest.mark.parametrize("layers", LAYERS)
def test_degree_decay_is_sharp(dim, layers):
    kernel = NeuralTangentKernel(dim, 0.7, 0.6, layers)
    for parity, start in (("even", 10**7), ("odd", 10**7 + 1)):
        amplitude, exponent = degree_decay(kernel, parity)
        assert eigenvalues(kernel, start) == pytest.approx(amplitude * float(start) ** -exponent, rel=1e-5)


@pytest.mark.parametrize(("dim", "layers", "initialisation"), [(2, "both", "sphere"), (3, "output", "gaussian")])
def test_sorted_decay_is_sharp(dim, layers, initialisation):
    kernel = NeuralTangentKernel(dim, 0.7, 0.6, layers, initialisation)
    C, exponent = sorted_decay(kernel)
    eps = 1e-22
    assert counting(kernel, eps) == pytest.approx((C / eps) ** (1 / exponent), rel=2e-4)


def test_sorted_decay_on_the_circle():
    C, exponent = sorted_decay(NeuralTangentKernel(2, 0.7, 0.6))
    assert exponent == 2
    assert pytest.approx((0.7 * 1.6 / math.pi) ** 2) == C
    assert beta(NeuralTangentKernel(10)) == 10 / 9
    assert beta(NeuralTangentKernel(10, layers="output")) == 12 / 9


@given(dim=st.integers(2, 40), gamma=st.floats(0, 1), layers=st.sampled_from(LAYERS), R=st.floats(0.01, 100))
@settings(max_examples=60)
def test_both_parities_decrease(dim, gamma, layers, R):
    # what `counting` bisects on
    values = eigenvalues(NeuralTangentKernel(dim, R, gamma, layers), np.arange(400))
    for family in (values[::2], values[1::2]):
        assert (np.diff(family) <= 0).all()


@given(dim=st.integers(2, 6), gamma=st.floats(0, 1), layers=st.sampled_from(LAYERS), exponent=st.floats(-8, 1))
@settings(max_examples=60)
def test_counting_is_a_count(dim, gamma, layers, exponent):
    kernel, eps = NeuralTangentKernel(dim, 1.0, gamma, layers), 10**exponent
    degrees = np.arange(20_000 if dim == 2 else 1500)
    values = eigenvalues(kernel, degrees)
    assert counting(kernel, eps) == multiplicity(dim, degrees)[values >= eps].sum()


def test_counting_is_exact_at_an_eigenvalue_and_vectorised():
    kernel = NeuralTangentKernel(3)
    values = eigenvalues(kernel, np.arange(200))
    ordered = np.argsort(-values)
    np.testing.assert_array_equal(
        counting(kernel, values[ordered]).reshape(-1), np.cumsum(multiplicity(3, np.arange(200))[ordered])
    )
    assert counting(kernel, [[10.0, 1e-12]]).shape == (1, 2)
    assert counting(kernel, 10.0) == 0


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize(("dim", "ridge"), [(2, 0.3), (2, 1e-5), (3, 1e-6), (10, 1e-9)])
def test_effective_dimension_is_the_long_sum(dim, ridge, layers, power):
    kernel = NeuralTangentKernel(dim, 0.9, 0.5, layers)
    degrees = np.arange(400_000)
    values = eigenvalues(kernel, degrees)
    listed = multiplicity(dim, degrees) @ (values / (values + ridge)) ** power
    tail = 0.0
    if layers != "output" and power == 1:  # N Λ/λ ~ k^-2 beyond the list, in powers of 1/(k + d/2 - 1)
        amplitude = sum(degree_decay(kernel, parity)[0] for parity in ("even", "odd"))
        tail = amplitude / ridge / math.factorial(dim - 2) / (degrees.size + dim / 2 - 1.5)
    assert effective_dimension(kernel, ridge, power) == pytest.approx(listed + tail, rel=1e-9)


def test_effective_dimension_with_thirty_digits_at_tiny_ridge():
    kernel = NeuralTangentKernel(2, layers="output")
    ridge = 1e-12
    with mpmath.workdps(30):
        lam = mpmath.mpf(ridge)
        c = 1 / (mpmath.pi**2 * lam)
        even = mpmath.nsum(lambda j: 2 * c / (c + ((2 * j) ** 2 - 1) ** 2), [1, mpmath.inf], method="e")
        low = 1 / (1 + lam * mpmath.pi**2) + 2 / (1 + 16 * lam)
    assert effective_dimension(kernel, ridge) == pytest.approx(float(even + low), rel=1e-12)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize(("dim", "layers"), [(2, "both"), (2, "output"), (3, "both"), (3, "output"), (10, "input")])
def test_effective_dimension_reaches_its_constant(dim, layers, power):
    # N and Λ are even in k + d/2 - 1, hence the correction λ^{2/e}; degree 1 of the output layer leaves λ^{1/β}
    kernel = NeuralTangentKernel(dim, 1.0, 0.5, layers)
    constant, inverse = effective_dimension_constant(kernel, power), 1 / beta(kernel)
    errors = [effective_dimension(kernel, x, power) * x**inverse / constant - 1 for x in (1e-15, 1e-18)]
    exponent = degree_decay(kernel, "even")[1]
    rate = min(2 / exponent, inverse)
    assert abs(errors[1]) < 5e-3
    if abs(errors[0]) > 1e-9:
        assert math.log10(errors[0] / errors[1]) / 3 == pytest.approx(rate, rel=0.05)


@given(ridge=st.floats(1e-9, 1.0), gamma=st.floats(0, 1))
@settings(max_examples=30)
def test_effective_dimensions_are_ordered_and_bounded(ridge, gamma):
    kernel = NeuralTangentKernel(3, 1.0, gamma)
    first, second = effective_dimension(kernel, ridge), effective_dimension(kernel, ridge, 2)
    assert second < first < kernel.diagonal / ridge
    assert effective_dimension(kernel, 2 * ridge) < first


def test_smooth_tail_is_hurwitz_zeta():
    for exponent, start, step in ((2.0, 5000, 1), (1.1, 5000, 2), (4.5, 4001, 2)):
        value = smooth_tail(lambda k, s=exponent: k**-s, start, step, decay=exponent, reach=1e9)
        with mpmath.workdps(30):
            expected = float(mpmath.mpf(step) ** -exponent * mpmath.zeta(exponent, mpmath.mpf(start) / step))
        assert value == pytest.approx(expected, rel=1e-13)
    with pytest.raises(ValueError, match="decay must exceed 1"):
        smooth_tail(lambda k: 1 / k, 10, 1, decay=1.0, reach=100)


def test_ridge_bias():
    assert ridge_bias([1.0, 0.0], [3.0, 5.0], 1.0) == 3 / 4 + 5
    with pytest.raises(ValueError, match="ridge must be positive"):
        ridge_bias([1.0], [1.0], 0.0)


def test_refusals():
    kernel = NeuralTangentKernel(3)
    with pytest.raises(ValueError, match="integers of at least 0"):
        eigenvalues(kernel, [1.5])
    with pytest.raises(ValueError, match="thresholds must be positive"):
        counting(kernel, [0.1, 0.0])
    with pytest.raises(ValueError, match="beyond 2\\^52"):
        counting(NeuralTangentKernel(2), 1e-40)
    with pytest.raises(ValueError, match="ridge must be positive"):
        effective_dimension(kernel, 0.0)
    with pytest.raises(ValueError, match="power must be 1 or 2"):
        effective_dimension(kernel, 0.1, 3)
