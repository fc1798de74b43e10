"""Estimators that look for coordinates: against loops over all sets, scikit-learn, and targets without noise."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from dltheory.gamma_smooth import screening
from dltheory.gamma_smooth.additive import HiddenTarget
from dltheory.gamma_smooth.fourier import evaluate, squared_distance

DATA = pytest.mark.parametrize("m", [1, 2])


def sample(m: int, n: int = 300, D: int = 5, noise: float = 0.5, seed: int = 0):
    target, generator = HiddenTarget(1.0, D, 12, m), np.random.default_rng(seed)
    f = target.draw(generator)
    x = generator.random((n, D))
    return target, f, x, f(x) + noise * generator.standard_normal(n)


@DATA
@pytest.mark.parametrize("highest", [1, 2])
def test_marginal_energies_are_those_of_a_loop(m, highest):
    _, _, x, y = sample(m)
    expected = []
    for chosen in itertools.combinations(range(5), m):
        one = [v for v in range(-highest, highest + 1) if v]
        indices = np.array(list(itertools.product(one, repeat=m)))
        theta = evaluate(indices, x[:, chosen]).T @ y / len(y)
        expected.append(theta @ theta - len(indices) * np.mean(y**2) / len(y))
    assert screening.marginal_energies(x, y, highest, m) == pytest.approx(expected, abs=1e-12)


@DATA
def test_energies_of_a_set_without_influence_have_mean_zero(m):
    def null(seed: int) -> float:
        generator = np.random.default_rng(seed)
        x, y = generator.random((60, m)), generator.standard_normal(60)
        return float(screening.marginal_energies(x, y, 2, m)[0])

    found = np.array([null(seed) for seed in range(400)])
    assert abs(found.mean()) < 4 * found.std(ddof=1) / 20


@DATA
def test_the_right_set_is_found_by_screening_and_by_erm(m):
    for seed in range(8):
        target, f, x, y = sample(m, seed=seed)
        assert tuple(screening.screen(x, y, interacting=m)[0].tolist()) == f.coordinates
        fitted = screening.erm(x, y, target.indices[:6])
        assert fitted.coordinates == f.coordinates
        same = screening.fit_on(x, y, target.indices[:6], [f.coordinates])
        assert squared_distance(fitted, same) < 1e-20


@DATA
def test_erm_has_the_smallest_residual_of_all_sets(m):
    target, _, x, y = sample(m, n=40, noise=3.0, seed=3)
    fitted = screening.erm(x, y, target.indices[:5])
    residuals = [
        np.sum((y - screening.fit_on(x, y, target.indices[:5], [chosen])(x)) ** 2)
        for chosen in itertools.combinations(range(5), m)
    ]
    assert np.sum((y - fitted(x)) ** 2) == pytest.approx(min(residuals), rel=1e-10)


def test_least_squares_on_several_sets_is_that_of_scikit_learn():
    target, _, x, y = sample(1)
    found = screening.fit_on(x, y, target.indices[:4], [[3], [1]])
    design = np.concatenate([evaluate(target.indices[:4], x[:, [i]]) for i in (3, 1)], axis=1)
    expected = LinearRegression(fit_intercept=False).fit(design, y).predict(design)
    assert found(x) == pytest.approx(expected, abs=1e-9)
    assert found.coordinates == (1, 3)


@DATA
def test_a_function_without_noise_is_recovered(m):
    target, f, x, y = sample(m, noise=0.0)
    assert squared_distance(screening.fit_on(x, y, target.indices, screening.screen(x, y, interacting=m)), f) < 1e-20
    assert squared_distance(screening.lasso(x, y, target.indices, 1e-6), f) < 1e-6


def test_a_lasso_with_a_large_penalty_is_zero_and_meets_its_conditions_otherwise():
    target, _, x, y = sample(1)
    assert len(screening.lasso(x, y, target.indices, 10.0).coefficients) == 0
    penalty = 0.05
    found = screening.lasso(x, y, target.indices, penalty)
    residual = y - found(x)
    for i in range(5):
        slopes = evaluate(target.indices, x[:, [i]]).T @ residual / len(y)
        assert np.all(np.abs(slopes) <= penalty * (1 + 1e-3))
    assert 0 < len(found.coefficients) < 5 * target.count


def test_ties_and_keeps():
    _, f, x, y = sample(1)
    kept = screening.screen(x, y, keep=5)
    assert sorted(kept[:, 0].tolist()) == list(range(5))
    assert kept[0, 0] == f.coordinates[0]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda x, y, t: screening.marginal_energies(x, y, 1, 3), "of one coordinate or of a pair, got 3 interacting"),
        (lambda x, y, t: screening.marginal_energies(x, y, 0), "at least one frequency is looked at, got 0"),
        (lambda x, y, t: screening.marginal_energies(x[:, :1], y, 1, 2), r"points have shape \(300, 1\), expected"),
        (lambda x, y, t: screening.screen(x, y, keep=6), "between 1 and 5 sets of coordinates can be kept, got 6"),
        (lambda x, y, t: screening.screen(3 * x, y), "data must be scaled to the unit cube"),
        (lambda x, y, t: screening.fit_on(x[:9], y[:9], t.indices, [[0]]), "least squares on 12 functions needs more"),
        (lambda x, y, t: screening.erm(x[:, :0], y, t.indices), r"points have shape \(300, 0\), expected"),
        (lambda x, y, t: screening.fit_on(x, y, t.indices, [[5]]), "expected .n, D. with D at least 6"),
        (lambda x, y, t: screening.lasso(x - 1, y, t.indices, 0.1), "data must be scaled to the unit cube"),
        (lambda x, y, t: screening.lasso(x, y, t.indices, 0.0), "the penalty must be positive, got 0"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(use, message):
    target, _, x, y = sample(1)
    with pytest.raises(ValueError, match=message):
        use(x, y, target)
