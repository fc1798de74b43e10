"""Time and memory of the mean-field chapter: particles moved by Langevin dynamics, coordinate ascent between refreshes.

`setup` runs a method once before it is timed, so that no figure has compilation in it.
"""

from __future__ import annotations

import numpy as np

from benchmarks import named
from dltheory.meanfield import particles, psdca_particles
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, Refresh, draw_coordinates

DTYPES = ["float32", "float64"]
DIM, PARTICLES, POINTS = 10, 1024, 1000
STEP_SIZE = 0.01


def problem(size: int, temperature: float = 0.01) -> MeanFieldProblem:
    """Return the problem that all of the chapter is timed on: n points in R^10, one tanh neuron, the squared loss."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((size, DIM)) / DIM**0.5
    return MeanFieldProblem(inputs, np.sign(inputs[:, 0]), 0.01, temperature)


def start(given: MeanFieldProblem, count: int) -> np.ndarray:
    """Return particles (M, p) of the prior."""
    return psdca_particles.initial_particles(given, count, np.random.default_rng(1))


class LangevinSteps:
    """1024 particles and 1000 points in R^10, on one thread: steps a second are 100 over this time."""

    size, tiny = 100, 2
    params, param_names = [DTYPES, ["frozen", "own"]], ["dtype", "coefficients"]

    def setup(self, dtype, coefficients):
        self.problem = problem(POINTS)
        self.theta, self.g = start(self.problem, PARTICLES), np.random.default_rng(2).standard_normal(POINTS)
        self._run(dtype, coefficients, 1)

    def _run(self, dtype, coefficients, steps):
        options = {"step_size": STEP_SIZE, "steps": steps, "noise": np.random.default_rng(3), "dtype": dtype}
        if coefficients == "frozen":
            particles.langevin(self.problem, self.theta, self.g, **options)
        else:
            particles.mean_field_langevin(self.problem, self.theta, **options)

    @named("100 Langevin steps, M = 1024, n = 1000, d = 10")
    def time_run(self, dtype, coefficients):
        self._run(dtype, coefficients, self.size)

    @named("100 Langevin steps, M = 1024, n = 1000, d = 10: peak memory")
    def peakmem_run(self, dtype, coefficients):
        self._run(dtype, coefficients, self.size)


class LargeClouds:
    """A step of mean-field Langevin dynamics with 1000 points in R^10: linear in the particles, in time and memory."""

    size, tiny = POINTS, 4
    params, param_names = [[10**3, 10**4, 10**5, 10**6]], ["particles"]
    number, repeat, rounds, warmup_time = 1, 3, 1, 0

    def setup(self, count):
        self.problem = problem(self.size)
        self.theta = start(self.problem, count)
        particles.mean_field_langevin(self.problem, self.theta[:2], step_size=STEP_SIZE, steps=1, noise=_noise())

    def _run(self):
        particles.mean_field_langevin(self.problem, self.theta, step_size=STEP_SIZE, steps=1, noise=_noise())

    @named("one step of mean-field Langevin dynamics, n = 1000, d = 10")
    def time_step(self, count):
        self._run()

    @named("one step of mean-field Langevin dynamics, n = 1000, d = 10: peak memory")
    def peakmem_step(self, count):
        self._run()


class MiniBatches:
    """1024 particles, 1000 points in R^10, 32 of them a step; SVRG takes all of them every 32 steps."""

    size, tiny = 320, 3
    params, param_names = [["sgd", "svrg"]], ["gradients"]

    def setup(self, gradients):
        self.problem = problem(POINTS)
        self.theta = start(self.problem, PARTICLES)
        self._run(gradients, 1)

    def _run(self, gradients, steps):
        particles.mean_field_langevin(
            self.problem, self.theta, step_size=STEP_SIZE, steps=steps, noise=_noise(), gradients=gradients, batch=32,
            refresh=32,
        )  # fmt: skip

    @named("320 Langevin steps with mini-batches of 32, M = 1024, n = 1000, d = 10")
    def time_run(self, gradients):
        self._run(gradients, self.size)


class CoordinateUpdates:
    """Updates of dual coordinate ascent between two refreshes: linear in the particles, whatever the data points."""

    size, tiny = 200, 5
    params, param_names = [[10**2, 10**3, 10**4], [10**3, 10**4, 10**5]], ["points", "particles"]

    def setup(self, points, count):
        self.problem = problem(points, temperature=1.0)
        self.theta, self.times = start(self.problem, count), np.array([self.size])
        self.ascent = DualCoordinateAscent(self.size, refresh=Refresh(self.size + 1, STEP_SIZE, 1))
        self.drawn = draw_coordinates(points, self.size, [np.random.default_rng(4)])[0]
        self._run()

    def _run(self):
        psdca_particles.run(self.problem, self.ascent, self.theta, self.drawn, _noise(), self.times)

    @named("200 updates of dual coordinate ascent with particles, d = 10")
    def time_updates(self, points, count):
        self._run()

    @named("200 updates of dual coordinate ascent with particles, d = 10: peak memory")
    def peakmem_updates(self, points, count):
        self._run()


class TorchSteps:
    """What a GPU would run, on the CPU and on one thread."""

    size, tiny = 5, 1
    params, param_names = [DTYPES], ["dtype"]

    def setup(self, dtype):
        self.problem = problem(POINTS)
        self.theta = start(self.problem, PARTICLES)
        self._run(dtype, 1)

    def _run(self, dtype, steps):
        particles.mean_field_langevin(
            self.problem, self.theta, step_size=STEP_SIZE, steps=steps, noise=_noise(), device="cpu:0", dtype=dtype
        )

    @named("5 Langevin steps on torch's CPU, M = 1024, n = 1000, d = 10")
    def time_run(self, dtype):
        self._run(dtype, self.size)


def _noise() -> np.random.Generator:
    return np.random.default_rng(3)
