"""Linear estimators against scikit-learn, and minimax bounds against quadrature and simulation."""

import math

import numpy as np
import pytest

from dltheory.besov.minimax import hypercube_bound, mixed_bound
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import MixedBesov
from dltheory.opponents import Kernel, nadaraya_watson, nearest_neighbours, ridge, ridge_path
from dltheory.sequence import projection_risk, sign_risk

RNG = np.random.default_rng(3)
X, Y, AT = RNG.random((60, 2)), RNG.standard_normal(60), RNG.random((15, 2))
KERNELS = [Kernel("matern", 1.5, 0.4), Kernel("laplace", length=0.3), Kernel("ntk"),
           Kernel("product", (0.5, 1.5), (0.3, 2.0))]  # fmt: skip


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_path_of_ridges_is_that_of_sklearn(kernel):
    from sklearn.kernel_ridge import KernelRidge

    ridges = [1e-3, 0.1, 10.0]
    found = ridge_path(kernel, X, Y, AT, ridges)
    for row, penalty in zip(found, ridges, strict=True):
        peer = KernelRidge(alpha=penalty, kernel="precomputed").fit(kernel(X, X), Y)
        assert row == pytest.approx(peer.predict(kernel(AT, X)), rel=1e-6, abs=1e-8)
        assert row == pytest.approx(ridge(kernel, X, Y, AT, penalty), rel=1e-6, abs=1e-8)


def test_every_estimator_is_linear_in_the_labels():
    other = RNG.standard_normal(60)
    rules = [lambda y: ridge_path(KERNELS[3], X, y, AT, [0.1]), lambda y: nadaraya_watson(X, y, AT, [0.1]),
             lambda y: nearest_neighbours(X, y, AT, [5])]  # fmt: skip
    for rule in rules:
        assert rule(2 * Y - 3 * other) == pytest.approx(2 * rule(Y) - 3 * rule(other), abs=1e-8)


def test_neighbours_are_those_of_sklearn():
    from sklearn.neighbors import KNeighborsRegressor

    found = nearest_neighbours(X, Y, AT, [1, 7, 60])
    for row, k in zip(found, (1, 7, 60), strict=True):
        assert row == pytest.approx(KNeighborsRegressor(k).fit(X, Y).predict(AT), abs=1e-12)


def test_weights_of_nadaraya_and_watson_are_gaussian():
    squared = np.sum((AT[:, None] - X) ** 2, axis=2)
    weights = np.exp(-squared / (2 * 0.2**2))
    assert nadaraya_watson(X, Y, AT, [0.2])[0] == pytest.approx(weights @ Y / weights.sum(axis=1), rel=1e-9)
    nearest = Y[np.argmin(squared, axis=1)]
    assert nadaraya_watson(X, Y, AT, [1e-5])[0] == pytest.approx(nearest, abs=1e-12)


def test_kernels_have_the_shape_that_they_are_asked_for():
    a, b = np.array([[0.2, 0.3]]), np.array([[0.5, 0.9]])
    assert Kernel("laplace", length=0.5)(a, b)[0, 0] == pytest.approx(math.exp(-math.hypot(0.3, 0.6) / 0.5))
    blind = Kernel("product", 0.5, (0.5, math.inf))
    assert blind(a, b)[0, 0] == pytest.approx(math.exp(-0.3 / 0.5))
    kernel = Kernel("ntk")(X, X)
    assert np.allclose(kernel, kernel.T)
    assert np.linalg.eigvalsh(kernel)[0] > -1e-12


def test_the_risk_of_a_sign_is_that_of_quadrature():
    from scipy.integrate import quad

    for u in (1e-3, 0.3, 1.0, 3.0, 8.0):

        def missed(z, u=u):
            return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * 2 / (1 + math.exp(2 * (u * u + u * z)))

        expected = quad(missed, -12, 9, epsabs=1e-18, epsrel=1e-12, limit=400, points=[-u])[0]
        assert float(sign_risk(u, 1.0)) == pytest.approx(u**2 * expected, rel=1e-9, abs=1e-13)
    assert float(sign_risk(2.0, 4.0)) == pytest.approx(16 * float(sign_risk(0.5, 1.0)), rel=1e-12)


@pytest.mark.parametrize("s", [(1, 2), (1, math.inf), (2, 2, 2)])
def test_no_projection_beats_the_lower_bound(s):
    from dltheory.besov.cosine import tail_energy

    given = Smoothness(s)
    for n in (1e3, 1e6, 1e9):
        kept = np.round(np.geomspace(1, 1e6, 2000))
        ideal = projection_risk(tail_energy(given, kept), kept, 1 / n).min()
        bound = hypercube_bound(given, 1 / n)
        assert 0.2 * ideal < bound < ideal


@pytest.mark.parametrize("q", [2, math.inf])
def test_no_hyperbolic_cross_beats_the_lower_bound(q):
    space = MixedBesov(1.0, 3, q=q)
    for n in (2.0**20, 2.0**60):
        upper = min(space.worst_tail(j) + space.kept(j) / n for j in range(60))
        assert 0.15 * upper < mixed_bound(space, 1 / n) < upper


def test_bad_input_is_one_sentence():
    with pytest.raises(ValueError, match="length of a kernel must be positive, got 0"):
        Kernel("matern", length=0.0)
    with pytest.raises(ValueError, match="'matern' has one length for all directions"):
        Kernel("matern", length=(1.0, 2.0))
    with pytest.raises(ValueError, match="ridge must be positive, got 0"):
        ridge_path(KERNELS[0], X, Y, AT, [0.0])
    with pytest.raises(ValueError, match="ridge must be positive, got -1"):
        ridge(KERNELS[0], X, Y, AT, -1.0)
    with pytest.raises(ValueError, match="bandwidth must be positive, got -1"):
        nadaraya_watson(X, Y, AT, [-1.0])
    with pytest.raises(ValueError, match="neighbours lies between 1 and 60, got"):
        nearest_neighbours(X, Y, AT, [61])
    with pytest.raises(ValueError, match="noise must be positive, got 0"):
        sign_risk(1.0, 0.0)
    with pytest.raises(ValueError, match="noise must be positive, got -1"):
        hypercube_bound(Smoothness((1, 2)), -1.0)
