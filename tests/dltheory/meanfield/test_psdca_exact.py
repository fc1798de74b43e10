import numpy as np
import pytest

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, condition_number, draw_coordinates
from dltheory.meanfield.psdca_exact import Sampler, ascend, path


def quadrature(loss=None, size=6, temperature=0.2, neuron=None, l2=0.1):
    rng = np.random.default_rng(3)
    inputs, offsets = 2 * rng.standard_normal((size, 1)), rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    problem = MeanFieldProblem(inputs, labels, l2, temperature, neuron or Tanh(), loss or SquaredLoss(), offsets)
    return Quadrature.of(problem)


SQUARED, LOGISTIC, DOUBLE = quadrature(), quadrature(LogisticLoss()), quadrature(SquaredLoss(1.0))
ALL = pytest.mark.parametrize("given", [SQUARED, LOGISTIC, DOUBLE], ids=["squared", "logistic", "double"])


def generators(count, root=0):
    return [np.random.default_rng([root, r]) for r in range(count)]


def coordinates(size, outer, count, order="uniform"):
    return draw_coordinates(size, outer, generators(count), order)


@ALL
@pytest.mark.parametrize("step", ["maximise", "safe"])
def test_the_method_is_the_algorithm_as_it_is_written(given, step):
    p, drawn, ascent = given.problem, coordinates(6, 40, 2), DualCoordinateAscent(40, step)
    found = path(given, ascent, drawn, np.arange(41))
    for row, chosen in zip(found, drawn, strict=True):
        g = np.zeros(6)
        for t, i in enumerate(chosen):
            assert row[t] == pytest.approx(g, rel=1e-10, abs=1e-13)
            z = given.predictions(g)[i]
            weight = 6 * p.temperature
            if step == "maximise":
                g[i] = p.loss.ascent(g[i], z, p.labels[i], weight)
            else:
                share = weight * p.loss.gamma / (1 + weight * p.loss.gamma)
                g[i] += share * (p.loss.slope(z, p.labels[i]) - g[i])


@ALL
@pytest.mark.parametrize("step", ["maximise", "safe"])
def test_every_step_raises_the_dual(given, step):
    found = path(given, DualCoordinateAscent(60, step), coordinates(6, 60, 3), np.arange(61))
    assert np.all(np.diff(given.dual(found), axis=1) >= -1e-14)


@ALL
@pytest.mark.parametrize("step", ["maximise", "safe"])
def test_one_step_gains_on_average_the_gap_over_the_condition_number(given, step):
    """E_i D(g⁺) − D(g) ≥ (P(p[g]) − D(g))/κ at any g: all coordinates are tried."""
    for g in (np.zeros(6), given.optimum / 2, 0.9 * given.optimum):
        each = np.arange(6)[:, np.newaxis]
        after = path(given, DualCoordinateAscent(1, step), each, np.array([1]), g)[:, 0]
        gain = float(np.mean(given.dual(after)) - given.dual(g))
        assert gain >= float(given.duality_gap(g)) / condition_number(given.problem) * (1 - 1e-10)


@ALL
def test_it_ends_at_the_optimum_of_newtons_method(given):
    found = path(given, DualCoordinateAscent(1500), coordinates(6, 1500, 2), np.array([1500]))
    assert found[0, 0] == pytest.approx(given.optimum, abs=1e-9)
    assert np.max(given.dual_suboptimality(found)) < 1e-15
    assert np.max(given.duality_gap(found)) < 1e-14


def test_two_layers_run_on_a_grid_of_two_dimensions():
    given = quadrature(size=3, temperature=0.5, neuron=TwoLayerTanh(), l2=0.5)
    found = path(given, DualCoordinateAscent(150), coordinates(3, 150, 1), np.array([150]))
    assert found[0, 0] == pytest.approx(given.optimum, abs=1e-7)


