"""A cloud of particles in the memory of this process: compiled loops for neurons that are known, numpy for others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dltheory.meanfield import particles_kernels as kernels
from dltheory.meanfield.neurons import Linear, Neuron, Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.vectors import aligned_zeros

Array = npt.NDArray[Any]  # of either precision
Double = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
KINDS: dict[type[Neuron], int] = {
    Tanh: kernels.TANH, TwoLayerTanh: kernels.TWO_LAYERS, Linear: kernels.LINEAR
}  # fmt: skip
_LANES = 16  # float32 numbers in the widest vector register
_REMEMBERED = 2**24  # bytes of activations kept for the second half of a step: they stay in the last-level cache
_PLAIN = 2**18  # activations at once where numpy makes them


class Step(NamedTuple):
    """θ ← keep θ − Σ_i w_i ∇h_i(θ) + width ξ; the w_i, which contain the step size, come with the force."""

    keep: float
    width: float


class Points(NamedTuple):
    """Inputs (n, d) and offsets (n,) of all data points or some, padded with zeros as the loops want it."""

    inputs: Array
    offsets: Array
    size: int


class Force(NamedTuple):
    """What a step adds up: points, their weights (n,) and inputs times weights."""

    points: Points
    weights: Array
    weighted: Array


class NativeCloud:
    """Particles `theta` (p, M), feature-major, of a neuron that the compiled loops know."""

    def __init__(self, problem: MeanFieldProblem, theta: Array, dtype: str) -> None:
        self.problem, self.kind = problem, KINDS[type(problem.neuron)]
        self.theta: Array = np.array(theta.T, dtype=dtype, order="C")
        lanes = -(-self.theta.shape[1] // _LANES) * _LANES
        self._width = min(kernels.BLOCK * 4 // self.theta.itemsize, lanes)
        rows = _padded(problem.inputs.shape[1])
        self._block, self._force = (aligned_zeros((rows, self._width), dtype) for _ in range(2))
        self._slopes = aligned_zeros((4, self._width), dtype)
        self._tile = aligned_zeros((1, kernels.TILE, self._width), dtype)
        self._remembered: Array = self._tile

    def points(self, rows: Indices | None = None) -> Points:
        """Return the data points of those rows, all for None."""
        chosen = slice(None) if rows is None else rows
        inputs, offsets = self.problem.inputs[chosen], self.problem.shifts[chosen]
        shape = -(-len(inputs) // 4) * 4, _padded(inputs.shape[1])
        padded, shifts = np.zeros(shape, self.theta.dtype), np.zeros(shape[0], self.theta.dtype)
        padded[: len(inputs), : inputs.shape[1]], shifts[: len(inputs)] = inputs, offsets
        return Points(padded, shifts, len(inputs))

    def pick(self, values: Double, rows: Indices) -> Double:
        """Return some of n values."""
        return values[rows]

    def force(self, points: Points, weights: Double) -> Force:
        """Return the force Σ_i w_i ∇h_i of points with weights w (n,)."""
        padded = np.zeros(len(points.inputs), self.theta.dtype)
        padded[: points.size] = weights
        return Force(points, padded, points.inputs * padded[:, np.newaxis])

    def predictions(self, points: Points, shares: Double | None = None, *, remember: bool = False) -> Double:
        """Return Σ_m shares_m h_i(θ_m), shape (n,), the mean for None; `remember` the activations if they are few."""
        count = self.theta.shape[1]
        part = np.full(count, 1 / count) if shares is None else shares
        if self.kind == kernels.LINEAR:
            mean = self.theta @ part
            inputs = points.inputs[: points.size, : len(self.theta)]
            return np.asarray(inputs @ mean + points.offsets[: points.size] * part.sum(), dtype=np.float64)
        totals = np.zeros(len(points.inputs))
        self._remembered = self._memory(points) if remember else self._tile
        kernels.add_values(
            self.kind == kernels.TWO_LAYERS, self._remembered is not self._tile, points.inputs, points.offsets, part,
            self.theta, self._block, self._remembered, totals,
        )  # fmt: skip
        return totals[: points.size]

    def move(self, force: Force, step: Step, noise: Double, begin: int, *, reuse: bool = False) -> None:
        """Make K steps with the particles from `begin` on, one for each of noise (K, m, p).

        `reuse` says that they are where they were when `predictions` last had to remember, at the same points; then
        K = 1.
        """
        known = reuse and self._remembered is not self._tile
        points = force.points.inputs, force.points.offsets
        activations = self._remembered if known else self._tile
        kernels.move(
            self.kind, known, points, force.weights, force.weighted, step.keep, step.width, noise, begin, self.theta,
            (self._block, self._force, self._slopes, activations),
        )  # fmt: skip

    def pull(self, force: Force) -> Array:
        """Return Σ_i w_i ∇h_i at every particle, shape (p, M)."""
        there = self.copy()
        for begin, end in slices(*self.theta.shape[::-1]):
            there.move(force, Step(0.0, 0.0), np.zeros((1, end - begin, len(self.theta))), begin)
        return -there.theta

    def shift(self, by: Array) -> None:
        """Add a field (p, M)."""
        self.theta += by

    def copy(self) -> NativeCloud:
        """Return a cloud of the same particles that moves on its own."""
        return NativeCloud(self.problem, self.theta.T, self.theta.dtype.name)

    def slope(self, predictions: Double, rows: Indices | None = None) -> Double:
        """Return ∂ℓ/∂z (n,) at the predictions of the points of those rows."""
        labels = self.problem.labels if rows is None else self.problem.labels[rows]
        return np.asarray(self.problem.loss.slope(predictions, labels), dtype=np.float64)

    def normal(self, noise: object, shape: tuple[int, int, int]) -> Double:
        """Draw standard normal numbers, float64 in either precision, so that both see the same ones."""
        if not isinstance(noise, np.random.Generator):
            raise ValueError(
                f"a torch generator draws on a device of torch, such as 'cpu:0': the compiled loops need one of numpy,"
                f" got {type(noise).__name__}"
            )
        return noise.standard_normal(shape)

    def host(self, field: Array) -> Array:
        """Return a field of this cloud as an array of numpy."""
        return field

    def _memory(self, points: Points) -> Array:
        blocks = -(-self.theta.shape[1] // self._width)
        shape = blocks, len(points.inputs), self._width
        if blocks * shape[1] * shape[2] * self.theta.itemsize > _REMEMBERED:
            return self._tile
        known = self._remembered.shape == shape and self._remembered is not self._tile
        return self._remembered if known else aligned_zeros(shape, self.theta.dtype)


class PlainCloud(NativeCloud):
    """Particles of any neuron, by its own functions on a few particles at a time."""

    def __init__(self, problem: MeanFieldProblem, theta: Array, dtype: str) -> None:
        self.problem = problem
        self.theta = np.array(theta.T, dtype=dtype, order="C")

    def points(self, rows: Indices | None = None) -> Points:
        """Return the data points of those rows, all for None; nothing is padded."""
        chosen = slice(None) if rows is None else rows
        inputs, offsets = (a[chosen].astype(self.theta.dtype) for a in (self.problem.inputs, self.problem.shifts))
        return Points(inputs, offsets, len(inputs))

    def predictions(self, points: Points, shares: Double | None = None, *, remember: bool = False) -> Double:
        """Return Σ_m shares_m h_i(θ_m), shape (n,), the mean for None."""
        count = self.theta.shape[1]
        part, totals = np.full(count, 1 / count) if shares is None else shares, np.zeros(points.size)
        for chosen in self._few(0, count, points):
            values = self.problem.neuron.values(self.theta[:, chosen].T, points.inputs, points.offsets)
            totals += part[chosen] @ values
        return totals

    def move(self, force: Force, step: Step, noise: Double, begin: int, *, reuse: bool = False) -> None:
        """Make K steps with the particles from `begin` on, one for each of noise (K, m, p)."""
        points, weights = force.points, force.weights
        for chosen in self._few(begin, begin + noise.shape[1], points):
            theta = self.theta[:, chosen].T
            for xi in noise[:, chosen.start - begin : chosen.stop - begin]:
                pull = self.problem.neuron.pull_back(theta, points.inputs, points.offsets, weights)
                theta = step.keep * theta - pull + step.width * xi
            self.theta[:, chosen] = theta.T

    def copy(self) -> PlainCloud:
        """Return a cloud of the same particles that moves on its own."""
        return PlainCloud(self.problem, self.theta.T, self.theta.dtype.name)

    def _few(self, begin: int, end: int, points: Points) -> list[slice]:
        count = max(1, _PLAIN // max(1, points.size))
        return [slice(b, min(b + count, end)) for b in range(begin, end, count)]


def slices(particles: int, dimension: int, numbers: int = 2**16) -> list[tuple[int, int]]:
    """Return (begin, end) of the particles that are given their noise at once: whole blocks, `numbers` or so of it."""
    count = max(1, numbers // (dimension * kernels.BLOCK)) * kernels.BLOCK
    return [(begin, min(begin + count, particles)) for begin in range(0, particles, count)]


def _padded(features: int) -> int:
    """Return the least of 2, 6, 10, … that is not smaller."""
    return -(-(features - 2) // 4) * 4 + 2
