import numpy as np
import pytest

from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.pda import ParticleDualAveraging
from dltheory.meanfield.pda_exact import gap, potentials
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.pda_particles import langevin, run
from dltheory.meanfield.problem import MeanFieldProblem


def problem(size=5, p=1, neuron=None, offsets=True):
    rng = np.random.default_rng(2)
    inputs, labels = rng.standard_normal((size, p)), np.sign(rng.standard_normal(size))
    shifts = 0.5 * rng.standard_normal(size) if offsets else None
    return MeanFieldProblem(inputs, labels, 0.5, 0.2, neuron=neuron or Tanh(), offsets=shifts)


def start(given, particles, seed=0):
    scale = (given.temperature / (2 * given.l2)) ** 0.5
    return scale * np.random.default_rng(seed).standard_normal((particles, given.dimension))


CHOSEN = np.array([0, 3, 3, 1, 4, 2])
LOOP = InnerLoop(0.1, 3.0, 1.0, 1.0)


def test_stored_coefficients_are_those_of_the_exact_method_in_the_limit_of_many_particles():
    given, times = problem(), np.array([3, 5, 7])
    found = run(given, ParticleDualAveraging(6, InnerLoop(0.02, 200.0, 0.0, 0.0)), start(given, 4000), CHOSEN,
                np.random.default_rng(1), times)  # fmt: skip
    exact = {}
    quadrature = Quadrature.of(given)
    for t, exponent, _ in potentials(quadrature, ParticleDualAveraging(6), CHOSEN[np.newaxis]):
        exact[t] = exponent[0].copy()
    for k, t in enumerate(times):
        reached = found.coolings[k] * quadrature.exponent(found.coefficients[k])
        assert np.ptp(reached - exact[int(t)]) < 0.15
        assert float(gap(quadrature, reached)) == pytest.approx(float(gap(quadrature, exact[int(t)])), rel=0.1)


@pytest.mark.filterwarnings("ignore:Linear is unbounded")
def test_the_cloud_of_linear_neurons_has_the_law_that_the_recursion_says():
    given = problem(p=2, neuron=Linear())
    pda, particles = ParticleDualAveraging(6, LOOP), 20000
    done = run(given, pda, start(given, particles), CHOSEN, np.random.default_rng(3), np.array([7]))
    model = LinearGaussian(given)
    variance = model.laws(pda).reached[-1]
    assert done.theta.var(axis=0) == pytest.approx([variance] * 2, rel=5 * (2 / particles) ** 0.5)
    path = model.gaps(pda, CHOSEN[np.newaxis])[0, -1]
    off = done.theta.mean(axis=0) - model.mean
    measured = off @ model.hessian @ off / 2
    exact = path - given.temperature * (variance / model.variance - 1 - np.log(variance / model.variance))
    assert measured == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh()], ids=["tanh", "two layers"])
def test_fresh_examples_that_are_all_different_are_the_training_points_in_order(neuron):
    given = problem(size=6, neuron=neuron)
    pda, theta, order = ParticleDualAveraging(6, LOOP), start(given, 7), np.arange(6)
    once = run(given, pda, theta, order, np.random.default_rng(4), np.array([4, 7]))
    fresh = run(given, pda, theta, None, np.random.default_rng(4), np.array([4, 7]), fresh=True)
    assert fresh.theta == pytest.approx(once.theta, rel=1e-10)
    assert fresh.coefficients == pytest.approx(once.coefficients, rel=1e-10)
    assert np.all(fresh.coefficients[0, 3:] == 0)


def test_full_gradients_use_every_example():
    given = problem()
    pda = ParticleDualAveraging(1, LOOP, gradients="full")
    theta = start(given, 50)
    done = run(given, pda, theta, None, np.random.default_rng(5), np.array([2]))
    assert done.coefficients[0] == pytest.approx(given.loss.slope(given.values(theta).mean(axis=0), given.labels))


def test_the_particles_of_an_earlier_time_are_those_of_a_shorter_run():
    given, theta = problem(), start(problem(), 9)
    long = run(given, ParticleDualAveraging(6, LOOP), theta, CHOSEN, np.random.default_rng(6), np.array([4]), time=4)
    short = run(given, ParticleDualAveraging(3, LOOP), theta, CHOSEN, np.random.default_rng(6), np.array([4]))
    assert np.array_equal(long.theta, short.theta)
    assert (long.time, short.time) == (4, 4)


def test_gradients_are_counted():
    given = problem()
    done = run(given, ParticleDualAveraging(6, LOOP), start(given, 9), CHOSEN, np.random.default_rng(7), np.array([2]))
    assert done.neuron_gradients == 9 * sum(3 * (t + 1) * min(t, 5) for t in range(1, 7))


def test_the_objective_of_a_cloud_is_refused():
    given = problem()
    done = run(given, ParticleDualAveraging(1, LOOP), start(given, 3), CHOSEN, np.random.default_rng(8), np.array([2]))
    with pytest.raises(ValueError, match="an empirical measure has no entropy"):
        done.objective()


@pytest.mark.filterwarnings("ignore:Linear is unbounded", "ignore:overflow", "ignore:invalid value")
def test_an_unstable_inner_loop_is_reported():
    given = problem(neuron=Linear())
    with pytest.raises(ValueError, match="must stay below 1/L"):
        langevin(given, start(given, 3), np.ones(5), 5.0, 10.0, 4000, np.random.default_rng(9))


def test_arguments_that_do_not_fit_are_refused():
    given, pda = problem(), ParticleDualAveraging(6, LOOP)
    rng, theta, times = np.random.default_rng(0), start(problem(), 3), np.array([2])
    for arguments, sentence in (
        ((ParticleDualAveraging(6), theta, CHOSEN), "particles need an inner loop"),
        ((pda, theta[:, 0], CHOSEN), "expected particles"),
        ((pda, theta, None), "stochastic ones need them"),
        ((pda, theta, CHOSEN[:3]), "6 outer iterations need examples"),
    ):
        with pytest.raises(ValueError, match=sentence):
            run(given, *arguments, rng, times)
    with pytest.raises(ValueError, match="6 fresh examples are the rows of a problem, got 5"):
        run(given, pda, theta, None, rng, times, fresh=True)
