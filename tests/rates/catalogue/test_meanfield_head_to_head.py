"""Oracles for what the head-to-head claims compute: counts, constants in cases, what is charged, where curves cross."""

import numpy as np
import pytest

from dltheory.meanfield import pda_exact, pda_particles, psdca_exact, psdca_particles
from dltheory.meanfield.head_to_head import ascent_evaluations, averaging_evaluations
from dltheory.meanfield.langevin_modes import LocalModes
from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples
from dltheory.meanfield.psdca import DualCoordinateAscent, Refresh, condition_number, draw_coordinates
from rates.catalogue.meanfield import _head_to_head_problems as problems
from rates.catalogue.meanfield import head_to_head as claims
from rates.streams import streams

MADE = streams(5, "claim", "case", range(200))
ENOUGH = 4000  # particles


def test_the_x_of_dual_averaging_are_the_ends_of_4_to_256_iterations():
    cost = averaging_evaluations(problems.inner_loop(), 256, 128)
    assert tuple(cost[[3, 7, 15, 31, 63, 127, 255]]) == claims.LOOPS


def test_the_x_of_coordinate_ascent_are_ends_and_middles_of_passes_and_ends_of_refreshes():
    t = np.array([128.0 * i for i in range(1, 6)])
    assert tuple(ascent_evaluations(t, 128, 20)) == claims.PASSES
    assert tuple(ascent_evaluations(t[:-1] + 64, 128, 20)) == claims.WITHIN
    assert tuple(ascent_evaluations(t[:-1] + 1, 128, 20) - 1) == claims.REFRESHED


def test_the_guarantee_is_that_of_the_condition_number_for_an_evaluation():
    kappa, case = condition_number(problems.shared().problem), claims.ASCENT.cases[0]
    assert float(claims.ASCENT.law.slope(case)) == pytest.approx(np.log1p(-1 / kappa) / 21, rel=1e-12)


def test_the_rate_in_the_law_of_langevin_dynamics_is_that_of_the_eigenproblem():
    case = claims.LANGEVIN.cases[0]
    assert float(case["mu"]) == pytest.approx(LocalModes(problems.shared()).rate / 2, abs=6e-5)
    assert float(claims.LANGEVIN.law.slope(case)) == pytest.approx(-2 * float(case["mu"]) * problems.STEP / 128)


def test_the_marker_of_the_page_is_the_predicted_crossover():
    [marker] = claims.GAPS.markers
    assert marker.x == pytest.approx(problems.crossover_expected(np.array([128.0]))[0], abs=0.5)


def test_at_the_predicted_crossover_both_expansions_are_equal():
    at = problems.crossover_expected(np.array([128.0]))
    falling = problems.langevin_expected(at)
    assert falling == pytest.approx(sum(problems.averaging_expected(at).values()), rel=0.02)


def test_particles_of_dual_averaging_follow_what_is_charged():
    grid, outer = problems.shared(), 10
    pda = ParticleDualAveraging(outer, problems.inner_loop())
    drawn = draw_examples(128, outer, [np.random.default_rng(1)])
    theta = psdca_particles.initial_particles(grid.problem, ENOUGH, np.random.default_rng(2))
    times = np.array([3.0, 6.0, 11.0])
    run = pda_particles.run(grid.problem, pda, theta, drawn[0], np.random.default_rng(3), times)
    found = pda_exact.gap(grid, run.coolings[:, np.newaxis] * grid.exponent(run.coefficients))
    assert found == pytest.approx(pda_exact.gaps(grid, ParticleDualAveraging(outer), drawn, times)[0], rel=0.1)
    charged = averaging_evaluations(problems.inner_loop(), outer, 128)[-1]
    assert run.neuron_gradients / ENOUGH + outer == charged


