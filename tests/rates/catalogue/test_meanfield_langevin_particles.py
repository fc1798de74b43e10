"""Oracles for the claims on finitely many Langevin particles: equilibria, bias budgets, mini-batches."""

import numpy as np
import pytest

from dltheory.meanfield import langevin_chaos
from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start
from rates.catalogue.meanfield import _langevin_linear as exact
from rates.catalogue.meanfield import _langevin_particle_claims as claims
from rates.catalogue.meanfield import _langevin_particles as problems
from rates.streams import streams

MADE = streams(5, "claim", "case", range(60))


def equilibrium(count, replicates, seed=1):
    """The mean of D* − D(g_Θ) of N particles in equilibrium, and its error: independent draws of q*, reweighted."""
    quadrature = problems.grid("warm", 4)
    p, law = quadrature.problem, quadrature.gibbs(quadrature.optimum)
    uniform = np.random.default_rng(seed).random((replicates, count))
    z = quadrature.neurons[np.minimum(np.searchsorted(np.cumsum(law), uniform), len(law) - 1)].mean(axis=1)
    weights = np.exp(-count * np.sum((z - law @ quadrature.neurons) ** 2, axis=1) / (2 * p.size * p.temperature))
    values = quadrature.dual_suboptimality(p.loss.slope(z, p.labels))
    mean = float(weights @ values / weights.sum())
    return mean, float(np.sqrt(np.sum((weights * (values - mean)) ** 2)) / weights.sum())


def test_the_next_order_in_particles_is_within_the_bias_that_the_floor_allows_for():
    quadrature = problems.grid("warm", 4)
    leading = langevin_chaos.excess_bound(quadrature, np.array([16.0]))[0]
    mean, error = equilibrium(16, 200_000)
    off = np.log(mean / leading)
    assert abs(off) + 3 * error / mean < 0.02
    level = next(c for c in claims.FLOOR.checks if str(c.quantity) == "level")
    assert off * (1 / 16 + 1 / 64 + 1 / 256) * 16 / 3 < level.margin.bias  # it falls like 1/N


def test_the_curve_of_clouds_has_the_bias_of_the_steps_that_particles_do_not_average_out():
    few, many = problems.cloud_expected(np.array([16.0, 1e9]))
    assert 1e-5 < many < 0.01 * few
    large, small, none = (problems.cloud_expected(np.array([16.0]), eta=eta)[0] for eta in (0.1, 0.05, 0))
    assert large / none - 1 == pytest.approx(2 * (small / none - 1), rel=0.1)


@pytest.mark.parametrize(
    ("measure", "expected", "knobs"),
    [
        (problems.cloud_suboptimality, problems.cloud_expected, {}),
        (problems.reduced_suboptimality, problems.reduced_expected, {}),
        (problems.reduced_suboptimality, problems.reduced_expected, {"gradients": "sgd"}),
        (problems.reduced_suboptimality, problems.reduced_expected, {"refresh": 10_000, "heat": 2.0}),
    ],
    ids=["cloud", "svrg", "sgd", "stale anchor"],
)
def test_clouds_do_not_depend_on_their_block_and_have_the_expected_mean(measure, expected, knobs):
    together = measure(16, MADE, **knobs)
    assert measure(16, MADE[3:5], **knobs) == pytest.approx(together[3:5], rel=1e-9)
    wanted = expected(np.array([16.0]), **knobs)[0]
    assert abs(together.mean() - wanted) < 4.5 * together.std(ddof=1) / len(MADE) ** 0.5


def test_a_kernel_density_estimate_is_a_law_and_approaches_the_one_that_is_drawn_from():
    quadrature = problems.grid("warm", 4)
    theta = np.random.default_rng(0).standard_normal((2, 4000, 1))
    law = problems.smoothed(quadrature, theta)
    assert law.sum(axis=1) == pytest.approx([1, 1])
    normal = np.exp(-quadrature.norms / 2)
    assert np.abs(law - normal / normal.sum()).sum(axis=1).max() < 0.1


def test_interacting_particles_keep_the_bound_and_attain_its_floor():
    at = {"p": 3, "l2": 0.3, "particles": 100}
    ratio = exact.particle_ratio(np.array([0.0, 1.0, 5.0, 30.0]), **at)
    assert np.all(ratio <= 1 + 1e-12)
    assert ratio[[0, 3]] == pytest.approx([1, 1], rel=1e-6)


def test_steps_to_a_gap_are_those_at_which_the_law_has_it_and_within_the_theory_s():
    at, inverse = {"p": 3, "l2": 0.3}, np.array([10.0, 1e3])
    model = exact.linear(**at)
    start = Start(np.ones(3), 2 * model.variance)
    eta = GaussianLangevin(model).step_size_for(1e-3, start)
    found = exact.steps_to(inverse, **at)
    assert GaussianLangevin(model).discrete(found[1:], eta, start) == pytest.approx([1e-3], rel=1e-9)
    assert np.all(found < exact.steps_bound(inverse, **at))
    assert np.isinf(exact.steps_to(np.array([10.0, 1e7]), **at, power=0.0)[1])  # the bias of these steps is above ε


@pytest.mark.parametrize("batch", [1, 4])
def test_the_bias_of_batches_has_its_leading_term(batch):
    eta = np.array([1e-4])
    assert problems.batch_bias(eta, batch=batch) == pytest.approx(problems.batch_leading(eta, batch=batch), rel=2e-3)
    assert problems.batch_bias(eta, batch=batch, distinct=2.0) == pytest.approx(
        problems.batch_leading(eta, batch=2 * batch), rel=2e-3
    )
