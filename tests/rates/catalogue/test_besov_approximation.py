"""Oracles for what the claims on approximation compute: targets, exact errors, expectations, sizes and samples."""

import math

import numpy as np
import pytest

from dltheory.besov import splines
from dltheory.besov.cosine import evaluate, ordered_indices, tail_energy
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network import SplineNetwork, atom, univariate
from dltheory.besov.terms import Level, SplineSeries, project
from dltheory.relu.product import product
from rates.catalogue.besov import _approximation_fits as fits
from rates.catalogue.besov import _approximation_problems as problems
from rates.catalogue.besov import approximation
from rates.streams import streams

MADE = streams(5, "claim", "case", range(200))
SMALL = {"s2": 2.0, "degree": 3}


@pytest.mark.parametrize("s2", [2.0, 3.0])
def test_the_target_is_a_full_rectangle_of_ranked_coefficients(s2):
    size, tail = problems.amplitudes(s2)
    smoothness = Smoothness((1.0, s2))
    assert np.all(size > 0)
    energy = np.sort(size.ravel())[::-1]
    assert energy == pytest.approx(np.arange(1.0, size.size + 1) ** -(smoothness.mean + 0.5), rel=1e-12)
    assert float(np.sum(size**2)) + tail == pytest.approx(float(tail_energy(smoothness, 0)), rel=1e-9)


def test_values_of_the_target_are_those_of_the_basis():
    x = np.random.default_rng(0).random((50, 2))
    size = problems.amplitudes(2.0, 8)[0]
    indices = ordered_indices(Smoothness((1.0, 2.0)), size.size)
    expected = evaluate(indices, x) @ size[tuple(indices.T)]
    assert problems.cosine_values(size, x) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("grid", ["theory", "reversed", "isotropic"])
