import numpy as np
import pytest

from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gaussian_langevin import (
    GaussianLangevin,
    Start,
    particle_excess,
    particle_suboptimality,
)
from dltheory.meanfield.losses import SquaredLoss
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.problem import MeanFieldProblem


def model(size=4, p=3, scale=0.5):
    rng = np.random.default_rng(1)
    inputs, labels = rng.standard_normal((size, p)), np.sign(rng.standard_normal(size))
    offsets = 0.3 * rng.standard_normal(size)
    return LinearGaussian(
        MeanFieldProblem(inputs, labels, 0.4, 0.2, neuron=Linear(), loss=SquaredLoss(scale), offsets=offsets)
    )


MODEL, DEGENERATE = model(), model(size=2)
START = Start(np.array([0.4, -0.2, 0.7]), 0.9)


def objective(given, mean, covariance):
    """L of N(mean, covariance), from the definition."""
    p = given.problem
    risk = np.mean(p.loss.value(p.inputs @ mean + p.shifts, p.labels))
    entropy = -np.linalg.slogdet(2 * np.pi * np.e * covariance)[1] / 2
    return risk + p.l2 * (mean @ mean + np.trace(covariance)) + p.temperature * entropy


def euler(given, start, eta, steps, heat=1.0, shrink=1.0, speed=1.0):
    """Mean and variance after Euler steps taken one by one."""
    p = given.problem
    mean, variance = given.mean + start.offset, start.variance
    for _ in range(steps):
        slopes = p.loss.slope(p.inputs @ mean + p.shifts, p.labels)
        mean = mean - speed * eta * (p.inputs.T @ slopes / p.size + 2 * shrink * p.l2 * mean)
        variance = (1 - 2 * speed * shrink * eta * p.l2) ** 2 * variance + 2 * p.temperature * heat * eta * speed
    return mean, variance


def excess(given, mean, variance):
    dim = given.problem.dimension
    return objective(given, mean, variance * np.eye(dim)) - objective(given, given.mean, given.variance * np.eye(dim))


@pytest.mark.parametrize("given", [MODEL, DEGENERATE, model(scale=0.2)], ids=["full", "degenerate", "flat"])
def test_the_gap_is_the_difference_of_objectives(given):
    wanted = excess(given, given.mean + START.offset, START.variance)
    assert float(GaussianLangevin(given).gap(START.offset, np.array(0.9))) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("knobs", [{}, {"heat": 2.0}, {"shrink": 0.5}, {"speed": 0.3}], ids=str)
def test_closed_forms_are_euler_steps_taken_one_by_one(knobs):
    run = GaussianLangevin(MODEL, **knobs)
    wanted = [excess(MODEL, *euler(MODEL, START, 0.05, k, **knobs)) for k in (1, 5, 40)]
    assert run.discrete(np.array([1.0, 5.0, 40.0]), 0.05, START) == pytest.approx(wanted, rel=1e-9)
    end = excess(MODEL, *euler(MODEL, START, 0.05, 4000, **knobs))
    assert float(run.bias(np.array(0.05))) == pytest.approx(end, rel=1e-7, abs=1e-14)
    fine = excess(MODEL, *euler(MODEL, START, 1e-4, 10_000, **knobs))
    assert run.continuous(np.array([1.0]), START)[0] == pytest.approx(fine, rel=1e-3)


def test_a_mean_that_is_off_in_a_null_direction_decays_at_exactly_the_rate_of_the_theorem():
    null = np.linalg.svd(DEGENERATE.problem.inputs)[2][-1]
    gaps = GaussianLangevin(DEGENERATE).continuous(np.linspace(0, 5, 6), Start(null, DEGENERATE.variance))
    assert gaps / gaps[0] == pytest.approx(np.exp(-4 * 0.4 * np.linspace(0, 5, 6)), rel=1e-10)


@pytest.mark.parametrize("eta", [0.01, 0.1, 0.3])
def test_the_bound_of_the_discretised_theorem_holds_at_every_step(eta):
    steps = np.array([0.0, 1, 3, 10, 30, 100, 1000])
    run = GaussianLangevin(MODEL)
    assert np.all(run.discrete(steps, eta, START) <= run.discretised_bound(steps, eta, START))


def test_the_bias_is_quadratic_in_the_step_size_with_its_constant():
    found = float(GaussianLangevin(MODEL).bias(np.array(1e-3)))
    assert found == pytest.approx(0.2 * 3 * (1e-3 * 0.4) ** 2 / 4, rel=1e-3)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_excess_free_energy_of_particles_is_a_determinant_of_their_joint_law(count):
    p = MODEL.problem
    dim = p.dimension
    data = p.inputs.T @ p.inputs / p.size
    joint = np.kron(np.full((count, count), 1 / count), data) + 2 * p.l2 * np.eye(count * dim)
    free = -p.temperature / 2 * np.linalg.slogdet(2 * np.pi * p.temperature * np.linalg.inv(joint))[1]
    alone = -p.temperature * dim / 2 * np.log(2 * np.pi * MODEL.variance)
    # the values of F at its minimum are the same and drop out
    assert particle_excess(MODEL, np.array(count)) == pytest.approx(free / count - alone, rel=1e-10)


@pytest.mark.parametrize("eta", [0.0, 0.2])
def test_suboptimality_of_particles_is_that_of_the_law_of_their_mean(eta):
    p, count = MODEL.problem, 5
    rng = np.random.default_rng(2)
    step = eta or 0.002
    # Lyapunov equation of the mean of the cloud
    shrunk = np.eye(3) - step * MODEL.hessian
    noise = 2 * p.temperature * step / count * np.eye(3)
    covariance = np.linalg.solve(np.eye(9) - np.kron(shrunk, shrunk), noise.ravel()).reshape(3, 3)
    response = p.inputs @ p.inputs.T / (2 * p.l2 * p.size)
    draws = rng.multivariate_normal(np.zeros(3), covariance, 4) @ p.inputs.T
    assert dual(MODEL, np.zeros((1, p.size)))[0] == pytest.approx(0, abs=1e-13)
    forms = np.einsum("ri,ij,rj->r", draws, np.eye(p.size) + response, draws) / (2 * p.size)
    assert dual(MODEL, draws) == pytest.approx(forms, rel=1e-9)
    wanted = np.trace((np.eye(p.size) + response) @ p.inputs @ covariance @ p.inputs.T) / (2 * p.size)
    assert particle_suboptimality(MODEL, np.array(count), eta) == pytest.approx(wanted, rel=1e-2 if eta == 0 else 1e-9)


def dual(given, moved):
    """D* − D at predictions that are off by `moved` (R, n), from the definition of the dual."""
    p = given.problem
    best = p.inputs @ given.mean + p.shifts

    def value(g):
        tilt = g @ p.inputs / p.size
        log_partition = np.sum(tilt**2) / (4 * p.l2 * p.temperature) - g @ p.shifts / (p.size * p.temperature)
        return -np.mean(p.loss.conjugate(g, p.labels)) - p.temperature * log_partition

    top = value(p.loss.slope(best, p.labels))
    return np.array([top - value(p.loss.slope(best + row, p.labels)) for row in moved])


def test_a_dirac_and_unstable_steps_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="a Dirac has infinite entropy, start from its law after a short time"):
        Start(np.zeros(3), 0.0)
    with pytest.raises(ValueError, match="between 0 and 2/L"):
        GaussianLangevin(MODEL).discrete(np.array([1.0]), 3.0, START)