def test_duplicated_data_and_a_single_point_are_ordinary():
    p = SQUARED.problem
    twins = MeanFieldProblem(np.repeat(p.inputs[:2], 3, axis=0), np.repeat(p.labels[:2], 3), 0.1, 0.2,
                             offsets=np.repeat(p.shifts[:2], 3))  # fmt: skip
    for problem in (twins, quadrature(size=1).problem):
        given = Quadrature.of(problem)
        found = path(given, DualCoordinateAscent(800), coordinates(problem.size, 800, 1), np.array([800]))
        assert float(given.dual_suboptimality(found)[0, 0]) < 1e-12


def test_a_forgotten_normalisation_of_the_exponent_leads_elsewhere():
    drawn = coordinates(6, 3000, 1)
    found = path(SQUARED, DualCoordinateAscent(3000, tilt=6.0, step_scale=0.3), drawn, np.array([2999, 3000]))
    z = SQUARED.predictions(6.0 * found[0, 1])
    assert z - SQUARED.problem.labels == pytest.approx(found[0, 1], abs=1e-8)
    assert float(SQUARED.dual_suboptimality(found)[0, 1]) > 1e-3


def test_trajectories_do_not_depend_on_their_batch():
    ascent, drawn, times = DualCoordinateAscent(30), coordinates(6, 30, 4), np.array([10, 30])
    together = path(SQUARED, ascent, drawn, times)
    alone = [path(SQUARED, ascent, drawn[r : r + 1], times) for r in range(4)]
    assert np.concatenate(alone) == pytest.approx(together, rel=1e-12)


def test_particles_are_drawn_from_the_gibbs_measure():
    weights = np.tile(SQUARED.gibbs(SQUARED.optimum), (2, 1))
    rows = np.stack([SQUARED.neurons[:, 1], SQUARED.neurons[:, 4]])
    sampler = Sampler.independent(40000, 1, generators(2))
    found = sampler.predictions(0, weights, rows, np.array([1, 4]))
    variance = np.diag(SQUARED.covariance(SQUARED.optimum))[[1, 4]]
    off = (found - SQUARED.predictions(SQUARED.optimum)[[1, 4]]) / np.sqrt(variance / 40000)
    assert np.all(np.abs(off) < 4.5)


def test_inversion_is_that_of_each_row():
    weights = np.array([[0.2, 0.0, 0.5, 0.3], [0.0, 1.0, 0.0, 0.0]])
    sampler = Sampler(np.array([[[0.0, 0.1999, 0.2001, 0.6999, 0.7001, 1 - 1e-12]]] * 2))
    rows = np.array([[0.0, 1.0, 2.0, 3.0]] * 2)
    assert sampler.predictions(0, weights, rows, np.zeros(2, np.int64)) == pytest.approx([10 / 6, 1.0])


def test_a_bias_moves_the_fixed_point_as_it_should():
    bias = 0.02 * np.array([1.0, -1, 0.5, 1, -1, 0])
    ascent, drawn = DualCoordinateAscent(1800), coordinates(6, 1800, 1, "cyclic")
    found = path(LOGISTIC, ascent, drawn, np.array([1800]), sampler=Sampler(bias=bias))[0, 0]
    p = LOGISTIC.problem
    assert p.loss.conjugate_slope(found, p.labels) == pytest.approx(LOGISTIC.predictions(found) + bias, abs=1e-10)


def test_times_and_particles_are_checked():
    drawn = coordinates(6, 5, 1)
    with pytest.raises(ValueError, match=r"times must lie in 0 … 5 and be whole, got \[9\.0\]"):
        path(SQUARED, DualCoordinateAscent(5), drawn, np.array([9]))
    with pytest.raises(ValueError, match="at least one particle, got 0"):
        Sampler.independent(0, 5, generators(1))
    with pytest.raises(ValueError, match="6 steps need as many coordinates"):
        next(ascend(SQUARED, DualCoordinateAscent(6), drawn))
