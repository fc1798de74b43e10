"""L2 distances of a network on the sphere, and its distance to the infinite-width predictor on the same stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dltheory.ntk import circle_sgd, kernel_sgd
from dltheory.ntk.averaged_sgd import Parameters, TwoLayerNetwork, predict, run
from dltheory.ntk.kernel_sgd import Backend
from dltheory.ntk.kernels import Layers, NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import uniform, zonal_quadrature

Array = npt.NDArray[np.float64]
_CIRCLE_POINTS = 256
_LATITUDES = 48
_AROUND = 64
_FOURIER_DEGREES = 1024
_TRAINED: dict[frozenset[str], Layers] = {
    frozenset("abc"): "both", frozenset("ab"): "both", frozenset("a"): "output",
    frozenset("bc"): "input", frozenset("b"): "input",
}  # fmt: skip


class Rule(NamedTuple):
    """Points (n, d) on the sphere, or (R, n, d) with each replicate's own, and weights (n,) that sum to 1."""

    points: Array
    weights: Array

    def squared_norm(self, values: npt.ArrayLike) -> Array:
        """Return the squared L2 norm (R,) of functions given by their `values` (R, n) at the points."""
        f = np.asarray(values, dtype=np.float64)
        return np.asarray((f * f) @ self.weights)


def circle_rule(count: int = _CIRCLE_POINTS) -> Rule:
    """Return the trapezoid rule on S¹, which integrates Fourier degrees below `count` exactly.

    The square of a function of degree up to count/2 is exact; energy beyond folds back, so that the error is
    about that energy: at 256 points 1e-7 for ReLU networks.
    """
    theta = np.arange(count) * (2 * np.pi / count)
    return Rule(np.stack([np.cos(theta), np.sin(theta)], axis=1), np.full(count, 1 / count))


def sphere_rule(
    dim: int,
    generators: Sequence[np.random.Generator] = (),
    *,
    latitudes: int = _LATITUDES,
    around: int = _AROUND,
) -> Rule:
    """Return a rule for d ≥ 3: Gauss along e_1, the axis of the target, and directions around it.

    Polynomials in x·e_1 of degree below 2 · `latitudes` are exact. Around the axis d = 3 has an equispaced
    circle, exact below degree `around`; d ≥ 4 has `around` random directions ±u at each latitude, drawn anew for
    each generator: *unbiased*, the part of a function that varies around the axis is sampled.
    """
    if dim < 3:
        raise ValueError(f"a rule along an axis needs dim of at least 3, got {dim}; on the circle use circle_rule")
    cosine, weights = zonal_quadrature(dim, latitudes)
    flat = np.repeat(weights / around, around)
    if dim == 3:
        directions = np.tile(circle_rule(around).points, (latitudes, 1))[None]
    elif not generators:
        raise ValueError("in dim 4 and above the rule is random: give one generator a replicate")
    else:
        half = [uniform(g, latitudes * around // 2, dim - 1).reshape(latitudes, -1, dim - 1) for g in generators]
        directions = np.stack([np.concatenate([u, -u], axis=1).reshape(-1, dim - 1) for u in half])
    t = np.repeat(cosine, around)[:, None]
    axis = np.broadcast_to(t, (len(directions), *t.shape))
    points = np.concatenate([axis, np.sqrt(1 - t * t) * directions], axis=2)
    return Rule(points[0] if dim == 3 else points, flat)


def squared_error(
    model: SphereRegression, network: TwoLayerNetwork, parameters: Parameters, rule: Rule | None = None
) -> Array:
    """Return ‖g - g_ρ‖² in L2(ρ) of R networks, shape (R,); on the circle the rule defaults to 256 points."""
    rule = _default(network, rule)
    return rule.squared_norm(predict(network, parameters, rule.points) - model.target(rule.points))


def limit_kernel(network: TwoLayerNetwork) -> NeuralTangentKernel:
    """Return the tangent kernel of the network at infinite width and, for swish, infinite sharpness."""
    layers = _TRAINED.get(frozenset(network.trained))
    if layers is None:
        raise ValueError(f"no closed-form kernel with only the blocks {network.trained} trained")
    if network.activation == "tanh":
        raise ValueError("the closed-form kernel is that of ReLU, the limit of swish; tanh has none here")
    return NeuralTangentKernel(
        network.dim,
        output_scale=network.output_scale,
        bias_scale=network.bias_scale if layers == "output" or "c" in network.trained else 0.0,
        layers=layers,
        initialisation=network.initial_law,
    )


class WidthGap(NamedTuple):
    """Squared L2 distances, one a replicate: network to target, limit to target, network to limit."""

    network_risk: Array
    limit_risk: Array
    squared_gap: Array


def network_and_limit(
    model: SphereRegression,
    network: TwoLayerNetwork,
    sgd: AveragedSGD,
    initial: Parameters,
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    rule: Rule | None = None,
    device: str = "cpu",
    backend: Backend | None = None,
) -> WidthGap:
    """Run the network and its infinite-width limit on the same streams and measure all three on one rule.

    `inputs` (R, T, d) and `labels` (R, T). The mean limit risk is known exactly (the moment recursion), so that
    network risk - limit risk is a control variate, and the squared gap falls like 1/M.

    Source: Nitanda & Suzuki (ICLR 2021), Proposition A; the rate 1/M is derived.
    """
    rule = _default(network, rule)
    averaged = run(network, sgd, initial, inputs, labels, device=device, backend=backend)
    finite = predict(network, averaged, rule.points).astype(np.float64)
    infinite = _limit(model, network, sgd, np.asarray(inputs), np.asarray(labels), rule, device, backend)
    target = model.target(rule.points)
    return WidthGap(*(rule.squared_norm(f) for f in (finite - target, infinite - target, finite - infinite)))


def _default(network: TwoLayerNetwork, rule: Rule | None) -> Rule:
    if rule is None and network.dim != 2:
        raise ValueError(f"in dim {network.dim} give the points: rule=sphere_rule({network.dim}, generators)")
    return circle_rule() if rule is None else rule


def _limit(
    model: SphereRegression,
    network: TwoLayerNetwork,
    sgd: AveragedSGD,
    inputs: Array,
    labels: Array,
    rule: Rule,
    device: str,
    backend: Backend | None,
) -> Array:
    """The infinite-width predictor (R, n) on the points of the rule; Fourier on the circle, where T² is costly."""
    kernel = limit_kernel(network)
    if network.dim > 2:
        a = kernel_sgd.run(kernel, sgd, inputs, labels, device=device, backend=backend)
        return kernel_sgd.predict(kernel, a, inputs, rule.points)
    wide = replace(model, kernel=kernel, energy=np.zeros(_FOURIER_DEGREES + 1))
    angles, where = (np.arctan2(x[..., 1], x[..., 0]) for x in (inputs, rule.points))
    return circle_sgd.predict(circle_sgd.run(wide, sgd, angles, labels, device=device, backend=backend), where)
