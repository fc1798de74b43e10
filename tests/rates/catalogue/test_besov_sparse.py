"""Oracles for what the claims on sparse parameter spaces compute: nested draws, fair opponents, plateaus, slopes."""

import numpy as np
import pytest

from rates.catalogue.besov import _sparse_jump_problems as jumps
from rates.catalogue.besov import _sparse_wavelet_problems as wavelets
from rates.slope import slope_weights
from rates.streams import streams

MADE = streams(5, "claim", "case", range(48))


def test_samples_are_nested_in_n_and_shared_by_all_methods():
    truth, x, y = jumps.sample(64, MADE[0], 1.0, 2)
    again, longer, labels = jumps.sample(256, MADE[0], 1.0, 2)
    assert again.jumps == pytest.approx(truth.jumps)
    assert np.all(np.isin(x, longer))
    assert np.all(np.isin(y, labels))


def test_a_pair_holds_the_errors_of_both_methods():
    pair = jumps.separated_errors(256, MADE[:4])
    assert pair[:, 0] == pytest.approx(jumps.jump_errors(256, MADE[:4]))
    assert pair[:, 1] == pytest.approx(jumps.jump_errors(256, MADE[:4], method="kernel"))


def test_a_network_of_fixed_steepness_ends_between_the_two_plateaus():
    delta = 0.1
    errors = jumps.jump_errors(16384, MADE, method="network", delta=delta, steepness=0.0)
    assert delta / 12 < errors.mean() < 1.1 * delta / 3


def test_ramps_of_width_1_over_n_cost_at_most_their_own_error():
    exact, network = (jumps.jump_errors(1024, MADE, method=m) for m in ("erm", "network"))
    assert np.all(np.abs(network - exact) <= 2 / 1024)


def test_one_jump_too_few_leaves_what_the_jump_explains():
    errors = jumps.jump_errors(16384, MADE, missing=1)
    expected = [t * (1 - t) for t in (jumps.sample(8, s, 1.0, 1)[0].jumps[0] for s in MADE)]
    assert errors == pytest.approx(np.array(expected), abs=2e-3)


def test_the_least_linear_risk_beats_the_averages_and_they_follow_their_curve():
    n = 4096
    least = jumps.linear_risks(n, MADE).mean()
    for method in ("regressogram", "box"):
        curve = sum(jumps.average_curve(np.array([n]), method=method).values())[0]
        measured = jumps.averages(n, MADE, method=method)
        assert least < curve
        assert abs(measured.mean() - curve) < 4.5 * measured.std() / len(MADE) ** 0.5 + 0.02 * curve


@pytest.mark.parametrize("method", ["nearest", "gaussian", "local linear", "matern"])
def test_tuned_smoothers_lie_between_the_jensen_sum_and_half_as_much_again(method):
    risks = jumps.smoother_risks(128, MADE[:2], method=method) / jumps.jensen(np.array([128.0]))[0]
    assert np.all(risks > 1.0)
    assert np.all(risks < 1.5)


@pytest.mark.parametrize("method", ["hard", "linear", "none"])
def test_the_errors_of_the_haar_series_have_the_mean_that_the_curve_says(method):
    made = streams(6, "claim", "case", range(400))
    errors = jumps.haar_errors(256, made, method=method)
    assert abs(errors.mean() - jumps.haar_risk(np.array([256.0]), method=method)[0]) < 4.5 * errors.std() / 20


def test_who_knows_the_place_of_the_jump_has_the_jensen_sum_of_one_function():
    n, a = 50.0, 2.0
    energy = a * a * (np.arange(100_000) + 0.5) / 100_000  # a²(1 − t), t uniform
    assert jumps.jensen(np.array([n]), a=a, known=True)[0] == pytest.approx(
        np.mean(energy / (1 + n * energy)), rel=1e-8
    )


def test_samples_close_to_the_jump_are_as_good_as_that_many_more():
    n, made = np.array([64.0]), MADE
    bound = jumps.two_points(n, closer=0.5)[0]
    assert bound == pytest.approx(jumps.two_points(n**1.5)[0], rel=1e-12)
    errors = jumps.least_risks(64, made, closer=0.5)
    assert bound < errors.mean() < 0.5 * jumps.least_risks(64, made).mean()


