"""Exact change points beside `ruptures`, Brownian ridge beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Measure, relative

from dltheory.besov import brownian, change_points


def sample(size: int, jumps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a sorted sample of a step function with unit noise."""
    rng = np.random.default_rng(size)
    truth = change_points.draw(rng, jumps, 2.0, within=(0.1, 0.9), apart=0.1)
    x = np.sort(rng.random(size))
    return x, truth(x) + rng.standard_normal(size)


def loss(y: np.ndarray, ends: np.ndarray) -> float:
    """Return the sum of squares of the segments that end there."""
    return float(sum(((part - part.mean()) ** 2).sum() for part in np.split(y, ends)))


@pytest.mark.parametrize(("jumps", "size"), [(1, 400), (3, 200)])
def test_dynamic_programming(jumps: int, size: int, side_by_side: Measure) -> None:
    """The same sums of squares as `ruptures.Dynp`; fits a second side by side."""
    ruptures = pytest.importorskip("ruptures")
    x, y = sample(size, jumps)

    def peer() -> np.ndarray:
        return np.array(ruptures.Dynp(model="l2", min_size=1, jump=1).fit(y).predict(jumps)[:-1])

    ours = np.searchsorted(x, change_points.fit_sorted(x, y, jumps).jumps)
    difference = abs(loss(y, ours) / loss(y, peer()) - 1)
    side_by_side(
        f"{jumps} change points, exact, n = {size}", lambda: change_points.fit_sorted(x, y, jumps), peer,
        name="ruptures Dynp", unit="fits/s", work=1, difference=difference,
    )  # fmt: skip
    assert difference < 1e-12


@pytest.mark.parametrize(("jumps", "size"), [(1, 4000), (3, 4000)])
def test_binary_segmentation(jumps: int, size: int, side_by_side: Measure) -> None:
    """`ruptures.Binseg` is a greedy search: it is exact for one jump, and never better than ours."""
    ruptures = pytest.importorskip("ruptures")
    x, y = sample(size, jumps)

    def peer() -> np.ndarray:
        return np.array(ruptures.Binseg(model="l2", min_size=1, jump=1).fit(y).predict(n_bkps=jumps)[:-1])

    ours = np.searchsorted(x, change_points.fit_sorted(x, y, jumps).jumps)
    gain = loss(y, peer()) / loss(y, ours) - 1
    side_by_side(
        f"{jumps} change points, n = {size}", lambda: change_points.fit_sorted(x, y, jumps), peer,
        name="ruptures Binseg, greedy", unit="fits/s", work=1, difference=gain,
    )  # fmt: skip
    assert gain > -1e-12
    assert jumps > 1 or gain < 1e-12


def test_brownian_ridge(side_by_side: Measure) -> None:
    """The same fit as ridge regression with the full kernel matrix."""
    kernel_ridge = pytest.importorskip("sklearn.kernel_ridge")
    x, y = sample(2000, 1)

    def peer() -> np.ndarray:
        gram = np.minimum.outer(x, x)
        return np.asarray(kernel_ridge.KernelRidge(alpha=1.0, kernel="precomputed").fit(gram, y).predict(gram))

    difference = relative(brownian.fit(x, y, 1.0, 1.0).values, peer())
    side_by_side(
        "ridge regression, kernel min(x, x′), n = 2000", lambda: brownian.fit(x, y, 1.0, 1.0), peer,
        name="scikit-learn KernelRidge", unit="fits/s", work=1, difference=difference,
    )  # fmt: skip
    assert difference < 1e-9
