"""What the claims on dual coordinate ascent share: bounded neurons on a quadrature, bounds, second moments, particles.

The algorithms are imported where they run, so that listing the catalogue stays instant. The cases of a claim give γ for
its formulas; the algorithms take it from the loss, and refuse a case in which the two differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.psdca import Order, Step
    from dltheory.meanfield.psdca_linear import LinearisedAscent

Array = npt.NDArray[np.float64]
LossName = Literal["squared", "double", "logistic"]


@lru_cache(maxsize=32)
def bounded(loss: LossName = "squared", n: int = 16, temperature: float = 0.1, gamma: float = 1.0) -> Quadrature:
    """Return tanh neurons of one weight on n points, λ₁ = 1/10; the loss `double` is (z − y)²."""
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.losses import LogisticLoss, Loss, SquaredLoss
    from dltheory.meanfield.problem import MeanFieldProblem

    losses: dict[str, Loss] = {"squared": SquaredLoss(), "double": SquaredLoss(1.0), "logistic": LogisticLoss()}
    if losses[loss].gamma != gamma:
        raise ValueError(f"the {loss} loss has γ = {losses[loss].gamma:g}, the case says {gamma:g}")
    i = np.arange(n)
    inputs = 2 * np.cos(np.pi * (i + 0.5) / n)[:, np.newaxis]
    problem = MeanFieldProblem(
        inputs, np.sign(np.sin(5 * i + 1.0)), 0.1, temperature, loss=losses[loss], offsets=np.sin(3.0 * i)
    )
    return Quadrature.of(problem)


@lru_cache(maxsize=32)
def linearised(
    loss: LossName = "squared", n: int = 16, temperature: float = 0.1, gamma: float = 1.0, scale: float = 1.0
) -> LinearisedAscent:
    """Return the map of second moments at the optimum, of steps multiplied by `scale`."""
    from dltheory.meanfield.psdca import DualCoordinateAscent
    from dltheory.meanfield.psdca_linear import LinearisedAscent

    return LinearisedAscent.of(bounded(loss, n, temperature, gamma), DualCoordinateAscent(1, step_scale=scale))


def coordinates(n: int, outer: int, streams: Sequence[Stream], order: Order = "uniform") -> npt.NDArray[np.int64]:
    """Return the coordinates (R, T), the first T of every replicate's stream."""
    from dltheory.meanfield.psdca import draw_coordinates

    return draw_coordinates(n, outer, [stream.numpy("coordinates") for stream in streams], order)


def errors(
    t: Array, streams: Sequence[Stream], *, loss: LossName, n: int, temperature: float, gamma: float,
    gap: bool = False, distance: float = 1.0, scale: float = 1.0, order: Order = "uniform", particles: int = 0,
    unscaled: bool = False, safe: bool = False,
) -> Array:  # fmt: skip
    """Return D* − D(g_t), or the duality gap, and the same of the linearised method, (R, K, 2).

    The linearised method takes the same coordinates and full steps; its expectation is `linear_mean`. Both start at
    (1 − `distance`) g*: 0 at 1. `unscaled` forgets the 1/n in the exponent of the Gibbs measure; M = `particles`
    independent ones estimate z_i (0: exactly). `safe` takes the safe step.
    """
    from dltheory.meanfield.psdca import DualCoordinateAscent
    from dltheory.meanfield.psdca_exact import Sampler, path

    quadrature, outer = bounded(loss, n, temperature, gamma), int(t[-1])
    drawn = coordinates(n, outer, streams, order)
    step: Step = "safe" if safe else "maximise"
    ascent = DualCoordinateAscent(outer, step, step_scale=scale, tilt=float(n) if unscaled else 1.0)
    generators = [stream.numpy("particles") for stream in streams]
    sampler = Sampler.independent(particles, outer, generators) if particles else None
    found = path(quadrature, ascent, drawn, t, (1 - distance) * quadrature.optimum, sampler)
    measured = quadrature.duality_gap(found) if gap else quadrature.dual_suboptimality(found)
    return np.stack([measured, _variate(t, drawn, order, loss, n, temperature, gamma, gap, distance)], axis=-1)