def test_particles_of_coordinate_ascent_follow_what_is_charged():
    grid, outer = problems.shared(), 3 * 128
    refresh = Refresh(128, 0.1, problems.REFRESH)
    drawn = draw_coordinates(128, outer, [np.random.default_rng(4)])
    theta = psdca_particles.initial_particles(grid.problem, ENOUGH, np.random.default_rng(5))
    times = np.array([64.0, 128.0, 192.0, 256.0])
    ascent = DualCoordinateAscent(outer, refresh=refresh)
    run = psdca_particles.run(grid.problem, ascent, theta, drawn[0], np.random.default_rng(6), times)
    exact = psdca_exact.path(grid, DualCoordinateAscent(outer), drawn, times)[0]
    found, wanted = (pda_exact.gap(grid, grid.exponent(g)) for g in (run.coefficients, exact))
    # next to the optimum a gap is a squared norm, and the noise of the particles is one of the size of their plateau
    assert np.all(np.abs(np.sqrt(found) - np.sqrt(wanted)) < 3 * problems.linearised().plateau(ENOUGH) ** 0.5)
    # the run refreshes once more, after its last update
    assert run.neuron_gradients / ENOUGH + outer == ascent_evaluations(np.array([outer + 1.0]), 128, 20)[0] - 1


def test_the_control_variate_has_the_mean_that_is_claimed():
    x = np.array(claims.UPDATES, dtype=float)
    variate = problems.ascent_gaps(x, MADE)[..., 1]
    off = variate.mean(axis=0) - problems.ascent_expected(x)
    assert np.all(np.abs(off) < 4.5 * variate.std(axis=0, ddof=1) / len(MADE) ** 0.5)


def test_no_knob_but_the_order_moves_the_control_variate():
    x = np.array([64.0, 2816.0])
    variate = problems.ascent_gaps(x, MADE[:4])[..., 1]
    for change in ({"scale": 0.3}, {"unscaled": True}, {"particles": 5}):
        assert np.array_equal(problems.ascent_gaps(x, MADE[:4], **change)[..., 1], variate)
    changed = problems.ascent_gaps(x, MADE[:4], order="cyclic")[..., 1]
    assert np.array_equal(changed, np.tile(problems.ascent_expected(x), (4, 1)))


def test_a_refresh_changes_no_gap():
    gaps = problems.ascent_gaps(np.array([128.0, 1000.0, 2688.0, 2689.0]), MADE[:3])
    assert np.array_equal(gaps[:, 0], gaps[:, 1])
    assert np.array_equal(gaps[:, 0], gaps[:, 2])
    assert not np.any(gaps[:, 2, 0] == gaps[:, 3, 0])


def test_all_methods_start_from_the_same_law():
    grid = problems.shared()
    first = float(pda_exact.gap(grid, grid.exponent(np.zeros(128))))
    assert problems.langevin_gaps(np.array([0.0]))[0] == pytest.approx(first, rel=1e-9)
    assert problems.ascent_gaps(np.array([0.0, 1.0]), MADE[:2])[:, 0, 0] == pytest.approx([first] * 2, rel=1e-9)


def test_the_gap_between_two_iterations_is_that_of_the_last_that_is_finished():
    cost = problems.averaging_cost(0.0)
    gaps = problems.averaging_gaps(np.array([cost[3], cost[4] - 1, cost[4]]), MADE[:5])
    assert np.array_equal(gaps[:, 0], gaps[:, 1])
    assert not np.any(gaps[:, 1] == gaps[:, 2])
    drawn = draw_examples(128, 5, [stream.numpy("examples") for stream in MADE[:5]])
    wanted = pda_exact.gaps(problems.shared(), ParticleDualAveraging(5), drawn, np.array([5.0, 6.0]))
    assert gaps[:, 1:] == pytest.approx(wanted, rel=1e-12)


def test_crossings_do_not_depend_on_their_block():
    together = problems.crossover(64, MADE[:6])
    assert np.array_equal(problems.crossover(64, MADE[2:4]), together[2:4])
    assert np.all((together > 1400) & (together < 2300))
