import itertools
import math

import numpy as np
import pytest

from dltheory.besov.cosine import evaluate, isotropic_indices, ordered_indices, rank_coefficients, tail_energy
from dltheory.besov.smoothness import Smoothness


@pytest.mark.parametrize("s", [(1.0, 2.0), (0.75, 3.0), (1.0, 2.0, 2.0)])
def test_indices_are_those_of_a_search_over_a_large_box(s):
    space, count = Smoothness(s), 60
    found = ordered_indices(space, count)
    rank = np.max((1.0 + found) ** np.array(s), axis=1)
    assert np.all(np.diff(rank) >= -1e-9)
    box = itertools.product(range(70), repeat=len(s)) if len(s) == 2 else itertools.product(range(25), repeat=3)
    ranks = np.sort([max((1 + k) ** e for k, e in zip(index, s, strict=True)) for index in box])
    assert rank == pytest.approx(ranks[:count], rel=1e-12)
    assert len({tuple(row) for row in found}) == count


def test_more_indices_start_with_the_fewer():
    space = Smoothness((1.0, 3.0))
    assert np.array_equal(ordered_indices(space, 500)[:77], ordered_indices(space, 77))


def test_a_constant_direction_keeps_frequency_zero():
    found = ordered_indices(Smoothness((1.0, math.inf, math.inf)), 9)
    assert found.tolist() == [[k, 0, 0] for k in range(9)]


def test_isotropic_indices_fill_cubes():
    assert isotropic_indices(2, 16).max() == 3
    assert isotropic_indices(3, 27).max() == 2


def test_the_basis_is_orthonormal_under_an_exact_quadrature():
    indices = ordered_indices(Smoothness((1.0, 2.0)), 40)
    nodes = (np.arange(64) + 0.5) / 64
    points = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    values = evaluate(indices, points)
    assert values.T @ values / len(points) == pytest.approx(np.eye(40), abs=1e-12)


def test_values_are_products_of_cosines():
    x = np.array([[0.3, 0.8]])
    expected = [2 * math.cos(2 * math.pi * 0.3) * math.cos(math.pi * 0.8), math.sqrt(2) * math.cos(3 * math.pi * 0.8)]
    assert evaluate(np.array([[2, 1], [0, 3]]), x)[0] == pytest.approx(expected, rel=1e-13)


def test_tail_energy_is_what_the_coefficients_leave():
    space = Smoothness((1.0, 2.0))
    far = rank_coefficients(space, 200_000)
    kept = 100
    rest = float(tail_energy(space, 200_000))
    assert float(tail_energy(space, kept)) == pytest.approx(np.sum(far[kept:] ** 2) + rest, rel=1e-10)
    assert float(tail_energy(space, 1e6)) == pytest.approx(1e6 ** (-4 / 3) / (4 / 3), rel=1e-5)


@pytest.mark.parametrize(
    ("x", "message"),
    [([[0.5]], "1 coordinates, the basis 2"), ([[0.5, 1.5]], "between 0 and 1"), ([[-0.1, 0.5]], "between 0 and 1")],
)
def test_points_off_the_cube_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        evaluate(np.array([[1, 1]]), x)


def test_an_empty_set_of_indices_is_refused():
    with pytest.raises(ValueError, match="at least one index"):
        ordered_indices(Smoothness((1.0,)), 0)
