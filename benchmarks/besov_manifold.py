"""Time of composition and manifold: direction learning, kernels on the torus, the Jensen bound, tubes, neighbours.

`setup` runs a method once before it is timed, so that no figure has compilation in it.
"""

from __future__ import annotations

import numpy as np

from benchmarks import named
from dltheory.besov.affine import RotationAverage, lattice_counts
from dltheory.besov.affine_kernel import TorusKernel, spectrum
from dltheory.besov.composition import AdditiveTarget, AffineTarget, uniform_ball
from dltheory.besov.composition_fit import AdditiveRegression
from dltheory.besov.local import LocalAverage
from dltheory.besov.local_projection import TangentPieces
from dltheory.besov.manifold import Spectrum, circle
from dltheory.besov.manifold_kernel import Matern
from dltheory.besov.manifold_risk import tube_profile
from dltheory.besov.single_index import IndexRegression
from dltheory.besov.smoothness import Smoothness


class ProfileLeastSquares:
    """Direction and function in R^D from n points, eight starts, (16 n)^(1/3) cosines."""

    size, tiny = 16384, 256
    params, param_names = [[2, 4]], ["D"]

    def setup(self, ambient):
        space, rng = Smoothness((1.0,)), np.random.default_rng(0)
        target = AffineTarget.on_boundary(space, rng, ambient)
        self.x = uniform_ball(rng, self.size, ambient)
        self.y = target(self.x) + 0.25 * rng.standard_normal(self.size)
        self.method = IndexRegression.from_theory(space, self.size, 0.25)
        IndexRegression(space, 8).fit(self.x[:64], self.y[:64], rng)

    @named("profile least squares over the direction, n = 16384, 64 terms")
    def time_fit(self, ambient):
        self.method.fit(self.x, self.y, np.random.default_rng(1))


class TwoLayers:
    """Gauss–Newton through both layers of an additive model in D = 3."""

    size, tiny = 16384, 512

    def setup(self):
        rng = np.random.default_rng(0)
        target = AdditiveTarget.on_boundary(1.0, 3, rng)
        self.x = rng.random((self.size, 3))
        self.y = target(self.x) + 0.25 * rng.standard_normal(self.size)
        self.method = AdditiveRegression.from_theory(1.0, self.size, 0.25, scale=0.7)

    @named("least squares through two layers, n = 16384, D = 3")
    def time_fit(self):
        self.method.fit(self.x, self.y)


class JensenCurve:
    """The lower bound of all linear estimators at ten n up to 2^60, lattice counted anew."""

    size, tiny = 10, 2
    params, param_names = [[2, 4, 8]], ["D"]

    def setup(self, dimension):
        RotationAverage(dimension, 1.0, squares=64).jensen(1e-3)

    @named("Jensen bound over rotations, ten n up to 2^60")
    def time_curve(self, dimension):
        lattice_counts.cache_clear()
        average = RotationAverage(dimension, 1.0)
        for variance in np.geomspace(2.0**-60, 2.0**-10, self.size):
            average.jensen(float(variance))


class KernelOnTorus:
    """Exact average risk of kernel ridge regression on n points of the torus, matched and not."""

    size, tiny = 1024, 32
    params, param_names = [["matched", "smoother"]], ["kernel"]

    def setup(self, kernel):
        self.target = TorusKernel(spectrum(256, 2, 1.0))
        self.kernel = self.target if kernel == "matched" else TorusKernel(spectrum(256, 2, 2.0))
        self.points = self.target.sample(np.random.default_rng(0), self.size)

    @named("average risk of kernel ridge regression on the torus, n = 1024")
    def time_risk(self, kernel):
        self.kernel.average_risk(self.points, self.target, 1.0, 1.0)


class Tube:
    """What windows see in a tube around the circle, and finding the circle in it."""

    size, tiny = 8192, 512

    def setup(self):
        space, rng = circle(3), np.random.default_rng(0)
        self.points = space.thicken(rng, space.sample(rng, self.size), 0.3)
        self.at = space.thicken(rng, space.sample(rng, 256), 0.3)
        self.clean = Spectrum(1.0).draw(rng, 8)(np.linspace(0, 6, self.size))
        self.truth = np.zeros((8, 256))
        self.kernel = Matern(1.0)
        self.inside = [points / 2 for points in (self.points, self.at)]  # the kernel lives on the unit ball
        self.kernel.gram(self.at[:2], self.at[:2])

    @named("profile of a tube by quadrature, r = 1/2")
    def time_profile(self):
        tube_profile.cache_clear()
        tube_profile(1.0, 0.5)

    @named("local principal components, n = 8192")
    def time_local_projection(self):
        TangentPieces.fit(self.points, 1, 0.7, pieces=256, used=self.size)

    @named("risk of nearest neighbours at 256 points, n = 8192")
    def time_neighbours(self):
        LocalAverage("neighbours", self.size // 32).risk(self.points, self.at, self.clean, self.truth, 1.0)

    @named("Matérn Gram matrix against 256 points, n = 8192")
    def time_gram(self):
        self.kernel.gram(*self.inside)
