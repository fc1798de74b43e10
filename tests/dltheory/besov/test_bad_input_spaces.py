"""Spaces, bases and networks: exponents, sizes and points that they do not have."""

import math

import numpy as np
import pytest

from dltheory.besov import cosine, modulus, selection, splines, terms, wavelets
from dltheory.besov.cosine_series import CosineSeries
from dltheory.besov.minimax import hypercube_bound, mixed_bound
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov, MixedBesov
from dltheory.besov.spline_network import (
    SplineNetwork,
    accuracy,
    compiled_depth,
    one_level,
    prescribed_bits,
    prescribed_sizes,
)
from dltheory.besov.spline_network_shared import features
from dltheory.besov.targets import MixedTarget, RankTarget, SpikyTarget, hyperbolic_indices
from dltheory.besov.terms import Selection
from dltheory.relu import network as relu
from dltheory.relu import product

RNG = np.random.default_rng
ONE, TWO = Smoothness((1.0,)), Smoothness((1.0, 2.0))
SPACE, MIXED = AnisotropicBesov(TWO), MixedBesov(1.0, 2)
X, GRID = RNG(0).random((9, 2)), RNG(1).standard_normal((16, 4))
LEVELS = wavelets.decompose(GRID, SPACE)
SQUARE = cosine.isotropic_indices(2, 4)
SERIES = one_level(2, (2, 2), np.ones((4, 4)))


def at_fault(values, value=math.nan):
    spoilt = np.array(values, float)
    spoilt.flat[1] = value
    return spoilt


