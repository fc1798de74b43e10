"""The exponents of an anisotropic Besov space: one number a direction, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Smoothness:
    """The parameters of B^s_{p,q}([0,1]^d): smoothness `s[i]` in direction i, integrability p, summability q.

    An infinite `s[i]` is a function that is constant in direction i. ValueError for s_i ≤ 0, p ≤ 0, q ≤ 0 or no
    direction. Source: Suzuki & Nitanda 2021, section 2 (definition restated by later papers).
    """

    s: tuple[float, ...]
    p: float = 2.0
    q: float = math.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "s", tuple(float(value) for value in self.s))
        if not self.s:
            raise ValueError("a smoothness needs at least one direction, got none")
        for i, value in enumerate(self.s):
            if not value > 0:
                raise ValueError(f"the smoothness of direction {i + 1} must be positive, got {value:g}")
        if min(self.s) == math.inf:
            raise ValueError("a function that is constant in every direction has no rate: one s_i must be finite")
        for name, value in (("p", self.p), ("q", self.q)):
            if not value > 0:
                raise ValueError(f"{name} must be positive (inf is allowed), got {value:g}")

    @property
    def dimension(self) -> int:
        """Number of directions d."""
        return len(self.s)

    @property
    def smallest(self) -> float:
        """Smoothness of the roughest direction."""
        return min(self.s)

    @property
    def largest(self) -> float:
        """Smoothness of the smoothest direction."""
        return max(self.s)

    @cached_property
    def mean(self) -> float:
        """Intrinsic smoothness s̃ = (Σ_i 1/s_i)^-1, which is s/d for s_1 = … = s_d = s."""
        return 1 / math.fsum(1 / value for value in self.s)

    @property
    def excess(self) -> float:
        """What linear estimators lose to spatial inhomogeneity, v = (1/p − 1/2)_+."""
        return max(1 / self.p - 0.5, 0.0)

    @property
    def embedding(self) -> float:
        """The factor γ = 1 − v/s̃ of the embedding B^s_p into B^{γs}_2."""
        return 1 - self.excess / self.mean

    @property
    def rate(self) -> float:
        """Minimax exponent of the squared error, 2s̃/(2s̃ + 1): risk n^-rate. Suzuki & Nitanda 2021, restated."""
        self.require_square_integrable()
        return 2 * self.mean / (2 * self.mean + 1)

    @property
    def linear_rate(self) -> float:
        """The same for the best linear estimator, 2(s̃ − v)/(2(s̃ − v) + 1). Derived: level-wise projection, Jensen."""
        left = self._left_for_linear()
        return 2 * left / (2 * left + 1)

    def rotated_linear_rate(self, ambient: int) -> float:
        """Return 2γs_1/(2γs_1 + D), the best linear exponent for h(Ax) with an unknown rotation A in D dimensions.

        Derived: averaging over rotations spreads the energy of frequency K over K^D modes.
        """
        if not ambient >= self.dimension:
            raise ValueError(f"the ambient dimension must be at least {self.dimension}, got {ambient}")
        self._left_for_linear()
        roughest = 2 * self.embedding * self.smallest
        return roughest / (roughest + ambient)

    def require_square_integrable(self) -> None:
        """Raise ValueError unless s̃ > v, without which the ball is not compact in L² and no rate exists."""
        if self.mean <= self.excess:
            raise ValueError(
                f"not in L²: intrinsic smoothness {self.mean:.3g} must exceed (1/p − 1/2)_+ = {self.excess:.3g}"
            )

    def require_continuous(self) -> None:
        """Raise ValueError unless s̃ > 1/p, which compositions and values at points need."""
        if self.mean <= 1 / self.p:
            raise ValueError(
                f"functions need not be continuous: intrinsic smoothness {self.mean:.3g} must exceed 1/p ="
                f" {1 / self.p:.3g} for compositions and values at points"
            )

    def require_frequencies(self, terms: int) -> None:
        """Raise ValueError for fewer than 2^d terms, d counting directions of finite s_i: one frequency for each."""
        needed = 2 ** sum(value < math.inf for value in self.s)
        if terms < needed:
            raise ValueError(
                f"pre-asymptotic: {terms} terms give fewer than one frequency per direction, at least {needed} are"
                " needed"
            )

    def require_spline_order(self, order: int) -> None:
        """Raise ValueError unless splines of degree m = `order` characterise the space, s_max < min(m, m − 1 + 1/p)."""
        if not isinstance(order, int) or isinstance(order, bool) or order < 1:
            raise ValueError(f"the order of a spline is a whole number, at least 1, got {order!r}")
        limit = min(order, order - 1 + 1 / self.p)
        rough = max((value for value in self.s if value < math.inf), default=0.0)
        if rough >= limit:
            need = next(m for m in range(order, order + 2 + math.ceil(rough)) if rough < min(m, m - 1 + 1 / self.p))
            raise ValueError(
                f"spline order {order} is too low: the B-spline characterisation needs every finite s_i below"
                f" {limit:g}, got {rough:g}; raise the order to {need}"
            )

    def _left_for_linear(self) -> float:
        left = self.mean - self.excess
        if left <= 0:
            raise ValueError(
                f"no polynomial linear rate: v = {self.excess:.3g} is not below the intrinsic smoothness"
                f" {self.mean:.3g}"
            )
        return left
