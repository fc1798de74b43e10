"""Oracles for what the claims on anisotropic and mixed smoothness compute: risks by enumeration, variates, streams."""

import math

import numpy as np
import pytest

from dltheory.besov.cosine import rank_coefficients
from dltheory.besov.projection import fit_series, series_error
from dltheory.besov.selection import rectangle_indices, rectangles
from dltheory.besov.targets import SpikyTarget
from dltheory.sequence import hard_threshold_risk, jensen_bound, universal_threshold
from rates.catalogue.besov import _anisotropic_choice as choice
from rates.catalogue.besov import _anisotropic_problems as problems
from rates.catalogue.besov import _anisotropic_regression as regression
from rates.catalogue.besov import _mixed_problems as mixed_problems
from rates.catalogue.besov import anisotropic, mixed
from rates.streams import streams

MADE = streams(7, "claim", "case", range(300))
FLAT = {"s": "(1, 2)", "mean": 2 / 3}
SPIKY = {"s": "(1, 3)", "mean": 3 / 4, "p": 8 / 7}


def test_a_case_has_the_mean_of_its_smoothness_and_another_is_refused():
    for claim in anisotropic.CLAIMS:
        for case in claim.cases:
            p = claim.parameters(case)
            assert problems.smoothness(p["s"], p["mean"]).mean == pytest.approx(p["mean"], rel=1e-12)
    with pytest.raises(ValueError, match=r"intrinsic smoothness of s = \(1, 2\) is 0\.666667, the case says 1"):
        problems.smoothness("(1, 2)", 1.0)


def test_laws_are_the_exponents_of_the_smoothness():
    for claim in (anisotropic.BEST_LINEAR, anisotropic.SEPARATION):
        for case in claim.cases:
            p = claim.parameters(case)
            given = problems.smoothness(p["s"], p["mean"], p["p"])
            expected = given.linear_rate if claim is anisotropic.BEST_LINEAR else given.rate - given.linear_rate
            assert -float(claim.law.slope(case)) == pytest.approx(expected, rel=1e-12)
    for case in anisotropic.SMOOTH:
        p = anisotropic.PROJECTION.parameters(case)
        assert -float(anisotropic.PROJECTION.law.slope(case)) == pytest.approx(problems.smoothness(**p).rate)


def test_energies_outside_of_rectangles_are_those_of_the_rank_law():
    given = problems.smoothness(**FLAT)
    energy = rank_coefficients(given, problems.LISTED) ** 2
    inside = (problems._listed(given) < np.array([7, 3])).all(axis=1)
    tails = problems.rectangle_tail(given, (7, 3))
    assert tails + np.sum(energy[inside]) == pytest.approx(1 + float(np.sum(energy[1:])), rel=1e-4)
    assert problems.cube_tails(given, 9)[4] == pytest.approx(problems.rectangle_tail(given, (5, 5)), rel=1e-10)
    line = problems.smoothness("(1, ∞)", 1.0)
    assert problems.cube_tails(line, 9)[4] == pytest.approx(sum(j**-3.0 for j in range(6, 10**6)), rel=1e-9)


def test_the_average_over_phases_has_no_ripple():
    def one_phase(n):
        target = SpikyTarget(problems.smoothness(**SPIKY), math.floor(math.log2(n) + 1e-9) + 1)
        values, counts = target.groups
        return hard_threshold_risk(values, universal_threshold(1.0, n), n**-0.5, counts) + target.tail(target.levels)

    n = 2.0 ** np.arange(40, 61, 2)
    averaged = np.diff(np.log(problems.threshold_risk(n, **SPIKY))) / np.diff(np.log(n))
    rippled = np.diff(np.log([one_phase(v) for v in n])) / np.diff(np.log(n))
    assert np.ptp(averaged) < 0.02
    assert np.ptp(rippled) > 0.1


def test_the_sum_to_infinity_is_that_of_more_terms():
    for n in (1e3, 1e9):
        j = np.arange(1.0, 3e6)
        listed = math.fsum(1 / (n + j ** (7 / 3)))
        found = problems.smooth_linear_bound(np.array([n]), **FLAT)[0]
        assert found == pytest.approx(listed + 3e6 ** (-4 / 3) * 3 / 4, rel=1e-6)


def test_shrinkage_knows_no_more_than_thresholding_of_the_tail():
    n = np.array([2.0**20])
    both = problems.both_risks(n, **SPIKY)[0]
    assert both[1] == pytest.approx(problems.threshold_risk(n, **SPIKY, rule="shrink")[0], rel=1e-3)
    assert both[0] < both[1] < problems.threshold_risk(n, **SPIKY, rule="keep all")[0]
    assert problems.linear_bound(n, **SPIKY, known=True)[0] < both[1]


@pytest.mark.parametrize(("module", "case"), [(regression, FLAT), (mixed_problems, {"d": 3, "s": 1.0})])
@pytest.mark.parametrize("isotropic", [False, True])
def test_the_scores_have_the_mean_that_is_claimed(module, case, isotropic):
    change = (
        {"isotropic": isotropic} if module is mixed_problems else {"basis": "isotropic" if isotropic else "ordered"}
    )
    variate = module.least_squares(200, MADE, **case, **change)[:, 1]
    mean = module.mean_of_scores(np.array([200.0]), **case, **change)[0]
    assert abs(variate.mean() - mean) < 4.5 * variate.std(ddof=1) / len(MADE) ** 0.5


