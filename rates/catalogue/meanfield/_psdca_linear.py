"""Dual coordinate ascent with linear neurons: ridge regression, whose second moments are exact; what a gap costs."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dltheory.meanfield.psdca import Refresh
    from dltheory.meanfield.psdca_gaussian import GaussianAscent
    from dltheory.meanfield.psdca_linear import LinearisedAscent

Array = npt.NDArray[np.float64]


@lru_cache(maxsize=8)
def linear(p: int, size: int = 16) -> GaussianAscent:
    """Return linear neurons of p weights on `size` points of norm √2, λ₁ = 1/20: κ = 36 with γ = 1."""
    from dltheory.meanfield.neurons import Linear
    from dltheory.meanfield.problem import MeanFieldProblem
    from dltheory.meanfield.psdca_gaussian import GaussianAscent

    i, j = np.arange(size)[:, np.newaxis], np.arange(1, p + 1)
    inputs = np.sin(i * j + 0.3 * j)
    inputs *= np.sqrt(2 / np.sum(inputs**2, axis=1, keepdims=True))
    labels = np.sign(np.sin(5 * np.arange(size) + 1.0))
    return GaussianAscent(MeanFieldProblem(inputs, labels, 0.05, 0.1, neuron=Linear()))


def steps_to(inverse: Array, *, p: int, scale: float = 1.0, fading: float = 0.0, longest: int = 40_000) -> Array:
    """Return the steps after which the expected duality gap is ε, at x = 1/ε: linear neurons, exact second moments.

    Interpolated between whole steps, infinite where `longest` do not reach ε. For controls step t is divided by
    1 + `fading` t/κ.
    """
    from dltheory.meanfield.psdca import DualCoordinateAscent, condition_number

    model = linear(p)
    kappa, best = condition_number(model.problem), model.optimum
    full = model.moments(DualCoordinateAscent(1, step_scale=scale))
    second, gaps = np.outer(best, best), [float(full.duality_gap(np.outer(best, best)))]
    while len(gaps) <= longest and gaps[-1] > 1 / inverse[-1]:
        second = replace(full, step=full.step / (1 + fading * (len(gaps) - 1) / kappa)).advance(second)
        gaps.append(float(full.duality_gap(second)))
    gap = np.array(gaps)
    reached = np.array([int(np.argmax(gap <= 1 / x)) for x in inverse])
    before = np.maximum(reached - 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.log(gap[before] * inverse) / np.log(gap[before] / gap[reached])
    return np.where(reached > 0, before + share, np.inf)


def steps_bound(inverse: Array, *, p: int) -> Array:
    """Return κ log(κ (D* − D(0))/ε) at x = 1/ε."""
    from dltheory.meanfield.psdca import condition_number

    model = linear(p)
    kappa = condition_number(model.problem)
    return np.asarray(kappa * np.log(kappa * float(model.dual_suboptimality(np.zeros(model.problem.size))) * inverse))


def total_cost(
    inverse: Array, *, p: int, cloud: float = 1.0, finer: float = 1.0, period: float = 1.0, scale: float = 1.0
) -> Array:  # fmt: skip
    """Return the evaluations of a neuron to E[D* − D] ≤ ε with independent particles, at x = 1/ε (K,).

    T M for T updates by M particles, and ⌈T/n⌉ K M n for refreshes by K Langevin steps. M and the step size are the
    theory's for ε; T follows from the exact second moments with the noise of M particles, K from the exact law of
    Langevin dynamics that starts at KL = 1. For controls M is that of ε^`cloud`, step sizes those of ε^`finer`, a
    refresh comes every n·`period` updates, and steps are multiplied by `scale`.
    """
    from dltheory.meanfield.psdca import DualCoordinateAscent, particles_for

    model = linear(p)
    n, moments = model.problem.size, model.moments(DualCoordinateAscent(1, step_scale=scale))
    found = []
    for x in inverse:
        particles = particles_for(model.problem, x**-cloud)
        updates = _updates_to(1 / x, moments, model.optimum, particles)
        steps = _langevin_steps(_refresh(model, x**-finer), model, 1 / (2 * x))
        found.append(updates * particles + np.ceil(updates / (n * period)) * steps * particles * n)
    return np.array(found)


def total_cost_bound(inverse: Array, *, p: int) -> Array:
    """Return the same with the guarantees T = κ log(2(D* − D(0))/ε) and K = log(2/δ)/(αη), δ = ε/2."""
    from dltheory.meanfield.psdca import condition_number, particles_for

    model = linear(p)
    kappa, n = condition_number(model.problem), model.problem.size
    initial = float(model.dual_suboptimality(np.zeros(n)))
    found = []
    for x in inverse:
        updates, particles = np.ceil(kappa * np.log(2 * initial * x)), particles_for(model.problem, 1 / x)
        steps = _refresh(model, 1 / x).steps
        found.append(updates * particles + np.ceil(updates / n) * steps * particles * n)
    return np.array(found)


def _updates_to(accuracy: float, moments: LinearisedAscent, start: Array, particles: int, longest: int = 5000) -> float:
    """Return the updates after which E[D* − D] is at most the accuracy; infinite where `longest` do not do."""
    second, noise = np.outer(start, start), moments.variances / particles
    for t in range(longest):
        if float(moments.suboptimality(second)) <= accuracy:
            return float(t)
        second = moments.advance(second, noise)
    return float("inf")


def _refresh(model: GaussianAscent, accuracy: float) -> Refresh:
    """Return the theory's refresh for an accuracy: targets are Gaussian with α = L = 2λ₁/λ₂."""
    from dltheory.meanfield.psdca import Refresh

    curvature = 2 * model.problem.l2 / model.problem.temperature
    return Refresh.from_theory(model.problem, accuracy, lsi=curvature, lipschitz=curvature)


def _langevin_steps(refresh: Refresh, model: GaussianAscent, divergence: float) -> float:
    """Return the steps of that size after which the law is within the divergence, from a mean at KL = 1.

    Variances start at that of the Euler scheme, s/(1 − ηc/2) with c = 1/s; what is left decays by (1 − ηc)² a step.
    """
    c, p = 2 * model.problem.l2 / model.problem.temperature, model.problem.dimension
    excess = 1 / (1 - refresh.step_size * c / 2) - 1
    left = divergence - p / 2 * (excess - np.log1p(excess))
    return float(np.ceil(np.log(left) / (2 * np.log1p(-refresh.step_size * c)))) if left > 0 else float("inf")
