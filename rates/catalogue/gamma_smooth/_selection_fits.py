"""Estimators that look for the important coordinates, and linear ones that cannot, on labels that are drawn.

Errors are those of coefficients, by Parseval. The variate of a measured error is the squared length of the scores on
the true coordinates: what the error would be if they were known and the design orthogonal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.gamma_smooth._selection_problems import additive_risk, candidates, features, kernel, target
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.gamma_smooth.additive import HiddenTarget
    from dltheory.gamma_smooth.fourier import FourierSeries

Array = npt.NDArray[np.float64]
By = Literal["screening", "erm", "told", "random", "ridge"]
Linear = Literal["additive", "rough", "product", "matern", "neighbours"]
_TERMS = 128  # of a target that is selected
_SHARED = 24  # of one that additive ridge regression sees, too
_DRAWS = 24  # functions on one design
_DICTIONARY = 16  # frequencies of a coordinate that the Lasso is offered
_AT = 300  # test points of an estimator that is no series


def sieve(n: float, a: float, noise: float, kappa: float | None = None) -> int:
    """Return N = (n/σ²)^{1/(2a + 1)} as a whole number, or N = (n/σ²)^κ."""
    return max(round(math.exp(math.log(n / noise**2) * (1 / (2 * a + 1) if kappa is None else kappa))), 1)


def ratio_to_bound(
    n: int, streams: Sequence[Stream], *, by: Linear, c: float, told: bool = False, more: int = 1, quiet: float = 1.0
) -> Array:
    """Return the average risk of a linear estimator over the Jensen bound for n samples of noise variance 1, (R,).

    `told` gives it the important coordinate; `more` multiplies the samples and `quiet` the noise of the estimator, not
    of the bound.
    """
    from dltheory.sequence import jensen_bound

    D, variance = candidates(n, c), quiet**2
    count = features(D)
    known = target(1.0, D, 1, count)
    bound = jensen_bound(known.sizes**2 / D, np.full(count, float(D)), 1 / n)
    seen = target(1.0, 1, 1, count) if told else known
    if by in ("additive", "rough"):
        own = kernel(1.0, seen.candidates, 1, -0.5 if by == "rough" else 0.0, count)
        inputs = [stream.numpy("inputs").random((more * n, seen.candidates)) for stream in streams]
        return np.array([own.average_risk(x, seen, variance, variance) for x in inputs]) / bound
    return np.array([_smoothed(by, more * n, stream, seen, variance) for stream in streams]) / bound


def neighbours_risk(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, c: float, known: bool = False, noise: float = 1.0,
    by: Literal["neighbours", "told"] = "neighbours",
) -> Array:  # fmt: skip
    """Return the average risk of the mean of the k nearest labels in all D coordinates, k by an oracle, (R,).

    `known` drops all coordinates but the important one; by `told` it is a kernel that knows it.
    """
    if by == "told":
        return additive_risk(n, streams, a=a, c=c, noise=noise, told=True)
    D = 1 if known else candidates(n, c)
    seen = target(a, D, 1, features(D))
    return np.array([_smoothed("neighbours", n, stream, seen, noise**2) for stream in streams])


def selected(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, c: float = 0.0, m: int = 1, by: By = "screening",
    D: int | None = None, keep: int = 1, kappa: float | None = None, noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return (R, 2): ‖f̂ − f‖² of an estimator that looks for the coordinates, and a control variate.

    `screening` keeps the sets of coordinates with the most marginal energy and fits N functions on each, `erm` fits
    them on every set and keeps the best, `random` takes any set; `told` and `ridge` are the ridge regressions that know
    the coordinates, and that do not. The variate is the squared length of the scores on the true set.
    """
    number = candidates(n, c, m) if D is None else D
    terms = sieve(n, a, noise, kappa)
    function = target(a, number, m, _TERMS)

    def pair(stream: Stream) -> tuple[float, float]:
        from dltheory.gamma_smooth.fourier import squared_distance

        f, x, y = _sample(n, stream, function, noise)
        found = _estimate(by, f, x, y, function, terms, keep, noise, stream)
        return squared_distance(found, f), _scores(f, x, y, terms)

    return np.array([pair(stream) for stream in streams])


def selected_mean(
    n: Array, *, a: float = 1.0, c: float = 0.0, m: int = 1, kappa: float | None = None, noise: float = 1.0
) -> Array:
    """Return the mean of the control variate, (σ²N + Σ_{l kept, l' not} c_{l'}² E ψ_l² ψ_{l'}²)/n, exactly."""
    return np.array([_mean_of_scores(float(v), a, m, sieve(v, a, noise, kappa), noise) for v in n])