def test_the_scores_of_every_estimator_are_those_of_least_squares():
    case = {"s": "(1, ∞)", "mean": 1.0}
    expected = regression.least_squares(64, MADE[:3], **case)[:, 1]
    assert np.array_equal(choice.selected(64, MADE[:3], **case)[:, 1], expected)
    for change in ({}, {"turned": True}, {"estimator": "watson"}, {"scale": 1.0}):
        found = regression.opponent(64, MADE[:3], **case, **change)[:, 1]
        assert found == pytest.approx(expected, rel=1e-9)


def test_the_excess_of_a_hold_out_is_that_of_its_choice_averaged_over_labels():
    function, x, y = regression.sample(128, MADE[0], **FLAT)
    half = 64
    fits = [
        fit_series(rectangle_indices(one), x[:half], y[:half]) for one in rectangles(2, int(128**0.6), choice._LADDER)
    ]
    errors = [series_error(one, function) for one in fits]
    noise = MADE[0].numpy("held-out noise").standard_normal((half, choice._DRAWS))
    found = []
    for draw in noise.T:
        losses = [np.mean((one(x[half:]) - function(x[half:]) - draw) ** 2) for one in fits]
        found.append(errors[int(np.argmin(losses))] - min(errors))
    assert choice.excess(128, MADE[:1], **FLAT)[0] == pytest.approx(np.mean(found), rel=1e-6)
    assert choice.excess(128, MADE[:1], **FLAT, judge="none")[0] == pytest.approx(np.median(errors) - min(errors))


def test_a_hold_out_that_sees_less_or_nothing_chooses_worse():
    made = MADE[:40]
    whole, few, nothing = (
        choice.excess(256, made, **FLAT, **change).mean() for change in ({}, {"held": 16}, {"judge": "shuffled"})
    )
    assert 0 < whole < 0.5 * few < 0.5 * nothing


def test_a_choice_among_many_terms_has_their_variance():
    found = choice.selected(256, MADE[:100], **FLAT, least=1 / 11)[:, 0]
    assert found.mean() > 24 / 256  # 24 is the first number of terms from 256/11 on that is a rectangle of the ladder
    assert found.mean() > choice.selected(256, MADE[:100], **FLAT)[:, 0].mean()


def test_a_turned_target_is_a_function_of_the_mean_coordinate():
    case = {"s": "(1, ∞)", "mean": 1.0}
    function, x, y = regression.sample(5, MADE[0], **case, noise=1e-12, turned=True)
    middle = np.repeat(x.mean(axis=1, keepdims=True), 2, axis=1)
    assert y == pytest.approx(function(middle), abs=1e-9)


@pytest.mark.parametrize("measure", [
    lambda n, made: regression.least_squares(n, made, **FLAT),
    lambda n, made: regression.wavelets(256, made, **SPIKY),
    lambda n, made: choice.excess(n, made, **FLAT),
    lambda n, made: mixed_problems.least_squares(n, made, d=2, s=1.0),
])  # fmt: skip
def test_replicates_do_not_depend_on_their_batch(measure):
    together = measure(128, MADE[:4])
    assert np.concatenate([measure(128, MADE[i : i + 1]) for i in range(4)]) == pytest.approx(together, rel=1e-9)


def test_samples_are_nested_in_n():
    (_, short, few), (_, long, many) = (regression.sample(n, MADE[0], **FLAT) for n in (50, 200))
    assert np.array_equal(short, long[:50])
    assert few == pytest.approx(many[:50], abs=1e-12)


def test_the_mean_error_of_shrinkage_on_the_grid_is_that_of_its_levels():
    n, made = 1024, MADE
    found = regression.wavelets(n, made, **SPIKY)[:, 1]
    space, top = regression.space(**SPIKY), regression.grid_level(n, **SPIKY)
    sizes = np.array([space.details(k) for k in range(top + 1)], float)
    dense, spike = np.array([space.boundary(k) for k in range(top + 1)]).T
    expected = jensen_bound((dense**2 * (sizes - 1) + spike**2) / sizes, sizes, 1 / n)
    assert abs(found.mean() - expected) < 4.5 * found.std(ddof=1) / len(made) ** 0.5
    with pytest.raises(ValueError, match="no level of the grid has 1000 cells: n must be one of"):
        regression.grid_level(1000, **SPIKY)


@pytest.mark.parametrize("case", mixed.CASES)
def test_interpolated_crosses_agree_with_whole_ones(case):
    p = mixed.RISK.parameters(case)
    space = mixed_problems.space(p["s"], p["d"], p["q"])
    assert space.log_excess == pytest.approx(float(p["u"]))
    terms = np.array(mixed_problems.crosses(5, 20, p["d"]))
    errors = mixed_problems.approximation_error(terms, s=p["s"], d=p["d"], q=p["q"])
    assert errors**2 == pytest.approx([space.worst_tail(5), space.worst_tail(13)], rel=1e-9)
    n = 2.0**40
    whole = min(space.worst_tail(j) + space.kept(j) / n for j in range(41))
    found = mixed_problems.cross_risk(np.array([n]), s=p["s"], d=p["d"], q=p["q"])[0]
    assert 0.7 * whole < found <= whole * (1 + 1e-9)
