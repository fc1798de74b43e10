"""What stands for y in log y: plain, controlled or compared means of measurements.

Shapes: R replicates, K points, C components, S summands; leading axes before them are batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Estimand(Protocol):
    """What stands for y in log y: a smooth function of means over replicates.

    It is evaluated from sums, so that leaving a replicate out is one subtraction. `logs` counts the
    logarithms whose numerical errors add up.
    """

    @property
    def logs(self) -> int:
        """Number of measured means in the logarithm."""

    def terms(self, values: Array) -> Array:
        """Return the summands (..., R, K, S) of values (..., R, K, C)."""

    def mean(self, sums: Array, count: int) -> Array:
        """Return the estimand (..., K) from sums (..., K, S) over `count` replicates; NaN where it has none."""


@dataclass(frozen=True)
class Mean:
    """The plain mean Ȳ of the first component."""

    logs: int = 1

    def terms(self, values: Array) -> Array:
        """Return Y."""
        return values[..., :1]

    def mean(self, sums: Array, count: int) -> Array:
        """Return Ȳ."""
        return np.asarray(sums[..., 0] / count)


@dataclass(frozen=True, eq=False)
class ControlVariate:
    """The controlled mean Ȳ − b (C̄ − c), where c (K,) is the exact mean of the second component.

    b is the regression coefficient of Y on C at each x, estimated anew for each left-out replicate (so that
    the jackknife sees the cost of estimating it), or the given `coefficient`. A variate that does not vary is
    ignored.
    """

    control_mean: Array
    coefficient: float | None = None
    logs: int = 1

    def terms(self, values: Array) -> Array:
        """Return Y, D = C − c, Y·D and D²."""
        y, d = values[..., 0], values[..., 1] - self.control_mean
        return np.stack([y, d, y * d, d * d], axis=-1)

    def mean(self, sums: Array, count: int) -> Array:
        """Return the controlled mean."""
        y, d, yd, dd = np.moveaxis(sums, -1, 0)
        if self.coefficient is not None:
            return np.asarray((y - self.coefficient * d) / count)
        spread = dd - d * d / count
        varies = spread > 1e-12 * dd
        b = np.divide(yd - y * d / count, spread, out=np.zeros_like(dd), where=varies)
        return np.asarray((y - b * d) / count)


@dataclass(frozen=True)
class Separation:
    """The ratio Ā/B̄ of the two components, whose slope is the difference of their slopes."""

    logs: int = 2

    def terms(self, values: Array) -> Array:
        """Return A and B."""
        return values[..., :2]

    def mean(self, sums: Array, count: int) -> Array:
        """Return Ā/B̄, NaN unless both are positive."""
        positive = np.all(sums > 0, axis=-1)
        out = np.full(positive.shape, np.nan)
        return np.divide(sums[..., 0], sums[..., 1], out=out, where=positive)


def estimand(
    kind: Literal["mean", "control-variate", "separation"] | str,
    control_mean: npt.ArrayLike | None = None,
    coefficient: float | None = None,
) -> Estimand:
    """Return the estimand of that name; `control_mean` (K,) belongs to a control variate and only to it."""
    if (kind == "control-variate") != (control_mean is not None):
        raise ValueError(f"the estimand {kind!r} and a control mean do not go together")
    if kind == "control-variate":
        return ControlVariate(np.asarray(control_mean, dtype=float), coefficient)
    if kind not in ("mean", "separation"):
        raise ValueError(f"unknown estimand {kind!r}, known: mean, control-variate, separation")
    return Mean() if kind == "mean" else Separation()
