"""What the claims on composition models share: targets on the boundary of their class, fits, and exact opponents.

Where an estimator is fitted to noisy labels, its risk is reported as the exact risk, given the design, of the linear
estimator that knows the nonlinear part, plus the measured difference of the two: the same mean, a third of the noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.affine_kernel import TorusKernel
    from dltheory.besov.composition import AdditiveTarget, AffineTarget
    from dltheory.besov.composition_fit import AdditiveRegression
    from dltheory.besov.single_index import IndexRegression
    from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]
Direction = Literal["learned", "axis", "random"]
Estimator = Literal["optimal", "smooth", "rough", "stretched"]
_AT = 1024  # points at which two estimates are compared
_TERMS = {1: 2048, 2: 512}  # of a target, by the dimension of its inner function
_GRID = {2: 256, 4: 24}  # points of the torus grid a direction
_TARGETS = 4  # learnt on one design, where two methods are compared
_SIZE = 0.5  # of the inner layer of the additive model
_SIEVE = 0.7  # of the best number of cosines, (E g'² size²)^(1/3) with room
_KERNEL_RIDGE = 1.0  # of the Matérn opponent over σ², the best of a grid from n = 128 to 1024


def affine_risk(
    n: int, streams: Sequence[Stream], *, D: int, s: float = 1.0, rest: float = 0.0, noise: float = 0.25,
    power: float | None = None, direction: Direction = "learned",
) -> Array:  # fmt: skip
    """Return the risk of profile least squares for h(Ax) on the ball of R^D, (R,).

    h has smoothness s in its first direction and 1/`rest` in a second one, if rest > 0. `power` replaces the exponent
    of the number of terms; a `direction` that is not learned is that of the axes, or another random one.
    """
    from dltheory.besov.single_index import IndexRegression

    space = smoothness(s, rest)
    fitted = IndexRegression.from_theory(space, n, noise, power=power)
    return np.array([_index_risk(n, stream, space, D, noise, fitted, direction) for stream in streams])


def affine_curve(
    n: Array, *, D: int, s: float = 1.0, rest: float = 0.0, noise: float = 0.25, power: float | None = None
) -> dict[str, Array]:
    """Return bias, and variance of N coefficients and the rotation's angles; what is left out acts as noise."""
    from dltheory.besov import cosine
    from dltheory.besov.single_index import IndexRegression, directions

    space = smoothness(s, rest)
    terms = np.array([IndexRegression.from_theory(space, int(m), noise, power=power).terms for m in n], float)
    angles = directions(space.dimension, D)
    left = cosine.tail_energy(space, terms - 1) - cosine.tail_energy(space, _TERMS[space.dimension])
    free = terms + angles
    return {"bias": left, "variance": (noise**2 + left) * free / (n - free)}


def additive_risk(
    n: int, streams: Sequence[Stream], *, D: int, s: float = 1.0, noise: float = 0.25, power: float | None = None,
    link: bool = True,
) -> Array:  # fmt: skip
    """Return the risk of least squares through two layers, g(Σ h_i(x_i)) on the cube of dimension D, (R,).

    `power` replaces the exponent of the number of cosines; without `link` the outer layer is the identity.
    """
    from dltheory.besov.composition import AdditiveTarget
    from dltheory.besov.composition_fit import AdditiveRegression

    fitted = AdditiveRegression.from_theory(s, n, noise, scale=_SIEVE, power=power, link=link)
    out = []
    for stream in streams:
        target = AdditiveTarget.on_boundary(s, D, stream.numpy("target"), size=_SIZE)
        x = stream.numpy("inputs").random((n, D))
        clean = target(x)
        y = clean + noise * stream.numpy("noise").standard_normal(n)
        at = stream.numpy("at").random((_AT, D))
        truth = target(at)
        risk = float(np.mean((fitted.fit(x, y)(at) - truth) ** 2))
        out.append(risk + (_linearised_surplus(target, fitted, x, y - clean, at, noise) if link else 0.0))
    return np.array(out)