def _variate(
    t: Array, drawn: npt.NDArray[np.int64], order: Order, loss: LossName, n: int, temperature: float, gamma: float,
    gap: bool, distance: float,
) -> Array:  # fmt: skip
    """Return what the linearised method has along the coordinates, (R, K); its mean where they are not uniform."""
    linear, best = linearised(loss, n, temperature, gamma), bounded(loss, n, temperature, gamma).optimum
    if order != "uniform":
        mean = linear_mean(
            t, loss=loss, n=n, temperature=temperature, gamma=gamma, gap=gap, distance=distance
        )  # fmt: skip
        return np.tile(mean, (len(drawn), 1))
    off = linear.path(-distance * best, drawn, t)
    second = off[..., :, np.newaxis] * off[..., np.newaxis, :]
    return linear.duality_gap(second) if gap else linear.suboptimality(second)


def linear_mean(
    t: Array, *, loss: LossName, n: int, temperature: float, gamma: float, gap: bool = False, distance: float = 1.0,
    scale: float = 1.0,
) -> Array:  # fmt: skip
    """Return the expectation of the linearised method at t, by its map of second moments."""
    linear = linearised(loss, n, temperature, gamma, scale)
    start = distance * bounded(loss, n, temperature, gamma).optimum
    second = linear.moments(np.outer(start, start), t)
    return linear.duality_gap(second) if gap else linear.suboptimality(second)


def variate_mean(
    t: Array, *, loss: LossName, n: int, temperature: float, gamma: float, gap: bool = False, distance: float = 1.0
) -> Array:
    """Return the mean of the second component of `errors`, whose steps no knob turns."""
    return linear_mean(t, loss=loss, n=n, temperature=temperature, gamma=gamma, gap=gap, distance=distance)


def bound(t: Array, *, loss: LossName, n: int, temperature: float, gamma: float, gap: bool = False) -> Array:
    """Return (1 − 1/κ)^t (D* − D(0)), times κ for the duality gap; κ is that of the loss object."""
    from dltheory.meanfield.psdca import condition_number

    quadrature = bounded(loss, n, temperature, gamma)
    kappa = condition_number(quadrature.problem)
    start = float(quadrature.dual_suboptimality(np.zeros(n)))
    return np.asarray((kappa if gap else 1.0) * start * np.exp(t * np.log1p(-1 / kappa)))


def plateau(
    particles: int, streams: Sequence[Stream], *, loss: LossName, n: int, temperature: float, gamma: float,
    scale: float = 1.0, unscaled: bool = False, distinct: float = 1.0, order: Order = "uniform",
) -> Array:  # fmt: skip
    """Return the mean of D* − D(g_t) over late t with M independent particles an update, from g* on, (R,).

    Times are 8 … 20 relaxation times of the linearised map, in steps of half of one. For controls only
    M^`distinct` particles are distinct.
    """
    from dltheory.meanfield.psdca import DualCoordinateAscent
    from dltheory.meanfield.psdca_exact import Sampler, path

    quadrature = bounded(loss, n, temperature, gamma)
    relaxation = 1 / linearised(loss, n, temperature, gamma).rate
    times = np.ceil(relaxation * np.arange(8, 20.5, 0.5))
    outer, count = int(times[-1]), max(1, round(particles**distinct))
    sampler = Sampler.independent(count, outer, [stream.numpy("particles") for stream in streams])
    ascent = DualCoordinateAscent(outer, step_scale=scale, tilt=float(n) if unscaled else 1.0)
    found = path(quadrature, ascent, coordinates(n, outer, streams, order), times, quadrature.optimum, sampler)
    return np.asarray(quadrature.dual_suboptimality(found).mean(axis=1))


def plateau_mean(
    particles: Array, *, loss: LossName, n: int, temperature: float, gamma: float, scale: float = 1.0,
    distinct: float = 1.0,
) -> Array:  # fmt: skip
    """Return the plateau of the linearised map with M particles."""
    count = np.maximum(1, np.round(particles**distinct))
    return np.asarray(linearised(loss, n, temperature, gamma, scale).plateau(1.0) / count)


