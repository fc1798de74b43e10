import numpy as np
import pytest
from scipy.stats import norm

from dltheory.meanfield import langevin_laws as laws
from dltheory.meanfield.gibbs import Quadrature, QuadratureError
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem


def quadrature(loss=None, neuron=None):
    rng = np.random.default_rng(3)
    inputs, offsets, labels = 2 * rng.standard_normal((5, 1)), rng.standard_normal(5), np.sign(rng.standard_normal(5))
    chosen = {} if neuron is None else {"neuron": neuron}
    problem = MeanFieldProblem(inputs, labels, 0.3, 0.4, loss=loss or SquaredLoss(), offsets=offsets, **chosen)
    return Quadrature.of(problem)


EVERY = pytest.mark.parametrize(
    "given",
    [quadrature(), quadrature(LogisticLoss()), quadrature(neuron=TwoLayerTanh())],
    ids=["squared", "logistic", "two layers"],
)


def some_laws(given, count=5):
    rng = np.random.default_rng(7)
    centres, widths = rng.standard_normal((count, given.problem.dimension)), rng.uniform(0.3, 1.5, count)
    distance = np.sum((given.nodes - centres[:, np.newaxis]) ** 2, axis=2)
    q = np.exp(-distance / (2 * widths[:, np.newaxis] ** 2))
    return q / q.sum(axis=1, keepdims=True)


@EVERY
def test_the_gap_is_the_difference_of_objectives(given):
    q = some_laws(given)
    assert laws.gap(given, q) == pytest.approx(given.objective(q) - given.best, rel=1e-10)


@EVERY
def test_the_gap_next_to_the_optimum_is_quadratic_and_not_rounding(given):
    best = given.gibbs(given.optimum)
    bump = np.cos(given.nodes[:, 0]) - best @ np.cos(given.nodes[:, 0])
    sizes = np.array([1e-4, 1e-6, 1e-8])
    found = np.array([float(laws.gap(given, best * (1 + size * bump))) for size in sizes])
    p, moved = given.problem, (best * bump) @ given.neurons
    curvature = p.loss.curvature(given.predictions(given.optimum), p.labels)
    wanted = p.temperature * best @ bump**2 / 2 + np.mean(curvature * moved**2) / 2
    assert found / sizes**2 == pytest.approx(wanted, rel=1e-3)


@EVERY
def test_the_proximal_gibbs_measure_minimises_the_linearised_objective(given):
    q = some_laws(given)[0]
    g, best, p = laws.coefficients(given, q), laws.proximal(given, q), given.problem

    def linearised(law):
        entropy = law @ np.log(np.maximum(law, 1e-300))
        return law @ (given.neurons @ g / p.size + p.l2 * given.norms) + p.temperature * entropy

    lowest = linearised(best)
    for other in some_laws(given):
        rest = linearised(other) - lowest
        assert rest == pytest.approx(p.temperature * float(laws.divergence(other, best)), rel=1e-9)
        assert rest > 0


@EVERY
def test_the_gap_lies_in_the_entropy_sandwich_and_duality_gives_its_upper_side(given):
    q = some_laws(given)
    found = laws.Sandwich.of(given, q)
    assert np.all(found.lower < found.gap)
    assert np.all(found.gap < found.upper)
    assert laws.primal_dual_difference(given, q) == pytest.approx(found.upper, rel=1e-11)


def test_divergences_are_those_of_gaussians_and_of_disjoint_and_equal_laws():
    theta = np.linspace(-12, 12, 4001)
    first, second = (norm(m, s).pdf(theta) for m, s in ((0.3, 1.0), (0.0, 1.5)))
    first, second = first / first.sum(), second / second.sum()
    wanted = np.log(1.5) + (1 + 0.09) / (2 * 2.25) - 0.5
    assert float(laws.divergence(first, second)) == pytest.approx(wanted, rel=1e-12)
    assert float(laws.divergence(first, first)) == 0
    assert float(laws.divergence(np.array([1.0, 0.0]), np.array([0.25, 0.75]))) == pytest.approx(np.log(4))


def test_a_kernel_moves_a_law_as_an_euler_step_does():
    given = laws.refined(quadrature(), 2)
    g, eta, p = np.linspace(-1, 1, 5), 0.1, given.problem
    kernel, start = laws.euler_kernel(given, g, eta), some_laws(given)[1]
    theta, drift = given.nodes[:, 0], p.drift(given.nodes, g)[:, 0]
    end = kernel @ start
    assert kernel.sum(axis=0) == pytest.approx(1, abs=1e-13)
    assert end @ theta == pytest.approx(start @ (theta - eta * drift), abs=1e-10)
    assert end @ theta**2 == pytest.approx(start @ (theta - eta * drift) ** 2 + 2 * 0.4 * eta, abs=1e-9)


def test_the_stationary_law_is_what_euler_steps_converge_to():
    given = laws.refined(quadrature(), 2)
    q, step = some_laws(given)[0], 0.2
    for _ in range(200):
        q = laws.euler_kernel(given, laws.coefficients(given, q), step) @ q
    assert laws.stationary_law(given, step) == pytest.approx(q, abs=1e-11)


def test_without_data_the_stationary_law_is_gaussian_with_the_variance_of_the_scheme():
    problem = MeanFieldProblem(np.zeros((2, 1)), np.ones(2), 0.3, 0.4)
    given, eta = laws.refined(Quadrature.of(problem), 2), 0.5
    q = laws.stationary_law(given, eta)
    assert q @ given.nodes[:, 0] ** 2 == pytest.approx(0.4 / (0.6 * (1 - eta * 0.3)), rel=1e-9)


def test_refining_a_grid_changes_its_spacing_and_its_reach_only():
    given = quadrature()
    fine = laws.refined(given, 2, 3.0)
    assert fine.volume == given.volume / 2
    assert 3.0 <= fine.nodes[-1, 0] < 3.0 + fine.volume
    assert laws.refined(given, 1).nodes == pytest.approx(given.nodes)


def test_a_cloud_a_narrow_noise_and_two_dimensions_are_refused_in_one_sentence():
    given, plane = quadrature(), quadrature(neuron=TwoLayerTanh())
    with pytest.raises(ValueError, match="take the dual suboptimality of its predictions"):
        laws.gap(given, np.random.default_rng(0).standard_normal((64, 1)))
    with pytest.raises(ValueError, match="expected probabilities"):
        laws.gap(given, np.full(len(given.nodes), 0.5))
    with pytest.raises(QuadratureError, match="too narrow for a grid of spacing"):
        laws.stationary_law(given, 1e-4)
    with pytest.raises(QuadratureError, match="one parameter, got 2"):
        laws.refined(plane, 2)
