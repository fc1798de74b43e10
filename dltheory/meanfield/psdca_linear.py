"""Dual coordinate ascent next to the optimum: second moments of δ = g − g* follow an exact linear map.

With K = Cov_{q*}(h)/(nλ₂), C = diag ℓ*″(g*), A = C + K and steps Δ_i = −S_i (Aδ)_i, a uniform coordinate gives
E δ⁺δ⁺ᵀ = M − (SAM + MAS)/n + diag(S² (diag AMA + N))/n for M = Eδδᵀ and a sampler's variance N. The suboptimality is
D* − D = δᵀAδ/(2n) and the duality gap, P(p[g]) − D(g), is δᵀA C⁻¹ Aδ/(2n), both to second order. For linear neurons and
the squared loss nothing is lost: there D is a quadratic.

Source: derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator, eigs

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, Indices, step_weight
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearisedAscent:
    """The map of second moments: `response` K (n, n), `curvature` diag C (n,), `step` S (n,), `variances` Var(h_i)."""

    response: Array
    curvature: Array
    step: Array
    variances: Array

    @classmethod
    def of(cls, quadrature: Quadrature, ascent: DualCoordinateAscent) -> LinearisedAscent:
        """Return the map at the optimum of a problem on a quadrature."""
        problem, best = quadrature.problem, quadrature.optimum
        covariance = quadrature.covariance(best)
        return cls.from_covariance(problem, ascent, best, covariance)

    @classmethod
    def from_covariance(
        cls, problem: MeanFieldProblem, ascent: DualCoordinateAscent, best: Array, covariance: Array
    ) -> LinearisedAscent:
        """Return the map at the optimum `best` (n,), where the neurons have the covariance (n, n)."""
        if ascent.tilt != 1:
            raise ValueError(f"a Gibbs measure tilted by {ascent.tilt:g} leads elsewhere: its steps have no such map")
        weight = step_weight(problem)
        curvature = problem.loss.conjugate_curvature(best, problem.labels)
        if ascent.step == "maximise":
            step = weight / (1 + curvature * weight)
        else:
            step = 1 / (1 + 1 / (problem.loss.gamma * weight)) / curvature
        scaled = covariance / (problem.size * problem.temperature)
        return cls(scaled, curvature, ascent.step_scale * step, np.diag(covariance).copy())

    @property
    def size(self) -> int:
        """n."""
        return len(self.curvature)

    @cached_property
    def hessian(self) -> Array:
        """A = C + K, which is −n∇²D at the optimum, shape (n, n)."""
        return np.diag(self.curvature) + self.response

    def advance(self, second: Array, noise: Array | float = 0.0) -> Array:
        """Return E δ⁺δ⁺ᵀ from E δδᵀ (n, n), with the variance `noise` (n,) of the sampler of z_i."""
        product = self.hessian @ second
        scaled = self.step[:, np.newaxis] * product
        out = second - (scaled + scaled.T) / self.size
        spread = np.einsum("ij,ij->i", product, self.hessian) + noise
        out[np.diag_indices(self.size)] += self.step**2 * spread / self.size
        return np.asarray(out)

    def moments(self, second: Array, times: Array, particles: float = np.inf) -> Array:
        """Return E δδᵀ after t steps from `second` at t = 0, at increasing times, shape (K, n, n)."""
        out, done, noise = np.empty((len(times), self.size, self.size)), 0, self.variances / particles
        for k, t in enumerate(times):
            for _ in range(done, int(t)):
                second = self.advance(second, noise)
            out[k], done = second, max(done, int(t))
        return out

    def path(self, start: Array, coordinates: Indices, times: Array) -> Array:
        """Return δ_t along coordinates (R, T) from `start` (n,), shape (R, K, n), times t in 0 … T."""
        off, every = np.tile(start, (len(coordinates), 1)), np.arange(len(coordinates))
        rows, out = positions(times, 0, coordinates.shape[1]), np.empty((len(coordinates), len(times), self.size))
        for t in range(max(rows) + 1):
            if t in rows:
                out[:, rows[t]] = off
            if t < max(rows):
                index = coordinates[:, t]
                off[every, index] -= self.step[index] * np.einsum("ri,ri->r", self.hessian[index], off)
        return out

    def suboptimality(self, second: Array) -> Array:
        """Return E[D* − D] = tr(AM)/(2n) for second moments (..., n, n), shape (...)."""
        return np.asarray(np.einsum("ij,...ij->...", self.hessian, second) / (2 * self.size))

    def duality_gap(self, second: Array) -> Array:
        """Return E[P(p[g]) − D(g)] = tr(A C⁻¹ A M)/(2n) for second moments (..., n, n), shape (...)."""
        square = self.hessian @ (self.hessian / self.curvature[:, np.newaxis])
        return np.asarray(np.einsum("ij,...ij->...", square, second) / (2 * self.size))

    @cached_property
    def radius(self) -> float:
        """The spectral radius of the map without noise: E[D* − D] falls by this factor a step in the end.

        The map keeps the cone of positive semi-definite matrices, so that its radius is an eigenvalue.
        """
        if self.size < 3:
            return float(np.max(np.abs(np.linalg.eigvals(self._operator() @ np.eye(self.size**2)))))
        start = np.eye(self.size).ravel()
        found = eigs(self._operator(), k=1, which="LM", v0=start, tol=1e-13, maxiter=100 * self.size**2)[0]
        return float(np.abs(found[0]))

    @property
    def rate(self) -> float:
        """−log of the radius, the exponential rate of E[D* − D] a step."""
        return -float(np.log(self.radius))

    def plateau(self, particles: float) -> float:
        """Return the limit of E[D* − D] where z_i is the mean of M independent particles; it is exactly ∝ 1/M.

        M solves SAM + MAS = diag(S²(d + N)) with d = diag AMA; in the eigenvectors of √S A √S this says Sd = Eq for
        q = S(d + N), an n × n system, and the limit is Σ q/(4n).
        """
        root = np.sqrt(self.step)
        values, vectors = np.linalg.eigh(root[:, np.newaxis] * self.hessian * root)
        kernel = values[:, np.newaxis] * values / (values[:, np.newaxis] + values)
        pairs = vectors[:, np.newaxis, :] * vectors[np.newaxis, :, :]
        echo = np.einsum("ija,ab,ijb->ij", pairs, kernel, pairs, optimize=True)
        q = np.linalg.solve(np.eye(self.size) - echo, self.step * self.variances)
        return float(np.sum(q)) / (4 * self.size * particles)

    def biased_plateau(self, bias: Array) -> float:
        """Return the limit of D* − D where every z_i is off by bias_i (n,): biasᵀA⁻¹bias/(2n)."""
        return float(bias @ np.linalg.solve(self.hessian, bias)) / (2 * self.size)

    def _operator(self) -> LinearOperator:
        return LinearOperator((self.size**2, self.size**2), matvec=self._flat, dtype=np.float64)

    def _flat(self, second: Array) -> Array:
        matrix = second.reshape(self.size, self.size)
        return self.advance((matrix + matrix.T) / 2).ravel()


def sharp_constant(problem: MeanFieldProblem) -> float:
    """Return −log(1 − (1 − ρ²)/n), ρ = V/(V + nλ₂γ): the rate in directions where K vanishes.

    It is (1 + ρ)/(n + V/(γλ₂)) to first order, between once and twice the guarantee.
    """
    rho = 1 / (1 + problem.loss.gamma * step_weight(problem))
    return -float(np.log1p(-(1 - rho**2) / problem.size))
