"""A cloud of particles on a device of torch: the same steps as the compiled loops, by matrix products on tiles."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.particles_kernels import LINEAR, TWO_LAYERS
from dltheory.meanfield.particles_native import KINDS, Array, Indices, Step, slices
from dltheory.meanfield.problem import MeanFieldProblem

Tensor = Any  # torch is imported where it runs
_TILE = {"cpu": 2**16}  # activations at once: those of a CPU stay in its cache
_LARGE_TILE = 2**24


class Points(NamedTuple):
    """Inputs (n, d) and offsets (n, 1)."""

    inputs: Tensor
    offsets: Tensor


class Force(NamedTuple):
    """Points, their weights (n, 1), weights times inputs, transposed (d, n), and the sum of these (d, 1)."""

    points: Points
    weights: Tensor
    weighted: Tensor
    total: Tensor


class TorchCloud:
    """Particles `theta` (p, M), feature-major, on `device`."""

    def __init__(self, problem: MeanFieldProblem, theta: npt.NDArray[Any], dtype: str, device: str) -> None:
        if type(problem.neuron) not in KINDS:
            known = ", ".join(kind.__name__ for kind in KINDS)
            raise ValueError(
                f"on torch particles are moved for the neurons {known}, not {type(problem.neuron).__name__}"
            )
        self.problem, self.kind = problem, KINDS[type(problem.neuron)]
        self._dtype, self._device = dtype, device
        self.theta = self._put(theta.T)
        self._labels = self._put(problem.labels)
        self._all = Points(self._put(problem.inputs), self._put(problem.shifts[:, np.newaxis]))

    def points(self, rows: Indices | None = None) -> Points:
        """Return the data points of those rows, all for None."""
        if rows is None:
            return self._all
        chosen = to_device(rows, self._device)
        return Points(self._all.inputs[chosen], self._all.offsets[chosen])

    def force(self, points: Points, weights: Tensor) -> Force:
        """Return the force Σ_i w_i ∇h_i of points with weights w (n,), an array or a tensor."""
        column = (self._put(weights) if isinstance(weights, np.ndarray) else weights)[:, None]
        weighted = (points.inputs * column).T
        return Force(points, column, weighted, weighted.sum(1, keepdim=True))

    def predictions(self, points: Points, shares: Array | None = None, *, remember: bool = False) -> Tensor:
        """Return Σ_m shares_m h_i(θ_m), shape (n,), the mean for None; activations are never remembered."""
        count = self.theta.shape[1]
        part = self.theta.new_full((count,), 1 / count) if shares is None else self._put(shares)
        if self.kind == LINEAR:
            return points.inputs @ (self.theta @ part) + points.offsets[:, 0] * part.sum()
        totals = self.theta.new_zeros(len(points.inputs))
        for begin, end in slices(count, len(self.theta)):
            theta, share = self.theta[:, begin:end], part[begin:end]
            inner, share = (theta[1:], theta[0].tanh() * share) if self.kind == TWO_LAYERS else (theta, share)
            for rows in self._tiles(points, end - begin):
                h = (points.offsets[rows] + points.inputs[rows] @ inner).tanh_()
                totals[rows] += h @ share
        return totals

    def move(self, force: Force, step: Step, noise: Tensor, begin: int, *, reuse: bool = False) -> None:
        """Make K steps with the particles from `begin` on, one for each of noise (K, m, p)."""
        theta = self.theta[:, begin : begin + noise.shape[1]]
        for xi in noise:
            pull = self._pull(force, theta)
            theta.mul_(step.keep).sub_(pull).add_(xi.T, alpha=step.width)

    def pull(self, force: Force) -> Tensor:
        """Return Σ_i w_i ∇h_i at every particle, shape (p, M)."""
        found = self.theta.new_empty(self.theta.shape)
        for begin, end in slices(*reversed(self.theta.shape)):
            found[:, begin:end] = self._pull(force, self.theta[:, begin:end])
        return found

    def shift(self, by: Tensor) -> None:
        """Add a field (p, M)."""
        self.theta += by

    def copy(self) -> TorchCloud:
        """Return a cloud of the same particles that moves on its own."""
        found = copy.copy(self)
        found.theta = self.theta.clone()
        return found

    def pick(self, values: Tensor, rows: Indices) -> Tensor:
        """Return some of n values."""
        return values[to_device(rows, self._device)]

    def slope(self, predictions: Tensor, rows: Indices | None = None) -> Tensor:
        """Return ∂ℓ/∂z (n,) at the predictions of the points of those rows, on the device where the loss is known."""
        labels = self._labels if rows is None else self.pick(self._labels, rows)
        loss = self.problem.loss
        if type(loss) is SquaredLoss:
            return (predictions - labels) * (2 * loss.scale)
        if type(loss) is LogisticLoss:
            return -labels * (-labels * predictions).sigmoid()
        host = self.problem.labels if rows is None else self.problem.labels[rows]
        return self._put(loss.slope(to_host(predictions).astype(np.float64), host))

    def normal(self, noise: Any, shape: tuple[int, int, int]) -> Tensor:
        """Draw standard normal numbers: by numpy, the same on every device, or by a torch generator of this one."""
        if isinstance(noise, np.random.Generator):
            return self._put(noise.standard_normal(shape))
        import torch

        return torch.randn(shape, generator=noise, dtype=self.theta.dtype, device=self._device)

    def host(self, field: Tensor) -> npt.NDArray[Any]:
        """Return a field of this cloud as an array of numpy."""
        return to_host(field)

    def _pull(self, force: Force, theta: Tensor) -> Tensor:
        """Return Σ_i w_i ∇h_i at particles (p, m); Σ w_i (1 − h_i²) x_i is Σ w_i x_i − Σ w_i h_i² x_i."""
        if self.kind == LINEAR:
            return force.total.expand(theta.shape)
        inner = theta[1:] if self.kind == TWO_LAYERS else theta
        pulled, first = force.total.repeat(1, theta.shape[1]), theta.new_zeros(theta.shape[1])
        for rows in self._tiles(force.points, theta.shape[1]):
            h = (force.points.offsets[rows] + force.points.inputs[rows] @ inner).tanh_()
            if self.kind == TWO_LAYERS:
                first += force.weights[rows, 0] @ h
            pulled.addmm_(force.weighted[:, rows], h.square_(), alpha=-1)
        if self.kind != TWO_LAYERS:
            return pulled
        import torch

        outer = theta[:1].tanh()
        return torch.cat([(1 - outer * outer) * first, outer * pulled])

    def _tiles(self, points: Points, particles: int) -> list[slice]:
        most = _TILE.get(self.theta.device.type, _LARGE_TILE)
        count, size = max(16, most // particles), len(points.inputs)
        return [slice(start, min(start + count, size)) for start in range(0, size, count)]

    def _put(self, array: npt.NDArray[Any]) -> Tensor:
        return to_device(np.asarray(array, dtype=self._dtype), self._device)
