"""Exact expected risk of averaged kernel SGD on the sphere, by a recursion of second moments.

The algorithm is g_0 = 0, g_{t+1} = (1 - ηλ) g_t - η (g_t(x_t) - y_t) k(x_t, ·) with x uniform on the
sphere, k a dot-product kernel with eigenvalue Λ_k and multiplicity N_k at degree k, and y = g_ρ(x) +
noise of variance σ² that does not depend on x. By the addition theorem Σ_m |Y_km(x)|² = N_k for every
x, so that the error e_t = g_t - g_ρ has second moments that close degree by degree.

With the mean μ_t of the coefficient (`learning_time`), v_t = E|e_t|² - |μ_t|² of one degree and the
prediction error s_t = σ² + Σ_k (μ_t² + v_t), A = 1 - η(Λ + λ) and α = 1 - ηλ,
    v_{t+1} = (α² - 2αηΛ) v_t + η²Λ² (N s_t - μ_t²),    v_0 = 0,
and since E⟨e_s - μ_s, e_t - μ_t⟩ = A^{t-s} v_s, the variance of Σ_t e_t is V in
    U_{t+1} = A U_t + v_{t+1},    V_{t+1} = V_t + 2 U_{t+1} - v_{t+1}.
Derived: the recursion of second moments with the mean split off, so that no term is negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numba import njit

from dltheory.ntk.learning_time import FloatArray, remaining_error
from dltheory.ntk.schedule import AveragedSGD

_FLUSH = 1e-120  # below it a mean is set to 0: denormal numbers would slow each step about tenfold
_CHUNK = 4096  # steps between two transfers of V to its total: 10^7 small terms on one sum lose 6 digits


@dataclass(frozen=True)
class ModelSpectrum:
    """A regression problem on the sphere as its kernel sees it: one entry a degree 0..K.

    eigenvalues Λ_k ≥ 0, multiplicity N_k ≥ 0 and energy G_k = Σ_m g_km² of the target are arrays of one
    shape (K+1,); `noise_variance` is σ². A degree with Λ_k = 0 is never learnt and acts as label noise.
    Both are linear in N_k and G_k, so an entry may also stand for many degrees (see `condensed`).
    For a target with infinitely many degrees take K so large that Λ_K ≪ λ, or Λ_K ηT ≪ 1 without ridge.
    """

    eigenvalues: FloatArray
    multiplicity: FloatArray
    energy: FloatArray
    noise_variance: float

    def __post_init__(self) -> None:
        for name in ("eigenvalues", "multiplicity", "energy"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        shapes = {self.eigenvalues.shape, self.multiplicity.shape, self.energy.shape}
        if len(shapes) != 1 or self.eigenvalues.ndim != 1 or self.eigenvalues.size == 0:
            raise ValueError(f"eigenvalues, multiplicity and energy need one shape (K+1,), got {sorted(shapes)}")
        for name, least in (("eigenvalues", 0), ("multiplicity", 0), ("energy", 0), ("noise_variance", 0)):
            values = np.asarray(getattr(self, name))
            if not (np.isfinite(values) & (values >= least)).all():
                raise ValueError(f"{name} must be finite and at least {least}, smallest is {values.min()}")

    @property
    def kernel_diagonal(self) -> float:
        """k(x, x) = Σ_k N_k Λ_k of the degrees held."""
        return float(self.multiplicity @ self.eigenvalues)


@dataclass(frozen=True)
class Risk:
    """Expected excess risk E‖ĝ - g_ρ‖² in L2 (not halved): that of the mean predictor, plus the variance."""

    bias: float
    variance: float

    @property
    def total(self) -> float:
        """The expected excess risk."""
        return self.bias + self.variance


@dataclass(frozen=True)
class MomentCoefficients:
    """The constants of the moment recursion, one entry a degree with Λ > 0 (the others stand still).

    rate = 1 - A and second_rate = 1 - α² + 2αηΛ are kept as differences from 1, which stay accurate when
    they are 1e-15; gain = η²Λ²; noise = σ² plus the energy of the degrees that the kernel cannot see.
    """

    rate: FloatArray
    second_rate: FloatArray
    gain: FloatArray
    multiplicity: FloatArray
    energy: FloatArray
    hidden: FloatArray
    noise: float

    @classmethod
    def of(cls, model: ModelSpectrum, sgd: AveragedSGD) -> MomentCoefficients:
        """Return the constants; a step size at which the second moment diverges is refused."""
        sgd.check_stable(model.kernel_diagonal)
        seen = model.eigenvalues > 0
        eigenvalues, multiplicity = model.eigenvalues[seen], model.multiplicity[seen]
        step, shrink = sgd.step_size * eigenvalues, sgd.step_size * sgd.ridge
        second_rate = shrink * (2 - shrink) + 2 * (1 - shrink) * step
        gain = step**2
        # the second-moment map has an eigenvalue of at least 1 exactly when its resolvent at 1 is not positive
        if (second_rate <= 0).any() or (gain * multiplicity / second_rate).sum() >= 1:
            raise ValueError(f"step_size {sgd.step_size} with ridge {sgd.ridge} diverges: take a smaller step_size")
        return cls(
            rate=step + shrink, second_rate=second_rate, gain=gain, multiplicity=multiplicity,
            energy=model.energy[seen], hidden=sgd.ridge / (eigenvalues + sgd.ridge),
            noise=model.noise_variance + float(model.energy[~seen].sum()),
        )  # fmt: skip


def mean_risk(model: ModelSpectrum, sgd: AveragedSGD) -> float:
    """Return the risk of the mean predictor, Σ_k G_k (mean error of degree k over its start)²."""
    return float(model.energy @ remaining_error(model.eigenvalues, sgd) ** 2)


def expected_risk(model: ModelSpectrum, sgd: AveragedSGD) -> Risk:
    """Return the exact expected risk after T samples by stepping the moments: O(T K), 10^7 steps in seconds.

    `averaging="last"` gives that of the last iterate. Relative rounding error about 1e-13 at T = 10^7.
    """
    return expected_risk_path(model, sgd, [sgd.horizon])[0]


def expected_risk_path(model: ModelSpectrum, sgd: AveragedSGD, times: Sequence[int]) -> tuple[Risk, ...]:
    """Return the exact expected risk at each of the increasing times ≥ 2, at the one fixed ridge of `sgd`.

    One pass over max(times) steps; at time t the average is over the t + 1 iterates so far.
    """
    if len(times) == 0 or times[0] < 2 or any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"times must be increasing and at least 2, got {list(times)}")
    constants = MomentCoefficients.of(model, sgd)
    recursion = _Recursion.start(constants)
    risks, now, summed = [], 0, 0.0
    for time in times:
        summed += recursion.advance(time - now)
        variance = recursion.variance if sgd.averaging == "last" else summed / (time + 1) ** 2
        risks.append(Risk(bias=mean_risk(model, replace(sgd, horizon=int(time))), variance=variance))
        now = time
    return tuple(risks)


@dataclass(frozen=True)
class _Recursion:
    """The arrays of the recursion: constants (5, K) = rates, gain·N, gain, drift; state (4, K) = μ, v, U, V.

    `energy` holds μ² + v, padded with zeros to a power of two for the pairwise sum.
    """

    coefficients: FloatArray
    state: FloatArray
    energy: FloatArray
    noise: float

    @classmethod
    def start(cls, constants: MomentCoefficients) -> _Recursion:
        target = np.sqrt(constants.energy)
        size = max(8, 1 << (len(target) - 1).bit_length()) if len(target) else 8
        coefficients = np.array([
            constants.rate, constants.second_rate, constants.gain * constants.multiplicity,
            constants.gain, -target * constants.hidden * constants.rate,
        ])  # fmt: skip
        state = np.zeros((4, len(target)))
        state[0] = -target
        energy = np.zeros(size)
        energy[: len(target)] = constants.energy
        return cls(coefficients, state, energy, constants.noise)

    @property
    def variance(self) -> float:
        """Σ_k v_k, the variance of the current iterate."""
        return float(self.state[1].sum())

    def advance(self, steps: int) -> float:
        """Step in place; return what the variance Σ_k V_k of the sum of the iterates has gained."""
        gained = 0.0
        for start in range(0, steps, _CHUNK):
            self.state[3] = 0.0
            _advance(min(_CHUNK, steps - start), self.noise, *self.coefficients, *self.state, self.energy)
            gained += float(self.state[3].sum())
        return gained


@njit(cache=True)
def _advance(  # type: ignore[no-untyped-def]
    steps, noise, rate, second_rate, gain_all, gain, drift, mean, v, U, V, energy
):
    for _ in range(steps):
        half = energy.shape[0] // 2
        while half >= 4:  # pairwise, in place: a plain running sum cannot use vector instructions
            for k in range(half):
                energy[k] += energy[half + k]
            half //= 2
        s = noise + (energy[0] + energy[1]) + (energy[2] + energy[3])
        for k in range(mean.shape[0]):
            m = mean[k]
            new = v[k] + (gain_all[k] * s - gain[k] * m * m - second_rate[k] * v[k])
            m += drift[k] - rate[k] * m
            m = m if abs(m) > _FLUSH else 0.0
            u = U[k] + (new - rate[k] * U[k])
            V[k] += 2.0 * u - new
            U[k] = u
            v[k] = new
            mean[k] = m
            energy[k] = m * m + new
