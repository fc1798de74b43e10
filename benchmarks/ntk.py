"""Time and memory of the tangent-kernel chapter: Gram matrices, spectra, SGD and its exact risk.

`setup` runs a method once before it is timed, so that no figure has compilation in it.
"""

from __future__ import annotations

import numpy as np

from benchmarks import named
from dltheory.ntk import averaged_sgd, circle_sgd, kernel_sgd, spectrum
from dltheory.ntk.condensed import condense
from dltheory.ntk.expected_risk import ModelSpectrum, expected_risk
from dltheory.ntk.expected_risk_spectral import expected_risk_spectral
from dltheory.ntk.gram import finite_width_gram, infinite_width_gram
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import uniform

DTYPES = ["float32", "float64"]


def problem(dim: int, max_degree: int) -> SphereRegression:
    """Return the regression problem that all of SGD is timed on: r = 3/4, noise variance 1/10."""
    return SphereRegression.on_boundary(NeuralTangentKernel(dim), r=0.75, max_degree=max_degree, noise_variance=0.1)


def schedule(model: SphereRegression, horizon: int) -> AveragedSGD:
    """Return the theorem's schedule for that problem."""
    beta = spectrum.beta(model.kernel)
    return AveragedSGD.from_theory(r=0.75, beta=beta, horizon=horizon, scale=0.1, step_size=0.4)


def generators(replicates: int, seed: int) -> list[np.random.Generator]:
    """Return one generator a replicate."""
    return [np.random.default_rng([seed, replicate]) for replicate in range(replicates)]


