"""Finitely many interacting particles with linear neurons, and the step size that an accuracy asks for."""

import numpy as np
import pytest
from scipy.linalg import expm

from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start, particle_excess, particle_gap
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.problem import MeanFieldProblem


def model(size=4, p=2):
    rng = np.random.default_rng(1)
    inputs, labels = rng.standard_normal((size, p)), np.sign(rng.standard_normal(size))
    return LinearGaussian(MeanFieldProblem(inputs, labels, 0.4, 0.2, Linear(), offsets=0.3 * rng.standard_normal(size)))


MODEL, START = model(), Start(np.array([0.4, -0.7]), 0.9)


def joint_free_energy(given, mean, covariance, count, heat):
    """E F(μ_X) + (λ₂/N) E log of the Gaussian law N(mean, covariance) of all particles, from the definition."""
    p, dim = given.problem, given.problem.dimension
    average = np.tile(np.eye(dim), count) / count
    spread = average @ covariance @ average.T
    off = p.inputs @ (average @ mean) + p.shifts - p.labels
    risk = (np.mean(off**2) + np.trace(p.inputs @ spread @ p.inputs.T) / p.size) / 2
    norm = (mean @ mean + np.trace(covariance)) / count
    entropy = -np.linalg.slogdet(2 * np.pi * np.e * covariance)[1] / 2
    return risk + p.l2 * norm + p.temperature / count * entropy


@pytest.mark.parametrize("knobs", [{}, {"heat": 2.0}, {"speed": 0.3}], ids=str)
@pytest.mark.parametrize("count", [1, 3])
def test_the_free_energy_of_particles_is_that_of_their_joint_law(count, knobs):
    p, dim, dynamics = MODEL.problem, 2, GaussianLangevin(MODEL, **knobs)
    data = p.inputs.T @ p.inputs / p.size
    drift = 2 * p.l2 * np.eye(count * dim) + np.kron(np.ones((count, count)) / count, data)
    noise = 2 * p.temperature * dynamics.heat * np.eye(count * dim)
    limit = np.linalg.solve(2 * drift, noise)  # drift and noise commute
    best = joint_free_energy(MODEL, MODEL.mean, MODEL.variance * np.eye(dim), 1, 1.0)
    times = np.array([0.0, 0.3, 1.0, 4.0])
    wanted = []
    for t in times:
        kept = expm(-drift * t * dynamics.speed)
        mean = np.tile(MODEL.mean, count) + kept @ np.tile(START.offset, count)
        covariance = limit + kept @ (START.variance * np.eye(count * dim) - limit) @ kept
        wanted.append(joint_free_energy(MODEL, mean, covariance, count, dynamics.heat) - best_of(best, count))
    assert particle_gap(dynamics, times, START, count) == pytest.approx(wanted, rel=1e-9)


def best_of(best, count):
    """L(q*): the risk of its mean and variance counts a particle's spread once, N particles share it."""
    p = MODEL.problem
    return best - np.trace(p.inputs @ p.inputs.T) / p.size * MODEL.variance / 2


def test_many_particles_have_the_gap_of_the_law_and_few_end_at_their_excess():
    times = np.array([0.5, 2.0])
    assert particle_gap(GaussianLangevin(MODEL), times, START, 1e9) == pytest.approx(
        GaussianLangevin(MODEL).continuous(times, START), rel=1e-6
    )
    end = particle_gap(GaussianLangevin(MODEL), np.array([60.0]), START, 7)[0]
    assert end == pytest.approx(float(particle_excess(MODEL, np.array(7.0))), rel=1e-10)
    with pytest.raises(ValueError, match="have no closed form here"):
        particle_gap(GaussianLangevin(MODEL, shrink=0.5), times, START, 7)


@pytest.mark.parametrize("accuracy", [1.0, 1e-2, 1e-4])
def test_the_theory_s_steps_meet_an_accuracy_by_the_bound_that_they_are_made_from(accuracy):
    dynamics = GaussianLangevin(MODEL)
    eta = dynamics.step_size_for(accuracy, START)
    steps = dynamics.steps_for(accuracy, eta, START)
    bound = dynamics.discretised_bound(np.array([steps]), eta, START)[0]
    assert bound <= accuracy * (1 + 1e-9)
    assert dynamics.discrete(np.array([np.ceil(steps)]), eta, START)[0] < bound
    assert dynamics.step_size_for(accuracy / 1e3, START) == pytest.approx(
        dynamics.step_size_for(accuracy / 1e4, START) * 10, rel=0.1
    )
    with pytest.raises(ValueError, match="accuracy must be positive and finite"):
        dynamics.step_size_for(0.0, START)
