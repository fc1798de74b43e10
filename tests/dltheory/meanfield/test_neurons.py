import numpy as np
import pytest

from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh

RNG = np.random.default_rng(3)
INPUTS, OFFSETS, WEIGHTS = RNG.standard_normal((7, 3)), RNG.standard_normal(7), RNG.standard_normal(7)


@pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh(), Linear()], ids=str)
def test_the_pulled_back_gradient_is_that_of_the_values(neuron):
    theta = RNG.standard_normal((5, neuron.dimension(INPUTS)))
    found = neuron.pull_back(theta, INPUTS, OFFSETS, WEIGHTS)
    step = 1e-6
    for axis in range(theta.shape[1]):
        moved = np.zeros(theta.shape[1])
        moved[axis] = step
        up, down = (neuron.values(theta + s * moved, INPUTS, OFFSETS) @ WEIGHTS for s in (1, -1))
        assert found[:, axis] == pytest.approx((up - down) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh()], ids=str)
def test_bounded_neurons_keep_their_bound(neuron):
    theta = 100 * RNG.standard_normal((50, neuron.dimension(INPUTS)))
    assert np.max(np.abs(neuron.values(theta, INPUTS, OFFSETS))) <= neuron.bound == 1.0
    assert Linear().bound == np.inf


@pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh(), Linear()], ids=str)
def test_several_clouds_at_once_are_each_by_itself(neuron):
    theta, weights = RNG.standard_normal((2, 5, neuron.dimension(INPUTS))), RNG.standard_normal((2, 1, 7))
    values, pulled = neuron.values(theta, INPUTS, OFFSETS), neuron.pull_back(theta, INPUTS, OFFSETS, weights)
    for r in range(2):
        assert values[r] == pytest.approx(neuron.values(theta[r], INPUTS, OFFSETS), rel=1e-13)
        assert pulled[r] == pytest.approx(neuron.pull_back(theta[r], INPUTS, OFFSETS, weights[r, 0]), rel=1e-12)
