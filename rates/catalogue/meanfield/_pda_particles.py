"""Dual averaging with particles: runs of their own inner loops, and clouds drawn from the optimum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.meanfield._pda_problems import Schedule, averaging, bounded, examples
from rates.streams import Stream

Array = npt.NDArray[np.float64]
_FOUR = 4  # data points of the particle run, whose steps cost as many neurons a particle


def particle_gaps(
    t: Array, streams: Sequence[Stream], *, particles: int = 32, schedule: Schedule = "theory", time: float = 4.0
) -> Array:
    """Run the particles themselves and, on the same examples, dual averaging with exact inner loops.

    Return the gaps of the Gibbs measures that both remember at t, (R, K, 2). The inner loop has the theory's growth,
    η_t = (t+1)^−2 and T_t = `time` (t+1)².
    """
    from dltheory.meanfield import pda_exact, pda_replicas
    from dltheory.meanfield.pda_inner import InnerLoop

    quadrature, outer = bounded("squared", _FOUR), int(t[-1]) - 1
    problem, width = quadrature.problem, (quadrature.problem.temperature / (2 * quadrature.problem.l2)) ** 0.5
    inner = {
        "single": InnerLoop(1.0, 1, 2.0, 0.0), "short": InnerLoop(1.0, 4, 2.0, 0.0),
        "frozen": InnerLoop(1e-9, 1, 0.0, 0.0), "inverse": InnerLoop(1.0, time, 1.0, 1.0),
    }.get(schedule, InnerLoop(1.0, time))  # fmt: skip
    pda, drawn = averaging(outer, inner=inner), examples(problem.size, outer, streams)
    shape = (particles, problem.dimension)
    theta = width * np.stack([stream.numpy("initialisation").standard_normal(shape) for stream in streams])
    u = pda_replicas.stored(problem, pda, theta, drawn, [stream.numpy("noise") for stream in streams], t)
    exponents = pda.coolings[t.astype(int) - 2][:, np.newaxis] * quadrature.exponent(u)
    exact = pda_exact.gaps(quadrature, averaging(outer), drawn, t)
    return np.stack([pda_exact.gap(quadrature, exponents), exact], axis=-1)


def cloud_error(
    particles: int, streams: Sequence[Stream], *, distinct: float = 1.0, source: Literal["gibbs", "prior"] = "gibbs",
    stratified: bool = False, measure: Literal["squared", "absolute"] = "squared",
) -> Array:  # fmt: skip
    """Return how far the mean of M particles drawn from q* is from E_{q*}h, in the risk that it costs, (R,).

    `squared`: (1/2n) Σ (h_Θ − h_q)², which for the squared loss has the mean of ℓ(h_Θ) − ℓ(h_q) and is never negative.
    `absolute`: (1/n) Σ |ℓ(h_Θ) − ℓ(h_q)|. For controls: only M^`distinct` particles are distinct, they come from the
    prior, or they are one from each of M equal shares of probability.
    """
    quadrature = bounded("squared")
    problem, law = quadrature.problem, quadrature.gibbs(quadrature.optimum)
    drawn_from = law if source == "gibbs" else quadrature.gibbs(np.zeros(problem.size))
    count, rows = max(1, round(particles**distinct)), []
    steps = np.cumsum(drawn_from)
    for stream in streams:
        uniform = stream.numpy("particles").random(count)
        if stratified:
            uniform = (np.arange(count) + uniform) / count
        chosen = np.minimum(np.searchsorted(steps, uniform), len(steps) - 1)
        rows.append(np.bincount(chosen, minlength=len(steps)) @ quadrature.neurons / count)
    exact, seen = law @ quadrature.neurons, np.stack(rows)
    if measure == "squared":
        return np.asarray(np.mean((seen - exact) ** 2, axis=1) / 2)
    excess = problem.loss.value(seen, problem.labels) - problem.loss.value(exact, problem.labels)
    return np.asarray(np.mean(np.abs(excess), axis=1))


def cloud_variance(particles: Array) -> Array:
    """Return (1/2n) Σ Var_{q*}(h_i)/M."""
    quadrature = bounded("squared")
    return np.asarray(np.mean(np.diag(quadrature.covariance(quadrature.optimum))) / (2 * particles))
