"""What the claims on approximation measure: products, splines as networks, projections, selections and sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.besov.smoothness import Smoothness
    from dltheory.besov.spline_network import Variant
    from dltheory.besov.terms import SplineSeries

Array = npt.NDArray[np.float64]
Grid = Literal["theory", "reversed", "isotropic"]
Choice = Literal["largest", "any", "none"]
_LOWEST = {2.0: 64, 3.0: 20}  # frequencies of direction 2 by its smoothness; s_1 = 1, so that direction 1 has 64², 20³


def product_error(
    bits: Array, *, factors: int = 2, share: float = 1.0, missing: int = 0, fixed: int = 0, guard: float = 0.0,
    single: bool = False,
) -> Array:  # fmt: skip
    """Return the largest error of the product network of depth i, at every i.

    Over 4000 random points, and for two factors over 4000 of the points that attain the supremum, u_a at a peak and u_b
    at a node of the last sawtooth. For controls the network has ⌊`share`·i⌋ − `missing` teeth, or a `fixed` number,
    or runs in float32 (`single`).
    """
    from dltheory.relu.product import product

    found = []
    for i in bits:
        teeth = fixed or max(1, int(share * i)) - missing
        rng = np.random.default_rng(0)
        points = rng.random((4000, factors))
        if factors == 2:
            points = np.concatenate([points, _worst_points(teeth, rng)])
        network = product(factors, teeth, guard)
        off = network(points.astype("float32" if single else "float64"))[:, 0].astype(float) - np.prod(points, axis=1)
        found.append(float(np.max(np.abs(off))))
    return np.array(found)


def _worst_points(bits: int, rng: np.random.Generator) -> Array:
    """Return points of the square with u_a an odd multiple of 2^{−i−1} and u_b a multiple of 2^{−i}."""
    a = (2 * rng.integers(0, 2**bits, 8000) + 1) / 2 ** (bits + 1)
    b = rng.integers(0, 2**bits + 1, 8000) / 2**bits
    points = np.stack([a + b - 0.5, b - a + 0.5], axis=1)
    return np.asarray(points[np.all((points >= 0) & (points <= 1), axis=1)])


def exact_product_error(bits: Array) -> Array:
    """Return 4^{−i}/4."""
    return np.asarray(0.25 * 4.0**-bits)


def product_bound(bits: Array, *, factors: int = 2) -> Array:
    """Return the lemma's bound, 2^{−i} for two factors and 3^r 2^{−i} for more."""
    from dltheory.relu.product import product_bound

    return np.array([product_bound(factors, int(i)) for i in bits])


def network_against_series(
    bits: Array, *, degree: int, d: int, block: Variant = "powers", share: float = 1.0, fixed: int = 0,
    single: bool = False,
) -> Array:  # fmt: skip
    """Return the largest |network − spline series| over 4000 points, at every multiplication depth i.

    The series has dyadic levels 0 … 3 of s = (1, 2) (of s = 1 for d = 1), all atoms, random coefficients in [−1, 1].
    `single` evaluates the explicit layers in float32.
    """
    from dltheory.besov.spline_network import SplineNetwork

    rng = np.random.default_rng(1)
    series, points = _random_series(degree, d, rng), rng.random((4000, d))
    exact = series(points)
    found = []
    for i in bits:
        network = SplineNetwork(series, fixed or max(1, int(share * i)), block)
        values = network.compile(True)(points[:400].astype("float32"))[:, 0] if single else network(points)
        found.append(float(np.max(np.abs(values - exact[: len(values)]))))
    return np.array(found)


def _random_series(degree: int, d: int, rng: np.random.Generator) -> SplineSeries:
    from dltheory.besov.smoothness import Smoothness
    from dltheory.besov.terms import Level, SplineSeries, dyadic

    smoothness = Smoothness((1.0, 2.0)[:d])
    pieces = [dyadic(smoothness, k) for k in range(4)]
    sizes = [tuple(k + degree for k in p) for p in pieces]
    return SplineSeries(degree, tuple(Level(p, rng.uniform(-1, 1, n)) for p, n in zip(pieces, sizes, strict=True)))


@lru_cache(maxsize=8)
def amplitudes(s2: float, lowest: int = 0) -> tuple[Array, float]:
    """Return |c| by frequencies (l_1, l_2) for s = (1, s_2), and the energy of the frequencies left out.

    The j-th index by ρ(l) = max_i (1 + l_i)^{s_i} has j^{−(s̃ + 1/2)}: a function on the boundary of B^s_{2,∞}. All
    indices with ρ ≤ R are taken, R = `lowest`^{s_2}, which is a full rectangle.
    """
    from dltheory.besov.cosine import ordered_indices, rank_coefficients, tail_energy
    from dltheory.besov.smoothness import Smoothness

    smoothness, second = Smoothness((1.0, s2)), lowest or _LOWEST[s2]
    sides = (round(second**s2), second)
    indices = ordered_indices(smoothness, sides[0] * sides[1])
    found = np.zeros(sides)
    found[tuple(indices.T)] = rank_coefficients(smoothness, len(indices))
    return found, float(tail_energy(smoothness, len(indices)))


