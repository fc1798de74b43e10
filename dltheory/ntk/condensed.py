"""Regression on the sphere with any number of degrees, a few hundred of them standing for the rest.

The moment recursion is linear in multiplicity and energy of a degree, so a sum over many degrees may be
replaced by a quadrature: nodes at real degrees, whose weights scale multiplicity and energy. Listed degrees
are kept one by one; beyond, every parity is a Gauss rule on panels in log k.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dltheory.ntk.expected_risk import ModelSpectrum
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.spectrum import continued_eigenvalues, degree_decay
from dltheory.ntk.sphere import multiplicity

Array = npt.NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_PANEL = math.log(2) / 2


def condense(problem: SphereRegression, *, r: float, reach: float) -> tuple[ModelSpectrum, float]:
    """Return the spectrum of `problem` continued up to degree `reach`, and the energy of the target beyond.

    `problem` is a target on the boundary of the source set r, listed up to some degree K; in each parity its
    law G_k = b k^{-2re-1} goes on from the last listed degree. The relative error of a sum over degrees is of
    order (e/K)².

    Source: derived (midpoint rule of Euler–Maclaurin).
    """
    columns = [[problem.eigenvalues], [problem.multiplicity], [problem.energy]]
    last = problem.energy.size - 1
    if reach <= last:
        return _spectrum(columns, problem.noise_variance), problem.tail_energy
    exponent = 2 * r * degree_decay(problem.kernel, "even")[1] + 1
    tail = 0.0
    for end in (last - 1, last):
        k, weight = _rule(end + 1, reach)
        amplitude = float(problem.energy[end]) * end**exponent
        columns[0].append(continued_eigenvalues(problem.kernel, "odd" if end % 2 else "even", k))
        columns[1].append(weight * multiplicity(problem.kernel.dim, k))
        columns[2].append(weight * amplitude * k**-exponent)
        tail += amplitude * reach ** (1 - exponent) / (exponent - 1) / 2
    return _spectrum(columns, problem.noise_variance), tail


def _spectrum(columns: list[list[Array]], noise_variance: float) -> ModelSpectrum:
    eigenvalues, multiplicities, energy = (np.concatenate(c) for c in columns)
    return ModelSpectrum(eigenvalues, multiplicities, energy, noise_variance)


def _rule(start: float, reach: float) -> tuple[Array, Array]:
    """Return real degrees and weights with Σ_{k = start+1, start+3, ...} f(k) ≈ Σ weight f(node) up to `reach`."""
    low, high = math.log(start), math.log(reach)
    count = max(1, math.ceil((high - low) / _PANEL))
    edges = np.linspace(low, high, count + 1)
    half = (edges[1] - edges[0]) / 2
    k = np.exp((edges[:-1] + half)[:, None] + half * _NODES).ravel()
    return k, np.tile(_WEIGHTS, count) * half * k / 2
