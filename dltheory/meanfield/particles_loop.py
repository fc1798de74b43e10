"""The two loops that move particles: with frozen coefficients, and with those of their own predictions.

They are written once, for clouds in the memory of this process and for clouds on a device of torch. Noise is drawn step
by step and particle by particle whatever the sizes of blocks, so that a run does not depend on these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.particles_native import KINDS, Indices, NativeCloud, PlainCloud, Step, slices
from dltheory.meanfield.particles_torch import TorchCloud
from dltheory.meanfield.problem import MeanFieldProblem

if TYPE_CHECKING:
    import torch

    Noise = np.random.Generator | torch.Generator

Array = npt.NDArray[np.float64]
Gradients = Literal["full", "sgd", "svrg"]
DTYPES = ("float32", "float64")
_NUMBERS = 2**16  # of noise at once, when many steps of few particles share a call


class Cloud(Protocol):
    """Particles `theta` (p, M), feature-major, with what a loop asks of them; arrays of numpy, or tensors."""

    problem: MeanFieldProblem
    theta: Any

    def points(self, rows: Indices | None = None) -> Any:
        """Return the data points of those rows, all for None."""

    def predictions(self, points: Any, shares: Any = None, *, remember: bool = False) -> Any:
        """Return Σ_m shares_m h_i(θ_m), shape (n,), the mean for None."""

    def slope(self, predictions: Any, rows: Indices | None = None) -> Any:
        """Return ∂ℓ/∂z (n,) at predictions of the points of those rows."""

    def pick(self, values: Any, rows: Indices) -> Any:
        """Return some of n values."""

    def force(self, points: Any, weights: Any) -> Any:
        """Return the force Σ_i w_i ∇h_i."""

    def move(self, force: Any, step: Step, noise: Any, begin: int, *, reuse: bool = False) -> None:
        """Make K steps with the particles from `begin` on, one for each of noise (K, m, p)."""

    def pull(self, force: Any) -> Any:
        """Return the force at every particle, shape (p, M)."""

    def shift(self, by: Any) -> None:
        """Add a field (p, M)."""

    def copy(self) -> Any:
        """Return a cloud of the same particles that moves on its own."""

    def normal(self, noise: Any, shape: tuple[int, int, int]) -> Any:
        """Draw standard normal numbers."""

    def host(self, field: Any) -> npt.NDArray[Any]:
        """Return a field of this cloud as an array of numpy."""


@dataclass(frozen=True)
class Estimate:
    """The sum over the data in a step: all of it, `batch` points drawn with replacement, or these and an anchor.

    The anchor is where SVRG takes all of the data, every `refresh` steps. `frozen` keeps the coefficients of step 0.
    """

    gradients: Gradients = "full"
    batch: int = 1
    refresh: int = 1
    frozen: bool = False

    def takes_all(self, step: int) -> bool:
        """Say whether the step needs the predictions of all data points."""
        if self.frozen:
            return step == 0
        return self.gradients == "full" or (self.gradients == "svrg" and step % self.refresh == 0)


def cloud_of(problem: MeanFieldProblem, theta: npt.ArrayLike, device: str, dtype: str) -> Cloud:
    """Return the particles (M, p) as a cloud: compiled loops on "cpu", torch on any other device, "cpu:0" included."""
    given = np.asarray(theta)
    if given.ndim != 2 or given.shape[1] != problem.dimension or not len(given) or not np.all(np.isfinite(given)):
        raise ValueError(f"expected finite particles (M, p) with p = {problem.dimension}, got shape {given.shape}")
    if dtype not in DTYPES:
        raise ValueError(f"the dtype of particles must be float32 or float64, got {dtype!r}")
    if device != "cpu":
        return TorchCloud(problem, given, dtype, device)
    return (NativeCloud if type(problem.neuron) in KINDS else PlainCloud)(problem, given, dtype)


def landed(cloud: Cloud, step_size: float) -> npt.NDArray[Any]:
    """Return the particles (M, p) of a cloud; ValueError if they are not finite."""
    theta = cloud.host(cloud.theta).T
    if not np.all(np.isfinite(theta)):
        raise ValueError(
            f"the particles diverged: their step size {step_size:.4g} must stay below 1/L, L the Lipschitz constant of"
            " the drift"
        )
    return theta


def frozen(cloud: Cloud, weights: Array, step: Step, steps: int, noise: Noise) -> None:
    """Make steps θ ← keep θ − Σ_i w_i ∇h_i(θ) + width ξ with weights w (n,); points of weight 0 cost nothing."""
    rows = np.flatnonzero(weights)
    points = cloud.points(None if len(rows) == len(weights) else rows)
    force, (dimension, particles) = cloud.force(points, weights[rows]), cloud.theta.shape
    for count, begin, end in _panels(steps, particles, dimension):
        cloud.move(force, step, cloud.normal(noise, (count, end - begin, dimension)), begin)


def interacting(
    cloud: Cloud, estimate: Estimate, gain: float, step: Step, noise: Noise, batches: np.random.Generator,
    times: Sequence[int], steps: int,
) -> Array:  # fmt: skip
    """Make steps θ ← keep θ − gain Σ_i g_i ∇h_i(θ)/n + width ξ with g_i = ∂ℓ/∂z_i at the cloud's own predictions.

    Return these at the numbers of steps `times` (K,), none beyond `steps`, shape (K, n).
    """
    wanted, (dimension, particles) = {int(t) for t in times}, cloud.theta.shape
    found, pull = {}, _Pull(cloud, estimate, gain, batches)
    for t in range(steps + 1):
        asked = t in wanted or (t < steps and estimate.takes_all(t))
        z = cloud.predictions(pull.everything, remember=True) if asked else None
        if t in wanted:
            found[t] = cloud.host(z)
        if t < steps:
            force, shift = pull.at(t, z)
            reuse = asked and force.points is pull.everything
            for begin, end in slices(particles, dimension):
                cloud.move(force, step, cloud.normal(noise, (1, end - begin, dimension)), begin, reuse=reuse)
            if shift is not None:
                cloud.shift(shift)
    return np.array([found[int(t)] for t in times], dtype=np.float64).reshape(len(times), cloud.problem.size)


class _Pull:
    """The force of every step; it remembers SVRG's anchor and the coefficients of a frozen run."""

    def __init__(self, cloud: Cloud, estimate: Estimate, gain: float, batches: np.random.Generator) -> None:
        self.everything = cloud.points()
        self._cloud, self._estimate, self._gain, self._batches = cloud, estimate, gain, batches
        self._first: Any = None
        self._anchor: Any = None  # a cloud, its coefficients (n,) and the whole force on it (p, M)

    def at(self, step: int, z: Any) -> tuple[Any, Any]:
        """Return a force, and a shift (p, M) or None; z (n,) are the predictions where the estimate takes them all."""
        cloud, estimate, size = self._cloud, self._estimate, self._cloud.problem.size
        if estimate.frozen and self._first is None:
            self._first = cloud.slope(z)
        if estimate.gradients == "full":
            g = self._first if estimate.frozen else cloud.slope(z)
            return cloud.force(self.everything, g * (self._gain / size)), None
        rows, share = self._batches.integers(size, size=estimate.batch), self._gain / estimate.batch
        anchored = estimate.gradients == "svrg" and step % estimate.refresh == 0
        if anchored:
            g = self._first if estimate.frozen else cloud.slope(z)
            whole = cloud.force(self.everything, g * (self._gain / size))
            self._anchor = cloud.copy(), g, cloud.pull(whole)
            return whole, None
        points = cloud.points(rows)
        g = cloud.pick(self._first, rows) if estimate.frozen else cloud.slope(cloud.predictions(points), rows)
        force = cloud.force(points, g * share)
        if estimate.gradients == "sgd":
            return force, None
        there, old, pulled = self._anchor
        return force, there.pull(cloud.force(points, cloud.pick(old, rows) * share)) - pulled


def _panels(steps: int, particles: int, dimension: int) -> Iterator[tuple[int, int, int]]:
    """Yield (steps, begin, end): several steps of all particles while their noise is short, else slices of one step."""
    several = _NUMBERS // (particles * dimension)
    if several > 1:
        for start in range(0, steps, several):
            yield min(several, steps - start), 0, particles
        return
    for _ in range(steps):
        for begin, end in slices(particles, dimension):
            yield 1, begin, end
