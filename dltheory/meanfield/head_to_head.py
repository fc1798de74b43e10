"""Dual averaging, dual coordinate ascent and Langevin dynamics on one problem: what they evaluate, what they reach.

An evaluation is the value or the gradient of one neuron at one data point; counts are those of one particle. The
expansions of L(q) − L(q*) are of second order at the optimum and know nothing of a path but its start and its time.

Source: derived.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import expm

from dltheory.meanfield import langevin_laws
from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.pda_theory import full_batch_constant, limit_constant
from dltheory.meanfield.psdca_linear import LinearisedAscent

Array = npt.NDArray[np.float64]


def averaging_evaluations(inner: InnerLoop, outer: int, size: int) -> Array:
    """Return what T = 1 … `outer` iterations of dual averaging evaluate on n = `size` data points, shape (outer,).

    Σ_{t≤T} (1 + T_t min(t, n)): the new example once, and in each of T_t Langevin steps all examples seen so far, whose
    coefficients are merged by data point.
    """
    t = np.arange(1.0, outer + 1)
    return np.asarray(np.cumsum(1 + inner.steps(t) * np.minimum(t, size)))


def ascent_evaluations(t: Array, size: int, steps: int) -> Array:
    """Return what t updates of dual coordinate ascent evaluate, t + Kn⌊(t − 1)/n⌋, shape of t.

    One neuron an update, and K = `steps` Langevin steps on all n = `size` data points before each pass but the first,
    whose particles are drawn from p[0].
    """
    return np.asarray(t + steps * size * np.floor((t - 1) / size))


def ascent_updates(evaluations: Array, size: int, steps: int) -> Array:
    """Return the updates that are done after so many evaluations, the inverse of `ascent_evaluations` from below."""
    passes, rest = np.divmod(evaluations - 1, size * (steps + 1))
    return np.asarray(size * passes + np.minimum(rest + 1, size))


def averaging_expansion(quadrature: Quadrature, t: Array) -> dict[str, Array]:
    """Return the expected gap of q_t of dual averaging with exact inner loops in two parts, each of shape of t.

    `sampling` is C∞/t, what one example an iteration leaves, and `cooling` C/t², what is left because q_t is hotter
    than q* by the factor (t + 1)/(t − 1); see `pda_theory`.
    """
    return {
        "sampling": np.asarray(limit_constant(quadrature) / t),
        "cooling": np.asarray(full_batch_constant(quadrature) / t**2),
    }


def ascent_expansion(linear: LinearisedAscent, second: Array) -> Array:
    """Return E L(p[g]) − L(q*) = tr((K + KC⁻¹K)M)/(2n) for second moments M of g − g* (..., n, n), shape (...).

    It is the duality gap less the dual suboptimality.
    """
    response = linear.response
    weight = response + response @ (response / linear.curvature[:, np.newaxis])
    return np.asarray(np.einsum("ij,...ij->...", weight, second) / (2 * linear.size))


def langevin_expansion(quadrature: Quadrature, start: Array, times: Array) -> Array:
    """Return L(q_t) − L(q*) of mean-field Langevin dynamics from the law `start` (G,) at times t (K,), shape (K,).

    With A the generator at q*, D = diag ℓ″ and q = q* + δ to first order δ′ = A(δ + q* h D hᵀδ/(nλ₂)), and the gap is
    ½ δᵀ(λ₂δ/q* + h D hᵀδ/n): all the sharp local rates at once. The start enters as δ = 2(√(q q*) − q*), up to its
    mean: of the coordinates that agree to first order this one treats both laws alike, and its next order is small.
    """
    p, best = quadrature.problem, quadrature.gibbs(quadrature.optimum)
    pull = quadrature.neurons * p.loss.curvature(best @ quadrature.neurons, p.labels)
    coupling = pull @ quadrature.neurons.T / p.size
    bands = FokkerPlanck(quadrature).generator(quadrature.optimum)
    generator = np.diag(bands[1]) + np.diag(bands[0, 1:], 1) + np.diag(bands[2, :-1], -1)
    field = generator @ (np.eye(len(best)) + best[:, np.newaxis] * coupling / p.temperature)
    root = 2 * (np.sqrt(start * best) - best)
    first = root - best * root.sum()
    off = np.stack([expm(t * field) @ first for t in times])
    density = np.maximum(best, np.finfo(float).tiny)
    risk = np.einsum("ki,ij,kj->k", off, coupling, off)
    return np.asarray((p.temperature * np.sum(off**2 / density, axis=1) + risk) / 2)


def langevin_gaps(
    quadrature: Quadrature, start: Array, step_size: float, steps: int, run: Quadrature | None = None,
    frozen: bool = False,
) -> Array:  # fmt: skip
    """Return L(q_k) − L(q*) of Euler steps with infinitely many particles from `start` (G,), k = 0 … `steps`.

    The law after a step is that of the particles exactly. For controls `run` is the same grid with another problem,
    which moves the particles, and `frozen` keeps the coefficients of the start.
    """
    law, mover = start, quadrature if run is None else run
    out, g = [float(langevin_laws.gap(quadrature, law))], langevin_laws.coefficients(mover, law)
    for _ in range(steps):
        law = langevin_laws.euler_kernel(mover, g, step_size) @ law
        law = law / law.sum()
        out.append(float(langevin_laws.gap(quadrature, law)))
        g = g if frozen else langevin_laws.coefficients(mover, law)
    return np.array(out)


def crossing(x: Array, falling: Array, x_other: Array, other: Array) -> float:
    """Return the first x at which the gap `falling` is below `other`, infinite where it never is.

    `falling` (K,) is given at increasing `x` and interpolated between them as an exponential; `other` (J,) at
    increasing `x_other`, as a power, and constant beyond its ends.
    """
    held = np.interp(np.log(x), np.log(x_other), np.log(other))
    ahead = np.log(falling) - held
    first = int(np.argmax(ahead < 0))
    if ahead[first] >= 0:
        return float("inf")
    if first == 0:
        return float(x[0])
    share = ahead[first - 1] / (ahead[first - 1] - ahead[first])
    return float(x[first - 1] + share * (x[first] - x[first - 1]))
