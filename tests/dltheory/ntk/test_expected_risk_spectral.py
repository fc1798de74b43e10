from math import gamma

import numpy as np
import pytest
from moment_oracles import circle_model, precise_risk

from dltheory.ntk.expected_risk import ModelSpectrum, expected_risk
from dltheory.ntk.expected_risk_spectral import expected_risk_spectral
from dltheory.ntk.schedule import AveragedSGD

AVERAGINGS = ["uniform", "last"]
FEW = ModelSpectrum([0.45, 0.29, 0.026, 2.5e-6], [1, 2, 2, 2], [0.1, 0.05, 0.01, 1e-5], 0.08)


def assert_same(risk, bias, variance, rtol):
    np.testing.assert_allclose(risk.variance, variance, rtol=rtol)
    np.testing.assert_allclose(risk.bias, bias, rtol=rtol, atol=1e-30)


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize("scale", [0.0, 0.1])
@pytest.mark.parametrize("horizon", [300, 10**7, 10**15])
def test_sixty_digit_oracle(horizon, scale, averaging):
    sgd = AveragedSGD(0.4, scale * horizon**-0.5, horizon, averaging)
    assert_same(expected_risk_spectral(FEW, sgd), *precise_risk(FEW, sgd), rtol=1e-12)


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize("exponent", [0.0, 0.25, 0.5, 2 / 3, 0.9])
@pytest.mark.parametrize("horizon", [2, 255, 256, 1000, 100_000])
@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_agrees_with_stepping(noise, horizon, exponent, averaging):
    model = circle_model(200, r=0.75, noise_variance=noise)
    ridge = 0.1 * horizon**-exponent if exponent else 0.0
    sgd = AveragedSGD(0.4, ridge, horizon, averaging)
    stepped = expected_risk(model, sgd)
    assert_same(expected_risk_spectral(model, sgd), stepped.bias, stepped.variance, rtol=1e-11)


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize(
    "model",
    [
        ModelSpectrum([0.3], [3], [0.2], 0.1),  # one degree
        ModelSpectrum([0.8], [1], [0.2], 0.1),  # no multiplicative noise
        ModelSpectrum([0.5, 0.2, 0.2, 0.2], [1, 2, 2, 3], [0.1, 0.2, 0.0, 0.1], 0.3),  # equal eigenvalues
        ModelSpectrum([0.0, 0.2, 0.0, 0.0], [1, 2, 2, 2], [0.1, 0.1, 0.2, 0.0], 0.0),  # parity zeros
        ModelSpectrum([0.0, 0.0], [1, 2], [0.1, 0.2], 0.1),  # nothing learnable
    ],
)
def test_degenerate_spectra(model, averaging):
    sgd = AveragedSGD(0.5, 0.01, 5000, averaging)
    stepped = expected_risk(model, sgd)
    assert_same(expected_risk_spectral(model, sgd), stepped.bias, stepped.variance, rtol=1e-11)


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize(
    ("eigenvalues", "step_size", "horizon"),
    [([1.99, 1e-3], 1.0, 600), ([1.999, 1e-4], 1.0, 601), ([0.9, 1.05], 1.0, 1000), ([1.0, 0.3], 1.0, 257)],
)
def test_oscillating_degrees(eigenvalues, step_size, horizon, averaging):
    """Step sizes so large that a degree overshoots: poles near z = -1."""
    model, sgd = ModelSpectrum(eigenvalues, [1, 1], [0.1, 0.1], 0.2), AveragedSGD(step_size, 0.0, horizon, averaging)
    stepped = expected_risk(model, sgd)
    assert_same(expected_risk_spectral(model, sgd), stepped.bias, stepped.variance, rtol=1e-9)


def test_variance_that_has_died_out_is_zero_to_rounding():
    model = ModelSpectrum([0.5, 0.2], [1, 2], [0.1, 0.2], 0.0)
    assert 0 <= expected_risk_spectral(model, AveragedSGD(0.4, 0.0, 10**6, "last")).variance < 1e-13


@pytest.mark.parametrize(
    ("horizon", "r", "scale", "noise", "tolerance"), [(10**10, 0.5, 1.0, 0.25, 1e-3), (10**12, 0.75, 0.1, 0.077, 3e-3)]
)
def test_approaches_the_limit_constant(horizon, r, scale, noise, tolerance):
    """T^(4r/(4r+1)) risk → (B/β)(c/C)^2r Γ(2r)Γ(2-2r) + σ²_eff (C/c)^(1/β) Γ(1+1/β)Γ(2-1/β), β = 2, C = (2/π)²."""
    model = circle_model(100_000, r=r, noise_variance=noise)
    sgd = AveragedSGD.from_theory(r=r, beta=2, horizon=horizon, scale=scale, step_size=0.4)
    B = model.energy[1] * 2 ** (4 * r)
    C = (2 / np.pi) ** 2
    limit = B / 2 * (scale / C) ** (2 * r) * gamma(2 * r) * gamma(2 - 2 * r)
    limit += noise / (1 - 0.2 * 1.25) * (C / scale) ** 0.5 * gamma(1.5) ** 2
    total = expected_risk_spectral(model, sgd).total * horizon ** (4 * r / (4 * r + 1))
    assert total == pytest.approx(limit, rel=tolerance)


def test_divergence_is_refused():
    with pytest.raises(ValueError, match="must stay below 2"):
        expected_risk_spectral(circle_model(20), AveragedSGD(1.7, 0.0, 10**9))
