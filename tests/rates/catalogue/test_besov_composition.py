"""Oracles for what the claims on composition models compute: unbiased differences, energies, sabotages, blocks."""

import numpy as np
import pytest

from dltheory.besov.composition import AdditiveTarget
from dltheory.besov.composition_fit import AdditiveRegression
from rates.catalogue.besov import _composition_problems as problems
from rates.catalogue.besov import composition
from rates.streams import streams

MADE = streams(11, "claim", "case", range(24))


def test_numbers_do_not_depend_on_their_block():
    for measure, given in (
        (problems.affine_risk, {"D": 2}), (problems.additive_risk, {"D": 2}), (problems.torus_risk, {"D": 2}),
        (problems.bump_risk, {"s": 1.0, "outer": 0.5}), (problems.separation, {}),
    ):  # fmt: skip
        together = measure(128, MADE[:4], **given)
        assert measure(128, MADE[2:4], **given) == pytest.approx(together[2:], rel=1e-12)


def test_the_reported_risk_of_the_additive_fit_has_the_mean_of_the_plain_one_and_less_noise():
    reported = problems.additive_risk(512, MADE, D=2)
    plain = []
    for stream in MADE:
        target = AdditiveTarget.on_boundary(1.0, 2, stream.numpy("target"), size=0.5)
        x, at = stream.numpy("inputs").random((512, 2)), stream.numpy("at").random((1024, 2))
        y = target(x) + 0.25 * stream.numpy("noise").standard_normal(512)
        fitted = AdditiveRegression.from_theory(1.0, 512, 0.25, scale=0.7).fit(x, y)
        plain.append(np.mean((fitted(at) - target(at)) ** 2))
    difference = reported - np.array(plain)
    assert abs(difference.mean()) < 4 * difference.std() / len(MADE) ** 0.5
    assert reported.std() < 0.8 * np.std(plain)


@pytest.mark.parametrize("D", [2, 3])
def test_the_slope_of_the_outer_layer_has_the_energy_that_the_curve_takes(D):
    squares = []
    for r in range(200):
        target = AdditiveTarget.on_boundary(1.0, D, np.random.default_rng(r), size=0.5)
        x = np.random.default_rng([r, 1]).random((400, D))
        u = np.sum([part(column) for part, column in zip(target.inner, x.T, strict=True)], axis=0)
        squares.append(np.mean((1 + 0.6 * u + 0.3 * u**2) ** 2))
    wanted = problems._slope_energy(1.0, D, (0.3, 0.1))
    assert wanted == pytest.approx(np.mean(squares), abs=4 * np.std(squares) / 200**0.5)


def test_a_direction_that_is_not_learned_leaves_most_of_the_target():
    learned, axis = (problems.affine_risk(512, MADE[:6], D=3, direction=how).mean() for how in ("learned", "axis"))
    assert axis > 20 * learned


def test_a_direction_that_is_known_beats_the_bound_of_all_linear_estimators_that_do_not_know_it():
    assert problems.torus_ratio(128, MADE[:4], D=2, estimator="optimal").min() > 1
    assert problems.torus_ratio(128, MADE[:4], D=2, estimator="optimal", known=True).max() < 0.7


def test_spreading_over_one_dimension_is_the_rate_of_a_known_direction():
    n = 2.0 ** np.array([30, 50])
    one, two = (problems.linear_bound(n, D=2, s=1.0, dims=dims) for dims in (1, 0))
    assert np.diff(np.log2(one))[0] / 20 == pytest.approx(-2 / 3, abs=1e-3)
    assert np.diff(np.log2(two))[0] / 20 == pytest.approx(-1 / 2, abs=1e-3)


def test_a_wrong_case_is_invalid_and_says_why():
    assert "directions in two dimensions" in composition.MULTI_INDEX.broken({"D": 2, "s": 1, "rest": "1/2"})
    assert "layers do not compose" in composition.DEEP.broken({"D": 2, "s": "1/2"})
    assert "no polynomial linear rate" in composition.LINEAR_BOUND.broken({"D": 2, "s": "1/3", "p": 1, "one": 0})