def additive_curve(
    n: Array, *, D: int, s: float = 1.0, noise: float = 0.25, power: float | None = None
) -> dict[str, Array]:
    """Return bias E[g'²] D size² Σ_{j > N} j^−(2s + 1), and variance of 3 + DN coefficients."""
    from dltheory.besov import cosine
    from dltheory.besov.composition import OUTER
    from dltheory.besov.composition_fit import AdditiveRegression

    space = smoothness(s)
    terms = np.array([
        AdditiveRegression.from_theory(s, int(m), noise, scale=_SIEVE, power=power).terms for m in n
    ], float)  # fmt: skip
    left = _slope_energy(s, D, OUTER) * D * _SIZE**2
    bias = left * (cosine.tail_energy(space, terms) - cosine.tail_energy(space, 512))
    free = D * terms + 3
    return {"bias": bias, "variance": (noise**2 + bias) * free / (n - free)}


def bump_risk(
    n: int, streams: Sequence[Stream], *, s: float, outer: float, noise: float = 1.0, power: float | None = None,
    claimed: float | None = None,
) -> Array:  # fmt: skip
    """Return the risk of the Bayes estimator on the hypercube of bumps, given the data of a random design, (R,)."""
    from dltheory.besov.composition_bumps import BumpHypercube

    cube = BumpHypercube.hardest(n, noise, s, outer, power=power, claimed=claimed)
    out = []
    for stream in streams:
        x = stream.numpy("inputs").random(n)
        present = stream.numpy("bumps").random(cube.count) < 0.5
        y = present[cube.cells(x)] * cube.profile(x) + noise * stream.numpy("noise").standard_normal(n)
        belief = cube.posterior(x, y, noise)
        out.append(cube.energy * float(np.mean(belief * (1 - belief))))
    return np.array(out)


def bump_curve(
    n: Array, *, s: float, outer: float, noise: float = 1.0, power: float | None = None, claimed: float | None = None
) -> Array:
    """Return the same in white noise, exactly."""
    from dltheory.besov.composition_bumps import BumpHypercube

    cubes = [BumpHypercube.hardest(m, noise, s, outer, power=power, claimed=claimed) for m in n]
    return np.array([cube.bayes_risk(m, noise) for cube, m in zip(cubes, n, strict=True)])


def linear_bound(n: Array, *, D: int, s: float, p: float = 2.0, one: int = 0, dims: int = 0) -> Array:
    """Return the Jensen bound for h(⟨w, x⟩), averaged over w, noise variance 1; `one` takes the worst single wave.

    `dims` spreads the energy over that many dimensions instead of D.
    """
    from dltheory.besov.affine import RotationAverage

    average = RotationAverage.of(smoothness(s, p=p), D)
    if dims:
        average = RotationAverage(dims, average.roughness)
    return np.array([average.one_wave(1 / m) if one else average.jensen(1 / m) for m in n])


def linear_projection(n: Array, *, D: int, s: float, p: float = 2.0, power: float | None = None) -> Array:
    """Return the average risk of the projection on |ξ| ≤ K, a linear estimator; `power` replaces K's exponent."""
    from dltheory.besov.affine import RotationAverage

    average = RotationAverage.of(smoothness(s, p=p), D)
    cut = [average.best_cutoff(1 / m) if power is None else m**power for m in n]
    return np.array([average.projection(k, 1 / m) for k, m in zip(cut, n, strict=True)])


def torus_risk(
    n: int, streams: Sequence[Stream], *, D: int, s: float = 1.0, noise: float = 1.0, rough: float | None = None,
    factor: float = 1.0, stretch: float = 1.0, ridge_power: float = 0.0,
) -> Array:  # fmt: skip
    """Return the risk of kernel ridge regression on the torus, averaged over directions, waves and noise, (R,).

    The kernel has the spectrum of the target, unless `rough` gives another smoothness or `stretch` a length scale of
    its own to the first axis; the ridge is n^−ridge_power times `factor` times the noise variance.
    """
    target, kernel = _torus(D, s, 1.0), _torus(D, s if rough is None else rough, stretch)
    ridge = factor * noise**2 * float(n) ** -ridge_power
    return np.array([
        kernel.average_risk(kernel.sample(stream.numpy("inputs"), n), target, noise**2, ridge) for stream in streams
    ])  # fmt: skip


