"""Mini-batches in mean-field Langevin dynamics with linear neurons: exact second moments of the cloud's mean.

With H the Hessian, δ = m̄ − m* obeys δ⁺ = δ − η(Ĥδ + ξ̂) + noise of variance 2λ₂η/N: SGD, whose ξ̂ does not vanish at
the optimum and leaves a bias of order η/B. SVRG, δ⁺ = δ − η(Ĥ(δ − a) + H̄a + 2λ₁δ) with data parts Ĥ, H̄ and the anchor
a, has no noise at a = δ = 0, and no such bias. N particles, B points a batch drawn with replacement.

Source: derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gaussian_langevin import GaussianLangevin
from dltheory.meanfield.langevin import MeanFieldLangevin
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BatchedMoments:
    """The method `langevin.MeanFieldLangevin` on linear neurons, `particles` N of them (infinitely many by default).

    ValueError for a frozen method or one with another L2 drift, whose means go elsewhere, and for unstable steps.
    """

    model: LinearGaussian
    method: MeanFieldLangevin
    particles: float = math.inf

    def __post_init__(self) -> None:
        if self.method.frozen or self.method.shrink != 1:
            raise ValueError("second moments are about m*, where a frozen drift or another L2 drift does not lead")
        GaussianLangevin(self.model, speed=self.method.speed).require_stable(self.method.step_size)

    def suboptimality(self, mean: Array, variance: float, times: Array) -> Array:
        """Return E[D(g*) − D(g_Θ)] after numbers of steps (K,), increasing, of draws of N(m* + mean, variance I)."""
        data, p = self._data, self.model.problem
        start = np.outer(mean, mean) + variance / self.particles * np.eye(p.dimension)
        square = data + data @ data / (2 * p.l2)
        return np.asarray(np.einsum("ab,kab->k", square, self._moments(start, times, mean)) / 2)

    def stationary_gap(self) -> float:
        """Return E L(q) − L(q*) at stationarity with infinitely many particles, ~ η tr S/(4B) for SGD.

        q is Gaussian given the batches: its mean scatters about m*, and its variance is off by that of Euler steps.
        """
        if self.particles != math.inf:
            raise ValueError("the objective of finitely many particles is not defined: take their dual suboptimality")
        clean = GaussianLangevin(self.model, self.method.heat, speed=self.method.speed)
        variance = float(clean.bias(np.array(self.method.step_size)))
        return variance + float(np.sum(self.model.hessian * self._stationary())) / 2

    @property
    def leading_gap(self) -> float:
        """η tr S/(4B), S the covariance of one example's gradient at m*: the leading term of SGD's bias."""
        spread = float(np.mean(np.sum(self._residuals**2, axis=1)))
        return self.method.speed * self.method.step_size * spread / (4 * self.method.batch)

    @property
    def _data(self) -> Array:
        """ℓ″ XᵀX/n."""
        return np.asarray(self.model.hessian - 2 * self.model.problem.l2 * np.eye(self.model.problem.dimension))

    @property
    def _single(self) -> Array:
        """ℓ″ x_i x_iᵀ, shape (n, p, p)."""
        p = self.model.problem
        curvature = 1 / p.loss.gamma
        return np.asarray(curvature * p.inputs[:, :, np.newaxis] * p.inputs[:, np.newaxis, :])

    @property
    def _residuals(self) -> Array:
        """One example's gradient at m*, (n, p); its mean is zero."""
        p, mean = self.model.problem, self.model.mean
        slopes = p.loss.slope(p.inputs @ mean + p.shifts, p.labels)
        return np.asarray(slopes[:, np.newaxis] * p.inputs + 2 * p.l2 * mean)

    @property
    def _rate(self) -> float:
        return self.method.step_size * self.method.speed

    def _maps(self) -> Array:
        """z⁺ = A_i z for a batch of the example i alone, (n, s, s): z = (δ, 1) for SGD, (δ, a) for SVRG."""
        p, eta, eye = self.model.problem, self._rate, np.eye(self.model.problem.dimension)
        dim, single = p.dimension, self._single
        size = 2 * dim if self.method.gradients == "svrg" else dim + 1
        maps = np.tile(np.eye(size), (p.size, 1, 1))
        maps[:, :dim, :dim] = eye - eta * (single + 2 * p.l2 * eye)
        if self.method.gradients == "svrg":
            maps[:, :dim, dim:] = -eta * (self._data - single)
        else:
            maps[:, :dim, dim] = -eta * self._residuals
        return maps

    def _moments(self, start: Array, times: Array, mean: Array) -> Array:
        """Return E δδᵀ at the times (K, p, p)."""
        dim, maps, method = self.model.problem.dimension, self._maps(), self.method
        average, share = maps.mean(axis=0), 0.0 if method.gradients == "full" else 1 / method.batch
        z = np.zeros(maps.shape[1:])
        z[:dim, :dim] = start
        if method.gradients != "svrg":
            z[:dim, dim], z[dim, :dim], z[dim, dim] = mean, mean, 1.0
        noise = 2 * self.model.problem.temperature * method.heat * self._rate / self.particles
        out, rows = np.empty((len(times), dim, dim)), positions(times, 0)
        for step in range(max(rows) + 1):
            if step in rows:
                out[rows[step]] = z[:dim, :dim]
            if method.gradients == "svrg" and step % method.refresh == 0:
                z = np.tile(z[:dim, :dim], (2, 2))
            whole = average @ z @ average.T
            each = np.einsum("iab,bc,idc->ad", maps, z, maps) / len(maps)
            z = (1 - share) * whole + share * each
            z[np.arange(dim), np.arange(dim)] += noise
        return out

    def _stationary(self) -> Array:
        """Return E δδᵀ at stationarity with infinitely many particles, (p, p): zero but for SGD."""
        dim, eta = self.model.problem.dimension, self._rate
        if self.method.gradients != "sgd":
            return np.zeros((dim, dim))
        each = self._maps()[:, :dim, :dim]
        whole, share = each.mean(axis=0), 1 / self.method.batch
        square = (1 - share) * np.kron(whole, whole) + share * np.mean([np.kron(a, a) for a in each], axis=0)
        push = share * eta**2 * self._residuals.T @ self._residuals / len(each)
        return np.asarray(np.linalg.solve(np.eye(dim * dim) - square, push.ravel()).reshape(dim, dim))
