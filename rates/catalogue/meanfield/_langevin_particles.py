"""Finitely many Langevin particles: clouds in equilibrium, and mini-batches with linear neurons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rates.catalogue.meanfield._langevin_linear import linear
from rates.catalogue.meanfield._langevin_problems import grid
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.meanfield.gaussian_batches import BatchedMoments
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.langevin import Gradients

Array = npt.NDArray[np.float64]
_FOUR = 4  # data points of the bounded problem
_LATE = range(60, 400, 5)  # steps of equilibrium; the slowest direction has a relaxation time of 15 at η = 1/10
_DATA = 8  # points of the linear problem, in three dimensions
_STEPS = range(100, 300, 10)


def cloud_suboptimality(
    particles: int, streams: Sequence[Stream], *, eta: float = 0.1, heat: float = 1.0, shrink: float = 1.0,
    speed: float = 1.0, frozen: bool = False, alone: bool = False, density: bool = False,
) -> Array:  # fmt: skip
    """Run N particles to equilibrium once a replicate; return the time average of D* − D(g_Θ), (R,).

    For controls particles may not see each other (`alone`: coefficients are those of the optimum), and `density` takes
    the objective of a kernel density estimate of the cloud, with Silverman's bandwidth.
    """
    from dltheory.meanfield.langevin import MeanFieldLangevin
    from dltheory.meanfield.langevin_laws import gap
    from dltheory.meanfield.langevin_replicas import observe

    quadrature = grid("warm", _FOUR)
    p = quadrature.problem
    method = MeanFieldLangevin(eta, heat=heat, shrink=shrink, speed=speed, frozen=frozen)
    width = (p.temperature / (2 * p.l2)) ** 0.5
    theta = 1 + width * np.stack([stream.numpy("start").standard_normal((particles, 1)) for stream in streams])
    generators = [stream.numpy("noise") for stream in streams]
    what = (lambda theta, h: gap(quadrature, smoothed(quadrature, theta))) if density else None
    found = observe(p, method, theta, generators, _LATE, what, quadrature.optimum if alone else None)
    if not density:
        found = quadrature.dual_suboptimality(p.loss.slope(found, p.labels))
    return np.asarray(found.mean(axis=1))


def smoothed(quadrature: Quadrature, theta: Array) -> Array:
    """Return kernel density estimates of clouds (R, N, 1) as laws on the nodes, (R, G)."""
    cloud, nodes = theta[..., 0], quadrature.nodes[:, 0]
    bandwidth = 1.06 * cloud.std(axis=1) * cloud.shape[1] ** -0.2
    off = (nodes[:, np.newaxis] - cloud[:, np.newaxis, :]) / bandwidth[:, np.newaxis, np.newaxis]
    law = np.exp(-(off**2) / 2).sum(axis=2)
    return np.asarray(law / law.sum(axis=1, keepdims=True))


def cloud_expected(particles: Array, *, eta: float = 0.1) -> Array:
    """Return the dual suboptimality at the stationarity of steps η up to 1/N²; eta = 0 has (λ₂/2N) tr K.

    That of infinitely many particles, of order η², plus the leading term in 1/N, exact in η.
    """
    from dltheory.meanfield.langevin_chaos import excess_bound, step_suboptimality
    from dltheory.meanfield.langevin_laws import coefficients, stationary_law

    quadrature = grid("warm", _FOUR)
    if eta == 0:
        return excess_bound(quadrature, particles)
    many = float(quadrature.dual_suboptimality(coefficients(quadrature, stationary_law(quadrature, eta))))
    return many + step_suboptimality(quadrature, particles, eta)


@lru_cache(maxsize=32)
def moments(
    gradients: Gradients, eta: float, batch: int, refresh: int = 1, heat: float = 1.0, speed: float = 1.0,
    particles: float = np.inf,
) -> BatchedMoments:  # fmt: skip
    """Return the exact moments of mini-batches on the linear problem of three dimensions."""
    from dltheory.meanfield.gaussian_batches import BatchedMoments
    from dltheory.meanfield.langevin import MeanFieldLangevin

    method = MeanFieldLangevin(eta, gradients, batch, refresh, heat=heat, speed=speed)
    return BatchedMoments(linear(3, 0.3, _DATA), method, particles)


def batch_bias(
    eta: Array, *, batch: int, gradients: Gradients = "sgd", heat: float = 1.0, distinct: float = 1.0
) -> Array:  # fmt: skip
    """Return the exact E L − L* at stationarity of steps η with infinitely many particles, (K,).

    For a control batches are `distinct` times as large as they are said to be.
    """
    size = max(1, round(batch * distinct))
    return np.array([moments(gradients, float(one), size, heat=heat).stationary_gap() for one in eta])


def batch_leading(eta: Array, *, batch: int) -> Array:
    """Return η tr S/(4B), S the covariance of one example's gradient at the optimum."""
    return np.array([moments("sgd", float(one), batch).leading_gap for one in eta])


def reduced_suboptimality(
    particles: int, streams: Sequence[Stream], *, gradients: Gradients = "svrg", refresh: int = 8, batch: int = 1,
    heat: float = 1.0, speed: float = 1.0, eta: float = 0.1,
) -> Array:  # fmt: skip
    """Run N particles with mini-batches; return the time average of D* − D(g_Θ) over late steps, (R,)."""
    from dltheory.meanfield.langevin import MeanFieldLangevin
    from dltheory.meanfield.langevin_replicas import observe

    model = linear(3, 0.3, _DATA)
    p = model.problem
    method = MeanFieldLangevin(eta, gradients, batch, refresh, heat=heat, speed=speed)
    theta = model.variance**0.5 * np.stack(
        [stream.numpy("start").standard_normal((particles, p.dimension)) for stream in streams]
    )
    predictions = observe(p, method, theta, [stream.numpy("noise") for stream in streams], _STEPS)
    off = predictions - (p.inputs @ model.mean + p.shifts)
    square = np.eye(p.size) + p.inputs @ p.inputs.T / (2 * p.l2 * p.size)
    return np.asarray(np.einsum("rki,ij,rkj->rk", off, square, off).mean(axis=1) / (2 * p.size))


def reduced_expected(
    particles: Array, *, gradients: Gradients = "svrg", refresh: int = 8, batch: int = 1, heat: float = 1.0,
    speed: float = 1.0, eta: float = 0.1,
) -> Array:  # fmt: skip
    """Return the exact expectation of what `reduced_suboptimality` measures, (K,)."""
    model, times = linear(3, 0.3, _DATA), np.array(_STEPS)
    made = (moments(gradients, eta, batch, refresh, heat, speed, float(n)) for n in particles)
    return np.array([one.suboptimality(-model.mean, model.variance, times).mean() for one in made])
