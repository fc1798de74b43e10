import numpy as np
import pytest

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Tanh, TwoLayerTanh
from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples
from dltheory.meanfield.pda_exact import FreshExamples, averaged_gaps, gap, gaps, potentials
from dltheory.meanfield.pda_theory import (
    explicit_bound,
    full_batch_constant,
    largest_second_moments,
    limit_constant,
)
from dltheory.meanfield.problem import MeanFieldProblem


def quadrature(loss=None, size=6, temperature=0.2, neuron=None, l2=0.1):
    rng = np.random.default_rng(3)
    inputs, offsets = 2 * rng.standard_normal((size, 1)), rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    problem = MeanFieldProblem(inputs, labels, l2, temperature, neuron or Tanh(), loss or SquaredLoss(), offsets)
    return Quadrature.of(problem)


SQUARED, LOGISTIC = quadrature(), quadrature(LogisticLoss())
BOTH = pytest.mark.parametrize("given", [SQUARED, LOGISTIC], ids=["squared", "logistic"])


def examples(size, outer, count, root=0):
    return draw_examples(size, outer, [np.random.default_rng([root, r]) for r in range(count)])


def as_written(given, chosen):
    """Densities of q_2, q_3, … at the nodes, each from all stored scalars a_s as in the paper's algorithm."""
    p, stored = given.problem, []
    law = np.exp(-p.l2 * given.norms / p.temperature)
    law /= law.sum()
    for t, i in enumerate(chosen, start=1):
        stored.append((t * p.loss.slope(law @ given.neurons[:, i], p.labels[i]), i))
        pull = sum(a * given.neurons[:, s] for a, s in stored)
        energy = 2 / (p.temperature * (t + 2) * (t + 1)) * pull + p.l2 * t / (p.temperature * (t + 2)) * given.norms
        law = np.exp(-energy)
        law /= law.sum()
        yield t + 1, law


@BOTH
def test_the_outer_loop_is_the_algorithm_as_it_is_written(given):
    drawn = examples(given.problem.size, 12, 2)
    times = np.arange(2, 14)
    found = gaps(given, ParticleDualAveraging(12), drawn, times)
    for row, chosen in zip(found, drawn, strict=True):
        wanted = [float(given.objective(law)) - given.best for _, law in as_written(given, chosen)]
        assert row == pytest.approx(wanted, rel=1e-9, abs=1e-13)


def test_two_layers_run_on_a_grid_of_two_dimensions():
    given = quadrature(size=3, temperature=0.5, neuron=TwoLayerTanh(), l2=0.5)
    drawn = examples(3, 4, 1)
    wanted = [float(given.objective(law)) - given.best for _, law in as_written(given, drawn[0])]
    assert gaps(given, ParticleDualAveraging(4), drawn, np.arange(2, 6))[0] == pytest.approx(wanted, rel=1e-8)


@BOTH
def test_the_gap_is_the_difference_of_objectives_and_zero_at_the_optimum(given):
    g = np.linspace(-0.4, 0.3, given.problem.size)
    wanted = given.objective(given.gibbs(g)) - given.best
    assert gap(given, given.exponent(g)) == pytest.approx(float(wanted), rel=1e-10)
    assert gap(given, given.exponent(given.optimum)) == pytest.approx(0, abs=1e-15)


def test_the_random_output_averages_gaps_with_weights_t():
    drawn = examples(6, 20, 3)
    pda, every = ParticleDualAveraging(20), gaps(SQUARED, ParticleDualAveraging(20), drawn, np.arange(2, 22))
    found = averaged_gaps(SQUARED, pda, drawn, np.array([5, 20]))
    assert found[:, 1] == pytest.approx(every @ pda.output_probabilities, rel=1e-12)
    assert found[:, 0] == pytest.approx(every[:, :5] @ ParticleDualAveraging(5).output_probabilities, rel=1e-12)


def test_the_gap_at_the_drawn_time_has_the_average_as_its_mean():
    drawn, pda = examples(6, 20, 1), ParticleDualAveraging(20)
    every = gaps(SQUARED, pda, drawn, np.arange(2, 22))[0]
    rng = np.random.default_rng(4)
    seen = every[[pda.draw_output(rng) - 2 for _ in range(20_000)]]
    wanted = averaged_gaps(SQUARED, pda, drawn, np.array([20]))[0, 0]
    assert abs(seen.mean() - wanted) < 4.5 * seen.std(ddof=1) / 20_000**0.5


def test_fresh_examples_that_repeat_training_points_are_those_training_points():
    p, drawn, times = SQUARED.problem, examples(6, 15, 2), np.array([2, 7, 16])
    fresh = FreshExamples(p.inputs[drawn], p.labels[drawn], p.shifts[drawn])
    pda = ParticleDualAveraging(15)
    assert gaps(SQUARED, pda, fresh, times) == pytest.approx(gaps(SQUARED, pda, drawn, times), rel=1e-10)


def test_fresh_examples_of_a_population_approach_its_minimiser():
    p = SQUARED.problem
    rng = np.random.default_rng(8)
    drawn = rng.integers(6, size=(32, 400))
    jitter = 1e-6 * rng.standard_normal((32, 400, 1))
    fresh = FreshExamples(p.inputs[drawn] + jitter, p.labels[drawn], p.shifts[drawn])
    found = gaps(SQUARED, ParticleDualAveraging(400), fresh, np.array([10, 400])).mean(axis=0)
    assert found[1] < found[0] / 10


