"""Averaged SGD at infinite width on the circle, in Fourier features: O(K) a step instead of O(t).

The kernel is Λ_0 + 2 Σ_{k≤K} Λ_k cos k(θ - θ'), a dot-product kernel of its own and not an approximation.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host
from dltheory.ntk.kernel_sgd import Backend, averaging_weights, use_torch
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.vectors import SAFE

Array = npt.NDArray[np.float64]
_LANES = 16  # degrees rotated at once, a power of two
_STEPS_AT_ONCE = 64


def run(
    model: SphereRegression,
    sgd: AveragedSGD,
    angles: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    device: str = "cpu",
    backend: Backend | None = None,
) -> Array:
    """Return the coefficients (R, 2, K + 1) of the averaged predictor, one replicate a row of angles (R, T).

    Index 0 goes with 1, √2 cos θ, √2 cos 2θ, ... and index 1 with √2 sin kθ, orthonormal under the uniform
    law. `angles` are in radians from e_1. A compiled loop on the CPU, torch elsewhere or with
    `backend="torch"`, all replicates at once. float64.

    Source: Nitanda & Suzuki (ICLR 2021), Algorithm 1 linearised around the initial value.
    """
    theta, y = _check(model, sgd, angles, labels)
    scale = _feature_scale(model)
    weights = averaging_weights(sgd)
    if use_torch(device, backend):
        sums = _run_torch(scale, sgd, weights, theta, y, device)
    else:
        sums = np.zeros((len(theta), 2, scale.size))
        for r in range(len(theta)):
            _loop(scale, sgd.step_size, sgd.ridge, weights, theta[r], y[r], sums[r])
    return sums * _coefficient_scale(model)


def squared_error(model: SphereRegression, coefficients: Array, *, tail_energy: float = 0.0) -> Array:
    """Return ‖g - g_ρ‖² in L2(ρ) for each replicate, shape (R,), by Parseval.

    `tail_energy` is added: the energy of a target that goes on beyond the degree of the model, in which case
    `model.tail_energy` is the number to give.
    """
    error = coefficients.copy()
    error[:, 0] -= np.sqrt(model.energy)
    return np.asarray(np.einsum("rck,rck->r", error, error) + tail_energy)


def predict(coefficients: Array, angles: npt.ArrayLike) -> Array:
    """Return the predictor (R, n) at `angles` (n,), radians from e_1, from `coefficients` (R, 2, K + 1)."""
    phase = np.arange(coefficients.shape[2])[:, None] * np.asarray(angles, dtype=np.float64)
    norm = np.where(np.arange(coefficients.shape[2]) == 0, 1.0, np.sqrt(2.0))
    return np.asarray((norm * coefficients[:, 0]) @ np.cos(phase) + (norm * coefficients[:, 1]) @ np.sin(phase))


def degree_error_area(
    model: SphereRegression,
    sgd: AveragedSGD,
    angles: npt.ArrayLike,
    labels: npt.ArrayLike,
    horizons: npt.ArrayLike,
) -> Array:
    """Return the area under the error curve of every degree, Σ_{t<t_k} (1 - ĝ_k(t)/g_k), shape (R, K + 1).

    ĝ_k(t) is the coefficient of the iterate t (not of the average) along the target of degree k, `horizons`
    (K + 1,) holds t_k ≤ T. The mean over streams is (1 - (1 - ηΛ_k)^{t_k}) / (ηΛ_k) without ridge: a learning
    time in samples. NaN where the target has no such degree.
    """
    theta, y = _check(model, sgd, angles, labels)
    stop = np.asarray(horizons, dtype=np.int64)
    if stop.shape != model.energy.shape or np.any(stop < 0) or np.any(stop > sgd.horizon):
        raise ValueError(f"horizons must be {model.energy.size} integers between 0 and {sgd.horizon}")
    order = np.argsort(stop, kind="stable")
    sums = np.zeros((len(theta), stop.size))
    for r in range(len(theta)):
        _path_loop(_feature_scale(model), sgd.step_size, sgd.ridge, theta[r], y[r], order, stop[order], sums[r])
    target = np.where(model.energy > 0, np.sqrt(model.energy), np.nan)
    return np.asarray(stop - sums * _coefficient_scale(model) / target)


def _check(
    model: SphereRegression, sgd: AveragedSGD, angles: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[Array, Array]:
    if model.kernel.dim != 2:
        raise ValueError(f"Fourier features need the circle, dim 2, got dim {model.kernel.dim}")
    theta = np.ascontiguousarray(angles, dtype=np.float64)
    y = np.ascontiguousarray(labels, dtype=np.float64)
    if theta.ndim != 2 or theta.shape[1] != sgd.horizon:
        raise ValueError(f"angles must have shape (replicates, {sgd.horizon}), got {theta.shape}")
    if y.shape != theta.shape:
        raise ValueError(f"labels must have the shape of angles, {theta.shape}, got {y.shape}")
    sgd.check_stable(float(_feature_scale(model).sum()))
    return theta, y


def _feature_scale(model: SphereRegression) -> Array:
    """N_k Λ_k: k(θ, θ') = Σ_k N_k Λ_k cos k(θ - θ')."""
    return np.ascontiguousarray(model.multiplicity * model.eigenvalues)


def _coefficient_scale(model: SphereRegression) -> Array:
    """√N_k Λ_k takes Σ_i a_i cos kθ_i to the coefficient of √N_k cos kθ."""
    return np.asarray(np.sqrt(model.multiplicity) * model.eigenvalues)


@numba.njit(cache=True)
def _room(count):  # type: ignore[no-untyped-def]
    """Return an array for the cosines of `count` degrees, in whole groups of `_LANES`."""
    return np.empty((count + _LANES - 1) // _LANES * _LANES)


@numba.njit(cache=True, fastmath=SAFE, error_model="numpy")
def _rotate(theta, cos, sin):  # type: ignore[no-untyped-def]
    """Fill cos kθ and sin kθ: the first `_LANES` by doubling, the rest a group at a time by rotation through _LANES·θ.

    Both arrays come from `_room`. The angles given to the library are θ times powers of two, which are exact,
    and the error grows by one rounding a rotation: 1e-14 at k = 1000.
    """
    cos[0], sin[0], known = 1.0, 0.0, 1
    while known < _LANES:
        c, s = np.cos(known * theta), np.sin(known * theta)
        for i in range(known):
            cos[known + i] = c * cos[i] - s * sin[i]
            sin[known + i] = s * cos[i] + c * sin[i]
        known *= 2
    c, s = np.cos(_LANES * theta), np.sin(_LANES * theta)
    for start in range(_LANES, cos.size, _LANES):
        # slices of a fixed length, so that the compiler sees whole vector registers
        old_cos, old_sin = cos[start - _LANES : start], sin[start - _LANES : start]
        new_cos, new_sin = cos[start : start + _LANES], sin[start : start + _LANES]
        for i in range(_LANES):
            new_cos[i] = c * old_cos[i] - s * old_sin[i]
            new_sin[i] = s * old_cos[i] + c * old_sin[i]


@numba.njit(cache=True, fastmath=SAFE)
def _loop(scale, eta, ridge, weights, angles, labels, sums):  # type: ignore[no-untyped-def]
    """Add -Σ_u w_u η (g_u(x_u) - y_u) (cos kθ_u, sin kθ_u) to `sums` (2, K + 1)."""
    count = scale.size
    cos, sin = _room(count), _room(count)
    # scale times the sums of a_i cos kθ_i and a_i sin kθ_i of the current iterate
    even, odd = np.zeros(count), np.zeros(count)
    decay = 1 - eta * ridge
    for t in range(labels.size):
        _rotate(angles[t], cos, sin)
        value = 0.0
        for k in range(count):
            value += even[k] * cos[k] + odd[k] * sin[k]
        step = eta * (value - labels[t])
        weight = weights[t] * step
        for k in range(count):
            even[k] = decay * even[k] - step * scale[k] * cos[k]
            odd[k] = decay * odd[k] - step * scale[k] * sin[k]
            sums[0, k] -= weight * cos[k]
            sums[1, k] -= weight * sin[k]


@numba.njit(cache=True, fastmath=SAFE)
def _path_loop(scale, eta, ridge, angles, labels, order, stop, sums):  # type: ignore[no-untyped-def]
    """Set sums[k] = Σ_{t<t_k} (Σ_i a_i cos kθ_i at iterate t); degrees come in `order` of their t_k, `stop`."""
    count = scale.size
    cos, sin = _room(count), _room(count)
    even, odd, total = np.zeros(count), np.zeros(count), np.zeros(count)
    decay = 1 - eta * ridge
    done = 0
    for t in range(labels.size + 1):
        while done < count and stop[done] == t:
            sums[order[done]] = total[order[done]]
            done += 1
        if done == count:
            return
        _rotate(angles[t], cos, sin)
        value = 0.0
        for k in range(count):
            value += scale[k] * (even[k] * cos[k] + odd[k] * sin[k])
        step = eta * (value - labels[t])
        for k in range(count):
            total[k] += even[k]
            even[k] = decay * even[k] - step * cos[k]
            odd[k] = decay * odd[k] - step * sin[k]


def _run_torch(scale: Array, sgd: AveragedSGD, weights: Array, angles: Array, labels: Array, device: str) -> Array:
    """The loop above with the replicates as a batch dimension, shape (R, 2, K + 1)."""
    import torch

    theta, y, weight, both = (to_device(a, device) for a in (angles, labels, weights, np.tile(scale, 2)))
    degrees = torch.arange(scale.size, dtype=theta.dtype, device=device)
    current = torch.zeros(len(angles), 2 * scale.size, dtype=theta.dtype, device=device)
    sums = torch.zeros_like(current)
    for start in range(0, sgd.horizon, _STEPS_AT_ONCE):
        rows = slice(start, start + _STEPS_AT_ONCE)
        phase = theta[:, rows, None] * degrees
        features = torch.cat([phase.cos(), phase.sin()], dim=2)
        steps = torch.empty_like(phase[..., 0])
        for i in range(phase.shape[1]):
            value = (current * features[:, i]).sum(1)
            steps[:, i] = sgd.step_size * (value - y[:, start + i])
            current *= 1 - sgd.step_size * sgd.ridge
            current -= steps[:, i, None] * both * features[:, i]
        sums -= torch.einsum("rt,rtk->rk", steps * weight[rows], features)
    return to_host(sums.reshape(len(angles), 2, scale.size))
