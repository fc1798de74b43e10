import numpy as np
import pytest

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, condition_number, draw_coordinates
from dltheory.meanfield.psdca_exact import Sampler, path
from dltheory.meanfield.psdca_linear import LinearisedAscent, sharp_constant


def quadrature(loss=None, size=4, temperature=0.2):
    rng = np.random.default_rng(3)
    inputs, offsets = 2 * rng.standard_normal((size, 1)), rng.standard_normal(size)
    labels = np.sign(rng.standard_normal(size))
    return Quadrature.of(MeanFieldProblem(inputs, labels, 0.1, temperature, loss=loss or SquaredLoss(),
                                          offsets=offsets))  # fmt: skip


GIVEN = {"squared": quadrature(), "logistic": quadrature(LogisticLoss()), "double": quadrature(SquaredLoss(1.0))}
STEPS = [DualCoordinateAscent(1), DualCoordinateAscent(1, "safe"), DualCoordinateAscent(1, step_scale=1.4)]
ALL = pytest.mark.parametrize("loss", list(GIVEN))
EVERY = pytest.mark.parametrize("ascent", STEPS, ids=["maximise", "safe", "scaled"])


def matrix(linear):
    """The map of vectorised second moments, from the steps themselves: E (I − e_i S_i a_iᵀ) ⊗ (I − e_i S_i a_iᵀ)."""
    n, out = linear.size, 0.0
    for i in range(n):
        one = np.eye(n)
        one[i] -= linear.step[i] * linear.hessian[i]
        out = out + np.kron(one, one) / n
    return out


@ALL
@EVERY
def test_a_step_next_to_the_optimum_is_the_linear_one(loss, ascent):
    given = GIVEN[loss]
    linear, n = LinearisedAscent.of(given, ascent), given.problem.size
    off = 1e-5 * np.array([1.0, -0.5, 0.3, 0.8])
    after = path(given, ascent, np.arange(n)[:, None], np.array([1]), given.optimum + off)[:, 0] - given.optimum
    wanted = off - np.diag(linear.step * (linear.hessian @ off))
    assert after == pytest.approx(wanted, abs=1e-9)


@ALL
def test_suboptimality_and_duality_gap_are_the_quadratic_forms(loss):
    given = GIVEN[loss]
    linear, off = LinearisedAscent.of(given, STEPS[0]), 1e-4 * np.array([1.0, -0.5, 0.3, 0.8])
    second = np.outer(off, off)
    assert float(linear.suboptimality(second)) == pytest.approx(
        float(given.dual_suboptimality(given.optimum + off)), rel=1e-3
    )
    assert float(linear.duality_gap(second)) == pytest.approx(float(given.duality_gap(given.optimum + off)), rel=1e-3)


@ALL
@EVERY
def test_the_map_is_the_mean_over_coordinates(loss, ascent):
    linear = LinearisedAscent.of(GIVEN[loss], ascent)
    off = np.random.default_rng(1).standard_normal((4, 4))
    second = off @ off.T
    assert linear.advance(second).ravel() == pytest.approx(matrix(linear) @ second.ravel(), rel=1e-12)


@ALL
@EVERY
def test_the_radius_and_the_plateau_are_those_of_the_whole_matrix(loss, ascent):
    linear = LinearisedAscent.of(GIVEN[loss], ascent)
    whole, n = matrix(linear), 4
    assert linear.radius == pytest.approx(np.max(np.abs(np.linalg.eigvals(whole))), rel=1e-11)
    source = np.diag(linear.step**2 * linear.variances / n).ravel()
    fixed = np.linalg.solve(np.eye(n * n) - whole, source).reshape(n, n)
    assert linear.plateau(50) == pytest.approx(np.sum(linear.hessian * fixed) / (2 * n) / 50, rel=1e-10)


