import itertools
import math
import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

from dltheory.meanfield import particles_loop, particles_native
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.particles import langevin, mean_field_langevin, predictions
from dltheory.meanfield.problem import MeanFieldProblem

ETA = 0.05


@dataclass(frozen=True)
class Cosine:
    """A neuron that no compiled loop knows: h = cos⟨θ, x⟩."""

    bound = 1.0

    def dimension(self, inputs):
        return inputs.shape[1]

    def values(self, theta, inputs, offsets):
        return np.cos(theta @ inputs.T + offsets)

    def pull_back(self, theta, inputs, offsets, weights):
        return -(weights * np.sin(theta @ inputs.T + offsets)) @ inputs


NEURONS = [Tanh(), TwoLayerTanh(), Linear(), Cosine()]
EVERY = pytest.mark.parametrize("neuron", NEURONS, ids=lambda neuron: type(neuron).__name__)
LIPSCHITZ = pytest.mark.parametrize("neuron", NEURONS[:3], ids=lambda neuron: type(neuron).__name__)


def problem(neuron=None, loss=None, size=7, dim=3, l2=0.3, temperature=0.2):
    rng = np.random.default_rng([size, dim])
    inputs, labels = rng.standard_normal((size, dim)), np.sign(rng.standard_normal(size))
    return MeanFieldProblem(
        inputs, labels, l2, temperature, neuron or Tanh(), loss or SquaredLoss(), 0.5 * rng.standard_normal(size)
    )


def cloud(given, count):
    return np.random.default_rng(count).standard_normal((count, given.dimension))


def noise(seed=1):
    return np.random.default_rng(seed)


def slope_of(neuron, theta, x, b):
    """∇h of one particle at one data point, in plain arithmetic."""
    if isinstance(neuron, TwoLayerTanh):
        outer, inner = math.tanh(theta[0]), math.tanh(sum(t * v for t, v in zip(theta[1:], x, strict=True)) + b)
        return [(1 - outer**2) * inner, *(outer * (1 - inner**2) * v for v in x)]
    z = sum(t * v for t, v in zip(theta, x, strict=True)) + b
    factor = {Tanh: 1 - math.tanh(z) ** 2, Linear: 1.0, Cosine: -math.sin(z)}[type(neuron)]
    return [factor * v for v in x]


def brute_force(given, theta, g, scale, heat, xi):
    """One step with frozen coefficients, number by number."""
    moved = np.empty_like(theta)
    for m, particle in enumerate(theta):
        slopes = [slope_of(given.neuron, particle, *point) for point in zip(given.inputs, given.shifts, strict=True)]
        for j, value in enumerate(particle):
            drift = sum(c * s[j] for c, s in zip(g, slopes, strict=True)) / given.size + 2 * given.l2 * value
            moved[m, j] = value - ETA * scale * drift + math.sqrt(2 * ETA * heat) * xi[m, j]
    return moved


@EVERY
@pytest.mark.parametrize(("size", "dim", "count"), [(1, 1, 1), (5, 2, 17), (18, 3, 40), (4, 7, 300)])
def test_a_step_is_what_the_formula_says(neuron, size, dim, count):
    given = problem(neuron, size=size, dim=dim)
    theta, g = cloud(given, count), np.random.default_rng(2).standard_normal(size)
    xi = noise().standard_normal(theta.shape)
    own = langevin(given, theta, g, step_size=ETA, steps=1, noise=noise(), scale_drift=3.0)
    np.testing.assert_allclose(own, brute_force(given, theta, g, 3.0, 0.6, xi), rtol=0, atol=1e-13)
    other = langevin(given, theta, g, step_size=ETA, steps=1, noise=noise(), scale_drift=3.0, noise_temperature=1.0)
    np.testing.assert_allclose(other, brute_force(given, theta, g, 3.0, 1.0, xi), rtol=0, atol=1e-13)


