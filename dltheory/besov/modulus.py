"""The modulus of smoothness on a grid: the definition of the anisotropic norm, for small cases.

Source: Suzuki & Nitanda 2021, section 2; restated by two later papers.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]


def difference(values: Array, shift: tuple[int, ...], order: int) -> Array:
    """Return Δ_h^r f on a grid of cells, h = `shift` cells, only where x and x + rh are in the cube."""
    reach = [order * step for step in shift]
    if any(abs(r) >= size for r, size in zip(reach, values.shape, strict=True)):
        return np.zeros((0,) * values.ndim)
    total: Array | float = 0.0
    for j in range(order + 1):
        start = [max(-r, 0) + j * step for r, step in zip(reach, shift, strict=True)]
        window = tuple(
            slice(first, first + size - abs(r)) for first, size, r in zip(start, values.shape, reach, strict=True)
        )
        total = total + (-1) ** (order - j) * math.comb(order, j) * values[window]
    return np.asarray(total)


def modulus(values: npt.ArrayLike, widths: tuple[float, ...], order: int, p: float) -> float:
    """Return w_{r,p}(f, t) = sup over |h_i| ≤ t_i of ‖Δ_h^r f‖_p, h in whole cells of the grid `values`."""
    grid = np.asarray(values, float)
    if grid.ndim != len(widths):
        raise ValueError(f"the grid has {grid.ndim} directions, the widths {len(widths)}")
    if order < 1:
        raise ValueError(f"the order of a difference is at least 1, got {order}")
    if not grid.size or not np.all(np.isfinite(grid)):  # a maximum passes over NaN
        raise ValueError(f"a function on a grid has finite values, at least one, got shape {grid.shape}")
    if not (p > 0 and min(widths) >= 0):
        raise ValueError(f"p must be positive and widths at least 0, got {p:g} and {widths}")
    steps = [min(math.floor(t * size + 1e-9), size // order) for t, size in zip(widths, grid.shape, strict=True)]
    found = 0.0
    # Δ_{−h} is Δ_h up to sign and place: half of the shifts are enough
    for shift in itertools.product(range(steps[0] + 1), *(range(-step, step + 1) for step in steps[1:])):
        change = np.abs(difference(grid, shift, order))
        if change.size:
            found = max(found, change.max() if p == math.inf else float((np.sum(change**p) / grid.size) ** (1 / p)))
    return float(found)


def besov_norm(values: npt.ArrayLike, smoothness: Smoothness, levels: int) -> float:
    """Return ‖f‖_p + (Σ_k [2^k w_{r,p}(f, (2^{−k/s_i}))]^q)^{1/q}, k = 0 … levels − 1, r = max ⌊s_i⌋ + 1.

    A direction with infinite s_i is left out of r and of the shifts.
    """
    grid, p, q = np.asarray(values, float), smoothness.p, smoothness.q
    order = max(math.floor(value) for value in smoothness.s if value < math.inf) + 1
    terms = [
        2.0**k * modulus(grid, tuple(0.0 if s == math.inf else 2.0 ** (-k / s) for s in smoothness.s), order, p)
        for k in range(levels)
    ]
    size = np.abs(grid)
    length = float(size.max() if p == math.inf else np.mean(size**p) ** (1 / p))
    return length + float(max(terms) if q == math.inf else np.sum(np.power(terms, q)) ** (1 / q))
