"""The torch path without a GPU: the same numbers on a CPU, and shapes, dtypes and transfers on torch's device `meta`.

A `meta` tensor has no numbers: a loop that reads one back, or branches on one, raises.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from dltheory.meanfield import particles_torch
from dltheory.meanfield.langevin import MeanFieldLangevin, run
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.particles import langevin, mean_field_langevin, predictions
from dltheory.meanfield.problem import MeanFieldProblem

torch = pytest.importorskip("torch")
overrides = pytest.importorskip("torch.overrides")

NEURONS = pytest.mark.parametrize("neuron", [Tanh(), TwoLayerTanh(), Linear()], ids=lambda n: type(n).__name__)
LOSSES = pytest.mark.parametrize("loss", [SquaredLoss(0.7), LogisticLoss()], ids=["squared", "logistic"])
GRADIENTS = pytest.mark.parametrize("gradients", ["full", "sgd", "svrg"])
OPTIONS = {"step_size": 0.02, "steps": 6}


def problem(neuron=None, loss=None, size=9, dim=3):
    rng = np.random.default_rng([size, dim])
    labels = np.sign(rng.standard_normal(size))
    return MeanFieldProblem(
        rng.standard_normal((size, dim)), labels, 0.3, 0.2, neuron or Tanh(), loss or SquaredLoss(),
        0.5 * rng.standard_normal(size),
    )  # fmt: skip


def cloud(given, count=700):
    return np.random.default_rng(count).standard_normal((count, given.dimension))


def noise(seed=1):
    return np.random.default_rng(seed)


@dataclass(frozen=True)
class ShiftedLoss(SquaredLoss):
    """A loss of which torch knows nothing."""

    def slope(self, z, y):
        return np.tanh(z - y)


@NEURONS
@LOSSES
@GRADIENTS
def test_it_moves_particles_as_the_compiled_loops_do(neuron, loss, gradients):
    if isinstance(neuron, Linear) and isinstance(loss, LogisticLoss):
        loss = ShiftedLoss()
    given = problem(neuron, loss)
    options = OPTIONS | {"gradients": gradients, "batch": 2, "refresh": 3}
    native, other = (
        mean_field_langevin(given, cloud(given), noise=noise(), batches=noise(2), device=device, **options)
        for device in ("cpu", "cpu:0")
    )
    np.testing.assert_allclose(other, native, rtol=0, atol=1e-13)


@NEURONS
@pytest.mark.parametrize("tile", [2**18, 16])
def test_frozen_coefficients_and_predictions_agree_whatever_the_tile(neuron, tile, monkeypatch):
    monkeypatch.setitem(particles_torch._TILE, "cpu", tile)
    given = problem(neuron, size=50)
    theta, g = cloud(given), np.random.default_rng(2).standard_normal(50) * (np.arange(50) % 3 > 0)
    shares = np.random.default_rng(3).random(700)
    native, other = (
        (
            langevin(given, theta, g, noise=noise(), scale_drift=2.0, device=device, **OPTIONS),
            predictions(given, theta, device=device),
            predictions(given, theta, shares, device=device),
        )
        for device in ("cpu", "cpu:0")
    )
    for mine, theirs in zip(native, other, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-13, atol=1e-13)


def test_predictions_along_the_way_and_frozen_runs_agree():
    given, times = problem(loss=LogisticLoss()), [0, 2, 2, 5]
    for method in (MeanFieldLangevin(0.02), MeanFieldLangevin(0.02, "sgd", batch=3, frozen=True)):
        native, other = (
            run(given, method, cloud(given), noise(), times, steps=6, device=device) for device in ("cpu", "cpu:0")
        )
        assert native.predictions.shape == (4, 9)
        np.testing.assert_array_equal(native.predictions[1], native.predictions[2])
        np.testing.assert_allclose(other.predictions, native.predictions, rtol=0, atol=1e-13)
        np.testing.assert_allclose(other.theta, native.theta, rtol=0, atol=1e-13)


@NEURONS
def test_single_precision_stays_single_and_close(neuron):
    given = problem(neuron)
    double, single = (
        mean_field_langevin(given, cloud(given), noise=noise(), device="cpu:0", dtype=dtype, **OPTIONS)
        for dtype in ("float64", "float32")
    )
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(single, double, rtol=0, atol=3e-6)


def test_a_generator_of_torch_draws_on_the_device():
    given, count = problem(Linear(), dim=2), 40_000

    def end(seed):
        generator = torch.Generator().manual_seed(seed)
        return langevin(
            given, np.zeros((count, 2)), np.zeros(9), step_size=0.3, steps=40, noise=generator, device="cpu:0"
        )

    found, variance = end(1), 0.2 / (2 * 0.3 * (1 - 0.3 * 0.3))
    np.testing.assert_array_equal(found, end(1))
    assert np.all(np.abs(found.mean(axis=0)) < 4.5 * (variance / count) ** 0.5)
    assert np.all(np.abs(found.var(axis=0) / variance - 1) < 4.5 * (2 / count) ** 0.5)


class Recorder(overrides.TorchFunctionMode):
    """Counts calls, and keeps the dtypes, devices and the largest size of what they return."""

    def __init__(self):
        super().__init__()
        self.calls, self.dtypes, self.devices, self.largest = Counter(), set(), set(), 0

    def __torch_function__(self, function, types, arguments=(), options=None):
        name = getattr(function, "__name__", str(function))
        self.calls[name] += 1
        if name == "cpu" and arguments[0].is_meta:
            return torch.zeros(arguments[0].shape, dtype=arguments[0].dtype, device="cpu")
        answer = function(*arguments, **(options or {}))
        if isinstance(answer, torch.Tensor) and name not in ("cpu", "numpy"):
            self.dtypes.add(answer.dtype)
            self.devices.add(answer.device.type)
            self.largest = max(self.largest, answer.numel())
        return answer


def recorded(move, *arguments, **options):
    with Recorder() as recorder:
        found = move(*arguments, device="meta", **options)
    return recorder, found


@NEURONS
@LOSSES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_on_a_device_nothing_is_read_back_and_nothing_promoted(neuron, loss, dtype):
    if isinstance(neuron, Linear):
        loss = SquaredLoss()
    given = problem(neuron, loss)
    generator = torch.Generator()  # torch has none for this device, and uses none of its numbers
    counts = []
    for steps in (3, 9):
        recorder, found = recorded(
            mean_field_langevin, given, cloud(given), step_size=0.02, steps=steps, noise=generator, dtype=dtype
        )
        assert found.shape == (700, given.dimension)
        assert recorder.devices == {"meta"}
        assert recorder.dtypes == {getattr(torch, dtype)}
        counts.append([recorder.calls[name] for name in ("tensor", "cpu", "to")])
    assert counts[0] == counts[1]
    assert counts[0][1] == 1


def test_noise_of_numpy_is_moved_once_for_many_steps():
    given = problem()
    few, _ = recorded(langevin, given, cloud(given, 30), np.ones(9), step_size=0.02, steps=10, noise=noise())
    many, _ = recorded(langevin, given, cloud(given, 30), np.ones(9), step_size=0.02, steps=700, noise=noise())
    assert few.calls["tensor"] == many.calls["tensor"]


def test_a_hundred_thousand_particles_and_a_thousand_points_go_in_tiles():
    given = problem(size=1000, dim=10)
    recorder, found = recorded(
        mean_field_langevin, given, cloud(given, 100_000), step_size=0.01, steps=1, noise=torch.Generator()
    )
    assert found.shape == (100_000, 10)
    assert recorder.largest <= particles_torch._LARGE_TILE < 1e8


def test_the_default_dtype_and_device_of_torch_change_no_bit():
    given = problem()

    def end():
        return mean_field_langevin(given, cloud(given), noise=noise(), device="cpu:0", **OPTIONS)

    expected, before = end(), torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float16)
        with torch.device("meta"):
            np.testing.assert_array_equal(end(), expected)
    finally:
        torch.set_default_dtype(before)


def test_what_torch_cannot_do_is_refused_in_one_sentence():
    class Own(Tanh):
        pass

    given = problem(Own())
    theta = cloud(given, 4)
    native = langevin(given, theta, np.ones(9), noise=noise(), **OPTIONS)
    np.testing.assert_allclose(
        native, langevin(problem(), theta, np.ones(9), noise=noise(), **OPTIONS), rtol=0, atol=1e-13
    )
    with pytest.raises(
        ValueError, match="on torch particles are moved for the neurons Tanh, TwoLayerTanh, Linear, not Own"
    ):
        langevin(given, theta, np.ones(9), noise=noise(), device="cpu:0", **OPTIONS)
    given = problem()
    with pytest.raises(ValueError, match="give `batches` where the noise is drawn by torch"):
        mean_field_langevin(given, theta, noise=torch.Generator(), gradients="sgd", device="cpu:0", **OPTIONS)
    with pytest.raises(ValueError, match="a torch generator draws on a device of torch"):
        langevin(given, theta, np.ones(9), noise=torch.Generator(), **OPTIONS)
