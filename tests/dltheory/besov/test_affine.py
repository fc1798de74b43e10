"""Lattice counts, the Jensen bound over rotations and the torus kernel, against closed forms and brute force."""

import itertools
import math

import numpy as np
import pytest

from dltheory import sequence
from dltheory.besov.affine import RotationAverage, lattice_counts, unit_ball_volume
from dltheory.besov.affine_kernel import TorusKernel, spectrum
from dltheory.besov.smoothness import Smoothness


def divisors(m: int) -> list[int]:
    return [k for k in range(1, m + 1) if m % k == 0]


def test_lattice_counts_are_those_of_jacobi():
    two = [4 * sum((d % 4 == 1) - (d % 4 == 3) for d in divisors(m)) for m in range(1, 200)]
    four = [8 * sum(d for d in divisors(m) if d % 4) for m in range(1, 200)]
    eight = [16 * sum((-1) ** (m + d) * d**3 for d in divisors(m)) for m in range(1, 200)]
    for dimension, wanted in ((2, two), (4, four), (8, eight)):
        assert lattice_counts(dimension, 199)[1:].tolist() == wanted


def test_lattice_counts_are_those_of_counting():
    wanted = np.bincount([sum(x * x for x in point) for point in itertools.product(range(-4, 5), repeat=3)])
    assert lattice_counts(3, 16).tolist() == wanted[:17].tolist()


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_counted_points_fill_the_volume_of_the_ball(dimension):
    average = RotationAverage(dimension, 1.0)
    assert average.points(40.0) == pytest.approx(unit_ball_volume(dimension) * 40.0**dimension, rel=0.01)


@pytest.mark.parametrize(("dimension", "roughness"), [(2, 1.0), (4, 0.5), (8, 1.0)])
def test_eigenvalues_add_up_to_one_and_more_counting_changes_nothing(dimension, roughness):
    average = RotationAverage(dimension, roughness)
    fewer = RotationAverage(dimension, roughness, squares=average.squares // 4)
    assert average.energy_beyond(0.5) == pytest.approx(1.0, abs=1e-12)
    for variance in (1e-3, 1e-9):
        assert fewer.jensen(variance) == pytest.approx(average.jensen(variance), rel=1e-6)
        cutoff = average.best_cutoff(variance)
        assert fewer.projection(cutoff, variance) == pytest.approx(average.projection(cutoff, variance), rel=3e-3)


def test_the_jensen_sum_is_the_sum_over_a_large_box():
    average = RotationAverage(2, 1.0)
    axis = np.arange(-600, 601)
    squares = axis[:, np.newaxis] ** 2 + axis**2
    values = average.eigenvalues(squares).ravel()
    assert average.jensen(1e-2) == pytest.approx(sequence.jensen_bound(values, None, 1e-2), rel=1e-4)


@pytest.mark.parametrize("dimension", [2, 4, 8])
def test_risks_far_out_fall_with_the_exponent_and_a_projection_stays_above_the_bound(dimension):
    average = RotationAverage(dimension, 1.0)
    near, far = (average.jensen(2.0**-k) for k in (40, 50))
    assert math.log2(near / far) / 10 == pytest.approx(average.exponent, abs=1e-4)
    for k in (10, 20, 40):
        assert average.projection(average.best_cutoff(2.0**-k), 2.0**-k) > average.jensen(2.0**-k)


def test_the_bound_of_one_wave_is_the_best_over_all_shells_by_hand():
    average, variance = RotationAverage(2, 1.0), 1e-4
    by_hand = 0.0
    for radius in range(1, 60):
        inside = [x * x + y * y for x in range(-120, 121) for y in range(-120, 121)]
        points = sum(radius**2 <= square < 4 * radius**2 for square in inside)
        energy = (2 * radius) ** -2.0
        by_hand = max(by_hand, energy / (1 + energy / (points * variance)))
    assert average.one_wave(variance) == pytest.approx(by_hand, rel=1e-12)


def test_an_average_is_made_from_a_space_with_the_linear_exponent():
    space = Smoothness((1.0,), p=1.0)
    average = RotationAverage.of(space, 3)
    assert average.roughness == 0.5
    assert average.exponent == pytest.approx(space.rotated_linear_rate(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RotationAverage(9, 1.0), "from 1 to 8, got 9"),
        (lambda: RotationAverage(2, 0.0), "roughness γs_1 must be positive"),
        (lambda: RotationAverage.of(Smoothness((1.0, 2.0)), 1), "at least 2, got 1"),
        (lambda: RotationAverage.of(Smoothness((0.4,), p=1.0), 2), "no polynomial linear rate"),
        (lambda: RotationAverage(2, 1.0).jensen(0.0), "noise must be positive"),
        (lambda: lattice_counts(0, 4), "dimension ≥ 1"),
        (lambda: spectrum(2, 2, 1.0), "at least 4 points"),
        (lambda: spectrum(8, 2, 1.0, (1.0,)), "stretch needs 2 positive numbers"),
        (lambda: TorusKernel(np.ones((4, 5))), "one side length"),
        (lambda: TorusKernel(-np.ones((4, 4))), "finite and at least 0"),
    ],
)
def test_what_is_outside_the_theory_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_torus_kernel_is_its_sum_of_cosines():
    kernel = TorusKernel(spectrum(8, 2, 1.0))
    points = kernel.sample(np.random.default_rng(0), 5)
    axis = np.fft.fftfreq(8, 1 / 8)
    phase = np.einsum(
        "ijd,abd->ijab", (points[:, np.newaxis] - points) / 8, np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    )
    wanted = np.sum(kernel.spectrum * np.cos(2 * np.pi * phase), axis=(2, 3))
    assert kernel.gram(points) == pytest.approx(wanted, abs=1e-14)


