"""Oracles for what the claims on mean-field Langevin dynamics compute: constants in cases, time steps, sabotages."""

import numpy as np
import pytest

from dltheory.meanfield import langevin_laws
from dltheory.meanfield.langevin_modes import LocalModes
from rates.catalogue.meanfield import _langevin_problems as problems
from rates.catalogue.meanfield import langevin
from rates.streams import streams

MADE = streams(5, "claim", "case", range(40))
TIMES = np.array([1.0, 3.0, 6.0])


@pytest.mark.parametrize("case", langevin.SHARP.cases, ids=lambda case: case["setting"])
def test_rates_in_the_law_are_those_of_the_eigenproblem_in_four_digits(case):
    assert float(case["mu"]) == pytest.approx(LocalModes(problems.grid(case["setting"])).rate / 2, abs=6e-5)


@pytest.mark.parametrize("case", langevin.BOUND.cases, ids=lambda case: f"{case['setting']}-{case['certificate']}")
def test_constants_in_the_law_are_the_certified_ones_rounded_down(case):
    given = langevin.BOUND.parameters(case)
    certified = problems.certified_rate(given["setting"], given["certificate"])
    promised = 2 * given["alpha"] * given["lamda"]
    assert promised <= certified
    assert promised == pytest.approx(certified, rel=1e-3)


def test_gaps_extrapolated_in_the_time_step_are_those_of_much_smaller_steps():
    quadrature = problems.grid("logistic")
    start = problems.shifted(quadrature)
    fine = [
        langevin_laws.gap(quadrature, problems.laws_at(TIMES, quadrature, start, step)) for step in (1 / 200, 1 / 400)
    ]
    wanted = fine[1] ** 2 / fine[0]
    assert np.max(np.abs(np.log(problems.gaps_at(TIMES, quadrature, start) / wanted))) < langevin.SCHEME


@pytest.mark.parametrize("setting", problems.SETTINGS)
def test_a_grid_twice_as_fine_moves_rates_and_gaps_by_less_than_what_is_stated(setting):
    coarse = problems.grid(setting)
    fine = langevin_laws.refined(coarse, 2)
    assert LocalModes(coarse).rate == pytest.approx(LocalModes(fine).rate, rel=2e-3)
    both = [problems.gaps_at(TIMES, one, problems.shifted(one)) for one in (coarse, fine)]
    assert np.all(np.abs(np.log(both[0] / both[1])) < langevin.GRID / 8 * TIMES)


def test_the_bias_does_not_depend_on_the_grid():
    quadrature = problems.grid("cold")
    found = problems.step_size_gap(np.array([0.1]), setting="cold", measure="primal")[0]
    finer = langevin_laws.refined(quadrature, 5)
    assert found == pytest.approx(float(langevin_laws.gap(finer, langevin_laws.stationary_law(finer, 0.1))), rel=1e-7)


def test_sabotaged_noise_and_prior_are_those_of_another_problem_measured_in_the_right_one():
    at = {"setting": "cold", "measure": "primal"}
    hot = problems.step_size_gap(np.array([0.025]), hot=2.0, **at)[0]
    weak = problems.step_size_gap(np.array([0.025]), weak=0.5, **at)[0]
    quadrature, later = problems.grid("cold"), np.array([30.0])
    start = problems.shifted(quadrature)
    assert hot == pytest.approx(problems.gaps_at(later, quadrature, start, heat=2.0)[0], rel=0.05)
    assert weak == pytest.approx(problems.gaps_at(later, quadrature, start, shrink=0.5)[0], rel=0.05)


def test_clouds_do_not_depend_on_their_block_and_have_the_expected_mean():
    together = problems.cloud_suboptimality(16, MADE)
    assert problems.cloud_suboptimality(16, MADE[3:5]) == pytest.approx(together[3:5], rel=1e-12)
    wanted = problems.cloud_expected(np.array([16.0]))[0]
    error = together.std(ddof=1) / len(MADE) ** 0.5
    assert abs(together.mean() - wanted) < 4.5 * error + wanted / 16  # the next order in 1/N
