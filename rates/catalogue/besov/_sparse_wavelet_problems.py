"""What the claims on sparse wavelet classes measure: exact risks in the sequence model, and regression on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.sparse_wavelets import SparseClass, Target

Array = npt.NDArray[np.float64]


def space(p: float, beta: float, d: float) -> SparseClass:
    """Return the class with these parameters."""
    from dltheory.besov.sparse_wavelets import SparseClass

    return SparseClass(float(p), float(beta), int(d))


@lru_cache(maxsize=16)
def _target(given: SparseClass, levels: int) -> Target:
    from dltheory.besov.sparse_wavelets import target

    return target(given, levels)


def threshold_risks(
    n: Array, *, p: float, beta: float, d: float, method: str = "threshold", log: float = 1.0, reach: float = 0.0
) -> Array:
    """Return the exact risks of hard thresholding, (K,), or of the best linear estimator.

    For controls: a factor on the threshold's logarithm (0: none), and n^`reach` candidates (0: as many as it takes).
    """
    from dltheory.besov import sparse_wavelets

    if method == "linear":
        return linear_risks(n, p=p, beta=beta, d=d)
    given = space(p, beta, d)
    return np.array([sparse_wavelets.threshold_risk(given, float(v), logarithm=log, reach=reach or None) for v in n])


def linear_risks(n: Array, *, p: float, beta: float, d: float, places: str = "random", kept: float = 0.0) -> Array:
    """Return the Jensen sum of the target, (K,); with `places` "known", of who knows where its coefficients are.

    For controls the levels with at most n^`kept` coefficients in all are taken as they are, and no others.
    """
    from dltheory.besov import sparse_wavelets

    if kept:
        given = space(p, beta, d)
        energies, size = sparse_wavelets.level_energies(given), sparse_wavelets.level_sizes(given)
        levels = np.floor(kept * np.log2(n) / d + 1e-9).astype(int)
        return np.array([energies[m:].sum() + size[:m].sum() / v for m, v in zip(levels, n, strict=True)])
    risk = sparse_wavelets.known_places_risk if places == "known" else sparse_wavelets.linear_risk
    return np.array([risk(space(p, beta, d), float(v)) for v in n])


def both_risks(
    n: Array, *, p: float, beta: float, d: float, method: str = "threshold", log: float = 1.0, places: str = "random"
) -> Array:
    """Return the exact risks of hard thresholding and of the best linear estimator, (K, 2)."""
    first = threshold_risks(n, p=p, beta=beta, d=d, method=method, log=log)
    return np.stack([first, linear_risks(n, p=p, beta=beta, d=d, places=places)], axis=1)


def cube_bounds(n: Array, *, p: float, beta: float, d: float, spikes: float = 0.0, finer: float = 0.5) -> Array:
    """Return the Bayes risk on the hardest cube, (K,).

    For controls: a fixed number of coefficients, or coefficients of size n^-`finer` in place of n^(-1/2).
    """
    from dltheory.besov import sparse_wavelets

    given = space(p, beta, d)
    bounds = [sparse_wavelets.cube_bound(given, float(v), size=float(v) ** -finer, count=spikes) for v in n]
    return np.array(bounds)


def cube_risks(n: Array, *, p: float, beta: float, d: float, method: str = "threshold", more: float = 1.0) -> Array:
    """Return the risk of hard thresholding on that cube, (K,).

    For controls: of a linear oracle that knows the places and |θ|, and `more` times the samples.
    """
    from dltheory.besov import sparse_wavelets

    given = space(p, beta, d)
    if method == "threshold":
        return np.array([sparse_wavelets.cube_threshold_risk(given, float(v)) for v in n])
    count, theta = np.array([sparse_wavelets.cube(given, float(v)) for v in n]).T
    return np.asarray(count * theta**2 / (1 + more * n * theta**2))


def grid_errors(
    n: int, streams: Sequence[Stream], *, p: float, beta: float, method: str = "threshold", log: float = 1.0,
    wavelet: str = "haar",
) -> Array:  # fmt: skip
    """Return ‖f̂ − f‖² for the target with random places and signs, seen on a grid of n points with noise 1, (R,).

    f is a Haar series; "threshold" and "linear" take the coefficients of `wavelet`, "raw" takes them as they are.
    """
    from dltheory.besov import sparse_wavelets, sparse_wavelets_haar

    given, levels = space(p, beta, 1), sparse_wavelets_haar.levels_of_grid(n)
    energies = sparse_wavelets.level_energies(given)
    threshold = (2 * log * np.log(n) / n if log else 1 / n) ** 0.5
    target, tail, found = _target(given, levels), float(energies[levels:].sum()), []
    for stream in streams:
        truth = sparse_wavelets_haar.draw(target, levels, stream.numpy("target"))
        noise = stream.numpy("noise").standard_normal(n)
        if wavelet != "haar":
            truth = sparse_wavelets_haar.analyse(sparse_wavelets_haar.synthesise(truth), wavelet)
        seen = truth + sparse_wavelets_haar.analyse(noise, wavelet)
        if method == "threshold":
            seen = sparse_wavelets_haar.hard_threshold(seen, threshold)
        elif method == "linear":
            seen = sparse_wavelets_haar.shrink_levels(seen, energies, 1 / n)
        found.append(float(np.sum((seen - truth) ** 2)) + tail)
    return np.array(found)


def grid_threshold_risk(n: Array, *, p: float, beta: float) -> Array:
    """Return the exact risk of thresholding on the grid: that of n candidates, and the constant, which is kept."""
    return threshold_risks(n, p=p, beta=beta, d=1, reach=1.0) + 1 / n


def grid_linear_risk(n: Array, *, p: float, beta: float) -> Array:
    """Return the Jensen sum on the line."""
    return linear_risks(n, p=p, beta=beta, d=1)


def staircase_bounds(n: Array, *, levels: int = 0, share: float = 1.0) -> Array:
    """Return the Bayes risk on the hardest cube of 2^j Haar functions ±θ with total variation at most 1, (K,).

    4 · 2^j · 2^{j/2} θ ≤ 1 bounds θ. For controls `levels` fixes j, and only 2^{share j} of the functions are used.
    """
    from dltheory.sequence import sign_risk

    found = []
    for v in n:
        tried = [levels] if levels else range(round(np.log2(v)) + 1)
        risks = {j: float(sign_risk(2.0 ** (-1.5 * j - 2), float(v) ** -0.5)) for j in tried}
        found.append(max(2.0 ** (share * j) * risk for j, risk in risks.items()))
    return np.array(found)


def staircase_threshold_risks(
    n: Array, *, method: str = "threshold", log: float = 1.0, levels: int = 0, variation: float = 1.0
) -> Array:
    """Return the largest risk of hard thresholding over staircases of 2^j Haar functions ±θ, (K,).

    θ is the largest that a variation of 1 allows, or smaller. "linear" is the best linear estimator's, which must
    do for the worst level; a fixed number of levels, or another variation, is for controls.
    """
    from dltheory.sequence import threshold_risks as risks

    found = []
    for v in n:
        sd = float(v) ** -0.5
        cut = (2 * log * np.log(v) / v if log else 1 / v) ** 0.5
        tried = np.arange(round(np.log2(v)) + 1)
        largest = variation * 2.0 ** (-1.5 * tried - 2)
        if method == "linear":  # a jump in every level: energy 2^-j with 2^j places
            energy = variation**2 * 2.0**-tried / 16
            found.append(float(np.sum(energy * sd**2 / (energy / 2.0**tried + sd**2))))
            continue
        empty = float(risks(0.0, cut, sd)) * v
        share = largest[:, None] * np.linspace(0.05, 1, 40)
        at = slice(levels, levels + 1) if levels else slice(None)
        found.append(float(np.max(2.0 ** tried[at, None] * risks(share[at], cut, sd))) + empty)
    return np.array(found)


def hull_ratio(vertices: Array, *, method: str = "box") -> Array:
    """Return the largest risk over convex combinations of step functions, over the largest at the functions, (K,).

    The estimators see 128 points of jumps of height 8 with noise 1/2. Linear: "box" averages over 17 points, "kernel"
    is ridge regression with min(x, x′), "levels" shrinks Haar coefficients by level. For controls, not linear: "hard"
    and "soft" thresholding, and "oracle", which has a narrow window in the better one of two halves.
    """
    return np.array([_hull_ratio(int(m), method) for m in vertices])


def _hull_ratio(count: int, method: str) -> float:
    stream = Stream(0, "besov/sparse:convex-hull", method, count)
    x = np.asarray((np.arange(128) + 0.5) / 128, dtype=np.float64)
    steps = 8.0 * np.asarray(x >= np.linspace(0.1, 0.9, count)[:, None], dtype=np.float64)
    weights = [stream.numpy(f"weights {c}").dirichlet(np.full(count, c), 700) for c in (0.03, 0.3, 3.0)]
    risk = _fixed_risks(np.concatenate([np.eye(count), *weights]), steps, x, method)
    return float(risk.max() / risk[:count].max())


def _fixed_risks(weights: Array, steps: Array, x: Array, method: str, sd: float = 0.5) -> Array:
    """Return the exact risk of an estimator with fixed parameters at combinations (F, m) of functions (m, n), (F,)."""
    from dltheory.besov.sparse_wavelets_haar import analyse
    from dltheory.sequence import threshold_risks as hard

    if method == "box":
        return _linear(weights @ steps, _window(x, 8), sd)
    if method == "kernel":
        gram = np.asarray(np.minimum(x[:, None], x[None, :]), dtype=np.float64)
        return _linear(
            weights @ steps, np.asarray(np.linalg.solve(gram + sd**2 * np.eye(x.size), gram).T, dtype=np.float64), sd
        )
    if method == "oracle":
        narrow, wide, left = _window(x, 1), _window(x, 32), x[:, None] < 0.5
        halves = (np.where(left, narrow, wide), np.where(left, wide, narrow))
        return np.minimum(*(_linear(weights @ steps, smoother, sd) for smoother in halves))
    theta, noise = weights @ np.stack([analyse(f) for f in steps]), sd / x.size**0.5
    if method == "levels":
        level = np.concatenate([[0], np.repeat(np.arange(7), 2 ** np.arange(7))])
        factor = 1 / (1 + 2.0 ** (2.0 * level) * noise**2)
        return np.asarray(((1 - factor) ** 2 * theta**2 + factor**2 * noise**2).sum(axis=1))
    cut = noise * (2 * np.log(x.size)) ** 0.5
    return np.asarray((hard(theta, cut, noise) if method == "hard" else _soft(theta, cut, noise)).sum(axis=1))


def _linear(functions: Array, smoother: Array, sd: float) -> Array:
    bias = functions @ smoother.T - functions
    return np.asarray((bias**2).mean(axis=1) + sd**2 * (smoother**2).sum() / len(smoother))


def _window(x: Array, reach: int) -> Array:
    near = np.abs(np.subtract.outer(np.arange(x.size), np.arange(x.size))) <= reach
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def _soft(theta: Array, cut: float, sd: float) -> Array:
    """Return E(soft(y) − θ)² for y = θ + sd ξ (Donoho & Johnstone 1994)."""
    from scipy.special import ndtr

    u, t = theta / sd, cut / sd
    density_up, density_down = (np.exp(-((t + s * u) ** 2) / 2) / (2 * np.pi) ** 0.5 for s in (1, -1))
    inside = ndtr(t - u) - ndtr(-t - u)
    unit = 1 + t * t + (u * u - t * t - 1) * inside - (t - u) * density_up - (t + u) * density_down
    return np.asarray(sd * sd * unit)
