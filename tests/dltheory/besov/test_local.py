"""Local averages against brute force, kernels against scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern as Reference
from sklearn.kernel_ridge import KernelRidge
from sklearn.neighbors import KNeighborsRegressor

from dltheory.besov import manifold_kernel
from dltheory.besov.local import LocalAverage, choose_neighbours
from dltheory.besov.manifold import Spectrum, circle
from dltheory.besov.manifold_kernel import Matern

RNG = np.random.default_rng
POINTS, AT = RNG(0).random((60, 3)), RNG(1).random((7, 3))
VALUES = RNG(2).standard_normal((2, 60))


def test_neighbours_are_those_of_scikit_learn():
    found, squares = LocalAverage("neighbours", 5).smooth(POINTS, AT, VALUES)
    wanted = KNeighborsRegressor(5).fit(POINTS, VALUES.T).predict(AT)
    assert pytest.approx(wanted) == found.T
    assert squares == pytest.approx(np.full(7, 0.2))


def test_windows_average_what_they_hold_and_give_zero_where_they_hold_nothing():
    far = np.vstack([AT, np.full((1, 3), 9.0)])
    found, squares = LocalAverage("window", bandwidth=0.4).smooth(POINTS, far, VALUES)
    for i, x in enumerate(AT):
        held = np.linalg.norm(POINTS - x, axis=1) <= 0.4
        assert found[:, i] == pytest.approx(VALUES[:, held].mean(axis=1))
        assert squares[i] == pytest.approx(1 / held.sum())
    assert found[:, -1].tolist() == [0.0, 0.0]
    assert squares[-1] == 0.0


def test_a_local_line_reproduces_linear_functions_of_the_curve_and_beats_the_mean_at_its_end():
    t = np.sort(RNG(3).random(200))
    points = np.stack([t, 2 * t, -t], axis=1)
    line = LocalAverage("linear", 20)
    found, squares = line.smooth(points, points[:1], (3 * t + 1)[np.newaxis])
    assert found[0, 0] == pytest.approx(3 * t[0] + 1)
    assert squares[0] == pytest.approx(4 / 20, rel=0.2)  # what a line costs at an end, up to 1/k
    mean, _ = LocalAverage("neighbours", 20).smooth(points, points[:1], (3 * t + 1)[np.newaxis])
    assert abs(mean[0, 0] - 3 * t[0] - 1) > 0.05


@pytest.mark.parametrize(
    "method", [LocalAverage("neighbours", 4), LocalAverage("window", bandwidth=0.5), LocalAverage("linear", 6)]
)
def test_the_risk_is_the_mean_over_noise(method):
    truth, clean = RNG(4).standard_normal((2, 7)), VALUES
    noisy = [method.smooth(POINTS, AT, clean + 0.5 * RNG([5, r]).standard_normal(clean.shape))[0] for r in range(800)]
    risks = np.mean((np.array(noisy) - truth) ** 2, axis=(1, 2))
    assert float(method.risk(POINTS, AT, clean, truth, 0.5)) == pytest.approx(
        risks.mean(), abs=4 * risks.std() / 800**0.5
    )


def test_leaving_one_out_chooses_more_neighbours_for_more_noise():
    x = RNG(6).random((400, 1))
    smooth = np.sin(6 * x[:, 0])
    chosen = [choose_neighbours(x, smooth + s * RNG(7).standard_normal(400), range(1, 120)) for s in (0.05, 1.0)]
    assert chosen[0] < 12 < chosen[1]
    by_hand = []
    for k in (1, 3, 8):
        errors = [
            (smooth[np.argsort(np.abs(x[:, 0] - x[i, 0]))[1 : k + 1]].mean() - smooth[i]) ** 2 for i in range(400)
        ]
        by_hand.append(np.mean(errors))
    assert choose_neighbours(x, smooth, (1, 3, 8)) == (1, 3, 8)[int(np.argmin(by_hand))]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LocalAverage("trees", 3), "got 'trees'"),
        (lambda: LocalAverage("window"), "bandwidth h > 0"),
        (lambda: LocalAverage("neighbours", 0), "needs more neighbours, got k = 0"),
        (lambda: LocalAverage("linear", 2), "needs more neighbours, got k = 2"),
        (lambda: LocalAverage("neighbours", 3).require_unsaturated(2.5), "saturation: .* got β = 2.5"),
        (lambda: LocalAverage("neighbours", 61).smooth(POINTS, AT, VALUES), "of 60 points do not exist"),
        (lambda: LocalAverage("neighbours", 6).smooth(POINTS, AT, VALUES[0]), "were expected"),
        (lambda: choose_neighbours(POINTS, VALUES[0], (1, 60)), "between 1 and 59"),
        (lambda: Matern(0.0), "ν and the length scale must be positive"),
        (
            lambda: manifold_kernel.conditional_risk(Matern(1.0), POINTS, AT, VALUES, VALUES[:, :7], 0.0, 1.0),
            "noise and ridge",
        ),
    ],
)
def test_what_cannot_be_smoothed_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_line_is_not_saturated_at_two():
    LocalAverage("linear", 9).require_unsaturated(2.5)
    LocalAverage("neighbours", 9).require_unsaturated(2.0)


@pytest.mark.parametrize("nu", [0.5, 1.0, 1.5, 2.7])
def test_the_looked_up_kernel_is_that_of_scikit_learn(nu):
    wanted = Reference(length_scale=0.7, nu=nu)(POINTS, AT)
    assert Matern(nu, 0.7).gram(POINTS, AT) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("nu", [0.5, 1.5])
def test_the_spectrum_on_the_circle_is_that_of_a_gram_matrix(nu):
    angle = 2 * math.pi * np.arange(400) / 400
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    wanted = np.sort(np.linalg.eigvalsh(Matern(nu).gram(points, points)) / 400)[::-1]
    found = Matern(nu).circle_spectrum()
    assert np.repeat(found[:10], [1] + [2] * 9) == pytest.approx(wanted[:19], rel=0.02)


def test_ridge_regression_is_that_of_scikit_learn_in_the_mean_over_noise():
    kernel, ridge, noise = Matern(1.5), 0.3, 0.4
    clean, truth = VALUES[:1], RNG(8).standard_normal((1, 7))
    model = KernelRidge(alpha=ridge, kernel=Reference(length_scale=1.0, nu=1.5))
    found = np.array([
        model.fit(POINTS, clean[0] + noise * RNG([9, r]).standard_normal(60)).predict(AT) for r in range(600)
    ])  # fmt: skip
    risks = np.mean((found - truth[0]) ** 2, axis=1)
    wanted = manifold_kernel.conditional_risk(kernel, POINTS, AT, clean, truth, noise, ridge)
    assert wanted == pytest.approx(risks.mean(), abs=4 * risks.std() / 600**0.5)


def test_the_deterministic_equivalent_is_the_mean_over_designs():
    space, spectrum, kernel = circle(3), Spectrum(1.0), Matern(1.5)
    risks = []
    for r in range(24):
        rng = RNG([10, r])
        points, at = space.sample(rng, 200), space.sample(rng, 128)
        f = spectrum.draw(rng, 16)
        clean, truth = (f(space.angles(where)[:, 0]) for where in (points, at))
        risks.append(manifold_kernel.conditional_risk(kernel, points, at, clean, truth, 0.7, 0.2))
    wanted = math.fsum(manifold_kernel.expected_risk(kernel, spectrum, 200, 0.7, 0.2).values())
    assert wanted == pytest.approx(np.mean(risks), abs=4 * np.std(risks) / 24**0.5 + 0.01 * wanted)
