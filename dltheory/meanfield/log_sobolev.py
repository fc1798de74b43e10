"""Certified logarithmic Sobolev constants α of proximal Gibbs measures p[g]: KL(q‖p) ≤ E_q‖∇log(q/p)‖²/(2α).

p[g] is the Gaussian exp(−λ₁‖θ‖²/λ₂), whose constant is 2λ₁/λ₂, tilted by the bounded (1/(nλ₂)) Σ g_i h_i. The
theorem of the dynamics promises the rate 2αλ₂. Everything here is a lower bound of α; a quotient that is minimised
numerically would be an upper one and no certificate.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin_laws import require_line
from dltheory.meanfield.neurons import Tanh
from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
TANH_CURVATURE = 4 / (3 * math.sqrt(3))  # sup |tanh″|, at tanh² = 1/3
_TANH_FOURTH = 4.0859  # sup |tanh⁗| is 4.08585


def gaussian(problem: MeanFieldProblem) -> float:
    """Return 2λ₁/λ₂, the constant without a tilt: exact for linear neurons."""
    return 2 * problem.l2 / problem.temperature


def paper(problem: MeanFieldProblem) -> float:
    """Return the paper's (2λ₁/λ₂) exp(−4C₁C₅/λ₂) with |ℓ′| ≤ C₁ and |h| ≤ C₅: for every g, and mostly vacuous."""
    return gaussian(problem) * math.exp(-4 * _largest_tilt(problem))


def uniform(problem: MeanFieldProblem) -> float:
    """Return Holley and Stroock's (2λ₁/λ₂) exp(−2C₁C₅/λ₂), for every g: the oscillation is at most twice the bound."""
    return gaussian(problem) * math.exp(-2 * _largest_tilt(problem))


def holley_stroock(quadrature: Quadrature, g: Array) -> float:
    """Return (2λ₁/λ₂) exp(−osc) for all rows of g (..., n) at once, osc the largest oscillation of their tilts."""
    return gaussian(quadrature.problem) * math.exp(-float(np.max(oscillation(quadrature, g))))


def bakry_emery(quadrature: Quadrature, g: Array) -> float:
    """Return a lower bound of (−log p[g])″ over the line, for all rows of g (..., n); negative if not log-concave."""
    p, spacing = quadrature.problem, quadrature.volume
    size, slopes = np.abs(g), _tanh_slopes(quadrature)
    h = quadrature.neurons
    second = -2 * h * (1 - h * h) * slopes**2
    lowest = np.min(g @ second.T, axis=-1) - spacing**2 / 8 * _TANH_FOURTH * (size @ slopes**4)
    edge = quadrature.nodes[-1, 0] * np.abs(slopes) - np.abs(p.shifts)
    tail = np.tanh(np.maximum(edge, math.atanh(1 / math.sqrt(3))))  # |tanh″| decreases from there on
    outside = -(size @ (2 * tail * (1 - tail**2) * slopes**2))
    return float(np.min(2 * p.l2 + np.minimum(lowest, outside) / p.size) / p.temperature)


def oscillation(quadrature: Quadrature, g: Array) -> Array:
    """Return an upper bound (...) of sup − inf over the line of the tilt (1/(nλ₂)) Σ g_i h_i, for g (..., n).

    On the nodes, plus what a smooth function can gain between them and beyond the last of them.
    """
    p, slopes, h = quadrature.problem, _tanh_slopes(quadrature), quadrature.neurons
    scale = p.size * p.temperature
    tilt = g @ h.T / scale
    between = quadrature.volume**2 / 8 * TANH_CURVATURE * (np.abs(g) @ slopes**2) / scale
    sign = np.sign(slopes)
    left = np.where(sign == 0, 0.0, np.maximum(np.abs(sign - h[-1]), np.abs(sign + h[0])))
    return np.asarray(np.ptp(tilt, axis=-1) + 2 * np.maximum(between, np.abs(g) @ left / scale))


def _largest_tilt(problem: MeanFieldProblem) -> float:
    """Return C₁C₅/λ₂; ValueError for an unbounded neuron, whose tilts have no bound."""
    if not math.isfinite(problem.neuron.bound):
        raise ValueError(
            "no constant holds for all tilts of an unbounded neuron: bounded neurons have one, and the linear neuron"
            " is Gaussian with 2 λ₁/λ₂"
        )
    return problem.loss.largest_slope * problem.neuron.bound / problem.temperature


def _tanh_slopes(quadrature: Quadrature) -> Array:
    """Return the inputs (n,) of tanh neurons of one weight; ValueError for others."""
    require_line(quadrature)
    if not isinstance(quadrature.problem.neuron, Tanh):
        raise ValueError(
            f"bounds between the nodes are known for tanh neurons, not for {type(quadrature.problem.neuron).__name__}"
        )
    return quadrature.problem.inputs[:, 0]
