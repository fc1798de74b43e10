"""Time and memory of the sparse part of the chapter on adaptivity: change points, Brownian ridge, thresholding.

`setup` runs a method once before it is timed, so that no figure has compilation in it.
"""

from __future__ import annotations

import numpy as np

from benchmarks import named
from dltheory.besov import brownian, change_points, change_points_variation, sparse_wavelets_haar
from dltheory.besov.sparse_wavelets import SparseClass, linear_risk, threshold_risk


def sample(size: int, jumps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a sorted sample of a step function with unit noise."""
    rng = np.random.default_rng(size)
    truth = change_points.draw(rng, jumps, within=(0.1, 0.9))
    x = np.sort(rng.random(size))
    return x, truth(x) + rng.standard_normal(size)


class ChangePointScan:
    """Exact least squares with one jump on 10^6 sorted samples."""

    size, tiny = 1_000_000, 50

    def setup(self):
        self.sample = sample(self.size, 1)
        change_points.fit_sorted(*self.sample)

    @named("one change point, exact, n = 10^6, sorted")
    def time_scan(self):
        change_points.fit_sorted(*self.sample)

    @named("one change point, exact, n = 10^6, with sorting")
    def time_fit(self):
        change_points.fit(*self.sample)

    @named("one change point, exact, n = 10^6: peak memory")
    def peakmem_fit(self):
        change_points.fit(*self.sample)


class ChangePointSearch:
    """Exact least squares with several jumps on 4096 samples, by dynamic programming."""

    size, tiny = 4096, 200
    params, param_names = [[2, 3, 5]], ["jumps"]

    def setup(self, jumps):
        self.sample = sample(self.size, jumps)
        change_points.fit_sorted(*self.sample, jumps)

    @named("K change points, exact, n = 4096")
    def time_search(self, jumps):
        change_points.fit_sorted(*self.sample, jumps)


class LinearAndVariation:
    """Brownian ridge regression, its average risk and total-variation denoising on 10^6 samples."""

    size, tiny = 1_000_000, 50

    def setup(self):
        self.x, self.y = sample(self.size, 1)
        brownian.fit(self.x[:9], self.y[:9], 1.0, 1.0)
        change_points_variation.fit(self.x[:9], self.y[:9], 1.0)

    @named("Brownian kernel ridge regression, n = 10^6")
    def time_ridge(self):
        brownian.fit(self.x, self.y, 1.0, 1.0)

    @named("least average risk of linear estimators, n = 10^6")
    def time_average_risk(self):
        brownian.average_risk(self.x, 1.0, 1.0)

    @named("total-variation denoising, n = 10^6")
    def time_variation(self):
        change_points_variation.fit(self.x, self.y, 1.0)

    @named("Brownian kernel ridge regression, n = 10^6: peak memory")
    def peakmem_ridge(self):
        brownian.fit(self.x, self.y, 1.0, 1.0)


class Thresholding:
    """The thresholded Haar series of 2^20 points, and the exact risks of a sparse class at n = 2^40."""

    size, tiny = 2**20, 2**6

    def setup(self):
        self.values = np.random.default_rng(0).standard_normal(self.size)
        self.space = SparseClass(1.0, 0.5)

    @named("thresholded Haar series, n = 2^20")
    def time_fit(self):
        sparse_wavelets_haar.fit(self.values, 1.0)

    @named("exact risks of thresholding and of linear estimators, n = 2^40")
    def time_risks(self):
        threshold_risk(self.space, 2.0**40)
        linear_risk(self.space, 2.0**40)

    @named("thresholded Haar series, n = 2^20: peak memory")
    def peakmem_fit(self):
        sparse_wavelets_haar.fit(self.values, 1.0)
