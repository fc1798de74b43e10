"""Losses ℓ(z, y), convex in z, with conjugates ℓ*(g, y) = sup_z gz − ℓ(z, y) and the proximal step of dual ascent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, xlogy

Array = npt.NDArray[np.float64]
_BISECTIONS = 60


class Loss(Protocol):
    """What the methods of this chapter need of a loss; all functions work on arrays elementwise."""

    @property
    def gamma(self) -> float:
        """Strong convexity γ of ℓ*, that is, ℓ has a (1/γ)-Lipschitz derivative."""

    @property
    def largest_slope(self) -> float:
        """sup |∂ℓ/∂z| for z and y in [−1, 1]."""

    def require_labels(self, labels: Array) -> None:
        """Raise ValueError, in one sentence, for labels that the loss has no meaning for."""

    def value(self, z: Array, y: Array) -> Array:
        """Return ℓ(z, y)."""

    def slope(self, z: Array, y: Array) -> Array:
        """Return ∂ℓ/∂z."""

    def curvature(self, z: Array, y: Array) -> Array:
        """Return ∂²ℓ/∂z²."""

    def conjugate(self, g: Array, y: Array) -> Array:
        """Return ℓ*(g, y), infinite outside of its domain."""

    def conjugate_slope(self, g: Array, y: Array) -> Array:
        """Return ∂ℓ*/∂g, the z with ∂ℓ/∂z = g."""

    def conjugate_curvature(self, g: Array, y: Array) -> Array:
        """Return ∂²ℓ*/∂g²."""

    def conjugate_divergence(self, g: Array, other: Array, y: Array) -> Array:
        """Return ℓ*(g) − ℓ*(other) − (g − other) ℓ*′(other), the Bregman divergence, without cancellation."""

    def ascent(self, g: Array, z: Array, y: Array, weight: float) -> Array:
        """Return argmax over g' of −ℓ*(g', y) + g'z − (g' − g)²/(2 weight)."""


@dataclass(frozen=True)
class SquaredLoss:
    """ℓ(z, y) = scale (z − y)², so that γ = 1/(2 scale): 1 for ½(z − y)², ½ for (z − y)²."""

    scale: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise ValueError(f"the scale of a squared loss must be positive and finite, got {self.scale}")

    @property
    def gamma(self) -> float:
        """1/(2 scale)."""
        return 1 / (2 * self.scale)

    @property
    def largest_slope(self) -> float:
        """4 scale, at z = −y = ±1."""
        return 4 * self.scale

    def require_labels(self, labels: Array) -> None:
        """Accept every finite label."""
        if not np.all(np.isfinite(labels)):
            raise ValueError("labels must be finite")

    def value(self, z: Array, y: Array) -> Array:
        """Return scale (z − y)²."""
        return self.scale * (z - y) ** 2

    def slope(self, z: Array, y: Array) -> Array:
        """Return 2 scale (z − y)."""
        return 2 * self.scale * (z - y)

    def curvature(self, z: Array, y: Array) -> Array:
        """Return 2 scale."""
        return np.full(np.broadcast_shapes(np.shape(z), np.shape(y)), 2 * self.scale)

    def conjugate(self, g: Array, y: Array) -> Array:
        """Return g²/(4 scale) + g y."""
        return g**2 / (4 * self.scale) + g * y

    def conjugate_slope(self, g: Array, y: Array) -> Array:
        """Return g/(2 scale) + y."""
        return g / (2 * self.scale) + y

    def conjugate_curvature(self, g: Array, y: Array) -> Array:
        """Return 1/(2 scale)."""
        return np.full(np.broadcast_shapes(np.shape(g), np.shape(y)), self.gamma)

    def conjugate_divergence(self, g: Array, other: Array, y: Array) -> Array:
        """Return (g − other)²/(4 scale)."""
        return (g - other) ** 2 / (4 * self.scale)

    def ascent(self, g: Array, z: Array, y: Array, weight: float) -> Array:
        """Return the maximiser in closed form, g + s ((z − y)/γ − g) with s = γ weight/(1 + γ weight)."""
        step = self.gamma * weight / (1 + self.gamma * weight)
        return g + step * ((z - y) / self.gamma - g)


@dataclass(frozen=True)
class LogisticLoss:
    """ℓ(z, y) = log(1 + exp(−yz)) for labels ±1; γ = 4, and ℓ* is the negative entropy of a = −gy ∈ [0, 1]."""

    @property
    def gamma(self) -> float:
        """4, since the second derivative is at most 1/4."""
        return 4.0

    @property
    def largest_slope(self) -> float:
        """1/(1 + e^(−1)), at yz = −1."""
        return float(expit(1.0))

    def require_labels(self, labels: Array) -> None:
        """Accept labels −1 and 1 only."""
        if not np.all(np.abs(labels) == 1):
            raise ValueError("the logistic loss needs labels −1 and 1")

    def value(self, z: Array, y: Array) -> Array:
        """Return log(1 + exp(−yz)), without overflow."""
        return np.logaddexp(0.0, -y * z)

    def slope(self, z: Array, y: Array) -> Array:
        """Return −y/(1 + exp(yz))."""
        return np.asarray(-y * expit(-y * z))

    def curvature(self, z: Array, y: Array) -> Array:
        """Return σ(yz) σ(−yz)."""
        return np.asarray(expit(y * z) * expit(-y * z))

    def conjugate(self, g: Array, y: Array) -> Array:
        """Return a log a + (1 − a) log(1 − a) at a = −gy."""
        a = -g * y
        inside = (a >= 0) & (a <= 1)
        a = np.where(inside, a, 0.5)
        return np.where(inside, xlogy(a, a) + xlogy(1 - a, 1 - a), np.inf)

    def conjugate_slope(self, g: Array, y: Array) -> Array:
        """Return −y log(a/(1 − a))."""
        a = -g * y
        with np.errstate(divide="ignore"):
            return np.asarray(-y * (np.log(a) - np.log1p(-a)))

    def conjugate_curvature(self, g: Array, y: Array) -> Array:
        """Return 1/(a (1 − a))."""
        a = -g * y
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (a * (1 - a)))

    def conjugate_divergence(self, g: Array, other: Array, y: Array) -> Array:
        """Return the relative entropy of a coin of a = −gy to one of a′ = −other y."""
        a, b = -g * y, -other * y
        return np.asarray(_entropy_term(a, b) + _entropy_term(1 - a, 1 - b))

    def ascent(self, g: Array, z: Array, y: Array, weight: float) -> Array:
        """Return the maximiser to rounding: Newton in the logit of a = −g'y, bisected where it leaves its bracket.

        The logit u solves u + yz + (σ(u) − a)/weight = 0, whose left side has a slope of at least 1 everywhere.
        """
        start, margin = -g * y, y * z
        low, high = -margin - (1 - start) / weight, -margin + start / weight
        u = np.clip(-margin, low, high)
        for _ in range(_BISECTIONS):
            excess = u + margin + (expit(u) - start) / weight
            low, high = np.where(excess < 0, u, low), np.where(excess > 0, u, high)
            step = u - excess / (1 + expit(u) * expit(-u) / weight)
            new = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            if np.all(np.abs(new - u) <= 4 * np.finfo(float).eps * (1 + np.abs(u))):
                u = new
                break
            u = new
        return np.asarray(-y * expit(u))


def _entropy_term(a: Array, b: Array) -> Array:
    """Return a log(a/b) − a + b, which is of order (a − b)²; for small differences by log1p."""
    ratio = (a - b) / b
    return np.where(a > 0, b * _scaled_entropy(ratio), b)


def _scaled_entropy(r: Array) -> Array:
    """Return (1 + r) log(1 + r) − r; its series r²/2 − r³/6 + r⁴/12 where the difference would cancel."""
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = (1 + r) * np.log1p(r) - r
    return np.where(np.abs(r) < 1e-4, r * r * (0.5 - r / 6 + r * r / 12), exact)
