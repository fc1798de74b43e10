"""Networks trained by Adam: replicates are independent, early stopping stops, a smooth function is learnt."""

import numpy as np
import pytest

from dltheory.besov.smoothness import Smoothness
from dltheory.besov.trained import AdamTraining

pytest.importorskip("torch")
TRAINING = AdamTraining(16, depth=3, steps=150, step_size=0.02)


def samples(replicates=3, n=120, noise=0.1):
    rng = np.random.default_rng(0)
    x = rng.random((replicates, n, 2))
    return x, np.sin(4 * x[..., 0]) + noise * rng.standard_normal((replicates, n))


def generators(replicates=3):
    return [np.random.default_rng([7, r]) for r in range(replicates)]


def test_a_smooth_function_is_learnt_better_than_by_its_mean():
    x, y = samples()
    networks = TRAINING.fit(x, y, generators())
    points = np.random.default_rng(1).random((500, 2))
    risk = np.mean((networks(points) - np.sin(4 * points[:, 0])) ** 2, axis=1)
    assert np.all(risk < 0.05 * np.var(y))


def test_replicates_do_not_know_of_each_other():
    x, y = samples()
    together = TRAINING.fit(x, y, generators())(x)
    alone = TRAINING.fit(x[1:2], y[1:2], generators()[1:2])(x[1:2])
    assert alone[0] == pytest.approx(together[1], abs=1e-8)


def test_the_step_with_the_smallest_held_out_error_is_kept():
    x, y = samples(n=40, noise=2.0)
    last = slice(32, None)
    error = []
    for steps in (1, 400):
        training = AdamTraining(32, depth=3, steps=steps, step_size=0.02, every=1)
        error.append(np.mean((training.fit(x, y, generators())(x) - y)[:, last] ** 2, axis=1))
    assert np.all(error[1] <= error[0] + 1e-12)


def test_the_schedule_grows_with_the_samples():
    small, large = (AdamTraining.from_theory(Smoothness((1.0, 2.0)), n) for n in (2**7, 2**14))
    assert (small.width, large.width) == (32, 256)
    assert (small.depth, large.depth) == (3, 6)
    assert AdamTraining.from_theory(Smoothness((1.0,)), 64, steps=5).steps == 5


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="width of a trained network is at least 1, got 0"):
        AdamTraining(0)
    with pytest.raises(ValueError, match="step size must be positive, got 0"):
        AdamTraining(4, step_size=0)
    with pytest.raises(ValueError, match="between 0 and 1, got 1"):
        AdamTraining(4, held_out=1)
    x, y = samples(n=10)
    with pytest.raises(ValueError, match="expected inputs"):
        TRAINING.fit(x, y[:, :5], generators())
    with pytest.raises(ValueError, match="1 samples leave none to train on"):
        TRAINING.fit(x[:, :1], y[:, :1], generators())
