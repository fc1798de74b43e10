"""Particles moved by Langevin dynamics, on a CPU or a GPU, in memory that does not grow with M·n.

`langevin` freezes the coefficients of the potential: the inner loop of dual averaging and the refresh of dual
coordinate ascent. `mean_field_langevin` takes them from the particles' own predictions. On "cpu" compiled loops run on
one thread; on any other device, "cpu:0" included, torch does, with the same noise where numpy draws it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.langevin import MeanFieldLangevin, run
from dltheory.meanfield.particles_loop import Gradients, cloud_of, frozen, landed
from dltheory.meanfield.particles_native import Step
from dltheory.meanfield.problem import MeanFieldProblem

if TYPE_CHECKING:
    from dltheory.meanfield.particles_loop import Noise

Particles = npt.NDArray[np.floating[Any]]
Array = npt.NDArray[np.float64]


def langevin(
    problem: MeanFieldProblem, theta: npt.ArrayLike, coefficients: npt.ArrayLike, *, step_size: float, steps: int,
    noise: Noise, scale_drift: float = 1.0, noise_temperature: float | None = None, device: str = "cpu",
    dtype: str = "float64",
) -> Particles:  # fmt: skip
    """Return particles (M, p) after `steps` of θ ← θ − ηs ∇((1/n) Σ g_i h_i + λ₁‖θ‖²) + √(2ητ) ξ with frozen g (n,).

    η is `step_size`, s `scale_drift` and τ `noise_temperature`, s λ₂ for None, so that the law tends to the Gibbs
    measure p[g] whatever s. A step costs M times as many neuron gradients as g has numbers other than 0. `noise` is a
    numpy generator, or a torch generator of the device. Computes in `dtype`; the answer lies feature-major.
    """
    g = np.asarray(coefficients, dtype=np.float64)
    if g.shape != (problem.size,) or not np.all(np.isfinite(g)):
        raise ValueError(f"expected {problem.size} finite coefficients, one a data point, got shape {g.shape}")
    if not 0 < step_size < math.inf:
        raise ValueError(f"the step size must be positive and finite, got {step_size}")
    if not 0 < scale_drift < math.inf:
        raise ValueError(f"the scale of the drift must be positive and finite, got {scale_drift}")
    if steps < 0:
        raise ValueError(f"the number of steps must not be negative, got {steps}")
    heat = scale_drift * problem.temperature if noise_temperature is None else noise_temperature
    if not 0 <= heat < math.inf:
        raise ValueError(f"the temperature of the noise must be finite and not negative, got {heat}")
    cloud, gain = cloud_of(problem, theta, device, dtype), step_size * scale_drift
    step = Step(1 - 2 * problem.l2 * gain, math.sqrt(2 * step_size * heat))
    frozen(cloud, g * (gain / problem.size), step, steps, noise)
    return landed(cloud, step_size)


def mean_field_langevin(
    problem: MeanFieldProblem, theta: npt.ArrayLike, *, step_size: float, steps: int, noise: Noise,
    gradients: Gradients = "full", batch: int = 1, refresh: int = 1, batches: np.random.Generator | None = None,
    device: str = "cpu", dtype: str = "float64",
) -> Particles:  # fmt: skip
    """Return particles (M, p) after `steps` of mean-field Langevin dynamics: g_i = ∂ℓ/∂z_i at their own predictions.

    θ_m ← θ_m − η ((1/n) Σ g_i ∇h_i(θ_m) + 2λ₁θ_m) + √(2λ₂η) ξ_m, all particles at once. "sgd" estimates the sum by a
    `batch` of points drawn with replacement, "svrg" by these and an anchor that takes all of the data every `refresh`
    steps. Points are drawn from `batches`, by default from the noise. ValueError for η ≥ 2/L. For predictions along
    the way see `dltheory.meanfield.langevin.run`.
    """
    if steps < 0:
        raise ValueError(f"the number of steps must not be negative, got {steps}")
    method = MeanFieldLangevin(step_size, gradients, batch, refresh)
    start = np.asarray(theta)
    return run(problem, method, start, noise, [], steps=steps, batches=batches, device=device, dtype=dtype).theta


def predictions(
    problem: MeanFieldProblem, theta: npt.ArrayLike, shares: npt.ArrayLike | None = None, *, device: str = "cpu",
    dtype: str = "float64",
) -> Array:  # fmt: skip
    """Return Σ_m shares_m h_i(θ_m) for particles (M, p), shape (n,), the mean for None, without a matrix (M, n)."""
    cloud = cloud_of(problem, theta, device, dtype)
    part = None if shares is None else np.asarray(shares, dtype=np.float64)
    if part is not None and part.shape != (cloud.theta.shape[1],):
        raise ValueError(f"expected one share a particle, {cloud.theta.shape[1]}, got shape {part.shape}")
    return np.asarray(cloud.host(cloud.predictions(cloud.points(), part)), dtype=np.float64)