def test_moments_are_repeated_steps_and_end_at_the_plateau():
    linear = LinearisedAscent.of(GIVEN["squared"], STEPS[0])
    second = np.outer(GIVEN["squared"].optimum, GIVEN["squared"].optimum)
    found = linear.moments(second, np.array([0, 1, 3]))
    assert found[0] == pytest.approx(second)
    assert found[2] == pytest.approx(linear.advance(linear.advance(linear.advance(second))), rel=1e-14)
    late = linear.moments(second, np.array([400, 800]), particles=20)
    assert linear.suboptimality(late) == pytest.approx([linear.plateau(20)] * 2, rel=1e-8)


@ALL
def test_the_rate_lies_between_the_guarantee_and_that_of_coordinates_that_do_not_interact(loss):
    given = GIVEN[loss]
    linear, kappa = LinearisedAscent.of(given, STEPS[0]), condition_number(given.problem)
    assert linear.rate >= -np.log1p(-1 / kappa)
    if loss != "logistic":
        still = LinearisedAscent(0 * linear.response, linear.curvature, linear.step, linear.variances)
        assert still.rate == pytest.approx(sharp_constant(given.problem), rel=1e-10)
        rho = 1 - given.problem.size / kappa
        assert sharp_constant(given.problem) == pytest.approx((1 + rho) / kappa, rel=0.2)


@ALL
def test_expectations_are_those_of_the_method_next_to_the_optimum(loss):
    given, times = GIVEN[loss], np.array([2, 5, 10])
    linear, off = LinearisedAscent.of(given, STEPS[0]), 0.01 * np.array([1.0, -0.5, 0.3, 0.8])
    drawn = draw_coordinates(4, 10, [np.random.default_rng([2, r]) for r in range(4000)])
    measured = given.dual_suboptimality(path(given, DualCoordinateAscent(10), drawn, times, given.optimum + off))
    wanted = linear.suboptimality(linear.moments(np.outer(off, off), times))
    error = measured.std(axis=0, ddof=1) / len(drawn) ** 0.5
    assert np.all(np.abs(measured.mean(axis=0) - wanted) < 4.5 * error + 0.02 * wanted)


def test_a_bias_of_the_sampler_leaves_the_plateau_of_the_linear_response():
    given = GIVEN["logistic"]
    linear, bias = LinearisedAscent.of(given, STEPS[0]), 1e-3 * np.array([1.0, -1, 1, 1])
    drawn = draw_coordinates(4, 1200, [np.random.default_rng(0)], "cyclic")
    found = path(given, DualCoordinateAscent(1200), drawn, np.array([1200]), sampler=Sampler(bias=bias))
    assert float(given.dual_suboptimality(found)[0, 0]) == pytest.approx(linear.biased_plateau(bias), rel=5e-3)
    assert linear.biased_plateau(bias) <= np.max(bias**2) / (2 * given.problem.loss.gamma)


@ALL
@EVERY
def test_linear_paths_over_all_coordinates_have_the_second_moments_of_the_map(loss, ascent):
    linear, start = LinearisedAscent.of(GIVEN[loss], ascent), np.array([1.0, -0.5, 0.3, 0.8])
    every = np.stack(np.meshgrid(*[np.arange(4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    found = linear.path(start, every, np.array([0, 1, 3]))
    second = np.einsum("rki,rkj->kij", found, found) / len(every)
    assert second == pytest.approx(linear.moments(np.outer(start, start), np.array([0, 1, 3])), rel=1e-12)


def test_a_single_data_point_has_a_radius():
    given = quadrature(size=1)
    linear = LinearisedAscent.of(given, STEPS[0])
    assert linear.radius == pytest.approx((1 - linear.step[0] * linear.hessian[0, 0]) ** 2, rel=1e-12)


def test_a_tilted_measure_has_no_map():
    with pytest.raises(ValueError, match="tilted by 4 leads elsewhere"):
        LinearisedAscent.of(GIVEN["squared"], DualCoordinateAscent(1, tilt=4.0))
