"""The limit of a noise-free curve's local slopes (or log-ratios), with an error that means to cover the truth.

Corrections of the form x^(−c) make the local slopes on a geometric grid a sum of geometric sequences, which
Wynn's ε-algorithm removes one after the other; logarithms make them a series in 1/log x, which Richardson
extrapolation removes. Which of the two it is, is not known: every transform is held against its own history, the
one that settles fastest is believed, and the error covers the others.

Source: P. Wynn, On a device for computing the e_m(S_n) transformation, 1956; C. Brezinski and M. Redivo Zaglia,
Extrapolation Methods, 1991 (regular transforms; no transform accelerates all sequences).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_CONTRACTION = 0.97  # differences that shrink by less than this a step are not taken to shrink
# Factor on the geometric tail d ρ/(1 − ρ). A tail like n^(−p) exceeds it (p + 1)/p times; the rest was set so that on
# 3000 random curves with one correction the error always covered the truth (99 % with two, 95 % where a logarithm of
# unknown power comes on top).
_SAFETY = 10.0
_DISAGREEMENT = 3.0  # factor on the distance to the closest other transform
_TRUST = 0.05  # an extrapolation is never believed to remove more than 95 % of the distance to the last raw value


@dataclass(frozen=True)
class Asymptote:
    """A limit with its error.

    `converged` is False where nothing contracts: then `error` is the spread of the raw sequence, infinite if its
    steps grow without turning, and no verdict but inconclusive is honest. `local_slopes` is the raw sequence.
    """

    slope: float
    error: float
    local_slopes: tuple[float, ...]
    converged: bool


@dataclass(frozen=True)
class _Candidate:
    """A transform's last value, and how far it may be from the limit."""

    value: float
    error: float


def extrapolate(
    x: npt.ArrayLike,
    log_y: npt.ArrayLike,
    *,
    error: float | npt.ArrayLike | None = None,
    rounding: float | npt.ArrayLike = 0.0,
    semilog: bool = False,
) -> Asymptote:
    """Return the exponent lim d log y / d log x of a noise-free curve (d log y / dx if semilog).

    `x` (K,) increases, geometrically (arithmetically if semilog) for the ε-algorithm to help; `error` bounds
    the relative numerical error of y and defaults to round-off; `rounding` is the part of it, beyond round-off of
    the logarithm, that jitters (a cancellation). A known log factor is for the caller to subtract.
    """
    axis, values, noise, jitter = _checked(x, log_y, error, semilog, rounding)
    steps = np.diff(axis)
    slopes = np.diff(values) / steps
    # The slopes are linear in log y: their noise, and that of anything made from them, is propagated from there.
    noise, jitter = ((e[1:] + e[:-1]) / steps for e in (noise, jitter))
    return _limit((axis[1:] + axis[:-1]) / 2, slopes, noise, jitter)


def extrapolate_level(
    x: npt.ArrayLike, log_ratio: npt.ArrayLike, *, error: float | npt.ArrayLike | None = None, semilog: bool = False
) -> Asymptote:
    """Return the limit of log(curve / (C x^a)), which is 0 where the law's constant is right.

    Here `slope` is that limit and `local_slopes` the log-ratios themselves.
    """
    return _limit(*_checked(x, log_ratio, error, semilog))


def _checked(
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    error: float | npt.ArrayLike | None,
    semilog: bool,
    rounding: float | npt.ArrayLike = 0.0,
) -> tuple[Array, Array, Array, Array]:
    """Return abscissa, values, their absolute noise and the part of it that is rounding, each (K,)."""
    grid, logs = np.asarray(x, dtype=float), np.asarray(values, dtype=float)
    if grid.shape != logs.shape or grid.ndim != 1 or len(grid) < 3:
        raise ValueError(f"an asymptote needs at least three points, got shapes {grid.shape} and {logs.shape}")
    if np.any(np.diff(grid) <= 0) or not (semilog or grid[0] > 0):
        raise ValueError("the x of a curve must increase and be positive")
    if not np.all(np.isfinite(logs)):
        raise ValueError(f"the logarithm of the curve is not finite at x = {float(grid[~np.isfinite(logs)][0]):g}")
    noise = np.broadcast_to(np.asarray(0.0 if error is None else error, dtype=float), grid.shape)
    jitter = 4 * np.finfo(float).eps * (1 + np.abs(logs)) + np.asarray(rounding, dtype=float)
    return (grid if semilog else np.log(grid)), logs, noise + jitter, jitter


def _limit(axis: Array, sequence: Array, noise: Array, rounding: Array) -> Asymptote:
    """Return the limit of a sequence whose values are known to `noise`, of which `rounding` is jitter.

    A declared error is a bound: a computed curve is smooth far below it, and a slow drift that hides under it is
    a drift all the same. So the sequence has to settle as it stands, unless it is seen to jitter; the declared
    error then only widens the result.
    """
    widened = _from_transforms(axis, sequence, noise)
    exact = _from_transforms(axis, sequence, rounding)
    if exact.converged:
        return Asymptote(widened.slope, max(widened.error, exact.error), widened.local_slopes, widened.converged)
    return widened if _jitters(sequence) else _unsettled(sequence, float(np.max(rounding)))