def test_the_error_of_a_projection_is_the_integral_of_its_square(grid):
    # few frequencies, so that a Gauss rule integrates them
    size, pieces = problems.amplitudes(2.0, 4)[0], problems.pieces_for(24, 2.0, grid)
    stream = MADE[0]
    signed = size * (2.0 * stream.numpy("signs").integers(0, 2, size.shape) - 1)
    level = project(lambda x: problems.cosine_values(signed, x), 3, pieces, points=24)
    rules = [splines.quadrature(k, 24) for k in pieces]
    grid_points = np.stack(np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij"), axis=-1).reshape(-1, 2)
    off = problems.cosine_values(signed, grid_points) - SplineSeries(3, (level,))(grid_points)
    integral = float(np.outer(rules[0][1], rules[1][1]).ravel() @ off**2)
    first, second = (problems.projected_cosines(3, k, n) for k, n in zip(pieces, size.shape, strict=True))
    exact = float(np.sum(size**2) - np.sum((first @ signed @ second.T) ** 2))
    assert integral == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("change", [{}, {"grid": "reversed"}, {"grid": "isotropic"}, {"degree": 0}])
def test_the_curve_of_a_projection_is_its_expectation(change):
    case = SMALL | change
    measured = problems.projection_error(128, MADE, **case)
    error = measured.std(ddof=1) / math.sqrt(len(MADE))
    assert abs(measured.mean() - problems.projection_error_mean(np.array([128.0]), **case)[0]) < 4.5 * error


@pytest.mark.parametrize("change", [{}, {"choice": "none"}, {"choice": "any"}, {"speed": 4.0}])
def test_the_curve_of_a_selection_is_its_expectation(change):
    measured = problems.selection_error(512, MADE[:40], p=4 / 3, **change)
    error = measured.std(ddof=1) / math.sqrt(40)
    assert abs(measured.mean() - problems.selection_error_mean(np.array([512.0]), p=4 / 3, **change)[0]) < 4.5 * error


def test_the_network_of_a_projection_has_the_error_of_the_projection():
    case = SMALL | {"lowest": 32}
    measured = problems.network_error(128, MADE[:100], **case)
    error = measured.std(ddof=1) / 10
    assert abs(measured.mean() - problems.projection_error_mean(np.array([128.0]), **case)[0]) < 4.5 * error
    torch = problems.network_error(128, MADE[:2], **case, device="cpu:0")
    assert torch == pytest.approx(measured[:2], rel=1e-10)


def test_products_attain_their_supremum_and_knobs_make_them_worse():
    bits = np.array([4.0, 8.0])
    exact = problems.exact_product_error(bits)
    assert problems.product_error(bits) == pytest.approx(exact, rel=1e-9)
    assert problems.product_error(bits, missing=1) == pytest.approx(4 * exact, rel=1e-9)
    assert problems.product_error(bits, share=0.5) == pytest.approx(problems.exact_product_error(bits / 2), rel=1e-9)
    assert problems.product_error(np.array([16.0]), single=True)[0] > 100 * problems.exact_product_error(np.array([16]))


def test_the_network_against_its_series_is_measured_on_the_explicit_layers_too():
    bits = np.array([9.0])
    double = problems.network_against_series(bits, degree=3, d=2)
    single = problems.network_against_series(bits, degree=3, d=2, single=True)
    assert single == pytest.approx(double, rel=0.5)


def test_sizes_are_those_of_the_compile():
    terms = np.array([16.0, 64.0])
    series = fits._first_atoms(64)
    assert series.count == 64
    network = SplineNetwork.from_theory(series, Smoothness((1.0, 2.0)))
    for layout in ("own", "shared"):
        sizes = network.compile(layout == "shared").sizes
        assert fits.nonzeros(terms, layout=layout)[1] == sizes.nonzeros
        assert fits.depth(terms)[1] == sizes.depth
        deeper = SplineNetwork(fits._first_atoms(16), 16).compile(layout == "shared").sizes
        assert fits.nonzeros(terms, layout=layout, power=1.0)[0] == deeper.nonzeros
    for what in ("depth", "non-zeros"):
        assert np.all(fits.size(terms, what=what) <= fits.prescribed_size(terms, what=what))
    assert fits.prescribed_size(terms, what="depth")[1] == 67


@pytest.mark.parametrize("factors", [2, 3, 5, 8])
def test_products_of_many_factors_are_off_by_one_error_a_product(factors):
    bits = np.array([3.0, 6.0])
    bound = (factors - 1) * problems.exact_product_error(bits)
    assert np.all(problems.product_error(bits, factors=factors) <= bound * (1 + 1e-9))


def test_free_parameters_are_those_of_copies_and_of_one_block():
    terms = np.array([64.0])
    bits = SplineNetwork.from_theory(fits._first_atoms(64), Smoothness((1.0, 2.0))).bits
    block = atom(2, 3, bits)
    places_and_weights = 64 * (2 + 2 + 1)
    assert fits.free_parameters(terms) == block.sizes.nonzeros + places_and_weights
    copies = block.copies(64)
    assert fits.free_parameters(terms, tied="none") == copies.sizes.nonzeros + places_and_weights
    stored = sum(math.prod(weight.shape) for weight in copies.weights)
    assert fits.free_parameters(terms, tied="dense") == stored + places_and_weights
    shared = univariate(3, bits).sizes.nonzeros + product(2, bits).copies(64).sizes.nonzeros
    assert fits.free_parameters(terms, tied="univariate") == shared + places_and_weights


def test_samples_are_nested_and_the_noise_has_its_size():
    few, many = (fits._samples(MADE[0], n, 0.5) for n in (50, 4000))
    for i in (0, 3):
        assert np.array_equal(few[i], many[i])
    assert np.array_equal(few[1], many[1][:50])
    assert np.array_equal(few[2], many[2][:50])
    noise = many[2] - problems.cosine_values(many[0], many[1])
    assert noise.std() == pytest.approx(0.5, rel=0.05)


def test_risks_do_not_depend_on_their_batch():
    together = fits.refitted_risk(512, MADE[:3], noise=0.5)
    assert np.array_equal(together[1:2], fits.refitted_risk(512, MADE[1:2], noise=0.5))
    trained = fits.trained_risk(32, MADE[:3], noise=0.5, steps=20)
    assert trained[1:2] == pytest.approx(fits.trained_risk(32, MADE[1:2], noise=0.5, steps=20), rel=1e-8)
    assert fits.trained_risk(32, MADE[:1], noise=0.5, steps=20, device="cpu:0") == pytest.approx(trained[:1], rel=1e-8)


def test_a_spline_that_is_the_target_is_refitted_to_the_parametric_rate(monkeypatch):
    level = Level((5, 2), np.random.default_rng(0).uniform(-1, 1, (8, 5)))
    monkeypatch.setattr(fits, "cosine_values", lambda _, x: SplineSeries(3, (level,))(x))
    risk = [fits.refitted_risk(n, MADE[:20], noise=0.5).mean() for n in (2048, 4096)]
    # 78 and 112 atoms: the variance is noise² N/n, and the splines on (5, 2) pieces are not nested in those
    assert risk[1] < 0.8 * risk[0]
    assert risk[1] == pytest.approx(0.25 * 112 / 4096, rel=0.5)


def test_every_claim_has_cases_that_its_law_reads():
    for claim in approximation.CLAIMS:
        for case in claim.cases:
            assert not claim.broken(case)
