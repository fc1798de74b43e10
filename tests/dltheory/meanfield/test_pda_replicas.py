import numpy as np
import pytest

from dltheory.meanfield.neurons import Tanh, TwoLayerTanh
from dltheory.meanfield.pda import ParticleDualAveraging
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.pda_particles import run
from dltheory.meanfield.pda_replicas import stored
from dltheory.meanfield.problem import MeanFieldProblem

CHOSEN = np.array([[0, 3, 3, 1, 4, 2], [2, 2, 0, 4, 1, 3], [1, 0, 4, 4, 3, 3]])
LOOP, TIMES = InnerLoop(0.1, 3.0, 1.0, 1.0), np.array([2, 5, 7])


def problem(neuron=None):
    rng = np.random.default_rng(2)
    inputs, labels = rng.standard_normal((5, 1)), np.sign(rng.standard_normal(5))
    return MeanFieldProblem(inputs, labels, 0.5, 0.2, neuron=neuron or Tanh(), offsets=0.5 * rng.standard_normal(5))


def generators(count=3):
    return [np.random.default_rng([7, r]) for r in range(count)]


@pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh()], ids=["tanh", "two layers"])
@pytest.mark.parametrize("knobs", [{}, {"stale": True, "heat": 2.0}, {"memory": "latest"}], ids=str)
def test_every_cloud_stores_what_it_does_alone(neuron, knobs):
    given, pda = problem(neuron), ParticleDualAveraging(6, LOOP, **knobs)
    theta = np.random.default_rng(0).standard_normal((3, 8, given.dimension))
    found = stored(given, pda, theta, CHOSEN, generators(), TIMES)
    for r, generator in enumerate(generators()):
        alone = run(given, pda, theta[r], CHOSEN[r], generator, TIMES)
        assert found[r] == pytest.approx(alone.coefficients, rel=1e-9, abs=1e-12)


def test_shapes_are_checked_in_one_sentence():
    given, pda, theta = problem(), ParticleDualAveraging(6, LOOP), np.zeros((3, 4, 1))
    with pytest.raises(ValueError, match="particles need an inner loop"):
        stored(given, ParticleDualAveraging(6), theta, CHOSEN, generators(), TIMES)
    with pytest.raises(ValueError, match=r"expected particles \(R, M, 1\), examples \(R, T\) and R generators"):
        stored(given, pda, theta[0], CHOSEN, generators(), TIMES)
    with pytest.raises(ValueError, match="6 outer iterations on examples need as many of them, got 2"):
        stored(given, pda, theta, CHOSEN[:, :2], generators(), TIMES)
