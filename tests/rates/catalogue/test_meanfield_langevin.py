"""Oracles for what the claims on mean-field Langevin dynamics compute: constants in cases, time steps, sabotages."""

import numpy as np
import pytest

from dltheory.meanfield import langevin_laws
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin_modes import LocalModes
from rates.catalogue.meanfield import _langevin_problems as problems
from rates.catalogue.meanfield import langevin

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


def test_the_least_divergence_is_that_of_laws_taken_in_much_smaller_steps():
    quadrature = problems.grid("warm")
    path = problems.laws_at(np.arange(0, 3.001, 1 / 200), quadrature, problems.shifted(quadrature), 1 / 200)
    wanted = langevin_laws.divergence(path, langevin_laws.proximal(quadrature, path))
    found = problems.least_divergence(np.array([1.0, 2.0, 3.0]), setting="warm")
    assert found == pytest.approx([wanted[:k].min() for k in (201, 401, 601)], rel=0.02)
    frozen = problems.least_divergence(np.array([1.0, 3.0, 8.0]), setting="logistic", frozen=True)
    assert frozen[1] == frozen[2] < frozen[0]


def test_the_promised_divergence_is_the_promised_gap_a_unit_of_time_before_over_two_alpha_lambda_squared():
    at = {"setting": "logistic", "certificate": "curvature"}
    alpha, heat = problems.certified_rate(**at), 0.5
    wanted = problems.promised_gap(np.array([0.0, 3.0]), **at) / (alpha * heat)
    assert problems.promised_divergence(np.array([1.0, 4.0]), **at) == pytest.approx(wanted, rel=1e-12)


def test_an_early_rate_is_that_of_early_times_only():
    plain = problems.slowest_gap(np.array([0.1, 0.2]), setting="warm", start="shifted")
    early = problems.slowest_gap(np.array([2.0, 4.0]), setting="warm", start="shifted", early=20.0)
    assert np.diff(np.log(early)) == pytest.approx(20 * np.diff(np.log(plain)), rel=1e-9)


@pytest.mark.parametrize(("gap", "off"), [(1e-2, 0.1), (1e-4, 0.03)])
def test_nearly_degenerate_modes_hide_the_slowest_one_unless_the_start_excites_it_alone(gap, off):
    """λ₁ = 1/50: 2μ₁ = 0.175 and 2μ₂ = 0.217, and where a start excites both its rate lies in between for long."""
    quadrature = Quadrature.of(problems.tanh_problem("squared", 0.02, 0.1))
    modes = LocalModes(quadrature)
    assert modes.second_rate < 1.5 * modes.rate
    times = np.round(np.log(1 / gap) / modes.rate + np.array([0.0, 2.0]), 1)
    alone = problems.gaps_at(times, quadrature, modes.start(1e-3))
    both = problems.gaps_at(times, quadrature, problems.shifted(quadrature))
    rates = [-float(np.diff(np.log(y))[0]) / 2 for y in (alone, both)]
    assert rates[0] == pytest.approx(modes.rate, rel=2e-3)
    assert modes.rate * (1 + off) < rates[1] < modes.second_rate
