"""Averaged SGD on a two-layer network near its tangent kernel: the real thing, at finite width.

    g(x) = M^{-1/2} Σ_r a_r σ(b_r·x + γ c_r),   all of a, b, c trained, ridge to the initial value

Source: Nitanda & Suzuki (ICLR 2021), Algorithm 1. Parameters are averaged, not outputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from dltheory.ntk import network_loop, network_torch
from dltheory.ntk.kernel_sgd import Backend, averaging_weights, check_stream, use_torch
from dltheory.ntk.network_activations import KINDS, Activation, activate
from dltheory.ntk.network_loop import Steps
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import check_dimension, uniform

Array = npt.NDArray[np.floating]
Block = Literal["a", "b", "c"]
_VALUES_AT_ONCE = 2**15  # stays in the second-level cache


class Parameters(NamedTuple):
    """Weights of R networks of width M, feature-major: a (R, M), b (R, d, M), c (R, M)."""

    output: Array
    weights: Array
    biases: Array


@dataclass(frozen=True)
class TwoLayerNetwork:
    """Width M, dimension d, activation σ and where the network starts.

    σ is "swish" u/(1 + e^{-su}) with s = `sharpness`, "tanh" or "relu", the limit s → ∞ (outside the theorem,
    which wants σ'' bounded). At the start c = 0, b_r is uniform on the sphere or standard normal, a_r = ±R =
    `output_scale`. `symmetric` starts at g = 0: b_r = b_{r+M/2}, a_r = R = -a_{r+M/2}; otherwise neurons
    and signs are independent. γ is `bias_scale`.

    What the theorem does not do, for controls: `anchor="zero"` puts the ridge to 0 instead of the initial value;
    `trained` names the blocks that move, the others stay where they start.
    """

    width: int
    dim: int
    activation: Activation = "swish"
    sharpness: float = 50.0
    output_scale: float = 1.0
    bias_scale: float = 1.0
    initial_law: Literal["sphere", "gaussian"] = "sphere"
    symmetric: bool = True
    anchor: Literal["initial", "zero"] = "initial"
    trained: tuple[Block, ...] = ("a", "b", "c")

    def __post_init__(self) -> None:
        check_dimension(self.dim)
        if self.width < 2 or self.width % 2:
            raise ValueError(f"width must be even and at least 2 to start at zero by symmetry, got {self.width}")
        if self.activation not in get_args(Activation):
            raise ValueError(f"activation must be one of {get_args(Activation)}, got {self.activation!r}")
        if not 0 < self.sharpness < math.inf:
            raise ValueError(f"sharpness must be positive and finite, got {self.sharpness}")
        if not 0 < self.output_scale < math.inf:
            raise ValueError(f"output_scale R must be positive and finite, got {self.output_scale}")
        if not 0 <= self.bias_scale <= 1:
            raise ValueError(f"bias_scale γ must lie in [0, 1], got {self.bias_scale}")
        if self.initial_law not in ("sphere", "gaussian"):
            raise ValueError(f"initial_law must be 'sphere' or 'gaussian', got {self.initial_law!r}")
        if self.anchor not in ("initial", "zero"):
            raise ValueError(f"anchor must be 'initial' or 'zero', got {self.anchor!r}")
        if not self.trained or not set(self.trained) <= set("abc"):
            raise ValueError(f"trained must name some of 'a', 'b', 'c', got {self.trained!r}")


def initialise(
    network: TwoLayerNetwork, generators: Sequence[np.random.Generator], dtype: npt.DTypeLike = np.float64
) -> Parameters:
    """Return initial parameters, one network a generator.

    Nested: with the symmetric start, the first M/2 neurons of a stream are the same whatever M is.
    """
    half = network.width // 2 if network.symmetric else network.width
    output, weights = [], []
    for generator in generators:
        if network.initial_law == "sphere":
            drawn = uniform(generator, half, network.dim)
        else:
            drawn = generator.standard_normal((half, network.dim))
        if network.symmetric:
            signs = np.repeat([1.0, -1.0], half)
            drawn = np.concatenate([drawn, drawn])
        else:
            signs = np.where(generator.random(half) < 0.5, -1.0, 1.0)
        output.append(network.output_scale * signs)
        weights.append(drawn.T)
    a = np.array(output, dtype=dtype)
    return Parameters(a, np.ascontiguousarray(np.array(weights, dtype=dtype)), np.zeros_like(a))


def run(
    network: TwoLayerNetwork,
    sgd: AveragedSGD,
    initial: Parameters,
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    device: str = "cpu",
    backend: Backend | None = None,
) -> Parameters:
    """Return the averaged parameters (the last ones if `sgd.averaging` is "last") of R networks.

    `inputs` (R, T, d), `labels` (R, T): replicate r starts at row r of `initial` and sees stream r once.
    Computes in the dtype of `initial`: a compiled loop on the CPU, torch elsewhere or with `backend="torch"`.

    Source: Nitanda & Suzuki (ICLR 2021), Algorithm 1.
    """
    x, y = check_stream(sgd, inputs, labels, network.dim)
    _check_parameters(network, initial, len(y))
    steps = _steps(network, sgd)
    # the bias is one more input of value γ
    extended = np.concatenate([np.full((*y.shape, 1), network.bias_scale), x], axis=2)
    inner = np.concatenate([initial.biases[:, None], initial.weights], axis=1)
    if use_torch(device, backend):
        outer_sum, inner_sum = network_torch.gradient_sums(steps, extended, y, initial.output, inner, device)
    else:
        outer_sum, inner_sum = network_loop.gradient_sums(steps, extended, y, initial.output, inner)
    share = [_share_of_start(keep, sgd) for keep in steps.keeps]
    return Parameters(
        share[0] * initial.output + outer_sum,
        share[2] * initial.weights + inner_sum[:, 1:],
        share[1] * initial.biases + inner_sum[:, 0],
    )


def _steps(network: TwoLayerNetwork, sgd: AveragedSGD) -> Steps:
    decay = 1 - sgd.step_size * sgd.ridge
    a, c, b = (block in network.trained for block in ("a", "c", "b"))
    # a ridge to zero is a ridge to the initial value that also shrinks the initial value
    fade = decay if network.anchor == "zero" else 1.0
    return Steps(
        activation=network.activation,
        sharpness=network.sharpness,
        rates=(sgd.step_size * a, sgd.step_size * c, sgd.step_size * b),
        keeps=(fade if a else 1.0, fade if c else 1.0, fade if b else 1.0),
        decay=decay,
        weights=averaging_weights(sgd),
    )


def _share_of_start(keep: float, sgd: AveragedSGD) -> float:
    """What the output keeps of the initial value: the mean of keep^t over t ≤ T, or the last of them."""
    powers = keep ** np.arange(sgd.horizon + 1.0)
    return float(powers[-1] if sgd.averaging == "last" else powers.mean())


def _check_parameters(network: TwoLayerNetwork, parameters: Parameters, count: int) -> None:
    expected = (count, network.width), (count, network.dim, network.width), (count, network.width)
    if (shapes := tuple(part.shape for part in parameters)) != expected:
        raise ValueError(f"initial parameters must have shapes {expected}, got {shapes}")
    if len({part.dtype for part in parameters}) > 1 or parameters.output.dtype not in (np.float32, np.float64):
        raise ValueError("initial parameters must all be float64 or all float32")


def predict(network: TwoLayerNetwork, parameters: Parameters, points: npt.ArrayLike) -> Array:
    """Return g (R, n) at `points` (n, d), or (R, n, d) for points of each replicate's own."""
    where = np.asarray(points, dtype=parameters.weights.dtype)
    where = np.broadcast_to(where, (len(parameters.output), *where.shape[-2:]))
    out = np.empty(where.shape[:2], where.dtype)
    batch = max(1, _VALUES_AT_ONCE // network.width)
    for r, (a, b, c) in enumerate(zip(*parameters, strict=True)):
        bias = out.dtype.type(network.bias_scale) * c
        for start in range(0, where.shape[1], batch):
            rows = slice(start, start + batch)
            z = (where[r, rows] @ b + bias).reshape(-1)
            value, slope = np.empty_like(z), np.empty_like(z)
            activate(KINDS[network.activation], network.sharpness, z, value, slope)
            out[r, rows] = value.reshape(-1, network.width) @ a
    return out / out.dtype.type(math.sqrt(network.width))
