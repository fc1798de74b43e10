"""One-hot filters: a dilated convolution that picks coordinates by the digits of their place.

With W' = 3 and dilations 1, 3, 9, … a channel whose filter in layer l has its one at digit l of (index − 1) in base 3
is coordinate `index` of the input: L' layers reach 1 … 3^{L'}, with entries 0 and 1. Source: Okumoto & Suzuki 2022,
theorems 13 and 14; the digits are derived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.gamma_smooth.convolution import ConvolutionSizes, DilatedConvolution
from dltheory.gamma_smooth.fourier import require_points

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OneHotConvolution:
    """A convolution whose channel c is coordinate `indices[c]` of the input, counted from 1: filters are 0 or 1."""

    indices: tuple[int, ...]
    convolution: DilatedConvolution

    @classmethod
    def select(cls, indices: Sequence[int], width: int = 3, layers: int | None = None) -> OneHotConvolution:
        """Return the dilated convolution that picks the indices by the digits of (index − 1) in base `width`.

        L' is as small as the largest index allows unless told. ValueError for an index outside of the receptive field.
        """
        chosen = _require_indices(indices)
        if not isinstance(width, int | np.integer) or width < 2:
            raise ValueError(f"a dilated filter has a width of at least 2, got {width!r}")
        depth = layers_needed(max(chosen), int(width)) if layers is None else layers
        if depth < 1:
            raise ValueError(f"a convolution has at least one layer, got {depth}")
        if max(chosen) > width**depth:
            raise ValueError(
                f"index {max(chosen)} is outside the receptive field: {depth} layers of width {width} reach"
                f" 1 … {width**depth}"
            )
        return cls(chosen, DilatedConvolution(one_hot_filters(chosen, int(width), depth)))

    @classmethod
    def ordinary(cls, indices: Sequence[int]) -> OneHotConvolution:
        """Return one layer of filters as wide as the largest index: what ordered coordinates need."""
        chosen = _require_indices(indices)
        weight = np.zeros((len(chosen), 1, max(chosen)))
        weight[np.arange(len(chosen)), 0, np.array(chosen) - 1] = 1.0
        return cls(chosen, DilatedConvolution((weight,)))

    @property
    def sizes(self) -> ConvolutionSizes:
        """Layers, width, channels, largest entry and the numbers stored, counted."""
        return self.convolution.sizes

    def __call__(self, x: npt.ArrayLike, device: str = "cpu") -> Array:
        """Return the coordinates (n, C') of points x (n, D); ValueError for fewer coordinates than are picked."""
        return self.convolution(require_points(x, max(self.indices)), device)


def one_hot_filters(indices: Sequence[int], width: int, layers: int, base: int | None = None) -> tuple[Array, ...]:
    """Return filters (C', ·, W') with a one at the digit of (index − 1), lowest first; digits of `base`, W' if None."""
    count = len(indices)
    left, filters = [index - 1 for index in indices], []
    for layer in range(layers):
        weight = np.zeros((count, 1 if layer == 0 else count, width))
        for channel in range(count):
            left[channel], digit = divmod(left[channel], base or width)
            weight[channel, min(channel, weight.shape[1] - 1), digit] = 1.0
        filters.append(weight)
    return tuple(filters)


def layers_needed(index: int, width: int = 3) -> int:
    """Return ⌈log_W'(index)⌉, at least 1: the layers whose receptive field reaches a place, in whole numbers."""
    layers = max(1, int((index.bit_length() - 1) / math.log2(width)) - 1)
    field = width**layers
    while field < index:
        layers, field = layers + 1, field * width
    return layers


def _require_indices(indices: Sequence[int]) -> tuple[int, ...]:
    chosen = tuple(int(index) for index in indices)
    if not chosen or min(chosen) < 1 or len(set(chosen)) < len(chosen):
        raise ValueError(f"different coordinates, counted from 1, are to be picked, got {chosen}")
    return chosen
