"""Oracles for what the claims on approximation of many variables compute."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth.blocks import below, block_of, blocks
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate
from dltheory.gamma_smooth.network_sizes import Plan, theorem_sizes
from dltheory.gamma_smooth.series_network import SeriesNetwork
from rates.catalogue.gamma_smooth import _approximation_problems as problems
from rates.catalogue.gamma_smooth import _approximation_sizes as sizes
from rates.catalogue.gamma_smooth import approximation
from rates.streams import streams

MADE = streams(5, "claim", "case", range(60))
KINDS = pytest.mark.parametrize("kind", ["mixed", "anisotropic"])
FEW = np.array([4.0, 16.0])


@KINDS
def test_every_level_of_the_target_has_its_energy(kind):
    space = problems.space(kind)
    indices, size = problems.even_target(space, 6.0)
    assert np.array_equal(np.unique(indices, axis=0), np.unique(below(space, 6.0), axis=0))
    gamma = space.gamma(block_of(indices))
    assert [np.sum(size[gamma == g] ** 2) for g in range(6)] == pytest.approx([4.0**-g for g in range(6)])
    norms = [np.sum(size[np.all(block_of(indices) == s, axis=1)] ** 2) for s in blocks(space, 6.0)]
    assert len(norms) > 6
    for g in range(6):
        assert np.ptp([n for n, s in zip(norms, blocks(space, 6.0), strict=True) if space.gamma(s) == g]) < 1e-15


@KINDS
@pytest.mark.parametrize("order", ["own", "reversed", "half", "short", "mixed"])
def test_the_tail_is_the_error_by_parseval(kind, order):
    exact = problems.truncation_error(FEW, kind=kind, order=order)
    assert exact == pytest.approx(problems.truncation_tail(FEW, kind=kind, order=order), rel=1e-12)
    if order == "own":
        assert exact == pytest.approx(FEW**-2 * 4 / 3, rel=1e-12)


def test_the_error_by_parseval_is_the_integral_of_a_square():
    function = problems.signed("anisotropic", MADE[0].numpy("signs"))
    few = np.abs(function.indices).max(axis=1) < 8
    function = FourierSeries(function.indices[few], function.coefficients[few])
    inside = problems.kept(problems.space("anisotropic"), block_of(function.indices), 2.0)
    grid = np.stack(np.meshgrid(*[np.arange(16) / 16] * function.indices.shape[1], indexing="ij"), axis=-1)
    off = evaluate(function.indices[~inside], grid.reshape(-1, grid.shape[-1])) @ function.coefficients[~inside]
    assert np.mean(off**2) == pytest.approx(np.sum(function.coefficients[~inside] ** 2))


@KINDS
def test_the_error_of_a_network_has_the_expectation_of_its_curve(kind):
    measured = problems.network_error(FEW, MADE, kind=kind)
    error = measured.std(axis=0, ddof=1) / math.sqrt(len(MADE))
    assert np.all(np.abs(measured.mean(axis=0) - problems.truncation_tail(FEW, kind=kind)) < 4.5 * error)
    assert np.array_equal(problems.network_error(FEW, MADE[1:2], kind=kind), measured[1:2])
    torch = problems.network_error(FEW, MADE[:2], kind=kind, device="cpu:0")
    assert torch == pytest.approx(measured[:2], rel=1e-10)


def test_the_network_against_its_series_is_the_prescribed_one():
    (off,) = problems.network_against_series(np.array([8.0]), kind="mixed")
    network = problems._network("mixed", problems.signed("mixed", np.random.default_rng(0)), 3.0, "own", 0, 0)
    assert len(network.series.coefficients) == problems.space("mixed").count(3.0)
    assert network.error_bound <= 1 / 8
    assert off <= network.error_bound
    assert isinstance(network, SeriesNetwork)
    single = problems.network_against_series(np.array([8.0]), kind="mixed", single=True)
    assert single == pytest.approx(off, rel=0.05)


def test_the_error_of_a_wave_and_of_products_is_below_the_bound():
    bits = np.array([4.0, 8.0])
    for factors in (1, 3):
        assert np.all(problems.feature_error(bits, factors=factors) < problems.feature_bound(bits, factors=factors))
    half = problems.feature_error(bits, share=0.5)
    assert half[1] == pytest.approx(problems.feature_error(bits)[0])
    assert problems.feature_error(bits, terms=3)[1] > 1e-3


@pytest.mark.parametrize(("p", "expected"), [(1, 1.0), (4 / 3, 1.5), (2, 2.0)])
def test_kernels_lose_what_the_inequality_of_nikolskii_allows(p, expected):
    x = np.array([2.0**6, 2.0**12])
    first, last = problems.spike_error(x, p=p, alpha=1)
    assert math.log2(first / last) / 6 == pytest.approx(expected, abs=2e-3)
    both = problems.spike_error(x, p=p, alpha=1.5)
    assert np.all(both >= problems.spike_error(x, p=p, alpha=1) * 0.99)
    assert problems.spike_error(x, p=p, alpha=1, bump="single")[0] == pytest.approx(
        x[0] ** -2.0 * _cosine_ratio(p) ** 2, rel=1e-3
    )


def _cosine_ratio(p):
    """Return ‖cos‖_2/‖cos‖_p, by the beta integral."""
    mean = math.gamma((p + 1) / 2) / math.gamma(p / 2 + 1) / math.sqrt(math.pi)
    return math.sqrt(0.5) / mean ** (1 / p)


def test_norms_of_a_kernel_are_those_of_a_finer_grid():
    s, p = 5, 4 / 3
    k = np.arange(16, 32)
    window = np.sin(np.pi * (k - 16 + 0.5) / 16) ** 2
    x = (np.arange(200_000) + 0.5) / 200_000
    values = np.abs(np.cos(2 * np.pi * np.outer(x, k)) @ window)
    expected = np.mean(values**2) ** 0.5 / np.mean(values**p) ** (1 / p)
    assert problems._norm_ratio(s, p, "kernel") == pytest.approx(expected, rel=1e-5)


def test_the_curve_of_a_refit_is_its_expectation():
    n = np.array([256.0, 512.0])
    measured = problems.refitted_risk(n, MADE, noise=0.5)
    error = measured.std(axis=0, ddof=1) / math.sqrt(len(MADE))
    curve = problems.refitted_curve(n, noise=0.5)
    assert np.all(np.abs(measured.mean(axis=0) - curve) < 4.5 * error + 0.03 * curve)
    assert problems.fit_level(2.0**12) == pytest.approx(3.0)
    later = problems.refitted_risk(n, MADE[3:4], noise=0.5)
    assert np.array_equal(later, measured[3:4])


def test_samples_of_a_refit_are_nested():
    alone = problems.refitted_risk(np.array([256.0]), MADE[:2], noise=0.5)
    longer = problems.refitted_risk(np.array([256.0, 512.0]), MADE[:2], noise=0.5)
    assert alone[:, 0] == pytest.approx(longer[:, 0], rel=1e-12)


def test_sizes_are_those_of_the_plan():
    space, level = sizes.power_space("mixed", 1.0), np.array([4.0, 9.0])
    plans = [Plan.of(space, t) for t in level]
    for what, name in (("depth", "depth"), ("width", "width"), ("non-zeros", "nonzeros")):
        found = sizes.size(level, kind="mixed", q=1.0, what=what)
        assert found == pytest.approx([getattr(plan, name) for plan in plans])
        allowed = [getattr(theorem_sizes(space, t, 5.0), name) for t in level]
        assert sizes.allowed_size(level, kind="mixed", q=1.0, what=what) == pytest.approx(allowed)
        assert np.all(found <= allowed)
    relative = sizes.relative_size(level, kind="mixed", q=1.0, what="width")
    assert relative * 2**level * space.product == pytest.approx([plan.width for plan in plans])


def test_missing_octaves_are_those_of_the_exact_count():
    space = sizes.power_space("anisotropic", 2.0)
    for t in (20.0, 150.0):
        (found,) = sizes.missing_octaves(np.array([t]), q=2.0)
        assert found == pytest.approx(space.weights.inverse_sum * t - math.log2(space.count(t)), abs=1e-9)


def test_the_constant_of_the_missing_octaves_by_quadrature():
    y = (np.arange(4_000_000) + 0.5) / 2000 + 1  # from 1 to 2001
    h = np.ceil(y) - y + np.log2(1 - np.exp2(-np.ceil(y)))
    integral = np.mean(h * y**-1.5 / 2) * 2000 + 0.5 * 2001**-0.5
    assert sizes.missing_octaves_law(np.array([4.0]), q=2.0)[0] == pytest.approx(2 * (1 - integral), rel=1e-4)
    far = np.array([2.0**30])
    for q in (1.5, 2.0):
        assert sizes.missing_octaves(far, q=q) == pytest.approx(sizes.missing_octaves_law(far, q=q), rel=2e-3)


def test_counts_over_the_product_tend_to_one_for_whole_ratios_only():
    level = np.array([60.0])
    for q in (1.0, 2.0, 3.0):
        assert sizes.count_over_product(level, q=q)[0] == pytest.approx(1, abs=1e-6)
    assert sizes.count_over_product(level, q=1.5)[0] == pytest.approx(1.1965, abs=1e-4)
    one = sizes.count_over_product(level, q=2.0, coordinates="one")[0]
    assert one * sizes.power_space("mixed", 2.0).product == pytest.approx(1)
    tied = sizes.count_over_product(np.array([20.0, 40.0]), q=2.0, coordinates="tied")
    assert tied[1] / tied[0] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("theta", [3.0, 8.0])
def test_the_worst_case_is_that_of_the_blocks(theta):
    space = sizes.power_space("mixed", 2.0)
    gamma = space.gamma(blocks(space, 40.0))
    tail = gamma[gamma >= 4.0 - 1e-9]
    power = 2 * theta / (theta - 2)
    expected = np.sum(np.exp2(-power * tail)) ** (1 - 2 / theta)
    found = sizes.worst_error(np.array([2.0**3.2]), theta=theta, q=2.0, share=0.8)[0]
    assert found == pytest.approx(expected, rel=1e-3)
    # the function that is as bad: block norms x_s with Σ 2^{θγ} x^θ = 1 and Σ x² as large as Hölder allows
    x = np.exp2(-power / 2 * tail)
    x /= np.sum(np.exp2(theta * tail) * x**theta) ** (1 / theta)
    assert np.sum(x**2) == pytest.approx(expected, rel=1e-9)


def test_every_claim_has_cases_that_its_law_reads():
    for claim in approximation.CLAIMS:
        for case in claim.cases:
            assert not claim.broken(case)
