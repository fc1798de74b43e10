"""Dual averaging with linear neurons: every law is Gaussian, and its moments follow exact recursions in any dimension.

h_θ(x) = ⟨θ, x⟩ + b with the squared loss scale (z − y)²: q* = N(m*, (λ₂/2λ₁)I), q_t has the mean m_t with
m_{t+1} = (1 − γ_t) m_t − γ_t ℓ′(x·μ_t) x/(2λ₁), and μ_t is the mean of the law where the inner loop ended, m_t for an
exact one. Langevin dynamics with K steps of size η contracts means by ρ^K, ρ = 1 − 2ηc, so that an inner loop of any
length costs O(1). Linear neurons are unbounded, outside of the theorem; the mechanism is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from dltheory.meanfield.losses import SquaredLoss
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.pda import Indices, ParticleDualAveraging
from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Laws:
    """Variances and contractions of a run at t = 2 … T+1, all of shape (T,); none of them is random.

    `target` is the variance of the Gibbs measure q_t, `reached` that of the law where the inner loop ended, and
    `kept` the share ρ^K of its distance from the target's mean that the law's mean keeps (0: exact).
    """

    target: Array
    reached: Array
    kept: Array


@dataclass(frozen=True, eq=False)
class ExpectedRun:
    """Expectations over the examples at t = 2 … T+1, all of shape (T,), of the laws where the inner loop ended.

    `gap` is E L(q^(t)) − L(q*), `divergence` is E KL(q^(t)‖q_t), both zero-noise.
    """

    gap: Array
    divergence: Array

    @property
    def averaged_gap(self) -> Array:
        """(2/(T(T+3))) Σ_{t=2}^{T+1} t gap_t at T = 1, 2, …, the gap of the random output, shape (T,)."""
        return averaged(self.gap)


def averaged(gap: Array) -> Array:
    """Return (2/(T(T+3))) Σ_{t=2}^{T+1} t gap_t along the last axis (..., T) for every horizon T."""
    horizon = np.arange(1.0, gap.shape[-1] + 1)
    return np.asarray(2 * np.cumsum((horizon + 1) * gap, axis=-1) / (horizon * (horizon + 3)))


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    """Dual averaging on a problem with linear neurons and the squared loss."""

    problem: MeanFieldProblem

    def __post_init__(self) -> None:
        if not (isinstance(self.problem.neuron, Linear) and isinstance(self.problem.loss, SquaredLoss)):
            raise ValueError(
                "Gaussian closed forms are for linear neurons and the squared loss, got"
                f" {type(self.problem.neuron).__name__} and {type(self.problem.loss).__name__}: use quadrature"
            )

    @cached_property
    def hessian(self) -> Array:
        """∇² of the gap in the mean, 2 scale XᵀX/n + 2λ₁I, shape (p, p)."""
        p = self.problem
        return np.asarray(self._curvature * p.inputs.T @ p.inputs / p.size + 2 * p.l2 * np.eye(p.dimension))

    @cached_property
    def mean(self) -> Array:
        """m*, the mean of q*, shape (p,)."""
        p = self.problem
        moment = self._curvature * p.inputs.T @ (p.labels - p.shifts) / p.size
        return np.asarray(np.linalg.solve(self.hessian, moment))

    @property
    def variance(self) -> float:
        """λ₂/(2λ₁), the variance of q* in every direction."""
        return self.problem.temperature / (2 * self.problem.l2)

    def limit_constant(self) -> float:
        """Return C∞ of E L(q_t) − L(q*) ~ C∞/t with weights s: 2 Σ_a S_a h_a/(2 h_a/(2λ₁)·2 − 1), h_a the Hessian's.

        With u = −2λ₁ m the recursion has gains 2/t, drift H/(2λ₁) and noise S = Cov(x ℓ′)/(2λ₁)² at the optimum.
        """
        p = self.problem
        values, vectors = np.linalg.eigh(self.hessian)
        slopes = self._curvature * (p.inputs @ self.mean + p.shifts - p.labels)
        noise = (p.inputs * slopes[:, np.newaxis]) @ vectors / (2 * p.l2)
        return float(np.sum(values / 2 * 4 * noise.var(axis=0) / (4 * values / (2 * p.l2) - 1)))

    def laws(self, pda: ParticleDualAveraging) -> Laws:
        """Return the variances along a run that starts at N(0, (λ₂/2λ₁)I); ValueError for an unstable step size."""
        target = self.variance / pda.coolings
        if pda.inner is None:
            return Laws(target, target, np.zeros(pda.outer))
        t = np.arange(1.0, pda.outer + 1)
        step_sizes, steps = pda.inner.step_sizes(t), pda.inner.steps(t)
        pda.inner.require_stable(1 / float(np.min(target)))
        factor = step_sizes / target  # 2ηc
        log_kept = steps * np.log1p(-factor)
        stationary = target / (1 - factor / 2)
        return Laws(target, _relax(self.variance, stationary, np.exp(2 * log_kept)), np.exp(log_kept))

    def expected(self, pda: ParticleDualAveraging) -> ExpectedRun:
        """Return exact expectations over uniformly drawn examples, or the values themselves for full gradients."""
        p, dim = self.problem, self.problem.dimension
        laws = self.laws(pda)
        if pda.stale:
            raise ValueError("stale gradients have no recursion here: simulate them")
        transfer = self._transfer
        if pda.gradients == "full":
            average = transfer.mean(axis=0)
            square = np.kron(average, average)
        else:
            average = transfer.mean(axis=0)
            square = np.mean([np.kron(one, one) for one in transfer], axis=0)
        start = np.concatenate([np.zeros(dim), -self.mean, [1.0]])
        seconds = np.empty((pda.outer, 2, dim, dim))
        _second_moments(average, square, np.outer(start, start), pda.gains, laws.kept, seconds)
        position, lag = seconds[:, 0], seconds[:, 1]
        drift = np.einsum("ab,tab->t", self.hessian, position) / 2
        gap = drift + p.temperature * dim / 2 * _log_excess(laws.reached / self.variance)
        shift = np.trace(lag, axis1=1, axis2=2) / (2 * laws.target)
        return ExpectedRun(gap, shift + dim / 2 * _log_excess(laws.reached / laws.target))

    def gaps(self, pda: ParticleDualAveraging, examples: Indices) -> Array:
        """Return L(q^(t)) − L(q*) at t = 2 … T+1 for the examples (R, T) of every replicate, shape (R, T)."""
        p, laws = self.problem, self.laws(pda)
        if examples.ndim != 2 or examples.shape[1] < pda.outer:
            raise ValueError(f"{pda.outer} outer iterations need examples (R, T), got shape {examples.shape}")
        means = np.empty((len(examples), pda.outer, p.dimension))
        _simulate(
            np.ascontiguousarray(examples), p.inputs, p.labels - p.shifts, self._curvature / (2 * p.l2), pda.gains,
            laws.kept, pda.stale, means,
        )  # fmt: skip
        off = means - self.mean
        drift = np.einsum("rta,ab,rtb->rt", off, self.hessian, off) / 2
        return np.asarray(drift + p.temperature * p.dimension / 2 * _log_excess(laws.reached / self.variance))

    @property
    def _curvature(self) -> float:
        """ℓ″."""
        loss = self.problem.loss
        assert isinstance(loss, SquaredLoss)
        return 2 * loss.scale

    @property
    def _transfer(self) -> Array:
        """B_i (n, 2p+1, 2p+1) with (m, μ, 1)′ = (I + γB_i)(m, μ, 1) about m*, before the inner loop moves μ."""
        p, dim = self.problem, self.problem.dimension
        rank = self._curvature / (2 * p.l2)
        blocks = np.zeros((p.size, 2 * dim + 1, 2 * dim + 1))
        blocks[:, :dim, :dim] = -np.eye(dim)
        blocks[:, :dim, dim:-1] = -rank * p.inputs[:, :, np.newaxis] * p.inputs[:, np.newaxis, :]
        residual = p.inputs @ self.mean + p.shifts - p.labels
        blocks[:, :dim, -1] = -(self.mean + rank * residual[:, np.newaxis] * p.inputs)
        return blocks


def _log_excess(ratio: Array) -> Array:
    """Return r − 1 − log r, twice the relative entropy of two centred Gaussians a dimension."""
    return np.asarray(ratio - 1 - np.log(ratio))


def _relax(start: float, stationary: Array, kept: Array) -> Array:
    """Return v_t = s_t + kept_t (v_{t−1} − s_t) from v = start, shape (T,)."""
    out, value = np.empty_like(stationary), start
    for t in range(out.size):
        value = stationary[t] + kept[t] * (value - stationary[t])
        out[t] = value
    return out


@njit(cache=True)
def _second_moments(average, square, second, gains, kept, out):  # type: ignore[no-untyped-def]
    """Fill out (T, 2, p, p) with E[μμᵀ] and E[(μ−m)(μ−m)ᵀ] about m*; z = (m, μ, 1), `second` = E[zzᵀ]."""
    dim, size = out.shape[2], second.shape[0]
    mixed = np.eye(size)
    for t in range(gains.size):
        gain = gains[t]
        noise = (square @ second.copy().reshape(size * size)).reshape(size, size)
        second = second + gain * (average @ second + second @ average.T) + gain * gain * noise
        for i in range(dim):
            mixed[dim + i, i] = 1 - kept[t]
            mixed[dim + i, dim + i] = kept[t]
        second = mixed @ second @ mixed.T
        for i in range(dim):
            for j in range(dim):
                both = second[dim + i, dim + j]
                out[t, 0, i, j] = both
                out[t, 1, i, j] = both - second[i, dim + j] - second[dim + i, j] + second[i, j]


@njit(cache=True)
def _simulate(examples, inputs, targets, rank, gains, kept, stale, out):  # type: ignore[no-untyped-def]
    """Fill out (R, T, p) with the means μ_t, t = 2 … T+1, where the inner loops end."""
    dim = inputs.shape[1]
    for r in range(examples.shape[0]):
        dual, reached = np.zeros(dim), np.zeros(dim)
        for t in range(gains.size):
            x = inputs[examples[r, t]]
            residual = -targets[examples[r, t]]
            if t == 0 or not stale:
                for a in range(dim):
                    residual += x[a] * reached[a]
            for a in range(dim):
                dual[a] -= gains[t] * (dual[a] + rank * residual * x[a])
                reached[a] = dual[a] + kept[t] * (reached[a] - dual[a])
                out[r, t, a] = reached[a]
