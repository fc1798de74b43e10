"""The constructive ReLU network of a trigonometric series of many variables, and the same with fitted output weights.

Basis function l is 2^{r/2} Π cos over its r coordinates with l_i ≠ 0, every factor a wave of its own or one shared by
all that use it; the output layer has the coefficients. Inputs are the coordinates x_I that a convolution has picked.

Source: Okumoto & Suzuki 2022, theorem 7, which has the sizes of such a network. Its layers, and the accuracy
ε = 2^{−T}/(G max |c|) of each of G basis functions, are derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dltheory.gamma_smooth import series_network_shared as shared_blocks
from dltheory.gamma_smooth.blocks import below
from dltheory.gamma_smooth.cosine_network import coefficients as polynomial
from dltheory.gamma_smooth.cosine_network import feature_error, prescribed, signed_product, wave
from dltheory.gamma_smooth.fourier import FourierSeries
from dltheory.gamma_smooth.series_network_shared import Waves, inputs
from dltheory.gamma_smooth.space import GammaSpace, require_level
from dltheory.gamma_smooth.weights import require_whole
from dltheory.least_squares import require_different, require_sample, solve_identified
from dltheory.relu.network import ReLUNetwork, affine
from dltheory.relu.product import require_bits

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SeriesNetwork:
    """The network of a series: products of depth i = `bits`, M = `terms` powers for a cosine.

    It takes x_I (n, d), one column for each of the series' `coordinates`, in their order. Calling it evaluates it with
    shared blocks; `compile` gives the explicit layers.
    """

    series: FourierSeries
    bits: int
    terms: int

    def __post_init__(self) -> None:
        require_bits(self.bits)
        polynomial(self.terms)

    @classmethod
    def from_theory(cls, series: FourierSeries, level: float) -> SeriesNetwork:
        """Return the network that is equal to the series up to 2^{−T}, T = `level`; ValueError beyond float64."""
        count, largest = len(series.coefficients), float(np.abs(series.coefficients).max(initial=0.0))
        if largest == 0:
            raise ValueError("a series without a coefficient that is not zero needs no network")
        factors = max(1, int(np.count_nonzero(series.indices, axis=1).max()))
        return cls(series, *prescribed(factors, max(precision(level, count, largest), 1.0)))

    def __call__(self, x: npt.ArrayLike, device: str = "cpu", dtype: npt.DTypeLike = "float64") -> Array:
        """Return the values at points x (n, d) of the cube, shape (n,).

        With numpy on the CPU, with torch on any other device. ValueError for float32 with more bits than it can show.
        """
        series = self.series
        return shared_blocks.evaluate(series.indices, series.coefficients, self.bits, self.terms, x, device, dtype)

    @property
    def error_bound(self) -> float:
        """Return the bound Σ |c_l| · (error of basis function l) of the distance to the series, at every point."""
        support = np.count_nonzero(self.series.indices, axis=1)
        sizes = np.bincount(support, np.abs(self.series.coefficients))
        return math.fsum(size * feature_error(r, self.bits, self.terms) for r, size in enumerate(sizes.tolist()))

    def compile(self, shared: bool = False) -> ReLUNetwork:
        """Return explicit layers, every basis function with waves of its own, or `shared` by all that use one.

        Factors are padded with ones up to the largest number of coordinates that an index has.
        """
        waves = Waves.of(self.series.indices)
        if not waves.factors:
            built = affine(np.zeros(self.series.indices.shape), 1.0)
        else:
            built = (_waves_shared if shared else _waves_own)(self, waves)
        support = np.count_nonzero(self.series.indices, axis=1)
        weights = self.series.coefficients * np.exp2(support / 2)
        return built.then(affine(2 * weights[np.newaxis], -weights.sum()))


@dataclass(frozen=True)
class RefittedSeriesNetwork:
    """The network of all basis functions with γ < T, T = `level`, whose output weights are fitted to samples."""

    space: GammaSpace
    level: float
    bits: int
    terms: int

    def __post_init__(self) -> None:
        require_bits(self.bits)
        polynomial(self.terms)
        if not 0 < self.level < math.inf:
            raise ValueError(f"a level T must be positive and finite, or no block lies below it, got {self.level:g}")

    @classmethod
    def from_theory(cls, space: GammaSpace, n: int) -> RefittedSeriesNetwork:
        """Return the network with T = a† log₂ n/(2(a† − v) + 1), accurate to 2^{−T} for coefficients up to one."""
        level = space.level(n)
        indices = below(space, level)
        factors = max(1, int(np.count_nonzero(indices, axis=1).max(initial=0)))
        return cls(space, level, *prescribed(factors, max(precision(level, len(indices)), 1.0)))

    def fit(self, x: npt.ArrayLike, y: Array) -> SeriesNetwork:
        """Return the network with the least squared error on samples x (n, D), D ≥ d_max, y (n,).

        ValueError for points that leave the weights undetermined: fewer different ones than basis functions, or
        coordinates that are functions of each other.
        """
        indices = below(self.space, self.level)
        points, labels = require_sample(x, y)
        require_different(points[:, : max(indices.shape[1], 1)], len(indices), f"{len(indices)} output weights")
        design = shared_blocks.features(indices, self.bits, self.terms, points)
        return SeriesNetwork(FourierSeries(indices, solve_identified(design, labels)), self.bits, self.terms)


def precision(level: float, count: int, largest: float = 1.0) -> float:
    """Return −log₂ ε of the accuracy ε = 2^{−T}/(G max |c|) of one basis function. Derived."""
    require_level(level)
    require_whole("the number of basis functions", count)
    if not 0 < largest < math.inf:
        raise ValueError(f"the largest coefficient must be positive and finite, got {largest:g}")
    return level + math.log2(count) + math.log2(largest)


def _waves_own(network: SeriesNetwork, waves: Waves) -> ReLUNetwork:
    """Return x ↦ (1 + Π cos)/2 for every index, each with as many waves as the largest needs; l_i = 0 gives one."""
    indices, factors = network.series.indices, waves.factors
    scales, shifts = np.zeros((len(indices), factors)), np.zeros((len(indices), factors))
    places = np.zeros((len(indices), factors), np.int64)
    for row, index in enumerate(indices):
        (support,) = np.nonzero(index)
        places[row, : len(support)] = support
        scales[row, : len(support)], shifts[row, : len(support)] = inputs(index[support], waves.octaves)
    one = wave(waves.octaves, network.bits, network.terms).copies(factors).then(signed_product(factors, network.bits))
    return _scaled(places.ravel(), scales.ravel(), shifts.ravel(), indices.shape[1]).then(one.copies(len(indices)))


def _waves_shared(network: SeriesNetwork, waves: Waves) -> ReLUNetwork:
    indices = network.series.indices
    every = wave(waves.octaves, network.bits, network.terms).copies(len(waves.scale))
    start = _scaled(waves.coordinate, waves.scale, waves.shift, indices.shape[1]).then(every)
    absent, rows, columns = np.ones((len(indices), waves.factors)), [], []
    for r, (chosen, which) in waves.used.items():
        absent[chosen, :r] = 0.0
        rows.append((chosen * waves.factors + np.arange(r)[:, np.newaxis]).ravel())
        columns.append(which.ravel())
    at = (np.concatenate(rows), np.concatenate(columns))
    choice = sparse.csr_array((np.ones(len(at[0])), at), shape=(absent.size, len(waves.scale)))
    products = signed_product(waves.factors, network.bits).copies(len(indices))
    return start.then(affine(choice, absent.ravel())).then(products)


def _scaled(coordinates: Indices, scales: Array, shifts: Array, inputs_given: int) -> ReLUNetwork:
    """Return x ↦ scale · x_coordinate + shift, one output for each."""
    at = (np.arange(len(scales)), coordinates)
    return affine(sparse.csr_array((scales, at), shape=(len(scales), inputs_given)), shifts)
