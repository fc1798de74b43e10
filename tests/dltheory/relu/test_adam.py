"""Adam with a held-out choice of the step, for any parameters that come in batches."""

import numpy as np
import pytest

from dltheory.relu.adam import Adam, TrainedNetworks, forward, initial_layers

torch = pytest.importorskip("torch")


def lines(replicates=3, n=60, noise=0.0):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((replicates, n, 2))
    slopes = np.array([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]])[:replicates]
    return x, np.einsum("rnd,rd->rn", x, slopes) + noise * rng.standard_normal((replicates, n)), slopes


def predict(parameters, x):
    return (x @ parameters[0])[..., 0]


def test_a_linear_model_finds_the_slopes_of_every_replicate():
    x, y, slopes = lines()
    (found,) = Adam(steps=600, step_size=0.05).minimise(predict, [np.zeros((3, 2, 1))], x, y)
    assert found[..., 0] == pytest.approx(slopes, abs=1e-3)


def test_replicates_do_not_know_of_each_other():
    x, y, _ = lines(noise=1.0)
    adam = Adam(steps=40)
    (together,) = adam.minimise(predict, [np.zeros((3, 2, 1))], x, y)
    (alone,) = adam.minimise(predict, [np.zeros((1, 2, 1))], x[1:2], y[1:2])
    assert alone[0] == pytest.approx(together[1], abs=1e-12)


def test_what_is_kept_is_the_best_step_on_the_held_out_samples():
    x, y, slopes = lines(n=50)
    y[:, : Adam().trained_on(50)] *= -1.0  # what is trained on leads away from what is held out
    initial = 0.5 * slopes[..., np.newaxis]
    (found,) = Adam(steps=100, every=1).minimise(predict, [initial], x, y)
    assert np.array_equal(found, initial)
    (other,) = Adam(steps=100, step_size=0.05).minimise(predict, [initial], x, -y)
    assert np.all(np.abs(other + slopes[..., np.newaxis]) <= np.abs(initial + slopes[..., np.newaxis]))


def test_the_initial_parameters_are_left_as_they_were():
    x, y, _ = lines()
    initial = np.zeros((3, 2, 1))
    Adam(steps=5).minimise(predict, [initial], x, y)
    assert not initial.any()


def test_networks_on_the_host_are_those_of_torch():
    generators = [np.random.default_rng([1, r]) for r in range(4)]
    parameters = initial_layers(3, 7, 4, generators)
    assert [p.shape for p in parameters[::2]] == [(4, 3, 7), (4, 7, 7), (4, 7, 7), (4, 7, 1)]
    x = np.random.default_rng(2).random((4, 9, 3))
    expected = forward([torch.tensor(p) for p in parameters], torch.tensor(x)).numpy()
    assert TrainedNetworks(tuple(parameters))(x) == pytest.approx(expected, abs=1e-13)


def test_hidden_weights_have_the_variance_of_he():
    first, _, second, _, last, offset = initial_layers(50, 400, 3, [np.random.default_rng(0)])
    for weights, variance in ((first, 2 / 50), (second, 2 / 400), (last, 1 / 400)):
        assert np.mean(weights**2) == pytest.approx(variance, rel=0.2)
    assert not offset.any()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="the steps of a training is at least 1, got 0"):
        Adam(steps=0)
    with pytest.raises(ValueError, match="the every of a training is at least 1, got 0"):
        Adam(every=0)
    with pytest.raises(ValueError, match="step size must be positive, got -1"):
        Adam(step_size=-1)
    with pytest.raises(ValueError, match="between 0 and 1, got 0"):
        Adam(held_out=0)
    with pytest.raises(ValueError, match="1 samples leave none to train on"):
        Adam().trained_on(1)
