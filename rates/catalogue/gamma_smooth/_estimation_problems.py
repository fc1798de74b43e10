"""Exact risks that the claims on estimation follow: projections in the worst case, bounds, ridge regression.

Cases write the weights as text, `i^2`, `2^(i-1)` or `(1, 2)`, and beside it the numbers that formulas need: a for a†
(a_1 of a mixed γ, 1/ã of an anisotropic one) and v = (1/p − 1/2)_+. They must agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.gamma_smooth.kernels import EqualWeights, ProductKernel
    from dltheory.gamma_smooth.risk import Staircase
    from dltheory.gamma_smooth.space import GammaSpace, Kind
    from dltheory.gamma_smooth.targets import BlockTarget, RankTarget
    from dltheory.gamma_smooth.weights import Weights

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
LawOfTarget = Literal["block", "rank"]
Order = Literal["own", "reversed", "mixed", "anisotropic"]
_REACH, _TERMS = 8.0, 400  # of targets
_ROWS = 1024  # of a table of the basis that is in memory at a time
_POWER = re.compile(r"(?:(\S+)\*)?i\^(\S+)")
_GEOMETRIC = re.compile(r"(\S+)\^\(i-1\)")


@lru_cache(maxsize=64)
def parsed(text: str) -> Weights:
    """Return weights written as `i^2`, `1/2*i^2`, `2^(i-1)` or `(1, 2)`; ValueError for anything else."""
    from fractions import Fraction

    from dltheory.gamma_smooth.weights import FiniteWeights, GeometricWeights, PowerWeights

    if found := _POWER.fullmatch(text):
        return PowerWeights(float(Fraction(found[2])), float(Fraction(found[1] or 1)))
    if found := _GEOMETRIC.fullmatch(text):
        return GeometricWeights(float(Fraction(found[1])))
    if text.startswith("(") and text.endswith(")"):
        return FiniteWeights(tuple(float(Fraction(part.strip())) for part in text.strip("()").split(",")))
    raise ValueError(f"weights are written as i^2, 1/2*i^2, 2^(i-1) or (1, 2), got {text!r}")


@lru_cache(maxsize=64)
def space(weights: str, kind: Kind, a: float | None = None, p: float = 2.0, v: float | None = None) -> GammaSpace:
    """Return the space; ValueError where a† or v are not the given ones."""
    from dltheory.gamma_smooth.space import GammaSpace

    found = GammaSpace(parsed(weights), kind, p)
    for name, given, own in (("a†", a, found.smoothness), ("v", v, found.excess)):
        if given is not None and abs(given - own) > 1e-9:
            raise ValueError(f"{name} is {own:g} for {kind} weights {weights} and p = {p:g}, the case says {given:g}")
    return found


def worst_risk(
    n: Array, *, weights: str, kind: Kind, a: float, p: float = 2.0, v: float = 0.0, kappa: float | None = None,
    order: Order = "own", tied: str = "", noise: float = 1.0,
) -> dict[str, Array]:  # fmt: skip
    """Return squared bias, the largest over the unit ball, and variance of the projection on {γ(s) < T}.

    T is that of theorem 10, or κ log₂ n. `order` takes another γ for the sets: that of the other kind, or weights read
    backwards, those of the coordinates with a_i ≤ T at the largest n and one more. `tied` are other weights.
    """
    given = space(weights, kind, a, p, v)
    level = np.array([given.level(float(size)) for size in n]) if kappa is None else kappa * np.log2(n)
    bias, kept = _staircase(space(tied, kind) if tied else given, order, float(level.max()) + 2).at(level)
    return {"bias": bias, "variance": noise**2 * kept / n}


def worst_total(
    n: Array, *, weights: str, kind: Kind, a: float, p: float = 2.0, v: float = 0.0, kappa: float | None = None,
    order: Order = "own", tied: str = "",
) -> Array:  # fmt: skip
    """Return the sum of both."""
    parts = worst_risk(n, weights=weights, kind=kind, a=a, p=p, v=v, kappa=kappa, order=order, tied=tied)
    return parts["bias"] + parts["variance"]


@lru_cache(maxsize=32)
def _staircase(given: GammaSpace, order: Order, limit: float) -> Staircase:
    from dltheory.gamma_smooth.risk import mismatched, worst_case

    if order == "own":
        return worst_case(given, limit if given.p >= 2 else 2 * limit)
    if order == "reversed":
        held = int(min(given.coordinates(limit) + 1, given.weights.length))
        return mismatched(given, given.weights.first(held)[::-1], given.kind, limit)
    return mismatched(given, given.weights.below(limit), order, limit)


def block_law_risk(n: Array, *, weights: str, kind: Kind, a: float, kappa: float | None = None) -> Array:
    """Return R_th(n) = min_T {tail(T) + G(T)/n} of the block law, or its risk at T = κ log₂ n."""
    from dltheory.gamma_smooth.risk import block_law

    given = space(weights, kind, a)
    top = float(np.log2(n.max()))
    stairs = block_law(given, max(given.level(float(n.max())), (kappa or 0) * top) + 20)
    if kappa is None:
        return stairs.least(1 / n)
    bias, kept = stairs.at(kappa * np.log2(n))
    return np.asarray(bias + kept / n)


def rank_risk(
    n: Array, *, weights: str, kind: Kind, a: float, kappa: float | None = None, noise: float = 1.0
) -> dict[str, Array]:
    """Return squared bias and variance of the projection on the first N = n^κ functions, κ = 1/(2a† + 1), rank law."""
    from scipy.special import zeta

    smoothness = space(weights, kind, a).smoothness
    kept = np.maximum(np.round(n ** (1 / (2 * smoothness + 1) if kappa is None else kappa)), 1.0)
    return {"bias": np.asarray(zeta(2 * smoothness + 1, kept + 1)), "variance": kept * noise**2 / n}


def hypercube(n: Array, *, weights: str, kind: Kind, a: float, steeper: float = 0.0, share: float = 1.0) -> Array:
    """Return the Bayes risk of the hardest block with random signs, noise variance 1."""
    from dltheory.gamma_smooth.risk import hypercube_bound

    given = space(weights, kind, a)
    return np.array([hypercube_bound(given, 1 / float(size), steeper=steeper, share=share) for size in n])


def linear_lower(
    n: Array, *, weights: str, kind: Kind, a: float, p: float, v: float, known: bool = False, smooth: bool = False
) -> Array:
    """Return the Jensen bound of all linear estimators on spikes at random places; `smooth` sets p = 2."""
    from dltheory.gamma_smooth.risk import linear_bound

    given = space(weights, kind, a, 2.0 if smooth else p, None if smooth else v)
    return np.array([linear_bound(given, 1 / float(size), known=known) for size in n])


@lru_cache(maxsize=16)
def target(weights: str, kind: Kind, a: float, law: LawOfTarget) -> BlockTarget | RankTarget:
    """Return the target, 400 functions of the rank law or the blocks below level 8; it has no others."""
    from dltheory.gamma_smooth.targets import BlockTarget, RankTarget

    given = space(weights, kind, a)
    return BlockTarget(given, _REACH) if law == "block" else RankTarget(given, _TERMS)


@lru_cache(maxsize=256)
def kept(
    n: int, weights: str, kind: Kind, a: float, law: LawOfTarget, kappa: float | None = None, order: Order = "own"
) -> Indices:
    """Return the functions that are fitted to n samples.

    Block law: those below the best level R_th has, or below κ log₂ n; rank law: the first n^κ, κ = 1/(2a† + 1).
    `order` takes another γ, with the level or number of the right one.
    """
    from dltheory.gamma_smooth.blocks import ranked
    from dltheory.gamma_smooth.risk import block_law
    from dltheory.gamma_smooth.trigonometric import TrigonometricLeastSquares

    own = space(weights, kind, a)
    used = target(weights, kind, a, law).indices.shape[1]
    estimator = _other(own, order, used)
    if law == "rank":
        found = ranked(estimator, max(round(n ** (1 / (2 * own.smoothness + 1) if kappa is None else kappa)), 1))
    else:
        level = float(block_law(own, _REACH).best(1 / n)) if kappa is None else kappa * float(np.log2(n))
        found = TrigonometricLeastSquares(estimator, level).indices
    if order == "reversed":
        found = np.ascontiguousarray(np.pad(found, ((0, 0), (0, used - found.shape[1])))[:, ::-1])
    return found


def _other(own: GammaSpace, order: Order, used: int) -> GammaSpace:
    """Return the space whose γ orders the functions; for weights read backwards its coordinates are those from last."""
    from dltheory.gamma_smooth.space import GammaSpace
    from dltheory.gamma_smooth.weights import FiniteWeights

    if order == "own":
        return own
    if order == "reversed":
        return GammaSpace(FiniteWeights(tuple(own.weights.first(used))), own.kind)
    return GammaSpace(own.weights, order)


def fitted(
    n: Array, streams: Sequence[Stream], *, weights: str, kind: Kind, a: float, law: LawOfTarget,
    kappa: float | None = None, order: Order = "own", noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return (R, K, 2): ‖f̂ − f‖² of least squares for all n, samples nested, and its scores as a control variate.

    The scores are Σ_l (ψ_l·(y − f_N)/n)², f_N the part of f that is fitted: what ‖f̂ − f_N‖² would be if the empirical
    Gram matrix were the identity. One table of the basis serves all n.
    """
    from dltheory.gamma_smooth.trigonometric import places
    from dltheory.least_squares import solve

    given = target(weights, kind, a, law)
    sets = [kept(int(size), weights, kind, a, law, kappa, order) for size in n]
    listed, used = _listed(given.indices, sets)
    columns = [places(one, listed[used]) for one in sets]
    found = np.empty((len(streams), len(n), 2))
    for row, stream in zip(found, streams, strict=True):
        truth = np.zeros(len(listed))
        truth[: len(given.sizes)] = given.draw(stream.numpy("signs")).coefficients
        x = stream.numpy("points").random((int(n.max()), listed.shape[1]))
        basis, y = _sample(listed, used, truth, x)
        y += noise * stream.numpy("noise").standard_normal(len(y))
        for k, (size, at) in enumerate(zip(n.astype(int), columns, strict=True)):
            design, labels = basis[:size, at], y[:size]
            right = truth[used][at]
            scores = design.T @ (labels - design @ right) / size
            error = solve(design, labels) - right
            row[k] = error @ error + truth @ truth - right @ right, scores @ scores
    return found


