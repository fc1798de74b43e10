"""Trained dilated convolutions: the coordinate is found, what is out of reach is not, replicates are independent."""

import numpy as np
import pytest

from dltheory.gamma_smooth.dilated_training import DilatedTraining
from dltheory.relu.adam import Adam

pytest.importorskip("torch")
PLACES = (22, 12, 27)
SHORT = Adam(steps=20, step_size=0.04)


def samples(n=400, noise=0.1, dimension=27):
    rng = np.random.default_rng(4)
    x = rng.random((len(PLACES), n, dimension))
    read = np.stack([x[r, :, place - 1] for r, place in enumerate(PLACES)])
    return x, np.sin(4 * read) + noise * rng.standard_normal(read.shape)


def generators(count=3):
    return [np.random.default_rng([8, r]) for r in range(count)]


@pytest.mark.parametrize(("relaxed", "left"), [(True, 0.15), (False, 0.5)], ids=["softmax", "plain"])
def test_filters_turn_to_the_coordinate_that_matters(relaxed, left):
    x, y = samples()
    networks = DilatedTraining(3, relaxed=relaxed, adam=Adam(steps=300, step_size=0.03)).fit(x, y, generators())
    weights = networks.weights(27)[:, 0]
    assert [int(np.argmax(np.abs(row))) + 1 for row in weights] == list(PLACES)
    assert np.all(np.mean((networks(x) - y) ** 2, axis=1) < left * np.var(y, axis=1))


def test_an_ordinary_network_of_as_many_parameters_does_not_see_it():
    x, y = samples()
    training = DilatedTraining(3, base=1)
    assert training.reach == 7
    networks = training.fit(x, y, generators())
    assert sum(weight.size for weight in networks.filters) == sum(
        weight.size for weight in DilatedTraining(3, adam=SHORT).fit(x, y, generators()).filters
    )
    assert not networks.weights(27)[:, :, 7:].any()
    new = np.random.default_rng(5).random((2000, 27))
    truth = np.stack([np.sin(4 * new[:, place - 1]) for place in PLACES])
    assert np.all(np.mean((networks(new) - truth) ** 2, axis=1) > 0.9 * np.var(truth, axis=1))


@pytest.mark.parametrize("channels", [1, 2])
def test_relaxed_filters_are_convex_combinations(channels):
    x, y = samples(n=50)
    networks = DilatedTraining(3, channels=channels, adam=SHORT).fit(x, y, generators())
    assert [weight.shape for weight in networks.filters] == [
        (3, channels, 1, 3), (3, channels, channels, 3), (3, channels, channels, 3)
    ]  # fmt: skip
    assert np.all(networks.weights(27) > 0)
    assert networks.weights(27).sum(axis=-1) == pytest.approx(np.ones((3, channels)), abs=1e-12)
    assert max(weight.max() for weight in networks.filters) <= 1


def test_replicates_do_not_know_of_each_other_or_of_the_device():
    x, y = samples(n=60)
    training = DilatedTraining(3, adam=SHORT)
    together = training.fit(x, y, generators())(x)
    alone = training.fit(x[1:2], y[1:2], generators()[1:2])(x[1:2])
    assert alone[0] == pytest.approx(together[1], abs=1e-9)
    assert training.fit(x, y, generators(), "cpu:0")(x) == pytest.approx(together, abs=1e-9)


def test_the_held_out_samples_choose_among_starts():
    x, y = samples(n=60)
    last = slice(SHORT.trained_on(60), None)
    still = Adam(steps=1, step_size=1e-12)  # nothing moves: what is kept is the best of the initial values
    one, many = (
        DilatedTraining(3, starts=starts, trial=still, adam=still).fit(x, y, generators()) for starts in (1, 32)
    )
    off = [np.mean((networks(x) - y)[:, last] ** 2, axis=1) for networks in (one, many)]
    assert len(many.filters[0]) == len(PLACES)
    assert np.all(off[1] < off[0])


def test_coordinates_beyond_the_data_count_as_zero():
    x, y = samples(n=60)
    training = DilatedTraining(3, adam=SHORT)
    few = training.fit(x[..., :20], y, generators())
    padded = training.fit(np.concatenate([x[..., :20], np.zeros((3, 60, 7))], axis=2), y, generators())
    assert few(x[..., :20]) == pytest.approx(padded(np.concatenate([x[..., :20], np.zeros((3, 60, 7))], axis=2)))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="the layers of a trained convolution must be at least 1, got 0"):
        DilatedTraining(0)
    with pytest.raises(ValueError, match="the starts of a trained convolution must be at least 1, got 0"):
        DilatedTraining(2, starts=0)
    x, y = samples(n=20)
    with pytest.raises(ValueError, match=r"expected inputs \(R, n, D\), labels \(R, n\) and R generators"):
        DilatedTraining(2).fit(x, y[:, :5], generators())
    with pytest.raises(ValueError, match="1 samples leave none to train on"):
        DilatedTraining(2).fit(x[:, :1], y[:, :1], generators())
