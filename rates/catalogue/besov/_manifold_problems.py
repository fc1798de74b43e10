"""What the claims on data of low dimension share: designs, oracles, and risks with the knobs of the controls.

Noise, and phases of the target where that is cheap, are averaged exactly; what is left random is the design.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.local import LocalAverage
    from dltheory.besov.manifold_kernel import Matern
    from dltheory.besov.manifold_risk import Profile

Array = npt.NDArray[np.float64]
Place = Literal["circle", "sphere", "end"]
Fitted = Literal["neighbours", "linear"]
Projection = Literal["none", "oracle", "local", "random"]
_AT = 128  # points at which a risk is averaged
_FUNCTIONS = 8  # targets on one design
_CROSSING = 1.25  # risk in the tube over risk on the manifold where the bend is read off
_GRID = np.array([0.5, 1.0, 2.0])  # sizes around the expected bend, relative to it
_BEND = 21.4  # where the ratio reaches the crossing, in units of σ² r^−(2β + d); the curve's own limit for β = d = 1
_MIDDLE = 0.22  # radius of a tube: 1/r = 3 … 7 are measured
_SCALE = {"circle": 0.695, "sphere": 1.35, "end": 0.55}  # oracle neighbours over n^(2β/(2β + d)), noise 1
_LINE_SCALE = {"circle": 0.6, "end": 1.1}  # the same for lines, which cost four times as much at an end
_LOCAL_SCALE = 0.7  # radius of the neighbourhoods for principal components
_THICK = 0.45


def series_risk(
    n: int, streams: Sequence[Stream], *, d: int, beta: float, noise: float = 1.0, power: float | None = None,
    kept: int = 0,
) -> Array:  # fmt: skip
    """Return the risk of the series on the chart of the circle (d = 1) or the Clifford torus (d = 2), (R,).

    `power` replaces the exponent of the number of waves, `kept` the number itself.
    """
    from dltheory.besov.manifold import circle, clifford_torus
    from dltheory.besov.manifold_series import ChartSeries

    series = ChartSeries(d, beta)
    space = circle(3) if d == 1 else clifford_torus(4)
    waves = kept or int(series.waves(n, noise, power=power))
    return np.array([
        series.conditional_risk(s.numpy("phases"), space.angles(space.sample(s.numpy("inputs"), n)), waves, noise)
        for s in streams
    ])  # fmt: skip


def series_curve(
    n: Array, *, d: int, beta: float, noise: float = 1.0, power: float | None = None, kept: int = 0
) -> dict[str, Array]:
    """Return bias and variance of the series, exactly."""
    from dltheory.besov.manifold_series import ChartSeries

    series = ChartSeries(d, beta)
    return _parts([series.expected_risk(m, kept or series.waves(m, noise, power=power), noise) for m in n])


def neighbour_risk(
    n: int, streams: Sequence[Stream], *, place: Place, beta: float, D: int = 3, noise: float = 1.0,
    power: float | None = None, scale: float = 1.0, k: int = 0, method: Fitted = "neighbours",
) -> Array:  # fmt: skip
    """Return the risk of nearest neighbours on the circle or sphere, or at the end of a half circle, (R,).

    "linear" fits a line to them in place of a mean (curves only). `power` replaces the theorem's exponent of k,
    `scale` multiplies k, `k` fixes it.
    """
    from dltheory.besov.local import LocalAverage
    from dltheory.besov.manifold import Spectrum

    average = LocalAverage(method, round(_neighbours(n, place, beta, power, scale, k, method)))
    average.require_unsaturated(beta)
    if place == "sphere":
        return np.array([_sphere_risk(average, n, s, beta, D, noise) for s in streams])
    if place == "end":
        return np.array([_end_risk(average, n, s, beta, D, noise) for s in streams])
    found = []
    for stream in streams:
        points, angles, at, truth_angles = _circle_design(n, stream, D, 0.0)
        functions = Spectrum(beta).draw(stream.numpy("phases"), _FUNCTIONS)
        found.append(average.risk(points, at, functions(angles), functions(truth_angles), noise))
    return np.array(found)


def neighbour_curve(
    n: Array, *, place: Place, beta: float, noise: float = 1.0, power: float | None = None, scale: float = 1.0,
    k: int = 0,
) -> dict[str, Array]:  # fmt: skip
    """Return bias, variance and variation inside the windows of nearest neighbours, exactly."""
    from dltheory.besov import manifold_risk

    seen = manifold_risk.profile(place, beta)
    return _parts([
        manifold_risk.neighbour_risk(seen, m, _neighbours(m, place, beta, power, scale, k), noise) for m in n
    ])  # fmt: skip


def kernel_risk(
    n: int, streams: Sequence[Stream], *, beta: float, D: int = 3, noise: float = 1.0, nu: float | None = None,
    ridge_power: float = 0.0, factor: float = 1.0,
) -> Array:  # fmt: skip
    """Return the risk of kernel ridge regression on the circle in R^D, Matérn of smoothness β unless told, (R,).

    The ridge is n^−ridge_power times `factor` times the noise variance.
    """
    from dltheory.besov import manifold_kernel
    from dltheory.besov.manifold import Spectrum

    found = []
    for stream in streams:
        points, angles, at, truth_angles = _circle_design(n, stream, D, 0.0)
        functions = Spectrum(beta).draw(stream.numpy("phases"), 4 * _FUNCTIONS)
        ridge = factor * noise**2 * float(n) ** -ridge_power
        found.append(manifold_kernel.conditional_risk(
            _matern(nu or beta), points, at, functions(angles), functions(truth_angles), noise, ridge
        ))  # fmt: skip
    return np.array(found)


def kernel_curve(
    n: Array, *, beta: float, noise: float = 1.0, nu: float | None = None, ridge_power: float = 0.0,
    factor: float = 1.0,
) -> dict[str, Array]:  # fmt: skip
    """Return bias and variance of kernel ridge regression by its deterministic equivalent."""
    from dltheory.besov import manifold_kernel
    from dltheory.besov.manifold import Spectrum

    return _parts([
        manifold_kernel.expected_risk(
            _matern(nu or beta), Spectrum(beta), m, noise, factor * noise**2 * float(m) ** -ridge_power
        )
        for m in n
    ])  # fmt: skip


def tube_risk(
    n: int, streams: Sequence[Stream], *, D: int, r: float = 0.5, beta: float = 1.0, noise: float = 1.0,
    projection: Projection = "none", power: float | None = None, k: int = 0,
) -> Array:  # fmt: skip
    """Return the risk of nearest neighbours in the tube of radius r around the circle, after a projection, (R,).

    The target depends on the nearest point of the circle only. k is the oracle's for what is left of the tube.
    """
    near = round(_tube_neighbours(n, D, r, beta, noise, projection, power, k))
    return np.array([_projected_risk(n, stream, D, r, beta, noise, projection, near) for stream in streams])


def tube_curve(
    n: Array, *, D: int, r: float = 0.5, beta: float = 1.0, noise: float = 1.0, power: float | None = None, k: int = 0
) -> dict[str, Array]:
    """Return the same risk without a projection, exactly but for the quadrature over the tube."""
    from dltheory.besov.manifold_risk import neighbour_risk as exact

    seen = tube_profile(beta, r, D)
    return _parts([exact(seen, m, _tube_neighbours(m, D, r, beta, noise, "none", power, k), noise) for m in n])


def projected_curve(n: Array, *, beta: float = 1.0, noise: float = 1.0, power: float | None = None,
                    k: int = 0) -> dict[str, Array]:  # fmt: skip
    """Return the risk after the projection onto the circle: that of nearest neighbours on the circle itself."""
    from dltheory.besov.manifold_risk import neighbour_risk as exact
    from dltheory.besov.manifold_risk import profile

    seen = profile("circle", beta)
    return _parts([exact(seen, m, _tube_neighbours(m, 3, 0.0, beta, noise, "oracle", power, k), noise) for m in n])


def tube_separation(
    n: int, streams: Sequence[Stream], *, D: int, r: float = 0.5, projection: Projection = "oracle",
    noise: float = 1.0,
) -> Array:  # fmt: skip
    """Return the risk after projection and without, on the same points, (R, 2)."""
    first = tube_risk(n, streams, D=D, r=r, noise=noise, projection=projection)
    return np.stack([first, tube_risk(n, streams, D=D, r=r, noise=noise)], axis=1)


def bend(
    inverse: float, streams: Sequence[Stream], *, beta: float = 1.0, noise: float = 0.7, thinner: float = 1.0,
    quieter: float = 0.0,
) -> Array:  # fmt: skip
    """Return the n at which a tube costs a quarter more than the circle, from measured risks around it, (R,).

    The tube has radius r = 1/`inverse`; `thinner` makes it `_radius`, `quieter` multiplies the noise by r^quieter.
    """
    radius, loud = _radius(1 / inverse, thinner), noise * inverse**-quieter
    sizes = [round(size) for size in _bend_sizes(1 / inverse, beta, noise)]
    out = []
    for stream in streams:
        ratios = [
            _projected_risk(m, stream, 3, radius, beta, loud, "none",
                            round(_tube_neighbours(m, 3, radius, beta, loud, "none", None, 0)))
            / _projected_risk(m, stream, 3, radius, beta, loud, "oracle",
                              round(_tube_neighbours(m, 3, radius, beta, loud, "oracle", None, 0)))
            for m in sizes
        ]  # fmt: skip
        out.append(_crossing(np.array(sizes, float), np.array(ratios)))
    return np.array(out)


def bend_curve(
    inverse: Array, *, beta: float = 1.0, noise: float = 0.7, thinner: float = 1.0, quieter: float = 0.0
) -> Array:
    """Return the same n from exact risks."""
    from dltheory.besov.manifold_risk import best_neighbours, profile, total_risk

    out = []
    for one in 1 / inverse:
        loud, sizes = noise * one**quieter, _bend_sizes(one, beta, noise)
        seen, flat = tube_profile(beta, _radius(float(one), thinner), 3), profile("circle", beta)
        ratios = [
            total_risk(seen, m, best_neighbours(seen, m, loud), loud)
            / total_risk(flat, m, best_neighbours(flat, m, loud), loud)
            for m in np.round(sizes)
        ]  # fmt: skip
        out.append(_crossing(np.round(sizes), np.array(ratios)))
    return np.array(out)


def _radius(r: float, thinner: float) -> float:
    """Return r^thinner in units of a radius in the middle of what is measured, so that the bend stays in sight."""
    return _MIDDLE * math.pow(r / _MIDDLE, thinner)


def tube_profile(beta: float, r: float, D: int) -> Profile:
    """Return the profile of the tube: finer for thick ones, which are followed far beyond the bend."""
    from dltheory.besov import manifold_risk

    if r < _THICK:
        return manifold_risk.tube_profile(beta, r, D, places=16, offsets=128, smallest=r / 8)
    return manifold_risk.tube_profile(beta, r, D, places=32, offsets=256, smallest=r / 32)


def _bend_sizes(r: float, beta: float, noise: float) -> Array:
    return np.asarray(_BEND * noise**2 * math.pow(r, -2 * beta - 1) * _GRID)


def _crossing(sizes: Array, ratios: Array) -> float:
    """Return where the line through log ratio against log n reaches the crossing."""
    slope, level = np.polyfit(np.log(sizes / sizes[1]), np.log(ratios), 1)
    return float(sizes[1] * np.exp((np.log(_CROSSING) - level) / slope))


def _projected_risk(
    n: int, stream: Stream, D: int, r: float, beta: float, noise: float, projection: Projection, k: int
) -> float:
    from dltheory.besov.local import LocalAverage
    from dltheory.besov.local_projection import TangentPieces, random_line
    from dltheory.besov.manifold import Spectrum, circle

    points, angles, at, truth_angles = _circle_design(n, stream, D, r)
    if projection == "oracle":
        points, at = circle(D).project(points), circle(D).project(at)
    elif projection != "none":
        pieces = (
            random_line(stream.numpy("line"), D)
            if projection == "random"
            else TangentPieces.fit(points, 1, _LOCAL_SCALE, pieces=256, used=8192)
        )
        points, at = pieces.project(points), pieces.project(at)
    functions = Spectrum(beta).draw(stream.numpy("phases"), _FUNCTIONS)
    return float(LocalAverage("neighbours", k).risk(points, at, functions(angles), functions(truth_angles), noise))


@lru_cache(maxsize=4096)
def _tube_neighbours(
    n: float, D: int, r: float, beta: float, noise: float, projection: Projection, power: float | None, k: int
) -> float:
    from dltheory.besov.manifold_risk import best_neighbours, profile

    if k:
        return k
    seen = tube_profile(beta, r, D) if projection == "none" and r > 0 else profile("circle", beta)
    if power is None:
        return best_neighbours(seen, n, noise)
    return max(best_neighbours(seen, 1024, noise) * math.pow(n / 1024, power), 1.0)


def _neighbours(
    n: float, place: Place, beta: float, power: float | None, scale: float, k: int, method: Fitted = "neighbours"
) -> float:
    """Return k ≍ n^(2β/(2β + d)) with the β that a mean can use everywhere, at most 1, or a line, at most 2."""
    twice = 2 * min(beta, 1.0 if method == "neighbours" else 2.0)
    exponent = twice / (twice + (2 if place == "sphere" else 1)) if power is None else power
    size = (_SCALE if method == "neighbours" else _LINE_SCALE)[place]
    return k or max(scale * size * float(n) ** exponent, 1.0)


def _circle_design(n: int, stream: Stream, D: int, r: float) -> tuple[Array, Array, Array, Array]:
    """Return points (n, D) and angles (n,) of a design in the tube, and the same of the points looked at."""
    from dltheory.besov.manifold import circle

    space = circle(D)
    base, looked = space.sample(stream.numpy("inputs"), n), space.sample(stream.numpy("at"), _AT)
    moved = space.thicken(stream.numpy("offsets"), base, r), space.thicken(stream.numpy("offsets at"), looked, r)
    return moved[0], space.angles(base)[:, 0], moved[1], space.angles(looked)[:, 0]


def _end_risk(average: LocalAverage, n: int, stream: Stream, beta: float, D: int, noise: float) -> float:
    """Return the risk at the end of a half circle with a uniform design, averaged over noise and phases."""
    from dltheory.besov.manifold import Spectrum

    near = np.concatenate([[0.0], np.sort(np.pi * stream.numpy("arc").random(n))[: average.k]])
    points = np.zeros((len(near), D))
    points[:, 0], points[:, 1] = np.cos(near), np.sin(near)
    j, energy = Spectrum(beta).groups(200 / near[-1])
    waves = np.vstack([np.cos(np.outer(j, near[1:])), np.sin(np.outer(j, near[1:]))])
    smoothed, squares = average.smooth(points[1:], points[:1], waves)
    cosine, sine = smoothed[:, 0].reshape(2, -1)
    missed = energy @ ((cosine - 1) ** 2 + sine**2) + Spectrum(beta).energy - energy.sum()
    return float(missed + noise**2 * squares[0])


def _sphere_risk(average: LocalAverage, n: int, stream: Stream, beta: float, D: int, noise: float) -> float:
    from dltheory.besov.manifold import sphere

    space = sphere(D)
    points = space.sample(stream.numpy("inputs"), n)
    # a target is roughest at its pole: independent points meet poles often in a few replicates, hardly ever in most
    at, poles = (
        np.pad(_lattice(stream.numpy(name), count), ((0, 0), (0, D - 3)))
        for name, count in (("at", 4 * _AT), ("poles", 4 * _FUNCTIONS))
    )
    table = _zonal(beta)
    clean, truth = (_looked_up(table, poles @ where.T) for where in (points, at))
    return float(average.risk(points, at, clean, truth, noise))


def _lattice(generator: np.random.Generator, count: int) -> Array:
    """Return a Fibonacci lattice on the sphere, rotated at random: (count, 3), each point uniform."""
    from scipy.spatial.transform import Rotation

    at = np.arange(count) + 0.5
    height, turn = 1 - 2 * at / count, at * np.pi * (3 - math.sqrt(5))
    ring = np.sqrt(1 - height**2)
    points = np.column_stack([ring * np.cos(turn), ring * np.sin(turn), height])
    return np.asarray(Rotation.random(None, generator).apply(points))


@lru_cache(maxsize=4)
def _zonal(beta: float, degrees: int = 400, knots: int = 4001) -> Array:
    """Return Σ_l l^−(β + 1/2) √(2l + 1) P_l(cos θ) at θ on a grid over [0, π]."""
    angle = np.linspace(0, np.pi, knots)
    degree = np.arange(degrees + 1)
    coefficients = np.where(degree > 0, np.maximum(degree, 1.0) ** -(beta + 0.5) * np.sqrt(2 * degree + 1), 0.0)
    return np.asarray(np.polynomial.legendre.legval(np.cos(angle), coefficients))


def _looked_up(table: Array, cosine: Array) -> Array:
    place = np.arccos(np.clip(cosine, -1, 1)) * ((len(table) - 1) / np.pi)
    left = np.minimum(place.astype(np.int64), len(table) - 2)
    return np.asarray(table[left] + (place - left) * (table[left + 1] - table[left]))


@lru_cache(maxsize=8)
def _matern(nu: float) -> Matern:
    from dltheory.besov.manifold_kernel import Matern

    return Matern(nu)


def _parts(rows: Sequence[dict[str, float]]) -> dict[str, Array]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