def _listed(indices: Indices, sets: Sequence[Indices]) -> tuple[Indices, Indices]:
    """Return the indices of a target and after them those of the sets that it does not have; the places of all sets."""
    from dltheory.gamma_smooth.trigonometric import places, widened

    width = max(indices.shape[1], *(one.shape[1] for one in sets))
    listed = widened(indices, width)
    for one in sets:
        listed = np.concatenate([listed, widened(one, width)[places(one, listed) < 0]])
    return listed, np.unique(np.concatenate([places(one, listed) for one in sets]))


def _sample(listed: Indices, used: Indices, truth: Array, x: Array) -> tuple[Array, Array]:
    """Return the used functions at points x, (n, used), and the target there, (n,), some rows at a time."""
    from dltheory.gamma_smooth.fourier import evaluate

    basis, y = np.empty((len(x), len(used))), np.empty(len(x))
    for first in range(0, len(x), _ROWS):
        rows = slice(first, first + _ROWS)
        table = evaluate(listed, x[rows])
        basis[rows], y[rows] = table[:, used], table @ truth
    return basis, y


def mean_of_scores(
    n: Array, *, weights: str, kind: Kind, a: float, law: LawOfTarget, kappa: float | None = None,
    order: Order = "own", noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return the mean of the scores, exactly."""
    from dltheory.gamma_smooth.trigonometric import scores_mean

    given = target(weights, kind, a, law)
    sets = (kept(int(size), weights, kind, a, law, kappa, order) for size in n)
    return np.array([scores_mean(one, given.indices, given.sizes**2, noise) for one in sets]) / n


def expected(
    n: Array, *, weights: str, kind: Kind, a: float, law: LawOfTarget, kappa: float | None = None,
    order: Order = "own", noise: float = 1.0,
) -> dict[str, Array]:  # fmt: skip
    """Return squared bias and variance of least squares, to first order in the number of functions over n."""
    from dltheory.gamma_smooth.trigonometric import places
    from dltheory.least_squares import expected_parts

    given = target(weights, kind, a, law)
    sets = [kept(int(size), weights, kind, a, law, kappa, order) for size in n]
    tail = np.array([np.sum(given.sizes[places(given.indices, one) < 0] ** 2) for one in sets])
    return expected_parts(tail, np.array([len(s) for s in sets]), n, noise)


@lru_cache(maxsize=8)
def kernel(weights: str, a: float, smoother: float = 1.0) -> ProductKernel:
    """Return the covariance of the mixed block law, or that of a target whose weights are `smoother` times as large."""
    from dltheory.gamma_smooth.kernels import ProductKernel

    right = ProductKernel.of_block_law(space(weights, "mixed", a))
    return ProductKernel(tuple(1 + smoother * (b - 1) for b in right.exponents))


def ridge_regression(
    n: int, streams: Sequence[Stream], *, weights: str, a: float, smoother: float = 1.0, power: float = 0.0,
    noise: float = 1.0,
) -> list[float]:  # fmt: skip
    """Return the risk given the design of ridge regression with the kernel that knows the weights, ridge σ² n^power.

    Averaged over targets of the block law, noise and new points. `smoother` multiplies the weights that it is told.
    """
    from dltheory.gamma_smooth.kernels import conditional_risk

    told, law = kernel(weights, a, smoother), kernel(weights, a)
    points = (stream.numpy("points").random((n, len(law.exponents))) for stream in streams)
    return [conditional_risk(told, x, noise, noise**2 * n**power, None if told == law else law) for x in points]


def expected_ridge(n: Array, *, weights: str, a: float, power: float = 0.0, noise: float = 1.0) -> dict[str, Array]:
    """Return its bias and variance by the deterministic equivalent."""
    from dltheory.gamma_smooth.kernels import expected_risk

    law = kernel(weights, a)
    return _stacked([expected_risk(law, float(v), noise, noise**2 * float(v) ** power) for v in n])


@lru_cache(maxsize=256)
def _opponent(n: float, a: float, c: float, noise: float) -> tuple[EqualWeights, float]:
    """Return the kernel with equal weights on D = n^c coordinates, and its best ridge."""
    from dltheory.gamma_smooth.kernels import EqualWeights

    given = EqualWeights(a, max(round(n**c), 1))
    return given, given.best_ridge(n, noise)


def equal_weights(
    n: int, streams: Sequence[Stream], *, a: float, c: float, power: float | None = None, ridge: float = 1.0,
    noise: float = 1.0,
) -> list[float]:  # fmt: skip
    """Return the risk given the design of the kernel that weighs all n^c coordinates alike, with the oracle's ridge.

    The target depends on one of them. The kernel is that for n^power coordinates where told, its ridge times `ridge`.
    """
    from dltheory.gamma_smooth.kernels import conditional_risk

    given, best = _opponent(float(n), a, c if power is None else power, noise)
    points = (stream.numpy("points").random((n, given.coordinates)) for stream in streams)
    return [conditional_risk(given.kernel, x, noise, ridge * best, given.target) for x in points]


def expected_equal_weights(
    n: Array, *, a: float, c: float, power: float | None = None, noise: float = 1.0, ridge: float = 1.0
) -> dict[str, Array]:
    """Return its bias and variance by the deterministic equivalent."""
    found = [(float(v), *_opponent(float(v), a, c if power is None else power, noise)) for v in n]
    return _stacked([given.expected_risk(size, noise, ridge * best) for size, given, best in found])


def equal_weights_far(n: Array, *, a: float, c: float, power: float | None = None, ridge: float = 1.0) -> Array:
    """Return the sum of both."""
    parts = expected_equal_weights(n, a=a, c=c, power=power, ridge=ridge)
    return parts["bias"] + parts["variance"]


def _stacked(parts: Sequence[dict[str, float]]) -> dict[str, Array]:
    return {name: np.array([part[name] for part in parts]) for name in parts[0]}
