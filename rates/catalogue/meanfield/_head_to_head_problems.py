"""The problem that three methods share, the gaps that they reach after so many evaluations, and where they cross.

The mathematics is imported where it runs, so that listing the catalogue stays instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.pda import Gradients, Memory
    from dltheory.meanfield.pda_inner import InnerLoop
    from dltheory.meanfield.psdca import Order
    from dltheory.meanfield.psdca_linear import LinearisedAscent

Array = npt.NDArray[np.float64]
Counted = Literal["examples", "steps"]
SIZE = 128
STEP = 0.05  # of Langevin dynamics
REFRESH = 20  # Langevin steps before a pass of coordinate ascent, of size 1/10: time 2, as an inner loop of averaging
_RUNS = 64  # of dual averaging in one crossing
_LONGEST = 32  # iterations of dual averaging in which it is overtaken


@lru_cache(maxsize=8)
def shared(n: int = SIZE) -> Quadrature:
    """Return tanh neurons of one weight that learn the sign of x from n points, λ₁ = 1/4, λ₂ = 1/2, squared loss."""
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.problem import MeanFieldProblem

    i = np.arange(n)
    x = 2 * np.cos(np.pi * (i + 0.5) / n)
    return Quadrature.of(MeanFieldProblem(x[:, np.newaxis], np.sign(x), 0.25, 0.5, offsets=np.sin(3.0 * i)))


def start(n: int = SIZE) -> Array:
    """Return the prior N(0, λ₂/2λ₁) on the nodes, from which all methods start."""
    return shared(n).gibbs(np.zeros(n))


def inner_loop(growth: float = 2.0) -> InnerLoop:
    """Return Langevin steps (t + 1)^−g, 2(t + 1)^g of them, g = `growth`: 2 keeps the theory's accuracy (t + 1)^−2."""
    from dltheory.meanfield.pda_inner import InnerLoop

    return InnerLoop(1.0, 2.0, growth, growth)


def averaging_cost(least: float, *, growth: float = 2.0, n: int = SIZE, counted: Counted = "examples") -> Array:
    """Return what T = 1, 2 … iterations of dual averaging evaluate, the last at least `least` (T,)."""
    from dltheory.meanfield.head_to_head import averaging_evaluations

    longest, size = 64, n if counted == "examples" else 1
    while averaging_evaluations(inner_loop(growth), longest, size)[-1] <= least:
        longest *= 2
    return averaging_evaluations(inner_loop(growth), longest, size)


def averaging_gaps(
    evaluations: Array, streams: Sequence[Stream], *, growth: float = 2.0, counted: Counted = "examples",
    gradients: Gradients = "stochastic", weights: float = 1.0, memory: Memory = "weighted", heat: float = 1.0,
    stale: bool = False,
) -> Array:  # fmt: skip
    """Return L(q_{T+1}) − L(q*) of dual averaging, T the iterations that N evaluations have finished, (R, K)."""
    from dltheory.meanfield import pda_exact
    from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples

    done = np.searchsorted(averaging_cost(evaluations[-1], growth=growth, counted=counted), evaluations, side="right")
    outer = int(done[-1])
    pda = ParticleDualAveraging(outer, None, gradients, weights, memory, heat, stale)
    drawn = None
    if gradients == "stochastic":
        drawn = draw_examples(SIZE, outer, [stream.numpy("examples") for stream in streams])
    times, place = np.unique(done + 1.0, return_inverse=True)
    found = pda_exact.gaps(shared(), pda, drawn, times)[:, place]
    return found if drawn is not None else np.tile(found, (len(streams), 1))


def averaging_expected(evaluations: Array, *, growth: float = 2.0) -> dict[str, Array]:
    """Return C∞/t and C/t², the two parts of the expected gap, at the t of so many evaluations, interpolated."""
    from dltheory.meanfield.head_to_head import averaging_expansion

    cost = averaging_cost(evaluations[-1], growth=growth)
    return averaging_expansion(shared(), np.interp(evaluations, cost, np.arange(2.0, len(cost) + 2)))


@lru_cache(maxsize=8)
def linearised() -> LinearisedAscent:
    """Return the map of second moments of coordinate ascent at the optimum."""
    from dltheory.meanfield.psdca import DualCoordinateAscent
    from dltheory.meanfield.psdca_linear import LinearisedAscent

    return LinearisedAscent.of(shared(), DualCoordinateAscent(1))


def ascent_gaps(
    evaluations: Array, streams: Sequence[Stream], *, steps: int = REFRESH, scale: float = 1.0,
    order: Order = "uniform", particles: int = 0, unscaled: bool = False,
) -> Array:  # fmt: skip
    """Return L(p[g_t]) − L(q*) and that of the linearised method on the same coordinates, (R, K, 2).

    t are the updates that N evaluations have paid, with refreshes of `steps` Langevin steps. M = `particles`
    independent ones estimate an integral (0: exactly); `unscaled` forgets the 1/n in the exponent of the Gibbs measure.
    """
    from dltheory.meanfield import pda_exact, psdca_exact
    from dltheory.meanfield.head_to_head import ascent_updates
    from dltheory.meanfield.psdca import DualCoordinateAscent, draw_coordinates

    quadrature, t = shared(), ascent_updates(evaluations, SIZE, steps)
    outer = int(t[-1])
    drawn = draw_coordinates(SIZE, outer, [stream.numpy("coordinates") for stream in streams], order)
    ascent = DualCoordinateAscent(outer, step_scale=scale, tilt=float(SIZE) if unscaled else 1.0)
    generators = [stream.numpy("particles") for stream in streams]
    sampler = psdca_exact.Sampler.independent(particles, outer, generators) if particles else None
    times, place = np.unique(t, return_inverse=True)  # a refresh moves no coefficient
    found = psdca_exact.path(quadrature, ascent, drawn, times, sampler=sampler)
    measured = pda_exact.gap(quadrature, quadrature.exponent(found))[:, place]
    return np.stack([measured, _variate(t, drawn, order)], axis=-1)


