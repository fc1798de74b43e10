"""Sharp asymptotic risk of averaged kernel SGD: three mechanisms in closed form.

    risk ≈ Σ_k G_k (ρ_k + τ_k)²  +  σ²_eff Σ_k N_k κ_k² s_k / T,        ρ = λ/(Λ + λ),  κ = 1 - ρ,
where, with q = 1 - η(Λ + λ),
    τ = κ (1 - q^{T+1}) / ((T + 1)(1 - q))   the start, not yet forgotten: negligible only if ηλT ≫ 1,
    s = (1/T) Σ_{j=1}^{T} (1 - q^j)²         the averaging of noise, 1 when Tη(Λ + λ) ≫ 1,
    σ²_eff = σ²/(1 - ½ η k(x,x))             the stationary inflation by multiplicative noise.
The first sum is exact (`expected_risk.mean_risk`). The second takes the prediction error at its stationary
value from the first sample on and leaves out the ridge bias in it.

Source: derived.
"""

from __future__ import annotations

import numpy as np

from dltheory.ntk.expected_risk import ModelSpectrum, MomentCoefficients, Risk, mean_risk
from dltheory.ntk.learning_time import FloatArray, one_minus_power
from dltheory.ntk.schedule import AveragedSGD


def sharp_risk(model: ModelSpectrum, sgd: AveragedSGD) -> Risk:
    """Return the sharp asymptotic risk of uniformly averaged SGD, in O(K) at any number of samples.

    Within 1 % of `expected_risk` on the circle for T ≥ 10^4, η = 0.4 and the theorem's ridge.
    """
    if sgd.averaging != "uniform":
        raise ValueError(f"the sharp formula is for averaging='uniform', got {sgd.averaging!r}")
    constants = MomentCoefficients.of(model, sgd)
    noise = constants.noise / (1 - sgd.step_size * model.kernel_diagonal / 2)
    learnt = 1 - constants.hidden
    dimension = float((constants.multiplicity * learnt**2) @ noise_averaging(constants.rate, sgd.horizon))
    return Risk(bias=mean_risk(model, sgd), variance=noise * dimension / sgd.horizon)


def noise_averaging(rate: FloatArray, horizon: int) -> FloatArray:
    """Return s = (1/T) Σ_{j=1}^{T} (1 - q^j)² for q = 1 - rate, with an absolute error of 1e-15.

    It is 1 - o(1) for rate · T ≫ 1 and (rate · T)²/3 for rate · T ≪ 1. Same shape as `rate`.
    """
    q = 1 - rate
    single = q * one_minus_power(rate, horizon) / (horizon * rate)
    double_rate = rate * (2 - rate)
    double = q**2 * one_minus_power(double_rate, horizon) / (horizon * double_rate)
    return np.maximum(1 - 2 * single + double, 0.0)
