"""Particle dual averaging as it runs: M particles, moved by Langevin dynamics from where they are.

The particles of one inner loop do not interact: its potential is frozen. For the empirical risk coefficients are
merged per training point, so that a step costs M min(t, n) neuron gradients; fresh examples cost M t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from dltheory.meanfield import particles
from dltheory.meanfield.pda import Indices, ParticleDualAveraging, require_assumptions
from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ParticleRun:
    """Particles `theta` (M, p) of q^(t) at t = `time`, and what the outer loop remembers at `times` (K,).

    `coefficients` (K, n) are the u of the Gibbs measures p[u]^cooling that q^(t) approaches, `coolings` (K,): give
    `cooling * quadrature.exponent(u)` to `pda_exact.gap`. With fresh examples a row ends with zeros: n = T.
    """

    theta: Array
    time: int
    times: Indices
    coefficients: Array
    coolings: Array
    neuron_gradients: float

    def objective(self) -> NoReturn:
        """Refuse: a cloud has no entropy."""
        raise ValueError(
            "the objective of a particle cloud is not defined, an empirical measure has no entropy: take the gap of the"
            " Gibbs measure of the stored coefficients, or the dual suboptimality of the particles' predictions"
        )


def run(
    problem: MeanFieldProblem, pda: ParticleDualAveraging, theta: Array, examples: Indices | None,
    generator: np.random.Generator, times: Array, *, fresh: bool = False, time: int | None = None,
) -> ParticleRun:  # fmt: skip
    """Run the method from particles `theta` (M, p) and return those of outer time `time` (None: the last, T+1).

    `examples` (T,) are indices of training points, None for full gradients. `fresh` takes the T rows of the problem
    as examples of the expected risk, each seen once, in order. `times` in 2 … T+1 are those at which coefficients
    are kept.
    """
    inner, order = _require(problem, pda, theta, examples, fresh)
    u, kept, out = np.zeros(problem.size), positions(times, 2, pda.outer + 1), theta
    coefficients = np.zeros((len(times), problem.size))
    first, last = theta, pda.outer + 1 if time is None else time
    step_sizes, steps = (f(np.arange(1.0, pda.outer + 1)) for f in (inner.step_sizes, inner.steps))
    for t, (gain, cooling) in enumerate(zip(pda.gains, pda.coolings, strict=True), start=1):
        u *= 1 - gain
        _add_gradient(u, problem, first if pda.stale else theta, None if order is None else int(order[t - 1]), gain)
        seen = _first(problem, t) if fresh else problem
        frozen = u[: seen.size] * (seen.size / problem.size)
        theta = langevin(
            seen, theta, frozen, cooling / problem.temperature, float(step_sizes[t - 1]), int(steps[t - 1]), generator
        )  # fmt: skip
        if t + 1 in kept:
            coefficients[kept[t + 1]] = u
        if t + 1 == last:
            out = theta
    index = np.asarray(times, dtype=np.int64)
    cost = inner.neuron_gradients(pda.outer, len(theta), None if fresh else problem.size)
    return ParticleRun(out, last, index, coefficients, pda.coolings[index - 2], cost)


def langevin(
    problem: MeanFieldProblem, theta: Array, coefficients: Array, inverse_temperature: float, step_size: float,
    steps: int, generator: np.random.Generator,
) -> Array:  # fmt: skip
    """Return particles (M, p) after `steps` of θ ← θ − η β ∇((1/n)Σ g_i h_i + λ₁‖θ‖²) + √(2η) ξ with frozen g (n,)."""
    return np.asarray(
        particles.langevin(
            problem, theta, coefficients, step_size=step_size, steps=steps, noise=generator,
            scale_drift=inverse_temperature, noise_temperature=1.0,
        )
    )  # fmt: skip


def _add_gradient(u: Array, problem: MeanFieldProblem, theta: Array, example: int | None, gain: float) -> None:
    """Add γ n ℓ′(h_Θ(x_i)) to the coefficient of the example i, or γ ℓ′ to all."""
    chosen = slice(None) if example is None else slice(example, example + 1)
    some = replace(
        problem, inputs=problem.inputs[chosen], labels=problem.labels[chosen], offsets=problem.shifts[chosen]
    )
    slopes = problem.loss.slope(particles.predictions(some, theta), some.labels)
    u[chosen] += gain * slopes * (1 if example is None else problem.size)


def _first(problem: MeanFieldProblem, count: int) -> MeanFieldProblem:
    """Return the problem on the first `count` data points."""
    return replace(
        problem, inputs=problem.inputs[:count], labels=problem.labels[:count], offsets=problem.shifts[:count]
    )


def _require(
    problem: MeanFieldProblem, pda: ParticleDualAveraging, theta: Array, examples: Indices | None, fresh: bool
) -> tuple[InnerLoop, Indices | None]:
    require_assumptions(problem)
    if pda.inner is None:
        raise ValueError("particles need an inner loop: give ParticleDualAveraging one, such as InnerLoop.from_theory")
    if theta.ndim != 2 or theta.shape[1] != problem.dimension:
        raise ValueError(f"expected particles (M, p) with p = {problem.dimension}, got shape {theta.shape}")
    if fresh:
        examples = np.arange(pda.outer)
        if pda.gradients == "full" or problem.size < pda.outer:
            raise ValueError(f"{pda.outer} fresh examples are the rows of a problem, got {problem.size}")
    if (examples is None) != (pda.gradients == "full"):
        raise ValueError("full gradients take no examples, and stochastic ones need them")
    if examples is not None and (examples.ndim != 1 or examples.size < pda.outer):
        raise ValueError(f"{pda.outer} outer iterations need examples (T,), got shape {examples.shape}")
    return pda.inner, examples
