"""Profile least squares: exact recovery, risks against a test set, and the cost of the angles."""

import numpy as np
import pytest

from dltheory.besov import cosine
from dltheory.besov.composition import AffineTarget, random_rotation, uniform_ball
from dltheory.besov.single_index import IndexRegression, directions, oracle_risk
from dltheory.besov.smoothness import Smoothness

RNG = np.random.default_rng
ONE, TWO = Smoothness((1.0,)), Smoothness((1.0, 2.0))


def smooth(space: Smoothness, ambient: int, seed: int, terms: int) -> AffineTarget:
    return AffineTarget.on_boundary(space, RNG(seed), ambient, terms)


@pytest.mark.parametrize(("space", "ambient", "terms"), [(ONE, 2, 8), (ONE, 4, 8), (ONE, 6, 8), (TWO, 3, 11)])
def test_a_target_within_the_sieve_is_found_exactly_without_noise(space, ambient, terms):
    target = smooth(space, ambient, 3, terms)
    x = uniform_ball(RNG(4), 600, ambient)
    fitted = IndexRegression(space, terms + 1, iterations=40).fit(x, target(x), RNG(5))
    assert np.abs(fitted.rotation @ target.rotation.T) == pytest.approx(np.eye(space.dimension), abs=1e-4)
    at = uniform_ball(RNG(6), 200, ambient)
    assert fitted(at) == pytest.approx(target(at), abs=1e-3)


def test_the_waves_of_the_sieve_are_the_cosines_of_the_chapter():
    target = smooth(ONE, 3, 0, 30)
    x = uniform_ball(RNG(1), 200, 3)
    regression = IndexRegression(ONE, 31)
    fitted = regression.fit(x, target(x), RNG(2), target.rotation)
    assert fitted.coefficients[1:] == pytest.approx(target.coefficients, abs=1e-4)  # the table's interpolation
    assert fitted.indices.tolist() == cosine.ordered_indices(ONE, 31).tolist()


def test_the_exact_risk_of_the_oracle_is_the_mean_over_the_noise():
    target, noise = smooth(ONE, 3, 7, 300), 0.3
    x, at = uniform_ball(RNG(8), 200, 3), uniform_ball(RNG(9), 20000, 3)
    regression, clean, truth = IndexRegression(ONE, 12), target(x), target(at)
    risks = []
    for r in range(60):
        y = clean + noise * RNG([10, r]).standard_normal(200)
        risks.append(np.mean((regression.fit(x, y, RNG(0), target.rotation)(at) - truth) ** 2))
    wanted = oracle_risk(target, regression, x, noise)
    assert wanted == pytest.approx(np.mean(risks), abs=4 * np.std(risks) / 60**0.5 + 0.01 * wanted)


@pytest.mark.parametrize(("rows", "ambient", "wanted"), [(1, 2, 1), (1, 4, 3), (2, 3, 3), (2, 4, 5), (3, 3, 3)])
def test_rotations_have_that_many_angles(rows, ambient, wanted):
    basis = random_rotation(RNG(0), rows, ambient)
    tangents = []
    for k in range(ambient):
        for j in range(k):
            turn = np.zeros((ambient, ambient))
            turn[k, j], turn[j, k] = 1.0, -1.0
            tangents.append((basis @ turn).ravel())
    assert directions(rows, ambient) == np.linalg.matrix_rank(np.array(tangents)) == wanted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IndexRegression(TWO, 3), "pre-asymptotic: 3 terms are fewer"),
        (lambda: IndexRegression(ONE, 4, starts=0), "at least 1, got 0"),
        (lambda: IndexRegression.from_theory(ONE, 100, 0.0), "no statistical rate"),
        (lambda: IndexRegression(ONE, 4).fit(2 * np.ones((20, 2)), np.zeros(20), RNG(0)), "unit ball"),
        (lambda: IndexRegression(ONE, 4).fit(np.tile([0.6, 0.8], (20, 1)), np.zeros(20), RNG(0)), "no density"),
        (lambda: IndexRegression(ONE, 4).fit(np.zeros((20, 1)), np.zeros(20), RNG(0)), "must exceed the 1 direction"),
        (lambda: IndexRegression(ONE, 16).fit(np.zeros((20, 2)), np.zeros(20), RNG(0)), "need at least 32 points"),
        (lambda: IndexRegression(ONE, 4).fit(np.zeros((20, 2)), np.zeros(19), RNG(0)), "labels \\(n,\\)"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
