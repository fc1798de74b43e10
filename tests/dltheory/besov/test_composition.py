"""Targets, bumps and fits of composition models against quadrature, simulation and known exponents."""

import math

import numpy as np
import pytest

from dltheory.besov import cosine
from dltheory.besov.composition import (
    AdditiveTarget,
    AffineTarget,
    CosineSeries,
    composition_smoothness,
    random_rotation,
    require_link,
    uniform_ball,
    uniformise,
)
from dltheory.besov.composition_bumps import BumpHypercube
from dltheory.besov.composition_fit import AdditiveRegression, apply_layers, design, linearised
from dltheory.besov.smoothness import Smoothness
from dltheory.sequence import coin_risk

RNG = np.random.default_rng


def test_points_of_the_ball_are_uniform_and_nested():
    points = uniform_ball(RNG(0), 20000, 3)
    radii = np.linalg.norm(points, axis=1)
    assert np.all(radii <= 1)
    assert np.quantile(radii**3, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.012)
    assert uniform_ball(RNG(0), 50, 3) == pytest.approx(points[:50])


@pytest.mark.parametrize(("rows", "ambient"), [(1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (3, 5)])
def test_coordinates_become_independent_uniform_and_have_that_derivative(rows, ambient):
    rotation = random_rotation(RNG(1), rows, ambient)
    assert rotation @ rotation.T == pytest.approx(np.eye(rows))
    inside = 0.9 * uniform_ball(RNG(2), 40, ambient) @ rotation.T
    _, jacobian = uniformise(inside, ambient)
    for j in range(rows):
        step = np.zeros(rows)
        step[j] = 1e-6
        moved = (uniformise(inside + step, ambient)[0] - uniformise(inside - step, ambient)[0]) / 2e-6
        assert jacobian[:, :, j] == pytest.approx(moved, abs=1e-5)
    t, _ = uniformise(uniform_ball(RNG(3), 40000, ambient) @ rotation.T, ambient)
    basis = cosine.evaluate(cosine.isotropic_indices(rows, 3**rows), t)
    assert basis.T @ basis / len(t) == pytest.approx(np.eye(3**rows), abs=0.035)


def test_an_affine_target_has_the_energy_of_its_coefficients_and_a_table_close_to_the_sum():
    target = AffineTarget.on_boundary(Smoothness((1.0,)), RNG(4), 3, terms=200)
    x = uniform_ball(RNG(5), 60000, 3)
    assert np.mean(target(x) ** 2) == pytest.approx(np.sum(target.coefficients**2), rel=0.03)
    t, _ = uniformise(x[:50] @ target.rotation.T, 3)
    assert target(x[:50]) == pytest.approx(cosine.evaluate(target.indices, t) @ target.coefficients, abs=2e-5)


def test_a_looked_up_series_is_exact_at_the_ends_and_the_middle():
    series = CosineSeries(np.array([1, 2, 5]), np.array([0.5, -0.25, 1.0]))
    terms = ((1, 0.5), (2, -0.25), (5, 1.0))
    wanted = [math.sqrt(2) * sum(c * math.cos(math.pi * j * x) for j, c in terms) for x in (0.0, 0.5, 1.0)]
    assert series(np.array([0.0, 0.5, 1.0])) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ((Smoothness((1.0, 2.0), math.inf),), 2 / 3),
        ((Smoothness((1.0,), math.inf), Smoothness((0.5,), math.inf)), 0.5),
        ((Smoothness((2.0,), math.inf), Smoothness((0.5,), math.inf)), 0.5),
        ((Smoothness((0.5,), math.inf), Smoothness((0.5,), math.inf)), 0.25),
        ((Smoothness((1.0,), math.inf), Smoothness((3.0,), math.inf)), 1.0),
        ((Smoothness((1.0,)), Smoothness((1.0,))), 0.5),
        ((Smoothness((1.0,), math.inf), Smoothness((0.5,), math.inf), Smoothness((0.8,), math.inf)), 0.4),
    ],
)
def test_the_smoothness_of_a_composition_is_that_of_its_weakest_layer(layers, wanted):
    assert composition_smoothness(layers) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: composition_smoothness((Smoothness((1.0,)), Smoothness((0.5,)))), "need not be continuous"),
        (lambda: composition_smoothness(()), "at least one layer"),
        (lambda: AdditiveTarget.on_boundary(0.5, 2, RNG(0)), "need not be continuous"),
        (lambda: require_link((0.6, 0.1)), "must increase"),
        (lambda: AffineTarget.on_boundary(Smoothness((1.0, 2.0)), RNG(0), 1), "at least 2, got 1"),
        (lambda: AffineTarget.on_boundary(Smoothness((1.0,)), RNG(0), 1), "ambient dimension of at least 2"),
        (lambda: random_rotation(RNG(0), 3, 2), "3 directions do not fit into 2"),
        (lambda: AdditiveRegression(0), "at least 1"),
        (lambda: AdditiveRegression.from_theory(1.0, 100, 0.0), "no statistical rate"),
        (lambda: AdditiveRegression(40).fit(np.zeros((100, 2)), np.zeros(100)), "need 166 points, got 100"),
        (lambda: AdditiveRegression(2).fit(np.zeros((100, 2)), np.zeros(99)), "labels \\(n,\\) were expected"),
        (lambda: BumpHypercube(4, 1.5, 0.5), "0 < s ≤ 1, got s = 1.5"),
        (lambda: BumpHypercube(4, 1.0, 2.0), "0 < α ≤ 1, got α = 2"),
        (lambda: BumpHypercube(0, 1.0, 0.5), "at least one bump"),
        (lambda: BumpHypercube.hardest(100, 0.0, 1.0, 0.5), "every decision is free"),
        (lambda: coin_risk(-1.0), "at least 0"),
    ],
)
def test_what_is_outside_the_theory_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_two_layers_are_recovered_without_noise():
    inner = tuple(CosineSeries(np.arange(1, 5), np.array(c)) for c in ([0.4, 0.1, -0.1, 0.05], [-0.3, 0.1, 0.05, 0.1]))
    target, x = AdditiveTarget(inner), RNG(6).random((400, 2))
    fitted = AdditiveRegression(4, iterations=100).fit(x, target(x))
    assert fitted.inner == pytest.approx(np.array([part.coefficients for part in inner]), abs=2e-3)
    assert fitted.outer == pytest.approx([0.0, 0.3, 0.1], abs=5e-3)


