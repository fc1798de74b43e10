"""The neural tangent kernel of a two-layer ReLU network on the sphere, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from dltheory.ntk.sphere import check_dimension

if TYPE_CHECKING:
    from torch import Tensor

Layers = Literal["both", "output", "input"]
Initialisation = Literal["sphere", "gaussian"]


@dataclass(frozen=True)
class NeuralTangentKernel:
    """Infinite-width tangent kernel k = k_a + k_b of g(x) = M^{-1/2} Σ_r a_r max(0, b_r·x + γ c_r) on S^{d-1}.

    At the start a_r = ±R, c_r = 0 and b_r is uniform on the sphere ("sphere") or standard normal
    ("gaussian", which makes k_a d times larger and leaves k_b). `layers` says which are trained:
    "output" is a alone (k_a), "input" is b and c (k_b), "both" all three. With γ = 0 odd degrees above 1 are invisible.

        k_a(t) = [sin θ + (π - θ) t] / (2πd)        k_b(t) = R² (t + γ²) (π - θ) / (2π),    t = cos θ = x·x'

    Source: Nitanda & Suzuki (ICLR 2021), section 2; closed form derived from the arc-cosine kernels.
    """

    dim: int
    output_scale: float = 1.0
    bias_scale: float = 1.0
    layers: Layers = "both"
    initialisation: Initialisation = "sphere"

    def __post_init__(self) -> None:
        check_dimension(self.dim)
        if not 0 < self.output_scale < math.inf:
            raise ValueError(f"output_scale R must be positive and finite, got {self.output_scale}")
        if not 0 <= self.bias_scale <= 1:
            raise ValueError(f"bias_scale γ must lie in [0, 1], got {self.bias_scale}")
        if self.layers not in ("both", "output", "input"):
            raise ValueError(f"layers must be 'both', 'output' or 'input', got {self.layers!r}")
        if self.initialisation not in ("sphere", "gaussian"):
            raise ValueError(f"initialisation must be 'sphere' or 'gaussian', got {self.initialisation!r}")

    @property
    def output_weight(self) -> float:
        """Factor of k_a: 0 if the output layer is frozen, E|b|² = 1 on the sphere, d for Gaussian b."""
        if self.layers == "input":
            return 0.0
        return float(self.dim) if self.initialisation == "gaussian" else 1.0

    @property
    def input_weight(self) -> float:
        """Factor of k_b: 1, or 0 if the input layer is frozen."""
        return 0.0 if self.layers == "output" else 1.0

    @property
    def diagonal(self) -> float:
        """k(x, x) = 1/(2d) + R²(1 + γ²)/2 for both layers, the trace of the kernel operator."""
        output = self.output_weight / (2 * self.dim)
        return output + self.input_weight * self.output_scale**2 * (1 + self.bias_scale**2) / 2

    @property
    def affine(self) -> tuple[float, float, float]:
        """Coefficients (p, q, s) of k(t) = p sin θ + (π - θ)(q t + s)."""
        output = self.output_weight / (2 * math.pi * self.dim)
        inner = self.input_weight * self.output_scale**2 / (2 * math.pi)
        return output, output + inner, inner * self.bias_scale**2

    def __call__(self, cosine: npt.ArrayLike) -> npt.NDArray[np.floating]:
        """Return k(t) at t = x·x', same shape; float32 stays float32. |t| above 1 by rounding counts as 1."""
        t = np.asarray(cosine)
        if not np.issubdtype(t.dtype, np.floating):
            t = t.astype(np.float64)
        t = np.clip(t, -1, 1)
        p, q, s = self.affine
        # (1 - t)(1 + t) keeps the digits that 1 - t² cancels near t = ±1; arccos(-t) = π - θ likewise
        sine = np.sqrt((1 - t) * (1 + t))
        value: npt.NDArray[np.floating] = p * sine + np.arccos(-t) * (q * t + s)
        return value

    def on_torch(self, cosine: Tensor) -> Tensor:
        """Return what a call does, for a torch tensor on its device."""
        p, q, s = self.affine
        t = cosine.clamp(-1, 1)
        value: Tensor = p * ((1 - t) * (1 + t)).sqrt() + (-t).arccos() * (q * t + s)
        return value
