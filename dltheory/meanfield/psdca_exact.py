"""Dual coordinate ascent with integrals on the nodes of a quadrature, R replicates at once.

A step changes one coefficient by Δ and so the log density by −Δ h_i/(nλ₂): it costs an exponential a node and
replicate, whatever n. G nodes, n data points, T steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.psdca import DualCoordinateAscent, Indices, require_coordinates
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sampler:
    """How predictions are perturbed: `bias` (n,) is added to every z_i, and M independent particles give it.

    At step t particle m of replicate r is drawn from p[g] by inversion of `uniforms` (R, T, M); None: exact integrals.
    """

    uniforms: Array | None = None
    bias: Array | None = None

    @classmethod
    def independent(cls, particles: int, steps: int, generators: Sequence[np.random.Generator]) -> Sampler:
        """Return `particles` anew at each of the steps, one generator a replicate."""
        if particles < 1:
            raise ValueError(f"an update needs at least one particle, got {particles}")
        return cls(np.stack([generator.random((steps, particles)) for generator in generators]))

    def predictions(self, t: int, weights: Array, rows: Array, index: Indices) -> Array:
        """Return z_i (R,) of step t from node probabilities and values h_i at the nodes, both (R, G)."""
        if self.uniforms is None:
            z = np.einsum("rg,rg->r", weights, rows)
        else:
            z = np.mean(np.take_along_axis(rows, _invert(weights, self.uniforms[:, t]), axis=1), axis=1)
        return np.asarray(z if self.bias is None else z + self.bias[index])


def _invert(weights: Array, uniforms: Array) -> Indices:
    """Return the nodes (R, M) where the distribution functions of the rows of `weights` (R, G) pass `uniforms`."""
    count, nodes = weights.shape
    steps = np.minimum(np.cumsum(weights, axis=1), 1.0)
    steps[:, -1] = 1.0
    first = np.arange(count)[:, np.newaxis]  # row r occupies (r, r + 1] of one increasing sequence, to R ε of u
    found = np.searchsorted((steps + first).ravel(), (uniforms + first).ravel(), side="right")
    return np.asarray(np.clip(found.reshape(uniforms.shape) - first * nodes, 0, nodes - 1))


def path(
    quadrature: Quadrature, ascent: DualCoordinateAscent, coordinates: Indices, times: Array,
    start: Array | None = None, sampler: Sampler | None = None,
) -> Array:  # fmt: skip
    """Return the coefficients g_t after t steps, shape (R, K, n), at times t in 0 … T.

    `coordinates` (R, T) are those of `draw_coordinates`, `start` (n,) is g_0, zero unless given.
    """
    rows = positions(times, 0, ascent.outer)
    out = np.empty((len(coordinates), len(times), quadrature.problem.size))
    for t, g in ascend(quadrature, ascent, coordinates, start, sampler):
        if t in rows:
            out[:, rows[t]] = g
        if t == max(rows):
            break
    return out


def ascend(
    quadrature: Quadrature, ascent: DualCoordinateAscent, coordinates: Indices, start: Array | None = None,
    sampler: Sampler | None = None,
) -> Iterator[tuple[int, Array]]:  # fmt: skip
    """Yield t and the coefficients (R, n), t = 0 … T; the array is overwritten."""
    problem = quadrature.problem
    require_coordinates(problem, ascent, coordinates)
    sampler = sampler or Sampler()
    neurons, count = np.ascontiguousarray(quadrature.neurons.T), len(coordinates)
    slope = -ascent.tilt / (problem.size * problem.temperature)
    initial = np.zeros(problem.size) if start is None else start
    g = np.tile(initial, (count, 1))
    log_weights = np.tile(quadrature.exponent(ascent.tilt * initial), (count, 1))
    every, weights = np.arange(count), np.empty_like(log_weights)
    yield 0, g
    for t in range(ascent.outer):
        log_weights -= log_weights.max(axis=1, keepdims=True)
        np.exp(log_weights, out=weights)
        weights /= weights.sum(axis=1, keepdims=True)
        index = coordinates[:, t]
        chosen = neurons[index]
        change = ascent.change(problem, g[every, index], sampler.predictions(t, weights, chosen, index), index)
        g[every, index] += change
        log_weights += (slope * change)[:, np.newaxis] * chosen
        yield t + 1, g
