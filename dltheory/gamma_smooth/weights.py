"""The smoothness a_1 ≤ a_2 ≤ … of a function along its coordinates, finitely or infinitely many of them, in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

Array = npt.NDArray[np.float64]
_MOST = 10_000_000  # coordinates that are listed


class Weights(Protocol):
    """A sequence of positive numbers that does not decrease, and grows without bound where it is infinite."""

    @property
    def length(self) -> float:
        """Number of coordinates, infinite for a formula."""
        ...

    @property
    def inverse_sum(self) -> float:
        """ã = Σ 1/a_i, infinite where it diverges."""
        ...

    def first(self, count: int) -> Array:
        """Return a_1 … a_count, shape (count,)."""
        ...

    def below(self, limit: float) -> Array:
        """Return all a_i < limit, in order."""
        ...


@dataclass(frozen=True)
class PowerWeights:
    """a_i = scale · i^q with q > 0, for i = 1, 2, …"""

    q: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        _require_positive(q=self.q, scale=self.scale)

    @property
    def length(self) -> float:
        """Infinitely many."""
        return math.inf

    @property
    def inverse_sum(self) -> float:
        """ã = ζ(q)/scale, infinite for q ≤ 1."""
        return float(zeta(self.q)) / self.scale if self.q > 1 else math.inf

    def first(self, count: int) -> Array:
        """Return a_1 … a_count, shape (count,)."""
        require_whole("the number of coordinates", count, 0, _MOST)
        return self.scale * np.arange(1.0, count + 1) ** self.q

    def below(self, limit: float) -> Array:
        """Return all a_i < limit, in order."""
        if limit <= self.scale:
            return np.zeros(0)
        _require_few(math.log(limit / self.scale) / self.q, limit)
        return _below(self.first(math.ceil((limit / self.scale) ** (1 / self.q)) + 1), limit)


@dataclass(frozen=True)
class GeometricWeights:
    """a_i = scale · ratio^{i−1} with ratio > 1, for i = 1, 2, …"""

    ratio: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        _require_positive(scale=self.scale)
        if not 1 < self.ratio < math.inf:
            raise ValueError(f"the ratio of geometric weights must exceed 1, got {self.ratio:g}")

    @property
    def length(self) -> float:
        """Infinitely many."""
        return math.inf

    @property
    def inverse_sum(self) -> float:
        """ã = ratio/((ratio − 1) scale)."""
        return self.ratio / (self.ratio - 1) / self.scale

    def first(self, count: int) -> Array:
        """Return a_1 … a_count, shape (count,)."""
        require_whole("the number of coordinates", count, 0, _MOST)
        return self.scale * self.ratio ** np.arange(float(count))

    def below(self, limit: float) -> Array:
        """Return all a_i < limit, in order."""
        if limit <= self.scale:
            return np.zeros(0)
        _require_few(math.log(math.log(limit / self.scale) / math.log(self.ratio)), limit)
        return _below(self.first(math.ceil(math.log(limit / self.scale) / math.log(self.ratio)) + 1), limit)


@dataclass(frozen=True)
class FiniteWeights:
    """Given values, in order; every further coordinate does not matter at all."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(float(value) for value in self.values))
        if not self.values:
            raise ValueError("a function depends on at least one coordinate, got no weights")
        for i, value in enumerate(self.values):
            _require_positive(**{f"a_{i + 1}": value})
        if any(late < early for early, late in zip(self.values, self.values[1:], strict=False)):
            raise ValueError(f"weights are given in order, the least smooth coordinate first, got {self.values}")

    @property
    def length(self) -> float:
        """Number of coordinates."""
        return len(self.values)

    @cached_property
    def inverse_sum(self) -> float:
        """ã = Σ 1/a_i."""
        return math.fsum(1 / value for value in self.values)

    def first(self, count: int) -> Array:
        """Return a_1 … a_count; ValueError for more than there are."""
        require_whole("the number of coordinates", count, 0)
        if count > len(self.values):
            raise ValueError(f"there are {len(self.values)} weights, {count} were asked for")
        return np.array(self.values[:count])

    def below(self, limit: float) -> Array:
        """Return all a_i < limit, in order."""
        return _below(np.array(self.values), limit)


def weak_norm(weights: Weights, q: float, count: int) -> float:
    """Return max_{j ≤ count} j^q/a_j: the weak-ℓ^q norm of the sequence so far, at most 1 in the sparse setting."""
    _require_positive(q=q)
    require_whole("the number of coordinates", count)
    return float(np.max(np.arange(1.0, count + 1) ** q / weights.first(count)))


def require_whole(what: str, value: float, least: int = 1, most: float = math.inf) -> None:
    """Raise ValueError unless a number is whole, and from `least` to `most`."""
    if not least <= value <= most or value == math.inf or value % 1:
        bounds = f"at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{what} must be a whole number, {bounds}, got {value}")


def _require_few(log_number: float, limit: float) -> None:
    """Raise ValueError unless about e^log_number weights below a limit can be listed; NaN is never few."""
    if not log_number <= math.log(_MOST):
        raise ValueError(f"about 10^{log_number / math.log(10):.3g} weights lie below {limit:g}: {_MOST} are listed")


def _below(values: Array, limit: float) -> Array:
    if math.isnan(limit):
        raise ValueError("weights lie below a number, got nan")
    return values[: int(np.searchsorted(values, limit))]


def _require_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value:g}")
