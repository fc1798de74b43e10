"""Anisotropic smoothness side by side with scipy, PyWavelets and scikit-learn: same numbers, seconds of each."""

from __future__ import annotations

import numpy as np
from conftest import Measure, relative

from dltheory import opponents
from dltheory.besov import wavelets
from dltheory.besov.cosine_series import CosineSeries
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov
from dltheory.besov.targets import RankTarget
from dltheory.besov.tensor_splines import TensorSplines

RNG = np.random.default_rng(0)


def test_spline_least_squares(side_by_side: Measure) -> None:
    """Two-dimensional least squares against FITPACK's `LSQBivariateSpline` on the same knots."""
    from scipy.interpolate import LSQBivariateSpline

    basis, x = TensorSplines((32, 8), 3), RNG.random((30_000, 2))
    y = np.sin(6 * x[:, 0]) + x[:, 1] + RNG.standard_normal(len(x))
    inner = (np.linspace(0, 1, 33)[1:-1], np.linspace(0, 1, 9)[1:-1])

    def peer() -> LSQBivariateSpline:
        return LSQBivariateSpline(x[:, 0], x[:, 1], y, *inner, bbox=[0, 1, 0, 1])

    at = RNG.random((500, 2))
    difference = relative(basis.evaluate(basis.fit(x, y), at), peer().ev(at[:, 0], at[:, 1]))
    side_by_side(
        "cubic tensor splines, fit, n = 30 000", lambda: basis.fit(x, y), peer, name="scipy LSQBivariateSpline",
        unit="points/s", work=len(x), difference=difference,
    )  # fmt: skip
    assert difference < 1e-6


def test_cosine_series(side_by_side: Measure) -> None:
    """Values of a series against the product of tables that a user would write, one term after the other."""
    drawn = RankTarget(Smoothness((1, 2)), 2000).draw(RNG)
    x = RNG.random((5000, 2))

    def peer(series: CosineSeries = drawn) -> np.ndarray:
        total = np.zeros(len(x))
        for (a, b), value in zip(series.indices.tolist(), series.coefficients, strict=True):
            scale = 2.0 ** (((a > 0) + (b > 0)) / 2)
            total += value * scale * np.cos(np.pi * a * x[:, 0]) * np.cos(np.pi * b * x[:, 1])
        return total

    difference = relative(drawn(x), peer())
    side_by_side(
        "2000 cosines at 5000 points", lambda: drawn(x), peer, name="numpy, a loop over terms", unit="points/s",
        work=len(x), difference=difference,
    )  # fmt: skip
    assert difference < 1e-11


def test_isotropic_wavelets(side_by_side: Measure) -> None:
    """Where both directions are equally smooth the transform is that of `pywt.wavedec2`, replicates batched."""
    import warnings

    import pywt

    space = AnisotropicBesov(Smoothness((1, 1)))
    values = RNG.standard_normal((16, 256, 256))

    def ours() -> list[np.ndarray]:
        return wavelets.decompose(values, space, "db2")

    def peer() -> list[list[np.ndarray]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # down to one coefficient, which is more than it advises
            return [pywt.wavedec2(one, "db2", mode="periodization", level=8) for one in values]

    energies = [np.sum(theta**2) for theta in ours()]
    theirs = peer()
    expected = [sum(np.sum(np.square(one[k])) for one in theirs) / 256**2 for k in range(9)]
    difference = relative(energies, expected)
    side_by_side(
        "wavelets of 16 grids of 256 × 256", ours, peer, name="PyWavelets wavedec2, one by one", unit="values/s",
        work=values.size, difference=difference,
    )  # fmt: skip
    assert difference < 1e-10


def test_ridge_path(side_by_side: Measure) -> None:
    """Twenty penalties at once against a fit of scikit-learn's `KernelRidge` each."""
    from sklearn.kernel_ridge import KernelRidge

    x, y, at = RNG.random((800, 2)), RNG.standard_normal(800), RNG.random((500, 2))
    kernel, ridges = opponents.Kernel("matern", 1.5, 0.5), np.exp2(np.arange(-10.0, 10))

    def peer() -> np.ndarray:
        gram, cross = kernel(x, x), kernel(at, x)
        return np.stack([KernelRidge(alpha=r, kernel="precomputed").fit(gram, y).predict(cross) for r in ridges])

    def ours() -> np.ndarray:
        return opponents.ridge_path(kernel, x, y, at, ridges)

    difference = relative(ours(), peer())
    side_by_side(
        "kernel ridge, 20 penalties, n = 800", ours, peer, name="scikit-learn KernelRidge", unit="paths/s", work=1,
        difference=difference,
    )  # fmt: skip
    assert difference < 1e-7


def test_neighbours(side_by_side: Measure) -> None:
    """All numbers of neighbours from one search against a `KNeighborsRegressor` each."""
    from sklearn.neighbors import KNeighborsRegressor

    x, y, at, counts = RNG.random((4000, 2)), RNG.standard_normal(4000), RNG.random((500, 2)), [1, 4, 16, 64, 256]

    def peer() -> np.ndarray:
        return np.stack([KNeighborsRegressor(k).fit(x, y).predict(at) for k in counts])

    def ours() -> np.ndarray:
        return opponents.nearest_neighbours(x, y, at, counts)

    difference = relative(ours(), peer())
    side_by_side(
        "nearest neighbours, 5 numbers, n = 4000", ours, peer, name="scikit-learn KNeighborsRegressor", unit="paths/s",
        work=1, difference=difference,
    )  # fmt: skip
    assert difference < 1e-12
