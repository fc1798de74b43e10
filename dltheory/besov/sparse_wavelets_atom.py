"""One atom from a fixed set: f(x) = c φ(a(x − s)), φ the centred cubic B-spline, fitted by non-linear least squares.

The class I_Φ^0 with one term: three parameters that the estimate is not linear in, so the risk is 3σ²/n (1 + o(1)),
whatever the smoothness of φ. φ is a sum of truncated cubes, which a ReLU network has to any accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from dltheory.besov.change_points import require_line_sample
from dltheory.least_squares import require_different

Array = npt.NDArray[np.float64]
_BINS = 128  # the search for a start sees averages over as many bins


@dataclass(frozen=True)
class Atom:
    """c φ(a(x − s)) on [0, 1]: `height` c, `dilation` a > 0 and `centre` s."""

    height: float
    dilation: float
    centre: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.height) and math.isfinite(self.centre)):
            raise ValueError(f"height and centre must be finite, got {self.height} and {self.centre}")
        if not 0 < self.dilation < math.inf:
            raise ValueError(f"the dilation must be positive and finite, got {self.dilation}")

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return the values at x, in its shape."""
        u = np.abs(self.dilation * (np.asarray(x, dtype=np.float64) - self.centre))
        inner = 2 / 3 - u * u + u**3 / 2
        return np.asarray(self.height * np.where(u < 1, inner, np.maximum(2 - u, 0.0) ** 3 / 6))

    def squared_distance(self, other: Atom) -> float:
        """Return ∫_0^1 (f − g)², exactly: Gauss–Legendre between all knots, where the integrand has degree six."""
        knots = np.concatenate([f.centre + np.arange(-2, 3) / f.dilation for f in (self, other)])
        edges = np.concatenate([[0.0], np.sort(knots[(knots > 0) & (knots < 1)]), [1.0]])
        node, weight = np.polynomial.legendre.leggauss(4)
        half = np.diff(edges)[:, None] / 2
        x = edges[:-1, None] + half * (node + 1)
        return float(np.sum(half * weight * (self(x) - other(x)) ** 2))


def fit(
    x: npt.ArrayLike, y: npt.ArrayLike, *, dilations: tuple[float, float] = (4.0, 16.0), starts: int = 4,
    fixed_dilation: float | None = None,
) -> Atom:  # fmt: skip
    """Return the least-squares atom for y (n,) at x (n,) in [0, 1], a within `dilations`.

    Binned data are searched first: a grid over (log a, s), the height profiled out, gives the `starts` best points,
    each followed by Levenberg–Marquardt. From the best end it goes on on all data. `fixed_dilation` holds a fixed.
    """
    x, y = (np.ascontiguousarray(v, dtype=np.float64) for v in (x, y))
    if x.ndim != 1 or x.shape != y.shape or x.size < 4:
        raise ValueError(f"an atom needs at least four samples x and y of one length, got {x.shape} and {y.shape}")
    require_line_sample(x, y)
    require_different(x[:, None], 4, "three parameters and a residual")
    low, high = dilations if fixed_dilation is None else (fixed_dilation, fixed_dilation)
    if not 0 < low <= high < math.inf:
        raise ValueError(f"dilations must satisfy 0 < low ≤ high, got {dilations}")
    if starts < 1:
        raise ValueError(f"the search needs at least one start, got {starts}")
    grid, (middle, count, total) = _grid(low, high), _binned(x, y)
    order = np.argsort(-_profile(middle, count, total, grid), kind="stable")[:starts]
    mean = total / np.maximum(count, 1)
    ends = [_descend(middle, mean, count, *grid[i], low, high) for i in order]
    _, _, dilation, centre = min(ends)
    _, height, dilation, centre = _descend(x, y, np.ones_like(x), dilation, centre, low, high)
    return Atom(height, dilation, centre)


def _grid(low: float, high: float) -> Array:
    """Return dilations and centres (G, 2), a quarter of an atom's standard width apart."""
    steps = round(math.log(high / low) / 0.2) + 1
    scales = np.geomspace(low, high, steps)
    return np.concatenate([np.stack(np.broadcast_arrays(a, np.linspace(0, 1, int(2 * a) + 2)), axis=1) for a in scales])


def _binned(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return middles, counts and sums of y over equal bins of [0, 1]."""
    bins = min(_BINS, x.size)
    index = np.minimum((x * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins).astype(np.float64)
    total = np.asarray(np.bincount(index, weights=y, minlength=bins), dtype=np.float64)
    return (np.arange(bins) + 0.5) / bins, count, total


def _profile(middle: Array, count: Array, total: Array, grid: Array) -> Array:
    """Return by how much the best height lowers the sum of squares, for every point of the grid (G,)."""
    u = np.abs(grid[:, :1] * (middle - grid[:, 1:]))
    phi = np.where(u < 1, 2 / 3 - u * u + u**3 / 2, np.maximum(2 - u, 0.0) ** 3 / 6)
    return np.asarray((phi @ total) ** 2 / (phi**2 @ count + 1e-12))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _moments(x: Array, y: Array, w: Array, c: float, a: float, s: float) -> tuple[float, Array, Array]:
    """Return Σwr², JᵀWJ and JᵀWr for the residuals r = y − cφ(a(x − s)) and parameters (c, log a, s)."""
    square, normal, gradient = 0.0, np.zeros((3, 3)), np.zeros(3)
    j = np.zeros(3)
    for i in range(len(x)):
        v = a * (x[i] - s)
        u = abs(v)
        if u >= 2:
            square += w[i] * y[i] * y[i]
            continue
        sign = 1.0 if v > 0 else -1.0
        if u < 1:
            phi, slope = 2 / 3 - u * u + u * u * u / 2, (1.5 * u - 2) * v
        else:
            phi, slope = (2 - u) ** 3 / 6, -sign * (2 - u) ** 2 / 2
        r = y[i] - c * phi
        square += w[i] * r * r
        j[0], j[1], j[2] = phi, c * slope * v, -c * slope * a
        for p in range(3):
            gradient[p] += w[i] * j[p] * r
            for q in range(3):
                normal[p, q] += w[i] * j[p] * j[q]
    return square, normal, gradient


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _descend(
    x: Array, y: Array, w: Array, a: float, s: float, low: float, high: float
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return (Σwr², c, a, s) at the end of Levenberg–Marquardt from (a, s), a kept within [low, high]."""
    _, normal, gradient = _moments(x, y, w, 0.0, a, s)
    c = gradient[0] / (normal[0, 0] + 1e-12)
    square, normal, gradient = _moments(x, y, w, c, a, s)
    damping = 1e-3
    for _ in range(100):
        damped = normal.copy()
        for p in range(3):
            damped[p, p] += damping * normal[p, p] + 1e-12
        step = np.linalg.solve(damped, gradient)
        new_a = min(max(a * math.exp(min(max(step[1], -1.0), 1.0)), low), high)
        new_c, new_s = c + step[0], s + step[2]
        new_square, new_normal, new_gradient = _moments(x, y, w, new_c, new_a, new_s)
        if new_square <= square:
            done = square - new_square <= 1e-11 * square
            c, a, s, square, normal, gradient = new_c, new_a, new_s, new_square, new_normal, new_gradient
            damping = max(damping / 10, 1e-12)
            if done:
                break
        else:
            damping *= 10
            if damping > 1e8:
                break
    return square, c, a, s
