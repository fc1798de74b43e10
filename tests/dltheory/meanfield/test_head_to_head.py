"""Three methods side by side: counts against loops that count, expansions against exact gaps, crossings by hand."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dltheory.meanfield import head_to_head as both
from dltheory.meanfield import langevin_laws, pda_exact
from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin_modes import LocalModes
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent
from dltheory.meanfield.psdca_linear import LinearisedAscent

LOSSES = pytest.mark.parametrize("loss", [SquaredLoss(), LogisticLoss()], ids=["squared", "logistic"])


def quadrature(loss=None, size: int = 8) -> Quadrature:
    i = np.arange(size)
    x = 2 * np.cos(np.pi * (i + 0.5) / size)
    problem = MeanFieldProblem(
        x[:, np.newaxis], np.sign(x), 0.25, 0.5, loss=loss or SquaredLoss(), offsets=np.sin(3.0 * i)
    )
    return Quadrature.of(problem)


@pytest.mark.parametrize("size", [3, 100])
def test_evaluations_of_dual_averaging_are_those_of_a_loop_that_counts(size):
    inner, total, seen = InnerLoop(0.5, 3.0), 0, []
    for t in range(1, 9):
        total += 1
        for _ in range(int(np.ceil(3 * (t + 1) ** 2))):
            total += min(t, size)
        seen.append(total)
    assert both.averaging_evaluations(inner, 8, size).tolist() == seen


def test_evaluations_of_coordinate_ascent_are_those_of_a_loop_that_counts():
    size, steps, total, seen = 5, 3, 0, []
    for t in range(23):
        if t and t % size == 0:
            total += steps * size
        total += 1
        seen.append(total)
    t = np.arange(1.0, 24)
    assert both.ascent_evaluations(t, size, steps).tolist() == seen
    assert both.ascent_updates(np.array(seen), size, steps).tolist() == t.tolist()


def test_evaluations_in_the_middle_of_a_refresh_have_paid_for_the_passes_before_it():
    between = np.array([5, 6, 12, 20, 21, 25, 26])
    assert both.ascent_updates(between, 5, 3).tolist() == [5, 5, 5, 5, 6, 10, 10]
    every = np.arange(1, 200)
    done = both.ascent_updates(every, 5, 3)
    assert np.all(both.ascent_evaluations(done, 5, 3) <= every)
    assert np.all(both.ascent_evaluations(done + 1, 5, 3) > every)


def test_the_parts_of_dual_averaging_are_the_mean_of_runs():
    grid, t = quadrature(), np.array([40.0, 120.0])
    drawn = draw_examples(8, 119, [np.random.default_rng([3, i]) for i in range(600)])
    gaps = pda_exact.gaps(grid, ParticleDualAveraging(119), drawn, t)
    error = gaps.std(axis=0, ddof=1) / 600**0.5
    parts = both.averaging_expansion(grid, t)
    assert np.all(np.abs(gaps.mean(axis=0) - sum(parts.values())) < 4.5 * error + 0.05 * parts["sampling"])
    full = pda_exact.gaps(grid, ParticleDualAveraging(119, gradients="full"), None, t)[0]
    assert full == pytest.approx(parts["cooling"], rel=0.1)


@LOSSES
def test_the_expansion_of_ascent_is_the_gap_next_to_the_optimum(loss):
    grid = quadrature(loss)
    linear = LinearisedAscent.of(grid, DualCoordinateAscent(1))
    off = 1e-4 * np.sin(np.arange(8) + 1.0)
    second = np.outer(off, off)
    found = float(both.ascent_expansion(linear, second))
    assert found == pytest.approx(float(pda_exact.gap(grid, grid.exponent(grid.optimum + off))), rel=2e-3)
    assert found == pytest.approx(float(linear.duality_gap(second) - linear.suboptimality(second)), rel=1e-12)
    assert both.ascent_expansion(linear, np.stack([second, 4 * second])) == pytest.approx([found, 4 * found])


@LOSSES
def test_the_expansion_of_langevin_dynamics_falls_at_the_sharp_local_rate(loss):
    grid = quadrature(loss)
    modes = LocalModes(grid)
    start, t = modes.start(1e-3), np.array([0.0, 1.0, 4.0])
    found = both.langevin_expansion(grid, start, t)
    assert found == pytest.approx(float(langevin_laws.gap(grid, start)) * np.exp(-modes.rate * t), rel=2e-3)


@LOSSES
def test_the_expansion_of_langevin_dynamics_is_that_of_the_partial_differential_equation(loss):
    grid, t = quadrature(loss), np.array([0.2, 1.0, 3.0])
    best = grid.gibbs(grid.optimum)
    start = best * (1 + 1e-3 * np.tanh(grid.nodes[:, 0] - 0.5))
    start /= start.sum()
    equation = FokkerPlanck(grid)

    def moved(_: float, q: np.ndarray) -> np.ndarray:
        bands = equation.generator(langevin_laws.coefficients(grid, q))
        out = bands[1] * q
        out[:-1] += bands[0, 1:] * q[1:]
        out[1:] += bands[2, :-1] * q[:-1]
        return out

    path = solve_ivp(moved, (0, 3), start, method="LSODA", t_eval=t, rtol=1e-9, atol=1e-15, lband=1, uband=1)
    laws = np.maximum(path.y.T, 0)
    wanted = langevin_laws.gap(grid, laws / laws.sum(axis=1, keepdims=True))
    assert both.langevin_expansion(grid, start, t) == pytest.approx(wanted, rel=5e-3)


def test_the_expansion_from_far_is_close_and_that_of_the_optimum_is_zero():
    grid, t = quadrature(size=64), np.array([1.0, 2.0, 3.0])
    start = grid.gibbs(np.zeros(64))
    paths = [FokkerPlanck(grid).run(start, dt, round(3 / dt))[:: round(1 / dt)][1:] for dt in (0.04, 0.02)]
    gaps = [langevin_laws.gap(grid, path) for path in paths]
    ratio = gaps[1] ** 2 / gaps[0] / both.langevin_expansion(grid, start, t)  # time steps extrapolated to zero
    assert np.all(np.abs(np.log(ratio)) < 0.1)
    assert both.langevin_expansion(grid, grid.gibbs(grid.optimum), t) == pytest.approx(np.zeros(3), abs=1e-20)


def test_small_euler_steps_follow_the_partial_differential_equation():
    coarse = quadrature()
    grid = langevin_laws.refined(coarse, 3)
    start = grid.gibbs(np.zeros(8))
    wanted = langevin_laws.gap(coarse, FokkerPlanck(coarse).run(coarse.gibbs(np.zeros(8)), 0.005, 200)[-1])
    gaps = [both.langevin_gaps(grid, start, step, round(1 / step))[-1] for step in (0.02, 0.01)]
    assert 2 * gaps[1] - gaps[0] == pytest.approx(wanted, rel=0.01)
    assert abs(gaps[1] / wanted - 1) < abs(gaps[0] / wanted - 1)


def test_euler_steps_end_at_their_own_stationary_law():
    grid = langevin_laws.refined(quadrature(), 2)
    ends = both.langevin_gaps(grid, grid.gibbs(np.zeros(8)), 0.1, 400)[-1]
    assert ends == pytest.approx(float(langevin_laws.gap(grid, langevin_laws.stationary_law(grid, 0.1))), rel=1e-6)
    frozen = both.langevin_gaps(grid, grid.gibbs(np.zeros(8)), 0.1, 400, frozen=True)[-1]
    first = langevin_laws.coefficients(grid, grid.gibbs(np.zeros(8)))
    wanted = langevin_laws.gap(grid, langevin_laws.frozen_stationary_law(grid, first, 0.1))
    assert frozen == pytest.approx(float(wanted), rel=1e-6)


def test_an_exponential_crosses_a_power_where_both_are_equal():
    x, t = np.arange(1.0, 60), np.geomspace(1, 200, 40)
    found = both.crossing(x, np.exp(-0.2 * x), t, 0.5 / t)
    assert np.exp(-0.2 * found) == pytest.approx(0.5 / found, rel=1e-2)
    assert both.crossing(x, 2 * np.exp(-0.2 * x), t, np.full(40, 2 * np.exp(-3.0))) == pytest.approx(15, rel=1e-12)


def test_what_never_crosses_is_infinite_and_what_is_ahead_from_the_start_is_at_the_first_x():
    x = np.arange(1.0, 5)
    assert both.crossing(x, np.ones(4), x, np.full(4, 0.5)) == np.inf
    assert both.crossing(x, np.ones(4), x, np.full(4, 1.5)) == 1.0
