"""Mean-field Langevin dynamics of R independent clouds at once, replicate by replicate what `langevin.run` does.

A cloud has its own generator, so that it does not depend on the others of its block. R clouds, N particles, n data
points, p parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.langevin import MeanFieldLangevin
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]
Generators = Sequence[np.random.Generator]


def observe(
    problem: MeanFieldProblem, method: MeanFieldLangevin, theta: Array, generators: Generators, times: Sequence[int],
    what: Callable[[Array, Array], Array] | None = None, frozen_at: Array | None = None,
) -> Array:  # fmt: skip
    """Return what is seen of clouds `theta` (R, N, p) after numbers of steps `times` (K,), shape (R, K, ...).

    `what` takes particles (R, N, p) and their neurons (R, N, n); unless given it is the networks' predictions (R, n).
    `frozen_at` are coefficients (n,) that take the place of the clouds' own: particles then do not interact.
    """
    if theta.ndim != 3 or len(theta) != len(generators) or theta.shape[2] != problem.dimension:
        raise ValueError(
            f"expected particles (R, N, {problem.dimension}) and a generator a cloud, got shape {theta.shape} and"
            f" {len(generators)} generators"
        )
    method.require_stable(problem)
    seen, wanted = what or _predictions, positions(times, 0)
    drift = _Drift(problem, method, generators, frozen_at)
    noise = math.sqrt(2 * problem.temperature * method.heat * method.step_size * method.speed)
    out: list[Array] = [np.empty(0)] * len(wanted)
    for step in range(max(wanted) + 1):
        h = problem.values(theta)
        if step in wanted:
            out[wanted[step]] = seen(theta, h)
        if step < max(wanted):
            theta = theta - method.step_size * method.speed * drift.at(step, theta, h)
            theta += noise * np.stack([generator.standard_normal(theta.shape[1:]) for generator in generators])
    return np.stack(out, axis=1)


def _predictions(theta: Array, h: Array) -> Array:
    return np.asarray(h.mean(axis=1))


class _Drift:
    """The drift of all clouds at every step; it remembers SVRG's anchors and the coefficients of a frozen run."""

    def __init__(
        self, problem: MeanFieldProblem, method: MeanFieldLangevin, generators: Generators, frozen_at: Array | None
    ) -> None:
        self._problem, self._method, self._generators = problem, method, generators
        self._fixed = None if frozen_at is None else np.tile(frozen_at, (len(generators), 1))
        self._anchor: tuple[Array, Array, Array] | None = None

    def at(self, step: int, theta: Array, h: Array) -> Array:
        """Return the drift (R, N, p) at particles theta, whose neurons are h (R, N, n)."""
        p, method = self._problem, self._method
        g = p.loss.slope(h.mean(axis=1), p.labels) if self._fixed is None else self._fixed
        if method.frozen:
            self._fixed = g
        prior = 2 * method.shrink * p.l2 * theta
        if method.gradients == "full":
            return np.asarray(prior + self._pull(theta, g))
        weights = np.stack([self._batch(generator) for generator in self._generators])
        if method.gradients == "sgd":
            return np.asarray(prior + self._pull(theta, weights * g))
        if self._anchor is None or step % method.refresh == 0:
            self._anchor = (theta, g, self._pull(theta, g))
        there, coefficients, whole = self._anchor
        return np.asarray(
            prior + self._pull(theta, weights * g) - self._pull(there, weights * coefficients) + whole
        )  # fmt: skip

    def _batch(self, generator: np.random.Generator) -> Array:
        """Return n/B times how often a data point is in the mini-batch, shape (n,)."""
        size, batch = self._problem.size, self._method.batch
        return np.asarray(
            np.bincount(generator.integers(size, size=batch), minlength=size) * (size / batch), dtype=float
        )

    def _pull(self, theta: Array, g: Array) -> Array:
        """Return (1/n) Σ g_i ∇h_i at every particle, for coefficients (R, n)."""
        p = self._problem
        return p.neuron.pull_back(theta, p.inputs, p.shifts, g[:, np.newaxis, :] / p.size)
