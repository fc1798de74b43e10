import numpy as np
import pytest
from moment_oracles import circle_model

from dltheory.ntk.learning_time import half_time, mean_power, one_minus_power, relaxation_area, remaining_error
from dltheory.ntk.schedule import AveragedSGD


def mean_errors(eigenvalue, step_size, ridge, horizon):
    """E e_t / e_0 for t = 0..T by stepping e' = (1 - ηλ - ηΛ) e + ηλ, e_0 = 1."""
    errors = [1.0]
    for _ in range(horizon):
        errors.append((1 - step_size * (ridge + eigenvalue)) * errors[-1] + step_size * ridge)
    return np.array(errors)


@pytest.mark.parametrize("eigenvalue", [0.0, 1e-4, 0.3, 2.0, 3.0])
@pytest.mark.parametrize("ridge", [0.0, 0.02])
@pytest.mark.parametrize("horizon", [2, 77])
def test_mean_dynamics_by_stepping(eigenvalue, ridge, horizon):
    errors = mean_errors(eigenvalue, 0.5, ridge, horizon)
    last = remaining_error(eigenvalue, AveragedSGD(0.5, ridge, horizon, "last"))
    average = remaining_error(eigenvalue, AveragedSGD(0.5, ridge, horizon))
    area = relaxation_area(eigenvalue, 0.5, ridge, horizon)
    np.testing.assert_allclose(
        [last, average, area], [errors[-1], errors.mean(), errors[:-1].sum()], rtol=1e-12, atol=1e-15
    )


def test_extreme_horizons_keep_relative_accuracy():
    rate = np.array([1e-15, 1e-12, 1e-3])
    np.testing.assert_allclose(one_minus_power(rate, 1e9), [1e-6 - 5e-13, -np.expm1(-1e-3), 1.0], rtol=1e-11)
    np.testing.assert_allclose(mean_power(np.array([0.0, 1e-15, 0.5]), 10**15), [1, -np.expm1(-1), 2e-15], rtol=1e-14)


@pytest.mark.parametrize("averaging", ["uniform", "last"])
@pytest.mark.parametrize("ridge", [0.0, 0.01])
@pytest.mark.parametrize("eigenvalue", [1.5, 0.3, 1e-3, 1e-9])
def test_half_of_what_can_be_learnt(eigenvalue, ridge, averaging):
    sgd = AveragedSGD(0.4, ridge, 2, averaging)
    time, A = half_time(eigenvalue, sgd), 1 - 0.4 * (eigenvalue + ridge)
    power = (1 - A ** (time + 1)) / ((time + 1) * (1 - A)) if averaging == "uniform" else A**time
    assert power == pytest.approx(0.5, rel=1e-6)


def test_half_times_at_small_steps():
    for averaging, constant in (("last", np.log(2)), ("uniform", 1.5936242600400399)):
        assert half_time(1e-6, AveragedSGD(0.4, 0.0, 2, averaging)) == pytest.approx(constant / 4e-7, rel=1e-5)
    assert (1 - np.exp(-1.5936242600400399)) / 1.5936242600400399 == pytest.approx(0.5, rel=1e-14)


@pytest.mark.parametrize("averaging", ["uniform", "last"])
def test_low_frequencies_first(averaging):
    """On the circle the half time grows as k² within each parity; odd degrees are as fast as even ones at γ = 1."""
    times = np.array([half_time(v, AveragedSGD(0.4, 0.0, 2, averaging)) for v in circle_model(100).eigenvalues])
    for k in (48, 49):
        local = np.log(times[2 * k - k % 2] / times[k]) / np.log((2 * k - k % 2) / k)
        assert local == pytest.approx(2.0, abs=0.01)


def test_invisible_degrees_are_never_learnt():
    assert half_time(0.0, AveragedSGD(0.4, 0.1, 2)) == np.inf
    assert relaxation_area(0.0, 0.4, 0.1, 50) == 50


def test_bad_inputs():
    sgd = AveragedSGD(0.4, 0.0, 2)
    with pytest.raises(ValueError, match="must be finite and at least 0, got -1"):
        half_time(-1.0, sgd)
    with pytest.raises(ValueError, match="must be below 1 for a half time"):
        half_time(3.0, sgd)
    with pytest.raises(ValueError, match="eigenvalues must be finite"):
        remaining_error([0.1, np.nan], sgd)
    with pytest.raises(ValueError, match="horizon must be at least 1"):
        relaxation_area(0.1, 0.4, 0.0, 0)
    with pytest.raises(ValueError, match="step_size must be positive"):
        relaxation_area(0.1, 0.0, 0.0, 5)
