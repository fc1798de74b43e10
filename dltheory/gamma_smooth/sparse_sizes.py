"""Important coordinates at scattered places, and the dilated convolution that the theorem builds for them.

Sorted, the smoothness of the coordinates is at least a_{i_j} = j^q (weak-ℓ^q norm at most 1), in no order of their
places; all that is known of a place i is a_i ≥ log₃(i)/κ. Below level T there are then T^{1/q} coordinates, at places
up to 3^{κT}: C' ∼ T^{1/q} channels of L' ∼ κT layers of width 3.
Source: Okumoto & Suzuki 2022, Assumption 12 and theorems 13 and 14.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dltheory.gamma_smooth.convolution import ConvolutionSizes
from dltheory.gamma_smooth.convolution_one_hot import OneHotConvolution, layers_needed
from dltheory.gamma_smooth.weights import PowerWeights

Growth = Literal["logarithm", "root", "ordered"]
_DIGITS = 60  # bits of a fractional power of three


@dataclass(frozen=True)
class ScatteredWeights:
    """a_{i_j} = j^q at places i_j drawn among 1 … 3^{κ a}, κ = `spread`: the boundary of the theorem's assumption.

    `growth` "root" asks for a_i ≥ (log₃(i)/κ)^{1/2} only, places up to 3^{κ a²}, which the assumption excludes; with
    "ordered" i_j = j. ValueError where the places do not suffice for different coordinates.
    """

    q: float
    spread: float = 1.0
    growth: Growth = "logarithm"

    def __post_init__(self) -> None:
        if not 0 < self.spread < math.inf:
            raise ValueError(f"the spread κ of places must be positive and finite, got {self.spread:g}")
        _ = self.weights  # q is checked at construction, too

    @property
    def weights(self) -> PowerWeights:
        """The smoothness in ascending order."""
        return PowerWeights(self.q)

    def last_place(self, smoothness: float) -> int:
        """Return the last place that a coordinate of that smoothness may have, a whole number of any length."""
        exponent = self.spread * (smoothness**2 if self.growth == "root" else smoothness)
        whole = math.floor(exponent)
        return int(3**whole * round(3.0 ** (exponent - whole) * 2**_DIGITS)) >> _DIGITS

    def places(self, generator: np.random.Generator) -> Iterator[int]:
        """Yield i_1, i_2, …, every one uniform among the places that are left to it."""
        taken: set[int] = set()
        j = 0
        while True:
            j += 1
            if self.growth == "ordered":
                yield j
                continue
            last = self.last_place(float(j) ** self.q)
            if last <= sum(place <= last for place in taken):
                raise ValueError(
                    f"{j} different coordinates do not fit on places 1 … {last}: a_i = Ω(log i) with κ ="
                    f" {self.spread:g} needs a larger q or κ"
                )
            place = _uniform(generator, last)
            while place in taken:
                place = _uniform(generator, last)
            taken.add(place)
            yield place


def sparse_convolution(indices: tuple[int, ...], width: int = 3) -> OneHotConvolution:
    """Return the convolution of theorems 13 and 14 for the coordinates with a_i < T: one-hot, L' as small as it can."""
    return OneHotConvolution.select(indices, width)


def sizes_of(indices: tuple[int, ...], width: int = 3, layers: int | None = None) -> ConvolutionSizes:
    """Return the sizes of `sparse_convolution`, or of as many channels with more layers, without making the filters."""
    depth, channels = layers or layers_needed(max(indices), width), len(indices)
    return ConvolutionSizes(
        depth, width, channels, 1.0, width * channels * (1 + (depth - 1) * channels), depth * channels
    )


def ordinary_sizes(indices: tuple[int, ...]) -> ConvolutionSizes:
    """Return the sizes of one ordinary layer that reaches the same coordinates: filters as wide as the last place."""
    last, channels = max(indices), len(indices)
    return ConvolutionSizes(1, last, channels, 1.0, last * channels, channels)


def undilated_layers(index: int, width: int = 3) -> int:
    """Return the layers of dilation 1 whose receptive field 1 … 1 + (W' − 1)L' reaches a place, at least 1."""
    return max(1, -(-(index - 1) // (width - 1)))


def _uniform(generator: np.random.Generator, last: int) -> int:
    """Return a uniform whole number from 1 to `last`, of any length."""
    size = (last - 1).bit_length()
    while True:
        drawn = int.from_bytes(generator.bytes((size + 7) // 8 or 1), "little") & ((1 << size) - 1)
        if drawn < last:
            return drawn + 1
