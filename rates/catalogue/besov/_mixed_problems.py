"""What the claims on mixed smoothness compute: exact worst cases over the ball in the sequence model, and regression.

x is the number of coefficients of a hyperbolic cross, or n; 2^200 of either is a sum over a few hundred shells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rates.catalogue.besov._anisotropic_regression import scores, scores_mean
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.spaces import MixedBesov
    from dltheory.besov.targets import MixedTarget

Array = npt.NDArray[np.float64]
REACH = {2: 128, 3: 64}  # of a target's cross, by dimension: 5 to 30 times that of what is fitted


@lru_cache(maxsize=64)
def space(s: float, d: int, q: float | str) -> MixedBesov:
    """Return the space with p = 2; q is a number, or ∞."""
    from dltheory.besov.spaces import MixedBesov

    return MixedBesov(float(s), int(d), q=math.inf if q == "∞" else float(q))


def crosses(first: int, last: int, d: int = 2, step: int = 8) -> tuple[float, ...]:
    """Return the numbers of coefficients of hyperbolic crosses |k|_1 ≤ j, j = first, first + step, …"""
    return tuple(
        float(sum(math.comb(j + d - 1, d - 1) * 2**j for j in range(shell + 1))) for shell in range(first, last, step)
    )


def approximation_error(
    terms: Array, *, s: float, d: int, q: float | str, isotropic: bool = False, smoother: float = 0.0
) -> Array:
    """Return the largest L² error over the unit ball of the projection on the hyperbolic cross of N coefficients.

    Between two crosses it is interpolated in log N. `isotropic` keeps a cube of N coefficients instead, whose error
    is that of the nearest block that it leaves out.
    """
    given = space(s + smoother, d, q)
    if isotropic:
        return np.asarray(terms ** (-given.s / given.dimension))
    shells = range(max(int(math.log2(terms.max())) + 2, 8))
    counts = np.log([given.kept(j) for j in shells])
    errors = np.log([given.worst_tail(j) for j in shells]) / 2
    return np.asarray(np.exp(np.interp(np.log(terms), counts, errors)))


def cross_risk(
    n: Array, *, s: float, d: int, q: float | str, kappa: float = 0.0, isotropic: bool = False,
    plain: bool = False,
) -> Array:  # fmt: skip
    """Return the worst mean squared error over the ball of the best hyperbolic cross at n samples.

    Bias and variance as functions of a real level, interpolated in their logarithms, so that there is no ripple of
    period log 2. `kappa` sets the cross to about n^κ coefficients, `isotropic` uses cubes, `plain` is the space of one
    variable, without logarithms.
    """
    given = space(s, 1 if plain else d, q)
    shells = np.arange(0, int(math.log2(n.max())) + 2)
    log_kept = np.log([given.kept(int(j)) for j in shells])
    log_tail = np.log([given.worst_tail(int(j)) for j in shells])
    fine = np.linspace(0, shells[-1], 32 * len(shells))
    kept, tail = np.exp(np.interp(fine, shells, log_kept)), np.exp(np.interp(fine, shells, log_tail))
    if isotropic:
        kept = np.exp2(fine * given.dimension)
        tail = np.exp2(-2 * given.s * fine)
    risks = tail + kept / n[:, None]
    if kappa:
        at = np.array([np.argmin(np.abs(np.log(kept) - kappa * math.log(v))) for v in n])
        return np.asarray(risks[np.arange(len(n)), at])
    return np.asarray(risks.min(axis=1))


def shell_bound(n: Array, *, s: float, d: int, q: float | str, plain: bool = False, smoother: float = 0.0) -> Array:
    """Return the Bayes risk of random signs on the worst shell; `plain` leaves one block of it, as in one variable."""
    from dltheory.besov.minimax import mixed_bound

    given = space(s + smoother, 1 if plain else d, q)
    return np.array([mixed_bound(given, 1 / float(v)) for v in n])


@lru_cache(maxsize=8)
def target(s: float, d: int) -> MixedTarget:
    """Return the cosine series with energy 2^{−2s|k|} in every block."""
    from dltheory.besov.targets import MixedTarget

    return MixedTarget(float(s), int(d), REACH[d])


def reach_at(n: int, s: float, power: float | None = None) -> int:
    """Return the R of the cross Π(1 + l_i) ≤ R: n^{1/(2s+1)}, or n^power."""
    exponent = 1 / (2 * s + 1) if power is None else power
    return max(round(math.exp(exponent * math.log(n))), 1)


def least_squares(
    n: int, streams: Sequence[Stream], *, s: float, d: int, power: float | None = None, isotropic: bool = False,
    noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return (R, 2): ‖f̂ − f‖² of least squares on the cosines of a hyperbolic cross, and its scores, uniform design."""
    from dltheory.besov.projection import fit_series, series_error

    given, indices = target(s, d), _indices(n, s, d, power, isotropic)

    def pair(stream: Stream) -> tuple[float, float]:
        function = given.draw(stream.numpy("signs"))
        x = stream.numpy("points").random((n, d))
        y = function(x) + noise * stream.numpy("noise").standard_normal(n)
        return series_error(fit_series(indices, x, y), function), scores(function, indices, x, y)

    return np.array([pair(stream) for stream in streams])


def mean_of_scores(
    n: Array, *, s: float, d: int, power: float | None = None, isotropic: bool = False, noise: float = 1.0
) -> Array:  # fmt: skip
    """Return the mean of the scores, exactly."""
    given = target(s, d)
    kept = (_indices(int(v), s, d, power, isotropic) for v in n)
    return np.array([scores_mean(one, given.indices, given.coefficients**2, noise) for one in kept]) / n


def _indices(n: int, s: float, d: int, power: float | None, isotropic: bool) -> npt.NDArray[np.int64]:
    from dltheory.besov.cosine import isotropic_indices
    from dltheory.besov.targets import hyperbolic_indices

    cross = hyperbolic_indices(d, reach_at(n, s, power))
    return isotropic_indices(d, len(cross)) if isotropic else cross


def expected_least_squares(
    n: Array, *, s: float, d: int, power: float | None = None, noise: float = 1.0
) -> dict[str, Array]:  # fmt: skip
    """Return squared bias and variance of least squares on the cross, to first order in N/n."""
    from dltheory.besov.targets import hyperbolic_indices
    from dltheory.least_squares import expected_parts

    kept = np.array([len(hyperbolic_indices(d, reach_at(int(v), s, power))) for v in n])
    tail = np.array([target(s, d).tail(count) for count in kept])
    return expected_parts(tail, kept, n, noise)
