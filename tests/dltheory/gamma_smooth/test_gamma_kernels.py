"""Product kernels: against sums over the basis, ridge regression in the basis, and their deterministic equivalent."""

import itertools
import math

import numpy as np
import pytest

from dltheory.gamma_smooth import kernels
from dltheory.gamma_smooth.blocks import below, block_of, frequencies
from dltheory.gamma_smooth.fourier import evaluate
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.weights import FiniteWeights, PowerWeights

MIXED = GammaSpace(PowerWeights(2), "mixed")
SMOOTH = kernels.ProductKernel((6.0, 8.0))
ROUGHER = kernels.ProductKernel((5.0, 8.0), 0.5)
BASIS = np.concatenate([frequencies(s) for s in itertools.product(range(7), range(4))])  # what is left is 2^−25
RNG = np.random.default_rng(13)


def eigenvalues(kernel):
    s = block_of(BASIS)
    return np.exp2(-(s @ np.array(kernel.exponents))) * kernel.share ** (s > 0).sum(axis=1)


@pytest.mark.parametrize("kernel", [SMOOTH, ROUGHER], ids=["share-1", "share-half"])
def test_a_kernel_is_the_sum_over_its_basis(kernel):
    x, y = RNG.random((20, 2)), RNG.random((30, 3))
    values = [evaluate(BASIS, points) for points in (x, y)]
    assert kernel.gram(x, y) == pytest.approx(values[0] * eigenvalues(kernel) @ values[1].T, abs=1e-6)
    assert np.diagonal(kernel.gram(x, x)) == pytest.approx(kernel.trace, abs=1e-7)
    assert kernel.trace == pytest.approx(eigenvalues(kernel).sum(), abs=1e-6)


def test_the_kernel_of_the_block_law_is_its_covariance():
    kernel = kernels.ProductKernel.of_block_law(MIXED)
    assert kernel.exponents[:3] == (3.0, 9.0, 19.0)
    indices = below(MIXED, 9.0)
    s = block_of(indices)
    covariance = np.exp2(-2 * MIXED.gamma(s) - s.sum(axis=1))
    mine = np.exp2(-(s @ np.array(kernel.exponents[: s.shape[1]])))
    assert covariance == pytest.approx(mine, rel=1e-12)


@pytest.mark.parametrize(
    ("target", "ridge"), [(None, 0.25), (None, 2.0), (ROUGHER, 0.25)], ids=["own", "ridge", "other"]
)
def test_the_risk_given_the_design_is_that_of_ridge_regression_in_the_basis(target, ridge):
    x, noise = RNG.random((25, 2)), 0.5
    values, mu = evaluate(BASIS, x), eigenvalues(SMOOTH)
    law = mu if target is None else eigenvalues(target)
    smoother = mu[:, None] * values.T @ np.linalg.inv(values * mu @ values.T + ridge * np.eye(25))
    missed = np.eye(len(BASIS)) - smoother @ values
    expected = np.sum(missed**2 * law) + noise**2 * np.sum(smoother**2)
    assert kernels.conditional_risk(SMOOTH, x, noise, ridge, target) == pytest.approx(expected, rel=1e-5)


def test_the_ridge_of_the_prior_is_the_best_one():
    x = RNG.random((40, 2))
    risks = [kernels.conditional_risk(SMOOTH, x, 0.5, ridge) for ridge in (0.2, 0.25, 0.3)]
    assert risks[1] < min(risks[0], risks[2])


def test_eigenvalues_are_grouped_with_their_numbers():
    found = SMOOTH.spectrum
    listed, counts = np.unique(-np.log2(eigenvalues(SMOOTH)), return_counts=True)
    for gamma, count in zip(listed[:9], counts[:9], strict=True):
        assert found.functions[np.searchsorted(found.gamma, gamma - 1e-6)] == count


def test_the_deterministic_equivalent_is_the_mean_over_designs():
    kernel = kernels.ProductKernel.of_block_law(MIXED)
    seen = [kernels.conditional_risk(kernel, RNG.random((128, 5)), 1.0, 1.0) for _ in range(20)]
    expected = math.fsum(kernels.expected_risk(kernel, 128, 1.0).values())
    assert np.mean(seen) == pytest.approx(expected, rel=0.015)


def test_equal_weights_count_their_functions():
    given = kernels.EqualWeights(1.5, 3)
    eigenvalue, energy, count = given.groups
    listed = [s for s in itertools.product(range(5), repeat=3) if 0 < sum(s) < 5]
    for m, k in itertools.product((1, 2, 3), range(1, 5)):
        mine = [s for s in listed if sum(v > 0 for v in s) == m and sum(s) == k]
        at = np.isclose(eigenvalue, 3.0**-m * 2.0 ** (-4 * k), rtol=1e-9)
        assert count[at].sum() == pytest.approx(len(mine) * 2**k)
        assert energy[at].sum() == pytest.approx(2.0 ** (-3 * k) if m == 1 else 0.0)
    assert eigenvalue @ count == pytest.approx(given.kernel.trace, rel=1e-9)


def test_the_best_ridge_is_a_minimum():
    given = kernels.EqualWeights(1.0, 16)
    best = given.best_ridge(256, 1.0)
    risks = [math.fsum(given.expected_risk(256, 1.0, best * factor).values()) for factor in (0.8, 1.0, 1.25)]
    assert risks[1] < min(risks[0], risks[2])


@pytest.mark.parametrize(("a", "c", "rate"), [(1.0, 0.4, 1 / 4), (0.5, 0.45, 1 / 5), (0.5, 0.75, 1 / 8)])
def test_pairs_of_coordinates_cost_equal_weights_their_rate(a, c, rate):
    n = 2.0 ** np.array([56, 60])
    risks = []
    for size in n:
        given = kernels.EqualWeights(a, round(size**c))
        risks.append(math.fsum(given.expected_risk(size, 1.0, given.best_ridge(size, 1.0)).values()))
    assert np.diff(np.log2(risks))[0] / 4 == pytest.approx(-rate, abs=0.002)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kernels.ProductKernel(()), "exponents above 1"),
        (lambda: kernels.ProductKernel((3.0, 1.0)), "exponents above 1"),
        (lambda: kernels.ProductKernel((3.0,), 0.0), "share of the octaves"),
        (lambda: kernels.ProductKernel.of_block_law(GammaSpace(PowerWeights(2), "anisotropic")), "mixed space"),
        (lambda: ROUGHER.spectrum, "share of 1"),
        (lambda: SMOOTH.gram(np.zeros((2, 1)), np.zeros((2, 2))), "D at least 2"),
        (lambda: kernels.conditional_risk(SMOOTH, np.zeros((2, 2)), 0.0, 1.0), "noise must be positive"),
        (lambda: kernels.conditional_risk(SMOOTH, np.zeros((2, 2)), 1.0, 0.0), "a ridge must be positive"),
        (lambda: kernels.expected_risk(SMOOTH, 2.0**65, 1.0), "between 1 and 2\\^64"),
        (lambda: kernels.EqualWeights(0.0, 3), "smoothness must be positive"),
        (lambda: kernels.EqualWeights(1.0, 0), "between 1 and 2\\^48, got 0"),
        (lambda: kernels.ProductKernel.of_block_law(GammaSpace(FiniteWeights((40.0,)), "mixed")), "exponents above 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_kernel_is_said_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
