from itertools import product

import numpy as np
import pytest

from dltheory.meanfield.gaussian import LinearGaussian, averaged
from dltheory.meanfield.losses import SquaredLoss
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.pda import ParticleDualAveraging
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.problem import MeanFieldProblem


def model(size=5, p=2, scale=0.5):
    rng = np.random.default_rng(1)
    inputs, labels = rng.standard_normal((size, p)), np.sign(rng.standard_normal(size))
    offsets = 0.3 * rng.standard_normal(size)
    return LinearGaussian(
        MeanFieldProblem(inputs, labels, 0.5, 0.1, neuron=Linear(), loss=SquaredLoss(scale), offsets=offsets)
    )


LOOPS = [None, InnerLoop(0.02, 3.0, 2.0, 1.0), InnerLoop(0.02, 1.0, 1.0, 0.0)]


def objective(given, mean, variance):
    """L of N(mean, variance I), from the definition."""
    p, dim = given.problem, given.problem.dimension
    risk = np.mean(p.loss.value(p.inputs @ mean + p.shifts, p.labels))
    entropy = -dim / 2 * np.log(2 * np.pi * np.e * variance)
    return risk + p.l2 * (mean @ mean + dim * variance) + p.temperature * entropy


def step_by_step(given, pda, chosen):
    """Mean and variance of the particles' law and of the target at t = 2 … T+1, one Langevin step after the other."""
    p = given.problem
    mean, variance, pulls = np.zeros(p.dimension), given.variance, np.zeros(p.dimension)
    for t, i in enumerate(chosen, start=1):
        pulls += t * p.loss.slope(p.inputs[i] @ mean + p.shifts[i], p.labels[i]) * p.inputs[i]
        linear, quadratic = 2 / (p.temperature * (t + 2) * (t + 1)) * pulls, p.l2 * t / (p.temperature * (t + 2))
        target = (-linear / (2 * quadratic), 1 / (2 * quadratic))
        if pda.inner is None:
            mean, variance = target
        else:
            eta, steps = (float(f(np.array([float(t)]))[0]) for f in (pda.inner.step_sizes, pda.inner.steps))
            for _ in range(int(steps)):
                mean = mean - eta * (linear + 2 * quadratic * mean)
                variance = (1 - 2 * eta * quadratic) ** 2 * variance + 2 * eta
        yield mean, variance, *target


@pytest.mark.parametrize("loop", LOOPS, ids=["exact", "growing", "constant"])
@pytest.mark.parametrize("scale", [0.5, 0.2])
def test_a_path_is_that_of_langevin_steps_taken_one_by_one(loop, scale):
    given, pda = model(scale=scale), ParticleDualAveraging(8, loop)
    chosen = np.array([0, 3, 3, 1, 4, 2, 0, 1])
    best = objective(given, given.mean, given.variance)
    wanted = [objective(given, mean, variance) - best for mean, variance, *_ in step_by_step(given, pda, chosen)]
    assert given.gaps(pda, chosen[np.newaxis])[0] == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("loop", LOOPS, ids=["exact", "growing", "constant"])
def test_expectations_are_those_of_every_sequence_of_examples(loop):
    given, pda = model(size=2), ParticleDualAveraging(6, loop)
    gap, divergence = np.zeros(6), np.zeros(6)
    best = objective(given, given.mean, given.variance)
    for chosen in product(range(2), repeat=6):
        for t, (mean, variance, centre, spread) in enumerate(step_by_step(given, pda, chosen)):
            ratio = variance / spread
            gap[t] += (objective(given, mean, variance) - best) / 64
            divergence[t] += (2 / 2 * (ratio - 1 - np.log(ratio)) + np.sum((mean - centre) ** 2) / (2 * spread)) / 64
    found = given.expected(pda)
    assert found.gap == pytest.approx(gap, rel=1e-10)
    assert found.divergence == pytest.approx(divergence, rel=1e-9, abs=1e-13)
    assert found.averaged_gap[-1] == pytest.approx(gap @ pda.output_probabilities, rel=1e-10)


def test_the_minimiser_has_no_gradient():
    given = model()
    p, eps = given.problem, 1e-6
    for direction in np.eye(p.dimension):
        up, down = (objective(given, given.mean + s * eps * direction, given.variance) for s in (1, -1))
        assert up - down == pytest.approx(0, abs=1e-12)
    wide, narrow = (objective(given, given.mean, given.variance * (1 + s * eps)) for s in (1, -1))
    assert wide - narrow == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("p", [1, 4])
def test_the_expected_gap_meets_its_constant(p):
    given = model(p=p)
    found = given.expected(ParticleDualAveraging(8000)).gap[[3998, 7998]] * np.array([4000, 8000])
    assert 2 * found[1] - found[0] == pytest.approx(given.limit_constant(), rel=1e-5)


def test_full_gradients_have_the_gap_of_their_own_path():
    given, pda = model(size=3), ParticleDualAveraging(200, gradients="full")
    gap = given.expected(pda).gap
    assert np.log(gap[198] / gap[98]) / np.log(200 / 100) == pytest.approx(-2, abs=0.02)


def test_the_theory_schedule_keeps_the_inner_accuracy_and_a_short_one_does_not():
    given = model()
    curvature = 2 * 0.5 / 0.1
    theory = InnerLoop.from_theory(lsi=curvature / 3, lipschitz=curvature, dimension=2, divergence=2.0)
    t = np.arange(2.0, 502)
    assert np.max(t**2 * given.expected(ParticleDualAveraging(500, theory)).divergence) < 1
    short = InnerLoop(theory.step_size, 30, 2.0, 0.0)
    assert np.max(t**2 * given.expected(ParticleDualAveraging(500, short)).divergence) > 100


def test_inner_loops_of_any_length_cost_nothing():
    given = model()
    loop = InnerLoop(1e-9, 1e13)
    assert given.expected(ParticleDualAveraging(50, loop)).gap == pytest.approx(
        given.expected(ParticleDualAveraging(50)).gap, rel=1e-6
    )


def test_averages_run_over_the_last_axis():
    gap = np.arange(12.0).reshape(2, 6)
    weights = np.arange(2, 8)
    assert averaged(gap)[:, -1] == pytest.approx(gap @ weights / weights.sum())


def test_what_has_no_closed_form_is_refused():
    with pytest.raises(ValueError, match="got Tanh and SquaredLoss: use quadrature"):
        LinearGaussian(MeanFieldProblem(np.ones((2, 1)), np.ones(2), 0.1, 0.1))
    with pytest.raises(ValueError, match="stale gradients have no recursion"):
        model().expected(ParticleDualAveraging(5, stale=True))
    with pytest.raises(ValueError, match="must stay below 1/L"):
        model().laws(ParticleDualAveraging(5, InnerLoop(10.0, 1.0)))
    with pytest.raises(ValueError, match=r"need examples \(R, T\)"):
        model().gaps(ParticleDualAveraging(5), np.zeros((1, 4), dtype=int))
