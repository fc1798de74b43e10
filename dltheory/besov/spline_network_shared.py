"""The constructive network evaluated with shared blocks: what a point needs, and no more.

At a point m + 1 atoms of a level and direction are not zero, exactly, and those of other points use the same blocks
shifted: the network of N atoms costs (m + 1)^d products a point and level whatever N is. Written once for numpy arrays
and torch tensors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dltheory.besov import splines
from dltheory.besov.terms import Level, SplineSeries, require_points
from dltheory.devices import to_device, to_host
from dltheory.relu.product import GUARD, Numbers, multiply, multiply_all, positive, require_bits, smaller

if TYPE_CHECKING:
    from dltheory.besov.spline_network import Variant

Array = npt.NDArray[np.float64]
_CHUNK = 4096  # points at a time: the products of a level then stay in the cache


def evaluate(
    series: SplineSeries, bits: int, variant: Variant, x: npt.ArrayLike, device: str = "cpu",
    dtype: npt.DTypeLike = "float64",
) -> Array:  # fmt: skip
    """Return the network's values at points x (n, d) of the unit cube, shape (n,)."""
    require_bits(bits, dtype)
    points = require_points(x, series.dimension)
    levels = [level for level in series.levels if level.count]
    tables = [_moved(level.coefficients.ravel().astype(dtype), device) for level in levels]
    found = [np.zeros(0)]
    for start in range(0, len(points), _CHUNK):
        chunk = points[start : start + _CHUNK]
        total = _moved(np.zeros(len(chunk), dtype), device)
        for level, table in zip(levels, tables, strict=True):
            total += _level_values(level, table, series.order, bits, variant, chunk, device, dtype)
        found.append(total if device == "cpu" else to_host(total))
    return np.concatenate(found)


def features(
    order: int, pieces: tuple[int, ...], bits: int, x: npt.ArrayLike, variant: Variant = "powers"
) -> sparse.csr_array:
    """Return the outputs of the network's last hidden layer for one level, all atoms of it: sparse (n, Π(K_i + m))."""
    require_bits(bits)
    points = require_points(x, len(pieces))
    places, factors = _local(order, pieces, bits, variant, points, "cpu", "float64")
    values = multiply_all(factors, bits, GUARD) if len(pieces) > 1 else factors[0]
    rows = np.broadcast_to(np.arange(len(points)), places.shape)
    size = math.prod(k + order for k in pieces)
    return sparse.csr_array((values.ravel(), (rows.ravel(), places.ravel())), shape=(len(points), size))


def univariate_values(position: Numbers, order: int, bits: int, variant: Variant) -> Numbers:
    """Return the network's N_m(t + a), a = 0 … m, for positions t (n,) in [0, 1], shape (m + 1, n)."""
    steps = range(order + 1)
    inner = _powers(position, order, bits) if variant == "powers" else _recursion(position, order, bits)
    kept = [smaller(inner[a], smaller(position + a, order + 1 - a - position)) for a in steps]
    return _stacked([positive(value) for value in kept])


def _powers(position: Numbers, order: int, bits: int) -> list[Numbers]:
    """Return ψ(t + a), a = 0 … m, from the powers of (t + a)/(m + 1), which neighbouring atoms share."""
    from dltheory.besov.spline_network import weights

    scaled = _stacked([(position + q) / (order + 1) for q in range(order + 1)])
    power = multiply_all(_stacked([scaled] * order), bits)
    w = weights(order)
    return [sum(float(w[j]) * power[a - j] for j in range(a + 1)) for a in range(order + 1)]


def _recursion(position: Numbers, order: int, bits: int) -> list[Numbers]:
    """Return the same by the recursion of Cox and de Boor, from N_1(t) = t and N_1(t + 1) = 1 − t."""
    below = [position, 1 - position]
    for r in range(2, order + 1):
        found = [0.0 * position for _ in range(r + 1)]
        for a in range(r):
            left = multiply((position + a) / (r + 1), below[a], bits)
            right = multiply((r - a - position) / (r + 1), below[a], bits)
            found[a] = found[a] + (r + 1) / r * left
            found[a + 1] = found[a + 1] + (r + 1) / r * right
        below = found
    return below


def _local(
    order: int, pieces: tuple[int, ...], bits: int, variant: Variant, points: Array, device: str, dtype: npt.DTypeLike
) -> tuple[npt.NDArray[np.int64], Numbers]:
    """Return the flat places ((m + 1)^d, n) of the atoms that live at n points, and their factors (d, (m + 1)^d, n)."""
    dimension, sizes = len(pieces), [k + order for k in pieces]
    strides = [math.prod(sizes[i + 1 :]) for i in range(dimension)]
    steps = np.stack(np.meshgrid(*[np.arange(order + 1)] * dimension, indexing="ij")).reshape(dimension, -1)
    base, factors = np.zeros(len(points), np.int64), []
    for i, k in enumerate(pieces):
        cell, position = splines.cells(k, points[:, i])
        base += (cell + order) * strides[i]
        values = univariate_values(_moved(position.astype(dtype), device), order, bits, variant)
        factors.append(values[_moved(steps[i], device)])
    offsets = np.asarray(strides) @ steps
    return base - offsets[:, np.newaxis], _stacked(factors)


def _level_values(
    level: Level, table: Numbers, order: int, bits: int, variant: Variant, points: Array, device: str,
    dtype: npt.DTypeLike,
) -> Numbers:  # fmt: skip
    places, factors = _local(order, level.pieces, bits, variant, points, device, dtype)
    coefficients = table[_moved(places, device)]
    if len(level.pieces) == 1:
        return (coefficients * factors[0]).sum(0)
    if 2 * level.count >= level.coefficients.size:
        return (coefficients * multiply_all(factors, bits, GUARD)).sum(0)
    # few atoms of the level are kept: the products of the others are not computed
    kept = coefficients != 0
    products = 0.0 * coefficients
    products[kept] = coefficients[kept] * multiply_all(factors[:, kept], bits, GUARD)
    return products.sum(0)


def _moved(array: npt.NDArray[Any], device: str) -> Numbers:
    return array if device == "cpu" else to_device(array, device)


def _stacked(parts: Sequence[Numbers]) -> Numbers:
    if isinstance(parts[0], np.ndarray):
        return np.stack(parts)
    import torch

    return torch.stack(list(parts))
