import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dltheory.meanfield import langevin_laws as laws
from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gibbs import Quadrature, QuadratureError
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem


def quadrature(loss=None, l2=0.2, temperature=0.2, neuron=None):
    rng = np.random.default_rng(3)
    inputs, offsets, labels = 2 * rng.standard_normal((6, 1)), rng.standard_normal(6), np.sign(rng.standard_normal(6))
    problem = MeanFieldProblem(inputs, labels, l2, temperature, neuron or Tanh(), loss or SquaredLoss(), offsets)
    return Quadrature.of(problem)


def normal(given, mean=0.0, variance=1.0):
    q = np.exp(-((given.nodes[:, 0] - mean) ** 2) / (2 * variance))
    return q / q.sum()


GIVEN = quadrature()
BOTH = pytest.mark.parametrize("given", [GIVEN, quadrature(LogisticLoss())], ids=["squared", "logistic"])


def dense(bands):
    return np.diag(bands[1]) + np.diag(bands[0, 1:], 1) + np.diag(bands[2, :-1], -1)


@BOTH
def test_the_generator_conserves_mass_and_has_the_gibbs_measure_in_detailed_balance(given):
    g = np.linspace(-1, 1, 6)
    generator = dense(FokkerPlanck(given).generator(g))
    flow = generator * given.gibbs(g)
    scale = np.max(np.abs(generator))
    assert generator.sum(axis=0) == pytest.approx(0, abs=1e-13 * scale)
    assert flow == pytest.approx(flow.T, abs=1e-14 * scale)
    assert np.all(generator - np.diag(np.diag(generator)) >= 0)


@BOTH
@pytest.mark.parametrize("dt", [0.01, 1.0, 100.0])
def test_mass_is_conserved_laws_stay_positive_and_the_objective_falls_at_any_step_size(given, dt):
    found = FokkerPlanck(given).run(normal(given, 2.0, 0.3), dt, 40)
    gaps = laws.gap(given, found)
    # rounding is magnified by the condition of the implicit system, about dt/Δ²
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-14 * (1 + dt / given.volume**2))
    assert np.all(found[1:] > 0)
    assert np.all(np.diff(gaps) <= 1e-15)


@BOTH
def test_an_implicit_step_solves_its_equation_at_its_own_end(given):
    start, dt = normal(given, 1.0), 0.3
    fp = FokkerPlanck(given)
    end = fp.advance(start, dt)
    assert end - dt * dense(fp.generator(laws.coefficients(given, end))) @ end == pytest.approx(start, abs=1e-13)


def test_small_steps_approach_an_independent_solver_at_first_order():
    fp, start = FokkerPlanck(GIVEN), normal(GIVEN, 1.0)

    def flow(_, q):
        return dense(fp.generator(laws.coefficients(GIVEN, q))) @ q

    exact = solve_ivp(flow, (0, 1), start, method="LSODA", rtol=1e-10, atol=1e-14).y[:, -1]
    errors = [np.abs(fp.run(start, 1 / k, k)[-1] - exact).sum() for k in (40, 80)]
    assert errors[0] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.05)


def test_without_data_terms_the_law_is_an_ornstein_uhlenbeck_process():
    rng = np.random.default_rng(0)
    problem = MeanFieldProblem(np.zeros((2, 1)), rng.standard_normal(2), 0.3, 0.5)
    given = laws.refined(Quadrature.of(problem), 4)
    q = FokkerPlanck(given).run(normal(given, 1.0, 0.4), 1e-3, 1000)[-1]
    theta, limit = given.nodes[:, 0], 0.5 / 0.6
    mean, variance = np.exp(-0.6), limit + (0.4 - limit) * np.exp(-1.2)
    assert q @ theta == pytest.approx(mean, rel=2e-3)
    assert q @ theta**2 - (q @ theta) ** 2 == pytest.approx(variance, rel=2e-3)


