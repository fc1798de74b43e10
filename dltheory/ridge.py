"""Kernel ridge regression at finite n without its randomness."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Array = npt.NDArray[np.float64]


def deterministic_equivalent(
    eigenvalues: Array, energies: Array, counts: Array, n: float, noise_variance: float, ridge: float,
    *, beyond: float = 0.0,
) -> dict[str, float]:  # fmt: skip
    """Return bias and variance of ridge regression on n uniform points; groups of `counts` equal eigenvalues μ.

    `energies` are the squared coefficients e of the target, a whole group's, `beyond` what lies outside of all groups.
    nκ = ρ + κ Σ μ/(μ + κ); with γ = Σ (μ/(μ + κ))²/n the risk is (Σ e κ²/(μ + κ)² + σ²γ)/(1 − γ). Asymptotic. Sources:
    P. Sollich, Learning curves for Gaussian processes, 1999; A. Canatar et al., Spectral bias and task-model alignment,
    2021.
    """
    if not (0 < n < math.inf and 0 < ridge < math.inf and noise_variance >= 0):
        raise ValueError(
            f"samples and ridge must be positive and finite, the noise at least 0, got n = {n:g}, a ridge of {ridge:g}"
            f" and a variance of {noise_variance:g}"
        )
    if not eigenvalues.shape == energies.shape == counts.shape:
        raise ValueError(
            f"groups have one eigenvalue, energy and count each, got shapes {eigenvalues.shape}, {energies.shape} and"
            f" {counts.shape}"
        )
    if not np.all((eigenvalues >= 0) & (eigenvalues < np.inf)):
        raise ValueError("the eigenvalues of a kernel are finite and at least 0")
    mu = eigenvalues

    def surplus(log_kappa: float) -> float:
        kappa = math.exp(log_kappa)
        return n * kappa - ridge - kappa * float(counts @ (mu / (mu + kappa)))

    low, high = math.log(ridge / n) - 1e-9, math.log((ridge + float(counts @ mu)) / n) + 1e-9
    kappa = math.exp(brentq(surplus, low, high))
    learned = mu / (mu + kappa)
    gamma = float(counts @ learned**2) / n
    missed = float(energies @ (1 - learned) ** 2) + beyond
    return {"bias": missed / (1 - gamma), "variance": noise_variance * gamma / (1 - gamma)}
