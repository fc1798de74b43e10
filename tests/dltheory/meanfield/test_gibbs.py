import mpmath
import numpy as np
import pytest

from dltheory.meanfield.gibbs import Quadrature, QuadratureError
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem


def problem(size=8, l2=0.1, temperature=0.1, neuron=None, loss=None):
    rng = np.random.default_rng(5)
    inputs, offsets = 2 * rng.standard_normal((size, 1)), rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    return MeanFieldProblem(inputs, labels, l2, temperature, neuron or Tanh(), loss or SquaredLoss(), offsets)


EVERY = [
    pytest.param(problem(neuron=neuron, loss=loss), id=f"{type(neuron).__name__}-{type(loss).__name__}")
    for neuron in (Tanh(), TwoLayerTanh())
    for loss in (SquaredLoss(), LogisticLoss())
]


def test_partition_function_and_means_agree_with_quadrature_in_thirty_digits():
    given = problem(size=3, l2=0.05, temperature=0.02)
    g = np.array([0.7, -1.1, 0.4])
    found = Quadrature.of(given)
    with mpmath.workdps(30):
        slopes, shifts = ([mpmath.mpf(float(v)) for v in row] for row in (given.inputs[:, 0], given.shifts))

        def neuron(i, t):
            return mpmath.tanh(slopes[i] * t + shifts[i])

        def density(t):
            tilt = sum(float(g[i]) * neuron(i, t) for i in range(3)) / 3
            return mpmath.exp(-(tilt + given.l2 * t * t) / given.temperature)

        cuts = [mpmath.mpf(k) for k in range(-8, 9)]
        total = mpmath.quad(density, cuts)
        means = [mpmath.quad(lambda t, i=i: neuron(i, t) * density(t), cuts) / total for i in range(3)]
        expected = float(mpmath.log(total))
    assert float(found.log_partition(g)) == pytest.approx(expected, abs=1e-13)
    assert found.predictions(g) == pytest.approx([float(m) for m in means], abs=1e-13)


@pytest.mark.parametrize("given", EVERY)
def test_primal_and_dual_meet_at_the_optimum(given):
    found = Quadrature.of(given)
    best = found.optimum
    assert abs(float(found.duality_gap(best))) < 1e-14
    assert float(found.objective(found.gibbs(best))) == pytest.approx(found.best, abs=1e-13)
    assert given.loss.slope(found.predictions(best), given.labels) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("given", EVERY)
def test_gap_and_suboptimality_are_differences_of_primal_and_dual(given):
    found = Quadrature.of(given)
    rng = np.random.default_rng(1)
    z = rng.uniform(-1, 1, (4, given.size))
    g = given.loss.slope(z, given.labels)
    primal = found.objective(found.gibbs(g))
    assert found.duality_gap(g) == pytest.approx(primal - found.dual(g), abs=1e-13)
    assert found.dual_suboptimality(g) == pytest.approx(found.best - found.dual(g), abs=1e-13)
    assert np.all(found.duality_gap(g) >= found.dual_suboptimality(g))


def test_suboptimality_keeps_its_digits_next_to_the_optimum():
    found = Quadrature.of(problem())
    best, direction = found.optimum, np.random.default_rng(2).standard_normal(8)
    hessian = found.covariance(best) / (8**2 * found.problem.temperature) + np.eye(8) / 8
    for size in (1e-4, 1e-7, 1e-9):
        expected = size**2 * float(direction @ hessian @ direction) / 2
        assert float(found.dual_suboptimality(best + size * direction)) == pytest.approx(expected, rel=1e-3)


def test_suboptimality_of_far_coefficients_does_not_overflow():
    found = Quadrature.of(problem(l2=0.02, temperature=0.005))
    far = 60 * np.ones(8)
    assert float(found.dual_suboptimality(far)) == pytest.approx(found.best - float(found.dual(far)), rel=1e-12)


def test_covariance_is_the_second_derivative_of_the_partition_function():
    found, step = Quadrature.of(problem()), 1e-4
    g = np.linspace(-1, 1, 8)
    moved = step * np.eye(8)
    corners = [found.log_partition(g + s * moved[0] + t * moved[1]) for s in (1, -1) for t in (1, -1)]
    mixed = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
    scale = (found.problem.size * found.problem.temperature) ** 2
    assert found.covariance(g)[0, 1] / scale == pytest.approx(float(mixed), rel=1e-4)


def test_cooling_is_a_lower_temperature():
    cold = problem(l2=0.1, temperature=0.05)
    warm = Quadrature.of(problem(l2=0.1, temperature=0.1))
    g = np.linspace(-1, 1, 8)
    assert warm.predictions(g, 2.0) == pytest.approx(Quadrature.of(cold).predictions(g), abs=1e-12)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (MeanFieldProblem(np.eye(3), np.ones(3), 0.1, 0.1), "neurons of one or two parameters, got 3"),
        (problem(neuron=Linear()), "use the Gaussian closed forms"),
        (problem(neuron=TwoLayerTanh(), l2=1e-4, temperature=1e-4), "raise it, or make the inputs smaller"),
    ],
)
def test_what_no_grid_can_do_is_one_sentence(given, says):
    with pytest.raises(QuadratureError, match=says):
        Quadrature.of(given)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"l2": 0.0}, "l2 .* must be positive, or no density can be normalised; got 0"),
        ({"temperature": 0.0}, "temperature .* must be positive, or the minimiser has no density; got 0"),
        ({"temperature": float("nan")}, "temperature .* got nan"),
        ({"labels": np.ones(2)}, "expected inputs"),
        ({"offsets": np.ones(2)}, "one offset a data point"),
        ({"inputs": np.array([[np.inf]] * 3)}, "must be finite"),
    ],
)
def test_a_problem_that_has_no_solution_is_refused(changed, says):
    given = {"inputs": np.ones((3, 1)), "labels": np.ones(3), "l2": 0.1, "temperature": 0.1}
    with pytest.raises(ValueError, match=says):
        MeanFieldProblem(**(given | changed))