@BOTH
def test_the_optimum_is_stationary_and_every_start_ends_there(given):
    best, fp = given.gibbs(given.optimum), FokkerPlanck(given)
    assert fp.advance(best, 10.0) == pytest.approx(best, abs=1e-13)
    assert laws.gap(given, fp.run(normal(given, -3.0, 0.2), 1.0, 200)[-1]) < 1e-20


def test_a_frozen_drift_ends_in_the_proximal_gibbs_measure_of_the_start():
    start = normal(GIVEN, 1.0)
    found = FokkerPlanck(GIVEN, frozen=True).run(start, 2.0, 200)[-1]
    assert found == pytest.approx(laws.proximal(GIVEN, start), abs=1e-12)


def test_too_much_heat_or_too_weak_a_prior_ends_elsewhere_and_a_slow_clock_runs_slowly():
    start = normal(GIVEN, 1.0)
    for fp in (FokkerPlanck(GIVEN, heat=2.0), FokkerPlanck(GIVEN, shrink=0.5)):
        assert laws.gap(GIVEN, fp.run(start, 1.0, 100)[-1]) > 1e-3
    fast, slow = FokkerPlanck(GIVEN).run(start, 0.1, 5), FokkerPlanck(GIVEN, speed=0.1).run(start, 1.0, 5)
    assert slow == pytest.approx(fast, abs=1e-13)


def test_differences_at_the_nodes_are_those_of_the_equation_and_conserve_nothing():
    g, given = np.linspace(-1, 1, 6), laws.refined(GIVEN, 4)
    p, x = given.problem, given.nodes[:, 0]
    central, right = (dense(FokkerPlanck(given, scheme=name).generator(g)) for name in ("central", "conservative"))
    q = normal(given, 0.3, 0.8)
    slope = p.drift(given.nodes, g)[:, 0]
    wanted = np.gradient(q * slope + p.temperature * np.gradient(q, x), x)
    inside = np.abs(x) < 4
    assert (central @ q)[inside] == pytest.approx(wanted[inside], abs=0.02 * np.max(np.abs(wanted)))
    assert (right @ q)[inside] == pytest.approx(wanted[inside], abs=0.02 * np.max(np.abs(wanted)))
    assert np.max(np.abs(central.sum(axis=0))) > 1e-4


def test_open_ends_lose_mass_and_a_lagged_potential_may_climb():
    cut = laws.refined(GIVEN, 1, 1.5)
    start = normal(cut, 0.5, 0.3)
    assert FokkerPlanck(cut, scheme="open").run(start, 0.1, 20)[-1].sum() < 0.9
    assert FokkerPlanck(cut).run(start, 0.1, 20)[-1].sum() == pytest.approx(1, abs=1e-12)
    cold = quadrature(l2=0.1, temperature=0.05)
    start = normal(cold, 1.0, 0.5)
    lagged, implicit = (laws.gap(cold, FokkerPlanck(cold, lagged=one).run(start, 100.0, 20)) for one in (True, False))
    assert np.all(np.diff(implicit)[:3] < 0)
    assert np.max(lagged[1:] / lagged[:-1]) > 1
    small = [FokkerPlanck(cold, lagged=one).run(start, 1e-3, 10)[-1] for one in (True, False)]
    assert small[0] == pytest.approx(small[1], abs=1e-4 * np.max(small[1]))


def test_two_dimensions_clouds_and_senseless_knobs_are_refused_in_one_sentence():
    with pytest.raises(QuadratureError, match="neurons of one parameter, got 2: use particles"):
        FokkerPlanck(quadrature(neuron=TwoLayerTanh(), l2=0.5, temperature=0.5))
    with pytest.raises(ValueError, match="a cloud of particles has no entropy"):
        FokkerPlanck(GIVEN).run(np.zeros(10), 0.1, 1)
    with pytest.raises(ValueError, match="heat must be positive"):
        FokkerPlanck(GIVEN, heat=0.0)
    with pytest.raises(ValueError, match="scheme must be one of"):
        FokkerPlanck(GIVEN, scheme="upwind")
    with pytest.raises(ValueError, match="belongs to a whole run"):
        FokkerPlanck(GIVEN, frozen=True).advance(normal(GIVEN), 0.1)
