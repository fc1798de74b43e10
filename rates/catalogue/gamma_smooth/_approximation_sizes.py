"""What the claims on sizes count: basis functions, and layers, widths and parameters of the constructive network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.gamma_smooth._spaces import power_space

if TYPE_CHECKING:
    from dltheory.gamma_smooth.network_sizes import Plan
    from dltheory.gamma_smooth.weights import Weights

Array = npt.NDArray[np.float64]
Kind = Literal["mixed", "anisotropic"]
Size = Literal["depth", "width", "non-zeros"]
Layout = Literal["own", "series", "kinks", "sums", "accurate"]
Coordinates = Literal["all", "tied", "one", "between"]


def wave_depth(precision: Array, *, power: float = 1.0, layout: Layout = "own") -> Array:
    """Return the number of affine maps of a cosine without folds for an accuracy of 2^{−b}, at every b = `precision`.

    For controls the accuracy is 2^{−b^`power`}, or products have a depth of 2^{b/2} ("kinks" one after the other).
    """
    from dltheory.gamma_smooth.cosine_network import prescribed
    from dltheory.gamma_smooth.cosine_network import wave_depth as depth

    found = []
    for b in precision:
        bits, terms = prescribed(1, float(b) ** power)
        found.append(depth(0, round(2 ** (bits / 2)) if layout == "kinks" else bits, terms))
    return np.array(found, float)


def size(level: Array, *, kind: Kind, q: float, what: Size, layout: Layout = "own") -> Array:
    """Return a size of the network of all basis functions with γ < T at every T = `level`.

    For controls its functions come one after the other ("series"), a wave has one kink for each of its folds side by
    side ("kinks"), products of r waves are sums of 2^{r−1} cosines ("sums"), or the accuracy is 2^{−T²} ("accurate").
    """
    from dltheory.gamma_smooth.network_sizes import Plan

    return np.array([_size(Plan.of(power_space(kind, q), float(t)), what, layout, float(t)) for t in level], float)


def _size(plan: Plan, what: Size, layout: Layout, level: float) -> float:
    from dltheory.gamma_smooth.cosine_network import prescribed
    from dltheory.gamma_smooth.network_sizes import Plan

    if layout == "accurate":
        plan = Plan(plan.count, plan.factors, plan.octaves, *prescribed(plan.factors, level**2 + math.log2(plan.count)))
    if what == "depth":
        return float(plan.depth) * (plan.count if layout == "series" else 1)
    more = {"kinks": 2.0**plan.octaves, "sums": 2.0 ** (plan.factors - 1)}.get(layout, 1.0)
    return float(plan.width if what == "width" else plan.nonzeros) * more


def allowed_size(level: Array, *, kind: Kind, q: float, what: Size, constant: float = 5.0) -> Array:
    """Return what theorem 7 allows at every T, with K = `constant`."""
    from dltheory.gamma_smooth.network_sizes import theorem_sizes

    found = [theorem_sizes(power_space(kind, q), float(t), constant) for t in level]
    named = {"depth": "depth", "width": "width", "non-zeros": "nonzeros"}[what]
    return np.array([getattr(sizes, named) for sizes in found], float)


def relative_size(level: Array, *, kind: Kind, q: float, what: Size, layout: Layout = "own") -> Array:
    """Return width or non-zeros over P 2^{T/a_1} or 2^{ãT}, the depth as it is, at every T."""
    found = size(level, kind=kind, q=q, what=what, layout=layout)
    if what == "depth":
        return found
    of = power_space(kind, q)
    return np.asarray(found / np.exp2(level / of.smoothness) / (of.product if kind == "mixed" else 1.0))


def count_over_product(level: Array, *, q: float, coordinates: Coordinates = "all") -> Array:
    """Return G(T)/(P 2^{T/a_1}) for mixed γ, a_i = i^q, at every T.

    For controls the first two weights are "tied", there is "one" coordinate, or T lies half-"between" whole numbers.
    """
    from dltheory.gamma_smooth.space import GammaSpace
    from dltheory.gamma_smooth.weights import FiniteWeights

    of, moved = power_space("mixed", q), 0.5 if coordinates == "between" else 0.0
    found = []
    for t in level:
        weights: Weights = of.weights
        if coordinates != "all" and coordinates != "between":
            first = (1.0, 1.0) if coordinates == "tied" else (1.0,)
            weights = FiniteWeights((*first, *(weights.below(float(t))[2:] if coordinates == "tied" else ())))
        count = GammaSpace(weights, "mixed").count(float(t) - moved)
        found.append(math.exp(math.log(count) - (float(t) - moved) * math.log(2)) / of.product)
    return np.array(found)


def missing_octaves(level: Array, *, q: float, coordinates: int = 0, rounded: bool = True) -> Array:
    """Return ãT − log₂ G(T) for anisotropic γ, a_i = i^q, by G = Π (2^{⌈T/a_i⌉} − 1), at every T.

    For controls only so many `coordinates` enter, or octaves are not `rounded` to whole ones.
    """
    of, found = power_space("anisotropic", q), []
    for t in level:
        values = of.weights.below(float(t))[: coordinates or None]
        octaves = np.ceil(t / values - 1e-12) if rounded else t / values
        logs = octaves + np.log2(-np.expm1(-octaves * math.log(2)))
        found.append(of.weights.inverse_sum * t - math.fsum(logs))
    return np.array(found)


def missing_octaves_law(level: Array, *, q: float) -> Array:
    """Return C_q T^{1/q}, C_q = 1/(q − 1) − ∫_1^∞ h(y) y^{−1−1/q} dy/q, h(y) = ⌈y⌉ − y + log₂(1 − 2^{−⌈y⌉}).

    Derived: coordinates beyond T^{1/q} are missing, and the others are rounded up to whole octaves.
    """
    k = np.arange(1.0, 40_001)
    powers = k ** (-1 / q) - (k + 1) ** (-1 / q)
    whole = (k + 1 + np.log2(-np.expm1(-(k + 1) * math.log(2)))) * powers
    part = ((k + 1) ** (1 - 1 / q) - k ** (1 - 1 / q)) / (q - 1)
    mean = math.fsum(whole - part) + (k[-1] + 1) ** (-1 / q) / 2  # ⌈y⌉ − y is a half on average beyond
    return np.asarray((1 / (q - 1) - mean) * level ** (1 / q))


def worst_error(x: Array, *, theta: float, q: float, share: float, stop: float = 1.0) -> Array:
    """Return the largest ‖f − f_T‖² of f in the unit ball of F^γ_{2,θ}, θ > 2, f_T the series on {γ′ < T}, X = 2^T.

    γ is mixed, a_i = i^q, and γ′ = `share`·γ. By Hölder's inequality it is (Σ 2^{−2θγ/(θ−2)})^{1−2/θ} over γ′ ≥ T. For
    controls the series is that on {γ′ < `stop`·T}.
    """
    return np.array([_hoelder(theta, q, stop * math.log2(v) / share, 1.0) for v in x])


def worst_bound(x: Array, *, theta: float, q: float, share: float) -> Array:
    """Return the theorem's 2^{−2T} (Σ 2^{2θ(γ′−γ)/(θ−2)})^{1−2/θ}, over γ′ ≥ T."""
    return np.array([v**-2.0 * _hoelder(theta, q, math.log2(v) / share, 1 - share) for v in x])


def _hoelder(theta: float, q: float, level: float, decay: float) -> float:
    """Return (Σ 2^{−2θ·decay·γ/(θ−2)})^{1−2/θ} over blocks with γ ≥ level."""
    from dltheory.gamma_smooth.blocks import levels

    held = levels(power_space("mixed", q), level + 20.0 / decay)
    return float(held.tail(level, 2 * theta / (theta - 2) * decay) ** (1 - 2 / theta))