def test_the_haar_risk_does_not_depend_on_where_the_stream_is_cut():
    whole = jumps.haar_errors(64, MADE[:6])
    assert np.concatenate([jumps.haar_errors(64, MADE[i : i + 1]) for i in range(6)]) == pytest.approx(whole)


def test_atoms_have_the_parametric_risk():
    made = streams(7, "claim", "case", range(160))
    errors = jumps.atom_errors(2048, made)
    assert abs(errors.mean() - jumps.parametric(np.array([2048.0]))[0]) < 4.5 * errors.std() / 160**0.5


@pytest.mark.parametrize("parameters", [{"p": 0.5, "beta": 1.0}, {"p": 1.0, "beta": 0.5}])
def test_errors_on_the_grid_have_the_means_of_the_sequence_model(parameters):
    made, n = streams(8, "claim", "case", range(300)), np.array([1024.0])
    for method, curve in (("threshold", wavelets.grid_threshold_risk), ("linear", wavelets.grid_linear_risk)):
        errors = wavelets.grid_errors(1024, made, method=method, **parameters)
        allowed = 4.5 * errors.std() / len(made) ** 0.5 + 0.01 * errors.mean()
        assert abs(errors.mean() - curve(n, **parameters)[0]) < allowed


@pytest.mark.parametrize("method", ["box", "kernel", "levels"])
def test_no_convex_combination_beats_the_worst_function_for_a_linear_estimator(method):
    assert wavelets.hull_ratio(np.array([4.0, 32.0]), method=method) == pytest.approx([1.0, 1.0], abs=1e-12)


@pytest.mark.parametrize("method", ["hard", "soft", "oracle"])
def test_some_combination_does_for_an_estimator_that_is_not_linear(method):
    assert np.max(wavelets.hull_ratio(np.array([4.0, 8.0]), method=method)) > 1.2


def test_the_variation_of_the_hardest_staircases_is_at_most_one():
    from dltheory.besov.sparse_wavelets_haar import synthesise

    for level in (2, 4):
        coefficients = np.zeros(256)
        coefficients[2**level : 2 ** (level + 1)] = 2.0 ** (-1.5 * level - 2) * (-1.0) ** np.arange(2**level)
        assert np.sum(np.abs(np.diff(synthesise(coefficients)))) <= 1.0


def test_staircase_bounds_lie_below_thresholding_and_fall_like_two_thirds():
    n = 8.0 ** np.arange(4, 14)
    bound, risk = wavelets.staircase_bounds(n), wavelets.staircase_threshold_risks(n)
    assert np.all(bound < risk)
    assert slope_weights(n) @ np.log(bound) == pytest.approx(-2 / 3, abs=1e-6)


def test_fewer_functions_make_a_smaller_cube():
    n = 8.0 ** np.arange(4, 14)
    few = wavelets.staircase_bounds(n, share=0.5)
    assert np.all(few < wavelets.staircase_bounds(n))
    assert slope_weights(n) @ np.log(few) == pytest.approx(-5 / 6, abs=1e-6)


def test_coefficients_kept_as_they_are_cost_their_number_and_what_is_left_out():
    from dltheory.besov import sparse_wavelets

    given, n = {"p": 0.5, "beta": 1.0, "d": 1}, 2.0**24
    found = wavelets.linear_risks(np.array([n]), kept=1 / 3, **given)[0]
    energies = sparse_wavelets.level_energies(wavelets.space(**given))
    assert found == pytest.approx(255 / n + energies[8:].sum(), rel=1e-12)
    least = min(wavelets.linear_risks(np.array([n]), kept=k / 24, **given)[0] for k in range(1, 25))
    assert least == pytest.approx(sparse_wavelets.level_projection_risk(wavelets.space(**given), n), rel=1e-12)


def test_known_places_make_the_linear_slope_the_sparse_one():
    n = 2.0 ** np.arange(24, 39, 2)
    given = {"p": 0.5, "beta": 1.0, "d": 1}
    slopes = [slope_weights(n) @ np.log(wavelets.linear_risks(n, places=p, **given)) for p in ("random", "known")]
    assert slopes == pytest.approx([-0.5, -0.75], abs=0.01)
