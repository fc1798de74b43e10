"""Dilated convolutional networks trained by Adam: filters and the network behind them at once, from samples alone.

Filters are softmax-relaxed (positive, one filter sums to 1: a blurred one-hot) or plain. The gradient of a filter entry
sees every coordinate whose place has that digit, so that a coordinate that is correlated with the labels pulls on all
layers at once; no theorem here says that it is found. All replicates are trained together, on the device asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from dltheory.gamma_smooth.convolution import DilatedConvolution, Step, positions
from dltheory.relu.adam import Adam, TrainedNetworks, forward, initial_layers

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class DilatedTraining:
    """`layers` convolutions of width 3 and `channels` channels, then a ReLU network of `depth` affine maps.

    Dilations are `base`^{l−1}; base 1 is the ordinary network of as many parameters. `relaxed` filters are softmaxes.
    All of the `starts` initial values get a short `trial`, after which the held-out samples choose the one that `adam`
    goes on from. ValueError for sizes that make no network.
    """

    layers: int
    channels: int = 1
    base: int = 3
    relaxed: bool = True
    hidden: int = 24
    depth: int = 2
    starts: int = 16
    trial: Adam = field(default_factory=lambda: Adam(steps=15, step_size=0.08))
    adam: Adam = field(default_factory=lambda: Adam(steps=100, step_size=0.08))

    WIDTH = 3

    def __post_init__(self) -> None:
        for name in ("layers", "channels", "base", "hidden", "depth", "starts"):
            if getattr(self, name) < 1:
                raise ValueError(f"the {name} of a trained convolution must be at least 1, got {getattr(self, name)}")

    @property
    def dilations(self) -> tuple[int, ...]:
        """h_l = base^{l−1}."""
        return tuple(self.base**layer for layer in range(self.layers))

    @property
    def reach(self) -> int:
        """The last place, from 1, that the output at position 1 can see."""
        return 1 + (self.WIDTH - 1) * sum(self.dilations)

    def fit(
        self, x: Array, y: Array, generators: Sequence[np.random.Generator], device: str = "cpu"
    ) -> TrainedConvolutions:
        """Return one network a replicate for inputs (R, n, D) of the cube and labels (R, n), in random order.

        Filters start near the mean of their taps. Coordinates beyond D count as zero, those beyond the reach are not
        seen.
        """
        if x.ndim != 3 or y.shape != x.shape[:2] or len(generators) != len(x):
            raise ValueError(f"expected inputs (R, n, D), labels (R, n) and R generators, got {x.shape} and {y.shape}")
        starting = [generator for generator in generators for _ in range(self.starts)]
        filters = self._initial_filters(starting)
        behind = initial_layers(self.channels, self.hidden, self.depth, starting)
        seen = np.zeros((len(x), x.shape[1], self.reach))
        seen[..., : x.shape[2]] = x[..., : self.reach]
        plan = positions([range(self.WIDTH)] * self.layers, self.dilations, self.reach)

        def predict(parameters: Sequence[Any], inputs: Any) -> Any:
            weights = [_softmax(p) if self.relaxed else p for p in parameters[: self.layers]]
            return forward(parameters[self.layers :], _scaled(inputs @ _mixing(plan, weights, inputs)))

        repeated, labels = np.repeat(seen, self.starts, axis=0), np.repeat(y, self.starts, axis=0)
        tried = self.trial.minimise(predict, [*filters, *behind], repeated, labels, device)
        last = self.trial.trained_on(x.shape[1])
        off = np.mean((self._networks(tried)(repeated[:, last:]) - labels[:, last:]) ** 2, axis=1)
        best = off.reshape(len(x), self.starts).argmin(axis=1) + self.starts * np.arange(len(x))
        return self._networks(self.adam.minimise(predict, [p[best] for p in tried], seen, y, device))

    def _networks(self, parameters: Sequence[Array]) -> TrainedConvolutions:
        weights = tuple(_softmax(p) if self.relaxed else p for p in parameters[: self.layers])
        return TrainedConvolutions(weights, self.dilations, TrainedNetworks(tuple(parameters[self.layers :])))

    def _initial_filters(self, generators: Sequence[np.random.Generator]) -> list[Array]:
        sides = [1, *[self.channels] * self.layers]
        drawn: list[list[Array]] = [[] for _ in range(self.layers)]
        for generator in generators:
            for layer in range(self.layers):
                shape = (sides[layer + 1], sides[layer], self.WIDTH)
                spread = 0.1 * generator.standard_normal(shape)
                drawn[layer].append(spread if self.relaxed else (1 + spread) / math.prod(shape[1:]))
        return [np.stack(parts) for parts in drawn]


@dataclass(frozen=True, eq=False)
class TrainedConvolutions:
    """Filters (R, out, in, W') by layer with their dilations, and the networks behind them."""

    filters: tuple[Array, ...]
    dilations: tuple[int, ...]
    behind: TrainedNetworks

    def convolution(self, replicate: int) -> DilatedConvolution:
        """Return the convolution of one replicate."""
        return DilatedConvolution(tuple(weight[replicate] for weight in self.filters), self.dilations)

    def __call__(self, x: Array) -> Array:
        """Return predictions (R, n) at inputs (R, n, D) of the cube, or at the same points (n, D) for all."""
        count = len(self.filters[0])
        points = np.broadcast_to(x, (count, *x.shape[-2:]))
        return self.behind(_scaled(np.stack([self.convolution(r)(points[r]) for r in range(count)])))

    def weights(self, dimension: int) -> Array:
        """Return how the outputs of every replicate mix the first `dimension` coordinates, (R, C', dimension)."""
        return np.stack([self.convolution(r).matrix(dimension) for r in range(len(self.filters[0]))])


def _mixing(plan: Sequence[Step], filters: Sequence[Any], like: Any) -> Any:
    """Return how coordinates enter the outputs (R, reach, C'), as tensors on the device of `like`.

    The convolution part is linear: composing filters costs nothing that grows with the samples.
    """
    import torch

    reach = like.shape[2]
    z = torch.eye(reach, dtype=like.dtype, device=like.device).expand(like.shape[0], 1, reach, reach)
    for step, weight in zip(plan, filters, strict=True):
        found: Any = 0
        for j, _, columns in step.taps:
            found = found + weight[..., j] @ z[:, :, columns].flatten(2)
        z = found.reshape(like.shape[0], weight.shape[1], step.count, reach)
    return z[:, :, 0].transpose(1, 2)


def _scaled(z: Any) -> Any:
    """Return a uniform coordinate with mean 0 and variance 1: arrays or tensors alike."""
    return math.sqrt(12) * (z - 0.5)


def _softmax(logits: Any) -> Any:
    """Return positive filters (R, out, in, W'), each of which sums to 1: arrays or tensors alike."""
    flat = logits.reshape(*logits.shape[:2], -1)
    if isinstance(flat, np.ndarray):
        return np.asarray(softmax(flat, axis=-1).reshape(logits.shape))
    return flat.softmax(-1).reshape(logits.shape)
