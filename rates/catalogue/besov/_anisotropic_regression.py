"""Regression experiments of the claims on anisotropic smoothness: uniform random design, and wavelets on a grid.

Points, signs and noise of a replicate are nested in n. Excess risks of series are exact, by orthonormality; those of
kernels and neighbours are means over 1000 quasi-random points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rates.catalogue.besov._anisotropic_problems import Basis, smoothness
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.cosine_series import CosineSeries
    from dltheory.besov.spaces import AnisotropicBesov
    from dltheory.besov.targets import RankTarget

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
TERMS = {1: 600, 2: 2000, 3: 6000}  # of a target, by the coordinates that it depends on; it has no others
POINTS = 1000


@lru_cache(maxsize=16)
def target(s: str, mean: float) -> RankTarget:
    """Return the rank law, finitely many terms of it."""
    from dltheory.besov.targets import RankTarget

    given = smoothness(s, mean)
    return RankTarget(given, TERMS[given.dimension - given.s.count(math.inf)])


def sample(
    n: int, stream: Stream, s: str, mean: float, noise: float = 1.0, turned: bool = False
) -> tuple[CosineSeries, Array, Array]:
    """Return the drawn function, points (n, d) and labels (n,); `turned` draws the function of the mean coordinate."""
    given = target(s, mean)
    function = given.draw(stream.numpy("signs"))
    x = stream.numpy("points").random((n, given.smoothness.dimension))
    y = value(function, x, turned) + noise * stream.numpy("noise").standard_normal(n)
    return function, x, y


def value(function: CosineSeries, x: Array, turned: bool = False) -> Array:
    """Return the function at x, or at the point whose coordinates are all the mean of those of x."""
    return function(np.repeat(x.mean(axis=1, keepdims=True), x.shape[1], axis=1) if turned else x)


def terms(given: Any, count: int, basis: Basis) -> Indices:
    """Return about `count` multi-indices: by ρ, a cube, or the order made for the smoothness read backwards."""
    from dltheory.besov.cosine import isotropic_indices, ordered_indices
    from dltheory.besov.smoothness import Smoothness

    if basis == "isotropic":
        return isotropic_indices(given.dimension, count)
    return ordered_indices(Smoothness(given.s[::-1]) if basis == "reversed" else given, count)


def least_squares(
    n: int, streams: Sequence[Stream], *, s: str, mean: float, kappa: float | None = None, basis: Basis = "ordered",
    noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return (R, 2): ‖f̂ − f‖² of least squares on N = n^κ cosines, κ = 1/(2s̃ + 1), and a control variate.

    The variate is the squared length of the scores, Σ_l (φ_l·(y − f_N)/n)², f_N the part of f that the basis has: what
    ‖f̂ − f_N‖² would be if the empirical Gram matrix were the identity.
    """
    from dltheory.besov.cosine import evaluate
    from dltheory.besov.cosine_series import CosineSeries
    from dltheory.besov.projection import series_error
    from dltheory.least_squares import solve

    indices = terms(smoothness(s, mean), size(n, s, mean, kappa), basis)

    def pair(stream: Stream) -> tuple[float, float]:
        function, x, y = sample(n, stream, s, mean, noise)
        design = evaluate(indices, x)
        error = series_error(CosineSeries(indices, solve(design, y)), function)
        return error, scores(function, indices, x, y, design)

    return np.array([pair(stream) for stream in streams])


def scores(function: CosineSeries, indices: Indices, x: Array, y: Array, design: Array | None = None) -> float:
    """Return the squared length of the scores: the control variate."""
    from dltheory.besov.cosine import evaluate

    design = evaluate(indices, x) if design is None else design
    found = design.T @ (y - design @ coefficients_of(function, indices)) / len(y)
    return float(found @ found)


def size(n: int, s: str, mean: float, kappa: float | None = None) -> int:
    """Return N of the theorem's schedule, or n^κ."""
    from dltheory.besov.projection import ResolutionSchedule

    schedule = ResolutionSchedule.from_theory(smoothness(s, mean)) if kappa is None else ResolutionSchedule(kappa)
    return schedule.terms(n)


def coefficients_of(function: CosineSeries, indices: Indices) -> Array:
    """Return the coefficients of a series at the given indices, 0 where it has none."""
    tensor = function.tensor
    inside = (indices < np.array(tensor.shape)).all(axis=1)
    found = np.zeros(len(indices))
    found[inside] = tensor[tuple(indices[inside].T)]
    return found


