import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from dltheory.meanfield.losses import LogisticLoss, SquaredLoss

LOSSES = [SquaredLoss(), SquaredLoss(1.0), LogisticLoss()]
Z = np.linspace(-3, 3, 25)
either = pytest.mark.parametrize("loss", LOSSES, ids=str)
signed = pytest.mark.parametrize("y", [-1.0, 1.0])


@either
@signed
def test_derivatives_are_those_of_the_value(loss, y):
    step = 1e-5
    for function, derivative in ((loss.value, loss.slope), (loss.slope, loss.curvature)):
        difference = (function(Z + step, y) - function(Z - step, y)) / (2 * step)
        assert derivative(Z, y) == pytest.approx(difference, abs=1e-8)


@either
@signed
def test_conjugates_meet_the_fenchel_young_equality_and_inequality(loss, y):
    g = loss.slope(Z, y)
    assert loss.value(Z, y) + loss.conjugate(g, y) == pytest.approx(g * Z, abs=1e-12)
    assert loss.conjugate_slope(g, y) == pytest.approx(Z, abs=1e-9)
    assert loss.conjugate_curvature(g, y) == pytest.approx(1 / loss.curvature(Z, y), rel=1e-9)
    every = loss.value(Z[:, None], y) + loss.conjugate(g, y) - Z[:, None] * g
    assert every.min() > -1e-12


@either
@signed
def test_the_divergence_of_the_conjugate_is_the_difference_where_that_does_not_cancel(loss, y):
    g, other = loss.slope(Z, y), loss.slope(Z[::-1] / 2, y)
    difference = loss.conjugate(g, y) - loss.conjugate(other, y) - (g - other) * loss.conjugate_slope(other, y)
    assert loss.conjugate_divergence(g, other, y) == pytest.approx(difference, abs=1e-13)
    nearly = other * (1 + 1e-9)
    second_order = loss.conjugate_curvature(other, y) * (nearly - other) ** 2 / 2
    assert loss.conjugate_divergence(nearly, other, y) == pytest.approx(second_order, rel=1e-6)


@either
@signed
@pytest.mark.parametrize("weight", [1e-3, 0.3, 10.0, 1e4])
def test_ascent_maximises_the_proximal_problem(loss, y, weight):
    start, z = float(loss.slope(np.array(0.4), y)), -1.3

    def cost(g):
        return float(loss.conjugate(np.array(g), y)) - g * z + (g - start) ** 2 / (2 * weight)

    bounds = (-1.0, 0.0) if y > 0 else (0.0, 1.0)
    if isinstance(loss, SquaredLoss):
        bounds = (-20.0, 20.0)
    found = float(loss.ascent(np.array(start), np.array(z), np.array(y), weight))
    best = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    assert found == pytest.approx(best, abs=2e-6)
    slope = float(loss.conjugate_slope(np.array(found), y)) - z + (found - start) / weight
    assert abs(slope) < 1e-9 * (1 + 1 / weight)


@either
def test_gamma_is_the_reciprocal_of_the_largest_curvature(loss):
    assert 1 / loss.gamma == pytest.approx(float(np.max(loss.curvature(Z, 1.0))), rel=0.01)
    corners = np.array([-1.0, 1.0])
    largest = max(abs(float(loss.slope(z, y))) for z in corners for y in corners)
    assert loss.largest_slope == pytest.approx(largest)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_a_squared_loss_needs_a_positive_scale(scale):
    with pytest.raises(ValueError, match="must be positive and finite"):
        SquaredLoss(scale)


def test_logistic_labels_are_signs():
    with pytest.raises(ValueError, match="labels −1 and 1"):
        LogisticLoss().require_labels(np.array([0.0, 1.0]))
