"""What the claims on jumps measure: regression of step functions, with every estimator on the same draws.

Design uniform on [0, 1], noise of variance σ² = 1; errors are exact integrals. Data are nested in n.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.change_points import StepFunction

Array = npt.NDArray[np.float64]
KEPT = {2: (0.2, 0.8), 3: (0.1, 0.9)}  # where jumps lie: away from the ends, with room for three
APART = 0.15


def jump_errors(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, jumps: int = 1, method: str = "erm", missing: int = 0,
    delta: float = 1.0, steepness: float = 1.0, ridge: float = 1.0, bins: float = 0.5,
) -> Array:  # fmt: skip
    """Return ∫(f̂ − f)² of a method for random jumps of height ±a, one replicate a stream, (R,).

    For controls: `missing` jumps are not fitted; ramps of the network are `delta` n^-`steepness` wide; the ridge of
    the kernel is scaled; a regressogram has n^`bins` bins up to its constant.
    """
    estimator = estimators(n, a, jumps - missing, delta=delta, steepness=steepness, ridge=ridge, bins=bins)[method]
    found = []
    for stream in streams:
        truth, x, y = sample(n, stream, a, jumps)
        found.append(_distance(estimator(x, y), truth))
    return np.array(found)


def paired_errors(n: int, streams: Sequence[Stream], *, a: float = 1.0, method: str = "erm", **knobs: Any) -> Array:
    """Return the errors of a method and of the best linear estimator on the same samples, (R, 2)."""
    first = jump_errors(n, streams, a=a, method=method, **knobs)
    return np.stack([first, jump_errors(n, streams, a=a, method="kernel")], axis=1)


def separated_errors(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, method: str = "erm", missing: int = 0,
    steepness: float = 1.0, delta: float = 1.0,
) -> Array:  # fmt: skip
    """Return `paired_errors`, with the knobs that controls turn."""
    return paired_errors(n, streams, a=a, method=method, missing=missing, steepness=steepness, delta=delta)


def sample(n: int, stream: Stream, a: float, jumps: int) -> tuple[StepFunction, Array, Array]:
    """Return a step function and n sorted samples of it; the first n of a stream are the same for every n."""
    from dltheory.besov import change_points

    within = KEPT[2] if jumps < 3 else KEPT[3]
    truth = change_points.draw(stream.numpy("target"), jumps, a, within=within, apart=APART)
    x, noise = stream.numpy("inputs").random(n), stream.numpy("noise").standard_normal(n)
    order = np.argsort(x, kind="stable")
    return truth, x[order], truth(x[order]) + noise[order]


def estimators(
    n: int, a: float, jumps: int, *, delta: float, steepness: float, ridge: float, bins: float
) -> Mapping[str, Callable[[Array, Array], Any]]:
    """Return every method as a function of a sorted sample."""
    from dltheory.besov import brownian, change_points, change_points_smoothers, change_points_variation
    from dltheory.besov.step_network import StepNetwork

    exact = partial(change_points.fit_sorted, jumps=jumps)
    width = min(1.0, delta * n**-steepness)
    count = max(1, round(change_points_smoothers.best_bins(n, a, 1.0) * n ** (bins - 0.5)))
    half = change_points_smoothers.best_half_width(n, a, 1.0)
    return {
        "erm": exact,
        "network": lambda x, y: StepNetwork.of(exact(x, y), width),
        "kernel": lambda x, y: brownian.fit(x, y, a, ridge**0.5),
        "regressogram": lambda x, y: change_points_smoothers.regressogram(x, y, count),
        "box": lambda x, y: change_points_smoothers.box_kernel(x, y, half),
        "variation": lambda x, y: change_points_variation.fit(x, y, 1.0, 0.5),
    }


def _distance(found: Any, truth: StepFunction) -> float:
    return float(found.squared_distance(truth))


def limit_over_n(n: Array, *, a: float = 1.0, jumps: int = 1) -> Array:
    """Return the limit of n·risk of the exact fit, over n."""
    from dltheory.besov.change_points_risk import limit

    return np.asarray(limit(jumps, a, 1.0) / n)


def least_risks(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, noise: float = 1.0, quieter: float = 0.0,
    closer: float = 0.0, method: str = "bayes",
) -> Array:  # fmt: skip
    """Return the Bayes risk given a sample of a 1_{[t,1]}, t uniform on [0, 1] and a known, (R,).

    For controls: another noise, noise that falls like n^-`quieter`, or samples within n^-`closer` of the jump only;
    "kernel" is the best linear estimator for the same prior with a random sign.
    """
    from dltheory.besov import brownian, change_points_risk

    sd, found = noise * float(n) ** -quieter, []
    for stream in streams:
        t, x = stream.numpy("target").random(), stream.numpy("inputs").random(n)
        if closer:
            width = float(n) ** -closer
            x = np.clip(t + width * (x - 0.5), 0.0, 1.0)
        x = np.sort(x)
        if method == "kernel":
            found.append(brownian.average_risk(x, a, sd))
            continue
        y = a * (x >= t) + sd * stream.numpy("noise").standard_normal(n)
        found.append(change_points_risk.bayes_risk(x, y, a, sd))
    return np.array(found)


def two_points(n: Array, *, a: float = 1.0, closer: float = 0.0) -> Array:
    """Return the two-point bound below the risk of every estimator.

    For a control all samples lie within n^-`closer` of the jump: only how dense they are there counts.
    """
    from dltheory.besov.change_points_risk import two_point_bound

    return two_point_bound(n ** (1 + closer), a, 1.0)


def linear_risks(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, method: str = "least", ridge: float = 1.0,
) -> Array:  # fmt: skip
    """Return the least average risk of linear estimators given the design, (R,), or the error of another method."""
    from dltheory.besov import brownian

    if method == "least":
        return np.array([brownian.average_risk(s.numpy("inputs").random(n), a, 1.0) for s in streams])
    return jump_errors(n, streams, a=a, method=method, ridge=ridge)


def jensen(n: Array, *, a: float = 1.0, sigma: float = 1.0, known: bool = False) -> Array:
    """Return the Jensen sum of the prior on one jump.

    For a control its place t is known: one eigenvalue λ = a²(1 − t) is left, with v = σ²/n the mean of λv/(λ + v).
    """
    from dltheory.besov import brownian

    if known:
        ratio = sigma**2 / (a * a * n)
        return np.asarray(sigma**2 / n * (1 - ratio * np.log1p(1 / ratio)))
    return brownian.jensen(n, a, sigma)


def averages(
    n: int, streams: Sequence[Stream], *, method: str = "regressogram", bins: float = 0.5, oracle: bool = False
) -> Array:
    """Return the errors of averages over bins or windows that are best on average, (R,).

    For controls: n^`bins` bins up to a constant, or the bins that are best for each sample, which is not linear.
    """
    if not oracle:
        return jump_errors(n, streams, method=method, bins=bins)
    from dltheory.besov import change_points_smoothers as smoothers

    best, found = smoothers.best_bins(n, 1.0, 1.0), []
    for stream in streams:
        truth, x, y = sample(n, stream, 1.0, 1)
        counts = np.unique(np.linspace(best / 2, 2 * best, 60).round().astype(int))
        found.append(min(smoothers.regressogram(x, y, int(c)).squared_distance(truth) for c in counts))
    return np.array(found)


def average_curve(n: Array, *, method: str = "regressogram") -> dict[str, Array]:
    """Return squared bias and variance of the averages, to leading order and away from the ends."""
    from dltheory.besov import change_points_smoothers as smoothers

    if method == "box":
        half = np.array([smoothers.best_half_width(int(v), 1.0, 1.0) for v in n])
        return {"bias": half / 6, "variance": 1 / (2 * half * n)}
    bins = np.array([smoothers.best_bins(int(v), 1.0, 1.0) for v in n])
    return {"bias": 1 / (6 * bins), "variance": bins / n}


def smoother_risks(
    n: int, streams: Sequence[Stream], *, method: str = "nearest", noise: float = 1.0, known: bool = False
) -> Array:
    """Return the average risk over the prior of a linear smoother whose parameter an oracle tunes, (R,).

    For controls: less noise than the curve is told, or who knows the place of the jump and estimates its height;
    "bayes" is the risk of the Bayes estimate, which is not linear.
    """
    from dltheory.besov import change_points_smoothers as smoothers

    if method == "bayes":
        return least_risks(n, streams)
    at, found = (np.arange(512) + 0.5) / 512, []
    for stream in streams:
        x = stream.numpy("inputs").random(n)
        if known:  # the height is the mean of Y beyond t: risk (1 − t)σ²/N, whatever the height
            t = 0.2 + 0.6 * stream.numpy("target").random()
            found.append((1 - t) * noise**2 / max(int(np.sum(x >= t)), 1))
            continue
        family, grid = _families(n, x, at)[method]
        found.append(smoothers.tuned(family, grid, x, at, 1.0, noise)[1])
    return np.array(found)


def _families(n: int, x: Array, at: Array) -> Mapping[str, tuple[Callable[[float], Array], Array]]:
    """Return the weights of every smoother as a function of its parameter, and the parameters that are tried."""
    from dltheory.besov import change_points_smoothers as smoothers

    width = np.geomspace(0.4, 4, 8) / np.sqrt(n)
    return {
        "nearest": (lambda k: smoothers.nearest_neighbours(x, at, int(k)), np.unique(np.rint(width * n * 2))),
        "gaussian": (partial(smoothers.gaussian_kernel, x, at), width),
        "local linear": (partial(smoothers.local_linear, x, at), 1.5 * width),
        "matern": (partial(smoothers.matern, x, at, 0.3), np.geomspace(0.03, 3, 8)),
    }


def haar_errors(n: int, streams: Sequence[Stream], *, a: float = 1.0, method: str = "hard", log: float = 1.0) -> Array:
    """Return the errors of the thresholded Haar series for a jump at a uniform place, on a grid of n points, (R,).

    For controls: a factor on the threshold's logarithm (0: no logarithm), no threshold, or shrinking by levels.
    """
    from dltheory.besov import sparse_wavelets_haar as haar
    from dltheory.besov.change_points import StepFunction

    found, levels = [], haar.levels_of_grid(n)
    middle, edges = (np.arange(n) + 0.5) / n, np.arange(1, n) / n
    threshold = (2 * log * np.log(n) / n if log else 1 / n) ** 0.5
    for stream in streams:
        truth = StepFunction(np.array([stream.numpy("target").random()]), np.array([0.0, a]))
        coefficients = haar.analyse(truth(middle) + stream.numpy("noise").standard_normal(n))
        if method == "hard":
            coefficients = haar.hard_threshold(coefficients, threshold)
        elif method == "linear":
            kept = coefficients[0]
            coefficients = haar.shrink_levels(coefficients, a * a * 2.0 ** -np.arange(levels) / 12, 1 / n)
            coefficients[0] = kept
        found.append(StepFunction(edges, haar.synthesise(coefficients)).squared_distance(truth))
    return np.array(found)


def haar_risk(n: Array, *, a: float = 1.0, method: str = "hard") -> Array:
    """Return the exact risk of the thresholded Haar series, (K,).

    For controls, up to the rounding of places to the grid: of no threshold ("none"), or of shrinking by levels
    ("linear"). Both see the constant with variance 1/n, and nothing of a²/(4n) of the jump.
    """
    from dltheory.besov.sparse_wavelets_haar import jump_threshold_risk, levels_of_grid
    from dltheory.sequence import jensen_bound

    if method == "hard":
        return np.array([jump_threshold_risk(float(v), a, 1.0) for v in n])
    if method == "none":
        return 1 + a * a / (4 * n)
    levels = [np.arange(float(levels_of_grid(int(v)))) for v in n]
    shrunk = [jensen_bound(a * a * 4.0**-m / 12, 2.0**m, 1 / float(v)) for m, v in zip(levels, n, strict=True)]
    return np.array(shrunk) + (1 + a * a / 4) / n


def atom_errors(
    n: int, streams: Sequence[Stream], *, method: str = "fit", dilation: float = 0.0, starts: int = 4
) -> Array:
    """Return ∫(f̂ − f)² of the least-squares atom ±φ(a(x − s)), a in [5, 8] and s in [0.4, 0.6], noise 0.3, (R,).

    For controls: the dilation held at a value, or a regressogram of best order n^{1/3}.
    """
    from dltheory.besov import change_points_smoothers as smoothers
    from dltheory.besov import sparse_wavelets_atom as atoms

    found = []
    for stream in streams:
        rng = stream.numpy("target")
        truth = atoms.Atom(1.5 * (2.0 * rng.integers(0, 2) - 1), 5 * 1.6 ** rng.random(), 0.4 + 0.2 * rng.random())
        x = stream.numpy("inputs").random(n)
        y = truth(x) + 0.3 * stream.numpy("noise").standard_normal(n)
        if method == "regressogram":
            bins = round(3 * n ** (1 / 3))
            steps = smoothers.regressogram(x, y, bins)
            at = (np.arange(64 * bins) + 0.5) / (64 * bins)
            found.append(float(np.mean((steps(at) - truth(at)) ** 2)))
            continue
        fitted = atoms.fit(x, y, starts=starts, fixed_dilation=dilation or None)
        found.append(fitted.squared_distance(truth))
    return np.array(found)


def parametric(n: Array, *, count: int = 3) -> Array:
    """Return count σ²/n with the atoms' noise 0.3."""
    return np.asarray(count * 0.09 / n)