def mean_of_scores(
    n: Array, *, s: str, mean: float, kappa: float | None = None, basis: Basis = "ordered", noise: float = 1.0
) -> Array:  # fmt: skip
    """Return the mean of the control variate exactly: (σ²N + Σ_{l in, m out} c_m² E φ_l² φ_m²)/n.

    E φ_l² φ_m² is the product over directions of 1 + [l_i = m_i > 0]/2.
    """
    given = target(s, mean)
    energy = np.arange(1.0, given.terms + 1) ** -(2 * given.smoothness.mean + 1)
    kept = (terms(given.smoothness, size(int(v), s, mean, kappa), basis) for v in n)
    return np.array([scores_mean(one, given.indices, energy, noise) for one in kept]) / n


def scores_mean(kept: Indices, indices: Indices, energy: Array, noise: float) -> float:
    """Return n times the mean of the scores, for a target with random signs and Σ energy over its indices."""
    largest = tuple(np.maximum(kept.max(axis=0), indices.max(axis=0)) + 1)
    inside, flat = (np.ravel_multi_index(tuple(part.T), largest) for part in (kept, indices))
    out = ~np.isin(flat, inside)
    moments = np.ones((len(kept), int(out.sum())))
    for a, b in zip(kept.T, indices[out].T, strict=True):
        moments *= 1 + 0.5 * ((a[:, None] == b) & (b > 0))
    return noise**2 * len(kept) + float(moments.sum(axis=0) @ energy[out])


def expected_least_squares(
    n: Array, *, s: str, mean: float, kappa: float | None = None, noise: float = 1.0
) -> dict[str, Array]:  # fmt: skip
    """Return squared bias and variance of least squares on the first N = n^κ cosines, to first order in N/n."""
    from dltheory.least_squares import expected_parts

    kept = np.array([size(int(v), s, mean, kappa) for v in n])
    tail = target(s, mean).tail(kept)
    return expected_parts(tail, kept, n, noise)


@lru_cache(maxsize=8)
def _quasi_random(dimension: int) -> Array:
    from scipy.stats import qmc

    return np.asarray(qmc.Sobol(dimension, seed=0).random(1024)[:POINTS], float)


def opponent(
    n: int, streams: Sequence[Stream], *, s: str, mean: float, estimator: str = "product", turned: bool = False,
    scale: float = 0.2,
) -> Array:  # fmt: skip
    """Return (R, 2): the squared error of an estimator that is linear in the labels, and the scores of least squares.

    `product` is a ridge regression whose kernel knows the smoothness of every direction, with the theorem's ridge
    scale · n^{1/(2s̃+1)}; all others are tuned by an oracle a sample.
    """
    given = smoothness(s, mean)
    points = _quasi_random(given.dimension)
    predict = _estimators(given.s, n, scale * n ** (1 / (2 * mean + 1)))[estimator]
    indices = terms(given, size(n, s, mean, None), "ordered")

    def pair(stream: Stream) -> tuple[float, float]:
        function, x, y = sample(n, stream, s, mean, turned=turned)
        errors = np.mean((predict(x, y, points) - value(function, points, turned)) ** 2, axis=1)
        # the scores are those of the function that is not turned: their mean is known, and the noise is the same
        straight = y - value(function, x, turned) + function(x) if turned else y
        return float(errors.min()), scores(function, indices, x, straight)

    return np.array([pair(stream) for stream in streams])