@lru_cache(maxsize=64)
def projected_cosines(degree: int, pieces: int, frequencies: int) -> Array:
    """Return the cosines' inner products with an orthonormal basis of the splines, (K + m, frequencies)."""
    from dltheory.besov.splines import cosine_products, orthonormal

    found = orthonormal(degree, pieces, cosine_products(degree, pieces, frequencies))
    found.flags.writeable = False
    return found


def pieces_for(terms: float, s2: float, grid: Grid = "theory") -> tuple[int, ...]:
    """Return K = (K_1, K_2) for N = K_1 K_2: N^{s̃/s_i}, the two of them exchanged, or √N both."""
    from dltheory.besov.smoothness import Smoothness
    from dltheory.besov.terms import resolution

    if grid == "isotropic":
        return (max(1, round(terms**0.5)),) * 2
    found = resolution(Smoothness((1.0, s2)), terms)
    return found[::-1] if grid == "reversed" else found


def projection_error(terms: int, streams: Sequence[Stream], *, s2: float, degree: int, grid: Grid = "theory") -> Array:
    """Return ‖f − Pf‖² of the target with random signs, P the L² projection on N tensor splines, exactly, (R,)."""
    size, tail = amplitudes(s2)
    first, second = (
        projected_cosines(degree, k, n) for k, n in zip(pieces_for(terms, s2, grid), size.shape, strict=True)
    )
    energy, found = float(np.sum(size**2)) + tail, []
    for stream in streams:
        signed = size * _signs(stream, size.shape)
        found.append(energy - float(np.sum((first @ signed @ second.T) ** 2)))
    return np.array(found)


def projection_error_mean(terms: Array, *, s2: float, degree: int, grid: Grid = "theory", lowest: int = 0) -> Array:
    """Return the expectation of that over the signs, Σ c_l² (1 − ‖P_1 φ_{l_1}‖² ‖P_2 φ_{l_2}‖²).

    Where `lowest` is given the target has those frequencies only, otherwise what is left out counts in full.
    """
    size, tail = amplitudes(s2, lowest)
    found = []
    for n in terms:
        pieces = pieces_for(float(n), s2, grid)
        first, second = (
            np.sum(projected_cosines(degree, k, m) ** 2, axis=0) for k, m in zip(pieces, size.shape, strict=True)
        )
        found.append(float(np.sum(size**2 * (1 - np.outer(first, second)))) + (0.0 if lowest else tail))
    return np.array(found)


def network_error(
    terms: int, streams: Sequence[Stream], *, s2: float, degree: int, lowest: int, bits: int = 0,
    grid: Grid = "theory", device: str = "cpu",
) -> Array:  # fmt: skip
    """Return the mean of (f − network)² over 1024 random points, (R,): the N-term network of the projection of f.

    The multiplication depth is that for an accuracy of N^{−s̃}/log N, or `bits`.
    """
    from dltheory.besov.smoothness import Smoothness
    from dltheory.besov.spline_network import SplineNetwork, accuracy, prescribed_bits
    from dltheory.besov.splines import cosine_products
    from dltheory.besov.terms import Level, SplineSeries, solve_gram

    size, pieces = amplitudes(s2, lowest)[0], pieces_for(terms, s2, grid)
    first, second = (cosine_products(degree, k, n) for k, n in zip(pieces, size.shape, strict=True))
    depth = bits or prescribed_bits(degree, 2, accuracy(Smoothness((1.0, s2)), terms))
    found = []
    for stream in streams:
        signed = size * _signs(stream, size.shape)
        coefficients = solve_gram(degree, pieces, first @ signed @ second.T)
        network = SplineNetwork(SplineSeries(degree, (Level(pieces, coefficients),)), depth)
        points = stream.numpy("points").random((1024, 2))
        found.append(float(np.mean((cosine_values(signed, points) - network(points, device)) ** 2)))
    return np.array(found)


