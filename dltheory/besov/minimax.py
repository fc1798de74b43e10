"""Below which no estimator can stay: exact Bayes risks of hypercubes in the sequence model.

Derived: the coefficients θ_l = ±δ with independent signs are a prior on the ball, so its Bayes risk is a lower bound
of the minimax risk (Assouad's lemma with the exact constant).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import MixedBesov
from dltheory.sequence import require_noise, sign_risk

Array = npt.NDArray[np.float64]


def hypercube_bound(
    smoothness: Smoothness, variance: float, *, decay: float | None = None, share: float = 1.0
) -> float:
    """Return the largest Bayes risk of ±N^{−(s̃ + 1/2)} on N coefficients over N, variance v = σ²/n a coefficient.

    N = 2^{k/s̃} bumps of level k whose sum lies in the ball of B^s_{p,∞}, for every p. N is treated as a real number
    where it is not whole. `decay` replaces s̃ + 1/2; only N^share of the bumps are used.
    """
    require_noise(variance)
    if not 0 <= share <= 1:
        raise ValueError(f"the share of the bumps that are used is N^share with 0 ≤ share ≤ 1, got {share:g}")
    exponent = smoothness.mean + 0.5 if decay is None else decay
    balanced = variance ** (-1 / (2 * exponent))
    sizes = np.maximum(balanced * np.exp(np.linspace(-3, 3, 241)), 1.0)
    return float(np.max(sizes**share * sign_risk(sizes**-exponent, math.sqrt(variance))))


def mixed_bound(space: MixedBesov, variance: float) -> float:
    """Return the largest Bayes risk of signs on one shell |k|_1 = j of a mixed space with p = 2, over j.

    For q = ∞ every block of the shell has energy 2^{−2sj}, otherwise they share it: C^{−2/q} times as much each. The
    largest over real j, blocks counted by the Gamma function.
    """
    require_noise(variance)
    from scipy.special import gammaln

    def bound(shells: Array) -> Array:
        blocks = np.exp(gammaln(shells + space.dimension) - gammaln(shells + 1) - gammaln(space.dimension))
        height = np.sqrt(blocks ** (-2 / space.q) * 2.0 ** (-(2 * space.s + 1) * shells))
        return np.asarray(blocks * 2.0**shells * sign_risk(height, math.sqrt(variance)))

    top = max(-math.log2(variance), 1.0)
    coarse = np.linspace(0.0, top, 201)
    best = coarse[int(np.argmax(bound(coarse)))]
    return float(np.max(bound(np.linspace(max(best - top / 200, 0.0), best + top / 200, 201))))
