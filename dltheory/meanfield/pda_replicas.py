"""Dual averaging of R independent clouds at once, replicate by replicate what `pda_particles.run` does.

A cloud has its own examples and its own generator, so that it does not depend on the others of its block. R clouds, M
particles, n training points, T outer iterations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.pda import Indices, ParticleDualAveraging, require_assumptions
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]
Generators = Sequence[np.random.Generator]
_BLOCK = 2**21  # normal numbers at once


def stored(
    problem: MeanFieldProblem, pda: ParticleDualAveraging, theta: Array, examples: Indices, generators: Generators,
    times: Array,
) -> Array:  # fmt: skip
    """Return the coefficients u_t of the Gibbs measures p[u_t]^cooling at `times` in 2 … T+1, shape (R, K, n).

    `theta` (R, M, p) are the initial particles, `examples` (R, T) indices of training points.
    """
    require_assumptions(problem)
    if pda.inner is None:
        raise ValueError("particles need an inner loop: give ParticleDualAveraging one, such as InnerLoop.from_theory")
    count = len(generators)
    if theta.ndim != 3 or theta.shape[::2] != (count, problem.dimension) or examples.shape[0] != count:
        raise ValueError(
            f"expected particles (R, M, {problem.dimension}), examples (R, T) and R generators, got shapes"
            f" {theta.shape} and {examples.shape} and {count} generators"
        )
    if examples.shape[1] < pda.outer or pda.gradients != "stochastic":
        raise ValueError(f"{pda.outer} outer iterations on examples need as many of them, got {examples.shape[1]}")
    t = np.arange(1.0, pda.outer + 1)
    sizes, lengths = pda.inner.step_sizes(t), pda.inner.steps(t)
    u, first, every = np.zeros((count, problem.size)), theta, np.arange(count)
    out, rows = np.empty((count, len(times), problem.size)), positions(times, 2, pda.outer + 1)
    for step, (gain, cooling) in enumerate(zip(pda.gains, pda.coolings, strict=True)):
        index = examples[:, step]
        values = problem.values(first if pda.stale else theta).mean(axis=1)[every, index]
        u *= 1 - gain
        u[every, index] += gain * problem.size * problem.loss.slope(values, problem.labels[index])
        theta = _langevin(problem, theta, u, cooling, float(sizes[step]), int(lengths[step]), generators)
        if step + 2 in rows:
            out[:, rows[step + 2]] = u
    return out


def _langevin(
    problem: MeanFieldProblem, theta: Array, u: Array, cooling: float, step_size: float, steps: int,
    generators: Generators,
) -> Array:  # fmt: skip
    """Return particles after `steps` of Langevin dynamics towards p[u_r]^cooling, r = 1 … R."""
    theta, scale, width = theta.copy(), step_size * cooling / problem.temperature, (2 * step_size) ** 0.5
    pull, shrink = scale * u[:, np.newaxis, :] / problem.size, 1 - 2 * scale * problem.l2
    at_once = max(1, _BLOCK // theta.size)
    for begin in range(0, steps, at_once):
        shape = (min(at_once, steps - begin), *theta.shape[1:])
        noise = width * np.stack([generator.standard_normal(shape) for generator in generators], axis=1)
        for kick in noise:
            force = problem.neuron.pull_back(theta, problem.inputs, problem.shifts, pull)
            theta *= shrink
            theta -= force
            theta += kick
    return theta