def _estimators(s: tuple[float, ...], n: int, ridge: float) -> dict[str, Callable[[Array, Array, Array], Array]]:
    from dltheory import opponents

    product = opponents.Kernel("product", tuple(max(v - 0.5, 0.5) if v < math.inf else 0.5 for v in s),
                               tuple(0.5 if v < math.inf else math.inf for v in s))  # fmt: skip
    matern, tangent = opponents.Kernel("matern", 1.5, 0.5), opponents.Kernel("ntk")
    ridges = np.exp2(np.arange(-12.0, 10))
    counts = np.unique(np.geomspace(1, n // 2, 24).astype(int)).tolist()
    return {
        "matern": lambda x, y, at: opponents.ridge_path(matern, x, y, at, ridges),
        "ntk": lambda x, y, at: opponents.ridge_path(tangent, x, y, at, ridges),
        "product": lambda x, y, at: opponents.ridge(product, x, y, at, ridge)[None],
        "watson": lambda x, y, at: opponents.nadaraya_watson(x, y, at, np.exp2(np.arange(-6, 1, 0.5)).tolist()),
        "neighbours": lambda x, y, at: opponents.nearest_neighbours(x, y, at, counts),
    }


@lru_cache(maxsize=8)
def space(s: str, mean: float, p: float) -> AnisotropicBesov:
    """Return the anisotropic space in dyadic levels."""
    from dltheory.besov.spaces import AnisotropicBesov

    return AnisotropicBesov(smoothness(s, mean, p))


def grid_level(n: int, s: str, mean: float, p: float) -> int:
    """Return the level with n cells; ValueError where no level has so many."""
    given = space(s, mean, p)
    for level in range(64):
        if given.size(level) == n:
            return level
        if given.size(level) > n:
            break
    raise ValueError(f"no level of the grid has {n} cells: n must be one of {[given.size(k) for k in range(2, 14)]}")


def wavelets(
    n: int, streams: Sequence[Stream], *, s: str, mean: float, p: float, wavelet: str = "db2", cut: float = 1.0,
    fixed: bool = False, rule: str = "threshold",
) -> Array:  # fmt: skip
    """Return (R, 2): the error of hard thresholding, and of the best shrinkage a level, on one noisy grid of n cells.

    The function has a spike at a random place on every level, up to the grid's. `cut` multiplies the threshold,
    `fixed` puts all spikes first and tells the linear rule, rule `shrink` shrinks twice.
    """
    from dltheory.besov.wavelets import compose, decompose, shrink, squared_distance, threshold
    from dltheory.sequence import universal_threshold

    given, top = space(s, mean, p), grid_level(n, s, mean, p)
    sizes = np.array([given.details(k) for k in range(top + 1)], float)
    height = np.array([given.boundary(k) for k in range(top + 1)])
    energies = (height[:, 0] ** 2 * (sizes - 1) + height[:, 1] ** 2) / sizes
    truth = [_drawn(stream, sizes, height, fixed) for stream in streams]
    stacked = [np.stack(level) for level in zip(*truth, strict=True)]
    clean = compose(stacked, given, wavelet)
    noise = np.stack([stream.numpy("noise").standard_normal(clean.shape[1:]) for stream in streams])
    seen = decompose(clean + noise, given, wavelet)
    second = shrink(seen, energies, 1 / n)
    if fixed:
        for level, (kept, raw) in enumerate(zip(second, seen, strict=True)):
            kept *= (
                height[level, 0] ** 2 / (height[level, 0] ** 2 + 1 / n) / (energies[level] / (energies[level] + 1 / n))
            )
            kept[:, 0] = raw[:, 0] * height[level, 1] ** 2 / (height[level, 1] ** 2 + 1 / n)
    first = second if rule == "shrink" else threshold(seen, cut * universal_threshold(1.0, n))
    return np.stack([squared_distance(first, stacked), squared_distance(second, stacked)], axis=-1)


def wavelet_error(
    n: int, streams: Sequence[Stream], *, s: str, mean: float, p: float, rule: str = "threshold", cut: float = 1.0,
    fixed: bool = False,
) -> Array:  # fmt: skip
    """Return the error of thresholding or, rule `shrink`, of the best linear shrinkage, one number a replicate."""
    found = wavelets(n, streams, s=s, mean=mean, p=p, cut=cut, fixed=fixed)
    return np.asarray(found[:, 1 if rule == "shrink" else 0])


def expected_wavelet_error(
    n: Array, *, s: str, mean: float, p: float, rule: str = "threshold", cut: float = 1.0
) -> Array:  # fmt: skip
    """Return its mean, exactly: for shrinkage the Jensen bound of all linear estimators on this target."""
    from dltheory.sequence import hard_threshold_risk, jensen_bound, universal_threshold

    given = space(s, mean, p)

    def risk(count: float) -> float:
        levels = range(grid_level(int(count), s, mean, p) + 1)
        sizes = np.array([given.details(k) for k in levels], float)
        dense, spike = np.array([given.boundary(k) for k in levels]).T
        if rule == "shrink":
            return jensen_bound((dense**2 * (sizes - 1) + spike**2) / sizes, sizes, 1 / count)
        values, counts = np.concatenate([dense, spike])[1:], np.concatenate([sizes - 1, np.ones(len(sizes))])[1:]
        # the one coefficient of level 0 is kept: its spike is not thresholded
        values, counts = np.delete(values, len(sizes) - 1), np.delete(counts, len(sizes) - 1)
        return 1 / count + hard_threshold_risk(values, cut * universal_threshold(1.0, count), count**-0.5, counts)

    return np.array([risk(float(v)) for v in n])


def _drawn(stream: Stream, sizes: Array, height: Array, fixed: bool) -> list[Array]:
    """Return the coefficients of every level; a level's draws do not depend on how many levels there are."""
    generator, levels = stream.numpy("target"), []
    for size, (dense, spike) in zip(sizes.astype(int), height, strict=True):
        theta = dense * (generator.integers(0, 2, size) * 2.0 - 1)
        at = int(generator.integers(0, size))
        theta[0 if fixed else at] = spike * (generator.integers(0, 2) * 2.0 - 1)
        levels.append(theta)
    return levels