CASES = {
    "smoothness": [
        (lambda: ONE.rotated_linear_rate(math.nan), "ambient dimension must be at least 1, got nan"),
        (lambda: TWO.require_frequencies(3), "pre-asymptotic: 3 terms give fewer than one frequency per direction"),
        (lambda: TWO.require_spline_order(2), "spline order 2 is too low"),
        (lambda: ONE.require_spline_order(2.5), "whole number, at least 1, got 2.5"),
        (lambda: Smoothness((1.0,), q=0.0), "q must be positive"),
    ],
    "spaces": [
        (lambda: SPACE.level_norm(1.5, np.ones(2)), "level is a whole number from 0 on, got 1.5"),
        (lambda: MixedBesov(math.nan, 2), "s must be positive, got nan"),
    ],
    "modulus": [
        (lambda: modulus.modulus(at_fault(GRID), (0.1, 0.1), 1, 2.0), "finite values"),
        (lambda: modulus.modulus(GRID[:0], (0.1, 0.1), 1, 2.0), "at least one, got shape"),
        (lambda: modulus.modulus(GRID, (0.1, 0.1), 1, -1.0), "p must be positive and widths at least 0, got -1"),
        (lambda: modulus.modulus(GRID, (0.1, 0.1), 1, math.nan), "p must be positive"),
        (lambda: modulus.besov_norm(at_fault(GRID), TWO, 3), "finite values"),
    ],
    "minimax": [
        (lambda: hypercube_bound(TWO, 0.01, share=1.5), "0 ≤ share ≤ 1, got 1.5"),
        (lambda: mixed_bound(MIXED, 0.0), "noise must be positive, got 0"),
    ],
    "targets": [
        (lambda: RankTarget(Smoothness((1.0, 2.0), p=1.0), 20), "p ≥ 2, got p = 1: .* is a SpikyTarget"),
        (lambda: RankTarget(Smoothness((1.0, 2.0, math.inf)), 3), "3 terms give fewer than one .* at least 4"),
        (lambda: MixedTarget(1.0, 2, 8).tail(-1), "at least 0, got -1"),
        (lambda: hyperbolic_indices(2, 0), "a dimension and a reach of at least 1, got 2 and 0"),
        (lambda: SpikyTarget(Smoothness((1.0, 1.0), p=1.0), 3), "not in L²"),
    ],
    "cosine": [
        (lambda: cosine.evaluate(SQUARE, at_fault(X)), "between 0 and 1"),
        (lambda: cosine.evaluate(SQUARE - 1, X), "frequencies are counted from 0, got -1"),
        (lambda: cosine.ordered_indices(TWO, math.inf), "finitely many, got inf"),
        (lambda: CosineSeries(SQUARE, np.ones(4))(2 * X), "between 0 and 1"),
        (lambda: CosineSeries(SQUARE, np.ones(4))(at_fault(X)), "between 0 and 1"),
        (lambda: CosineSeries(SQUARE - 1, np.ones(4)), "from 0 on, at least one"),
        (lambda: CosineSeries(SQUARE[:0], np.ones(0)), "from 0 on, at least one"),
        (lambda: selection.rectangles(2, math.nan), "at least one term, got nan"),
    ],
    "splines": [
        (lambda: splines.cardinal(2, [0.5, math.nan]), "no value at NaN"),
        (lambda: splines.design(2, 3, at_fault(X[:, 0])), "unit interval"),
        (lambda: splines.design(2, 2.5, X[:, 0]), "whole number of pieces, at least 1, got 2.5"),
        (lambda: splines.gram(2, 0), "whole number of pieces, at least 1, got 0"),
        (lambda: splines.gram(-1, 2), "not negative, got -1"),
        (lambda: splines.refinement(2, -1), "whole number of pieces, at least 1, got -1"),
        (lambda: splines.cosine_products(2, 0, 4), "whole number of pieces, at least 1, got 0"),
        (lambda: splines.quadrature(0, 3), "whole number of pieces, at least 1, got 0"),
    ],
    "terms": [
        (lambda: terms.dyadic(TWO, 1.5), "levels are counted from 0, got 1.5"),
        (lambda: terms.resolution(TWO, 0), "at least one term, and finitely many, got 0"),
        (lambda: terms.resolution_of_atoms(TWO, 2, -1), "positive and finite, got -1"),
        (lambda: terms.largest(SERIES.levels[0], -1), "at least 0, got -1"),
        (lambda: Selection(TWO, r=math.nan), "r > 0 .*, got r = nan"),
        (lambda: Selection(TWO).kept(math.nan, [1.0]), "at least one term, and finitely many, got nan"),
    ],
    "wavelets": [
        (lambda: wavelets.decompose(GRID, SPACE, "bior2.2"), "'bior2.2' is not orthonormal"),
        (lambda: wavelets.compose(LEVELS, SPACE, "bior2.2"), "'bior2.2' is not orthonormal"),
        (lambda: wavelets.decompose(GRID, SPACE, "db"), "no discrete wavelet 'db'"),
        (lambda: wavelets.decompose(at_fault(GRID), SPACE), "must be finite"),
        (lambda: wavelets.compose([], SPACE), "got no level"),
        (lambda: wavelets.shrink(LEVELS, at_fault(np.ones(5)), 0.1), "energies are at least 0 .* got nan"),
        (lambda: wavelets.shrink(LEVELS, np.ones(5), -0.1), "variance is positive, got 1 and -0.1"),
        (lambda: wavelets.threshold(LEVELS, math.nan), "at least 0, got nan"),
    ],
    "spline_network": [
        (lambda: SplineNetwork(SERIES, 6)(at_fault(X)), "between 0 and 1"),
        (lambda: SplineNetwork(SERIES, 12)(X, dtype="float32"), "error floor of products in float32"),
        (lambda: SplineNetwork(SERIES, 6.5), "whole number, at least 1, got 6.5"),
        (lambda: features(2, (2, 2), 0, X), "whole number, at least 1, got 0"),
        (lambda: accuracy(TWO, math.nan), "at least two terms, got nan"),
        (lambda: prescribed_bits(0, 2, 0.1), "degree of a network is a whole number, at least 1, got 0"),
        (lambda: prescribed_sizes(2, 0, 6), "dimension of a network .* got 0"),
        (lambda: prescribed_sizes(2, 2, 6, 0), "number of terms of a network .* got 0"),
        (lambda: compiled_depth(2, 2, math.nan), "product depth of a network .* got nan"),
    ],
    "relu": [
        (lambda: relu.affine([[0.5, 0.5]])(np.ones((3, 2), int)), "float32 or float64, got points of type int64"),
        (lambda: relu.affine([[0.5, 0.5]])(np.ones((3, 2), bool)), "got points of type bool"),
        (lambda: relu.affine([[0.5, 0.5]])(np.ones((3, 2), np.float16)), "got points of type float16"),
        (lambda: relu.affine(np.eye(2), np.zeros(3)), r"2 outputs has as many biases, got shape \(3,\)"),
        (lambda: relu.ReLUNetwork((), ()), "at least one layer"),
        (lambda: relu.affine(np.eye(2)).copies(0), "at least one copy .* got 0"),
        (lambda: relu.carry(2, 0), "at least 1, got 2 and 0"),
        (lambda: relu.beside(), "one depth, got"),
        (lambda: product.multiply_all(np.ones((0, 4)), 3), "at least one factor, got none"),
    ],
}
PAIRS = [pytest.param(*case, id=f"{module}-{i}") for module, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("call", "message"), PAIRS)
def test_what_a_space_does_not_have_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_sizes_of_numpy_are_sizes():
    factors = product.product(np.int64(2), np.int64(4))(X)
    assert factors == pytest.approx(X.prod(axis=1, keepdims=True), abs=product.product_error(4))
    assert splines.gram(np.int64(2), np.int64(3)).shape == (3, 5)


def test_no_point_has_no_value():
    assert CosineSeries(SQUARE, np.ones(4))(np.zeros((0, 2))).shape == (0,)
    assert SplineNetwork(SERIES, 6)(np.zeros((0, 2))).shape == (0,)
