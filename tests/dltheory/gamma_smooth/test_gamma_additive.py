"""Hidden targets and the kernel that treats all coordinates alike: against fits, dense matrices and simulation."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth import additive
from dltheory.gamma_smooth.fourier import squared_distance
from dltheory.sequence import jensen_bound

SETTINGS = pytest.mark.parametrize(("m", "D"), [(1, 4), (2, 4), (1, 1), (2, 2)])


def kernel_of(target: additive.HiddenTarget, steeper: float = 0.0) -> additive.AdditiveKernel:
    own = additive.AdditiveKernel.of(target)
    falling = np.arange(1.0, target.count + 1) ** -steeper
    return additive.AdditiveKernel(own.indices, own.eigenvalues * falling, target.candidates)


def dense(kernel: additive.AdditiveKernel, left, right):
    weights = np.tile(kernel.eigenvalues, len(kernel.sets))
    return (kernel.features(left) * weights) @ kernel.features(right).T


@pytest.mark.parametrize(("order", "count"), [(1, 7), (2, 30), (3, 20)])
def test_interactions_have_no_zero_and_come_by_their_highest_frequency(order, count):
    found = additive.interactions(order, count)
    assert found.shape == (count, order)
    assert np.all(found != 0)
    assert len({tuple(row) for row in found.tolist()}) == count
    assert np.all(np.diff(np.abs(found).max(axis=1)) >= 0)
    assert np.array_equal(additive.interactions(order, count + 9)[:count], found)


def test_one_coordinate_has_the_frequencies_in_pairs():
    assert additive.interactions(1, 5)[:, 0].tolist() == [-1, 1, -2, 2, -3]


@SETTINGS
def test_a_target_is_drawn_with_its_sizes_on_any_set_of_coordinates(m, D):
    target = additive.HiddenTarget(1.5, D, 9, m)
    drawn = [target.draw(np.random.default_rng(r)) for r in range(60)]
    assert {f.coordinates for f in drawn} == {tuple(s) for s in additive.AdditiveKernel.of(target).sets.tolist()}
    assert len(additive.AdditiveKernel.of(target).sets) == target.places == math.comb(D, m)
    for f in drawn:
        assert np.array_equal(np.abs(f.coefficients), np.arange(1.0, 10) ** -2)
        assert f(np.random.default_rng(0).random((5, D))).shape == (5,)
    assert target.tail(3) == pytest.approx(sum(j**-4.0 for j in range(4, 10)), rel=1e-12)
    assert target.tail([9, 40]).tolist() == [0.0, 0.0]


@SETTINGS
@pytest.mark.parametrize("n", [5, 60])
def test_a_fit_is_that_of_the_dense_kernel(m, D, n):
    kernel = kernel_of(additive.HiddenTarget(1.0, D, 8, m), 0.5)
    generator = np.random.default_rng(1)
    x, at, y = generator.random((n, D)), generator.random((7, D)), generator.standard_normal(n)
    expected = dense(kernel, at, x) @ np.linalg.solve(dense(kernel, x, x) + 0.3 * np.eye(n), y)
    assert kernel.fit(x, y, 0.3)(at) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("m", "D", "steeper", "ridge"), [(1, 4, 0.0, 1.0), (1, 4, 1.0, 0.3), (2, 3, 0.5, 2.0)])
def test_the_average_risk_is_the_mean_over_functions_and_noise(m, D, steeper, ridge):
    target = additive.HiddenTarget(1.0, D, 10, m)
    kernel, generator = kernel_of(target, steeper), np.random.default_rng(2)
    x = generator.random((50, D))

    def once() -> float:
        f = target.draw(generator)
        return squared_distance(kernel.fit(x, f(x) + generator.standard_normal(50), ridge), f)

    errors = np.array([once() for _ in range(600)])
    found = kernel.average_risk(x, target, 1.0, ridge)
    assert abs(errors.mean() - found) < 4.5 * errors.std(ddof=1) / len(errors) ** 0.5


def test_ridge_regression_is_one_of_the_smoothers():
    target = additive.HiddenTarget(1.0, 3, 6)
    kernel, generator = kernel_of(target, 0.5), np.random.default_rng(3)
    x, at = generator.random((40, 3)), generator.random((4000, 3))
    weights = dense(kernel, at, x) @ np.linalg.inv(dense(kernel, x, x) + 0.7 * np.eye(40))
    nothing = np.zeros_like(weights)
    found = additive.smoother_risks(np.stack([weights, nothing]), x, at, target, 0.8)
    assert found[0] == pytest.approx(kernel.average_risk(x, target, 0.8, 0.7), rel=0.03)
    assert found[1] == pytest.approx(np.sum(target.sizes**2), rel=0.03)


def test_the_best_ridge_is_above_the_jensen_bound_and_near_its_equivalent():
    target = additive.HiddenTarget(1.0, 8, 16)
    kernel = additive.AdditiveKernel.of(target)
    risks = [kernel.average_risk(np.random.default_rng(r).random((400, 8)), target, 1.0, 1.0) for r in range(5)]
    bound = jensen_bound(kernel.eigenvalues, np.full(16, 8.0), 1 / 400)
    assert min(risks) > bound
    assert np.mean(risks) == pytest.approx(sum(kernel.expected_risk(target, 400, 1.0, 1.0).values()), rel=0.01)


def test_no_coordinate_is_preferred():
    target = additive.HiddenTarget(1.0, 5, 6)
    kernel, x = additive.AdditiveKernel.of(target), np.random.default_rng(4).random((30, 5))
    assert kernel.average_risk(x[:, [3, 0, 4, 1, 2]], target, 1.0, 1.0) == pytest.approx(
        kernel.average_risk(x, target, 1.0, 1.0), rel=1e-10
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: additive.HiddenTarget(1.0, 3, 5, 4), "important coordinates are 1 to 3 of the candidates, got 4"),
        (lambda: additive.HiddenTarget(1.0, 3, 5, 0), "important coordinates are 1 to 3 of the candidates, got 0"),
        (lambda: additive.HiddenTarget(0.0, 3, 5), "smoothness and count must be positive, got 0 and 5"),
        (lambda: additive.HiddenTarget(1.0, 3, 0), "smoothness and count must be positive, got 1 and 0"),
        (lambda: additive.AdditiveKernel(np.ones((2, 1), int), np.ones(3), 2), "2 indices do not go with 3 eigenv"),
        (lambda: additive.AdditiveKernel(np.ones((1, 1), int), np.zeros(1), 2), "eigenvalues must be positive, got 0"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_wrong_uses_of_a_kernel_are_one_sentence():
    target = additive.HiddenTarget(1.0, 3, 5)
    kernel, x = additive.AdditiveKernel.of(target), np.random.default_rng(5).random((6, 3))
    with pytest.raises(ValueError, match="a ridge must be positive, got 0"):
        kernel.fit(x, np.ones(6), 0.0)
    with pytest.raises(ValueError, match="the noise must be positive"):
        kernel.average_risk(x, target, 0.0, 1.0)
    with pytest.raises(ValueError, match="the same frequencies on the same coordinates"):
        kernel.average_risk(x, additive.HiddenTarget(1.0, 3, 6), 1.0, 1.0)
    with pytest.raises(ValueError, match="data must be scaled to the unit cube"):
        kernel.features(2 * x)
    with pytest.raises(ValueError, match=r"points have shape \(6, 2\), expected \(n, D\) with D at least 3"):
        kernel.features(x[:, :2])
