"""Functions of few coordinates at unknown places among many, and the kernel that treats all places alike.

f(x) = Σ_j ± j^{−(a + 1/2)} ψ_{l_j}(x_{i_1}, …, x_{i_m}), a set of m coordinates out of D drawn at random, every
function ψ_l of the sum truly of m variables. The covariance of f has the eigenvalues j^{−(2a + 1)}/C(D, m), each
C(D, m) times: the kernel with these is the best that is linear in the labels.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import zeta

from dltheory.gamma_smooth.blocks import ranked
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate, require_indices, require_labels, require_points
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import require_kept
from dltheory.gamma_smooth.weights import FiniteWeights, require_whole
from dltheory.ridge import deterministic_equivalent
from dltheory.sequence import require_noise

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_SETS = 1_000_000  # of coordinates that are listed


@dataclass(frozen=True)
class HiddenTarget:
    """The rank law with smoothness a on `interacting` of `candidates` coordinates, `count` coefficients.

    ValueError unless 1 ≤ m ≤ D and smoothness and count are positive.
    """

    smoothness: float
    candidates: int
    count: int
    interacting: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.smoothness < math.inf or self.count < 1:
            raise ValueError(f"smoothness and count must be positive, got {self.smoothness:g} and {self.count}")
        for name in ("count", "candidates", "interacting"):
            require_whole(f"the {name} of a hidden target", getattr(self, name), 0)
        if not 1 <= self.interacting <= self.candidates:
            raise ValueError(
                f"the important coordinates are 1 to {self.candidates} of the candidates, got {self.interacting}"
            )

    @cached_property
    def indices(self) -> Indices:
        """Multi-indices (count, m) without zeros, low frequencies first."""
        return interactions(self.interacting, self.count)

    @cached_property
    def sizes(self) -> Array:
        """Absolute values of the coefficients, (count,)."""
        return np.arange(1.0, self.count + 1) ** -(self.smoothness + 0.5)

    @property
    def places(self) -> int:
        """C(D, m), how many sets of coordinates the function may depend on."""
        return math.comb(self.candidates, self.interacting)

    def draw(self, generator: np.random.Generator) -> FourierSeries:
        """Return the function with random signs, on coordinates drawn at random."""
        signs = generator.choice([-1.0, 1.0], self.count)
        where = np.sort(generator.choice(self.candidates, self.interacting, replace=False))
        return FourierSeries(self.indices, self.sizes * signs, tuple(where.tolist()))

    def tail(self, kept: npt.ArrayLike) -> Array:
        """Return the energy of the coefficients after the first `kept`, exactly; 0 for all of them or more."""
        power = 2 * self.smoothness + 1
        first = require_kept(kept, self.count)
        return np.asarray(zeta(power, first + 1) - zeta(power, self.count + 1.0), float)


@dataclass(frozen=True, eq=False)
class AdditiveKernel:
    """k(x, x') = Σ_S Σ_j μ_j ψ_{l_j}(x_S) ψ_{l_j}(x'_S) over all sets S of m coordinates out of D.

    `indices` l are (J, m) and `eigenvalues` μ (J,), the same for every set: no coordinate is preferred.
    """

    indices: Indices
    eigenvalues: Array
    candidates: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", require_indices(self.indices))
        require_whole("the number of candidates", self.candidates, max(self.indices.shape[1], 1))
        if len(self.indices) != len(self.eigenvalues):
            raise ValueError(f"{len(self.indices)} indices do not go with {len(self.eigenvalues)} eigenvalues")
        if np.any(self.eigenvalues <= 0) or not np.all(np.isfinite(self.eigenvalues)):
            raise ValueError(f"eigenvalues must be positive, got {np.min(self.eigenvalues):g}")

    @classmethod
    def of(cls, target: HiddenTarget) -> AdditiveKernel:
        """Return the kernel whose spectrum is the covariance of the target."""
        return cls(target.indices, target.sizes**2 / target.places, target.candidates)

    @cached_property
    def sets(self) -> Indices:
        """All sets S in lexicographic order, (C(D, m), m); ValueError for more than can be listed."""
        number = math.comb(self.candidates, self.indices.shape[1])
        if number > _SETS:
            raise ValueError(f"{number} sets of coordinates are too many to list: at most {_SETS}")
        found = itertools.combinations(range(self.candidates), self.indices.shape[1])
        return np.array(list(found), np.int64)

    def features(self, x: npt.ArrayLike) -> Array:
        """Return ψ_{l_j}(x_S) at points x (n, D), shape (n, C(D, m) J), set after set."""
        chosen = require_points(x, self.candidates)[:, self.sets]  # all sets at once: (n, sets, m)
        return evaluate(self.indices, chosen.reshape(-1, chosen.shape[2])).reshape(len(chosen), -1)

    def fit(self, x: npt.ArrayLike, y: Array, ridge: float) -> FourierSeries:
        """Return k(·, X)(K + ρI)^{−1} y as a series; ValueError unless the ridge ρ is positive."""
        features = self.features(x)
        y = require_labels(y, len(features))
        root = np.sqrt(np.tile(self.eigenvalues, len(self.sets)))
        scaled = features * root
        if scaled.shape[1] < len(y):
            theta = root * cho_solve(_ridged(scaled.T @ scaled, ridge), scaled.T @ y)
        else:
            theta = root * (scaled.T @ cho_solve(_ridged(scaled @ scaled.T, ridge), y))
        return FourierSeries(self._all_indices, theta)

    def average_risk(self, x: npt.ArrayLike, target: HiddenTarget, noise_variance: float, ridge: float) -> float:
        """Return the risk of ridge regression on these points, averaged over targets and noise: no labels are drawn.

        With the features Φ, W = diag μ, Λ the eigenvalues of the covariance of the target, A = (ΦWΦᵀ + ρI)^{−1} and
        C = (W^{1/2}ΦᵀΦW^{1/2} + ρI)^{−1} it is Σ λ − 2 Σ M_ii μ_i λ_i + Σ M_ij² μ_i² λ_j + σ² Σ H_ii μ_i² with
        M = ΦᵀAΦ = W^{−1/2}(I − ρC)W^{−1/2} and H = ΦᵀA²Φ = W^{−1/2}(C − ρC²)W^{−1/2}.
        """
        require_noise(noise_variance)
        self._require_same(target)
        features = self.features(x)
        mu, own = (np.tile(values, len(self.sets)) for values in (self.eigenvalues, target.sizes**2 / target.places))
        scaled = features * np.sqrt(mu)
        inverse = cho_solve(_ridged(scaled.T @ scaled, ridge), np.eye(len(mu)))
        learned = np.eye(len(mu)) - ridge * inverse
        spread = np.diag(inverse) - ridge * np.einsum("ij,ij->i", inverse, inverse)
        signal = float(np.sum(own)) - 2 * float(np.diag(learned) @ own) + float(mu @ learned**2 @ (own / mu))
        return signal + noise_variance * float(spread @ mu)

    def expected_risk(self, target: HiddenTarget, n: float, noise_variance: float, ridge: float) -> dict[str, float]:
        """Return bias and variance of the same average by the deterministic equivalent, for a number of places."""
        self._require_same(target)
        each, energies = np.full(len(self.indices), float(target.places)), target.sizes**2
        return deterministic_equivalent(self.eigenvalues, energies, each, n, noise_variance, ridge)

    def _require_same(self, target: HiddenTarget) -> None:
        if not np.array_equal(target.indices, self.indices) or target.candidates != self.candidates:
            raise ValueError("the kernel and the target must have the same frequencies on the same coordinates")

    @cached_property
    def _all_indices(self) -> Indices:
        found = np.zeros((len(self.sets), len(self.indices), self.candidates), np.int64)
        for rows, chosen in zip(found, self.sets, strict=True):
            rows[:, chosen] = self.indices
        return found.reshape(-1, self.candidates)


def smoother_risks(
    weights: Array, x: npt.ArrayLike, points: npt.ArrayLike, target: HiddenTarget, noise_variance: float
) -> Array:
    """Return the risks at `points` of Σ_k w_k(·) y_k, averaged over targets and noise: any estimators that are linear.

    Shapes: weights (K, P, n) of K estimators, x (n, D), points (P, D); K risks.
    """
    require_noise(noise_variance)
    if weights.shape[1:] != (len(np.asarray(points)), len(np.asarray(x))) or not np.all(np.isfinite(weights)):
        raise ValueError(f"weights are finite, (K, P, n) for P points and n samples, got shape {weights.shape}")
    own = AdditiveKernel.of(target)
    eigenvalues = np.tile(own.eigenvalues, len(own.sets))
    seen, there = own.features(x), own.features(points)
    signal = np.array([np.einsum("ij,ij,j->", off, off, eigenvalues) for off in (w @ seen - there for w in weights)])
    return np.asarray((signal + noise_variance * np.sum(weights**2, axis=(1, 2))) / weights.shape[1])


def interactions(order: int, count: int) -> Indices:
    """Return the first `count` multi-indices without zeros (count, order), by max |l_i| and then by their entries."""
    require_whole("the number of interacting coordinates", order)
    require_whole("the number of multi-indices", count)
    space = GammaSpace(FiniteWeights((1.0,) * order), "anisotropic")
    listed = count
    while True:
        found = ranked(space, listed + 1)
        found = found[(found != 0).all(axis=1)]
        if len(found) >= count:
            return np.ascontiguousarray(found[:count])
        listed *= 2


def _ridged(gram: Array, ridge: float) -> tuple[Array, bool]:
    """Return the Cholesky factor of gram + ρI; ValueError unless ρ is positive."""
    if not ridge > 0:
        raise ValueError(f"a ridge must be positive, got {ridge:g}")
    gram[np.diag_indices_from(gram)] += ridge
    factor, lower = cho_factor(gram, lower=True, overwrite_a=True)
    return np.asarray(factor), bool(lower)
