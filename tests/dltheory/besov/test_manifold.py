"""Manifolds, tubes, targets and projections against geometry; the series on the chart against simulation."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import zeta

from dltheory.besov.local_projection import TangentPieces, random_line
from dltheory.besov.manifold import Spectrum, SphereProduct, circle, clifford_torus, sphere
from dltheory.besov.manifold_series import ChartSeries, half_lattice

RNG = np.random.default_rng
SPACES = [circle(2), circle(5), sphere(3), sphere(4), clifford_torus(4), clifford_torus(6)]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_points_lie_on_the_manifold_and_are_nested(space):
    points = space.sample(RNG(0), 500)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(500))
    assert space.project(points) == pytest.approx(points)
    assert np.abs(points.mean(axis=0)).max() < 0.15
    assert space.sample(RNG(0), 10)[:, :2] == pytest.approx(points[:10, :2])


@pytest.mark.parametrize("space", SPACES[1:], ids=str)
def test_a_tube_has_its_radius_and_is_projected_to_the_nearest_point(space):
    if space.ambient == space.dimension:
        return
    points = space.sample(RNG(1), 2000)
    moved = space.thicken(RNG(2), points, 0.4)
    distance, normal = np.linalg.norm(moved - points, axis=1), space.ambient - space.dimension
    assert distance.max() <= 0.4
    assert np.mean((distance / 0.4) ** normal) == pytest.approx(0.5, abs=0.03)
    assert space.project(moved) == pytest.approx(points)
    assert np.all(np.linalg.norm(moved[:, np.newaxis] - points[:200], axis=2).min(axis=1) >= distance - 1e-12)


def test_the_projection_onto_the_torus_is_the_nearest_point_by_search():
    space = clifford_torus(4)
    moved = space.thicken(RNG(3), space.sample(RNG(4), 1), 0.5)[0]

    def distance(angles):
        at = np.array([np.cos(angles[0]), np.sin(angles[0]), np.cos(angles[1]), np.sin(angles[1])]) / math.sqrt(2)
        return np.sum((at - moved) ** 2)

    best = min(minimize(distance, start).fun for start in RNG(5).uniform(0, 6, (6, 2)))
    assert np.sum((space.project(moved[np.newaxis])[0] - moved) ** 2) == pytest.approx(best, rel=1e-6)


def test_a_thin_tube_is_the_manifold():
    points = circle(3).sample(RNG(0), 5)
    assert circle(3).thicken(RNG(1), points, 0.0) is points


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SphereProduct((1.5,), 3), "whole number, at least 1, got 1.5"),
        (lambda: SphereProduct((), 3), "at least one factor"),
        (lambda: circle(1), "ambient dimension of at least 2, got 1"),
        (lambda: clifford_torus(3), "at least 4, got 3"),
        (lambda: circle(3).thicken(RNG(0), np.ones((1, 3)), 1.0), "below the reach 1,"),
        (lambda: clifford_torus(4).thicken(RNG(0), np.ones((1, 4)), 0.8), "below the reach 0.707"),
        (lambda: circle(3).project(np.zeros((1, 3))), "projection is undefined"),
        (lambda: circle(3).require_bandwidth(0.6), "too few samples: the bandwidth 0.6"),
        (lambda: sphere(3).angles(np.ones((1, 3))), "products of circles"),
        (lambda: Spectrum(0.0), "smoothness β must be positive"),
        (lambda: Spectrum(1.0, terms=10**6), "terms"),
        (lambda: ChartSeries(3, 1.0), "dimension 1 and 2 are held, got 3"),
        (lambda: ChartSeries(1, -1.0), "smoothness β must be positive"),
        (lambda: ChartSeries(1, 1.0).waves(100, 0.0), "no statistical rate"),
        (lambda: ChartSeries(1, 1.0, 8).conditional_risk(RNG(0), np.ones((9, 1)), 8, 1.0), "exceed the 8"),
        (lambda: TangentPieces.fit(np.ones((9, 3)), 4, 1.0), "from 1 to 3, got 4"),
        (lambda: TangentPieces.fit(np.ones((9, 3)), 1.0, 1.0), "from 1 to 3, got 1.0"),
        (lambda: TangentPieces.fit(np.ones((9, 3)), 1, 0.0), "scale must be positive"),
        (lambda: TangentPieces.fit(circle(3).sample(RNG(0), 40), 1, 1e-3), "too few points: a neighbourhood"),
    ],
)
def test_what_is_outside_the_theory_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("scale", [0.5, 0.25])
def test_lines_that_cross_have_no_tangent_where_they_do(scale):
    t = RNG(0).uniform(-1, 1, 3000)
    points = np.where(np.arange(3000)[:, np.newaxis] % 2, np.stack([t, t], 1), np.stack([t, -t], 1))
    points[0] = 0.0
    with pytest.raises(ValueError, match="the manifold meets itself"):
        TangentPieces.fit(points, 1, scale)


def test_a_function_has_the_energies_of_its_spectrum():
    spectrum = Spectrum(1.0, terms=64)
    theta = 2 * math.pi * np.arange(4096) / 4096
    values = spectrum.draw(RNG(0), 3)(theta)
    found = 2 * np.abs(np.fft.rfft(values, axis=1)[:, 1:65] / 4096) ** 2
    assert found == pytest.approx(np.tile(np.arange(1, 65) ** -3.0, (3, 1)), rel=1e-3)
    assert values[0] != pytest.approx(values[1])


@pytest.mark.parametrize(("beta", "largest"), [(0.5, 1e3), (1.0, 1e5), (2.0, 50)])
def test_groups_hold_the_whole_energy_up_to_their_end(beta, largest):
    spectrum = Spectrum(beta)
    j, energy = spectrum.groups(largest)
    assert j[:100].tolist() == list(range(1, 101))
    assert energy[:100] == pytest.approx(j[:100] ** (-2 * beta - 1), rel=1e-9)
    assert j[-1] >= 0.95 * largest
    assert 0 < spectrum.energy - energy.sum() < float(spectrum.tail(0.9 * j[-1])) + 1e-12
    assert spectrum.energy == pytest.approx(float(zeta(2 * beta + 1)))


def test_half_of_the_lattice_is_counted_by_length():
    found = half_lattice(2, 600)
    both = {tuple(k) for k in np.vstack([found, -found])}
    reach = math.sqrt(float(np.max(np.sum(found**2, axis=1))))
    inside = sum(0 < a * a + b * b < reach**2 for a in range(-25, 26) for b in range(-25, 26))
    assert inside <= len(both) == 1200
    assert np.all(np.diff(np.sum(found**2, axis=1)) >= 0)
    assert half_lattice(1, 4).ravel().tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(("dimension", "beta"), [(1, 1.0), (2, 1.0)])
def test_the_exact_risk_of_a_series_is_the_mean_over_design_and_phases(dimension, beta):
    series = ChartSeries(dimension, beta)
    space = circle(3) if dimension == 1 else clifford_torus(4)
    found = [series.conditional_risk(RNG([r, 0]), space.angles(space.sample(RNG([r, 1]), 200)), 6, 0.5)
             for r in range(60)]  # fmt: skip
    wanted = math.fsum(series.expected_risk(200, 6, 0.5).values())
    assert wanted == pytest.approx(np.mean(found), abs=4 * np.std(found) / 60**0.5)


def test_the_risk_given_the_design_is_that_of_noisy_labels():
    series, theta = ChartSeries(1, 1.0, 40), 2 * math.pi * RNG(0).random((80, 1))
    phases = np.angle(np.exp(2j * math.pi * RNG(1).random(40)))
    grid = 2 * math.pi * np.arange(512) / 512
    j = np.arange(1, 41)
    target, truth = (np.cos(np.outer(at, j) + phases) @ (math.sqrt(2) * j**-1.5) for at in (theta[:, 0], grid))
    risks = []
    for r in range(300):
        y = target + 0.5 * RNG([2, r]).standard_normal(80)
        coefficients = np.exp(-1j * np.outer(j[:5], theta[:, 0])) @ y / 80
        fitted = y.mean() + 2 * np.real(np.exp(1j * np.outer(grid, j[:5])) @ coefficients)
        risks.append(np.mean((fitted - truth) ** 2))
    wanted = series.conditional_risk(RNG(1), theta, 5, 0.5)
    beyond = series.tail(5) - float(np.sum(j[5:] ** -3.0))  # the exact risk goes on beyond 40 waves
    assert wanted - beyond == pytest.approx(np.mean(risks), abs=4 * np.std(risks) / 300**0.5)


def test_pieces_find_the_circle_in_its_tube():
    space = circle(3)
    base = space.sample(RNG(0), 4096)
    moved = space.thicken(RNG(1), base, 0.3)
    found = TangentPieces.fit(moved, 1, 0.7, pieces=256).project(moved)
    assert np.ptp(np.linalg.norm(found[:, :2], axis=1)) < 0.1
    turned = np.arctan2(found[:, 1], found[:, 0]) - np.arctan2(base[:, 1], base[:, 0])
    assert np.sqrt(np.mean(np.sin(turned) ** 2)) < 0.01


def test_a_random_line_is_a_projection():
    line, points = random_line(RNG(0), 4), RNG(1).standard_normal((6, 4))
    once = line.project(points)
    assert line.project(once) == pytest.approx(once)
    assert np.linalg.matrix_rank(once) == 1
