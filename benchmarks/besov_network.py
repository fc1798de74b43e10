"""Time and memory of the constructive ReLU network: shared blocks, explicit layers, projections, refitting.

`setup` runs a method once before it is timed, so that no figure has imports in it.
"""

from __future__ import annotations

import numpy as np

from benchmarks import named
from dltheory.besov import splines
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network import SplineNetwork, Variant
from dltheory.besov.spline_network_fit import RefittedNetwork
from dltheory.besov.terms import Level, SplineSeries, dyadic, resolution

SMOOTHNESS = Smoothness((1.0, 2.0))


def one_level(terms: int, order: int = 3) -> SplineSeries:
    """Return random coefficients on one level of about N cells."""
    pieces = resolution(SMOOTHNESS, terms)
    shape = tuple(k + order for k in pieces)
    return SplineSeries(order, (Level(pieces, np.random.default_rng(0).standard_normal(shape)),))


def dyadic_levels(finest: int, order: int = 3) -> SplineSeries:
    """Return random coefficients on the levels 0 … `finest`."""
    rng, pieces = np.random.default_rng(0), [dyadic(SMOOTHNESS, k) for k in range(finest + 1)]
    return SplineSeries(order, tuple(Level(p, rng.standard_normal(tuple(k + order for k in p))) for p in pieces))


class SharedNetwork:
    """The network at 10^4 points with shared blocks, one level of N atoms in two directions, i = 15."""

    size, tiny = 10_000, 50
    params, param_names = [[64, 1024, 16384], ["powers", "recursion"]], ["N", "block"]

    def setup(self, terms: int, block: Variant) -> None:
        self.network = SplineNetwork(one_level(terms), 15, block)
        self.points = np.random.default_rng(1).random((self.size, 2))
        self.network(self.points[:10])

    @named("N-term network at 10^4 points, shared blocks")
    def time_values(self, terms: int, block: Variant) -> None:
        self.network(self.points)

    @named("N-term network at 10^4 points, shared blocks: peak memory")
    def peakmem_values(self, terms: int, block: Variant) -> None:
        self.network(self.points)


class NetworkOfLevels:
    """The network of all atoms on dyadic levels 0 … 9 (15 000 of them) at 10^4 points, i = 15."""

    size, tiny = 10_000, 50

    def setup(self) -> None:
        self.network = SplineNetwork(dyadic_levels(9), 15)
        self.points = np.random.default_rng(1).random((self.size, 2))
        self.network(self.points[:10])

    @named("network of ten levels at 10^4 points, shared blocks")
    def time_values(self) -> None:
        self.network(self.points)


class ExplicitLayers:
    """The sparse compile: N = 64 atoms with blocks of their own or shared, i = 11, and its values at 500 points."""

    size, tiny = 500, 5
    params, param_names = [[False, True]], ["shared"]

    def setup(self, shared: bool) -> None:
        self.network = SplineNetwork(one_level(64), 11)
        self.compiled = self.network.compile(shared)
        self.points = np.random.default_rng(1).random((self.size, 2))

    @named("explicit layers of 64 cells")
    def time_compile(self, shared: bool) -> None:
        self.network.compile(shared)

    @named("explicit layers of 64 cells at 500 points")
    def time_values(self, shared: bool) -> None:
        self.compiled(self.points)

    @named("explicit layers of 64 cells at 500 points: peak memory")
    def peakmem_values(self, shared: bool) -> None:
        self.compiled(self.points)


class ExactProducts:
    """Inner products of 512 + 3 splines and 4096 cosines in closed form, in an orthonormal basis."""

    size, tiny = 4096, 16

    def setup(self) -> None:
        splines.cosine_products(3, 8, 16)

    @named("products of 515 splines and 4096 cosines")
    def time_products(self) -> None:
        splines.orthonormal(3, 512, splines.cosine_products(3, 512, self.size))

    @named("products of 515 splines and 4096 cosines: peak memory")
    def peakmem_products(self) -> None:
        splines.orthonormal(3, 512, splines.cosine_products(3, 512, self.size))


class ExactNorm:
    """The exact L² norm of a series on ten dyadic levels of degree 3, by refinement."""

    size, tiny = 9, 2

    def setup(self) -> None:
        self.series = dyadic_levels(self.size)
        self.series.squared_norm()

    @named("exact norm of a series of ten levels")
    def time_norm(self) -> None:
        self.series.squared_norm()


class Refit:
    """The last layer refitted to 8192 samples."""

    size, tiny = 8192, 200

    def setup(self) -> None:
        self.network = RefittedNetwork.from_theory(SMOOTHNESS, self.size, 3, scale=3.0)
        rng = np.random.default_rng(0)
        self.points, self.labels = rng.random((self.size, 2)), rng.standard_normal(self.size)
        self.network.fit(self.points, self.labels)

    @named("last layer refitted to 8192 samples")
    def time_fit(self) -> None:
        self.network.fit(self.points, self.labels)
