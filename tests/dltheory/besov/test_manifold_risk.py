"""Exact expected risks of nearest neighbours against simulation with real labels, their multipliers by quadrature."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dltheory.besov import manifold_risk
from dltheory.besov.local import LocalAverage
from dltheory.besov.manifold import Spectrum, circle
from dltheory.besov.manifold_risk import Profile, best_neighbours, neighbour_risk, profile, total_risk, tube_profile

RNG = np.random.default_rng


def by_quadrature(angle: float, terms: int, start: float) -> tuple[float, float]:
    bias = inside = 0.0
    for j in range(1, terms + 1):
        real = quad(lambda u, j=j: math.cos(j * u), start, angle)[0] / (angle - start)
        odd = quad(lambda u, j=j: math.sin(j * u), start, angle)[0] / (angle - start)
        bias += j**-3.0 * ((1 - real) ** 2 + odd**2)
        inside += j**-3.0 * (1 - real**2 - odd**2)
    tail = float(Spectrum(1.0).tail(terms))
    return bias + tail, inside + tail


@pytest.mark.parametrize(("place", "both_sides"), [("circle", True), ("end", False)])
@pytest.mark.parametrize("angle", [0.8, 2.0])
def test_a_window_sees_the_multipliers_of_its_interval(place, both_sides, angle):
    bias, inside = profile(place, 1.0).at(np.array([angle / math.pi]))
    wanted = by_quadrature(angle, 60, -angle if both_sides else 0.0)
    assert (bias[0], inside[0]) == pytest.approx(wanted, rel=3e-3)


def test_a_cap_of_the_sphere_has_the_means_of_legendre_polynomials():
    c, bias = math.cos(1.0), 0.0
    for degree in range(1, 40):
        coefficients = np.eye(degree + 1)[degree]
        mean = quad(lambda t, k=coefficients: np.polynomial.legendre.legval(t, k), c, 1)[0] / (1 - c)
        bias += degree**-3.0 * (1 - mean) ** 2
    found, _ = profile("sphere", 1.0).at(np.array([math.sin(0.5) ** 2]))
    assert found[0] == pytest.approx(bias + float(Spectrum(1.0).tail(39)), rel=3e-3)


@pytest.mark.parametrize("radius", [0.0, 0.5])
def test_the_expected_risk_is_the_mean_over_designs_phases_and_noise(radius):
    space, spectrum, n, k, noise = circle(3), Spectrum(1.0), 400, 25, 0.8
    seen = tube_profile(1.0, radius) if radius else profile("circle", 1.0)
    risks = []
    for r in range(60):
        rng = RNG([7, r])
        base, looked = space.sample(rng, n), space.sample(rng, 64)
        points, at = space.thicken(rng, base, radius), space.thicken(rng, looked, radius)
        f = spectrum.draw(rng, 4)
        clean, truth = (f(space.angles(where)[:, 0]) for where in (base, looked))
        found, _ = LocalAverage("neighbours", k).smooth(points, at, clean + noise * rng.standard_normal(clean.shape))
        risks.append(np.mean((found - truth) ** 2))
    wanted = total_risk(seen, n, k, noise)
    assert wanted == pytest.approx(np.mean(risks), abs=4 * np.std(risks) / 60**0.5 + 0.01 * wanted)


def test_a_thin_tube_has_the_risk_of_the_circle_and_a_thick_one_more():
    flat, thin, thick = profile("circle", 1.0), tube_profile(1.0, 0.02, smallest=0.01), tube_profile(1.0, 0.6)
    for n in (200, 2000):
        k = best_neighbours(flat, n, 1.0)
        assert total_risk(thin, n, k, 1.0) == pytest.approx(total_risk(flat, n, k, 1.0), rel=0.02)
        assert total_risk(thick, n, k, 1.0) > 1.1 * total_risk(flat, n, k, 1.0)


@pytest.mark.parametrize("ambient", [3, 4])
def test_the_quadrature_over_the_tube_is_converged_to_a_percent(ambient):
    coarse, fine = tube_profile(1.0, 0.5, ambient), tube_profile(1.0, 0.5, ambient, places=64, offsets=512)
    for n, k in ((300, 30), (3000, 60)):
        assert total_risk(coarse, n, k, 1.0) == pytest.approx(total_risk(fine, n, k, 1.0), rel=0.01)


def test_the_oracle_has_the_smallest_risk_of_all_neighbours():
    seen = profile("circle", 1.0)
    best = best_neighbours(seen, 500, 1.0)
    risks = {k: total_risk(seen, 500, k, 1.0) for k in range(2, 250)}
    assert abs(best - min(risks, key=lambda k: risks[k])) <= 1
    assert total_risk(seen, 500, best, 1.0) <= min(risks.values()) + 1e-9


def test_parts_are_bias_noise_and_what_varies_inside():
    parts = neighbour_risk(profile("circle", 1.0), 1000, 50, 2.0)
    assert parts["variance"] == 4 / 50
    assert parts["bias"] > 5 * parts["design"] > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: neighbour_risk(profile("circle", 1.0), 10, 10, 1.0), "1 ≤ k < n, got k = 10"),
        (lambda: best_neighbours(profile("circle", 1.0), 2, 1.0), "at least 4 points"),
        (lambda: tube_profile(1.0, 1.2), "between 0 and its reach 1, got 1.2"),
        (lambda: tube_profile(1.0, 0.5, 6), "dimension 1 to 3 are computed, got 5"),
        (lambda: Profile(np.array([-1.0, 0.0]), np.ones(2), np.ones(2)).at(np.array([0.1])), "leave the table"),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_slopes_of_the_expected_risk_are_those_of_the_theory_far_out():
    for place, beta, wanted in (("circle", 1.0, 2 / 3), ("end", 2.0, 2 / 3), ("circle", 0.5, 0.5)):
        seen = manifold_risk.profile(place, beta)
        risks = [total_risk(seen, n, best_neighbours(seen, n, 1.0), 1.0) for n in (2.0**24, 2.0**28)]
        assert math.log2(risks[0] / risks[1]) / 4 == pytest.approx(wanted, abs=2e-3)
