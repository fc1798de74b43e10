"""Batches of small models trained by Adam with a held-out choice of the step, and batches of dense ReLU networks.

Replicates share no parameter: every array has them as its first axis, and the gradient of the sum of their errors is
each one's own. No theorem here covers the optimisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host

Array = npt.NDArray[np.floating]
Predict = Callable[[Sequence[Any], Any], Any]  # parameters and inputs (R, n, …), as tensors, to values (R, n)


@dataclass(frozen=True)
class Adam:
    """`steps` full-batch steps whose size falls linearly to a hundredth.

    A fraction `held_out` of the data chooses the step that is kept, looked at every `every` steps. ValueError for
    numbers that train nothing.
    """

    steps: int = 400
    step_size: float = 0.01
    held_out: float = 0.2
    every: int = 10

    def __post_init__(self) -> None:
        for name in ("steps", "every"):
            if not getattr(self, name) >= 1 or getattr(self, name) % 1:
                raise ValueError(f"the {name} of a training is at least 1, got {getattr(self, name)}")
        if not 0 < self.step_size < math.inf:
            raise ValueError(f"the step size must be positive, got {self.step_size:g}")
        if not 0 < self.held_out < 1:
            raise ValueError(f"the held-out fraction lies between 0 and 1, got {self.held_out:g}")

    def minimise(
        self, predict: Predict, initial: Sequence[Array], x: Array, y: Array, device: str = "cpu"
    ) -> tuple[Array, ...]:
        """Return the parameters that are kept, from `initial` (R, …), for inputs (R, n, …) and labels (R, n).

        Squared error. The last ⌈held_out · n⌉ samples are held out: they must come in random order.
        """
        import torch

        if x.dtype not in (np.float32, np.float64) or y.dtype != x.dtype:
            raise ValueError(f"inputs and labels are both float32 or both float64, got {x.dtype} and {y.dtype}")
        if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):  # no step would ever look better than the first
            raise ValueError("inputs and labels must be finite")
        last = self.trained_on(x.shape[1])
        inputs, labels = to_device(x, device), to_device(y, device)
        parameters = [to_device(p, device).requires_grad_() for p in initial]
        kept, lowest = [p.detach().clone() for p in parameters], None
        optimiser = torch.optim.Adam(parameters, lr=self.step_size)
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, self.steps)
        for step in range(self.steps + 1):
            if step % self.every == 0 or step == self.steps:
                with torch.no_grad():
                    off = (predict(parameters, inputs[:, last:]) - labels[:, last:]).square().mean(1)
                    better = off < (torch.full_like(off, math.inf) if lowest is None else lowest)
                    lowest = off if lowest is None else torch.minimum(off, lowest)
                    for old, new in zip(kept, parameters, strict=True):
                        old[better] = new[better]
            optimiser.zero_grad()
            (predict(parameters, inputs[:, :last]) - labels[:, :last]).square().mean(1).sum().backward()
            optimiser.step()
            schedule.step()
        return tuple(to_host(p) for p in kept)

    def trained_on(self, samples: int) -> int:
        """Return how many of the samples are not held out; ValueError for none."""
        last = samples - math.ceil(self.held_out * samples)
        if last < 1:
            raise ValueError(f"{samples} samples leave none to train on beside the held-out ones")
        return last


@dataclass(frozen=True, eq=False)
class TrainedNetworks:
    """Dense ReLU networks, one a replicate: weights (R, in, out) and biases (R, 1, out) in turn, by layer."""

    parameters: tuple[Array, ...]

    def __call__(self, x: Array) -> Array:
        """Return predictions (R, n) at inputs (R, n, d), or at the same points (n, d) for all."""
        z = np.broadcast_to(x, (len(self.parameters[0]), *x.shape[-2:]))
        for layer in range(0, len(self.parameters), 2):
            z = (np.maximum(z, 0.0) if layer else z) @ self.parameters[layer] + self.parameters[layer + 1]
        return np.asarray(z[..., 0])


def initial_layers(
    inputs: int, width: int, depth: int, generators: Sequence[np.random.Generator], dtype: npt.DTypeLike = "float64"
) -> list[Array]:
    """Return weights and biases in turn by He's rule: `depth` affine maps, `width` units, one output."""
    sides = [inputs, *[width] * (depth - 1), 1]
    drawn: list[list[Array]] = [[] for _ in range(2 * depth)]
    for generator in generators:
        for layer, (fan_in, fan_out) in enumerate(pairwise(sides)):
            scale = math.sqrt((2.0 if layer < depth - 1 else 1.0) / fan_in)
            drawn[2 * layer].append(scale * generator.standard_normal((fan_in, fan_out)))
            # kinks spread over the cube: without it all first-layer kinks meet at the origin
            drawn[2 * layer + 1].append(scale * generator.uniform(-1, 1, (1, fan_out)) * (layer < depth - 1))
    return [np.stack(parts).astype(dtype) for parts in drawn]


def forward(parameters: Sequence[Any], x: Any) -> Any:
    """Return the values (R, n) of dense ReLU networks at inputs (R, n, d), all of them tensors."""
    z = x
    for layer in range(0, len(parameters), 2):
        z = (z.relu() if layer else z) @ parameters[layer] + parameters[layer + 1]
    return z[..., 0]
