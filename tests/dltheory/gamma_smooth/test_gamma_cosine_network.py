"""Folds, cosines and signed products: against cosines, against their own layers, and within the derived bounds."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth import cosine_network as cosines
from dltheory.relu.product import product_error

U = np.linspace(0, 1, 5003)


@pytest.mark.parametrize("octaves", [0, 1, 4])
@pytest.mark.parametrize(("bits", "terms"), [(3, 1), (5, 4), (9, 6), (16, 9)])
def test_a_wave_is_a_cosine_within_its_bound(octaves, bits, terms):
    values = cosines.wave(octaves, bits, terms)(U[:, None])[:, 0]
    exact = (1 + np.cos(2 * np.pi * 2**octaves * U)) / 2
    assert np.max(np.abs(values - exact)) <= cosines.wave_error(bits, terms)
    assert values.min() >= 0
    assert values.max() <= 1


def test_the_polynomial_is_taylors():
    w, terms = U**2, 6
    left = np.polynomial.polynomial.polyval(w, cosines.coefficients(terms)) - (1 + np.cos(np.pi * U)) / 2
    assert np.max(np.abs(left)) <= cosines.remainder(terms)
    assert np.max(np.abs(left)) > 0.9 * cosines.remainder(terms)  # next to attained at u = 1
    weights = np.abs(cosines.coefficients(30)[1:]) * (2 * np.arange(1, 31) - 1)
    assert pytest.approx(weights.sum()) == cosines.AMPLIFICATION


def test_the_bound_of_a_wave_holds_for_products_that_are_off_by_as_much_as_they_can(monkeypatch):
    rng, terms = np.random.default_rng(0), 5
    x = rng.random(20_000)
    monkeypatch.setattr(
        cosines, "multiply", lambda x, y, bits: x * y + product_error(bits) * rng.choice([-1, 1], len(x))
    )
    off = np.max(np.abs(cosines.wave_values(x, 0, 6, terms) - (1 + np.cos(2 * np.pi * x)) / 2))
    assert cosines.wave_error(6, terms) / 3 < off <= cosines.wave_error(6, terms)


@pytest.mark.parametrize("factors", [1, 2, 3, 4, 5, 7])
def test_signed_products_are_products_of_signs_and_sizes(factors):
    c = np.random.default_rng(0).uniform(-1, 1, (3000, factors))
    c[0], c[1] = 1.0, -1.0
    values = cosines.signed_product(factors, 7)((1 + c) / 2)[:, 0]
    assert np.max(np.abs(2 * values - 1 - c.prod(axis=1))) <= (factors - 1) * 4 * product_error(7) + 1e-15
    assert values.min() >= 0
    assert values.max() <= 1


def test_a_factor_of_one_changes_nothing():
    a = np.random.default_rng(0).random(1000)
    assert cosines.signed_multiply(a, np.ones(1000), 4) == pytest.approx(a, abs=1e-15)
    assert cosines.signed_multiply(a, np.zeros(1000), 4) == pytest.approx(1 - a, abs=1e-15)


@pytest.mark.parametrize(("octaves", "bits", "terms"), [(0, 4, 1), (2, 5, 2), (5, 11, 7)])
def test_values_without_layers_are_those_of_the_layers(octaves, bits, terms):
    network = cosines.wave(octaves, bits, terms)
    values = cosines.wave_values(U, octaves, bits, terms)
    assert values == pytest.approx(network(U[:, None])[:, 0], abs=1e-13)
    assert len(network.weights) == cosines.wave_depth(octaves, bits, terms)
    assert network.sizes.magnitude <= 4
    single = cosines.wave_values(U.astype("float32"), octaves, bits, terms)
    assert single.dtype == np.float32
    assert single == pytest.approx(values, abs=1e-4)


@pytest.mark.parametrize("factors", [1, 2, 3, 8, 9])
def test_depths_of_products_are_counted_right(factors):
    assert len(cosines.signed_product(factors, 5).weights) == cosines.product_depth(factors, 5)


@pytest.mark.parametrize("factors", [1, 2, 5])
@pytest.mark.parametrize("precision", [1.0, 4.5, 12.0, 20.0])
def test_what_is_prescribed_has_the_accuracy_and_no_more(factors, precision):
    bits, terms = cosines.prescribed(factors, precision)
    assert cosines.feature_error(factors, bits, terms) <= 2**-precision
    by_terms = math.sqrt(2.0**factors) * factors * 2 * cosines.remainder(terms - 1) if terms > 1 else math.inf
    by_bits = cosines.feature_error(factors, bits - 1, 60) if bits > 1 else math.inf
    assert min(by_terms, by_bits) > 2**-precision / 2
    c = np.cos(2 * np.pi * 4 * np.random.default_rng(1).random((500, factors)))
    waves = cosines.wave(2, bits, terms).copies(factors).then(cosines.signed_product(factors, bits))
    points = np.random.default_rng(1).random((500, factors))
    off = math.sqrt(2.0**factors) * (2 * waves(points)[:, 0] - 1 - c.prod(axis=1))
    assert np.max(np.abs(off)) <= 2**-precision


def test_the_depth_grows_like_the_square_of_the_digits_at_most():
    precisions = 2.0 ** np.arange(4, 12)
    depths = [cosines.wave_depth(0, *cosines.prescribed(1, b)) for b in precisions]
    local = np.diff(np.log2(depths))
    assert np.all(local < 2)
    assert local[-1] > 1.7


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cosines.coefficients(0), "whole number of terms, at least 1, got 0"),
        (lambda: cosines.wave(1, 4, 2.5), "whole number of terms, at least 1, got 2.5"),
        (lambda: cosines.wave(1, 0, 2), "multiplication depth"),
        (lambda: cosines.signed_product(0, 4), "whole number of factors, at least 1, got 0"),
        (lambda: cosines.prescribed(1, 0.0), "precision > 0, got 0"),
        (lambda: cosines.prescribed(1, math.inf), "precision > 0, got inf"),
    ],
    ids=["terms", "half-term", "bits", "factors", "accuracy", "exact"],
)
def test_what_is_no_wave_is_said_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
