"""Oracles for what the claims on dual coordinate ascent compute: bounds, variates, plateaus, steps to an accuracy."""

import numpy as np
import pytest

from dltheory.meanfield.psdca import condition_number
from rates.catalogue.meanfield import _psdca_problems as problems
from rates.catalogue.meanfield import psdca
from rates.streams import streams

MADE = streams(5, "claim", "case", range(400))
PLAIN = [psdca.DUAL.parameters(case) for case in psdca.CASES]
EVERY = pytest.mark.parametrize("case", PLAIN, ids=[case["loss"] for case in PLAIN])
TIMES = np.array([3.0, 10.0, 30.0])


@EVERY
def test_the_case_has_the_gamma_of_its_loss_and_another_is_refused(case):
    assert problems.bounded(**case).problem.loss.gamma == case["gamma"]
    with pytest.raises(ValueError, match=f"loss has γ = {case['gamma']:g}, the case says 3"):
        problems.bounded(**{**case, "gamma": 3.0})


@EVERY
def test_the_law_of_the_guarantee_is_that_of_the_condition_number(case):
    kappa = condition_number(problems.bounded(**case).problem)
    law = psdca.DUAL.law.slope({"n": 16, "temperature": "1/10", "gamma": case["gamma"]})
    assert float(law) == pytest.approx(np.log1p(-1 / kappa), rel=1e-12)
    ratio = np.diff(np.log(problems.bound(TIMES, **case))) / np.diff(TIMES)
    assert ratio == pytest.approx([float(law)] * 2, rel=1e-10)


def test_the_window_is_that_of_the_predicted_rates():
    rates = [problems.linearised(**one).rate for one in PLAIN]
    assert psdca.TIMES[0] == pytest.approx(np.log(2) / min(rates), abs=1)
    assert psdca.TIMES[-1] == pytest.approx(np.log(1000) / max(rates), abs=1)


@EVERY
@pytest.mark.parametrize("gap", [False, True])
def test_the_control_variate_has_the_mean_that_is_claimed(case, gap):
    variate = problems.errors(TIMES, MADE, **case, gap=gap)[..., 1]
    off = variate.mean(axis=0) - problems.variate_mean(TIMES, **case, gap=gap)
    assert np.all(np.abs(off) < 4.5 * variate.std(axis=0, ddof=1) / len(MADE) ** 0.5)


def test_no_knob_but_the_order_moves_the_control_variate():
    case = PLAIN[0]
    variate = problems.errors(TIMES, MADE[:5], **case)[..., 1]
    for change in ({"scale": 0.3}, {"unscaled": True}, {"particles": 5}, {"safe": True}):
        assert np.array_equal(problems.errors(TIMES, MADE[:5], **case, **change)[..., 1], variate)
    for order in ("half", "cyclic"):
        changed = problems.errors(TIMES, MADE[:5], **case, order=order)[..., 1]
        assert np.array_equal(changed, np.tile(problems.variate_mean(TIMES, **case), (5, 1)))


@EVERY
def test_errors_start_at_zero_coefficients_or_next_to_the_optimum(case):
    quadrature = problems.bounded(**case)
    first = problems.errors(np.array([0.0, 1.0]), MADE[:2], **case)[0, 0, 0]
    assert first == pytest.approx(float(quadrature.dual_suboptimality(np.zeros(16))), rel=1e-12)
    near = problems.errors(np.array([0.0, 1.0]), MADE[:2], **case, distance=0.01)
    assert near[:, 0, 0] == pytest.approx(near[:, 0, 1], rel=0.02)


def test_trajectories_do_not_depend_on_their_batch_or_on_later_times():
    for change in ({}, {"particles": 7}, {"order": "cyclic"}):
        together = problems.errors(TIMES, MADE[:4], **PLAIN[0], **change)
        alone = [problems.errors(TIMES, MADE[i : i + 1], **PLAIN[0], **change) for i in range(4)]
        assert np.concatenate(alone) == pytest.approx(together, rel=1e-10)
        if not change.get("particles"):
            earlier = problems.errors(TIMES[:2], MADE[:4], **PLAIN[0], **change)
            assert earlier == pytest.approx(together[:, :2], rel=1e-10)


def test_the_particles_and_their_variate_take_the_same_coordinates():
    both = problems.particle_errors(TIMES, MADE[:2], **PLAIN[0], particles=50)
    assert np.array_equal(both[..., 1], problems.errors(TIMES, MADE[:2], **PLAIN[0])[..., 1])


def test_many_particles_without_refresh_are_the_exact_method():
    exact = problems.errors(TIMES, MADE[:2], **PLAIN[0])
    found = problems.particle_errors(TIMES, MADE[:2], **PLAIN[0], particles=100_000, epochs=10)
    assert found[..., 0] == pytest.approx(exact[..., 0], rel=0.03)


def test_the_plateau_is_that_of_the_map_of_second_moments():
    measured = problems.plateau(200, MADE[:60], **PLAIN[0])
    error = measured.std(ddof=1) / 60**0.5
    assert abs(measured.mean() - problems.plateau_mean(np.array([200.0]), **PLAIN[0])[0]) < 4.5 * error


def test_the_plateau_of_a_bias_is_met_and_below_its_bound():
    bias = np.array([0.01, 0.05])
    for case in (PLAIN[0], PLAIN[2]):
        found = problems.bias_plateau(bias, **case)
        assert found == pytest.approx(problems.bias_response(bias, **case), rel=0.01)
        assert np.all(found <= bias**2 / (2 * case["gamma"]))


def test_steps_to_a_thousandth_are_those_of_the_expectation():
    found = float(problems.steps_in_size(np.array([16.0]), temperature=0.1)[0])
    times = np.array([0.0, np.floor(found), np.ceil(found)])
    mean = problems.linear_mean(times, **PLAIN[0])
    assert mean[1] >= mean[0] / 1000 >= mean[2]
    assert problems.steps_in_temperature(np.array([10.0]), n=16) == pytest.approx([found], rel=1e-12)


def test_the_plain_mean_of_few_replicates_decays_too_fast_far_out_and_the_control_variate_repairs_it():
    """E[D* − D] is heavy-tailed: at 1e-10 of the start one replicate in thousands carries the mean."""
    case = PLAIN[0]
    rate = problems.linearised(**case).rate
    t = np.round(np.log(np.array([1e4, 1e6, 1e8, 1e10])) / rate)
    both = problems.errors(t, MADE[:48], **case)
    plain, variate = (-np.diff(np.log(both[..., k].mean(axis=0))[[0, 3]])[0] / (t[3] - t[0]) for k in range(2))
    assert plain > 1.05 * rate
    assert variate > 1.05 * rate  # it has the same tail, but its mean is known
    mean = problems.variate_mean(t, **case)
    assert -np.diff(np.log(mean))[2] / (t[3] - t[2]) == pytest.approx(rate, rel=5e-3)
    share = both[..., 0].mean(axis=0) / both[..., 1].mean(axis=0)
    assert -np.diff(np.log(mean * share)[[0, 3]])[0] / (t[3] - t[0]) == pytest.approx(rate, rel=0.01)


def test_the_registered_window_is_safe_for_the_replicates_of_a_look():
    values = problems.errors(np.array(psdca.TIMES, dtype=float), MADE, **PLAIN[0])[..., 0]
    largest = values.max(axis=0) / values.sum(axis=0)
    assert np.all(largest < 0.15)
    far = problems.errors(np.array([400.0]), MADE, **PLAIN[0])[..., 0]
    assert far.max() / far.sum() > 0.3
