"""Dual averaging with an exact inner loop: Gibbs measures on the nodes of a quadrature, R replicates at once.

The outer loop remembers a potential alone, so that its objective is that of a density, entropy included. G nodes,
n data points of the risk that is minimised, T outer iterations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.pda import Indices, ParticleDualAveraging, require_assumptions
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]
_LARGEST_EXPONENT = 600.0


@dataclass(frozen=True, eq=False)
class FreshExamples:
    """Examples of the expected-risk version, never seen twice: inputs (R, T, d), labels (R, T), offsets (R, T)."""

    inputs: Array
    labels: Array
    offsets: Array

    def __post_init__(self) -> None:
        if self.inputs.shape[:2] != self.labels.shape or self.offsets.shape != self.labels.shape:
            raise ValueError(
                f"expected inputs (R, T, d), labels and offsets (R, T), got {self.inputs.shape}, {self.labels.shape}"
                f" and {self.offsets.shape}"
            )


Examples = Indices | FreshExamples


def gaps(
    quadrature: Quadrature, pda: ParticleDualAveraging, examples: Examples | None, times: Array,
    start: Array | None = None,
) -> Array:  # fmt: skip
    """Return L(q_t) − L(q*) at outer times t in 2 … T+1, shape (R, K).

    `quadrature` is of the risk that is minimised: the n training points that the indices `examples` (R, T) refer to,
    or a discretised population for `FreshExamples`; None belongs to full gradients. The initial law is p[0], the
    Gaussian, or p[start] for coefficients (R, n); without either there is one replicate.
    """
    rows = positions(times, 2, pda.outer + 1)
    out = np.empty((len(times), _replicates(pda, examples, start)))
    for t, exponent, weights in potentials(quadrature, pda, examples, start):
        if t in rows:
            out[rows[t]] = gap(quadrature, exponent, weights)
        if t == max(rows):
            break
    return out.T


def averaged_gaps(
    quadrature: Quadrature, pda: ParticleDualAveraging, examples: Examples | None, horizons: Array,
    start: Array | None = None,
) -> Array:  # fmt: skip
    """Return (2/(T(T+3))) Σ_{t=2}^{T+1} t (L(q_t) − L(q*)) at horizons T, shape (R, K).

    That is the expected gap of the random output of a run of length T.
    """
    rows = {t + 1: k for t, k in positions(horizons, 1, pda.outer).items()}
    total = np.zeros(_replicates(pda, examples, start))
    out = np.empty((len(horizons), len(total)))
    for t, exponent, weights in potentials(quadrature, pda, examples, start):
        total += t * gap(quadrature, exponent, weights)
        if t in rows:
            out[rows[t]] = 2 * total / ((t - 1) * (t + 2))
        if t == max(rows):
            break
    return out.T


def gap(quadrature: Quadrature, exponent: Array, weights: Array | None = None) -> Array:
    """Return L(q) − L(q*) for q ∝ e^exponent at the nodes, shape (..., G) → (...); `weights` are e^exponent if known.

    First-order optimality of q* leaves (1/n) Σ (Bregman divergence of ℓ_i) + λ₂ KL(q‖q*).
    """
    problem, best = quadrature.problem, quadrature.optimum
    if weights is None:
        exponent = exponent - exponent.max(axis=-1, keepdims=True)
        weights = np.exp(exponent)
    mass = weights.sum(axis=-1)
    z = weights @ quadrature.neurons / mass[..., np.newaxis]
    slopes = problem.loss.slope(z, problem.labels)
    bregman = np.mean(problem.loss.conjugate_divergence(best, slopes, problem.labels), axis=-1)
    energy = np.einsum("...g,...g->...", weights, exponent) - weights @ _log_optimum(quadrature)
    return np.asarray(bregman + problem.temperature * (energy / mass - np.log(mass)))


@lru_cache(maxsize=8)
def _log_optimum(quadrature: Quadrature) -> Array:
    """Return log q* at the nodes, in probabilities of nodes."""
    return np.asarray(np.log(np.maximum(quadrature.gibbs(quadrature.optimum), np.finfo(float).tiny)))


def potentials(
    quadrature: Quadrature, pda: ParticleDualAveraging, examples: Examples | None, start: Array | None = None
) -> Iterator[tuple[int, Array, Array]]:
    """Yield t, the exponent of q_t at the nodes (R, G) and its exponential, t = 2 … T+1; both are overwritten."""
    problem = quadrature.problem
    require_assumptions(problem)
    rows = np.ascontiguousarray(quadrature.neurons.T)
    prior = -problem.l2 * quadrature.norms / problem.temperature
    loud = problem.loss.largest_slope * problem.neuron.bound / problem.temperature > _LARGEST_EXPONENT
    initial = quadrature.gibbs(np.zeros(problem.size) if start is None else start)
    weights = np.tile(initial, (_replicates(pda, examples, start) // (1 if start is None else len(start)), 1))
    first, field, exponent = weights.copy(), np.zeros_like(weights), np.empty_like(weights)
    for t, (gain, cooling) in enumerate(zip(pda.gains, pda.coolings, strict=True), start=1):
        direction = _gradient(quadrature, rows, examples, t - 1, first if pda.stale else weights)
        field *= 1 - gain
        direction *= -gain / problem.temperature
        field += direction
        np.add(field, prior, out=exponent)
        exponent *= cooling
        if loud:
            exponent -= exponent.max(axis=1, keepdims=True)
        np.exp(exponent, out=weights)
        yield t + 1, exponent, weights


def _gradient(quadrature: Quadrature, rows: Array, examples: Examples | None, step: int, weights: Array) -> Array:
    """Return ℓ′(E_q h_i) h_i at the nodes for every replicate's example (R, G), or the mean over all examples."""
    problem, mass = quadrature.problem, weights.sum(axis=1)
    if examples is None:
        slopes = problem.loss.slope(weights @ quadrature.neurons / mass[:, np.newaxis], problem.labels)
        return np.asarray(slopes @ rows / problem.size)
    if isinstance(examples, FreshExamples):
        chosen = problem.neuron.values(quadrature.nodes, examples.inputs[:, step], examples.offsets[:, step]).T
        labels = examples.labels[:, step]
    else:
        chosen, labels = rows[examples[:, step]], problem.labels[examples[:, step]]
    z = np.einsum("rg,rg->r", weights, chosen) / mass
    return np.asarray(chosen * problem.loss.slope(z, labels)[:, np.newaxis])


def _replicates(pda: ParticleDualAveraging, examples: Examples | None, start: Array | None) -> int:
    if (examples is None) != (pda.gradients == "full"):
        raise ValueError("full gradients take no examples, and stochastic ones need them")
    if examples is None:
        return 1 if start is None else len(start)
    shape = (examples.labels if isinstance(examples, FreshExamples) else examples).shape
    count, steps = int(shape[0]), int(shape[1])
    if start is not None and len(start) != count:
        raise ValueError(f"expected one initial law a replicate, {count}, got {len(start)}")
    if steps < pda.outer:
        raise ValueError(f"{pda.outer} outer iterations need as many examples, got {steps}")
    return count
