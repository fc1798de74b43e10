"""The sharp local rate: how fast mean-field Langevin dynamics approaches q* once it is near.

With q = q*(1 + f) the dynamics is ∂_t f = −𝓛*(λ₂ + 𝒦) f, where 𝓛* is the generator with stationary law q* and
(𝒦f)(θ) = (1/n) Σ ℓ″_i h_i(θ) E*[h_i f]; L − L* ≈ ½⟨f, (λ₂ + 𝒦) f⟩ decays at 2μ, μ the smallest eigenvalue but 0.
On the nodes of a quadrature this is exact for the finite-volume scheme, a dense symmetric problem of its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gibbs import Quadrature

Array = npt.NDArray[np.float64]
_NEGLIGIBLE = 1e-24  # of the mass: where q* is smaller the eigenfunction is rounding


@dataclass(frozen=True, eq=False)
class LocalModes:
    """The linearisation at q* on the nodes (G,) of a one-dimensional quadrature."""

    quadrature: Quadrature

    @property
    def rate(self) -> float:
        """2μ, the rate at which L − L* decays in the end."""
        return 2 * float(self._solved[0][0])

    @property
    def second_rate(self) -> float:
        """Twice the next eigenvalue: a clear gap between the two is what a fitted rate needs."""
        return 2 * float(self._solved[0][1])

    @property
    def eigenfunction(self) -> Array:
        """f₁ (G,), the slowest direction, scaled to a largest value of 1 and cut where q* has no mass."""
        return self._solved[1]

    @cached_property
    def spectral_gap(self) -> float:
        """The smallest positive eigenvalue of λ₂𝓛* on the nodes: λ₂ times the Poincaré constant of q*."""
        return float(np.linalg.eigvalsh(_dirichlet(self.quadrature))[1])

    def start(self, size: float) -> Array:
        """Return the law q*(1 + size f₁), shape (G,); ValueError where it is negative."""
        if not abs(size) < 1:
            raise ValueError(f"a perturbation must be smaller than 1 to keep the law positive, got {size}")
        q = self.quadrature.gibbs(self.quadrature.optimum) * (1 + size * self.eigenfunction)
        return np.asarray(q / q.sum())

    @cached_property
    def _solved(self) -> tuple[Array, Array]:
        p, g = self.quadrature.problem, self.quadrature.optimum
        probabilities = self.quadrature.gibbs(g)
        root = np.sqrt(probabilities)
        z = probabilities @ self.quadrature.neurons
        weight = np.sqrt(p.loss.curvature(z, p.labels) / (p.size * p.temperature))
        pulls = root[:, np.newaxis] * (self.quadrature.neurons - z) * weight
        stretch = _root_of_one_plus(pulls)
        values, vectors = np.linalg.eigh(stretch @ _dirichlet(self.quadrature) @ stretch)
        mode = np.linalg.solve(stretch, vectors[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            f = np.where(probabilities > _NEGLIGIBLE, mode / root, 0.0)
        f = f - probabilities @ f * (probabilities > _NEGLIGIBLE)
        return values[1:3], f / f[np.argmax(np.abs(f))]


def _dirichlet(quadrature: Quadrature) -> Array:
    """Return −S^(−1/2) A S^(1/2) (G, G), symmetric and not negative, A the generator at q* and S its law."""
    bands = FokkerPlanck(quadrature).generator(quadrature.optimum)
    off = -np.sqrt(bands[0, 1:] * bands[2, :-1])
    return np.asarray(np.diag(-bands[1]) + np.diag(off, 1) + np.diag(off, -1))


def _root_of_one_plus(pulls: Array) -> Array:
    """Return (I + W Wᵀ)^(1/2) (G, G) for W (G, n)."""
    left, singular, _ = np.linalg.svd(pulls, full_matrices=False)
    return np.asarray(np.eye(len(pulls)) + (left * (np.sqrt(1 + singular**2) - 1)) @ left.T)