def _jitters(sequence: Array) -> bool:
    """Return whether the last steps turn back and forth, as noise does and a drift does not."""
    signs = np.sign(np.diff(sequence[-5:]))
    return int(np.sum(signs[1:] != signs[:-1])) >= 2


def _from_transforms(axis: Array, sequence: Array, noise: Array) -> Asymptote:
    """Return the limit of a sequence at equally spaced (for ε) abscissae, from its transforms."""
    raw = tuple(sequence.tolist())
    last, floor = float(sequence[-1]), float(np.max(noise))
    if np.ptp(sequence) <= 2 * floor:
        return Asymptote(float(np.mean(sequence)), len(sequence) * floor, raw, True)
    if not _settling(np.abs(np.diff(sequence)), floor):
        return _unsettled(sequence, floor)
    found = [c for c in (_candidate(t, sequence, noise) for t in _transforms(axis)) if c is not None]
    if not found:
        return _unsettled(sequence, floor)
    found.sort(key=lambda c: c.error)
    best = found[0]
    conflict = max((abs(best.value - c.value) - c.error for c in found), default=0.0)
    closest = min((abs(best.value - c.value) for c in found[1:]), default=0.0)
    bound = max(best.error, conflict, _DISAGREEMENT * closest, _TRUST * abs(best.value - last))
    return Asymptote(best.value, bound, raw, True)


def _settling(differences: Array, floor: float) -> bool:
    """Return whether the steps of the last third are smaller than those of the third before."""
    third = max(2, len(differences) // 3)
    late, early = np.max(differences[-third:]), np.max(differences[-2 * third : -third], initial=0.0)
    return bool(late <= max(_CONTRACTION * early, 2 * floor))


def _unsettled(sequence: Array, floor: float) -> Asymptote:
    """Return what can be said of a sequence that does not contract: its range, if it keeps turning."""
    steps = np.diff(sequence)
    signs = np.sign(steps[np.abs(steps) > floor])
    turns = int(np.sum(signs[1:] != signs[:-1]))
    spread = float(np.ptp(sequence)) + floor if turns >= 3 else math.inf
    late = sequence[len(sequence) // 2 :]
    return Asymptote(float(np.mean(late)), spread, tuple(sequence.tolist()), False)


def _transforms(axis: Array) -> list[Callable[[Array], Array]]:
    """Return maps from a sequence to an accelerated one (shorter, aligned at its end)."""
    maps: list[Callable[[Array], Array]] = [_unchanged]
    steps = np.diff(axis)
    if np.ptp(steps) <= 0.02 * np.mean(steps):
        maps += [partial(_epsilon, order=k) for k in (1, 2, 3)]
    if axis[0] > 0:
        maps += [partial(_richardson, axis=axis, order=k) for k in (1, 2, 3)]
    return maps


def _candidate(transform: Callable[[Array], Array], sequence: Array, noise: Array) -> _Candidate | None:
    """Return the transform's last value with an error from its own last four steps, None if they do not shrink."""
    values = transform(sequence)
    if len(values) < 5 or not np.all(np.isfinite(values[-5:])):
        return None
    floor = _propagated(transform, sequence, noise)
    steps = np.abs(np.diff(values[-5:]))[::-1]  # latest first
    if np.all(steps[:3] <= 3 * floor):
        return _Candidate(float(values[-1]), len(sequence) * floor)
    before = steps[1:] - floor
    if np.any(before <= 0):
        return _Candidate(float(values[-1]), float(np.max(steps)) * len(sequence) + len(sequence) * floor)
    rho = float(np.max((steps[:-1] + floor) / before))
    if rho >= _CONTRACTION:
        return None
    step = float(np.max(steps * rho ** np.arange(len(steps))))
    return _Candidate(float(values[-1]), _SAFETY * step / (1 - rho) + floor)


def _propagated(transform: Callable[[Array], Array], sequence: Array, noise: Array) -> float:
    """Return the worst change of the transform's last value under errors within `noise`, to first order."""
    base = transform(sequence)[-1]
    total = 0.0
    for i in np.flatnonzero(noise):
        moved = sequence.copy()
        moved[i] += noise[i]
        change = abs(transform(moved)[-1] - base)
        total += change if math.isfinite(change) else 0.0
    return total


def _unchanged(sequence: Array) -> Array:
    return sequence


def _epsilon(sequence: Array, order: int) -> Array:
    """Return column 2·order of Wynn's ε-table, which is exact for that many geometric terms."""
    older, newer = np.zeros(len(sequence) + 1), sequence
    for _ in range(2 * order):
        steps = np.diff(newer)
        steps = np.where(np.abs(steps) > 1e-100, steps, 1e-100)  # equal neighbours: already at the limit
        older, newer = newer, older[1 : len(newer)] + 1 / steps
    return newer


def _richardson(sequence: Array, axis: Array, order: int) -> Array:
    """Return the value at 1/ℓ = 0 of the polynomial in 1/ℓ through order + 1 neighbours (Neville's scheme)."""
    u, table = 1 / axis, sequence
    for k in range(1, order + 1):
        table = (u[:-k] * table[1:] - u[k:] * table[:-1]) / (u[:-k] - u[k:])
    return table
