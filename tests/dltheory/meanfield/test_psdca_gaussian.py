import numpy as np
import pytest
from scipy.integrate import dblquad

from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, condition_number, draw_coordinates
from dltheory.meanfield.psdca_gaussian import GaussianAscent


def model(p=12, size=8, temperature=0.3, scale=0.5, l2=0.4):
    rng = np.random.default_rng(6)
    labels = np.sign(rng.standard_normal(size))
    return GaussianAscent(MeanFieldProblem(rng.standard_normal((size, p)) / p**0.5, labels, l2, temperature,
                                           neuron=Linear(), loss=SquaredLoss(scale),
                                           offsets=0.2 * rng.standard_normal(size)))  # fmt: skip


def coordinates(size, outer, count):
    return draw_coordinates(size, outer, [np.random.default_rng([5, r]) for r in range(count)])


def test_the_partition_function_is_the_integral():
    given = model(p=2, size=3)
    p, g = given.problem, np.array([0.4, -0.7, 0.2])

    def density(b, a):
        theta = np.array([[a, b]])
        return np.exp(-(p.values(theta)[0] @ g / p.size + p.l2 * (a * a + b * b)) / p.temperature)

    assert float(given.log_partition(g)) == pytest.approx(np.log(dblquad(density, -9, 9, -9, 9)[0]), rel=1e-8)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_the_optimum_is_ridge_regression(scale):
    given = model(scale=scale)
    p = given.problem
    left = 2 * scale * p.inputs.T @ p.inputs / p.size + 2 * p.l2 * np.eye(p.dimension)
    ridge = np.linalg.solve(left, 2 * scale * p.inputs.T @ (p.labels - p.shifts) / p.size)
    assert given.mean(given.optimum) == pytest.approx(ridge, rel=1e-10)
    assert given.optimum == pytest.approx(p.loss.slope(p.inputs @ ridge + p.shifts, p.labels), rel=1e-10)
    assert float(given.duality_gap(given.optimum)) == pytest.approx(0, abs=1e-15)


def test_suboptimality_is_the_difference_of_duals():
    given = model()
    g = np.linspace(-1, 1, 8)
    wanted = float(given.dual(given.optimum) - given.dual(g))
    assert float(given.dual_suboptimality(g)) == pytest.approx(wanted, rel=1e-10)
    assert wanted <= float(given.duality_gap(g))


@pytest.mark.parametrize("temperature", [0.01, 3.0])
def test_neither_the_steps_nor_the_condition_number_depend_on_the_temperature(temperature):
    first, other = model(), model(temperature=temperature)
    drawn, times = coordinates(8, 50, 1), np.array([50])
    ascent = DualCoordinateAscent(50)
    assert condition_number(other.problem) == pytest.approx(condition_number(first.problem), rel=1e-14)
    assert other.path(ascent, drawn, times) == pytest.approx(first.path(ascent, drawn, times), rel=1e-10)


def test_second_moments_are_exact_at_any_distance():
    given, times = model(), np.array([1, 6, 20, 40])
    ascent = DualCoordinateAscent(40)
    drawn = coordinates(8, 40, 6000)
    found = given.path(ascent, drawn, times)
    linear = given.moments(ascent)
    second = linear.moments(np.outer(given.optimum, given.optimum), times)
    for measured, wanted in (
        (given.dual_suboptimality(found), linear.suboptimality(second)),
        (given.duality_gap(found), linear.duality_gap(second)),
    ):
        assert np.all(np.abs(measured.mean(axis=0) - wanted) < 4.5 * measured.std(axis=0) / len(drawn) ** 0.5)


def test_one_step_is_all_coordinates_exactly():
    given = model()
    ascent, each = DualCoordinateAscent(1), np.arange(8)[:, np.newaxis]
    found = given.path(ascent, each, np.array([1]))
    linear = given.moments(ascent)
    second = linear.advance(np.outer(given.optimum, given.optimum))
    assert np.mean(given.dual_suboptimality(found)) == pytest.approx(float(linear.suboptimality(second)), rel=1e-12)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_both_bounds_hold_in_exact_expectation(scale):
    given, times = model(scale=scale), np.arange(0, 400, 7)
    linear, kappa = given.moments(DualCoordinateAscent(1)), condition_number(given.problem)
    second = linear.moments(np.outer(given.optimum, given.optimum), times)
    bound = (1 - 1 / kappa) ** times * float(given.dual_suboptimality(np.zeros(8)))
    assert np.all(linear.suboptimality(second) <= bound * (1 + 1e-12))
    assert np.all(linear.duality_gap(second) <= kappa * bound * (1 + 1e-12))


def test_other_problems_are_referred_to_quadrature():
    p = model().problem
    with pytest.raises(ValueError, match="got Tanh and SquaredLoss: use quadrature"):
        GaussianAscent(MeanFieldProblem(p.inputs, p.labels, 0.1, 0.1, neuron=Tanh()))
    with pytest.raises(ValueError, match="got Linear and LogisticLoss: use quadrature"):
        GaussianAscent(MeanFieldProblem(p.inputs, p.labels, 0.1, 0.1, neuron=Linear(), loss=LogisticLoss()))