def test_derivatives_of_the_layers_are_those_of_differences():
    outer, inner, inside = np.array([0.1, 0.3, 0.2]), RNG(7).standard_normal(4) / 4, design(RNG(8).random((5, 2)), 2)
    found = linearised(outer, inner, inside)
    for column in range(7):
        step = np.zeros(7)
        step[column] = 1e-6
        ends = [apply_layers(outer + sign * step[:3], inside @ (inner + sign * step[3:])) for sign in (1, -1)]
        assert found[:, column] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


@pytest.mark.parametrize("signal", [0.0, 0.1, 1.0, 10.0, 60.0])
def test_the_risk_of_a_coin_is_that_of_a_simulation(signal):
    rng = RNG(9)
    coin = rng.random(200000) < 0.5
    y = coin * signal**0.5 + rng.standard_normal(coin.size)
    belief = 0.5 * (1 + np.tanh((y * signal**0.5 - signal / 2) / 2))
    squares = (coin - belief) ** 2
    assert coin_risk(signal) == pytest.approx(squares.mean(), abs=4 * squares.std() / coin.size**0.5 + 1e-9)


def test_bumps_have_the_energy_and_the_heights_that_are_claimed():
    cube = BumpHypercube(8, 1.0, 0.5)
    x = (np.arange(80000) + 0.5) / 80000
    assert np.mean(cube.profile(x) ** 2) == pytest.approx(cube.energy, rel=1e-6)
    assert cube.profile(x).max() == pytest.approx(cube.height, rel=1e-4)
    inner = np.abs(cube.profile(x)) ** (1 / 0.5)  # the inner layer, whose slope is bounded: 2 for every N
    assert np.max(np.abs(np.diff(inner))) * 80000 == pytest.approx(2.0, rel=1e-6)


def test_a_posterior_is_that_of_bayes():
    cube, noise = BumpHypercube(3, 1.0, 0.5), 0.7
    x, y = RNG(10).random(30), RNG(11).standard_normal(30)
    likelihood = np.array([
        [np.exp(-np.sum((y - present * cube.profile(x))[cube.cells(x) == j] ** 2) / (2 * noise**2)) for j in range(3)]
        for present in (0, 1)
    ])  # fmt: skip
    assert cube.posterior(x, y, noise) == pytest.approx(likelihood[1] / likelihood.sum(axis=0))
