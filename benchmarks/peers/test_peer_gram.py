"""Gram matrices of the tangent kernel: against the closed form as written on paper, and against Jacobians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from conftest import Measure, relative

from dltheory.ntk import averaged_sgd
from dltheory.ntk.gram import finite_width_gram, infinite_width_gram
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.sphere import uniform

DIM, WIDTH = 10, 1024
ACCURACY = {"float32": 1e-5, "float64": 1e-14}


def as_written(points: Any, library: Any) -> Any:
    """Return the kernel with R = γ = 1 as the paper has it, in numpy or torch."""
    t = (points @ points.T).clip(-1, 1)
    theta = library.arccos(t)
    output = (library.sin(theta) + (math.pi - theta) * library.cos(theta)) / (2 * math.pi * DIM)
    return output + (t + 1) * (math.pi - theta) / (2 * math.pi)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", ["torch", "numpy"])
def test_infinite_width(dtype: str, library: str, side_by_side: Measure) -> None:
    """Entries agree to rounding; entries a second side by side."""
    import torch

    size, kernel = 4000, NeuralTangentKernel(DIM)
    points = uniform(np.random.default_rng(0), size, DIM).astype(dtype)
    given, module = (torch.from_numpy(points), torch) if library == "torch" else (points, np)
    found, expected = infinite_width_gram(points, kernel), np.asarray(as_written(given, module)).copy()
    assert (found.diagonal() == np.asarray(kernel.diagonal, dtype)).all()
    # As written, the diagonal is off by √ε: arccos near 1 blows rounding up. Ours is exact there.
    np.fill_diagonal(expected, kernel.diagonal)
    difference = relative(found, expected)
    side_by_side(
        f"NTK Gram, infinite width, n = {size}, {dtype}", lambda: infinite_width_gram(points, kernel),
        lambda: as_written(given, module), name=f"{library}, closed form as written", unit="entries/s", work=size**2,
        difference=difference,
    )  # fmt: skip
    assert difference < ACCURACY[dtype]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_finite_width(dtype: str, side_by_side: Measure) -> None:
    """Entries agree with those from Jacobians to rounding; entries a second side by side."""
    import torch
    from torch.func import jacrev, vmap

    size = 1000
    network = averaged_sgd.TwoLayerNetwork(WIDTH, DIM, activation="relu")
    initial = averaged_sgd.initialise(network, [np.random.default_rng(0)], dtype)
    a, B, c = (part[0] for part in initial)
    points = uniform(np.random.default_rng(1), size, DIM).astype(dtype)
    parameters, given = tuple(torch.from_numpy(part) for part in (a, B, c)), torch.from_numpy(points)

    def output(theta: Any, x: Any) -> Any:
        return torch.relu(x @ theta[1] + theta[2]) @ theta[0] / math.sqrt(WIDTH)

    def ours() -> np.ndarray:
        return finite_width_gram(points, a, B, c, network.bias_scale)

    def from_jacobians() -> Any:
        jacobians = vmap(jacrev(output), (None, 0))(parameters, given)
        return sum(torch.einsum("ip,jp->ij", j, j) for j in (part.flatten(1) for part in jacobians))

    difference = relative(ours(), from_jacobians())
    side_by_side(
        f"NTK Gram, width {WIDTH}, n = {size}, {dtype}", ours, from_jacobians, name="torch.func vmap(jacrev) + einsum",
        unit="entries/s", work=size**2, difference=difference,
    )  # fmt: skip
    assert difference < 10 * ACCURACY[dtype]