@EVERY
def test_many_steps_are_one_after_the_other_with_noise_in_the_order_of_steps(neuron):
    given = problem(neuron)
    theta, g, stream = cloud(given, 30), np.random.default_rng(2).standard_normal(7), noise()
    found = langevin(given, theta, g, step_size=ETA, steps=5, noise=noise())
    for _ in range(5):
        theta = langevin(given, theta, g, step_size=ETA, steps=1, noise=stream)
    np.testing.assert_allclose(found, theta, rtol=0, atol=1e-14)
    assert langevin(given, theta, g, step_size=ETA, steps=0, noise=noise()) == pytest.approx(theta, abs=0)


def test_sizes_of_blocks_change_no_bit(monkeypatch):
    given = problem(dim=10)
    theta, g = cloud(given, 700), np.ones(7)

    def runs():
        frozen = langevin(given, theta, g, step_size=ETA, steps=20, noise=noise())
        return frozen, mean_field_langevin(given, theta, step_size=ETA, steps=3, noise=noise())

    before = runs()
    monkeypatch.setattr(particles_loop, "_NUMBERS", 3 * theta.size)
    short = runs()
    monkeypatch.setattr(particles_loop, "_NUMBERS", 1)
    slices = particles_native.slices
    monkeypatch.setattr(particles_loop, "slices", lambda particles, dimension: slices(particles, dimension, 1))
    assert len(particles_loop.slices(700, 10)) == 3
    for other in (short, runs()):
        for expected, found in zip(before, other, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_what_is_remembered_of_a_step_saves_time_only(monkeypatch):
    given = problem(size=40)
    theta = cloud(given, 600)
    kept = mean_field_langevin(given, theta, step_size=ETA, steps=4, noise=noise())
    monkeypatch.setattr(particles_native, "_REMEMBERED", 0)
    again = mean_field_langevin(given, theta, step_size=ETA, steps=4, noise=noise())
    np.testing.assert_allclose(again, kept, rtol=0, atol=1e-14)


@EVERY
def test_data_points_of_coefficient_zero_are_left_out(neuron):
    given = problem(neuron)
    theta, g = cloud(given, 20), np.array([0, 1.5, 0, 0, -2.0, 0.7, 0])
    used = np.flatnonzero(g)
    some = MeanFieldProblem(
        given.inputs[used], given.labels[used], given.l2, given.temperature, neuron, offsets=given.shifts[used]
    )
    found = langevin(given, theta, g, step_size=ETA, steps=3, noise=noise())
    expected = langevin(some, theta, g[used] * 3 / 7, step_size=ETA, steps=3, noise=noise())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    nothing = langevin(given, theta, np.zeros(7), step_size=ETA, steps=1, noise=noise())
    kept = (1 - 2 * ETA * given.l2) * theta + math.sqrt(2 * ETA * given.temperature) * noise().standard_normal(
        theta.shape
    )
    np.testing.assert_allclose(nothing, kept, rtol=0, atol=1e-14)


@pytest.mark.parametrize("loss", [SquaredLoss(0.7), LogisticLoss()], ids=["squared", "logistic"])
@pytest.mark.parametrize("neuron", NEURONS[:2], ids=["Tanh", "TwoLayerTanh"])
def test_the_drift_is_the_gradient_of_the_objective_by_autograd(neuron, loss):
    torch = pytest.importorskip("torch")
    given = problem(neuron, loss)
    theta = cloud(given, 23)
    x, b, y = (torch.tensor(a) for a in (given.inputs, given.shifts, given.labels))
    t = torch.tensor(theta, requires_grad=True)
    h = torch.tanh(t @ x.T + b) if isinstance(neuron, Tanh) else torch.tanh(t[:, :1]) * torch.tanh(t[:, 1:] @ x.T + b)
    z = h.mean(0)
    risk = (0.7 * (z - y) ** 2).mean() if isinstance(loss, SquaredLoss) else torch.log1p(torch.exp(-y * z)).mean()
    (len(theta) * (risk + given.l2 * (t**2).sum(1).mean())).backward()
    moved = mean_field_langevin(given, theta, step_size=ETA, steps=1, noise=noise())
    kick = math.sqrt(2 * given.temperature * ETA) * noise().standard_normal(theta.shape)
    np.testing.assert_allclose((theta + kick - moved) / ETA, t.grad.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_neurons_end_in_the_gaussian_of_the_closed_form(dtype):
    given, eta, scale, count = problem(Linear(), dim=2), 0.2, 1.5, 50_000
    g = np.random.default_rng(4).standard_normal(7)
    found = langevin(
        given, np.zeros((count, 2)), g, step_size=eta, steps=60, noise=noise(), scale_drift=scale, dtype=dtype
    )
    mean = -given.inputs.T @ g / 7 / (2 * given.l2)
    variance = given.temperature / (2 * given.l2 * (1 - eta * scale * given.l2))
    assert np.all(np.abs(found.mean(axis=0) - mean) < 4.5 * (variance / count) ** 0.5)
    covariance = np.cov(found.T)
    error = variance * (np.array([[2, 1], [1, 2]]) / count) ** 0.5
    assert np.all(np.abs(covariance - variance * np.eye(2)) < 4.5 * error)


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_bounded_neurons_end_in_the_gibbs_measure_whatever_the_scale(scale):
    given, count = problem(dim=1), 40_000
    g, theta = np.random.default_rng(4).standard_normal(7), cloud(given, count)
    found = langevin(given, theta, g, step_size=0.02 / scale, steps=500, noise=noise(), scale_drift=scale)
    quadrature = Quadrature.of(given)
    error = (np.diag(quadrature.covariance(g)) / count) ** 0.5
    # 0.002: a step of 0.02 moves the stationary law by that order
    assert np.all(np.abs(predictions(given, found) - quadrature.predictions(g)) < 4.5 * error + 2e-3)


class Rigged:
    """Mini-batches that were chosen beforehand."""

    def __init__(self, batches):
        self.batches = iter(batches)

    def integers(self, low, size):
        return np.array(next(self.batches))


@LIPSCHITZ
@pytest.mark.parametrize("batch", [1, 2])
def test_a_mini_batch_has_the_full_gradient_as_its_mean_over_all_batches(neuron, batch):
    given = problem(neuron, size=5)
    theta = cloud(given, 6)
    every = list(itertools.product(range(5), repeat=batch))

    def end(gradients, *batches):
        return mean_field_langevin(
            given, theta, step_size=ETA, steps=max(1, len(batches)), noise=noise(), gradients=gradients, batch=batch,
            refresh=7, batches=Rigged(batches),
        )  # fmt: skip

    full = end("full")
    sgd = [end("sgd", rows) for rows in every]
    np.testing.assert_allclose(np.mean(sgd, axis=0), full, rtol=0, atol=1e-14)
    assert np.std(sgd, axis=0).max() > 1e-3
    np.testing.assert_allclose(end("svrg", every[0]), full, rtol=0, atol=1e-14)
    twice = mean_field_langevin(given, theta, step_size=ETA, steps=2, noise=noise())
    svrg = [end("svrg", every[0], rows) for rows in every]
    np.testing.assert_allclose(np.mean(svrg, axis=0), twice, rtol=0, atol=1e-14)
    assert 0 < np.std(svrg, axis=0).max() < np.std(sgd, axis=0).max()


def test_an_anchor_at_every_step_is_the_full_gradient():
    given = problem(loss=LogisticLoss())
    theta = cloud(given, 300)
    full = mean_field_langevin(given, theta, step_size=ETA, steps=5, noise=noise())
    anchored = mean_field_langevin(
        given, theta, step_size=ETA, steps=5, noise=noise(), gradients="svrg", batches=noise(9)
    )
    np.testing.assert_allclose(anchored, full, rtol=0, atol=1e-14)


@EVERY
def test_predictions_are_averages_over_the_particles(neuron):
    given = problem(neuron, size=21)
    theta, shares = cloud(given, 530), np.random.default_rng(0).random(530)
    values = given.values(theta)
    np.testing.assert_allclose(predictions(given, theta), values.mean(axis=0), rtol=0, atol=1e-14)
    np.testing.assert_allclose(predictions(given, theta, shares), shares @ values, rtol=1e-13)
    single = predictions(given, theta, dtype="float32")
    np.testing.assert_allclose(single, values.mean(axis=0), rtol=0, atol=1e-6)


@EVERY
def test_single_precision_differs_by_rounding_only(neuron):
    given = problem(neuron)
    theta, g = cloud(given, 300), np.random.default_rng(2).standard_normal(7)
    double, single = (
        langevin(given, theta, g, step_size=ETA, steps=10, noise=noise(), dtype=dtype)
        for dtype in ("float64", "float32")
    )
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(single, double, rtol=0, atol=2e-6)
    assert np.max(np.abs(single - double)) > 0
    if not isinstance(neuron, Cosine):
        double, single = (
            mean_field_langevin(given, theta, step_size=ETA, steps=10, noise=noise(), dtype=dtype)
            for dtype in ("float64", "float32")
        )
        np.testing.assert_allclose(single, double, rtol=0, atol=2e-6)


@pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh(), Cosine()], ids=lambda neuron: type(neuron).__name__)
def test_memory_does_not_grow_with_particles_times_data(neuron):
    given = problem(neuron, size=1000, dim=5)
    theta, matrix = cloud(given, 10_000), 8 * 1000 * 10_000
    for _ in range(2):  # compiled in the first round
        tracemalloc.start()
        langevin(given, theta, np.ones(1000), step_size=ETA, steps=1, noise=noise())
        if not isinstance(neuron, Cosine):
            mean_field_langevin(given, theta, step_size=1e-3, steps=1, noise=noise())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < matrix / 8


