"""Closed forms that the claims on anisotropic smoothness follow: risks in the sequence model, v = σ²/n.

Cases write the smoothness as text, `(1, ∞)`, and beside it the number s̃ that formulas need; the two must agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]
Basis = Literal["ordered", "isotropic", "reversed"]
Rule = Literal["threshold", "no log", "keep all", "shrink"]
DEEP = "-2*mean/(2*mean + 1)"  # the exponent of an estimator that adapts
LISTED = 10**6  # multi-indices that are listed one by one: what is beyond them is outside of every rectangle used here


@lru_cache(maxsize=64)
def smoothness(s: str, mean: float, p: float = 2.0) -> Smoothness:
    """Return the smoothness written as `(1, 2)` or `(1, ∞)`; ValueError where its s̃ is not the given one."""
    from dltheory.besov.smoothness import Smoothness

    found = Smoothness(tuple(math.inf if part.strip() == "∞" else float(part) for part in s.strip("()").split(",")), p)
    if abs(found.mean - mean) > 1e-9:
        raise ValueError(f"the intrinsic smoothness of s = {s} is {found.mean:g}, the case says {mean:g}")
    return found


def projection_risk(
    n: Array, *, s: str, mean: float, kappa: float | None = None, noise: float = 1.0, basis: Basis = "ordered"
) -> dict[str, Array]:
    """Return squared bias and variance of the projection on N = n^κ cosines, κ = 1/(2s̃ + 1), of the rank law.

    The first N in the order of ρ; `isotropic`: the cube of as many; `reversed`: rectangles N_i = N^{s̃/s_i} made for
    the smoothness read backwards.
    """
    from dltheory.besov.cosine import tail_energy

    given = smoothness(s, mean)
    size = n ** (1 / (2 * mean + 1) if kappa is None else kappa)
    if basis == "ordered":
        kept = np.maximum(np.round(size), 1.0)
        return {"bias": tail_energy(given, kept), "variance": kept * noise**2 / n}
    order = (mean / value for value in given.s[::-1]) if basis == "reversed" else (1 / given.dimension for _ in given.s)
    powers = tuple(order)
    sides = [tuple(max(round(float(v) ** power), 1) for power in powers) for v in size]
    bias = np.array([rectangle_tail(given, one) for one in sides])
    return {"bias": bias, "variance": np.array([math.prod(one) for one in sides]) * noise**2 / n}


@lru_cache(maxsize=8)
def _listed(given: Smoothness) -> npt.NDArray[np.int64]:
    from dltheory.besov.cosine import ordered_indices

    return ordered_indices(given, LISTED)


def rectangle_tail(given: Smoothness, sides: tuple[int, ...]) -> float:
    """Return the energy of the rank law outside of l_i < sides_i, within 1e-5 of it for up to 10^4 terms."""
    from dltheory.besov.cosine import tail_energy

    indices = _listed(given)
    outside = np.flatnonzero((indices >= np.array(sides)).any(axis=1)) + 1.0
    return math.fsum(outside ** -(2 * given.mean + 1)) + float(tail_energy(given, LISTED))


@lru_cache(maxsize=8)
def cube_tails(given: Smoothness, most: int) -> Array:
    """Return the energy of the rank law outside of the cubes max l < K, K = 1 … most."""
    from dltheory.besov.cosine import tail_energy

    if given.dimension - given.s.count(math.inf) == 1:  # a function of one coordinate: the rank is its frequency
        return tail_energy(given, np.arange(1.0, most + 1))
    energy = np.arange(1.0, LISTED + 1) ** -(2 * given.mean + 1)
    reach = np.minimum(_listed(given).max(axis=1), most)
    shells = np.bincount(reach, weights=energy, minlength=most + 1)
    return np.asarray(np.cumsum(shells[::-1])[::-1][1:] + tail_energy(given, LISTED))


def isotropic_risk(n: Array, *, s: str, mean: float, first: int = 0, basis: Basis = "isotropic") -> Array:
    """Return the risk of the best cube of frequencies |l|_∞ < K, K by an oracle, or K = `first`.

    `ordered` is the projection that knows ρ, with an oracle's N: a sabotage of a claim on isotropic estimators.
    """
    from dltheory.besov.cosine import tail_energy

    given = smoothness(s, mean)
    if basis == "ordered":
        counts = np.unique(np.round(np.geomspace(1, 1e7, 2000)))
        tails = tail_energy(given, counts)
    else:
        sides = np.arange(1.0, 101 if given.s.count(math.inf) < given.dimension - 1 else 2001)
        tails, counts = cube_tails(given, len(sides)), sides**given.dimension
    risks = tails + counts / n[:, None]
    return np.asarray(risks[:, first - 1] if first else risks.min(axis=1))


def hypercube(n: Array, *, s: str, mean: float, steeper: float = 0.0, share: float = 1.0) -> Array:
    """Return the Bayes risk of the worst hypercube of N^share bumps ±N^{−(s̃ + 1/2 + steeper)} over N."""
    from dltheory.besov.minimax import hypercube_bound

    given = smoothness(s, mean)
    return np.array([hypercube_bound(given, 1 / float(v), decay=mean + 0.5 + steeper, share=share) for v in n])


def threshold_risk(
    n: Array, *, s: str, mean: float, p: float, rule: Rule = "threshold", fixed_levels: int = 0
) -> Array:
    """Return the exact risk of hard thresholding at σ√(2 log n/n) on levels up to M_b ≤ n of the spiky target.

    Averaged over the phases of the target. `fixed_levels` keeps the number of levels; rules of a sabotage: threshold
    σ/√n, none, or the best linear shrinkage of every level.
    """
    return np.array([_threshold_risk(float(v), smoothness(s, mean, p), rule, fixed_levels) for v in n])


def _threshold_risk(n: float, given: Smoothness, rule: Rule, fixed_levels: int) -> float:
    from dltheory.besov.targets import SpikyTarget
    from dltheory.sequence import hard_threshold_risk, jensen_bound, universal_threshold

    levels = fixed_levels or math.floor(math.log2(n) + 1e-9) + 1
    targets = SpikyTarget.phases(given, levels)
    if rule == "shrink":
        risks = [jensen_bound(target.energies, target.size, 1 / n) for target in targets]
    else:
        cut = {"threshold": universal_threshold(1.0, n), "no log": n**-0.5, "keep all": 0.0}[rule]
        risks = [hard_threshold_risk(values, cut, n**-0.5, counts) for values, counts in (t.groups for t in targets)]
    return (math.fsum(risks) + math.fsum(target.tail(levels) for target in targets)) / len(targets)


def linear_bound(n: Array, *, s: str, mean: float, p: float, dense_only: bool = False, known: bool = False) -> Array:
    """Return the Jensen bound of all linear estimators on the spiky target, which shrinkage a level attains.

    Averaged over the phases of the target, which the estimator may know. `dense_only` leaves the spikes out. `known`
    tells the rule where they are: it then shrinks them one by one.
    """
    return np.array([_linear_bound(float(v), smoothness(s, mean, p), dense_only, known) for v in n])


def _linear_bound(n: float, given: Smoothness, dense_only: bool, known: bool) -> float:
    from dltheory.besov.targets import SpikyTarget
    from dltheory.sequence import jensen_bound

    # beyond these levels all energy is bias: a share of 2^−60 of the risk is then missing
    levels = math.ceil(max(math.log2(n), 30) / min(2 * (given.mean - given.excess), 1)) + 60

    def bound(target: SpikyTarget) -> float:
        if dense_only:
            return jensen_bound(target.dense**2, target.size, 1 / n)
        if known:
            return jensen_bound(target.groups[0] ** 2, target.groups[1], 1 / n)
        return jensen_bound(target.energies, target.size, 1 / n)

    targets = SpikyTarget.phases(given, levels)
    return math.fsum(bound(target) for target in targets) / len(targets)


def both_risks(
    n: Array, *, s: str, mean: float, p: float, rule: Rule = "threshold", known: bool = False, dense_only: bool = False
) -> Array:
    """Return (K, 2): the risk of thresholding, and the bound of all linear estimators, on one target."""
    deep = threshold_risk(n, s=s, mean=mean, p=p, rule=rule)
    return np.stack([deep, linear_bound(n, s=s, mean=mean, p=p, known=known, dense_only=dense_only)], axis=-1)


def smooth_linear_bound(n: Array, *, s: str, mean: float, decay: float = 0.0) -> Array:
    """Return the Jensen bound for the rank law, Σ_j λv/(λ + v), λ = j^{−(2s̃ + 1 + decay)}: p = 2, no spikes.

    Ten thousand terms, and the integral from there on by the midpoint rule.
    """
    power = 2 * smoothness(s, mean).mean + 1 + decay
    return np.array([_power_sum(power, 1 / float(v)) for v in n])


def _power_sum(power: float, variance: float, listed: int = 10_000) -> float:
    from scipy.integrate import quad

    def terms(log_j: float) -> float:
        return math.exp(log_j) / (1 / variance + math.exp(power * log_j))

    j = np.arange(1.0, listed + 1)
    first = math.log(listed + 0.5)
    knee = max(-math.log(variance) / power, first)
    pieces = [(first, knee), (knee, knee + 40 / (power - 1))]
    return math.fsum(1 / (1 / variance + j**power)) + sum(
        float(quad(terms, *piece, epsabs=0, epsrel=1e-10)[0]) for piece in pieces if piece[1] > piece[0]
    )


def spline_risk(
    n: Array, *, s: str, mean: float, degree: int, basis: Basis = "ordered", kappa: float | None = None,
    noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return bias² + variance of the projection of the rank law on mirrored tensor splines, cells N_i = N^{s̃/s_i}."""
    from dltheory.besov.projection import spline_share

    given = smoothness(s, mean)
    powers = {
        "ordered": [mean / value for value in given.s],
        "reversed": [mean / value for value in given.s[::-1]],
        "isotropic": [1 / given.dimension] * given.dimension,
    }[basis]
    indices, energy = _listed(given), np.arange(1.0, LISTED + 1) ** -(2 * mean + 1)

    def risk(count: float) -> float:
        size = float(count ** (1 / (2 * mean + 1) if kappa is None else kappa))
        cells = [max(round(size**power), 1) for power in powers]
        share = np.ones(LISTED)
        for column, number in zip(indices.T, cells, strict=True):
            share *= spline_share(np.arange(column.max() + 1), number, degree)[column]
        return math.fsum(energy * (1 - share)) + _beyond(given) + float(math.prod(cells)) * noise**2 / count

    return _each(risk, n)


def _beyond(given: Smoothness) -> float:
    from dltheory.besov.cosine import tail_energy

    return float(tail_energy(given, LISTED))


def _each(function: Callable[[float], float], n: Array) -> Array:
    return np.array([function(float(value)) for value in n])
