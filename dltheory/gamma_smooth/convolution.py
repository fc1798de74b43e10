"""Dilated convolutions, read at their first position.

L' linear layers (w ⋆_h X)_{c,k} = Σ_i Σ_{j<W'} w_{c,i,j} X_{i, k + h j} with dilation h = W'^{l−1} in layer l, no
activation between them: the places that reach position 1 are 1 + Σ_l W'^{l−1} j_l, every one from 1 to W'^{L'} once.
Source: Okumoto & Suzuki 2022, section 3, where the dilation is printed once as W'L'−1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host
from dltheory.gamma_smooth.fourier import require_points

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ConvolutionSizes:
    """What the class P(L', B', W', C', …) counts: layers, width of a filter, channels and the largest entry.

    `entries` counts the numbers in all filters, `nonzeros` those that are not zero.
    """

    layers: int
    width: int
    channels: int
    magnitude: float
    entries: int
    nonzeros: int


@dataclass(frozen=True, eq=False)
class DilatedConvolution:
    """Filters (out, in, W') by layer, and their dilations: W'^{l−1} unless told.

    ValueError for filters that do not fit each other.
    """

    filters: tuple[Array, ...]
    dilations: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.filters:
            raise ValueError("a convolution has at least one layer, got no filters")
        channels = 1
        for layer, weight in enumerate(self.filters, 1):
            if weight.ndim != 3 or weight.shape[1] != channels or weight.shape[2] < 1:
                raise ValueError(
                    f"the filters of layer {layer} have shape {weight.shape}, expected (out, {channels}, width)"
                )
            channels = weight.shape[0]
        if not self.dilations:
            grown = tuple(self.width**layer for layer in range(len(self.filters)))
            object.__setattr__(self, "dilations", grown)
        if len(self.dilations) != len(self.filters) or min(self.dilations) < 1:
            raise ValueError(f"{len(self.filters)} layers need as many dilations, at least 1, got {self.dilations}")

    @property
    def width(self) -> int:
        """W', the width of the widest filter."""
        return max(int(weight.shape[2]) for weight in self.filters)

    @property
    def channels(self) -> int:
        """Number of outputs."""
        return int(self.filters[-1].shape[0])

    @property
    def reach(self) -> int:
        """The last place, from 1, that can reach the output: 1 + Σ_l h_l (W' − 1), W'^{L'} with full dilations."""
        return 1 + sum(h * (int(w.shape[2]) - 1) for h, w in zip(self.dilations, self.filters, strict=True))

    @property
    def sizes(self) -> ConvolutionSizes:
        """Layers, width, channels, largest entry and the numbers stored, counted."""
        return ConvolutionSizes(
            layers=len(self.filters),
            width=self.width,
            channels=max(weight.shape[0] for weight in self.filters),
            magnitude=max(float(np.abs(weight).max()) for weight in self.filters),
            entries=sum(weight.size for weight in self.filters),
            nonzeros=sum(int(np.count_nonzero(weight)) for weight in self.filters),
        )

    def dilated(self, dilations: Sequence[int]) -> DilatedConvolution:
        """Return the same filters with other dilations; all 1 for the ordinary network of as many parameters."""
        return replace(self, dilations=tuple(dilations))

    def __call__(self, x: npt.ArrayLike, device: str = "cpu") -> Array:
        """Return the output at position 1 for points x (n, D) of the cube, shape (n, C'); zeros follow coordinate D.

        On the CPU with numpy, on any other device ("cuda", "cpu:0") with torch.
        """
        points = require_points(x, 0)
        taps = [tuple(np.flatnonzero(w.any(axis=(0, 1))).tolist()) for w in self.filters]
        plan = positions(taps, self.dilations, points.shape[1])
        if device == "cpu":
            return np.asarray(_run(plan, self.filters, points.T[np.newaxis], np.zeros).T)
        import torch

        filters = [to_device(weight, device) for weight in self.filters]
        zeros = partial(torch.zeros, dtype=torch.float64, device=device)
        return to_host(_run(plan, filters, to_device(points.T, device)[None], zeros).T)

    def matrix(self, dimension: int) -> Array:
        """Return the linear map from the first `dimension` coordinates to the output at position 1, (C', dimension)."""
        return self(np.eye(dimension)).T


@dataclass(frozen=True)
class Step:
    """One layer of an evaluation at position 1: `count` positions are needed after it.

    For every tap (j, rows, columns): column of the input that goes to row of the output.
    """

    count: int
    taps: tuple[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64]], ...]


def positions(taps: Sequence[Sequence[int]], dilations: Sequence[int], dimension: int) -> tuple[Step, ...]:
    """Return the layers of an evaluation at position 1, first layer first: only places that reach it are visited.

    `taps` are the j of each layer that are in use. Places beyond the `dimension` coordinates are left out.
    """
    wanted, steps = [0], []
    for layer in range(len(taps) - 1, -1, -1):
        h = dilations[layer]
        before = sorted({p + h * j for p in wanted for j in taps[layer] if p + h * j < dimension})
        # the first layer reads the data themselves, every other one what the layer below has found
        place = {p: p if layer == 0 else i for i, p in enumerate(before)}
        used = []
        for j in taps[layer]:
            pairs = [(row, place[p + h * j]) for row, p in enumerate(wanted) if p + h * j in place]
            rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
            used.append((int(j), rows, columns))
        steps.append(Step(len(wanted), tuple(used)))
        wanted = before
    return tuple(steps[::-1])


def _run(plan: Sequence[Step], filters: Sequence[Any], z: Any, zeros: Any) -> Any:
    """Return the output (C', n) from z (1, D, n): arrays or tensors alike."""
    for step, weight in zip(plan, filters, strict=True):
        found = zeros((weight.shape[0], step.count, z.shape[2]))
        for j, rows, columns in step.taps:
            read = z[:, columns].reshape(z.shape[0], len(columns) * z.shape[2])
            found[:, rows] += (weight[:, :, j] @ read).reshape(weight.shape[0], len(rows), z.shape[2])
        z = found
    return z[:, 0]


def receptive_field(layers: int, width: int, base: int) -> tuple[int, ...]:
    """Return the places from 1 that reach position 1 with dilations base^{l−1}: 2L' + 1 of them for W' = 3, base 1."""
    reached = {1}
    for layer in range(layers):
        reached = {place + base**layer * j for place in reached for j in range(width)}
    return tuple(sorted(reached))