def test_particles_are_left_as_they_were_and_may_be_read_only():
    given = problem()
    theta = np.broadcast_to(np.ones(3), (4, 3))
    found = langevin(given, theta, np.ones(7), step_size=ETA, steps=2, noise=noise())
    assert np.all(theta == 1)
    assert found.shape == (4, 3)
    assert found.flags.writeable


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"theta": np.zeros((4, 2))}, r"expected finite particles \(M, p\) with p = 3, got shape \(4, 2\)"),
        ({"theta": np.zeros((0, 3))}, "expected finite particles"),
        ({"theta": np.full((4, 3), np.nan)}, "expected finite particles"),
        ({"coefficients": np.ones(6)}, "expected 7 finite coefficients, one a data point"),
        ({"coefficients": np.full(7, np.inf)}, "expected 7 finite coefficients"),
        ({"step_size": 0.0}, "the step size must be positive and finite, got 0"),
        ({"steps": -1}, "the number of steps must not be negative, got -1"),
        ({"scale_drift": -1.0}, "the scale of the drift must be positive"),
        ({"noise_temperature": -1.0}, "the temperature of the noise must be finite and not negative"),
        ({"dtype": "float16"}, "must be float32 or float64, got 'float16'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, sentence):
    arguments = {"theta": np.zeros((4, 3)), "coefficients": np.ones(7), "step_size": ETA, "steps": 1, "noise": noise()}
    with pytest.raises(ValueError, match=sentence) as caught:
        langevin(problem(), **(arguments | change))
    assert "\n" not in str(caught.value)


def test_step_sizes_that_are_too_large_are_refused_or_reported():
    given = problem()
    with pytest.raises(ValueError, match=r"is not below 2/L = .* take smaller steps"):
        mean_field_langevin(given, cloud(given, 4), step_size=5.0, steps=1, noise=noise())
    with pytest.raises(ValueError, match="the number of steps must not be negative"):
        mean_field_langevin(given, cloud(given, 4), step_size=ETA, steps=-1, noise=noise())
    with pytest.raises(ValueError, match="got 3 and 0"):
        mean_field_langevin(given, cloud(given, 4), step_size=ETA, steps=1, noise=noise(), batch=3, refresh=0)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(ValueError, match="the particles diverged"):
        langevin(given, cloud(given, 4), np.ones(7), step_size=40.0, steps=300, noise=noise())
    with pytest.raises(ValueError, match="expected one share a particle, 4, got shape"):
        predictions(given, cloud(given, 4), np.ones(3))
