import numpy as np
import pytest

from dltheory.meanfield import langevin_chaos as chaos
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin import MeanFieldLangevin, run
from dltheory.meanfield.langevin_laws import refined
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.problem import MeanFieldProblem


def quadrature(size=2, loss=None):
    rng = np.random.default_rng(3)
    inputs, offsets = 2 * rng.standard_normal((size, 1)), rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    return Quadrature.of(MeanFieldProblem(inputs, labels, 0.2, 0.2, loss=loss or SquaredLoss(), offsets=offsets))


@pytest.mark.parametrize("size", [1, 2])
def test_one_and_two_particles_agree_with_the_integral_over_all_of_their_positions(size):
    given = quadrature(size)
    p, h = given.problem, given.neurons
    prior = p.l2 * given.norms

    def energy(z, confinement, count):
        return -count / p.temperature * (np.mean(p.loss.value(z, p.labels), axis=-1) + confinement)

    alone = np.sum(np.exp(energy(h, prior, 1))) * given.volume
    pairs = energy((h[:, np.newaxis] + h) / 2, (prior[:, np.newaxis] + prior) / 2, 2)
    both = np.sum(np.exp(pairs)) * given.volume**2
    wanted = [-p.temperature * np.log(alone) - given.best, -p.temperature / 2 * np.log(both) - given.best]
    assert chaos.excess_free_energy(given, np.array([1, 2])) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("size", [1, 2])
def test_the_excess_has_its_leading_term_and_stays_below_the_bound(size):
    given, counts = quadrature(size), np.array([1, 2, 4, 16, 64, 256, 1024])
    found = chaos.excess_free_energy(given, counts)
    assert np.all(found <= chaos.excess_bound(given, counts))
    relative = found / chaos.leading_excess(given, counts) - 1
    assert abs(relative[-1]) < 1e-3
    assert relative[-2] / relative[-1] == pytest.approx(4, rel=0.05)


def test_the_bound_is_the_trace_and_the_variance_of_neurons():
    given = quadrature(5)
    p = given.problem
    variance = np.diag(given.covariance(given.optimum))
    assert chaos.excess_bound(given, np.array(3)) == pytest.approx(variance.sum() / (2 * p.size * 3), rel=1e-12)
    assert np.trace(chaos.interaction(given)) == pytest.approx(variance.sum() / (p.size * p.temperature), rel=1e-12)


def warm():
    inputs, labels = np.array([[1.5], [-0.8]]), np.array([1.0, -1.0])
    return Quadrature.of(MeanFieldProblem(inputs, labels, 0.25, 1.0, offsets=np.array([0.3, 0.0])))


def test_the_suboptimality_of_steps_approaches_that_of_continuous_time_linearly():
    given, one = refined(warm(), 2), np.array(1.0)
    coarse, fine = (float(chaos.step_suboptimality(given, one, eta)) for eta in (0.1, 0.05))
    assert 2 * fine - coarse == pytest.approx(float(chaos.excess_bound(given, one)), rel=2e-3)
    assert chaos.step_suboptimality(given, np.array([1.0, 4.0]), 0.1) == pytest.approx([coarse, coarse / 4])


def test_the_suboptimality_of_steps_is_that_of_particles_that_take_them():
    given, eta, count = warm(), 0.4, 64
    start = np.random.default_rng(0).standard_normal((count, 1))
    found = run(given.problem, MeanFieldLangevin(eta), start, np.random.default_rng(1), range(100, 24_100, 6))
    batches = found.dual_suboptimality(given).reshape(100, -1).mean(axis=1)
    error, wanted = batches.std(ddof=1) / 10, float(chaos.step_suboptimality(given, np.array(count), eta))
    assert error < wanted / 30
    # the next order in 1/N, and the bias of the scheme itself, which N does not see
    assert abs(batches.mean() - wanted) < 4.5 * error + wanted / count


def test_other_losses_and_many_data_points_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="for the squared loss, got LogisticLoss"):
        chaos.interaction(quadrature(2, LogisticLoss()))
    with pytest.raises(ValueError, match="at most 2 of them, got 3"):
        chaos.excess_free_energy(quadrature(3), np.array([4]))
