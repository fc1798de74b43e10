"""Averaged SGD on a network of width 1024, batch 1: against the loop that a torch user writes, and jax's scan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from conftest import Measure, relative

from dltheory.ntk import averaged_sgd
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import uniform

WIDTH, DIM, STEPS = 1024, 10, 2000
ETA, RIDGE = 0.1, 1e-3
ACCURACY = {"float32": 1e-3, "float64": 1e-11}  # of the predictions after 2000 steps


@dataclass(frozen=True)
class Setting:
    """One network, one stream, and points to compare predictions at."""

    initial: averaged_sgd.Parameters
    inputs: np.ndarray
    labels: np.ndarray
    points: np.ndarray

    network = averaged_sgd.TwoLayerNetwork(WIDTH, DIM, activation="tanh")

    @classmethod
    def of(cls, dtype: str) -> Setting:
        """Return the same numbers in either precision."""
        rng = np.random.default_rng(0)
        initial = averaged_sgd.initialise(cls.network, [rng], dtype)
        inputs = uniform(rng, STEPS, DIM)
        labels = np.sin(3 * inputs[:, 0]) + 0.3 * rng.standard_normal(STEPS)
        return cls(initial, inputs.astype(dtype), labels.astype(dtype), uniform(rng, 100, DIM).astype(dtype))

    def ours(self) -> averaged_sgd.Parameters:
        """Run the compiled loop."""
        sgd = AveragedSGD(step_size=ETA, ridge=RIDGE, horizon=STEPS)
        return averaged_sgd.run(self.network, sgd, self.initial, self.inputs[None], self.labels[None])

    def predictions(self, parameters: averaged_sgd.Parameters) -> np.ndarray:
        """Return g at the points."""
        return averaged_sgd.predict(self.network, parameters, self.points)[0]


def torch_loop(setting: Setting) -> np.ndarray:
    """Return the averaged network's predictions, by autograd, `optim.SGD` and `AveragedModel`."""
    import torch
    from torch.optim.swa_utils import AveragedModel

    a, B, c = (torch.from_numpy(part[0].copy()) for part in setting.initial)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = torch.nn.Linear(DIM, WIDTH, dtype=a.dtype)
            self.output = torch.nn.Linear(WIDTH, 1, bias=False, dtype=a.dtype)
            with torch.no_grad():
                self.hidden.weight.copy_(B.T)
                self.hidden.bias.copy_(c)
                self.output.weight.copy_(a[None])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.output(torch.tanh(self.hidden(x))) / math.sqrt(WIDTH)

    model = Network()
    start = [p.detach().clone() for p in model.parameters()]
    optimiser = torch.optim.SGD(model.parameters(), lr=ETA)
    average = AveragedModel(model)
    average.update_parameters(model)  # the mean includes the initial network
    for x, y in zip(torch.from_numpy(setting.inputs), torch.from_numpy(setting.labels), strict=True):
        optimiser.zero_grad()
        loss = (model(x) - y).square().sum() / 2
        loss.backward()
        for parameter, origin in zip(model.parameters(), start, strict=True):
            parameter.grad.add_(parameter.detach() - origin, alpha=RIDGE)
        optimiser.step()
        average.update_parameters(model)
    with torch.no_grad():
        return average(torch.from_numpy(setting.points))[:, 0].numpy()


def jax_scan(setting: Setting) -> Callable[[], np.ndarray]:
    """Return the loop as `lax.scan` over `grad`, feature-major, compiled."""
    jax = pytest.importorskip("jax", reason="jax is no dependency: install it to compare with its compiled scan")
    jax.config.update("jax_enable_x64", True)
    start = tuple(part[0] for part in setting.initial)

    def output(theta, x):
        a, B, c = theta
        return jax.numpy.tanh(x @ B + c) @ a / math.sqrt(WIDTH)

    def loss(theta, x, y):
        return (output(theta, x) - y) ** 2 / 2

    @jax.jit
    def run(theta, inputs, labels):
        def step(carry, sample):
            t, now, mean = carry
            gradient = jax.grad(loss)(now, *sample)
            now = tuple(p - ETA * (g + RIDGE * (p - o)) for p, g, o in zip(now, gradient, theta, strict=True))
            mean = tuple(m + (p - m) / (t + 1).astype(p.dtype) for m, p in zip(mean, now, strict=True))
            return (t + 1, now, mean), None

        (_, _, mean), _ = jax.lax.scan(step, (1, theta, theta), (inputs, labels))
        return output(mean, points)

    start, inputs, labels, points = jax.device_put((start, setting.inputs, setting.labels, setting.points))
    return lambda: np.asarray(run(start, inputs, labels))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("peer", ["torch autograd + SGD + AveragedModel", "jax scan + grad, feature-major"])
def test_network_sgd(dtype: str, peer: str, side_by_side: Measure) -> None:
    """Averaged predictions agree; steps a second side by side."""
    setting = Setting.of(dtype)
    other = (lambda: torch_loop(setting)) if peer.startswith("torch") else jax_scan(setting)
    difference = relative(setting.predictions(setting.ours()), other())
    side_by_side(
        f"network averaged SGD, M = {WIDTH}, {dtype}", setting.ours, other, name=peer, unit="steps/s", work=STEPS,
        difference=difference,
    )  # fmt: skip
    assert difference < ACCURACY[dtype]
