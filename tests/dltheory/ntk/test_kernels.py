"""The tangent kernel: closed forms against integrals over the weights, and against its compiled twins."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltheory.ntk.arccosine import overwrite_with_kernel
from dltheory.ntk.kernels import NeuralTangentKernel

COSINES = np.concatenate([np.linspace(-1, 1, 401), 1 - np.logspace(-15, -1, 30), np.logspace(-15, -1, 30) - 1])
KERNELS = [
    NeuralTangentKernel(2),
    NeuralTangentKernel(3, 0.7, 0.4),
    NeuralTangentKernel(5, 2.0, 0.0, "input"),
    NeuralTangentKernel(10, 1.0, 1.0, "output"),
    NeuralTangentKernel(10, 0.5, 0.3, "both", "gaussian"),
]


def arc_integrals(dim, angle):
    """E σ(b·x)σ(b·x') and E σ'(b·x)σ'(b·x') for b uniform on S^{d-1}, by quadrature.

    Only the plane of x, x' matters: there b has a uniform direction φ and mean squared length 2/d, and both
    products are positive on the arc of length π - θ around θ/2.
    """
    nodes, weights = np.polynomial.legendre.leggauss(40)
    half = (math.pi - angle) / 2
    phi = angle / 2 + half * nodes
    density = weights * half / (2 * math.pi)
    return 2 / dim * (density @ (np.cos(phi) * np.cos(phi - angle))), density.sum()


@pytest.mark.parametrize("dim", [2, 3, 5, 10])
def test_closed_forms_are_expectations_over_the_weights(dim):
    for angle in np.linspace(0, math.pi, 23):
        t = math.cos(angle)
        output, step = arc_integrals(dim, angle)
        inner = 0.49 * (t + 0.25) * step
        assert NeuralTangentKernel(dim, 0.7, 0.5, "output")(t) == pytest.approx(output, abs=5e-15)
        assert NeuralTangentKernel(dim, 0.7, 0.5, "input")(t) == pytest.approx(inner, abs=5e-15)
        assert NeuralTangentKernel(dim, 0.7, 0.5)(t) == pytest.approx(output + inner, abs=5e-15)
        gaussian = NeuralTangentKernel(dim, 0.7, 0.5, initialisation="gaussian")
        assert gaussian(t) == pytest.approx(dim * output + inner, abs=5e-15)


@pytest.mark.parametrize("kernel", KERNELS)
def test_diagonal_and_antipode(kernel):
    assert kernel(1.0) == pytest.approx(kernel.diagonal, rel=1e-15)
    assert kernel(1 + 1e-15) == kernel(1.0)
    assert kernel(-1.0) == 0
    assert NeuralTangentKernel(2).diagonal == 1.25


@pytest.mark.parametrize("kernel", KERNELS)
def test_compiled_twin_agrees(kernel):
    for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 1e-6)):
        values = COSINES.astype(dtype)
        reference = kernel(values.astype(np.float64))
        overwrite_with_kernel(values, kernel.affine)
        assert values.dtype == dtype
        np.testing.assert_allclose(values, reference, rtol=0, atol=tolerance * sum(kernel.affine))


def test_near_the_diagonal_digits_are_kept():
    # k_a(1) - k_a(t) = (1 - t)/2 · 1/d + O((1 - t)^{3/2}) has no square root, k_b does: -R²(1 + γ²)√(2(1 - t))/(2π)
    gap = 2.0**-40
    kernel = NeuralTangentKernel(3, layers="input")
    assert kernel.diagonal - kernel(1 - gap) == pytest.approx(2 * math.sqrt(2 * gap) / (2 * math.pi), rel=1e-5)


def test_precision_of_the_input_is_kept():
    assert NeuralTangentKernel(3)(np.float32([0.1])).dtype == np.float32
    assert NeuralTangentKernel(3)([0, 1]).dtype == np.float64


@given(
    gamma=st.floats(0, 1),
    scale=st.floats(0.1, 10),
    t=st.floats(-1, 1),
    layers=st.sampled_from(["both", "output", "input"]),
)
def test_kernel_is_bounded_by_its_diagonal_and_layers_add(gamma, scale, t, layers):
    kernel = NeuralTangentKernel(4, scale, gamma, layers)
    assert abs(kernel(t)) <= kernel.diagonal * (1 + 1e-15)
    parts = [NeuralTangentKernel(4, scale, gamma, part)(t) for part in ("output", "input")]
    assert NeuralTangentKernel(4, scale, gamma)(t) == pytest.approx(sum(parts), abs=1e-14 * scale**2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 1}, "S\\^0 has two points, β is infinite"),
        ({"dim": 3, "bias_scale": 1.5}, "bias_scale γ must lie in \\[0, 1\\], got 1.5"),
        ({"dim": 3, "bias_scale": math.nan}, "bias_scale"),
        ({"dim": 3, "output_scale": 0.0}, "output_scale R must be positive"),
        ({"dim": 3, "layers": "hidden"}, "layers must be"),
        ({"dim": 3, "initialisation": "zero"}, "initialisation must be"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        NeuralTangentKernel(**arguments)


def test_overwriting_refuses_what_it_cannot_write():
    with pytest.raises(ValueError, match="contiguous float32 or float64"):
        overwrite_with_kernel(np.ones((4, 4))[:, ::2], (1, 1, 1))
    with pytest.raises(ValueError, match="got int64"):
        overwrite_with_kernel(np.ones(4, dtype=np.int64), (1, 1, 1))
