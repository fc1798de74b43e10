from itertools import product

import numpy as np
import pytest

from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gaussian_batches import BatchedMoments
from dltheory.meanfield.gaussian_langevin import particle_suboptimality
from dltheory.meanfield.langevin import MeanFieldLangevin
from dltheory.meanfield.langevin_replicas import observe
from dltheory.meanfield.losses import SquaredLoss
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.problem import MeanFieldProblem


def model(size=3, p=2, scale=0.5):
    rng = np.random.default_rng(6)
    inputs, labels = rng.standard_normal((size, p)), np.sign(rng.standard_normal(size))
    return LinearGaussian(
        MeanFieldProblem(inputs, labels, 0.3, 0.2, Linear(), SquaredLoss(scale), 0.2 * rng.standard_normal(size))
    )


def walk(given, method, batches, start):
    """The mean of infinitely many particles along batches of examples, by the algorithm as it is written."""
    p, m, anchor = given.problem, start, None
    for step, batch in enumerate(batches):

        def data(mean, rows):
            slopes = p.loss.slope(p.inputs[rows] @ mean + p.shifts[rows], p.labels[rows])
            return slopes @ p.inputs[rows] / len(rows)

        rows, every = list(batch), list(range(p.size))
        if method.gradients == "svrg" and step % method.refresh == 0:
            anchor = m
        gradient = data(m, rows)
        if method.gradients == "svrg":
            gradient = gradient - data(anchor, rows) + data(anchor, every)
        m = m - method.step_size * (gradient + 2 * p.l2 * m)
    return m


@pytest.mark.parametrize("gradients", ["sgd", "svrg"])
@pytest.mark.parametrize(("batch", "steps"), [(1, 4), (2, 3)])
def test_expectations_are_those_of_every_sequence_of_batches(gradients, batch, steps):
    given = model(scale=0.7)
    p, start = given.problem, np.array([0.5, -1.0])
    method = MeanFieldLangevin(0.2, gradients, batch=batch, refresh=2)
    response = p.inputs @ p.inputs.T * 1.4 / (2 * p.l2 * p.size)
    found = []
    for batches in product(product(range(p.size), repeat=batch), repeat=steps):
        off = p.inputs @ (walk(given, method, batches, given.mean + start) - given.mean)
        found.append(1.4 * off @ (np.eye(p.size) + response) @ off / (2 * p.size))
    wanted = BatchedMoments(given, method).suboptimality(start, 0.3, np.array([steps]))[0]
    assert np.mean(found) == pytest.approx(wanted, rel=1e-11)


@pytest.mark.filterwarnings("ignore:Linear is unbounded")
@pytest.mark.parametrize("method", [MeanFieldLangevin(0.1, "sgd", 2), MeanFieldLangevin(0.1, "svrg", 1, 5)], ids=str)
def test_clouds_of_particles_have_these_moments(method):
    given, count, particles = model(size=5), 600, 4
    p, times = given.problem, [0, 1, 7, 40]
    rng = np.random.default_rng(2)
    theta = given.mean + 1 + rng.standard_normal((count, particles, 2))
    seen = observe(p, method, theta, rng.spawn(count), times) - (p.inputs @ given.mean + p.shifts)
    response = p.inputs @ p.inputs.T / (2 * p.l2 * p.size)
    found = np.einsum("rki,ij,rkj->rk", seen, np.eye(5) + response, seen) / 10
    wanted = BatchedMoments(given, method, particles).suboptimality(np.ones(2), 1.0, np.array(times))
    assert np.all(np.abs(found.mean(axis=0) - wanted) < 4.5 * found.std(axis=0, ddof=1) / count**0.5)


def test_full_gradients_end_at_the_closed_form_of_particles_and_so_do_those_of_svrg_up_to_the_step_size():
    given, late = model(), np.array([4000])
    full = BatchedMoments(given, MeanFieldLangevin(0.1), 8).suboptimality(np.ones(2), 1.0, late)[0]
    assert full == pytest.approx(float(particle_suboptimality(given, np.array(8.0), 0.1)), rel=1e-10)
    kept = [
        BatchedMoments(given, MeanFieldLangevin(0.1, "svrg", 1, 3), n).suboptimality(np.ones(2), 1.0, late)[0] * n
        for n in (8, 800)
    ]
    assert kept[0] == pytest.approx(kept[1], rel=1e-9)
    assert full * 8 < kept[0] < 1.5 * full * 8


@pytest.mark.parametrize("batch", [1, 3])
def test_the_bias_of_sgd_is_that_of_a_long_run_and_has_its_leading_term(batch):
    given = model()
    made = BatchedMoments(given, MeanFieldLangevin(0.02, "sgd", batch))
    long = made._moments(np.zeros((2, 2)), np.array([3000]), np.zeros(2))[0]
    assert long == pytest.approx(made._stationary(), rel=1e-9)
    tiny = BatchedMoments(given, MeanFieldLangevin(1e-4, "sgd", batch))
    assert tiny.stationary_gap() == pytest.approx(tiny.leading_gap, rel=2e-3)
    svrg, full = (BatchedMoments(given, MeanFieldLangevin(0.02, name)).stationary_gap() for name in ("svrg", "full"))
    assert svrg == full < made.stationary_gap() / 10


def test_what_has_no_moments_is_refused_in_one_sentence():
    for changed in ({"frozen": True}, {"shrink": 0.5}):
        with pytest.raises(ValueError, match=r"second moments are about m\*"):
            BatchedMoments(model(), MeanFieldLangevin(0.1, **changed))
    with pytest.raises(ValueError, match="between 0 and 2/L"):
        BatchedMoments(model(), MeanFieldLangevin(7.0))
    with pytest.raises(ValueError, match="take their dual suboptimality"):
        BatchedMoments(model(), MeanFieldLangevin(0.1), 10).stationary_gap()
