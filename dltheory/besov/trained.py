"""Deep ReLU networks trained by Adam with early stopping: what a practitioner runs where the theory has an ERM.

No theorem here covers the optimisation; rates of these fits are one-sided evidence. All replicates are trained at
once, as batches of matrices, on the device that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.besov.smoothness import Smoothness
from dltheory.devices import to_device, to_host

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
        for name in ("width", "depth", "steps", "every"):
            if getattr(self, name) < 1:
                raise ValueError(f"the {name} of a trained network is at least 1, got {getattr(self, name)}")
        if not self.step_size > 0:
            raise ValueError(f"the step size must be positive, got {self.step_size:g}")
        if not 0 < self.held_out < 1:
            raise ValueError(f"the held-out fraction lies between 0 and 1, got {self.held_out:g}")

    @classmethod
    def from_theory(cls, smoothness: Smoothness, n: int, scale: float = 4.0, **changes: Any) -> AdamTraining:
        """Return a width of `scale`·N with N = n^{1/(2s̃ + 1)}, and a depth of about log₂ N."""
        terms = float(n) ** (1 / (2 * smoothness.mean + 1))
        return cls(**({"width": max(1, round(scale * terms)), "depth": max(3, round(math.log2(terms)))} | changes))

    def fit(
        self, x: Array, y: Array, generators: Sequence[np.random.Generator], device: str = "cpu"
    ) -> TrainedNetworks:
        """Return one network a replicate for inputs (R, n, d) and labels (R, n); initial weights by He's rule.

        The last ⌈held_out · n⌉ samples are held out: they must come in random order.
        """
        import torch

        if x.ndim != 3 or y.shape != x.shape[:2] or len(generators) != len(x):
            raise ValueError(f"expected inputs (R, n, d), labels (R, n) and R generators, got {x.shape} and {y.shape}")
        last = x.shape[1] - math.ceil(self.held_out * x.shape[1])
        if last < 1:
            raise ValueError(f"{x.shape[1]} samples leave none to train on beside the held-out ones")
        inputs, labels = to_device(x, device), to_device(y, device)
        parameters = [p.requires_grad_() for p in self._initial(x, generators, device)]
        kept, lowest = [p.detach().clone() for p in parameters], None
        optimiser = torch.optim.Adam(parameters, lr=self.step_size)
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, self.steps)
        for step in range(self.steps + 1):
            if step % self.every == 0 or step == self.steps:
                with torch.no_grad():
                    off = (_forward(parameters, inputs[:, last:]) - labels[:, last:]).square().mean(1)
                    better = off < (torch.full_like(off, math.inf) if lowest is None else lowest)
                    lowest = off if lowest is None else torch.minimum(off, lowest)
                    for old, new in zip(kept, parameters, strict=True):
                        old[better] = new[better]
            optimiser.zero_grad()
            # replicates share no parameter, so that the gradient of the sum is each one's own
            (_forward(parameters, inputs[:, :last]) - labels[:, :last]).square().mean(1).sum().backward()
            optimiser.step()
            schedule.step()
        return TrainedNetworks(tuple(to_host(p) for p in kept))

    def _initial(self, x: Array, generators: Sequence[np.random.Generator], device: str) -> list[Any]:
        sides = [x.shape[2], *[self.width] * (self.depth - 1), 1]
        drawn: list[list[Array]] = [[] for _ in range(2 * self.depth)]
        for generator in generators:
            for layer, (fan_in, fan_out) in enumerate(pairwise(sides)):
                scale = math.sqrt((2.0 if layer < self.depth - 1 else 1.0) / fan_in)
                drawn[2 * layer].append(scale * generator.standard_normal((fan_in, fan_out)))
                # kinks spread over the cube: without it all first-layer kinks meet at the origin
                drawn[2 * layer + 1].append(scale * generator.uniform(-1, 1, (1, fan_out)) * (layer < self.depth - 1))
        return [to_device(np.stack(parts).astype(x.dtype), device) for parts in drawn]


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """Weights (R, in, out) and biases (R, 1, out) in turn, by layer."""

    parameters: tuple[Array, ...]

    def __call__(self, x: Array) -> Array:
        """Return predictions (R, n) at inputs (R, n, d), or at the same points (n, d) for all."""
        z = np.broadcast_to(x, (len(self.parameters[0]), *x.shape[-2:]))
        for layer in range(0, len(self.parameters), 2):
            z = (np.maximum(z, 0.0) if layer else z) @ self.parameters[layer] + self.parameters[layer + 1]
        return np.asarray(z[..., 0])


def _forward(parameters: Sequence[Any], x: Any) -> Any:
    z = x
    for layer in range(0, len(parameters), 2):
        z = (z.relu() if layer else z) @ parameters[layer] + parameters[layer + 1]
    return z[..., 0]
