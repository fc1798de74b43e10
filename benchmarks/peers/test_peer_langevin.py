"""Mean-field Langevin dynamics, M = 1024, n = 1000, d = 10: against autograd, compiled scans and careful numpy.

All draw their own noise while they are timed. That they compute the same is asserted without it, where the dynamics
are a descent of the whole cloud.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from conftest import Measure, relative

from dltheory.meanfield.langevin import MeanFieldLangevin, run
from dltheory.meanfield.problem import MeanFieldProblem

PARTICLES, POINTS, DIM, STEPS = 1024, 1000, 10, 50
ETA, L2, TEMPERATURE = 0.05, 0.01, 0.01
ACCURACY = {"float32": 1e-5, "float64": 1e-12}  # of particles after 50 steps
ROWS = 50  # of activations that careful numpy makes at once
Loop = Callable[[], np.ndarray]


@dataclass(frozen=True)
class Setting:
    """The same numbers in either precision; `heat` 0 leaves out the noise."""

    problem: MeanFieldProblem
    theta: np.ndarray
    dtype: str
    heat: float = 1.0

    @classmethod
    def of(cls, dtype: str) -> Setting:
        """Return points on which the sign of one coordinate is to be learnt, and particles of the prior."""
        rng = np.random.default_rng(0)
        inputs = rng.standard_normal((POINTS, DIM)).astype(np.float32).astype(np.float64)
        theta = 0.5 * rng.standard_normal((PARTICLES, DIM)).astype(np.float32)
        return cls(MeanFieldProblem(inputs, np.sign(inputs[:, 0]), L2, TEMPERATURE), theta.astype(dtype), dtype)

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels in the precision."""
        return self.problem.inputs.astype(self.dtype), self.problem.labels.astype(self.dtype)

    @property
    def width(self) -> float:
        """The standard deviation of a step's noise."""
        return math.sqrt(2 * self.heat * TEMPERATURE * ETA)

    def ours(self) -> np.ndarray:
        """Run the compiled loop."""
        method = MeanFieldLangevin(ETA, heat=self.heat)
        noise = np.random.default_rng(1)
        return run(self.problem, method, self.theta, noise, [], steps=STEPS, dtype=self.dtype).theta


def objective(theta: Any, inputs: Any, labels: Any, tanh: Callable[[Any], Any]) -> Any:
    """M times the regularised risk of the network of particles (d, M), in torch or jax."""
    z = tanh(inputs @ theta).mean(1)
    return PARTICLES * (((z - labels) ** 2).mean() / 2 + L2 * (theta**2).sum(0).mean())


def torch_autograd(setting: Setting) -> Loop:
    """Return the loop that a torch user writes."""
    import torch

    inputs, labels = (torch.from_numpy(part) for part in setting.data)

    def loop() -> np.ndarray:
        theta = torch.tensor(setting.theta.T.copy(), requires_grad=True)
        for _ in range(STEPS):
            (gradient,) = torch.autograd.grad(objective(theta, inputs, labels, torch.tanh), theta)
            with torch.no_grad():
                theta.add_(gradient, alpha=-ETA).add_(torch.randn_like(theta), alpha=setting.width)
        return theta.detach().numpy().T

    return loop


def jax_scan(setting: Setting) -> Loop:
    """Return `lax.scan` over `grad`, compiled."""
    jax = pytest.importorskip("jax", reason="jax is no dependency: install it to compare with its compiled scan")
    jax.config.update("jax_enable_x64", setting.dtype == "float64")
    inputs, labels, start = jax.device_put((*setting.data, setting.theta.T.copy()))

    @jax.jit
    def loop(start, inputs, labels, key):
        def step(theta, key):
            gradient = jax.grad(objective)(theta, inputs, labels, jax.numpy.tanh)
            xi = jax.random.normal(key, theta.shape, theta.dtype)
            return theta - ETA * gradient + setting.width * xi, None

        return jax.lax.scan(step, start, jax.random.split(key, STEPS))[0]

    return lambda: np.asarray(loop(start, inputs, labels, jax.random.key(0))).T


def blackjax_sgld(setting: Setting) -> Loop:
    """Return the sampler `sgld` of blackjax with full gradients, in a compiled scan."""
    blackjax = pytest.importorskip("blackjax", reason="blackjax is no dependency: install it to compare with its sgld")
    import jax

    jax.config.update("jax_enable_x64", setting.dtype == "float64")  # else blackjax promotes its noise
    inputs, labels, start = jax.device_put((*setting.data, setting.theta.T.copy()))
    sampler = blackjax.sgld(lambda theta, data: -jax.grad(objective)(theta, *data, jax.numpy.tanh))
    temperature = setting.heat * TEMPERATURE

    @jax.jit
    def loop(start, data, key):
        def step(theta, key):
            return sampler.step(key, theta, data, ETA, temperature), None

        return jax.lax.scan(step, sampler.init(start), jax.random.split(key, STEPS))[0]

    return lambda: np.asarray(loop(start, (inputs, labels), jax.random.key(0))).T


def careful_numpy(setting: Setting) -> Loop:
    """Return the loop by hand: feature-major, rows of activations that fit the cache, in place."""
    inputs, labels = setting.data
    blocks = [slice(i, i + ROWS) for i in range(0, POINTS, ROWS)]

    def loop() -> np.ndarray:
        theta, rng = np.ascontiguousarray(setting.theta.T), np.random.default_rng(1)
        h, z = np.empty((POINTS, PARTICLES), setting.dtype), np.empty(POINTS, setting.dtype)
        for _ in range(STEPS):
            for rows in blocks:
                np.matmul(inputs[rows], theta, out=h[rows])
                np.tanh(h[rows], out=h[rows])
                z[rows] = h[rows].mean(axis=1)
            weighted = inputs * ((z - labels) / POINTS)[:, np.newaxis]
            pull = 2 * L2 * theta
            for rows in blocks:
                slopes = h[rows]
                np.multiply(slopes, slopes, out=slopes)
                np.subtract(1, slopes, out=slopes)
                pull += weighted[rows].T @ slopes
            theta -= ETA * pull
            theta += setting.width * rng.standard_normal(theta.shape, dtype=theta.dtype)
        return theta.T

    return loop


PEERS = {
    "torch, autograd": torch_autograd, "jax, scan + grad": jax_scan, "blackjax, sgld": blackjax_sgld,
    "numpy, blocks of rows, in place": careful_numpy,
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("peer", PEERS)
def test_langevin_steps(dtype: str, peer: str, side_by_side: Measure) -> None:
    """Particles agree where no noise is drawn; steps a second side by side."""
    setting = Setting.of(dtype)
    cold = replace(setting, heat=0.0)
    difference = relative(cold.ours(), PEERS[peer](cold)())
    other = PEERS[peer](setting)
    setting.ours(), other()
    side_by_side(
        f"mean-field Langevin, M = {PARTICLES}, {dtype}", setting.ours, other, name=peer, unit="steps/s", work=STEPS,
        difference=difference,
    )  # fmt: skip
    assert difference < ACCURACY[dtype]