def torus_curve(
    n: Array, *, D: int, s: float = 1.0, noise: float = 1.0, rough: float | None = None, factor: float = 1.0,
    stretch: float = 1.0, ridge_power: float = 0.0,
) -> dict[str, Array]:  # fmt: skip
    """Return bias and variance of the same by the deterministic equivalent of ridge regression."""
    target, kernel = _torus(D, s, 1.0), _torus(D, s if rough is None else rough, stretch)
    rows = [kernel.expected_risk(target, m, noise**2, factor * noise**2 * m**-ridge_power) for m in n]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def torus_ratio(
    n: int, streams: Sequence[Stream], *, D: int, estimator: Estimator, known: bool = False, more: int = 1,
    quiet: float = 1.0,
) -> Array:  # fmt: skip
    """Return the average risk of a linear estimator over the Jensen bound for n samples of noise variance 1, (R,).

    `known` gives the target and the kernel the direction of the first axis; `more` multiplies the samples and `quiet`
    the noise of the estimator, not of the bound.
    """
    from dltheory.sequence import jensen_bound

    target = _torus(D, 1.0, 1.0)
    bound = jensen_bound(target.spectrum.ravel(), None, 1 / n)
    if known:
        target = _axis(D)
    kernels = {"optimal": target, "smooth": _torus(D, 2.0, 1.0), "rough": _torus(D, 0.5, 1.0),
               "stretched": _torus(D, 1.0, 4.0)}  # fmt: skip
    kernel, variance = kernels[estimator], quiet**2
    return np.array([
        kernel.average_risk(kernel.sample(stream.numpy("inputs"), more * n), target, variance, variance) / bound
        for stream in streams
    ])  # fmt: skip


def separation(n: int, streams: Sequence[Stream], *, D: int = 2, noise: float = 0.5, deep: str = "learned") -> Array:
    """Return the risks of profile least squares and of the Matérn kernel on the same data, (R, 2).

    `deep` replaces the first: "kernel" by the Matérn kernel with a length scale for each axis, "linear" by the second,
    "axis" and "random" by a sieve in a direction that is not learned.
    """
    from dltheory.besov.single_index import IndexRegression

    space = smoothness(1.0)
    fitted = IndexRegression.from_theory(space, n, noise)
    out = []
    for stream in streams:
        linear = _kernel_risk(n, stream, D, noise, (1.0,) * D)
        if deep == "linear":
            first = linear
        elif deep == "kernel":
            first = _kernel_risk(n, stream, D, noise, (0.5, *((2.0,) * (D - 1))))
        else:
            risks = [
                _index_risk(n, stream, space, D, noise, fitted, deep, which)  # type: ignore[arg-type]
                for which in range(_TARGETS)
            ]
            first = sum(risks) / _TARGETS
        out.append((first, linear))
    return np.array(out)


def far_separation(n: Array, *, D: int, s: float = 1.0, deep: str = "index", power: float | None = None) -> Array:
    """Return the leading risk of profile least squares and the Jensen bound of linear estimators, (K, 2)."""
    from dltheory.besov import cosine

    space = smoothness(s)
    terms = n ** (1 / (2 * s + 1) if power is None else power)
    index = cosine.tail_energy(space, terms) + (terms + D) / n
    first = {"index": index, "projection": linear_projection(n, D=D, s=s)}[deep]
    return np.stack([first, linear_bound(n, D=D, s=s)], axis=1)


def smoothness(s: float, rest: float = 0.0, p: float = 2.0) -> Smoothness:
    """Return the space of h: smoothness s in one direction, 1/`rest` in a second one if rest > 0."""
    from dltheory.besov.smoothness import Smoothness

    return Smoothness((s, 1 / rest) if rest > 0 else (s,), p)


def _index_risk(
    n: int, stream: Stream, space: Smoothness, D: int, noise: float, fitted: IndexRegression, direction: Direction,
    which: int = 0,
) -> float:  # fmt: skip
    from dltheory.besov.composition import random_rotation, uniform_ball
    from dltheory.besov.single_index import oracle_risk

    target, x = _affine_target(stream, space, D, which), uniform_ball(stream.numpy("inputs"), n, D)
    y = target(x) + noise * stream.numpy(f"noise {which}").standard_normal(n)
    at = uniform_ball(stream.numpy("at"), _AT, D)
    truth = target(at)
    fixed = {"axis": np.eye(space.dimension, D), "random": random_rotation(stream.numpy("other"), space.dimension, D)}
    if direction != "learned":
        return float(np.mean((fitted.fit(x, y, stream.numpy("starts"), fixed[direction])(at) - truth) ** 2))
    found = fitted.fit(x, y, stream.numpy("starts"))
    oracle = fitted.fit(x, y, stream.numpy("starts"), target.rotation)
    surplus = float(np.mean((found(at) - truth) ** 2 - (oracle(at) - truth) ** 2))
    return oracle_risk(target, fitted, x, noise) + surplus


