"""Step functions as ReLU networks of one hidden layer: two units a jump, a ramp of width δ in place of a step.

1_{[t,1]}(x) ≈ ((x − t + δ)_+ − (x − t)_+)/δ: squared error δ/3, or δ/12 for a ramp centred at t. With δ = 1/n the
parameters are at most n times the heights, and the error is of the order of the risk itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dltheory.besov.change_points import StepFunction

Array = npt.NDArray[np.float64]
Placement = Literal["before", "centre"]


@dataclass(frozen=True, eq=False)
class StepNetwork:
    """f(x) = offset + Σ_j outputs_j (x − knots_j)_+ on [0, 1], with 2K units for K jumps."""

    offset: float
    knots: Array
    outputs: Array

    @classmethod
    def of(cls, steps: StepFunction, delta: float, placement: Placement = "before") -> StepNetwork:
        """Return the network for a step function; its ramps end at the jumps, or are centred there."""
        if not 0 < delta <= 1:
            raise ValueError(f"the width of a ramp must lie in (0, 1], got {delta:g}")
        if placement not in ("before", "centre"):
            raise ValueError(f"a ramp lies before its jump or is centred there, got {placement!r}")
        end = steps.jumps + (delta / 2 if placement == "centre" else 0.0)
        slopes = steps.heights / delta
        return cls(float(steps.levels[0]), np.concatenate([end - delta, end]), np.concatenate([slopes, -slopes]))

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return the values at x, in its shape."""
        hidden = np.maximum(np.asarray(x, dtype=np.float64)[..., None] - self.knots, 0.0)
        return np.asarray(self.offset + hidden @ self.outputs)

    @property
    def size(self) -> int:
        """Non-zero parameters at most: input weights 1, biases, outputs, and the offset."""
        return 3 * self.knots.size + 1

    @property
    def magnitude(self) -> float:
        """The largest absolute parameter."""
        return float(np.max(np.abs(np.concatenate([[1.0, self.offset], self.knots, self.outputs]))))

    def squared_distance(self, steps: StepFunction) -> float:
        """Return ∫_0^1 (network − f)², exactly: Simpson's rule between all knots and jumps."""
        inner = np.concatenate([self.knots, steps.jumps])
        edges = np.concatenate([[0.0], np.sort(inner[(inner > 0) & (inner < 1)]), [1.0]])
        middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
        level = steps(middle)
        left, centre, right = (self(v) - level for v in (edges[:-1], middle, edges[1:]))
        return float(width @ (left * left + 4 * centre * centre + right * right) / 6)
