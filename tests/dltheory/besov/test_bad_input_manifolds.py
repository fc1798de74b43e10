"""Manifolds, tubes and what averages over them: points of another space, and neighbourhoods without a direction."""

import math

import numpy as np
import pytest

from dltheory.besov import affine, affine_kernel, manifold_kernel, manifold_risk
from dltheory.besov.affine import RotationAverage
from dltheory.besov.affine_kernel import TorusKernel, spectrum
from dltheory.besov.local import LocalAverage, choose_neighbours
from dltheory.besov.local_projection import TangentPieces
from dltheory.besov.manifold import Spectrum, SphereProduct, circle, sphere
from dltheory.besov.manifold_kernel import Matern
from dltheory.besov.manifold_risk import Profile, best_neighbours, neighbour_risk, profile, tube_profile
from dltheory.besov.manifold_series import ChartSeries, half_lattice

RNG = np.random.default_rng
POINTS, AT = circle(3).sample(RNG(0), 60), circle(3).sample(RNG(1), 7)
VALUES, TRUTH = RNG(2).standard_normal((2, 60)), RNG(3).standard_normal((2, 7))
SAME = np.repeat(POINTS[:1], 60, axis=0)
LINE = np.linspace(0, 1, 60)[:, np.newaxis] * np.array([[1.0, 2.0, 3.0]])
TORUS = TorusKernel(spectrum(8, 2, 1.0))
SEEN = Profile(np.array([-5.0, 0.0]), np.ones(2), np.ones(2))


def at_fault(values, value=math.nan):
    spoilt = np.array(values, float)
    spoilt.flat[1] = value
    return spoilt


