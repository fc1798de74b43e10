"""Averaged SGD at infinite width, on any sphere, as an expansion in the kernel of the samples seen.

g_0 = 0,   g_{t+1} = (1 - ηλ) g_t - η (g_t(x_t) - y_t) k(x_t, ·),   so   g = Σ_i a_i k(x_i, ·).

Source: Nitanda & Suzuki (ICLR 2021), Algorithm 1 linearised around the initial value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host
from dltheory.ntk import kernel_loop
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import legendre_series

Array = npt.NDArray[np.float64]
Backend = Literal["native", "torch"]
_BLOCK = 128  # steps solved at once: long enough for matrix products, short enough for a cheap triangle
_TABLE = 8192  # the cubic through its points is within 1e-12 of the series


def averaging_weights(sgd: AveragedSGD) -> Array:
    """Return the weight w_u, shape (T,), of the stochastic gradient of step u in the output: -η Σ_u w_u G_u.

    With α = 1 - ηλ the iterate t keeps α^{t-1-u} of the gradient of step u < t, so that the mean of T + 1
    iterates has w_u = (1 - α^{T-u}) / ((T + 1)(1 - α)) and the last iterate α^{T-1-u}.
    """
    left = np.arange(sgd.horizon, 0, -1, dtype=np.float64)
    shrink = sgd.step_size * sgd.ridge
    if sgd.averaging == "last":
        return np.asarray((1 - shrink) ** (left - 1))
    if shrink == 0:
        return left / (sgd.horizon + 1)
    # expm1 where α^n is close to 1 and 1 - α^n would cancel
    lost = -np.expm1(left * math.log1p(-shrink)) if shrink < 0.5 else 1 - (1 - shrink) ** left
    return np.asarray(lost / (shrink * (sgd.horizon + 1)))


def run(
    kernel: NeuralTangentKernel,
    sgd: AveragedSGD,
    inputs: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    device: str = "cpu",
    backend: Backend | None = None,
) -> Array:
    """Return the coefficients a (R, T) of the averaged predictor Σ_i a_i k(x_i, ·), one row a replicate.

    `inputs` (R, T, d) are unit vectors, `labels` (R, T). O(T²) a replicate: a compiled loop on the CPU,
    torch elsewhere or with `backend="torch"`, all replicates at once in blocks of steps. float64.
    """
    points, values = check_stream(sgd, inputs, labels, kernel.dim)
    sgd.check_stable(kernel.diagonal)
    if use_torch(device, backend):
        gradients = _gradients_torch(kernel, sgd, points, values, device)
    else:
        gradients = np.stack([_gradients(kernel, sgd, x, y) for x, y in zip(points, values, strict=True)])
    return -gradients * averaging_weights(sgd)


def predict(kernel: NeuralTangentKernel, coefficients: Array, centres: Array, points: npt.ArrayLike) -> Array:
    """Return Σ_i a_i k(x_i, ·) for `coefficients` (R, T) and `centres` (R, T, d), shape (R, n).

    `points` has shape (n, d), or (R, n, d) for points of each replicate's own.
    """
    where = np.asarray(points, dtype=np.float64)
    where = np.ascontiguousarray(np.broadcast_to(where, (len(coefficients), *where.shape[-2:])))
    out = np.empty(where.shape[:2])
    for r, (a, x) in enumerate(zip(coefficients, centres, strict=True)):
        kernel_loop.expansion(where[r], np.ascontiguousarray(x.T), a, kernel.affine, out[r])
    return out


def squared_error(model: SphereRegression, coefficients: Array, centres: Array, *, tail_energy: float = 0.0) -> Array:
    """Return ‖Σ_i a_i k(x_i, ·) - g_ρ‖² in L2(ρ) for each replicate, shape (R,), plus `tail_energy`.

    ‖g_ρ‖² - 2 Σ_i a_i (Σ g_ρ)(x_i) + aᵀK₂a with the kernels Σ g_ρ = Σ_k Λ_k c_k P_k and
    K₂(t) = Σ_k Λ_k² N_k P_k(t), both up to the degree of the model: about Σ_{k>K} Λ_k² N_k |a|² is left out.
    Source: derived (addition theorem).
    """
    smoothed = model.eigenvalues * model.zonal_coefficients
    composed = _composed_kernel(model)
    risks = np.full(len(coefficients), model.squared_norm + tail_energy)
    for r, (a, x) in enumerate(zip(coefficients, centres, strict=True)):
        risks[r] -= 2 * a @ legendre_series(model.kernel.dim, smoothed, x[:, 0])
        for rows in _blocks(len(a)):
            # the square of the block, and twice what lies left of it: the matrix is symmetric
            risks[r] += a[rows] @ composed(x[rows] @ x[rows].T) @ a[rows]
            risks[r] += 2 * a[rows] @ (composed(x[rows] @ x[: rows.start].T) @ a[: rows.start])
    return risks


def use_torch(device: str, backend: Backend | None) -> bool:
    """Say whether to run on torch: on any device but "cpu", or where the backend asks for it.

    "cpu:0" is the CPU as torch sees it.
    """
    if backend not in (None, "native", "torch"):
        raise ValueError(f"backend must be 'native', 'torch' or None, got {backend!r}")
    if backend == "native" and device != "cpu":
        raise ValueError(f"the native backend runs on 'cpu' only, got device {device!r}")
    return backend == "torch" or device != "cpu"


def check_stream(sgd: AveragedSGD, inputs: npt.ArrayLike, labels: npt.ArrayLike, dim: int) -> tuple[Array, Array]:
    """Return inputs (R, T, d) and labels (R, T) as float64 arrays, or refuse their shapes."""
    points = np.ascontiguousarray(inputs, dtype=np.float64)
    values = np.ascontiguousarray(labels, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != sgd.horizon:
        raise ValueError(f"labels must have shape (replicates, {sgd.horizon}), got {values.shape}")
    if points.shape != (*values.shape, dim):
        raise ValueError(f"inputs must have shape {(*values.shape, dim)}, got {points.shape}")
    return points, values


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK))


def _powers(shrink: float, size: int) -> tuple[Array, Array]:
    """α^i, shape (n + 1,), and the strictly lower triangle of α^{t-1-i}, shape (n, n)."""
    steps = np.arange(size)
    lag = steps[:, None] - steps - 1
    return (1 - shrink) ** np.arange(size + 1.0), np.where(lag >= 0, (1 - shrink) ** np.maximum(lag, 0.0), 0.0)


def _gradients(kernel: NeuralTangentKernel, sgd: AveragedSGD, x: Array, y: Array) -> Array:
    """Return η (g_t(x_t) - y_t), shape (T,), for one stream."""
    out = np.empty_like(y)
    decay = 1 - sgd.step_size * sgd.ridge
    kernel_loop.residuals(x, np.ascontiguousarray(x.T), y, sgd.step_size, decay, kernel.affine, out)
    return out


def _gradients_torch(kernel: NeuralTangentKernel, sgd: AveragedSGD, x: Array, y: Array, device: str) -> Array:
    """`_gradients` for all replicates at once, shape (R, T).

    Within a block of steps the residuals solve a unit lower triangular system; what came before the block
    enters through its coefficients at the start of the block.
    """
    import torch

    eta = sgd.step_size
    points, values, powers, lags = (to_device(a, device) for a in (x, y, *_powers(eta * sgd.ridge, _BLOCK)))
    residuals, current = torch.empty_like(values), torch.empty_like(values)
    for rows in _blocks(y.shape[1]):
        size = rows.stop - rows.start
        here, before = points[:, rows], points[:, : rows.start]
        known = kernel.on_torch(here @ before.mT) @ current[:, : rows.start, None]
        system = eta * lags[:size, :size] * kernel.on_torch(here @ here.mT)
        right = powers[:size] * known[..., 0] - values[:, rows]
        residuals[:, rows] = torch.linalg.solve_triangular(system, right[..., None], upper=False, unitriangular=True)[
            ..., 0
        ]
        current[:, : rows.start] *= powers[size]
        current[:, rows] = -eta * powers[:size].flip(0) * residuals[:, rows]
    return to_host(eta * residuals)


def _composed_kernel(model: SphereRegression) -> Callable[[Array], Array]:
    """Return t ↦ Σ_k Λ_k² N_k P_k(t) from a table in the angle, in which it is smooth up to both ends."""
    coefficients = model.eigenvalues**2 * model.multiplicity
    table = legendre_series(model.kernel.dim, coefficients, np.cos(np.linspace(0, np.pi, _TABLE + 1)))

    def composed(cosine: Array) -> Array:
        out = np.empty_like(cosine)
        kernel_loop.tabulated(table, cosine.reshape(-1), out.reshape(-1))
        return out

    return composed
