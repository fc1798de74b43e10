"""The network with its last layer refitted: least squares on splines, up to the error of the products."""

import numpy as np
import pytest

from dltheory.besov import splines
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network_fit import RefittedNetwork
from dltheory.least_squares import solve_pivoted

S12 = Smoothness((1.0, 2.0))


def samples(n=600):
    rng = np.random.default_rng(0)
    x = rng.random((n, 2))
    return x, np.sin(6 * x[:, 0]) + x[:, 1] ** 2 + 0.2 * rng.standard_normal(n)


@pytest.mark.parametrize("variant", ["powers", "recursion"])
def test_the_fit_agrees_with_that_of_the_splines(variant):
    x, y = samples()
    first, second = (splines.design(3, k, x[:, i]).toarray() for i, k in enumerate((6, 3)))
    matrix = (first[:, :, None] * second[:, None, :]).reshape(len(x), -1)
    expected = matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]
    off = [np.max(np.abs(RefittedNetwork(3, (6, 3), i, variant).fit(x, y)(x) - expected)) for i in (8, 14)]
    assert off[0] < 0.03
    assert off[1] < off[0] / 1000


def test_a_noiseless_spline_is_found():
    x, _ = samples()
    truth = np.random.default_rng(1).standard_normal(9 * 6)
    network = RefittedNetwork(3, (6, 3), 9).with_weights(truth)
    found = RefittedNetwork(3, (6, 3), 9).fit(x, network(x))
    assert found(x) == pytest.approx(network(x), abs=1e-9)


def test_the_schedule_counts_the_atoms_on_the_boundary():
    network = RefittedNetwork.from_theory(S12, 8192, 3, scale=3)
    assert network.count == pytest.approx(3 * 8192 ** (3 / 7), rel=0.1)
    assert network.bits == 12


def test_what_the_data_do_not_determine_stays_at_zero():
    matrix = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert solve_pivoted(matrix, np.array([1.0, 1.0, 2.0])) == pytest.approx([1, 0], abs=1e-14)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="40 samples do not determine 54 output weights"):
        RefittedNetwork(3, (6, 3), 9).fit(*(part[:40] for part in samples()))
    with pytest.raises(ValueError, match=r"pre-asymptotic: 5\.94 atoms of degree 3 leave fewer than two pieces"):
        RefittedNetwork.from_theory(S12, 64, 3)
    with pytest.raises(ValueError, match="spline order 2 is too low"):
        RefittedNetwork.from_theory(S12, 64, 2)
    with pytest.raises(ValueError, match="at least one piece"):
        RefittedNetwork(3, (6, 0), 9)
