"""The O(n) solve against dense ridge regression and scikit-learn; average risks against simulation and Jensen."""

import math

import numpy as np
import pytest

from dltheory.besov import brownian, change_points_smoothers, change_points_variation
from dltheory.besov.change_points import StepFunction
from dltheory.sequence import jensen_bound

RNG = np.random.default_rng(0)
X, Y, A, SD = RNG.random(60), RNG.standard_normal(60), 1.3, 0.7
AT = (np.arange(20_000) + 0.5) / 20_000


def dense_weights(x, at):
    gram = A**2 * np.minimum.outer(x, x)
    return np.linalg.solve(gram + SD**2 * np.eye(x.size), A**2 * np.minimum.outer(x, at)).T


def test_the_fit_is_scikit_learns_kernel_ridge():
    kernel_ridge = pytest.importorskip("sklearn.kernel_ridge")
    model = kernel_ridge.KernelRidge(alpha=SD**2, kernel="precomputed").fit(A**2 * np.minimum.outer(X, X), Y)
    found = brownian.fit(X, Y, A, SD)
    assert found(AT) == pytest.approx(model.predict(A**2 * np.minimum.outer(AT, X)), abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_the_average_risk_is_that_of_the_dense_smoother(ties):
    x = np.round(X, 1) if ties else X
    expected = change_points_smoothers.average_risk(dense_weights(x, AT), x, AT, A, SD)
    assert brownian.average_risk(x, A, SD) == pytest.approx(expected, abs=1e-7)


def test_samples_at_zero_and_at_one_are_allowed():
    x = np.array([0.0, 0.0, 0.5, 1.0])
    assert brownian.fit(x, np.ones(4), A, SD)(0.0) == 0.0
    expected = change_points_smoothers.average_risk(dense_weights(x, AT), x, AT, A, SD)
    assert brownian.average_risk(x, A, SD) == pytest.approx(expected, abs=1e-7)


def test_the_average_risk_is_the_mean_error_over_jumps_at_uniform_places():
    rng, errors = np.random.default_rng(1), []
    for _ in range(4000):
        truth = StepFunction([rng.random()], [0.0, A * (2.0 * rng.integers(0, 2) - 1)])
        y = truth(X) + SD * rng.standard_normal(X.size)
        errors.append(brownian.fit(X, y, A, SD).squared_distance(truth))
    error = np.std(errors) / math.sqrt(len(errors))
    assert abs(np.mean(errors) - brownian.average_risk(X, A, SD)) < 4.5 * error


def test_the_jensen_sum_has_its_closed_form_and_lies_below_the_average_risk():
    values = brownian.eigenvalues(2_000_000, A)
    for n in (1, 10, 1000):
        tail = A**2 / (math.pi**2 * values.size)  # Σ_{k>K} λ_k, where λ_k is far below the noise
        expected = jensen_bound(values, None, SD**2 / n) + tail
        assert brownian.jensen(n, A, SD) == pytest.approx(expected, rel=1e-6)
        risks = [brownian.average_risk(RNG.random(n), A, SD) for _ in range(300)]  # the bound is on the mean over x
        assert brownian.jensen(n, A, SD) < np.mean(risks) + 3 * np.std(risks) / math.sqrt(300)
    assert brownian.jensen(10**6, A, SD) == pytest.approx(A * SD / 2 / 1000, rel=1e-12)


def test_no_other_weights_have_a_smaller_average_risk():
    best = dense_weights(X, AT[::100])
    least = change_points_smoothers.average_risk(best, X, AT[::100], A, SD)
    rng = np.random.default_rng(2)
    for scale in (1e-3, 1e-2, 0.1):
        other = best + scale * rng.standard_normal(best.shape) / X.size
        assert change_points_smoothers.average_risk(other, X, AT[::100], A, SD) > least


@pytest.mark.parametrize("n", [4096, 65536])
def test_averages_have_their_best_width(n):
    bins = change_points_smoothers.best_bins(n, A, SD)
    risk = A**2 / (6 * np.arange(bins - 1, bins + 2)) + SD**2 * np.arange(bins - 1, bins + 2) / n
    assert np.argmin(risk) == 1
    half = change_points_smoothers.best_half_width(n, A, SD)
    h = half * np.array([0.99, 1.0, 1.01])
    assert np.argmin(A**2 * h / 6 + SD**2 / (2 * h * n)) == 1


def test_bins_and_windows_average_what_is_in_them():
    x = np.sort(X)
    steps = change_points_smoothers.regressogram(x, Y, 5)
    assert steps(0.5) == pytest.approx(Y[(x >= 0.4) & (x < 0.6)].mean())
    windows = change_points_smoothers.box_kernel(x, Y, 0.07)
    at = AT[::400]
    near = [Y[np.abs(x - v) <= 0.07] for v in at]
    assert windows(at) == pytest.approx([v.mean() if v.size else 0.0 for v in near])
    assert change_points_smoothers.regressogram(x[:1], Y[:1], 1000)(x[0] / 2 + 0.5) == 0.0


@pytest.mark.parametrize(
    "weights",
    [
        lambda x, at: change_points_smoothers.nearest_neighbours(x, at, 7),
        lambda x, at: change_points_smoothers.gaussian_kernel(x, at, 0.05),
        lambda x, at: change_points_smoothers.local_linear(x, at, 0.1),
    ],
)
def test_smoothers_reproduce_constants_and_stay_above_jensen(weights):
    at = AT[::50]
    w = weights(X, at)
    assert w.sum(axis=1) == pytest.approx(np.ones(at.size), abs=1e-5)
    assert change_points_smoothers.average_risk(w, X, at, A, SD) > brownian.jensen(X.size, A, SD)


def test_a_matern_smoother_is_scikit_learns():
    process = pytest.importorskip("sklearn.gaussian_process")
    kernel = process.kernels.Matern(0.3, nu=1.5)
    model = process.GaussianProcessRegressor(kernel, alpha=0.5, optimizer=None).fit(X[:, None], Y)
    at = AT[::100]
    assert change_points_smoothers.matern(X, at, 0.3, 0.5) @ Y == pytest.approx(model.predict(at[:, None]), abs=1e-9)


@pytest.mark.parametrize(("size", "penalty"), [(1, 1.0), (2, 0.1), (50, 0.7), (300, 3.0), (1000, 10.0), (64, 0.0)])
def test_total_variation_has_a_certificate_of_optimality(size, penalty):
    y = np.random.default_rng(size).standard_normal(size)
    f = change_points_variation.denoise(y, penalty)
    dual = np.cumsum(y - f)  # |dual| ≤ penalty, with equality and the right sign wherever f moves, and 0 at the end
    moves = np.flatnonzero(np.diff(f))
    assert np.max(np.abs(dual)) <= penalty + 1e-10
    assert abs(dual[-1]) < 1e-10
    assert dual[moves] == pytest.approx(-penalty * np.sign(np.diff(f)[moves]), abs=1e-10)


def test_a_large_penalty_leaves_the_mean():
    y = RNG.standard_normal(100)
    assert change_points_variation.denoise(y, 1e3) == pytest.approx(np.full(100, y.mean()))


BAD = [
    (lambda: brownian.fit(X, Y, 0.0, 1.0), "must be positive"),
    (lambda: brownian.fit(X + 1, Y, 1.0, 1.0), r"vector in \[0, 1\]"),
    (lambda: brownian.fit(X, Y[:3], 1.0, 1.0), "shape of x"),
    (lambda: brownian.average_risk([], 1.0, 1.0), r"vector in \[0, 1\]"),
    (lambda: brownian.jensen(10, 1.0, -1.0), "must be positive"),
    (lambda: change_points_smoothers.regressogram(X, Y, 0), "at least one bin"),
    (lambda: change_points_smoothers.box_kernel(X, Y, 0.0), "half-width"),
    (lambda: change_points_variation.denoise(Y, -1.0), "penalty must be at least 0"),
    (lambda: change_points_variation.denoise([np.nan], 1.0), "finite numbers"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
