"""What the claims of this chapter share: regression on the sphere, schedules, exact risk, simulated SGD.

The algorithms are imported where they run, so that listing the catalogue stays instant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.ntk.regression import SphereRegression
    from dltheory.ntk.schedule import AveragedSGD, Averaging

Array = npt.NDArray[np.float64]
Layers = Literal["both", "output", "input"]
Degrees = Literal["all", "even", "odd"]
_LISTED = 4000  # degrees kept one by one; a quadrature stands for the rest


def schedule(
    horizon: int, *, r: float, d: int, scale: float, eta: float, layers: Layers = "both",
    ridge_power: float | None = None, average: Averaging = "uniform",
) -> AveragedSGD:  # fmt: skip
    """Return the theorem's schedule λ = scale · T^(-β/(2rβ+1)), or λ = scale · T^-ridge_power for a sabotage."""
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.schedule import AveragedSGD
    from dltheory.ntk.spectrum import beta

    if ridge_power is not None:
        return AveragedSGD(eta, scale * float(horizon) ** -ridge_power, horizon, average)
    decay = beta(NeuralTangentKernel(d, layers=layers))
    return AveragedSGD.from_theory(r=r, beta=decay, horizon=horizon, scale=scale, step_size=eta, averaging=average)


@lru_cache(maxsize=64)
def regression(
    d: int, r: float, noise: float, max_degree: int, layers: Layers = "both", degrees: Degrees = "all",
    gamma: float = 1.0, odd_energy: float = 0.0, odd_degree: int = 3,
) -> SphereRegression:  # fmt: skip
    """Return the target on the boundary of the source set, ‖g‖² = 1/4, plus `odd_energy` in one odd degree.

    The source set is that of the kernel with bias; `gamma` is the bias scale of the kernel that learns.
    """
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.regression import SphereRegression

    problem = SphereRegression.on_boundary(
        NeuralTangentKernel(d, layers=layers), r=r, max_degree=max_degree, noise_variance=noise, degrees=degrees
    )
    energy = problem.energy.copy()
    energy[odd_degree] += odd_energy
    learner = NeuralTangentKernel(d, layers=layers, bias_scale=gamma)
    return SphereRegression(learner, energy, noise, tail_energy=problem.tail_energy)


def truncation(d: int, sgd: AveragedSGD, layers: Layers = "both") -> int:
    """Return the degree up to which the model is followed: 20 times the cut-off of ridge and of time.

    Beyond it the target is not learnt at all, within 20^-d, and counts with its whole energy.
    """
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.spectrum import degree_decay

    constant, exponent = degree_decay(NeuralTangentKernel(d, layers=layers), "even")
    cut_off = (constant / max(sgd.ridge, 1 / (sgd.step_size * sgd.horizon))) ** (1 / exponent)
    return int(max(32, 16 * math.ceil(20 * cut_off / 16)))


def risk_curve(
    x: Array, *, r: float, scale: float, noise: float, eta: float, d: int = 2, layers: Layers = "both",
    degrees: Degrees = "all", ridge_power: float | None = None, average: Averaging = "uniform",
    target_r: float | None = None, gamma: float = 1.0, odd_energy: float = 0.0, odd_degree: int = 3,
    whole: bool = False,
) -> dict[str, Array]:  # fmt: skip
    """Return squared bias and variance of the infinite-width algorithm at every horizon, exactly.

    `whole` follows the kernel a thousand times beyond the cut-off instead of truncating it where the
    simulation on the circle does.
    """
    from dltheory.ntk.condensed import condense
    from dltheory.ntk.expected_risk_spectral import expected_risk_spectral

    rows = []
    for horizon in x:
        sgd = schedule(
            int(horizon), r=r, d=d, scale=scale, eta=eta, layers=layers, ridge_power=ridge_power, average=average
        )  # fmt: skip
        reach = truncation(d, sgd, layers) * (1000 if whole else 1)
        problem = regression(
            d, target_r or r, noise, min(reach, _LISTED), layers, degrees, gamma, odd_energy, odd_degree
        )  # fmt: skip
        model, beyond = condense(problem, r=target_r or r, reach=reach)
        risk = expected_risk_spectral(model, sgd)
        rows.append((risk.bias + beyond, risk.variance))
    bias, variance = np.array(rows).T
    return {"bias": bias, "variance": variance}


def circle_risk(
    horizon: int, streams: Sequence[Stream], *, r: float, scale: float, noise: float, eta: float,
    layers: Layers = "both", degrees: Degrees = "all", ridge_power: float | None = None,
    average: Averaging = "uniform", target_r: float | None = None, gamma: float = 1.0, odd_energy: float = 0.0,
    odd_degree: int = 3, device: str = "cpu",
) -> Array:  # fmt: skip
    """Run averaged kernel SGD on the circle, one pass over T fresh samples; return ‖ḡ_T − g_ρ‖² a replicate."""
    sgd = schedule(
        horizon, r=r, d=2, scale=scale, eta=eta, layers=layers, ridge_power=ridge_power, average=average
    )  # fmt: skip
    problem = regression(
        2, target_r or r, noise, truncation(2, sgd, layers), layers, degrees, gamma, odd_energy, odd_degree
    )  # fmt: skip
    return limit_risk(problem, sgd, *samples(problem, streams, horizon), device)


def sphere_risk(
    horizon: int, streams: Sequence[Stream], *, d: int, r: float, scale: float, noise: float, eta: float,
    ridge_power: float | None = None, average: Averaging = "uniform", target_r: float | None = None,
    gaussian: bool = False, device: str = "cpu",
) -> Array:  # fmt: skip
    """Run averaged kernel SGD on S^(d-1) as a kernel expansion; return ‖ḡ_T − g_ρ‖² a replicate."""
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.regression import SphereRegression

    sgd = schedule(horizon, r=r, d=d, scale=scale, eta=eta, ridge_power=ridge_power, average=average)
    problem = regression(d, target_r or r, noise, truncation(d, sgd))
    if gaussian:
        learner = NeuralTangentKernel(d, initialisation="gaussian")
        problem = SphereRegression(learner, problem.energy, noise, tail_energy=problem.tail_energy)
    return limit_risk(problem, sgd, *samples(problem, streams, horizon), device)


def limit_risk(problem: SphereRegression, sgd: AveragedSGD, points: Array, labels: Array, device: str) -> Array:
    """Run averaged SGD at infinite width on given samples, in Fourier features on the circle; return its risk (R,)."""
    from dltheory.ntk import circle_sgd, kernel_sgd

    if problem.kernel.dim == 2:
        angles = np.arctan2(points[..., 1], points[..., 0])
        coefficients = circle_sgd.run(problem, sgd, angles, labels, device=device)
        return circle_sgd.squared_error(problem, coefficients, tail_energy=problem.tail_energy)
    coefficients = kernel_sgd.run(problem.kernel, sgd, points, labels, device=device)
    return kernel_sgd.squared_error(problem, coefficients, points, tail_energy=problem.tail_energy)


def samples(problem: SphereRegression, streams: Sequence[Stream], count: int) -> tuple[Array, Array]:
    """Return inputs (R, T, d) and labels (R, T), the first T of every replicate's stream."""
    drawn = [problem.sample(s.numpy("inputs"), s.numpy("noise"), count) for s in streams]
    return np.stack([points for points, _ in drawn]), np.stack([labels for _, labels in drawn])
