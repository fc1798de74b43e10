"""Exact risks of projections on sets of blocks, and bounds below which no estimator, or none that is linear, stays.

The sequence model y_l = ⟨f, ψ_l⟩ + √v ξ_l with v = σ²/n. A projection on {γ(s) < T} has the bias of what it leaves
out and the variance v G(T). Derived; the level that balances them is theorem 10 of Okumoto & Suzuki 2022.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dltheory.gamma_smooth.blocks import blocks, levels
from dltheory.gamma_smooth.space import GammaSpace, Kind
from dltheory.gamma_smooth.weights import FiniteWeights, require_whole
from dltheory.sequence import jensen_bound, require_noise, sign_risk

Array = npt.NDArray[np.float64]
_BEYOND = 30.0  # levels more that a tail is summed over: 2^{−60} of it is left
_LISTED = 10  # octave up to which norms of D_s are computed by a transform


@dataclass(frozen=True, eq=False)
class Staircase:
    """Squared bias and number of functions of the projections on γ(s) < T, T over all levels; arrays of one shape.

    `level` (number,) increases: the projection at entry i keeps what lies strictly below it.
    """

    level: Array
    bias: Array
    kept: Array

    def least(self, variance: npt.ArrayLike) -> Array:
        """Return R_th = min_T {bias + v G(T)}, shape of v."""
        bias, kept = self.at(self.best(variance))
        return np.asarray(bias + np.asarray(variance, float) * kept)

    def best(self, variance: npt.ArrayLike) -> Array:
        """Return the level with the least risk, shape of v; ValueError where it is the last one that is held."""
        v = np.asarray(variance, float)
        _require_variance(v)
        found = np.argmin(self.bias + np.multiply.outer(v, self.kept), axis=-1)
        if np.any(found == len(self.level) - 1):
            raise ValueError(f"the best level lies beyond {self.level[-1]:g}, the last one that is held")
        return np.asarray(self.level[found])

    def at(self, level: npt.ArrayLike) -> tuple[Array, Array]:
        """Return bias and number of functions of the projections on γ(s) < T, shapes of T; ValueError beyond it all."""
        wanted = np.asarray(level, float)
        if not np.all(wanted <= self.level[-1]):
            raise ValueError(f"the level {np.max(wanted):g} lies beyond {self.level[-1]:g}, the last one that is held")
        found = np.searchsorted(self.level, wanted - 1e-9)
        return self.bias[found], self.kept[found]


def block_law(space: GammaSpace, limit: float, *, beyond: float = _BEYOND) -> Staircase:
    """Return the staircase of the target with ‖δ_s f‖ = 2^{−γ(s)} on all blocks, levels below `limit`.

    Its tail is summed over `beyond` levels more. An anisotropic γ jumps at whole octaves: its slope over any window
    that experiments reach is not the rate, so compare levels, or take a `RankTarget`.
    """
    if not 0 <= beyond < math.inf:
        raise ValueError(f"a tail is summed over 0 levels or more, finitely many, got {beyond:g}")
    _require_limit(limit)
    held = levels(space, limit + beyond)
    at = held.gamma[held.gamma < limit]
    return Staircase(at, held.tail(at), held.count(at))


def worst_case(space: GammaSpace, limit: float) -> Staircase:
    """Return the staircase of the worst function of the unit ball, θ ≤ 2: bias sup_{γ(s) ≥ T} 4^{v Σ s_i − γ(s)}.

    For p ≥ 2 that is attained by one function on the first block left out. For p < 2 it is Nikol'skii's inequality
    ‖δ_s f‖_2 ≤ 2^{v Σ s_i} ‖δ_s f‖_p, whose constant is 1 since Σ_l ψ_l² is constant over a block; it is attained up
    to a constant. Derived.
    """
    if space.theta > 2:
        raise ValueError(f"for θ > 2 the bias has a further factor, the worst case is for θ ≤ 2, got {space.theta:g}")
    _require_limit(limit)
    held = levels(space, limit)
    if not space.excess:
        return Staircase(held.gamma, np.exp2(-2 * held.gamma), held.count(held.gamma))
    at = held.gamma[: int(np.searchsorted(held.gamma, limit / 2))]
    widest = _widest(space, held.gamma)
    exponent = 2 * (space.excess * widest - held.gamma)
    # from the last level down: the largest bias of any block that is left out; those beyond `limit` leave less
    bias = np.exp2(np.maximum.accumulate(exponent[::-1])[::-1])
    return Staircase(at, bias[: len(at)], held.count(at))


def _widest(space: GammaSpace, gamma: Array) -> Array:
    """Return the largest Σ s_i of a block on each level γ, −∞ where there is none."""
    if space.kind == "anisotropic":
        values = [space.weights.below(level + 1e-9) for level in gamma]
        return np.array([np.floor(level / v + 1e-9).sum() for level, v in zip(gamma, values, strict=True)])
    found = np.full(len(gamma), -math.inf)
    found[0] = 0.0
    for value in space.weights.below(float(gamma[-1]) + 1e-9):
        lower = gamma - value
        before = np.searchsorted(gamma, lower - 1e-9)
        for i in np.flatnonzero(np.abs(gamma[before] - lower) < 1e-6):  # in order: a coordinate is raised many times
            found[i] = max(found[i], found[before[i]] + 1)
    return found


def mismatched(target: GammaSpace, weights: Array, kind: Kind, limit: float) -> Staircase:
    """Return the staircase of the worst function of one unit ball (p = 2, θ ≤ 2) under the sets of another γ.

    `weights` (d,) are those of the other γ, of the first d coordinates in any order; further coordinates never enter.
    ValueError where no block of the target with γ(s) < `limit` is left out.
    """
    if target.theta > 2 or target.excess:
        raise ValueError(f"the worst case is for p ≥ 2 and θ ≤ 2, got p = {target.p:g} and θ = {target.theta:g}")
    _require_limit(limit)
    s = blocks(target, limit)
    other, own = weighted(weights, kind, s), target.gamma(s)
    by_other = np.argsort(other, kind="stable")
    least = np.minimum.accumulate(own[by_other][::-1])[::-1]  # γ of the first block that is left out
    at = levels(GammaSpace(FiniteWeights(tuple(np.sort(weights))), kind), limit)
    found = np.searchsorted(other[by_other], at.gamma - 1e-9)
    if np.any(found == len(s)):
        raise ValueError(f"all blocks up to γ = {limit:g} lie in the sets: they are not those of another γ")
    return Staircase(at.gamma, np.exp2(-2 * least[found]), at.count(at.gamma))


def _require_limit(limit: float) -> None:
    """Raise ValueError unless a limit of levels is positive and finite."""
    if not 0 < limit < math.inf:
        raise ValueError(f"levels are listed up to a positive and finite limit, got {limit:g}")


def _require_variance(variance: npt.ArrayLike) -> None:
    require_noise(variance)
    if np.any(np.asarray(variance, float) == math.inf):
        raise ValueError("the variance of the noise must be finite, got inf")


def weighted(weights: Array, kind: Kind, s: npt.NDArray[np.int64]) -> Array:
    """Return Σ or max weights_i s_i of blocks s (number, D), infinite for those that need coordinates beyond."""
    if kind not in ("mixed", "anisotropic"):
        raise ValueError(f"γ is 'mixed' (a sum) or 'anisotropic' (a maximum), got {kind!r}")
    if not np.all((weights > 0) & (weights < math.inf)):
        raise ValueError(f"weights must be positive and finite, got {weights.tolist()}")
    held = min(len(weights), s.shape[1])
    parts = s[:, :held] * weights[:held]
    found = np.asarray(parts.sum(axis=1) if kind == "mixed" else parts.max(axis=1, initial=0.0), float)
    found[s[:, held:].any(axis=1)] = math.inf
    return found


def hypercube_bound(space: GammaSpace, variance: float, *, steeper: float = 0.0, share: float = 1.0) -> float:
    """Return the largest Bayes risk of ±2^{−γ(s)} 2^{−Σ s_i/2} on one block s, over the blocks; a bound for p = 2.

    All 2^{Σ s_i} functions of the block have independent signs, so every draw has norm 1 in the space, for every θ.
    Mixed: the blocks of coordinate 1; anisotropic: s_i = ⌊T/a_i⌋ for all i. `steeper` lowers the signs by
    2^{−steeper Σ s_i}, only 2^{share Σ s_i} functions are used.
    """
    _require_variance(variance)
    if not (0 <= steeper < math.inf and 0 <= share <= 1):
        raise ValueError(f"signs are lowered by steeper ≥ 0, and 0 ≤ share ≤ 1, got {steeper:g} and {share:g}")
    s = _chain(space, variance)
    gamma, total = space.gamma(s), s.sum(axis=1)
    height = np.exp2(-gamma - (0.5 + steeper) * total)
    return float(np.max(np.exp2(share * total) * sign_risk(height, math.sqrt(variance))))


def _chain(space: GammaSpace, variance: float) -> npt.NDArray[np.int64]:
    """Return the blocks (number, d) among which the hardest is sought, up to some levels beyond the balance.

    Mixed: those of coordinate 1; anisotropic: the widest of every level, s_i = ⌊T/a_i⌋.
    """
    top = space.level(max(1 / variance, 1.0)) + 8 * (1 + space.smoothness)
    if space.kind == "mixed":
        return np.arange(math.ceil(top / space.smoothness) + 1)[:, None]
    values = space.weights.below(top + 1e-9)
    at = np.unique(np.concatenate([np.arange(math.floor(top / v + 1e-9) + 1) * v for v in values]))
    return np.floor(at[:, None] / values + 1e-9).astype(np.int64)


def linear_bound(space: GammaSpace, variance: float, *, known: bool = False) -> float:
    """Return a lower bound of the worst risk over the unit ball of every estimator that is linear in the labels.

    f = 2^{−γ(s)} Π_i D_{s_i}(x_i − U_i)/‖D_{s_i}‖_p, D_s(t) = Σ 2 cos(2πlt) over the octave, at a random place U: its
    covariance has 2^{Σ s_i} equal eigenvalues, and the Jensen bound holds; the largest over the blocks s of
    `hypercube_bound`. For p < 2 it has the rate of `worst_case`. `known` tells the place: one function is left.
    """
    _require_variance(variance)
    bounds = []
    for s in _chain(space, variance):
        eigenvalue = np.exp2(-2 * float(space.gamma(s))) / math.prod(octave_norm(int(v), space.p) ** 2 for v in s if v)
        number = 2.0 ** float(s.sum())
        bounds.append(jensen_bound(eigenvalue * number, 1, variance) if known
                      else jensen_bound(eigenvalue, number, variance))  # fmt: skip
    return max(bounds)


@lru_cache(maxsize=256)
def octave_norm(s: int, p: float) -> float:
    """Return ‖D_s‖_p, D_s(t) = Σ_{2^{s−1} ≤ l < 2^s} 2 cos(2πlt) on the circle, to 1e-4: about 2^{s(1 − 1/p)}.

    By a Fourier transform up to octave 10. From there on ‖D_s‖_p^p = A 2^{s(p − 1)} + B, the second term from where
    |D_s| is of order 1, away from its peak: A and B are those of octaves 9 and 10. p = 1 has a logarithm instead.
    """
    require_whole("an octave", s)
    if not p > 1:
        raise ValueError(f"the norms of D_s scale for p > 1 only, got {p:g}")
    if p == math.inf:
        return 2.0**s
    if s > _LISTED:
        late, early = octave_norm(_LISTED, p) ** p, octave_norm(_LISTED - 1, p) ** p
        growth = 2.0 ** (p - 1)
        return float((late + (late - early) * (growth ** (s - _LISTED) - 1) / (1 - 1 / growth)) ** (1 / p))
    points = 2 ** (s + 6)
    spectrum = np.zeros(points // 2 + 1)
    spectrum[2 ** (s - 1) : 2**s] = 1.0
    return float(np.mean(np.abs(np.fft.irfft(spectrum, points) * points) ** p) ** (1 / p))
