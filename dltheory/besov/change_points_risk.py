"""What is known in closed form about locating a jump: the limit of n·risk, the Bayes risk, a bound below all risks.

Near a jump of height a the criterion of least squares is a random walk with steps a²/2 ± aξ in both directions from
the true split; the fit takes its minimum. With x uniform the samples are 1/n apart on average.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import binom

from dltheory.besov.change_points import require_line_sample, require_scales
from dltheory.sequence import coin_risk

Array = npt.NDArray[np.float64]


@lru_cache(maxsize=64)
def misplaced(ratio: float) -> float:
    """Return E|M|: how many samples the exact fit puts on the wrong side of a jump of `ratio` = |a|/σ, as n → ∞.

    M is where a two-sided Gaussian walk with steps N(ratio²/2, ratio²) has its minimum. With T the walk away from
    the minimum, killed below it, and h the probability that it never returns,
    P(|M| = k) = 2 P(M = 0)^{1/2} ⟨h, T^{k−1} f_1⟩, and Σ k T^{k−1} = (1 − T)^{−2}. Solved by quadrature.
    """
    _require_ratio(ratio)
    stays, leaving, survival = _walk(ratio)
    return float(2 * stays * survival @ np.linalg.solve(leaving, np.linalg.solve(leaving, _first(ratio))))


def split_probabilities(ratio: float, count: int) -> Array:
    """Return P(|M| = k) for k < count, by the same quadrature."""
    _require_ratio(ratio)
    stays, leaving, survival = _walk(ratio)
    step, density = np.eye(len(survival)) - leaving, _first(ratio)
    found = [stays**2]
    for _ in range(1, count):
        found.append(2 * stays * float(survival @ density))
        density = step @ density
    return np.array(found)


def limit(jumps: int, amplitude: float, noise: float) -> float:
    """Return lim n·risk of exact least squares over J_K with jumps of height ±amplitude and x uniform.

    (K + 1)σ² for the levels, and a²(E|M| + 1/2) for every position, which is put in the middle of a gap.
    """
    require_scales(amplitude, noise)
    if not jumps >= 0:
        raise ValueError(f"the number of jumps must be a whole number from 0 on, got {jumps!r}")
    return (jumps + 1) * noise**2 + jumps * amplitude**2 * (misplaced(amplitude / noise) + 0.5)


def bayes_risk(x: Array, y: Array, amplitude: float, noise: float) -> float:
    """Return E[‖f − E(f | data)‖² | data] for f = a 1_{[t,1]} with t uniform on [0, 1] and a known.

    Averaged over data this is the least risk of all estimators under that prior, hence at most the minimax risk of
    any class with these functions in it. x (n,) is sorted; a linear pass.
    """
    require_scales(amplitude, noise)
    x, y = require_line_sample(x, y, ascending=True)
    edges = np.concatenate([[0.0], x, [1.0]])
    gaps = np.diff(edges)
    # log-likelihood of t in gap i, up to a constant: sample i moves from the level a to the level 0
    log = np.concatenate([[0.0], np.cumsum((amplitude**2 - 2 * amplitude * y) / (2 * noise**2))])
    mass = gaps * np.exp(log - log.max())
    cdf = np.concatenate([[0.0], np.cumsum(mass / mass.sum())])
    low, high = cdf[:-1], cdf[1:]
    variance = (low + high) / 2 - (low * low + low * high + high * high) / 3
    return float(amplitude**2 * gaps @ variance)


def two_point_bound(samples: npt.ArrayLike, amplitude: float, noise: float) -> Array:
    """Return a bound below the risk, averaged over t uniform on [0, 1], of every estimator of a 1_{[t,1]}; (K,).

    Between t and t + h only the samples in that interval tell: (1 − h) a² h E v(a√m/σ), m ~ Bin(n, h), with the
    posterior variance v of a fair coin; the largest over h = c/n.
    """
    require_scales(amplitude, noise)
    n = np.atleast_1d(np.asarray(samples, dtype=np.float64))
    if not np.all(n >= 1):
        raise ValueError(f"the number of samples is at least 1, got {n.min():g}")
    scale = (noise / amplitude) ** 2
    best = np.zeros_like(n)
    for c in scale * np.geomspace(0.5, 16, 41):
        m = np.arange(int(8 * c + 60))
        h = np.minimum(c / n, 0.5)
        weight = binom.pmf(m, n[:, None], h[:, None])
        value = (1 - h) * amplitude**2 * h * (weight @ coin_risk(m / scale))
        best = np.maximum(best, value)
    return best


def _require_ratio(ratio: float) -> None:
    if not ratio > 0:
        raise ValueError(f"the ratio of height to noise must be positive, got {ratio}")


def _walk(ratio: float) -> tuple[float, Array, Array]:
    """Return P(the walk from 0 stays above 0), the matrix 1 − T on the nodes, and h times the weights."""
    node, weight, drift = *_nodes(ratio), ratio**2 / 2
    up = _density(node[None, :] - node[:, None] - drift, ratio) * weight  # away with the drift, from row to column
    beyond = ndtr((node + drift - _reach(ratio)) / ratio)
    survival = np.linalg.solve(np.eye(node.size) - up, beyond)
    stays = float(_density(node - drift, ratio) @ (weight * survival)) + float(ndtr((drift - _reach(ratio)) / ratio))
    down = _density(node[:, None] - node[None, :] + drift, ratio) * weight  # against the drift, from column to row
    return stays, np.eye(node.size) - down, survival * weight


def _first(ratio: float) -> Array:
    return _density(_nodes(ratio)[0] + ratio**2 / 2, ratio)


def _reach(ratio: float) -> float:
    return 36.0 + 10 * ratio  # the walk comes back from x with probability of order e^(−x)


def _nodes(ratio: float) -> tuple[Array, Array]:
    """Return Gauss–Legendre nodes and weights on panels of two standard deviations."""
    panels = int(np.ceil(_reach(ratio) / (2 * ratio)))
    node, weight = np.polynomial.legendre.leggauss(10)
    edge = np.linspace(0, _reach(ratio), panels + 1)
    half = np.diff(edge)[:, None] / 2
    return (edge[:-1, None] + half * (node + 1)).ravel(), (half * weight).ravel()


def _density(u: Array, sd: float) -> Array:
    return np.asarray(np.exp(-u * u / (2 * sd * sd)) / (sd * np.sqrt(2 * np.pi)))
