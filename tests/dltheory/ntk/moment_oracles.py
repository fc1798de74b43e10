"""Slow, assumption-free references for the moment recursion, and the circle's spectrum from a printed table."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np

from dltheory.ntk.expected_risk import ModelSpectrum
from dltheory.ntk.schedule import AveragedSGD


def circle_model(max_degree: int, r: float = 0.5, noise_variance: float = 0.25, **changes) -> ModelSpectrum:
    """The ReLU tangent kernel on S¹ with R = γ = 1, and a target G_k ∝ k^(-4r-1) of squared norm 1/4."""
    k = np.arange(max_degree + 1, dtype=float)
    low, even, odd = k < 2, (k % 2 == 0) & (k >= 2), (k % 2 == 1) & (k >= 3)
    eigenvalues = np.zeros_like(k)
    eigenvalues[low] = [2 / np.pi**2 + 1 / 4, 3 / 16 + 1 / np.pi**2][: low.sum()]
    eigenvalues[even] = (k[even] ** 2 + 2) / (np.pi * (k[even] ** 2 - 1)) ** 2
    eigenvalues[odd] = 1 / (np.pi * k[odd]) ** 2
    energy = np.where(k > 0, np.maximum(k, 1) ** (-4 * r - 1), 0.0)
    fields = {
        "eigenvalues": eigenvalues,
        "multiplicity": np.where(k == 0, 1.0, 2.0),
        "energy": energy * 0.25 / max(energy.sum(), 1e-300),
        "noise_variance": noise_variance,
    }
    return ModelSpectrum(**(fields | changes))


def harmonics(max_degree: int, points: int) -> np.ndarray:
    """Orthonormal 1, √2 cos θ, √2 sin θ, ... at equispaced angles: (points, 2K + 1).

    Their mean over more than 4K points integrates every fourfold product exactly, so x uniform on these
    points has the same second moments as x uniform on the circle.
    """
    theta = 2 * np.pi * np.arange(points) / points
    columns = [np.ones(points)]
    for k in range(1, max_degree + 1):
        columns += [np.sqrt(2) * np.cos(k * theta), np.sqrt(2) * np.sin(k * theta)]
    return np.stack(columns, axis=1)


def sgd_step(features, label, weights, eigenvalues, sgd):
    """One step of kernel SGD on coefficients (..., 2K + 1)."""
    residual = np.sum(features * weights, axis=-1, keepdims=True) - label
    return (1 - sgd.step_size * sgd.ridge) * weights - sgd.step_size * residual * eigenvalues * features


def spread(model: ModelSpectrum) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and target coefficients per harmonic; the energy of a degree is put on both of its orders."""
    degrees = range(len(model.eigenvalues))
    eigenvalues = np.concatenate([np.repeat(model.eigenvalues[k], 2 if k else 1) for k in degrees])
    target = np.concatenate([np.sqrt(model.energy[k]) * np.array([0.6, -0.8] if k else [1.0]) for k in degrees])
    return eigenvalues, target


def enumerated_risk(model: ModelSpectrum, sgd: AveragedSGD) -> tuple[float, float]:
    """Bias and variance over all (4K + 1)^T · 2^T equally likely paths with two-point label noise."""
    max_degree = len(model.eigenvalues) - 1
    basis = harmonics(max_degree, 4 * max_degree + 1)
    eigenvalues, target = spread(model)
    noise = np.sqrt(model.noise_variance)
    outcomes = [(x, x @ target + sign * noise) for x in basis for sign in (-1, 1)]
    paths = np.array(list(itertools.product(range(len(outcomes)), repeat=sgd.horizon)))
    weights = np.zeros((len(paths), len(target)))
    total = weights.copy()
    for t in range(sgd.horizon):
        features = np.array([x for x, _ in outcomes])[paths[:, t]]
        labels = np.array([y for _, y in outcomes])[paths[:, t], None]
        weights = sgd_step(features, labels, weights, eigenvalues, sgd)
        total += weights
    result = weights if sgd.averaging == "last" else total / (sgd.horizon + 1)
    mean = result.mean(axis=0)
    return float(((mean - target) ** 2).sum()), float(((result - mean) ** 2).sum(axis=1).mean())