def test_a_single_full_gradient_is_the_mean_over_examples():
    p = SQUARED.problem
    _, exponent, _ = next(potentials(SQUARED, ParticleDualAveraging(1, gradients="full"), None))
    u = p.loss.slope(SQUARED.predictions(np.zeros(6)), p.labels)
    assert exponent[0] == pytest.approx(SQUARED.exponent(u) / 3, rel=1e-12)


def test_with_stale_gradients_the_coefficients_do_not_follow_the_law():
    p, drawn = SQUARED.problem, np.array([[2, 2, 2, 2]])
    *_, (t, exponent, _) = potentials(SQUARED, ParticleDualAveraging(4, stale=True), drawn)
    u = np.zeros(6)
    u[2] = 6 * p.loss.slope(SQUARED.predictions(np.zeros(6)), p.labels)[2]
    assert t == 5
    assert exponent[0] == pytest.approx(SQUARED.exponent(u) * 4 / 6, rel=1e-12)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_constant_of_the_squared_loss_is_the_closed_form_and_its_lyapunov_equation(power):
    n, g = 6, SQUARED.optimum
    values, vectors = np.linalg.eigh(SQUARED.covariance(g) / (0.2 * n))
    noise = np.diag(vectors.T @ (n * np.diag(g**2) - np.outer(g, g)) @ vectors)
    gain = 1 + power
    wanted = np.sum((values + values**2) * gain**2 * noise / (2 * gain * (1 + values) - 1)) / (2 * n)
    assert limit_constant(SQUARED, power) == pytest.approx(wanted, rel=1e-10)


def test_the_constant_of_any_smooth_loss_is_the_limit_of_the_linearised_recursion():
    p, g, n = LOGISTIC.problem, LOGISTIC.optimum, 6
    curvature = p.loss.curvature(p.loss.conjugate_slope(g, p.labels), p.labels)
    response = LOGISTIC.covariance(g) / (n * p.temperature)
    drift = np.eye(n) + curvature[:, None] * response
    noise, second = n * np.diag(g**2) - np.outer(g, g), np.zeros((n, n))
    for t in range(1, 20001):
        kept = np.eye(n) - 2 / (t + 1) * drift
        second = kept @ second @ kept.T + (2 / (t + 1)) ** 2 * noise
    hessian = response + response @ (curvature[:, None] * response)
    assert limit_constant(LOGISTIC) == pytest.approx(20000 * np.sum(hessian * second) / (2 * n), rel=2e-3)


def test_weights_that_forget_too_slowly_have_no_constant():
    with pytest.raises(ValueError, match="a > −1/2 only"):
        limit_constant(SQUARED, -0.75)


class Kinked(SquaredLoss):
    @property
    def gamma(self):
        return 0.0


def test_a_loss_that_is_not_smooth_has_no_constant():
    with pytest.raises(ValueError, match="needs a smooth loss"):
        limit_constant(quadrature(Kinked()))


@BOTH
def test_full_batches_meet_their_constant(given):
    times = np.array([1000, 2000])
    found = gaps(given, ParticleDualAveraging(2000, gradients="full"), None, times)[0]
    scaled = found * times**2 / full_batch_constant(given)
    assert scaled == pytest.approx([1, 1], abs=5e-3)
    # the difference removes the correction of order 1/t; one of order log(t)/t² stays
    assert 2 * scaled[1] - scaled[0] == pytest.approx(1, abs=1e-4)


@BOTH
def test_the_explicit_bound_holds_at_every_horizon(given):
    horizons = np.arange(1.0, 301)
    drawn = examples(given.problem.size, 300, 64)
    measured = averaged_gaps(given, ParticleDualAveraging(300), drawn, horizons).mean(axis=0)
    assert np.all(measured <= explicit_bound(given, horizons))


def test_the_largest_second_moment_is_attained_by_a_step_and_beats_all_that_is_seen():
    coolings = np.array([1 / 3, 0.8])
    bound = largest_second_moments(SQUARED.problem, coolings)
    theta = np.linspace(-60, 60, 60001)
    for cooling, value in zip(coolings, bound, strict=True):
        best = 0.0
        for radius in np.linspace(0, 15, 201):
            potential = np.where(np.abs(theta) < radius, 2.0, -2.0) + 0.1 * theta**2
            density = np.exp(-cooling * (potential + 2) / 0.2)
            best = max(best, float(density @ theta**2 / density.sum()))
        assert best <= value <= 1.01 * best


def test_examples_and_kinds_of_gradients_belong_together():
    drawn, times = examples(6, 5, 1), np.array([3])
    with pytest.raises(ValueError, match="full gradients take no examples"):
        gaps(SQUARED, ParticleDualAveraging(5, gradients="full"), drawn, times)
    with pytest.raises(ValueError, match="need as many examples, got 5"):
        gaps(SQUARED, ParticleDualAveraging(6), drawn, times)
    with pytest.raises(ValueError, match=r"must lie in 2 … 6 and be whole, got \[9\.0\]"):
        gaps(SQUARED, ParticleDualAveraging(5), drawn, np.array([9]))
    with pytest.raises(ValueError, match="times must differ"):
        gaps(SQUARED, ParticleDualAveraging(5), drawn, np.array([3, 3]))
    with pytest.raises(ValueError, match=r"expected inputs \(R, T, d\)"):
        FreshExamples(np.zeros((2, 3, 1)), np.zeros((2, 4)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="one initial law a replicate, 1, got 2"):
        gaps(SQUARED, ParticleDualAveraging(5), drawn, times, np.zeros((2, 6)))
