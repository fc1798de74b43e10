"""Time and memory of anisotropic smoothness: designs, least squares, wavelets, kernels and exact risks."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import named
from dltheory import opponents
from dltheory.besov import minimax, projection, selection, wavelets
from dltheory.besov.cosine import evaluate, ordered_indices
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov, MixedBesov
from dltheory.besov.targets import MixedTarget, RankTarget, SpikyTarget, hyperbolic_indices
from dltheory.besov.tensor_splines import TensorSplines
from dltheory.sequence import hard_threshold_risk, universal_threshold

ROUGH = Smoothness((1, 2))


class Designs:
    """Design matrices at n points of the square: 600 cosines, and cubic tensor splines on 32 × 8 cells."""

    size, tiny = 30_000, 50

    def setup(self):
        self.x = np.random.default_rng(0).random((self.size, 2))
        self.indices = ordered_indices(ROUGH, 600)
        self.splines = TensorSplines((32, 8), 3)
        self.splines.design(self.x[:5])

    @named("design of 600 tensor cosines, n = 30 000")
    def time_cosines(self):
        evaluate(self.indices, self.x)

    @named("sparse design of cubic tensor splines, n = 30 000")
    def time_splines(self):
        self.splines.design(self.x)

    @named("design of 600 tensor cosines, n = 30 000: peak memory")
    def peakmem_cosines(self):
        evaluate(self.indices, self.x)


class Series:
    """Values of a function of 6000 cosines at n points, as a tensor and, for a cross, term by term."""

    size, tiny = 30_000, 20

    def setup(self):
        rng = np.random.default_rng(0)
        self.x = rng.random((self.size, 3))
        self.flat = RankTarget(Smoothness((1, 2, 2)), 6000).draw(rng)
        self.cross = MixedTarget(1.0, 3, 128).draw(rng)

    @named("series of 6000 cosines in three directions at 30 000 points")
    def time_tensor(self):
        self.flat(self.x)

    @named("series on a hyperbolic cross in three directions at 30 000 points")
    def time_cross(self):
        self.cross(self.x)


class LeastSquares:
    """Least squares on 600 cosines, and Mallows' choice among rectangles of up to 200 terms."""

    size, tiny = 30_000, 1200

    def setup(self):
        rng = np.random.default_rng(0)
        self.x = rng.random((self.size, 2))
        self.y = rng.standard_normal(self.size)
        self.indices = ordered_indices(ROUGH, 600)
        self.candidates = selection.rectangles(2, 200)

    @named("least squares on 600 cosines, n = 30 000")
    def time_fit(self):
        projection.fit_series(self.indices, self.x, self.y)

    @named("Mallows' choice of a rectangle, n = 30 000")
    def time_mallows(self):
        selection.mallows(self.x, self.y, 1.0, self.candidates)


class Wavelets:
    """Eight noisy grids of 2^level cells: transform, threshold, and back."""

    size, tiny = 12, 3  # level 12 has 4096 × 64 cells

    def setup(self):
        self.space = AnisotropicBesov(ROUGH)
        shape = tuple(2**bit for bit in self.space.bits(self.size))
        self.values = np.random.default_rng(0).standard_normal((8, *shape))
        self._run()

    def _run(self):
        seen = wavelets.decompose(self.values, self.space, "db2")
        return wavelets.compose(wavelets.threshold(seen, 0.01), self.space, "db2")

    @named("anisotropic thresholding of eight grids of 4096 × 64 cells")
    def time_threshold(self):
        self._run()

    @named("anisotropic thresholding of eight grids of 4096 × 64 cells: peak memory")
    def peakmem_threshold(self):
        self._run()


class KernelRidge:
    """Ridge regression with 22 penalties on n points in four directions, predicted at 1000."""

    size, tiny = 1024, 20
    params, param_names = [["matern", "ntk", "product"]], ["kernel"]

    def setup(self, kernel):
        rng = np.random.default_rng(0)
        self.x, self.at, self.y = rng.random((self.size, 4)), rng.random((1000, 4)), rng.standard_normal(self.size)
        order: tuple[float, ...] | float = (0.5, 1.5, 1.5, 1.5) if kernel == "product" else 1.5
        self.kernel = opponents.Kernel(kernel, order)
        opponents.ridge_path(self.kernel, self.x[:10], self.y[:10], self.at[:2], [1.0])

    @named("kernel ridge, 22 penalties, n = 1024")
    def time_path(self, kernel):
        opponents.ridge_path(self.kernel, self.x, self.y, self.at, np.exp2(np.arange(-12.0, 10)))


class ExactRisks:
    """Closed forms: thresholding at n = 2^60, minimax bounds, and indices by ρ and on a cross."""

    size, tiny = 1_000_000, 100

    def setup(self):
        self.spiky = SpikyTarget.phases(Smoothness((1, 3), 8 / 7), 61)
        self.mixed = MixedBesov(1.0, 3)

    @named("exact risk of thresholding at n = 2^60, 16 phases")
    def time_threshold(self):
        cut = universal_threshold(1.0, 2.0**60)
        return math.fsum(hard_threshold_risk(values, cut, 2.0**-30, counts) for values, counts in
                         (target.groups for target in self.spiky))  # fmt: skip

    @named("Bayes risk of the hardest hypercube")
    def time_hypercube(self):
        minimax.hypercube_bound(ROUGH, 1e-9)

    @named("Bayes risk of the hardest shell of a mixed space")
    def time_shell(self):
        minimax.mixed_bound(self.mixed, 1e-9)

    @named("the first million multi-indices by ρ")
    def time_ordered(self):
        ordered_indices(ROUGH, self.size)

    @named("hyperbolic cross of reach a hundred thousand")
    def time_cross(self):
        hyperbolic_indices(2, self.size // 10)
