import numpy as np
import pytest

from dltheory.meanfield.langevin import MeanFieldLangevin, run
from dltheory.meanfield.langevin_replicas import observe
from dltheory.meanfield.losses import LogisticLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem

TIMES = [0, 2, 5]


def problem(neuron, loss=None):
    rng = np.random.default_rng(3)
    inputs, offsets = rng.standard_normal((5, 2)), 0.3 * rng.standard_normal(5)
    extra = {} if loss is None else {"loss": loss}
    return MeanFieldProblem(inputs, np.sign(rng.standard_normal(5)), 0.3, 0.2, neuron, offsets=offsets, **extra)


def clouds(given, count=3, particles=6):
    return np.random.default_rng(0).standard_normal((count, particles, given.dimension))


def generators(count=3):
    return [np.random.default_rng([7, r]) for r in range(count)]


@pytest.mark.parametrize(
    "given", [problem(Tanh()), problem(Linear()), problem(TwoLayerTanh(), LogisticLoss())], ids=str
)
@pytest.mark.parametrize(
    "method",
    [
        MeanFieldLangevin(0.1),
        MeanFieldLangevin(0.1, "sgd", batch=2),
        MeanFieldLangevin(0.1, "svrg", batch=2, refresh=3),
        MeanFieldLangevin(0.1, heat=2.0, shrink=0.5, speed=0.1, frozen=True),
    ],
    ids=["full", "sgd", "svrg", "knobs"],
)
def test_every_cloud_moves_as_it_does_alone(given, method):
    theta = clouds(given)
    found = observe(given, method, theta, generators(), TIMES)
    for r, generator in enumerate(generators()):
        alone = run(given, method, theta[r], generator, TIMES)
        assert found[r] == pytest.approx(alone.predictions, rel=1e-10, abs=1e-13)


def test_coefficients_that_are_given_take_the_place_of_the_clouds_own():
    given, fixed = problem(Tanh()), np.array([0.3, -1.0, 0.2, 0.7, -0.1])
    theta = clouds(given)
    found = observe(given, MeanFieldLangevin(0.1, heat=0.0), theta, generators(), [0, 1], lambda t, h: t, fixed)
    wanted = [cloud - 0.1 * given.drift(cloud, fixed) for cloud in theta]
    assert found[:, 1] == pytest.approx(np.stack(wanted), rel=1e-12)


def test_shapes_and_step_sizes_are_checked_in_one_sentence():
    given = problem(Tanh())
    with pytest.raises(ValueError, match=r"expected particles \(R, N, 2\) and a generator a cloud"):
        observe(given, MeanFieldLangevin(0.1), clouds(given)[0], generators(), TIMES)
    with pytest.raises(ValueError, match="and 2 generators"):
        observe(given, MeanFieldLangevin(0.1), clouds(given), generators(2), TIMES)
    with pytest.raises(ValueError, match="is not below 2/L"):
        observe(given, MeanFieldLangevin(9.0), clouds(given), generators(), TIMES)