def _variate(t: Array, drawn: npt.NDArray[np.int64], order: Order) -> Array:
    """Return the gap of the linearised method along the coordinates (R, K); its mean where they are not uniform."""
    from dltheory.meanfield.head_to_head import ascent_expansion

    if order != "uniform":
        return np.tile(_moments(tuple(t)), (len(drawn), 1))
    linear, (times, place) = linearised(), np.unique(t, return_inverse=True)
    off = linear.path(-shared().optimum, drawn, times)
    gaps = [ascent_expansion(linear, row[:, :, np.newaxis] * row[:, np.newaxis, :]) for row in off]
    return np.stack(gaps)[:, place]


def ascent_expected(evaluations: Array, *, steps: int = REFRESH) -> Array:
    """Return the expected gap of the linearised method after so many evaluations, by its map of second moments."""
    from dltheory.meanfield.head_to_head import ascent_updates

    return _moments(tuple(ascent_updates(evaluations, SIZE, steps)))


@lru_cache(maxsize=8)
def _moments(t: tuple[float, ...]) -> Array:
    from dltheory.meanfield.head_to_head import ascent_expansion

    linear, best = linearised(), shared().optimum
    return ascent_expansion(linear, linear.moments(np.outer(best, best), np.array(t)))


def langevin_gaps(
    evaluations: Array, *, eta: float = STEP, n: int = SIZE, heat: float = 1.0, shrink: float = 1.0,
    speed: float = 1.0, frozen: bool = False, counted: Counted = "examples",
) -> Array:  # fmt: skip
    """Return L(q_k) − L(q*) after k = N/n Euler steps of infinitely many particles, exactly, (K,)."""
    k = np.rint(evaluations / (n if counted == "examples" else 1)).astype(int)
    return np.asarray(_langevin(n, eta * speed, heat, shrink, frozen, int(k[-1]))[k])


@lru_cache(maxsize=32)
def _langevin(n: int, step: float, heat: float, shrink: float, frozen: bool, steps: int) -> Array:
    from dltheory.meanfield import langevin_laws
    from dltheory.meanfield.head_to_head import langevin_gaps as gaps

    coarse = shared(n)
    factor = int(np.ceil(1.6 * coarse.volume / np.sqrt(2 * coarse.problem.temperature * step)))
    fine = langevin_laws.refined(coarse, factor)
    problem = replace(fine.problem, l2=shrink * fine.problem.l2, temperature=heat * fine.problem.temperature)
    return gaps(fine, fine.gibbs(np.zeros(n)), step, steps, replace(fine, problem=problem), frozen)


def langevin_expected(evaluations: Array, *, eta: float = STEP, n: int = SIZE) -> Array:
    """Return the gap of the linearised dynamics at the time ηN/n."""
    from dltheory.meanfield.head_to_head import langevin_expansion

    return langevin_expansion(shared(n), start(n), eta * evaluations / n)


def crossover(
    n: int, streams: Sequence[Stream], *, weights: float = 1.0, memory: Memory = "weighted", heat: float = 1.0,
    stale: bool = False, gradients: Gradients = "stochastic", eta: float = STEP, counted: Counted = "examples",
) -> Array:  # fmt: skip
    """Return the evaluations at which Langevin dynamics overtakes the mean of 64 runs of dual averaging, (R,).

    Infinite where that takes more than 32 iterations of dual averaging. `counted="steps"` counts a step of Langevin
    dynamics, and of an inner loop, as one evaluation.
    """
    from dltheory.meanfield import pda_exact
    from dltheory.meanfield.head_to_head import crossing
    from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples

    pda = ParticleDualAveraging(_LONGEST, None, gradients, weights, memory, heat, stale)
    times, cost = np.arange(2.0, _LONGEST + 2), averaging_cost(0.0, n=n, counted=counted)[:_LONGEST]
    x = _steps(n, cost[-1], counted)
    ahead = langevin_gaps(x, eta=eta, n=n, counted=counted)
    found = []
    for stream in streams:
        drawn = draw_examples(n, _LONGEST * _RUNS, [stream.numpy("examples")]).reshape(_RUNS, _LONGEST)
        gaps = pda_exact.gaps(shared(n), pda, drawn if gradients == "stochastic" else None, times)
        found.append(crossing(x, ahead, cost, gaps.mean(axis=0)))
    return np.array(found)


def crossover_expected(n: Array) -> Array:
    """Return the evaluations at which the expansion of Langevin dynamics falls below C∞/t + C/t²."""
    return np.array([_crossing(round(size)) for size in n])


def _crossing(n: int) -> float:
    from dltheory.meanfield.head_to_head import averaging_expansion, crossing

    cost = averaging_cost(0.0, n=n)[:_LONGEST]
    x, power = _steps(n, cost[-1]), averaging_expansion(shared(n), np.arange(2.0, _LONGEST + 2))
    return crossing(x, langevin_expected(x, n=n), cost, power["sampling"] + power["cooling"])


def _steps(n: int, last: float, counted: Counted = "examples") -> Array:
    """Return the evaluations after 1, 2 … steps of Langevin dynamics, at most 100 steps and at most `last`."""
    each = n if counted == "examples" else 1
    return np.asarray(each * np.arange(1.0, min(100, int(last // each)) + 1))
