"""Gram matrices of the tangent kernel, at infinite and at finite width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dltheory.ntk.arccosine import overwrite_with_kernel
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.network_activations import KINDS, Activation, activate, activate_torch

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.floating]
_ROWS = 128  # a block of 128 rows and 4000 columns is worked through while it is in the second and third cache
_NEURONS = 4096


def infinite_width_gram(points: Floats, kernel: NeuralTangentKernel, out: Floats | None = None) -> Floats:
    """Return k(x_i·x_j) for unit points (n, d), shape (n, n), symmetric, in the dtype of the points.

    Blocks of rows from the diagonal on, worked on in a buffer and mirrored; the diagonal is exactly k(x, x).
    float64 is good to 1e-14 for exact cosines; cosines near ±1 carry their rounding into the angle's square root.
    """
    gram = _check(points, kernel.dim, out)
    n = points.shape[0]
    buffer = np.empty(min(_ROWS, n) * n, dtype=points.dtype)
    for start in range(0, n, _ROWS):
        stop = min(start + _ROWS, n)
        block = buffer[: (stop - start) * (n - start)].reshape(stop - start, n - start)
        np.matmul(points[start:stop], points[start:].T, out=block)
        overwrite_with_kernel(block, kernel.affine)
        gram[start:stop, start:] = block
        gram[start:, start:stop] = block.T
    np.fill_diagonal(gram, kernel.diagonal)
    return gram


def _check(points: Floats, dim: int, out: Floats | None) -> Floats:
    """Refuse wrong points; return the matrix to fill."""
    if points.ndim != 2 or points.shape[1] != dim:
        raise ValueError(f"points must have shape (n, {dim}), got {points.shape}")
    if points.dtype not in (np.float32, np.float64):
        raise ValueError(f"points must be float32 or float64, got {points.dtype}")
    norms = np.einsum("ij,ij->i", points, points)
    if not np.all(np.abs(norms - 1) < 1e-5):
        raise ValueError(f"points must have norm 1, got a squared norm of {norms[np.argmax(np.abs(norms - 1))]:.6g}")
    n = points.shape[0]
    if out is None:
        return np.empty((n, n), dtype=points.dtype)
    if out.shape != (n, n) or out.dtype != points.dtype:
        raise ValueError(f"out must be a {points.dtype} array of shape {(n, n)}, got {out.dtype} {out.shape}")
    return out


def finite_width_gram(
    points: Floats,
    output_weights: Floats,
    weights: Floats,
    biases: Floats,
    bias_scale: float,
    activation: str = "relu",
) -> Floats:
    """Return ∇g(x_i)·∇g(x_j), shape (n, n), of g(x) = M^{-1/2} Σ_r a_r σ(b_r·x + γ c_r) over a, B and c.

    points (n, d), output_weights a (M,), weights B (d, M) feature-major, biases c (M,), γ = bias_scale.
    `activation` is "relu", "tanh" or "swish:s", the function z/(1 + e^{-sz}).

    The gradient is never formed: K = [H Hᵀ + (G Gᵀ) ∘ (X Xᵀ + γ²)]/M with H = σ(z) and G = a σ'(z), both (n, M).
    """
    name, sharpness = _check_network(points, output_weights, weights, biases, activation)
    inner = points @ points.T + bias_scale**2
    gram = np.zeros_like(inner)
    for start in range(0, output_weights.size, _NEURONS):
        some = slice(start, start + _NEURONS)
        z = points @ weights[:, some] + bias_scale * biases[some]
        hidden, slope = np.empty_like(z), np.empty_like(z)
        activate(KINDS[name], sharpness, z.reshape(-1), hidden.reshape(-1), slope.reshape(-1))
        slope *= output_weights[some]
        # numpy hands A @ A.T of one array to the symmetric rank-k update: half the work of a general product
        gated = slope @ slope.T
        gated *= inner
        gram += gated
        gram += hidden @ hidden.T
    gram /= output_weights.size
    return gram


def _check_network(
    points: Floats, output_weights: Floats, weights: Floats, biases: Floats, activation: str
) -> tuple[Activation, float]:
    """Refuse shapes that do not fit; return the activation's name and sharpness."""
    width = output_weights.size
    shapes = (points.shape[1:], output_weights.shape, weights.shape, biases.shape)
    if points.ndim != 2 or width == 0 or shapes[1:] != ((width,), (points.shape[1], width), (width,)):
        raise ValueError(f"points (n, d), a (M,), B (d, M) and c (M,) do not fit: d = {shapes[0]}, then {shapes[1:]}")
    name, _, sharpness = activation.partition(":")
    if name == "swish" and sharpness:
        return "swish", float(sharpness)
    if sharpness or name not in ("relu", "tanh"):
        raise ValueError(f"activation must be 'relu', 'tanh' or 'swish:<sharpness>', got {activation!r}")
    return ("relu" if name == "relu" else "tanh"), 1.0


def infinite_width_gram_torch(points: Tensor, kernel: NeuralTangentKernel) -> Tensor:
    """Return what `infinite_width_gram` does, for a torch tensor on its device."""
    return kernel.on_torch(points @ points.T).fill_diagonal_(kernel.diagonal)


def finite_width_gram_torch(
    points: Tensor,
    output_weights: Tensor,
    weights: Tensor,
    biases: Tensor,
    bias_scale: float,
    activation: str = "relu",
) -> Tensor:
    """Return what `finite_width_gram` does, for torch tensors on their device; memory for (n, M) twice."""
    name, _, sharpness = activation.partition(":")
    hidden, slope = activate_torch(name, float(sharpness or 1), points @ weights + bias_scale * biases)
    slope = slope * output_weights
    inner = points @ points.T + bias_scale**2
    gram: Tensor = (hidden @ hidden.T + (slope @ slope.T) * inner) / output_weights.numel()
    return gram
