"""Time and memory of dilated convolutions: picking, dense filters, exact search of a filter, training.

`setup` runs a method once before it is timed, so that no figure has imports in it.
"""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks import named
from dltheory.gamma_smooth.convolution import DilatedConvolution
from dltheory.gamma_smooth.convolution_one_hot import OneHotConvolution
from dltheory.gamma_smooth.dilated_training import DilatedTraining
from dltheory.gamma_smooth.screening import erm
from dltheory.gamma_smooth.sparse_sizes import ScatteredWeights, sizes_of
from dltheory.relu.adam import Adam

LAYERS = 6
FIELD = 3**LAYERS


class OneHot:
    """Eight coordinates picked among 729 at n points, by six dilated layers or by one wide ordinary one."""

    size, tiny = 8192, 20
    params, param_names = [["dilated", "ordinary"]], ["layout"]

    def setup(self, layout: str) -> None:
        places = np.random.default_rng(0).choice(FIELD, 8, replace=False) + 1
        build = OneHotConvolution.select if layout == "dilated" else OneHotConvolution.ordinary
        self.convolution = build(places.tolist())
        self.points = np.random.default_rng(1).random((self.size, FIELD))
        self.convolution(self.points[:5])

    @named("eight of 729 coordinates, n = 8192")
    def time_pick(self, layout: str) -> None:
        self.convolution(self.points)

    @named("eight of 729 coordinates, n = 8192: peak memory")
    def peakmem_pick(self, layout: str) -> None:
        self.convolution(self.points)


class DenseFilters:
    """Four channels and dense filters over the whole receptive field of six layers at n points."""

    size, tiny = 2048, 20

    def setup(self) -> None:
        rng = np.random.default_rng(0)
        filters = tuple(rng.standard_normal((4, 4 if layer else 1, 3)) for layer in range(LAYERS))
        self.convolution = DilatedConvolution(filters)
        self.points = rng.random((self.size, FIELD))
        self.convolution(self.points[:5])

    @named("dense dilated filters over 729 coordinates, n = 2048")
    def time_values(self) -> None:
        self.convolution(self.points)

    @named("dense dilated filters over 729 coordinates, n = 2048: peak memory")
    def peakmem_values(self) -> None:
        self.convolution(self.points)


class Sizes:
    """Places of hundreds of digits, and the sizes of the convolution that picks them, T = `size`."""

    size, tiny = 341, 9

    def setup(self) -> None:
        self.scattered = ScatteredWeights(1.0, 0.5)
        self._run()

    def _run(self) -> None:
        sizes_of(tuple(itertools.islice(self.scattered.places(np.random.default_rng(0)), self.size - 1)))

    @named("places and sizes for 340 coordinates of smoothness 1, …, 340")
    def time_sizes(self) -> None:
        self._run()


class ExactSearch:
    """Exact ERM over the one-hot filters of 81 places with 16 functions behind them, n points."""

    size, tiny = 2048, 60

    def setup(self) -> None:
        rng = np.random.default_rng(0)
        self.points, self.labels = rng.random((self.size, 81)), rng.standard_normal(self.size)
        self.frequencies = np.array([[sign * k] for k in range(1, 9) for sign in (1, -1)])
        erm(self.points[:40, :2], self.labels[:40], self.frequencies)

    @named("exact ERM over 81 one-hot filters, n = 2048")
    def time_search(self) -> None:
        erm(self.points, self.labels, self.frequencies)


class Training:
    """Eight dilated networks with three starts trained together on n samples of 27 coordinates, 50 steps."""

    size, tiny = 1024, 20

    def setup(self) -> None:
        rng = np.random.default_rng(0)
        self.training = DilatedTraining(3, adam=Adam(steps=50, step_size=0.04))
        self.points, self.labels = rng.random((8, self.size, 27)), rng.standard_normal((8, self.size))
        self.generators = [np.random.default_rng([1, r]) for r in range(8)]
        short = DilatedTraining(3, adam=Adam(steps=1))
        short.fit(self.points[:1, :20], self.labels[:1, :20], self.generators[:1])

    @named("eight dilated networks trained, n = 1024, 50 steps")
    def time_fit(self) -> None:
        self.training.fit(self.points, self.labels, self.generators)

    @named("eight dilated networks trained, n = 1024, 50 steps: peak memory")
    def peakmem_fit(self) -> None:
        self.training.fit(self.points, self.labels, self.generators)