def full_moment_risk(model: ModelSpectrum, sgd: AveragedSGD) -> tuple[float, float]:
    """Bias and variance from the full second-moment matrix of (1, weights, Σ weights), no symmetry used."""
    max_degree = len(model.eigenvalues) - 1
    basis = harmonics(max_degree, 4 * max_degree + 1)
    eigenvalues, target = spread(model)
    p = len(target)
    maps = []
    for x in basis:
        for sign in (-1, 1):
            label = x @ target + sign * np.sqrt(model.noise_variance)
            step = np.zeros((1 + 2 * p, 1 + 2 * p))
            step[0, 0] = 1
            step[1 : p + 1, 0] = sgd_step(x, label, np.zeros(p), eigenvalues, sgd)
            linear = (1 - sgd.step_size * sgd.ridge) * np.eye(p)
            linear -= sgd.step_size * np.outer(eigenvalues * x, x)
            step[1 : p + 1, 1 : p + 1] = linear
            step[p + 1 :] = step[1 : p + 1]
            step[p + 1 :, p + 1 :] += np.eye(p)
            maps.append(step)
    stack = np.array(maps)
    moment = np.zeros((1 + 2 * p, 1 + 2 * p))
    moment[0, 0] = 1
    for _ in range(sgd.horizon):
        moment = np.mean(stack @ moment @ stack.transpose(0, 2, 1), axis=0)
    block, scale = (slice(1, p + 1), 1) if sgd.averaging == "last" else (slice(p + 1, None), sgd.horizon + 1)
    mean = moment[0, block] / scale
    return float(((mean - target) ** 2).sum()), float(np.trace(moment[block, block]) / scale**2 - mean @ mean)


def precise_risk(model: ModelSpectrum, sgd: AveragedSGD) -> tuple[float, float]:
    """Bias and variance by repeated squaring of the recursion's matrix in 60 digits: any T, few degrees."""
    with mp.workdps(60):
        eta, ridge, n = mp.mpf(sgd.step_size), mp.mpf(sgd.ridge), len(model.eigenvalues)
        alpha = 1 - eta * ridge
        columns = zip(model.eigenvalues, model.multiplicity, model.energy, strict=True)
        rows = [(mp.mpf(a), mp.mpf(b), mp.mpf(c)) for a, b, c in columns]
        hidden = [ridge / (ridge + value) if value else mp.mpf(1) for value, _, _ in rows]
        size = 1 + 5 * n  # 1 and, for each degree, A^t, A^2t, v, U, V
        step = mp.zeros(size)
        step[0, 0] = 1
        prediction = mp.zeros(1, size)
        prediction[0] = mp.mpf(model.noise_variance)
        for k, (_, _, energy) in enumerate(rows):
            prediction[0] += energy * hidden[k] ** 2
            prediction[1 + 5 * k] = 2 * energy * hidden[k] * (1 - hidden[k])
            prediction[2 + 5 * k] = energy * (1 - hidden[k]) ** 2
            prediction[3 + 5 * k] = 1
        for k, (value, multiplicity, energy) in enumerate(rows):
            one, two, v, U, V = range(1 + 5 * k, 6 + 5 * k)
            A, gain = alpha - eta * value, (eta * value) ** 2
            new = gain * multiplicity * prediction
            new[0] -= gain * energy * hidden[k] ** 2
            new[one] -= 2 * gain * energy * hidden[k] * (1 - hidden[k])
            new[two] -= gain * energy * (1 - hidden[k]) ** 2
            new[v] += alpha**2 - 2 * alpha * eta * value
            for j in range(size):
                step[v, j] = step[U, j] = step[V, j] = new[j]
            step[one, one], step[two, two] = A, A**2
            step[U, U] += A
            step[V, U] += 2 * A
            step[V, V] += 1
        start = mp.zeros(size, 1)
        for j in [0, *(1 + 5 * k for k in range(n)), *(2 + 5 * k for k in range(n))]:
            start[j] = 1
        end = (step**sgd.horizon) * start
        last, count = sgd.averaging == "last", mp.mpf(sgd.horizon + 1)
        bias = variance = mp.mpf(0)
        for k, (value, _, energy) in enumerate(rows):
            rate = eta * (ridge + value)
            power = (1 - rate) ** (sgd.horizon + 1)
            mean = end[1 + 5 * k] if last else ((1 - power) / (count * rate) if rate else mp.mpf(1))
            bias += energy * (hidden[k] + (1 - hidden[k]) * mean) ** 2
            variance += end[3 + 5 * k] if last else end[5 + 5 * k] / count**2
        return float(bias), float(variance)