def particle_errors(
    t: Array, streams: Sequence[Stream], *, loss: LossName, n: int, temperature: float, gamma: float,
    particles: int = 500, step_size: float = 0.1, steps: int = 40, epochs: int = 1, weighted: bool = True,
    gap: bool = False,
) -> Array:  # fmt: skip
    """Run the particles; return the exact D* − D of g_t and that of the linearised method, (R, K, 2).

    Particles are refreshed every n·`epochs` steps by `steps` Langevin steps, and importance-weighted in between.
    """
    from dltheory.meanfield.psdca import DualCoordinateAscent, Refresh
    from dltheory.meanfield.psdca_particles import initial_particles, run

    quadrature, outer = bounded(loss, n, temperature, gamma), int(t[-1])
    problem, drawn = quadrature.problem, coordinates(n, outer, streams)
    ascent = DualCoordinateAscent(outer, refresh=Refresh(n * epochs, step_size, steps, weighted))
    found = []
    for stream, chosen in zip(streams, drawn, strict=True):
        theta = initial_particles(problem, particles, stream.numpy("initialisation"))
        found.append(run(problem, ascent, theta, chosen, stream.numpy("noise"), t).coefficients)
    g = np.stack(found)
    measured = quadrature.duality_gap(g) if gap else quadrature.dual_suboptimality(g)
    return np.stack([measured, _variate(t, drawn, "uniform", loss, n, temperature, gamma, gap, 1.0)], axis=-1)


def bias_plateau(
    bias: Array, *, loss: LossName, n: int, temperature: float, gamma: float, scale: float = 1.0,
    unscaled: bool = False, order: Order = "cyclic", power: float = 1.0, share: float = 1.0,
) -> Array:  # fmt: skip
    """Return the D* − D at which the method ends where every z_i is off by ± e, at e = `bias`.

    Signs alternate. Coordinates are taken in turn, 60 times each, since the fixed point does not depend on them. For
    controls the error is e^`power`, of a `share` of the data points only.
    """
    from dltheory.meanfield.psdca import DualCoordinateAscent, draw_coordinates
    from dltheory.meanfield.psdca_exact import Sampler, path

    quadrature, outer = bounded(loss, n, temperature, gamma), 60 * n
    ascent = DualCoordinateAscent(outer, step_scale=scale, tilt=float(n) if unscaled else 1.0)
    drawn = draw_coordinates(n, outer, [np.random.default_rng(0)], order)
    ends = [
        path(quadrature, ascent, drawn, np.array([outer]), sampler=Sampler(bias=_pattern(n, share) * e**power))[0, 0]
        for e in bias
    ]
    return quadrature.dual_suboptimality(np.stack(ends))


def bias_response(
    bias: Array, *, loss: LossName, n: int, temperature: float, gamma: float, power: float = 1.0, share: float = 1.0
) -> Array:
    """Return eᵀ(C + K)⁻¹e/(2n), the plateau of the linear response."""
    one = linearised(loss, n, temperature, gamma).biased_plateau(_pattern(n, share))
    return np.asarray(one * bias ** (2 * power))


def _pattern(n: int, share: float) -> Array:
    i = np.arange(n)
    return np.where(i < share * n, np.where(i % 2 == 0, 1.0, -1.0), 0.0)


def steps_in_size(n: Array, *, temperature: float = 1.0, shrink: float = 0.0, cooling: float = 0.0) -> Array:
    """Return the steps of the linearised method to 1/1000 of its gap at the start, in the number n of data points.

    For controls steps are divided by (n/16)^`shrink` and λ₂ by (n/16)^`cooling`.
    """
    found = [
        _steps_to_thousandth(round(m), temperature / (m / 16) ** cooling, (16 / m) ** shrink) for m in n
    ]  # fmt: skip
    return np.array(found)


def steps_in_temperature(inverse: Array, *, n: int = 4, shrink: float = 0.0) -> Array:
    """Return the same at fixed n in x = 1/λ₂; for controls steps are divided by (x/x₀)^`shrink`, x₀ the first x."""
    return np.array([_steps_to_thousandth(n, 1 / x, (x / inverse[0]) ** -shrink) for x in inverse])


def _steps_to_thousandth(n: int, temperature: float, scale: float, longest: int = 200_000) -> float:
    """Return the steps, interpolated, after which E[D* − D] of the linearised method is a thousandth of its start."""
    map_, best = linearised("squared", n, temperature, 1.0, scale), bounded("squared", n, temperature, 1.0).optimum
    second = np.outer(best, best)
    target = float(map_.suboptimality(second)) / 1000
    before = 1000 * target
    for t in range(longest):
        second = map_.advance(second)
        now = float(map_.suboptimality(second))
        if now <= target:
            return t + float(np.log(before / target) / np.log(before / now))
        before = now
    return float("inf")
