"""What the claims on approximation measure: waves, networks, trigonometric series that stop, and a fit of the network.

X is 2^T throughout, T the level at which a series stops. Targets have the energy 4^{−g} on every level g of γ, the same
in each of its blocks and each function of a block, with random signs: on the boundary of the ball, and what {γ < T}
leaves falls like 4^{−T} without the growing number of blocks of a level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.gamma_smooth._spaces import power_space
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.gamma_smooth.fourier import FourierSeries
    from dltheory.gamma_smooth.series_network import SeriesNetwork
    from dltheory.gamma_smooth.space import GammaSpace

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Kind = Literal["mixed", "anisotropic"]
Order = Literal["own", "reversed", "half", "short", "mixed"]
Bump = Literal["kernel", "single", "random", "last"]
REACH = {"mixed": 9.0, "anisotropic": 8.0}  # levels of the targets: beyond, the energy is added exactly
_FIT_REACH = 4.5  # of the target that is fitted, whose levels are halves
_NEW = 512  # points at which a network is held against its target


def feature_error(
    bits: Array, *, factors: int = 1, share: float = 1.0, fixed: int = 0, terms: int = 14, single: bool = False
) -> Array:
    """Return the largest error of the network of 2^{r/2} Π cos(16πx_j) over 4000 points, at every product depth i.

    The polynomial has so many `terms` that only products matter. For controls the depth is ⌊`share`·i⌋ or `fixed`, or
    layers run in float32 (`single`).
    """
    from dltheory.gamma_smooth.cosine_network import signed_product, wave

    u = np.random.default_rng(0).random((4000, factors))
    exact = np.prod(np.cos(16 * np.pi * u), axis=1)
    found = []
    for i in bits:
        depth = fixed or max(1, int(share * i))
        network = wave(3, depth, terms).copies(factors).then(signed_product(factors, depth))
        values = network(u.astype("float32") if single else u)[:, 0].astype(float)
        found.append(2 ** (factors / 2) * np.max(np.abs(2 * values - 1 - exact)))
    return np.array(found)


def feature_bound(bits: Array, *, factors: int = 1) -> Array:
    """Return the bound of that, 2^{r/2} (r (25.7 · 4^{−i}/4 + 2|c_15|) + (r − 1) 4^{−i})."""
    from dltheory.gamma_smooth.cosine_network import feature_error

    return np.array([feature_error(factors, int(i), 14) for i in bits])


def space(kind: Kind) -> GammaSpace:
    """Return the space of infinitely many variables of the claims: a_i = i if mixed, i² if anisotropic."""
    return power_space(kind, 1.0 if kind == "mixed" else 2.0)


def even_energies(of: GammaSpace, reach: float) -> tuple[Indices, Array]:
    """Return blocks (number, d) with γ < `reach`, and their energies 4^{−g}, shared evenly by the blocks of level g."""
    from dltheory.gamma_smooth.blocks import blocks

    found = blocks(of, reach)
    gamma, which = np.unique(np.round(of.gamma(found), 9), return_inverse=True)
    return found, (4.0**-gamma / np.bincount(which))[which]


@lru_cache(maxsize=4)
def even_target(of: GammaSpace, reach: float) -> tuple[Indices, Array]:
    """Return multi-indices (G, d) and the sizes of their coefficients, blocks in the order of γ."""
    from dltheory.gamma_smooth.blocks import frequencies

    found, energies = even_energies(of, reach)
    indices = np.concatenate([frequencies(block) for block in found])
    counts = np.exp2(found.sum(axis=1))
    return indices, np.repeat(np.sqrt(energies / counts), counts.astype(int))


def kept(of: GammaSpace, blocks: Indices, level: float, order: Order = "own") -> npt.NDArray[np.bool_]:
    """Return which blocks a series up to level T has; for controls in another order.

    "reversed" gives the last coordinate's weight to the first one and so on, "half" and "short" stop at T/2 and T − 1,
    "mixed" takes the sum of a_i s_i whatever γ is.
    """
    from dltheory.gamma_smooth.risk import weighted

    weights = of.weights.first(blocks.shape[1])
    gamma = weighted(
        weights[::-1] if order == "reversed" else weights, "mixed" if order == "mixed" else of.kind, blocks
    )
    return np.asarray(gamma < {"half": level / 2, "short": level - 1}.get(order, level) - 1e-9)


def truncation_error(x: Array, *, kind: Kind, order: Order = "own") -> Array:
    """Return ‖f − f_T‖² by Parseval for f with signs, f_T its series on {γ < T}, exactly, at X = 2^T."""
    from dltheory.gamma_smooth.blocks import block_of
    from dltheory.gamma_smooth.fourier import FourierSeries, squared_distance

    function = signed(kind, np.random.default_rng(0))
    blocks, found = block_of(function.indices), []
    for level in np.log2(x):
        inside = kept(space(kind), blocks, level, order)
        series = FourierSeries(function.indices[inside], function.coefficients[inside])
        found.append(squared_distance(function, series) + beyond(kind))
    return np.array(found)


def truncation_tail(x: Array, *, kind: Kind, order: Order = "own") -> Array:
    """Return the energy of the blocks that are left out."""
    blocks, energies = even_energies(space(kind), REACH[kind])
    levels = np.log2(x)
    return np.array([energies[~kept(space(kind), blocks, level, order)].sum() for level in levels]) + beyond(kind)


def beyond(kind: Kind) -> float:
    """Return the energy of the levels that are not held, Σ_{g ≥ reach} 4^{−g}."""
    return float(4.0 ** -REACH[kind] * 4 / 3)


def signed(kind: Kind, generator: np.random.Generator) -> FourierSeries:
    """Return the target with random signs."""
    from dltheory.gamma_smooth.fourier import FourierSeries

    indices, sizes = even_target(space(kind), REACH[kind])
    return FourierSeries(indices, sizes * generator.choice([-1.0, 1.0], len(sizes)))


def spike_error(x: Array, *, p: float, alpha: float, bump: Bump = "kernel") -> Array:
    """Return ‖f‖² of the f with one block, γ(s) = T, and ‖f‖_{F_p} = 1: what {γ < T} leaves of it, at X = 2^T.

    a = (1, 2). For `alpha` = 1 γ is mixed and s = (T, 0), for 3/2 anisotropic and s = (T, T/2), T even. In each
    coordinate f is a kernel that sits at one point, smooth over its octave of frequencies; for controls a "single"
    frequency, "random" signs, or the kernel in the "last" coordinate only, s = (0, T/2).
    """
    found = []
    for level in np.log2(x):
        octaves = [round(level)] if alpha == 1 else [round(level), round(level / 2)]
        if bump == "last":
            octaves = [round(level / 2)]
        ratios = [_norm_ratio(s, p, bump) for s in octaves]
        found.append(4.0**-level * math.prod(ratios) ** 2)
    return np.array(found)


def _norm_ratio(s: int, p: float, bump: Bump) -> float:
    """Return ‖K‖_2/‖K‖_p of a trigonometric polynomial with frequencies 2^{s−1} … 2^s − 1."""
    low, size = 2 ** (s - 1), 64 * 2**s
    waves = np.zeros(size // 2 + 1, complex)
    if bump == "single":
        waves[low] = 1.0
    else:
        window = np.sin(np.pi * (np.arange(low) + 0.5) / low) ** 2
        signs = np.random.default_rng(s).choice([-1.0, 1.0], low) if bump == "random" else 1.0
        waves[low : 2 * low] = window * signs
    values = np.abs(np.fft.irfft(waves, size))
    return float(np.mean(values**2) ** 0.5 / np.mean(values**p) ** (1 / p))


def network_against_series(
    x: Array, *, kind: Kind, bits: int = 0, terms: int = 0, share: float = 1.0, single: bool = False
) -> Array:
    """Return the largest |network − series| over 512 points, for the network prescribed for X^{−1} = 2^{−T}.

    For controls products have depth `bits` or ⌊`share`·i⌋, a cosine has `terms` powers, layers run in float32.
    """
    rng, found = np.random.default_rng(0), []
    function, points = signed(kind, rng), rng.random((_NEW, 32))
    for level in np.log2(x):
        network = _network(kind, function, level, "own", bits, terms, share)
        at = points[:, : network.series.indices.shape[1]]
        values = network.compile(True)(at.astype("float32"))[:, 0].astype(float) if single else network(at)
        found.append(np.max(np.abs(values - network.series(at))))
    return np.array(found)


def prescribed_error(x: Array) -> Array:
    """Return 2^{−T}."""
    return np.asarray(1 / x)


def network_error(
    x: Array, streams: Sequence[Stream], *, kind: Kind, order: Order = "own", bits: int = 0, terms: int = 0,
    device: str = "cpu",
) -> Array:  # fmt: skip
    """Return the mean of (f − network)² over 512 random points, (R, K): the network of the series of f on {γ < T}.

    What f has beyond its last level is added exactly. A replicate has the same f and the same points at every T.
    """
    found = np.empty((len(streams), len(x)))
    for r, stream in enumerate(streams):
        function = signed(kind, stream.numpy("signs"))
        points = stream.numpy("points").random((_NEW, function.indices.shape[1]))
        exact = function(points)
        for k, level in enumerate(np.log2(x)):
            network = _network(kind, function, level, order, bits, terms)
            values = network(points[:, : network.series.indices.shape[1]], device)
            found[r, k] = np.mean((exact - values) ** 2) + beyond(kind)
    return found


def _network(
    kind: Kind, function: FourierSeries, level: float, order: Order, bits: int, terms: int, share: float = 1.0
) -> SeriesNetwork:
    from dltheory.gamma_smooth.blocks import block_of
    from dltheory.gamma_smooth.fourier import FourierSeries
    from dltheory.gamma_smooth.series_network import SeriesNetwork

    inside = kept(space(kind), block_of(function.indices), level, order)
    indices = function.indices[inside]
    used = int(np.flatnonzero(indices.any(axis=0)).max(initial=-1)) + 1
    series = FourierSeries(np.ascontiguousarray(indices[:, :used]), function.coefficients[inside])
    network = SeriesNetwork.from_theory(series, level)
    return SeriesNetwork(series, bits or max(1, int(share * network.bits)), terms or network.terms)


def _fit_space() -> GammaSpace:
    return power_space("mixed", 1.0, 0.5)


def fit_level(n: float, kappa: float = 0.25, level: float = 0.0) -> float:
    """Return T = κ log₂ n, κ = a_1/(2a_1 + 1) = 1/4 for a_1 = 1/2; for a control T = `level` whatever n."""
    return level or kappa * math.log2(n)


def refitted_risk(
    n: Array, streams: Sequence[Stream], *, noise: float, kappa: float = 0.25, level: float = 0.0, terms: int = 0,
    backwards: bool = False,
) -> Array:  # fmt: skip
    """Fit the output layer of the constructive network to n samples; return the risk over 512 new points, (R, K).

    a_i = i/2, mixed. A replicate has one target, its samples are nested in n. For controls a cosine has `terms` powers,
    or the network is given the coordinates `backwards`.
    """
    from dltheory.gamma_smooth.fourier import FourierSeries
    from dltheory.gamma_smooth.series_network import RefittedSeriesNetwork

    indices, sizes = even_target(_fit_space(), _FIT_REACH)
    found = np.empty((len(streams), len(n)))
    for r, stream in enumerate(streams):
        function = FourierSeries(indices, sizes * stream.numpy("signs").choice([-1.0, 1.0], len(sizes)))
        x = stream.numpy("inputs").random((int(n[-1]), indices.shape[1]))
        y = function(x) + noise * stream.numpy("noise").standard_normal(len(x))
        points = stream.numpy("points").random((_NEW, indices.shape[1]))
        exact = function(points)
        if backwards:
            x, points = x[:, ::-1], points[:, ::-1]
        for k, count in enumerate(n.astype(int)):
            prescribed, stopped = RefittedSeriesNetwork.from_theory(_fit_space(), count), fit_level(count, kappa, level)
            network = RefittedSeriesNetwork(_fit_space(), stopped, prescribed.bits, terms or prescribed.terms)
            fitted = network.fit(x[:count], y[:count])
            found[r, k] = np.mean((exact - fitted(points[:, : fitted.series.indices.shape[1]])) ** 2)
    return found


def refitted_curve(n: Array, *, noise: float, kappa: float = 0.25, level: float = 0.0) -> Array:
    """Return the mean squared error of least squares on the G(T) functions, tail + (σ² + tail) G/(n − G − 1)."""
    from dltheory.least_squares import expected_error

    blocks, energies = even_energies(_fit_space(), _FIT_REACH)
    levels = [fit_level(float(m), kappa, level) for m in n]
    inside = [kept(_fit_space(), blocks, stopped) for stopped in levels]
    tails = np.array([energies[~part].sum() for part in inside])
    return expected_error(tails, [np.exp2(blocks[part].sum(axis=1)).sum() for part in inside], n, noise)
