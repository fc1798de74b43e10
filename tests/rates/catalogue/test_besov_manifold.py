"""Oracles for what the claims on data of low dimension compute: the bend, projections, neighbours, invalid cases."""

import numpy as np
import pytest

from dltheory.besov.manifold_risk import best_neighbours, profile, total_risk
from rates.catalogue.besov import _manifold_problems as problems
from rates.catalogue.besov import manifold
from rates.streams import streams

MADE = streams(12, "claim", "case", range(12))


def test_numbers_do_not_depend_on_their_block():
    for measure, given in (
        (problems.series_risk, {"d": 1, "beta": 1.0}), (problems.kernel_risk, {"beta": 1.0}),
        (problems.neighbour_risk, {"place": "end", "beta": 2.0}), (problems.tube_risk, {"D": 3}),
        (problems.tube_separation, {"D": 3}),
    ):  # fmt: skip
        together = measure(128, MADE[:4], **given)
        assert measure(128, MADE[2:4], **given) == pytest.approx(together[2:], rel=1e-12)


def test_neighbours_by_schedule_are_those_of_the_oracle_within_a_quarter():
    for place, beta in (("circle", 1.0), ("sphere", 1.0), ("end", 2.0)):
        for n in (1024, 16384):
            best = best_neighbours(profile(place, beta), n, 1.0)
            assert problems._neighbours(n, place, beta, None, 1.0, 0) == pytest.approx(best, rel=0.25)


@pytest.mark.parametrize("place", ["circle", "end"])
def test_lines_by_schedule_are_near_the_best_of_half_and_twice_as_many_points(place):
    half, schedule, twice = (
        problems.neighbour_risk(4096, MADE, place=place, beta=1.5, method="linear", scale=scale).mean()
        for scale in (0.5, 1.0, 2.0)
    )
    assert schedule < min(half, twice)


def test_lines_within_the_circle_have_the_risk_of_means_with_as_many_points():
    line = problems.neighbour_risk(4096, MADE, place="circle", beta=1.5, k=300, method="linear").mean()
    mean = problems.neighbour_risk(4096, MADE, place="circle", beta=1.5, k=300).mean()
    assert line == pytest.approx(mean, rel=0.02)


def test_the_bend_is_where_the_exact_risks_differ_by_a_quarter():
    inverse = np.array([5.0, 7.0])
    sizes = problems.bend_curve(inverse, noise=1.0)
    for one, n in zip(inverse, sizes, strict=True):
        seen, flat = problems.tube_profile(1.0, 1 / one, 3), profile("circle", 1.0)
        ratio = total_risk(seen, n, best_neighbours(seen, n, 1.0), 1.0) / total_risk(
            flat, n, best_neighbours(flat, n, 1.0), 1.0
        )
        assert ratio == pytest.approx(1.25, abs=0.02)  # a line through a convex curve


def test_projections_order_as_they_should():
    found = {how: problems.tube_risk(2048, MADE[:6], D=3, r=0.3, projection=how).mean()
             for how in ("oracle", "local", "none", "random")}  # fmt: skip
    assert found["local"] == pytest.approx(found["oracle"], rel=0.1)
    assert found["oracle"] < 0.8 * found["none"] < 0.2 * found["random"]


def test_a_tube_changes_nothing_once_points_are_projected():
    thick, thin = (problems.tube_risk(256, MADE[:3], D=3, r=r, projection="oracle") for r in (0.5, 0.1))
    assert thick == pytest.approx(thin, rel=1e-9)


def test_a_line_at_an_end_has_less_bias_and_four_times_the_variance():
    mean, line = (problems.neighbour_risk(4096, MADE, place="end", beta=2.0, noise=noise, k=400, method=method).mean()
                  for noise, method in ((1e-6, "neighbours"), (1e-6, "linear")))  # fmt: skip
    assert line < 0.05 * mean
    loud = problems.neighbour_risk(4096, MADE, place="end", beta=2.0, noise=100.0, k=400, method="linear").mean()
    assert loud == pytest.approx(4 * 100.0**2 / 400, rel=0.1)


def test_a_wrong_case_is_invalid_and_says_why():
    assert "saturation" in manifold.NEIGHBOURS.broken({"place": "end", "d": 1, "beta": 3})
    assert "the reach of the circle" in manifold.OFF.broken({"D": 3, "r": "3/2"})
    assert "charts" in manifold.MINIMAX.broken({"d": 3, "beta": 1})


def test_a_lattice_on_the_sphere_is_evenly_spread_and_rotated_at_random():
    points = problems._lattice(np.random.default_rng(0), 500)
    assert np.linalg.norm(points, axis=1) == pytest.approx(1)
    distances = np.sort(np.linalg.norm(points[:, np.newaxis] - points, axis=2), axis=1)[:, 1]
    cell = np.sqrt(4 * np.pi / 500)
    assert 0.8 * cell < distances.min() <= distances.max() < 1.2 * cell
    first = np.array([problems._lattice(np.random.default_rng(seed), 5)[0] for seed in range(2000)])
    assert first.mean(axis=0) == pytest.approx(0, abs=0.06)  # uniform: covariance 1/3
    assert first.T @ first / 2000 == pytest.approx(np.eye(3) / 3, abs=0.04)
