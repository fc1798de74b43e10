import numpy as np
import pytest
from numba import njit

from dltheory.ntk.network_activations import KINDS, activate, activate_torch, expm1


@njit(cache=True)
def exponentials(x, out):
    for i in range(x.size):
        out[i] = expm1(x[i])


def response(name, sharpness, z):
    value, slope = np.empty_like(z), np.empty_like(z)
    activate(KINDS[name], sharpness, z, value, slope)
    return value, slope


@pytest.mark.parametrize(("dtype", "reach", "tolerance"), [(np.float64, 700, 1e-15), (np.float32, 87, 3e-7)])
def test_expm1_agrees_with_numpy(dtype, reach, tolerance):
    size = np.geomspace(1e-6, reach, 4001)
    x = np.concatenate([-size, [0], size]).astype(dtype)
    out = np.empty_like(x)
    exponentials(x, out)
    np.testing.assert_allclose(out, np.expm1(x.astype(np.float64)), rtol=tolerance, atol=0)


def test_expm1_stays_finite_beyond_its_range():
    x = np.array([-1e6, 1e6])
    out = np.empty_like(x)
    exponentials(x, out)
    assert out[0] == -1
    assert np.isfinite(out[1])


@pytest.mark.parametrize("sharpness", [1.0, 7.0, 50.0])
def test_values_agree_with_numpy(sharpness):
    # |s z| up to 100, where swish is as small as 1e-44
    z = np.linspace(-100, 100, 2001) / sharpness
    gate = 1 / (1 + np.exp(-sharpness * z))
    closed_forms = {
        "swish": (z * gate, gate + sharpness * z * gate * (1 - gate)),
        "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2),
        "relu": (np.maximum(z, 0), (z > 0).astype(float)),
    }
    for name, (value, slope) in closed_forms.items():
        got = response(name, sharpness, z)
        np.testing.assert_allclose(got[0], value, rtol=1e-13, atol=0)
        np.testing.assert_allclose(got[1], slope, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", list(KINDS))
def test_float32_agrees_with_float64(name):
    z = np.linspace(-3, 3, 1001)
    double, single = response(name, 5.0, z), response(name, 5.0, z.astype(np.float32))
    assert single[0].dtype == np.float32
    for a, b in zip(double, single, strict=True):
        # the slope of swish multiplies the rounding of the gate by s z, up to 15
        np.testing.assert_allclose(b, a, rtol=0, atol=3e-6)


@pytest.mark.parametrize("name", list(KINDS))
def test_torch_agrees_and_slope_is_the_derivative(name):
    torch = pytest.importorskip("torch")
    z = torch.linspace(-2, 2, 1000, dtype=torch.float64, requires_grad=True)  # 0 is not among them
    value, slope = activate_torch(name, 5.0, z)
    (derivative,) = torch.autograd.grad(value.sum(), z)
    got = response(name, 5.0, z.detach().numpy())
    np.testing.assert_allclose(got[0], value.detach().numpy(), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(got[1], slope.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(got[1], derivative.numpy(), rtol=0, atol=1e-13)
