import numpy as np
import pytest
from numba import njit

from dltheory.meanfield.particles_tanh import tanh


@njit
def every(x):
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = tanh(x[i])
    return out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_within_five_units_in_the_last_place(dtype):
    x = np.concatenate([np.linspace(-25, 25, 200_001), np.geomspace(1e-30, 20, 100_001)]).astype(dtype)
    exact = np.tanh(x.astype(np.longdouble))
    units = np.abs(every(x) - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert every(x).dtype == dtype
    assert units.max() < 5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_odd_bounded_and_zero_at_zero(dtype):
    x = np.array([0.0, 1e-40, 0.3, 5.0, 9.0, 50.0, 1e30, np.inf]).astype(dtype)
    assert np.all(every(-x) == -every(x))
    assert np.all(np.abs(every(x)) <= 1)
    assert every(x)[0] == 0
    assert np.all(every(x)[4:] > 1 - 1e-6)


def test_python_has_one_of_its_own():
    with pytest.raises(NotImplementedError, match="inside numba-compiled functions"):
        tanh(1.0)
