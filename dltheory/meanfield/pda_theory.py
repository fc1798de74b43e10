"""What theory says about dual averaging with an exact inner loop: an explicit bound and sharp constants.

All of it is derived. K = Cov_{q*}(h)/(nλ₂) is how predictions answer to coefficients, D = diag ℓ″ at the optimum.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_continuous_lyapunov
from scipy.special import gammaincc

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.pda import ParticleDualAveraging
from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]


def limit_constant(quadrature: Quadrature, weight_power: float = 1.0) -> float:
    """Return C∞ of E L(q_t) − L(q*) ~ C∞/t with one uniform example an iteration and weights s^a.

    u_t is a stochastic approximation with gains κ/t, κ = 1 + a, drift −(I + DK) and noise S = n diag(g*²) − g*g*ᵀ,
    so that t Cov(u_t) → P with (κ(I + DK) − ½)P + P(κ(I + DK) − ½)ᵀ = κ²S, and the gap is ½ tr((K + KDK)P)/n.
    For the squared loss ½(z − y)² this is (1/2n) Σ (k + k²) κ² S_kk/(2κ(1 + k) − 1) over eigenpairs of K.
    ValueError where the slowest direction decays more slowly than t^−1/2, or for a loss without curvature bound.
    """
    problem, size = quadrature.problem, quadrature.problem.size
    gain = 1 + weight_power
    if not problem.loss.gamma > 0:
        raise ValueError(
            f"the constant needs a smooth loss, and {type(problem.loss).__name__} is not: with subgradients the bound"
            " O(1/T) holds all the same"
        )
    if not 2 * gain > 1:
        raise ValueError(f"weights s^a give the gap C/t for a > −1/2 only, got a = {weight_power}")
    response, curvature = _response(quadrature)
    g = quadrature.optimum
    noise = size * np.diag(g**2) - np.outer(g, g)
    drift = gain * (np.eye(size) + curvature[:, np.newaxis] * response) - 0.5 * np.eye(size)
    covariance = solve_continuous_lyapunov(drift, gain**2 * noise)
    hessian = response + response @ (curvature[:, np.newaxis] * response)
    return float(np.sum(hessian * covariance) / (2 * size))


def full_batch_constant(quadrature: Quadrature) -> float:
    """Return C of L(q_t) − L(q*) ~ C/t² with all examples at every iteration and weights s.

    Only the cooling 1 − 2/t is left: z − z* ~ d/t with d = (I + 2KD)⁻¹ 2b, b = Cov_{q*}(h, Φ*), where Φ* = −log q* up
    to a constant, u − g* ~ 2Dd/t, and log q − log q* ~ (2/t)(Φ* − Σ (Dd)_i h_i/(nλ₂)).
    """
    problem = quadrature.problem
    response, curvature = _response(quadrature)
    weights = quadrature.gibbs(quadrature.optimum)
    energy = -quadrature.exponent(quadrature.optimum)
    energy = energy - weights @ energy
    centred = quadrature.neurons - weights @ quadrature.neurons
    shift = np.linalg.solve(np.eye(problem.size) + 2 * response * curvature, 2 * (weights * energy) @ centred)
    tilt = 2 * (energy - centred @ (curvature * shift) / (problem.size * problem.temperature))
    return float(np.mean(curvature * shift**2) / 2 + problem.temperature * (weights @ tilt**2) / 2)


def explicit_bound(quadrature: Quadrature, horizons: Array) -> Array:
    """Return a bound of the expected gap of the random output at horizons T, shape (K,), with exact inner loops.

    (2/(T(T+3))) [(T−1)G²/λ₂ + 2G(T+2) + λ₁(Σ_{t=2}^{T+1} m_t − T m*) + λ₂(Ent q* − E Ent q_2)], where G = sup|ℓ′h|,
    m_t is the largest E‖θ‖² that a Gibbs measure of iteration t can have, m* that of q*, and Ent q = E_q log q.
    """
    problem, best = quadrature.problem, quadrature.gibbs(quadrature.optimum)
    reach = problem.loss.largest_slope * problem.neuron.bound
    longest = int(np.max(horizons))
    moments = np.cumsum(largest_second_moments(problem, ParticleDualAveraging(longest).coolings))
    index = np.asarray(horizons, dtype=np.int64)
    entropies = problem.temperature * (_entropy(quadrature, best) - _second_entropy(quadrature))
    total = (
        (horizons - 1) * reach**2 / problem.temperature
        + 2 * reach * (horizons + 2)
        + problem.l2 * (moments[index - 1] - horizons * float(best @ quadrature.norms))
        + entropies
    )
    return np.asarray(2 * total / (horizons * (horizons + 3)))


def largest_second_moments(problem: MeanFieldProblem, coolings: Array) -> Array:
    """Return sup E‖θ‖² over densities ∝ exp(−c(ψ + λ₁‖θ‖²)/λ₂), |ψ| ≤ sup|ℓ′h|, at coolings c, shape of c.

    The supremum puts ψ low outside of a ball and high inside; its radius is searched on a grid of 4001, and the result
    rounded up by 10⁻³.
    """
    half = problem.dimension / 2
    reach = problem.loss.largest_slope * problem.neuron.bound
    radii = np.linspace(0.0, half + 2 * reach / problem.temperature + 50, 4001)
    outside, second = gammaincc(half, radii), gammaincc(half + 1, radii)
    gain = np.expm1(2 * coolings[:, np.newaxis] * reach / problem.temperature)
    ratio = np.max((1 + gain * second) / (1 + gain * outside), axis=1)
    return np.asarray(1.001 * half * problem.temperature / (problem.l2 * coolings) * ratio)


def _response(quadrature: Quadrature) -> tuple[Array, Array]:
    """Return K (n, n) and the diagonal of D (n,) at the optimum."""
    problem, g = quadrature.problem, quadrature.optimum
    z = problem.loss.conjugate_slope(g, problem.labels)
    scale = problem.size * problem.temperature
    return quadrature.covariance(g) / scale, problem.loss.curvature(z, problem.labels)


def _entropy(quadrature: Quadrature, probabilities: Array) -> float:
    """Return E log q of a density given by the probabilities of the nodes."""
    log_density = np.log(np.maximum(probabilities, np.finfo(float).tiny)) - math.log(quadrature.volume)
    return float(probabilities @ log_density)


def _second_entropy(quadrature: Quadrature) -> float:
    """Return E Ent(q_2) over the first example, q_1 = p[0]."""
    problem = quadrature.problem
    slopes = problem.loss.slope(quadrature.predictions(np.zeros(problem.size)), problem.labels)
    laws = quadrature.gibbs(problem.size * np.diag(slopes), ParticleDualAveraging(1).coolings[0])
    return float(np.mean([_entropy(quadrature, law) for law in laws]))
