"""Langevin dynamics with linear neurons: Gaussian laws, whose gaps, steps and biases are exact in any dimension."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dltheory.meanfield.gaussian import LinearGaussian

Array = npt.NDArray[np.float64]


@lru_cache(maxsize=8)
def linear(p: int, l2: float, size: int = 2) -> LinearGaussian:
    """Return linear neurons of p weights on `size` points: with fewer points than weights a direction has no data."""
    from dltheory.meanfield.gaussian import LinearGaussian
    from dltheory.meanfield.neurons import Linear
    from dltheory.meanfield.problem import MeanFieldProblem

    i, j = np.arange(size)[:, np.newaxis], np.arange(1, p + 1)
    inputs, labels = np.sin(i * j + 0.3 * j), np.sign(np.sin(5 * np.arange(size) + 1.0))
    return LinearGaussian(MeanFieldProblem(inputs, labels, l2, 0.2, neuron=Linear()))


def linear_gap(
    t: Array, *, p: int, l2: float, start: str = "null", heat: float = 1.0, shrink: float = 1.0, speed: float = 1.0,
    eta: float = 0.0, particles: float = 0.0,
) -> Array:  # fmt: skip
    """Return the gap at t from a mean that is off in a direction without data (or one with), exactly.

    `particles`: the free energy a particle of as many interacting ones (0: of infinitely many).
    """
    from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start, particle_gap

    model = linear(p, l2)
    direction = np.linalg.svd(model.problem.inputs)[2][-1 if start == "null" else 0]
    law, run = Start(direction, model.variance), GaussianLangevin(model, heat, shrink, speed)
    if particles:
        return particle_gap(run, t, law, particles)
    return run.continuous(t, law) if eta == 0 else run.discrete(np.rint(t / eta), eta, law)


def particle_ratio(t: Array, *, p: int, l2: float, particles: int, heat: float = 1.0, speed: float = 1.0) -> Array:
    """Return the free energy a particle above L*, over e^(−4λ₁t) times its initial excess plus (λ₂/2N) log det."""
    from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start, particle_excess, particle_gap

    model = linear(p, l2)
    law = Start(np.ones(p), 2 * model.variance)
    found = particle_gap(GaussianLangevin(model, heat, speed=speed), t, law, particles)
    floor = float(particle_excess(model, np.array(particles)))
    initial = float(particle_gap(GaussianLangevin(model), np.zeros(1), law, particles)[0]) - floor
    return np.asarray(found / (np.exp(-4 * l2 * t) * initial + floor))


def steps_to(inverse: Array, *, p: int, l2: float, power: float = 1.0, speed: float = 1.0) -> Array:
    """Return the Euler steps after which the gap is ε, with the theory's step size for ε, at x = 1/ε (K,).

    Exact laws, solved for a real number of steps; infinite where the gap does not reach ε. For controls the step size
    is that of ε₀(ε/ε₀)^`power`, ε₀ the first.
    """
    from scipy.optimize import brentq

    from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start

    model = linear(p, l2)
    start, run = Start(np.ones(p), 2 * model.variance), GaussianLangevin(model, speed=speed)
    found = []
    for x in inverse:
        eta = GaussianLangevin(model).step_size_for(1 / inverse[0] * (inverse[0] / x) ** power, start)

        def excess(steps: float, eta: float = eta, x: float = x) -> float:
            return float(np.log(run.discrete(np.array([steps]), eta, start)[0] * x))

        last = 1.0
        while excess(last) > 0 and last < 1e15:
            last *= 2
        found.append(float(brentq(excess, last / 2, last, rtol=1e-12)) if excess(last) <= 0 else np.inf)
    return np.array(found)


def steps_bound(inverse: Array, *, p: int, l2: float) -> Array:
    """Return log(2(L(q_0) − L*)/ε)/(αλ₂η) with the theory's η for ε, at x = 1/ε (K,)."""
    from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start

    model = linear(p, l2)
    start, run = Start(np.ones(p), 2 * model.variance), GaussianLangevin(model)
    return np.array([run.steps_for(1 / x, run.step_size_for(1 / x, start), start) for x in inverse])


def linear_bias(
    inverse: Array, *, p: int, l2: float, heat: float = 1.0, shrink: float = 1.0, speed: float = 1.0
) -> Array:
    """Return L − L* of the stationary law of Euler steps η, in closed form, at x = 1/η."""
    from dltheory.meanfield.gaussian_langevin import GaussianLangevin

    return GaussianLangevin(linear(p, l2), heat, shrink, speed).bias(1 / inverse)


def discretised_ratio(
    steps: Array, *, p: int, l2: float, eta: float, heat: float = 1.0, shrink: float = 1.0, speed: float = 1.0
) -> Array:
    """Return the exact gap after numbers of Euler steps, over the theorem's bound."""
    from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start

    model = linear(p, l2)
    start = Start(np.ones(p), 2 * model.variance)
    found = GaussianLangevin(model, heat, shrink, speed).discrete(steps, eta, start)
    return np.asarray(found / GaussianLangevin(model).discretised_bound(steps, eta, start))
