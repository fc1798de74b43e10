"""Networks of explicit layers: composition, counting and evaluation against dense arithmetic."""

import numpy as np
import pytest

from dltheory.relu.network import Sizes, affine, beside, carry, layers


def dense(network, x):
    for index, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        x = (np.maximum(x, 0) if index else x) @ weight.toarray().T + bias
    return x


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def network(random):
    return layers(*((random.standard_normal((b, a)), random.standard_normal(b)) for a, b in ((3, 5), (5, 4), (4, 2))))


def test_values_are_those_of_dense_layers(network, random):
    x = random.standard_normal((50, 3))
    assert network(x) == pytest.approx(dense(network, x), abs=1e-13)
    assert network(x, device="cpu:0") == pytest.approx(dense(network, x), abs=1e-13)
    assert network(x.astype("float32")).dtype == np.float32
    assert network(x[:0]).shape == (0, 2)


def test_two_networks_in_series_share_the_affine_map_at_which_they_meet(network, random):
    after = layers((random.standard_normal((3, 2)), random.standard_normal(3)), (random.standard_normal((1, 3)), 0.5))
    x = random.standard_normal((20, 3))
    both = network.then(after)
    assert both.sizes.depth == 3 + 2 - 1
    assert both(x) == pytest.approx(after(network(x)), abs=1e-12)


def test_copies_and_neighbours_have_inputs_of_their_own(network, random):
    x, y = random.standard_normal((20, 3)), random.standard_normal((20, 3))
    apart = np.hstack([network(x), network(y)])
    assert network.copies(2)(np.hstack([x, y])) == pytest.approx(apart, abs=1e-13)
    assert beside(network, network)(np.hstack([x, y])) == pytest.approx(apart, abs=1e-13)
    assert network.copies(7).sizes.nonzeros == 7 * network.sizes.nonzeros


def test_wires_carry_what_is_not_negative():
    assert carry(2, 5)(np.array([[0.0, 3.5], [2.0, -1.0]])).tolist() == [[0.0, 3.5], [2.0, 0.0]]


def test_sizes_are_counted_without_zeros():
    network = layers(([[1.0, 0.0], [0.0, -3.0], [0.0, 0.0]], [0.0, 2.0, 0.0]), ([[1.0, 0.0, 0.5]], 0.0))
    assert network.sizes == Sizes(depth=2, width=3, nonzeros=5, magnitude=3.0)
    assert network.sizes.within(Sizes(2, 3, 5, 3.0))
    assert not network.sizes.within(Sizes(2, 3, 4, 3.0))


def test_what_does_not_fit_is_refused_in_a_sentence(network):
    with pytest.raises(ValueError, match="2 outputs cannot feed one with 3 inputs"):
        network.then(network)
    with pytest.raises(ValueError, match=r"points have shape \(4, 2\), expected \(n, 3\)"):
        network(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"one depth, got \[1, 3\]"):
        beside(network, affine(np.eye(2)))
    with pytest.raises(ValueError, match="layer 2 takes 3 numbers, layer 1 gives 2"):
        layers((np.eye(2), 0.0), (np.eye(3), 0.0))
