"""Time and memory of functions of many variables: index sets, trigonometric series, constructive networks, sizes."""

from __future__ import annotations

import numpy as np

from benchmarks import named
from dltheory.gamma_smooth import blocks
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate
from dltheory.gamma_smooth.network_sizes import Plan
from dltheory.gamma_smooth.series_network import RefittedSeriesNetwork, SeriesNetwork
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget
from dltheory.gamma_smooth.weights import PowerWeights

MIXED = GammaSpace(PowerWeights(1), "mixed")
ANISOTROPIC = GammaSpace(PowerWeights(2), "anisotropic")


def series(level: float) -> FourierSeries:
    """Return the block law on all blocks of the mixed space below a level, with random signs."""
    return BlockTarget(MIXED, level).draw(np.random.default_rng(0))


class IndexSets:
    """Multi-indices below T = 14 and by rank, levels up to T = 150, and G(T) as a whole number."""

    size, tiny = 50_000, 100

    def setup(self):
        blocks.ranked(MIXED, 10)

    @named("multi-indices of 53 000 basis functions, block after block")
    def time_below(self):
        return blocks.below(MIXED, 14.0 if self.size > self.tiny else 4.0)

    @named("the first 50 000 multi-indices by weight")
    def time_ranked(self):
        return blocks.ranked(MIXED, self.size)

    @named("levels of γ up to T = 150")
    def time_levels(self):
        return blocks.levels(MIXED, 150.0 if self.size > self.tiny else 5.0)

    @named("number of basis functions at T = 500, exactly")
    def time_count(self):
        return ANISOTROPIC.count(500.0), GammaSpace(PowerWeights(2), "mixed").count(500.0)


class Basis:
    """Design of 647 basis functions in seven coordinates at n points."""

    size, tiny = 16_384, 20

    def setup(self):
        self.indices = blocks.below(MIXED, 8.0)
        self.x = np.random.default_rng(0).random((self.size, self.indices.shape[1]))

    @named("design of the basis below T = 8, n = 16 384")
    def time_design(self):
        evaluate(self.indices, self.x)

    @named("design of the basis below T = 8, n = 16 384: peak memory")
    def peakmem_design(self):
        evaluate(self.indices, self.x)


class SharedNetwork:
    """The network of all basis functions below T at 10^4 points with shared waves, as accurate as prescribed."""

    size, tiny = 10_000, 20
    params, param_names = [[5.0, 8.0]], ["T"]

    def setup(self, level: float) -> None:
        self.network = SeriesNetwork.from_theory(series(level), level)
        self.points = np.random.default_rng(1).random((self.size, self.network.series.indices.shape[1]))
        self.network(self.points[:10])

    @named("network of a trigonometric series at 10^4 points, shared waves")
    def time_values(self, level: float) -> None:
        self.network(self.points)

    @named("network of a trigonometric series at 10^4 points, shared waves: peak memory")
    def peakmem_values(self, level: float) -> None:
        self.network(self.points)


class ExplicitWaves:
    """The sparse compile of 57 basis functions with waves of their own or shared, and its values at 500 points."""

    size, tiny = 500, 5
    params, param_names = [[False, True]], ["shared"]

    def setup(self, shared: bool) -> None:
        self.network = SeriesNetwork.from_theory(series(5.0), 5.0)
        self.compiled = self.network.compile(shared)
        self.points = np.random.default_rng(1).random((self.size, self.network.series.indices.shape[1]))

    @named("explicit layers of 57 basis functions")
    def time_compile(self, shared: bool) -> None:
        self.network.compile(shared)

    @named("explicit layers of 57 basis functions at 500 points")
    def time_values(self, shared: bool) -> None:
        self.compiled(self.points)

    @named("explicit layers of 57 basis functions at 500 points: peak memory")
    def peakmem_values(self, shared: bool) -> None:
        self.compiled(self.points)


class RefitWaves:
    """Output weights of 57 basis functions fitted to 16 384 samples, T = 4 and two thirds."""

    size, tiny = 16_384, 100

    def setup(self):
        self.network = RefittedSeriesNetwork.from_theory(MIXED, self.size)
        rng = np.random.default_rng(0)
        self.points, self.labels = rng.random((self.size, 8)), rng.standard_normal(self.size)
        self.network.fit(self.points, self.labels)

    @named("output layer of the constructive network fitted to 16 384 samples")
    def time_fit(self):
        self.network.fit(self.points, self.labels)


class Counts:
    """Sizes of the network of 2^130 basis functions, counted without it."""

    size, tiny = 128, 8

    def setup(self):
        Plan.of(MIXED, self.tiny)

    @named("sizes of the network at T = 128")
    def time_plan(self):
        plan = Plan.of(MIXED, float(self.size))
        return plan.depth, plan.width, plan.nonzeros