def selected_curve(
    n: Array, *, a: float = 1.0, m: int = 1, kappa: float | None = None, noise: float = 1.0
) -> dict[str, Array]:
    """Return bias and variance of least squares on N functions of the coordinates, as if these were known."""
    from dltheory.least_squares import expected_parts

    kept = np.array([sieve(v, a, noise, kappa) for v in n])
    return expected_parts(target(a, m, m, _TERMS).tail(kept), kept, n, noise)


def selected_over_candidates(
    D: int, streams: Sequence[Stream], *, a: float = 1.0, n: int = 1024, by: By = "screening", more: float = 0.0,
    keep: int = 1,
) -> Array:  # fmt: skip
    """Return the same pairs with D candidates at a fixed n; samples n D^more."""
    return selected(round(n * D**more), streams, a=a, by=by, D=D, keep=keep)


def mean_over_candidates(D: Array, *, a: float = 1.0, n: int = 1024, more: float = 0.0) -> Array:
    """Return the mean of its control variate, at every D."""
    return selected_mean(np.rint(n * D**more), a=a)


def curve_over_candidates(D: Array, *, a: float = 1.0, n: int = 1024, more: float = 0.0) -> Array:
    """Return its risk where the coordinate is known, at every D."""
    return np.asarray(np.sum(list(selected_curve(np.rint(n * D**more), a=a).values()), axis=0))


def lasso_risk(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, c: float, penalty: float = 1.0, fall: float = 0.5,
    shuffled: bool = False,
) -> Array:  # fmt: skip
    """Return the risk of the Lasso on all D coordinates' functions, α = penalty √(2 log(number)) n^−fall, (R,).

    `shuffled` gives it the labels in another order.
    """
    from dltheory.gamma_smooth.fourier import squared_distance
    from dltheory.gamma_smooth.screening import lasso

    function = target(a, candidates(n, c), 1, _TERMS)
    alpha = _penalty(n, function.candidates, penalty, fall)
    out = []
    for stream in streams:
        f, x, y = _sample(n, stream, function, 1.0)
        y = stream.numpy("order").permutation(y) if shuffled else y
        out.append(squared_distance(lasso(x, y, function.indices[:_DICTIONARY], alpha), f))
    return np.array(out)


def lasso_curve(n: Array, *, a: float = 1.0, c: float, penalty: float = 1.0, fall: float = 0.5) -> Array:
    """Return the same by state evolution, on a Gaussian design."""
    from dltheory.gamma_smooth import selection_risk

    found = []
    for v in n:
        function = target(a, candidates(v, c), 1, _TERMS)
        others = float(_DICTIONARY * (function.candidates - 1))
        alpha = _penalty(v, function.candidates, penalty, fall)
        sizes, counts = np.append(function.sizes[:_DICTIONARY], 0.0), np.append(np.ones(_DICTIONARY), others)
        beyond = float(function.tail(_DICTIONARY))
        found.append(selection_risk.lasso_risk(sizes, counts, v, 1.0, alpha, beyond=beyond))
    return np.array(found)


def both(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, c: float, by: By = "screening", told: bool = False
) -> Array:
    """Return the errors of the estimator that selects and of additive ridge regression on the same points, (R, 2).

    The first is the mean over some functions and noises, for `ridge` and the second over all. `told` gives the second
    the important coordinate.
    """
    from dltheory.gamma_smooth.fourier import squared_distance

    function, terms = target(a, candidates(n, c), 1, _SHARED), sieve(n, a, 1.0)
    out = []
    for stream in streams:
        x = stream.numpy("inputs").random((n, function.candidates))
        own = kernel(a, function.candidates, 1, 0.0, _SHARED)
        linear = own.average_risk(x, function, 1.0, 1.0)
        second = kernel(a, 1, 1, 0.0, _SHARED).average_risk(x, target(a, 1, 1, _SHARED), 1.0, 1.0) if told else linear
        errors = [linear]
        if by != "ridge":
            draw, noise = stream.numpy("target"), stream.numpy("noise")
            drawn = [function.draw(draw) for _ in range(_DRAWS)]
            labels = [f(x) + noise.standard_normal(n) for f in drawn]
            errors = [squared_distance(_estimate(by, f, x, y, function, terms, 1, 1.0, stream), f)
                      for f, y in zip(drawn, labels, strict=True)]  # fmt: skip
        out.append((np.mean(errors), second))
    return np.array(out)


