"""Hyperparameters of averaged SGD, and the schedule that the theorem prescribes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Averaging = Literal["uniform", "last"]


@dataclass(frozen=True)
class AveragedSGD:
    """Step size η, ridge λ and number of samples T of one pass of SGD with a ridge to the initial value.

    `averaging="uniform"` returns the mean of the T + 1 iterates, initial one included, as the theorem
    does; `"last"` returns the last iterate.

    Source: Nitanda & Suzuki (ICLR 2021), Algorithm 1 with η_t = η and α_t = 1/(T + 1).
    """

    step_size: float
    ridge: float
    horizon: int
    averaging: Averaging = "uniform"

    def __post_init__(self) -> None:
        if not self.step_size > 0:
            raise ValueError(f"step_size must be positive, got {self.step_size}")
        if not self.ridge >= 0:
            raise ValueError(f"ridge must be at least 0, got {self.ridge}")
        if self.horizon < 2:
            raise ValueError(f"horizon must be at least 2 samples, got {self.horizon}")
        if self.averaging not in ("uniform", "last"):
            raise ValueError(f"averaging must be 'uniform' or 'last', got {self.averaging!r}")

    @classmethod
    def from_theory(
        cls,
        *,
        r: float,
        beta: float,
        horizon: int,
        scale: float = 1.0,
        step_size: float = 1 / 24,
        averaging: Averaging = "uniform",
    ) -> AveragedSGD:
        """Return the schedule λ = scale · T^(-β/(2rβ+1)) with constant η.

        The theorem fixes the exponent; the scale is the user's. Source: Corollary 1.
        """
        if not beta > 1:
            raise ValueError(f"beta must exceed 1 for a trace-class kernel operator, got {beta}")
        if not r > 0:
            raise ValueError(f"the source exponent r must be positive, got {r}")
        ridge = scale * horizon ** (-beta / (2 * r * beta + 1))
        return cls(step_size=step_size, ridge=ridge, horizon=horizon, averaging=averaging)

    def check_stable(self, kernel_diagonal: float) -> None:
        """Refuse a step size at which the second moment of the iterates diverges, η k(x,x) ≥ 2."""
        product = self.step_size * kernel_diagonal
        if product >= 2:
            raise ValueError(
                f"step_size {self.step_size} diverges: step_size * k(x, x) = {product:.4g}, it must stay below 2"
            )