CASES = {
    "manifold": [
        (lambda: SphereProduct((2,), 2.5), "at least 3, got 2.5"),
        (lambda: SphereProduct((3,), 3), "ambient dimension of at least 4, got 3"),
        (lambda: circle(3).project(np.ones((4, 2))), r"shape \(4, 2\), expected \(n, 3\)"),
        (lambda: circle(3).project(at_fault(POINTS)), "projection is undefined"),
        (lambda: circle(3).thicken(RNG(0), np.ones(3), 0.2), r"expected \(n, 3\)"),
        (lambda: circle(3).thicken(RNG(0), POINTS, math.nan), "below the reach 1, .* got nan"),
        (lambda: sphere(3).thicken(RNG(0), POINTS, 1.5), "below the reach"),
        (lambda: circle(3).angles(np.ones((4, 2))), r"expected \(n, 3\)"),
        (lambda: circle(3).require_bandwidth(0.0), "bandwidth must be positive, got 0"),
        (lambda: SphereProduct((1,) * 5, 10).require_bandwidth(0.48), "exceeds the reach 0.447: windows meet twice"),
        (lambda: Spectrum(math.inf), "positive and finite, got inf"),
    ],
    "manifold_series": [
        (lambda: ChartSeries(1, 1.0, 2**14), "holds 16383 waves at most, got 16384"),
        (lambda: ChartSeries(1, 1.0, 0), "at least one frequency is needed, got 0"),
        (lambda: half_lattice(2, -3), "at least one frequency is needed, got -3"),
        (lambda: ChartSeries(1, 1.0).tail(-1), "at least 0, got -1"),
        (lambda: ChartSeries(1, 1.0).waves(0, 1.0), "samples must be positive, got 0"),
        (lambda: ChartSeries(1, 1.0).expected_risk(-1, 4, 1.0), "samples must be positive .* got -1"),
        (lambda: ChartSeries(2, 1.0).conditional_risk(RNG(0), np.ones((9, 1)), 4, 1.0), r"angles \(n, 2\)"),
        (lambda: ChartSeries(1, 1.0).conditional_risk(RNG(0), at_fault(np.ones((9, 1))), 4, 1.0), "finite angles"),
    ],
    "manifold_risk": [
        (lambda: profile("cirle", 1.0), "circle, sphere, end, got 'cirle'"),
        (lambda: profile("circle", 1.0, 1), "at least two points, got 1"),
        (lambda: profile("circle", math.nan), "smoothness β must be positive"),
        (lambda: Profile(np.zeros(2), np.ones(3), np.ones(2)), "vectors of one length"),
        (lambda: SEEN.at(np.array([math.nan])), "leave the table"),
        (lambda: neighbour_risk(SEEN, math.inf, 3, 1.0), "1 ≤ k < n, got k = 3 and n = inf"),
        (lambda: neighbour_risk(SEEN, 100, 3, -1.0), "noise must be at least 0, got -1"),
        (lambda: best_neighbours(SEEN, math.nan, 1.0), "at least 4 points, got nan"),
        (lambda: manifold_risk.total_risk(SEEN, 3, 3, 1.0), "1 ≤ k < n"),
        (lambda: tube_profile(1.0, 1.0), "its reach 1, got 1"),
        (lambda: tube_profile(1.0, 0.3, places=0), "at one place or more"),
    ],
    "manifold_kernel": [
        (lambda: Matern(1.0).gram(POINTS, POINTS[:, :2]), r"points \(n, D\) and \(m, D\)"),
        (lambda: Matern(1.0).gram(3 * POINTS, 3 * POINTS), "distances up to 2"),
        (lambda: Matern(1.0).gram(at_fault(POINTS), POINTS), "distances up to 2"),
        (
            lambda: manifold_kernel.conditional_risk(Matern(1.0), POINTS, AT, VALUES, TRUTH[:1], 1.0, 1.0),
            r"values \(F, 60\) and \(F, 7\)",
        ),
    ],
    "local": [
        (
            lambda: LocalAverage("linear", 6).smooth(SAME, AT, VALUES),
            r"do not span 1 direction\(s\): the points repeat",
        ),
        (lambda: LocalAverage("linear", 8, tangent=2).smooth(LINE, AT, VALUES), r"span 2 direction\(s\)"),
        (lambda: LocalAverage("neighbours", 2.5), "whole numbers, .* got k = 2.5"),
        (lambda: LocalAverage("linear", 6, tangent=0), "at least 1 direction, got k = 6 and 0"),
        (lambda: LocalAverage("neighbours", 3).smooth(POINTS, AT[:, :2], VALUES), r"points \(n, D\) and \(m, D\)"),
        (lambda: LocalAverage("neighbours", 3).smooth(at_fault(POINTS), AT, VALUES), "finite"),
        (lambda: LocalAverage("neighbours", 3).risk(POINTS, AT, VALUES, TRUTH[:1], 1.0), r"shape \(2, 7\) were"),
        (lambda: LocalAverage("neighbours", 3).risk(POINTS, AT, VALUES, TRUTH, -1.0), "noise must be at least 0"),
        (lambda: LocalAverage("neighbours", 3).require_unsaturated(2.1), "saturation"),
        (lambda: choose_neighbours(POINTS, VALUES[0][:9], (1, 2)), "were expected"),
    ],
    "local_projection": [
        (lambda: TangentPieces.fit(at_fault(POINTS), 1, 0.5), "finite points"),
        (lambda: TangentPieces.fit(POINTS[:0], 1, 0.5), "finite points"),
        (lambda: TangentPieces.fit(POINTS, 1, 0.5, pieces=0), "at least one piece"),
        (lambda: TangentPieces.fit(SAME, 1, 0.5), r"do not span 1 direction\(s\): they repeat"),
        (lambda: TangentPieces.fit(POINTS, 1, 1.0).project(POINTS[:, :2]), r"expected \(n, 3\)"),
    ],
    "affine": [
        (lambda: RotationAverage(2, 1.0, -5), "at least 0, got -5"),
        (lambda: RotationAverage(2, 1.0).points(-1.0), "largest frequency is at least 0 and finite, got -1"),
        (lambda: RotationAverage(2, 1.0).energy_beyond(math.inf), "at least 0 and finite, got inf"),
        (lambda: affine.lattice_counts(2.5, 4), "dimension ≥ 1"),
        (lambda: affine.unit_ball_volume(-1), "dimension is at least 0, got -1"),
    ],
    "affine_kernel": [
        (lambda: TORUS.gram(np.zeros((4, 1), int)), r"grid points \(n, 2\) are whole numbers"),
        (lambda: TORUS.gram(np.zeros((4, 2))), "whole numbers, got .* float64"),
        (lambda: TORUS.expected_risk(TORUS, 0.0, 1.0, 1.0), "n = 0"),
        (lambda: affine_kernel.spectrum(8, 2, -1.0), "roughness γs_1 must be positive"),
        (lambda: affine_kernel.spectrum(8, 2, 1.0, (1.0, math.nan)), "2 positive numbers"),
    ],
}
PAIRS = [pytest.param(*case, id=f"{module}-{i}") for module, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("call", "message"), PAIRS)
def test_points_of_another_space_are_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_whole_numbers_can_be_moved_and_projected():
    corners = np.array([[1, 0, 0], [0, -1, 0]])
    moved = circle(3).thicken(RNG(0), corners, 0.3)
    assert np.linalg.norm(moved - corners, axis=1).max() < 0.3
    assert circle(3).project(moved) == pytest.approx(corners)


def test_points_beyond_the_unit_ball_have_a_kernel_where_they_are_close():
    far = POINTS[:5] / 2 + 7.0
    assert Matern(1.0).gram(far, far) == pytest.approx(Matern(1.0).gram(POINTS[:5] / 2, POINTS[:5] / 2))