def both_curve(n: Array, *, a: float = 1.0, c: float) -> Array:
    """Return the ratio of their expected risks, the coordinate being known to the first."""
    from dltheory.least_squares import expected_error

    kept = np.array([sieve(v, a, 1.0) for v in n])
    first = expected_error(target(a, 1, 1, _SHARED).tail(kept), kept, n, 1.0)
    places = [candidates(v, c) for v in n]
    second = [
        sum(kernel(a, D, 1, 0.0, _SHARED).expected_risk(target(a, D, 1, _SHARED), v, 1.0, 1.0).values())
        for v, D in zip(n, places, strict=True)
    ]
    return np.asarray(first / np.array(second))


def _sample(n: int, stream: Stream, function: HiddenTarget, noise: float) -> tuple[FourierSeries, Array, Array]:
    """Return the function on coordinates drawn anew, points (n, D) and labels (n,)."""
    f = function.draw(stream.numpy("target"))
    x = stream.numpy("inputs").random((n, function.candidates))
    return f, x, f(x) + noise * stream.numpy("noise").standard_normal(n)


def _estimate(
    by: By, f: FourierSeries, x: Array, y: Array, function: HiddenTarget, terms: int, keep: int, noise: float,
    stream: Stream,
) -> FourierSeries:  # fmt: skip
    from dltheory.gamma_smooth import screening

    m = function.interacting
    indices = function.indices[:terms]
    if by == "ridge":
        own = kernel(function.smoothness, function.candidates, m, 0.0, _SHARED)
        return own.fit(x, y, noise**2)
    if by == "told":
        own = kernel(function.smoothness, m, m, 0.0, _SHARED)
        return replace(own.fit(x[:, list(f.coordinates)], y, noise**2), coordinates=f.coordinates)
    if by == "erm":
        return screening.erm(x, y, indices)
    if by == "random":
        chosen = stream.numpy("chosen").choice(function.candidates, m, replace=False)
        return screening.fit_on(x, y, indices, np.sort(chosen)[np.newaxis])
    return screening.fit_on(x, y, indices, screening.screen(x, y, keep=keep, interacting=m))


def _scores(f: FourierSeries, x: Array, y: Array, terms: int) -> float:
    from dltheory.gamma_smooth.fourier import evaluate

    design = evaluate(f.indices[:terms], x[:, list(f.coordinates)])
    found = design.T @ (y - design @ f.coefficients[:terms]) / len(y)
    return float(found @ found)


def _mean_of_scores(n: float, a: float, m: int, terms: int, noise: float) -> float:
    from dltheory.gamma_smooth.trigonometric import scores_mean

    function = target(a, m, m, _TERMS)
    return scores_mean(function.indices[:terms], function.indices, function.sizes**2, noise) / n


def _smoothed(by: Linear, n: int, stream: Stream, function: HiddenTarget, variance: float) -> float:
    """Return the average risk of a linear smoother in all coordinates, its scalar tuning by an oracle."""
    from scipy.linalg import solve
    from sklearn.neighbors import NearestNeighbors

    from dltheory import opponents
    from dltheory.gamma_smooth.additive import smoother_risks

    D = function.candidates
    x, at = stream.numpy("inputs").random((n, D)), stream.numpy("at").random((_AT, D))
    if by == "neighbours":
        found = NearestNeighbors(n_neighbors=n // 2).fit(x).kneighbors(at, return_distance=False)
        counts = np.unique(np.geomspace(1, n // 2, 12).astype(int))
        weights = np.zeros((len(counts), _AT, n))
        for weight, k in zip(weights, counts, strict=True):
            np.put_along_axis(weight, found[:, :k], 1 / k, axis=1)
    else:
        tried = [opponents.Kernel("product", (0.5,) * D, (D**0.5,) * D)]
        if by == "matern":
            tried = [opponents.Kernel("matern", 0.5, length) for length in (1.0, D**0.5)]
        grams = [(one(x, x), one(x, at)) for one in tried]
        weights = np.stack([
            solve(gram + penalty * np.eye(n), cross, assume_a="pos").T
            for gram, cross in grams for penalty in (0.1, 1.0, 10.0)
        ])  # fmt: skip
    return float(np.min(smoother_risks(weights, x, at, function, variance)))


def _penalty(n: float, D: int, penalty: float, fall: float) -> float:
    return penalty * math.sqrt(2 * math.log(D * _DICTIONARY)) * math.exp(-fall * math.log(n))