def _affine_target(stream: Stream, space: Smoothness, D: int, which: int) -> AffineTarget:
    from dltheory.besov.composition import AffineTarget

    return AffineTarget.on_boundary(space, stream.numpy(f"target {which}"), D, _TERMS[space.dimension])


def _kernel_risk(n: int, stream: Stream, D: int, noise: float, lengths: tuple[float, ...]) -> float:
    """Return the risk of Matérn ridge regression given the design, averaged over the noise and some targets."""
    from dltheory.besov.composition import uniform_ball
    from dltheory.besov.manifold_kernel import Matern, conditional_risk

    x, at = uniform_ball(stream.numpy("inputs"), n, D), uniform_ball(stream.numpy("at"), _AT // 2, D)
    targets = [_affine_target(stream, smoothness(1.0), D, which) for which in range(_TARGETS)]
    clean, truth = (np.stack([target(where) for target in targets]) for where in (x, at))
    scale = min(lengths)  # the table holds distances up to 2, so axes are shrunk only
    shrunk = scale / np.array(lengths)
    return conditional_risk(Matern(1.0, scale), x * shrunk, at * shrunk, clean, truth, noise, _KERNEL_RIDGE * noise**2)


def _linearised_surplus(
    target: AdditiveTarget, fitted: AdditiveRegression, x: Array, errors: Array, at: Array, noise: float
) -> float:
    """Return E − realised of the noise part of the risk of the fit that is linearised at the truth."""
    from dltheory.besov.composition_fit import design, linearised

    inner = np.concatenate([part.coefficients[: fitted.terms] for part in target.inner])
    outer = np.array([0.0, *target.outer])
    here = linearised(outer, inner, design(x, fitted.terms))
    there = linearised(outer, inner, design(at, fitted.terms))
    inverse = np.linalg.inv(here.T @ here)
    mean_square = there.T @ there / len(at)
    moved = inverse @ (here.T @ errors)
    return float(noise**2 * np.sum(inverse * mean_square) - moved @ mean_square @ moved)


def _slope_energy(s: float, D: int, outer: tuple[float, float]) -> float:
    """Return E[g'(u)²] of u = Σ h_i(x_i), averaged over the signs of the coefficients.

    E h⁴ = 3 S² − 3/2 Q with S = Σ c² and Q = Σ c⁴, since odd powers of a sign average to 0.
    """
    energy = _SIZE**2 * np.arange(1.0, 513) ** -(2 * s + 1)
    one, four = float(energy.sum()), float(np.sum(energy**2))
    second = D * one
    fourth = D * (3 * one**2 - 1.5 * four) + 3 * D * (D - 1) * one**2
    a, b = 2 * outer[0], 3 * outer[1]
    return 1 + (a**2 + 2 * b) * second + b**2 * fourth


@lru_cache(maxsize=16)
def _torus(D: int, s: float, stretch: float) -> TorusKernel:
    from dltheory.besov.affine_kernel import TorusKernel, spectrum

    return TorusKernel(spectrum(_GRID[D], D, s, (stretch, *((1.0,) * (D - 1)))))


@lru_cache(maxsize=4)
def _axis(D: int) -> TorusKernel:
    """Return the covariance of Σ j^−3/2 waves along the first axis, Σ λ = 1."""
    from dltheory.besov.affine_kernel import TorusKernel

    side = _GRID[D]
    frequency = np.abs(np.fft.fftfreq(side, 1 / side))
    line = np.where((frequency > 0) & (2 * frequency < side), np.maximum(frequency, 1.0) ** -3, 0.0)
    values = np.zeros((side, side ** (D - 1)))
    values[:, 0] = line / math.fsum(line)
    return TorusKernel(values.reshape((side,) * D))
