"""What the claims on selection share: one or two important coordinates, redrawn, among D = n^c candidates.

Targets follow the rank law j^{−(a + 1/2)} and have mean 0; points are uniform. Linear methods are averaged over targets
and noise exactly where no labels are needed, and over the place of the coordinates with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.gamma_smooth.additive import AdditiveKernel, HiddenTarget

Array = npt.NDArray[np.float64]
_NEEDLES = 32  # coefficients that are looked for on one design


def candidates(n: float, c: float, m: int = 1) -> int:
    """Return D = n^c as a whole number, and at least m."""
    return max(round(math.exp(c * math.log(n))), m)


def features(D: int) -> int:
    """Return how many functions of every coordinate a target of additive ridge regression has.

    About (n/D)^{1/3} of them are learnt, with n/D ≤ 256 but for a coordinate that is known.
    """
    return max(64 // D, 16)


@lru_cache(maxsize=64)
def target(a: float, D: int, m: int, count: int) -> HiddenTarget:
    """Return the rank law on m unknown ones of D coordinates."""
    from dltheory.gamma_smooth.additive import HiddenTarget

    return HiddenTarget(a, D, count, m)


def linear_far(n: Array, *, a: float, c: float = 0.0, m: int = 1, places: str = "sets", steeper: float = 0.0) -> Array:
    """Return the Jensen bound with C(n^c, m) places and noise of variance 1, n^c not rounded.

    `places` counts something else: "one" for coordinates that are known, "single" for single coordinates, "ordered" for
    ordered pairs. `steeper` adds to the smoothness of the prior.
    """
    from dltheory.gamma_smooth.selection_risk import linear_bound

    D = np.asarray(n, float) ** c
    count = {"one": D**0, "single": D, "sets": D if m == 1 else D * (D - 1) / 2, "ordered": D * (D - 1)}[places]
    return np.array([linear_bound(a + steeper, 1 / v, max(k, 1.0)) for v, k in zip(n, count, strict=True)])


def bound_over_candidates(D: Array, *, a: float = 1.0, n: float = 2.0**60, power: float = 1.0) -> Array:
    """Return the Jensen bound for one of D^power coordinates at a fixed n."""
    from dltheory.gamma_smooth.selection_risk import linear_bound

    return np.array([linear_bound(a, 1 / n, float(count)) for count in D**power])


def additive_risk(
    n: int, streams: Sequence[Stream], *, a: float = 1.0, c: float, m: int = 1, noise: float = 1.0, told: bool = False,
    rough: float = 0.0, ridge_power: float = 0.0,
) -> Array:  # fmt: skip
    """Return the risk of additive ridge regression on a random design, averaged over targets and noise, (R,).

    `told` gives it the important coordinates, `rough` adds to the smoothness of the kernel, and the ridge is
    σ² n^−ridge_power.
    """
    D = m if told else candidates(n, c, m)
    return _average_risks(n, streams, D, a, m, noise, rough, ridge_power)


def additive_curve(
    n: Array, *, a: float = 1.0, c: float, m: int = 1, noise: float = 1.0, told: bool = False, rough: float = 0.0,
    ridge_power: float = 0.0,
) -> dict[str, Array]:  # fmt: skip
    """Return bias and variance of the same by the deterministic equivalent."""
    D = [m if told else candidates(v, c, m) for v in n]
    return _average_curve(n, D, a, m, noise, rough, ridge_power)


def additive_over_candidates(
    D: int, streams: Sequence[Stream], *, a: float = 1.0, n: int = 1024, noise: float = 1.0, told: bool = False,
    rough: float = 0.0, more: float = 0.0,
) -> Array:  # fmt: skip
    """Return the risk of additive ridge regression with D candidates at a fixed n, (R,); samples n D^more."""
    return _average_risks(round(n * D**more), streams, 1 if told else D, a, 1, noise, rough, 0.0)


def additive_curve_over_candidates(
    D: Array, *, a: float = 1.0, n: int = 1024, noise: float = 1.0, told: bool = False, rough: float = 0.0,
    more: float = 0.0,
) -> dict[str, Array]:  # fmt: skip
    """Return bias and variance of the same by the deterministic equivalent."""
    return _average_curve(np.rint(n * D**more), [1 if told else int(d) for d in D], a, 1, noise, rough, 0.0)


def both_far(n: Array, *, a: float, c: float, m: int = 1, kappa: float | None = None, places: str = "sets",
             by: str = "selection") -> Array:  # fmt: skip
    """Return tail + (N + 2 log C(D, m))/n, N = n^{1/(2a + 1)} or n^κ, and the Jensen bound of linear ones, (K, 2).

    2 log M/n is more than the worst that selection costs, up to lower order.
    """
    from scipy.special import zeta

    terms = n ** (1 / (2 * a + 1) if kappa is None else kappa)
    selection = zeta(2 * a + 1, terms + 1) + (terms + 2 * m * c * np.log(n)) / n
    second = linear_far(n, a=a, c=c, m=m, places=places)
    return np.stack([second if by == "linear" else selection, second], axis=1)


def needle_curve(L: Array, *, height: float | None = None, factor: float = 1.0) -> Array:
    """Return n times the Bayes risk of one coefficient at one of e^L places, of the worst height, σ = 1.

    `height` fixes it, in units of 1/√n, and `factor` multiplies it.
    """
    from dltheory.gamma_smooth.selection_risk import needle_risk

    return np.array([needle_risk(log_places(v), needle_height(v, height, factor)) for v in L])


@lru_cache(maxsize=64)
def needle_height(L: float, height: float | None, factor: float) -> float:
    """Return the height in units of 1/√n, the worst one unless it is fixed."""
    from dltheory.gamma_smooth.selection_risk import hardest_needle

    return factor * (hardest_needle(log_places(L))[0] if height is None else height)


def log_places(L: float) -> float:
    """Return log M of M = e^L places, M a whole number as long as it can be seen."""
    return math.log(max(round(math.exp(L)), 2)) if L < 20 else float(L)


def needle(
    L: float, streams: Sequence[Stream], *, n: int = 1024, height: float | None = None, factor: float = 1.0
) -> Array:
    """Return n times the Bayes risk given data on a random design, f = (u/√n) ψ_1(x_i), i one of e^L coordinates.

    Averaged over some places and noises for every design.
    """
    places, u = round(math.exp(log_places(L))), needle_height(L, height, factor)
    out = []
    for stream in streams:
        x = stream.numpy("inputs").random((n, places), dtype=np.float32)
        waves = np.sqrt(np.float32(2)) * np.sin(np.float32(2 * np.pi) * x)
        right = stream.numpy("target").integers(places, size=_NEEDLES)
        noise = stream.numpy("noise").standard_normal((_NEEDLES, n))
        y = u / math.sqrt(n) * waves[:, right].T + noise
        size = np.einsum("ij,ij->j", waves, waves, dtype=float) / n
        score = u / math.sqrt(n) * (y.astype(np.float32) @ waves).astype(float) - u * u * size / 2
        odds = np.exp(score - score.max(axis=1, keepdims=True))
        found = odds[np.arange(_NEEDLES), right] / odds.sum(axis=1)
        out.append(u * u * float(np.mean(1 - found)))
    return np.array(out)


def threshold_curve(L: Array, *, cut: float = 1.0, height: float | None = None) -> Array:
    """Return n times the worst risk of thresholding at cut √(2L) with one coefficient at one of e^L places, σ = 1.

    `height` fixes the coefficient, in units of 1/√n.
    """
    from dltheory.gamma_smooth.selection_risk import threshold_cost

    return np.array([threshold_cost(float(v), cut=cut, height=height) for v in L])


def _average_risks(
    n: int, streams: Sequence[Stream], D: int, a: float, m: int, noise: float, rough: float, ridge_power: float
) -> Array:
    count = features(D)
    own, known = kernel(a, D, m, rough, count), target(a, D, m, count)
    ridge = noise**2 * float(n) ** -ridge_power
    inputs = (stream.numpy("inputs").random((n, D)) for stream in streams)
    return np.array([own.average_risk(x, known, noise**2, ridge) for x in inputs])


def _average_curve(
    n: Array, D: Sequence[int], a: float, m: int, noise: float, rough: float, ridge_power: float
) -> dict[str, Array]:
    rows = []
    for v, d in zip(n, D, strict=True):
        own, known = kernel(a, d, m, rough, features(d)), target(a, d, m, features(d))
        rows.append(own.expected_risk(known, v, noise**2, noise**2 * v**-ridge_power))
    return {part: np.array([row[part] for row in rows]) for part in ("bias", "variance")}


@lru_cache(maxsize=64)
def kernel(a: float, D: int, m: int, rough: float, count: int) -> AdditiveKernel:
    """Return the kernel with eigenvalues j^{−2a − 1 − rough}/C(D, m)."""
    from dltheory.gamma_smooth.additive import AdditiveKernel

    known = target(a, D, m, count)
    return AdditiveKernel(known.indices, known.sizes ** (2 + rough / (a + 0.5)) / known.places, D)
