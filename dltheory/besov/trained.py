"""Deep ReLU networks trained by Adam with early stopping: what a practitioner runs where the theory has an ERM.

No theorem here covers the optimisation; rates of these fits are one-sided evidence. All replicates are trained at
once, as batches of matrices, on the device that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.besov.smoothness import Smoothness
from dltheory.relu.adam import Adam, TrainedNetworks, forward, initial_layers

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class AdamTraining:
    """Networks of `depth` affine maps and `width` units, `steps` full-batch Adam steps whose size falls to zero.

    A fraction `held_out` of the data chooses the step that is kept, looked at every `every` steps. ValueError for
    sizes that make no network.
    """

    width: int
    depth: int = 4
    steps: int = 400
    step_size: float = 0.01
    held_out: float = 0.2
    every: int = 10

    def __post_init__(self) -> None:
        for name in ("width", "depth"):
            if not getattr(self, name) >= 1 or getattr(self, name) % 1:
                raise ValueError(f"the {name} of a trained network is at least 1, got {getattr(self, name)}")
        _ = self.adam  # its numbers are checked at construction, too

    @property
    def adam(self) -> Adam:
        """The loop, with these numbers."""
        return Adam(self.steps, self.step_size, self.held_out, self.every)

    @classmethod
    def from_theory(cls, smoothness: Smoothness, n: int, scale: float = 4.0, **changes: Any) -> AdamTraining:
        """Return a width of `scale`·N with N = n^{1/(2s̃ + 1)}, and a depth of about log₂ N."""
        if not (n >= 1 and scale > 0):
            raise ValueError(f"the number of samples is at least 1 and the scale positive, got {n} and {scale:g}")
        terms = float(n) ** (1 / (2 * smoothness.mean + 1))
        return cls(**({"width": max(1, round(scale * terms)), "depth": max(3, round(math.log2(terms)))} | changes))

    def fit(
        self, x: Array, y: Array, generators: Sequence[np.random.Generator], device: str = "cpu"
    ) -> TrainedNetworks:
        """Return one network a replicate for inputs (R, n, d) and labels (R, n); initial weights by He's rule.

        The last ⌈held_out · n⌉ samples are held out: they must come in random order.
        """
        if x.ndim != 3 or y.shape != x.shape[:2] or len(generators) != len(x):
            raise ValueError(f"expected inputs (R, n, d), labels (R, n) and R generators, got {x.shape} and {y.shape}")
        initial = initial_layers(x.shape[2], self.width, self.depth, generators, x.dtype)
        return TrainedNetworks(self.adam.minimise(forward, initial, x, y, device))
