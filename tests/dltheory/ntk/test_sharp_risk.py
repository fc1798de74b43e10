import numpy as np
import pytest
from moment_oracles import circle_model

from dltheory.ntk.expected_risk_spectral import expected_risk_spectral
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sharp_risk import noise_averaging, sharp_risk


def slope(model, schedule, horizon):
    """Change of log10 risk over the decade up to the horizon."""
    low, high = (expected_risk_spectral(model, schedule(t)).total for t in (horizon // 10, horizon))
    return np.log10(high / low)


@pytest.mark.parametrize("rate", [1.3, 0.4, 1e-3, 1e-6])
@pytest.mark.parametrize("horizon", [2, 5, 1000])
def test_noise_averaging_is_the_mean_of_squares(rate, horizon):
    steps = np.arange(1, horizon + 1)
    direct = np.mean((1 - (1 - rate) ** steps) ** 2)
    np.testing.assert_allclose(noise_averaging(np.array([rate]), horizon), [direct], rtol=1e-10, atol=2e-15)


@pytest.mark.parametrize("eta", [0.4, 0.04])
@pytest.mark.parametrize(("r", "scale", "noise"), [(0.5, 1.0, 0.25), (0.75, 0.1, 0.077), (0.9, 0.03, 0.0095)])
def test_close_to_the_exact_risk_and_closer_with_more_samples(r, scale, noise, eta):
    model = circle_model(3000, r=r, noise_variance=noise)
    errors = []
    for horizon in (10**4, 10**6, 10**8):
        sgd = AveragedSGD.from_theory(r=r, beta=2, horizon=horizon, scale=scale, step_size=eta)
        errors.append(abs(sharp_risk(model, sgd).total / expected_risk_spectral(model, sgd).total - 1))
    assert max(errors) < 0.0101
    assert errors[2] < 2e-3


def test_invisible_energy_inflates_the_noise():
    model = circle_model(50, energy=np.where(np.arange(51) == 3, 0.2, 0.0), eigenvalues=0.4 / (1 + np.arange(51)) ** 3)
    blind = circle_model(50, energy=model.energy, eigenvalues=np.where(np.arange(51) == 3, 0.0, model.eigenvalues))
    sgd = AveragedSGD(0.4, 1e-3, 10**7)
    sharp, exact = sharp_risk(blind, sgd), expected_risk_spectral(blind, sgd)
    assert sharp.bias == exact.bias == pytest.approx(0.2)
    assert sharp.variance == pytest.approx(exact.variance, rel=0.02)  # without the 0.2 it would be 45 % short


def test_without_ridge_the_variance_sets_the_rate():
    assert slope(circle_model(30_000, r=0.75), lambda t: AveragedSGD(0.4, 0.0, t), 10**7) == pytest.approx(
        -0.5, abs=1e-3
    )


@pytest.mark.parametrize("scale", [0.03, 0.1])
def test_ridge_saturates_for_smooth_targets(scale):
    # r = 2: the naive rate would be -8/9, ridge and uniform averaging stop at 2β/(2rβ+1) = 4/9
    def schedule(t):
        return AveragedSGD.from_theory(r=2.0, beta=2.0, horizon=t, scale=scale, step_size=0.4)

    assert slope(circle_model(3000, r=2.0), schedule, 10**14) == pytest.approx(-4 / 9, abs=1e-3)


def test_only_for_uniform_averaging():
    with pytest.raises(ValueError, match="averaging='uniform'"):
        sharp_risk(circle_model(3), AveragedSGD(0.4, 0.1, 100, "last"))
