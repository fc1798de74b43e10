"""B-splines on the unit interval against their formulas, scipy's own evaluation and quadrature."""

import math

import numpy as np
import pytest

from dltheory.besov import splines

SIZES = [(1, 1), (1, 4), (2, 1), (3, 1), (3, 5), (4, 3), (5, 8)]
X = np.linspace(0, 1, 301)


def full(band):
    size = band.shape[1]
    lower = sum(np.diag(band[o, : size - o], -o) for o in range(min(len(band), size)))
    return lower + np.tril(lower, -1).T


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_cardinal_spline_is_the_sum_of_truncated_powers(order):
    x = np.linspace(-1, order + 2, 400)
    terms = [(-1) ** j * math.comb(order + 1, j) * np.maximum(x - j, 0) ** order for j in range(order + 2)]
    assert splines.cardinal(order, x) == pytest.approx(sum(terms) / math.factorial(order), abs=1e-12)


@pytest.mark.parametrize(("order", "pieces"), SIZES)
def test_a_row_of_the_design_is_every_atom_at_a_point(order, pieces):
    matrix = splines.design(order, pieces, X)
    atoms = np.stack([splines.cardinal(order, pieces * X - j) for j in range(-order, pieces)], axis=1)
    assert matrix.toarray() == pytest.approx(atoms, abs=1e-13)
    assert matrix.sum(axis=1) == pytest.approx(1, abs=1e-13)
    assert np.diff(matrix.indptr).tolist() == [order + 1] * len(X)


@pytest.mark.parametrize(("order", "pieces"), [*SIZES, (0, 3)])
def test_gram_matrix_and_cosine_products_are_integrals(order, pieces):
    nodes, weights = splines.quadrature(pieces, 80)
    values = splines.design(order, pieces, nodes).toarray()
    assert full(splines.gram(order, pieces)) == pytest.approx(values.T @ (values * weights[:, None]), abs=1e-13)
    assert splines.norms(order, pieces) == pytest.approx((values**2).T @ weights, abs=1e-13)
    frequencies = np.arange(60)
    cosines = np.cos(np.pi * nodes[:, None] * frequencies) * np.where(frequencies > 0, math.sqrt(2), 1)
    found = splines.cosine_products(order, pieces, 60)
    assert found == pytest.approx(values.T @ (cosines * weights[:, None]), abs=1e-13)


@pytest.mark.parametrize(("order", "pieces"), SIZES)
def test_twice_as_many_pieces_hold_the_same_function(order, pieces):
    coefficients = np.random.default_rng(0).standard_normal(pieces + order)
    finer = splines.refinement(order, pieces) @ coefficients
    expected = splines.design(order, pieces, X) @ coefficients
    assert splines.design(order, 2 * pieces, X) @ finer == pytest.approx(expected, abs=1e-12)


def test_squares_in_an_orthonormal_basis_are_the_norm_of_the_projection():
    products = splines.cosine_products(3, 6, 12)
    energy = np.sum(splines.orthonormal(3, 6, products) ** 2, axis=0)
    gram = full(splines.gram(3, 6))
    assert energy == pytest.approx(np.sum(products * np.linalg.solve(gram, products), axis=0), rel=1e-12)
    assert energy[0] == pytest.approx(1, abs=1e-14)
    assert np.all(energy <= 1 + 1e-12)


def test_positions_within_pieces_add_up_to_the_point():
    cell, position = splines.cells(7, X)
    assert (cell + position) / 7 == pytest.approx(X, abs=1e-15)
    assert (cell[-1], position[-1]) == (6, 1.0)


def test_bad_input_is_refused():
    for order in (-1, 1.5, True):
        with pytest.raises(ValueError, match="order of a spline is a whole number, not negative"):
            splines.cardinal(order, X)
    with pytest.raises(ValueError, match="unit interval"):
        splines.design(2, 3, np.array([0.5, 1.1]))