def stream(model: SphereRegression, replicates: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (R, T, d) and labels (R, T)."""
    pairs = zip(generators(replicates, 0), generators(replicates, 1), strict=True)
    drawn = [model.sample(inputs, noise, horizon) for inputs, noise in pairs]
    return np.stack([points for points, _ in drawn]), np.stack([labels for _, labels in drawn])


class InfiniteWidthGram:
    """The closed-form kernel on n points of the sphere in R^10."""

    size, tiny = 4000, 50
    params, param_names = [DTYPES], ["dtype"]

    def setup(self, dtype):
        self.kernel = NeuralTangentKernel(10)
        self.points = uniform(np.random.default_rng(0), self.size, 10).astype(dtype)
        infinite_width_gram(self.points[:200], self.kernel)

    @named("NTK Gram matrix, infinite width, n = 4000, d = 10")
    def time_gram(self, dtype):
        infinite_width_gram(self.points, self.kernel)

    @named("NTK Gram matrix, infinite width, n = 4000, d = 10: peak memory")
    def peakmem_gram(self, dtype):
        infinite_width_gram(self.points, self.kernel)


class FiniteWidthGram:
    """The tangent kernel of one ReLU network of width 1024 on n points of the sphere in R^10."""

    size, tiny = 2000, 50
    params, param_names = [DTYPES], ["dtype"]

    def setup(self, dtype):
        network = averaged_sgd.TwoLayerNetwork(1024, 10, activation="relu")
        initial = averaged_sgd.initialise(network, generators(1, 0), dtype)
        self.weights = initial.output[0], initial.weights[0], initial.biases[0], network.bias_scale
        self.points = uniform(np.random.default_rng(1), self.size, 10).astype(dtype)
        finite_width_gram(self.points[:20], *self.weights)

    @named("NTK Gram matrix, width 1024, n = 2000, d = 10")
    def time_gram(self, dtype):
        finite_width_gram(self.points, *self.weights)

    @named("NTK Gram matrix, width 1024, n = 2000, d = 10: peak memory")
    def peakmem_gram(self, dtype):
        finite_width_gram(self.points, *self.weights)


class Eigenvalues:
    """Exact eigenvalues of all degrees up to one million, and how many lie above a threshold."""

    size, tiny = 1_000_000, 100
    params, param_names = [[2, 10]], ["d"]

    def setup(self, dim):
        self.kernel = NeuralTangentKernel(dim)
        self.degrees = np.arange(self.size)
        self.thresholds = np.geomspace(1e-14, 1e-2, 50)

    @named("eigenvalues of the first million degrees")
    def time_eigenvalues(self, dim):
        spectrum.eigenvalues(self.kernel, self.degrees)

    @named("eigenvalues of the first million degrees: peak memory")
    def peakmem_eigenvalues(self, dim):
        spectrum.eigenvalues(self.kernel, self.degrees)

    @named("counting function at 50 thresholds down to 1e-14")
    def time_counting(self, dim):
        spectrum.counting(self.kernel, self.thresholds)


class NetworkAveragedSGD:
    """One network of width 1024 on 10 000 samples in R^10, batch 1: steps a second are 10^4 over this time."""

    size, tiny = 10_000, 20
    params, param_names = [DTYPES, ["tanh", "swish"]], ["dtype", "activation"]

    def setup(self, dtype, activation):
        self.network = averaged_sgd.TwoLayerNetwork(1024, 10, activation=activation)
        self.initial = averaged_sgd.initialise(self.network, generators(1, 2), dtype)
        self.sgd = AveragedSGD(step_size=0.1, ridge=1e-3, horizon=self.size)
        self.stream = stream(problem(10, 20), 1, self.size)
        self._run()

    def _run(self):
        averaged_sgd.run(self.network, self.sgd, self.initial, *self.stream)

    @named("network averaged SGD, width 1024, d = 10, T = 10^4")
    def time_run(self, dtype, activation):
        self._run()

    @named("network averaged SGD, width 1024, d = 10, T = 10^4: peak memory")
    def peakmem_run(self, dtype, activation):
        self._run()


class CircleSGD:
    """Sixteen replicates of kernel SGD on the circle in Fourier features, T = 4096, 256 degrees."""

    size, tiny = 4096, 16

    def setup(self):
        self.model = problem(2, 255)
        self.sgd = schedule(self.model, self.size)
        points, self.labels = stream(self.model, 16, self.size)
        self.angles = np.arctan2(points[..., 1], points[..., 0])
        self._run()

    def _run(self):
        coefficients = circle_sgd.run(self.model, self.sgd, self.angles, self.labels)
        return circle_sgd.squared_error(self.model, coefficients)

    @named("circle SGD, 16 replicates, T = 4096, 256 degrees")
    def time_run(self):
        self._run()

    @named("circle SGD, 16 replicates, T = 4096, 256 degrees: peak memory")
    def peakmem_run(self):
        self._run()


class KernelSGD:
    """Four replicates of kernel SGD on the sphere in R^10 as an expansion, T = 1024, with their exact error."""

    size, tiny = 1024, 16

    def setup(self):
        self.model = problem(10, 40)
        self.sgd = schedule(self.model, self.size)
        self.points, self.labels = stream(self.model, 4, self.size)
        self._run()
        self._error()

    def _run(self):
        self.coefficients = kernel_sgd.run(self.model.kernel, self.sgd, self.points, self.labels)

    def _error(self):
        kernel_sgd.squared_error(self.model, self.coefficients, self.points)

    @named("kernel SGD, 4 replicates, T = 1024, d = 10")
    def time_run(self):
        self._run()

    @named("exact error of a kernel expansion, 4 replicates, T = 1024, d = 10")
    def time_error(self):
        self._error()

    @named("kernel SGD with its error, 4 replicates, T = 1024, d = 10: peak memory")
    def peakmem_run(self):
        self._run()
        self._error()


class ExpectedRisk:
    """The exact expected risk by stepping the moments of 1024 degrees 10^5 times."""

    size, tiny = 100_000, 300

    def setup(self):
        model = problem(2, 1023)
        self.model = ModelSpectrum(model.eigenvalues, model.multiplicity, model.energy, model.noise_variance)
        self.sgd = schedule(model, self.size)
        expected_risk(self.model, AveragedSGD(self.sgd.step_size, self.sgd.ridge, 10))
        expected_risk_spectral(self.model, self.sgd)

    @named("exact risk by stepping, T = 10^5, 1024 degrees")
    def time_stepping(self):
        expected_risk(self.model, self.sgd)

    @named("exact risk in closed form, T = 10^5, 1024 degrees")
    def time_spectral(self):
        expected_risk_spectral(self.model, self.sgd)

    @named("exact risk by stepping, T = 10^5, 1024 degrees: peak memory")
    def peakmem_stepping(self):
        expected_risk(self.model, self.sgd)


class CondensedSpectrum:
    """The exact risk at T = 10^20, where a few hundred nodes stand for all degrees that are learnt."""

    size, tiny = 4000, 64

    def setup(self):
        self.model = problem(2, self.size)
        self.sgd = schedule(self.model, 10**20)
        self._risk()

    def _risk(self):
        constant, exponent = spectrum.degree_decay(self.model.kernel, "even")
        reach = 20 * (constant / self.sgd.ridge) ** (1 / exponent)
        condensed, _ = condense(self.model, r=0.75, reach=reach)
        return expected_risk_spectral(condensed, self.sgd)

    @named("exact risk at T = 10^20 on a condensed spectrum")
    def time_risk(self):
        self._risk()

    @named("exact risk at T = 10^20 on a condensed spectrum: peak memory")
    def peakmem_risk(self):
        self._risk()