def test_the_average_risk_is_the_mean_over_targets_and_noise():
    rng = np.random.default_rng(1)
    target, kernel = TorusKernel(spectrum(6, 2, 1.0)), TorusKernel(spectrum(6, 2, 2.0))
    points, noise, ridge = kernel.sample(rng, 12), 0.3, 0.05
    everywhere = np.stack(np.meshgrid(np.arange(6), np.arange(6), indexing="ij"), -1).reshape(-1, 2)
    root = np.linalg.cholesky(target.gram(everywhere) + 1e-12 * np.eye(36))
    row = points @ [6, 1]
    weights = np.linalg.solve(
        kernel.gram(points) + ridge * np.eye(12), kernel.gram(np.vstack([points, everywhere]))[:12, 12:]
    )
    truth = root @ rng.standard_normal((36, 20000))
    found = weights.T @ (truth[row] + noise * rng.standard_normal((12, 20000)))
    wanted = np.mean((found - truth) ** 2, axis=0)
    error = wanted.std() / len(wanted) ** 0.5
    assert abs(kernel.average_risk(points, target, noise**2, ridge) - wanted.mean()) < 4 * error


def test_the_best_kernel_is_the_matched_one_and_its_short_cut_is_the_general_formula():
    target = TorusKernel(spectrum(32, 2, 1.0))
    points = target.sample(np.random.default_rng(2), 60)
    short = target.average_risk(points, target, 0.25, 0.25)
    assert TorusKernel(target.spectrum.copy()).average_risk(points, target, 0.25, 0.25) == pytest.approx(short)
    for other, ridge in ((target, 0.5), (target, 0.1), (TorusKernel(spectrum(32, 2, 1.5)), 0.25)):
        assert other.average_risk(points, target, 0.25, ridge) > short


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_the_deterministic_equivalent_is_the_mean_over_designs(factor):
    target, kernel = TorusKernel(spectrum(64, 2, 1.0)), TorusKernel(spectrum(64, 2, 1.5))
    draws = [np.random.default_rng([3, r]) for r in range(12)]
    found = np.array([kernel.average_risk(kernel.sample(rng, 300), target, 1.0, factor) for rng in draws])
    wanted = math.fsum(kernel.expected_risk(target, 300, 1.0, factor).values())
    assert wanted == pytest.approx(found.mean(), abs=4 * found.std() / 12**0.5 + 0.01 * wanted)