def cosine_values(coefficients: Array, x: Array) -> Array:
    """Return Σ c_l φ_{l_1}(x_1) φ_{l_2}(x_2) at points x (n, 2)."""
    tables = []
    for i, count in enumerate(coefficients.shape):
        waves = np.empty((len(x), count), complex)  # powers of e^{iπx}: ten times as fast as cosines
        waves[:, 0], waves[:, 1:] = 1.0, np.exp(1j * np.pi * x[:, i : i + 1])
        table = np.asarray(np.cumprod(waves, axis=1).real * math.sqrt(2))
        table[:, 0] = 1.0
        tables.append(table)
    return np.asarray(np.sum((tables[0] @ coefficients) * tables[1], axis=1), float)


def _signs(stream: Stream, shape: tuple[int, ...]) -> Array:
    return np.asarray(2.0 * stream.numpy("signs").integers(0, 2, shape) - 1.0, float)


_FINEST = 12  # level of the sparse target: 2^18 atoms


def _sparse_smoothness(p: float) -> Smoothness:
    from dltheory.besov.smoothness import Smoothness

    return Smoothness((1.5, 3.0), p=p)


def _kept(terms: float, p: float, speed: float, choice: Choice) -> Array:
    """Return how many of the 2^b coefficients of level 0 … 12 an N-term series keeps."""
    from dltheory.besov.terms import Selection, dyadic, total_bits

    selection = Selection(_sparse_smoothness(p))
    bits = np.array([total_bits(dyadic(selection.smoothness, k)) for k in range(_FINEST + 1)])
    kept = selection.kept(terms, bits)
    beyond = bits > math.log2(terms) + 1e-9
    if choice == "none":
        kept[beyond] = 0.0
    if speed != 1.0:
        kept[beyond] = np.ceil(
            kept[beyond] * 2.0 ** (-(speed - 1) * selection.decay * (bits[beyond] - math.log2(terms)))
        )
    return np.asarray(np.minimum(kept, 2.0**bits), float)


def selection_error(
    terms: int, streams: Sequence[Stream], *, p: float, speed: float = 1.0, choice: Choice = "largest"
) -> Array:
    """Return ‖f − f_N‖² in L², exactly, of the series that keeps O(N) B-splines of f, (R,).

    Level b of f has 2^b atoms, at random places, whose L² norms (root mean square over places) are
    2^{−b(s̃ − 1/p + 1/2)} i^{−1/p}, i = 1 … 2^b: weak-ℓ^p balls of B^s_p. For controls numbers decay `speed` times as
    fast, or `any` (or `none`) of a finer level are kept.
    """
    from dltheory.besov.terms import Level, SplineSeries, dyadic

    smoothness, degree, kept = _sparse_smoothness(p), 4, _kept(terms, p, speed, choice)
    found = []
    for stream in streams:
        levels = []
        for k, count in enumerate(kept):
            pieces = dyadic(smoothness, k)
            size = math.prod(pieces)
            rng = stream.numpy(f"level {k}")
            i = rng.permutation(size) + 1.0
            left = i > count if choice != "any" else np.arange(size) >= count
            values = (
                _level_size(pieces, p)
                / _level_norm(pieces)
                * i ** (-1 / p)
                * left
                * (2.0 * rng.integers(0, 2, size) - 1)
            )
            coefficients = np.zeros(tuple(n + degree for n in pieces))
            coefficients[degree:, degree:] = values.reshape(pieces)
            levels.append(Level(pieces, coefficients))
        found.append(SplineSeries(degree, tuple(levels)).squared_norm())
    return np.array(found)


def selection_error_mean(terms: Array, *, p: float, speed: float = 1.0, choice: Choice = "largest") -> Array:
    """Return the expectation of that over places and signs, Σ |α|² ‖M‖² over what is left out."""
    from dltheory.besov.terms import dyadic

    smoothness, found = _sparse_smoothness(p), []
    for n in terms:
        total = 0.0
        for k, count in enumerate(_kept(float(n), p, speed, choice)):
            pieces = dyadic(smoothness, k)
            size = math.prod(pieces)
            energies = (_level_size(pieces, p) * np.arange(1.0, size + 1) ** (-1 / p)) ** 2
            total += float(np.sum(energies) * (1 - count / size) if choice == "any" else np.sum(energies[int(count) :]))
        found.append(total)
    return np.array(found)


def _level_size(pieces: tuple[int, ...], p: float) -> float:
    """Return the L² norm of the largest term of a level, 2^{−b(s̃ − 1/p + 1/2)}."""
    return float(math.prod(pieces) ** -(_sparse_smoothness(p).mean - 1 / p + 0.5))


@lru_cache(maxsize=64)
def _level_norm(pieces: tuple[int, ...], degree: int = 4) -> float:
    """Return the root mean square of ‖M_{K,j}‖ over j = 0 … K_i − 1."""
    from dltheory.besov.splines import norms

    return math.sqrt(math.prod(float(np.mean(norms(degree, k)[degree:])) for k in pieces))
