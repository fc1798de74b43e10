"""Sums of smooth sequences beyond the terms that one can list."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


def smooth_tail(
    term: Callable[[Array], Array], start: float, step: float, *, decay: float, reach: float, panel: float = 1.0
) -> float:
    """Return Σ_{j≥0} f(start + j step) for an f that is analytic in log k and ends as f ~ k^-decay, decay > 1.

    The midpoint rule of Euler-Maclaurin turns the sum into an integral over log k plus one derivative.
    Gauss panels of width `panel` in log k cover it up to k = `reach`; the power law is the rest.
    The relative error is of order (scale of f / start)^4 / start: start beyond a few thousand terms.
    """
    if not decay > 1:
        raise ValueError(f"decay must exceed 1 for a finite sum, got {decay}")
    first = start - step / 2
    low, high = math.log(first), math.log(max(reach, 2 * first))
    count = math.ceil((high - low) / panel)
    edges = np.linspace(low, high, count + 1)
    half = (edges[1] - edges[0]) / 2
    k = np.exp((edges[:-1] + half)[:, None] + half * _NODES)
    integral = float(np.sum(term(k) * k * _WEIGHTS) * half)
    end = math.exp(high)
    integral += float(term(np.array([end]))[0]) * end / (decay - 1)
    around = term(np.array([first - 0.5 * step, first + 0.5 * step]))
    derivative = float(around[1] - around[0]) / step
    return integral / step + step * derivative / 24
