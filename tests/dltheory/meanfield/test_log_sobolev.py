import numpy as np
import pytest

from dltheory.meanfield import log_sobolev
from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.neurons import Linear, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem


def problem(l2=0.25, temperature=1.0, steep=2.0, neuron=None):
    rng = np.random.default_rng(3)
    inputs, offsets, labels = (
        steep * rng.standard_normal((6, 1)),
        rng.standard_normal(6),
        np.sign(rng.standard_normal(6)),
    )
    inputs[0] = 0.0  # a neuron that is constant tilts nothing
    chosen = {} if neuron is None else {"neuron": neuron}
    return MeanFieldProblem(inputs, labels, l2, temperature, offsets=offsets, **chosen)


GIVEN = Quadrature.of(problem())
MANY = np.random.default_rng(1).uniform(-2, 2, (20, 6))


def fine_tilt(given, g):
    """Tilts (R, points) on a grid that is far finer and wider than the quadrature's."""
    theta = np.linspace(-40, 40, 80_001)[:, np.newaxis]
    return theta[:, 0], g @ given.problem.values(theta).T / (given.problem.size * given.problem.temperature)


def test_the_oscillation_is_an_upper_bound_and_a_close_one():
    _, tilt = fine_tilt(GIVEN, MANY)
    truth, found = np.ptp(tilt, axis=1), log_sobolev.oscillation(GIVEN, MANY)
    assert np.all(found >= truth)
    assert found == pytest.approx(truth, abs=0.02)


def test_the_oscillation_beyond_the_last_node_is_counted():
    flat = problem(steep=0.05)
    given = Quadrature.of(flat)
    _, tilt = fine_tilt(given, MANY)
    assert np.all(log_sobolev.oscillation(given, MANY) >= np.ptp(tilt, axis=1))


@pytest.mark.parametrize("steep", [0.05, 0.5, 2.0])
def test_the_curvature_is_a_lower_bound_and_a_close_one(steep):
    given = Quadrature.of(problem(steep=steep))
    for g in MANY:
        theta, tilt = fine_tilt(given, g[np.newaxis])
        step = theta[1] - theta[0]
        truth = np.min(np.diff(tilt[0], 2)) / step**2 + 2 * 0.25
        found = log_sobolev.bakry_emery(given, g)
        assert found <= truth + 1e-4
        assert found == pytest.approx(truth, abs=0.8)
    assert log_sobolev.bakry_emery(given, MANY) == pytest.approx(min(log_sobolev.bakry_emery(given, g) for g in MANY))


def test_every_certificate_lies_below_the_spectral_gap():
    temperature = GIVEN.problem.temperature
    for g in MANY:
        bands = FokkerPlanck(GIVEN).generator(g)
        off = np.sqrt(bands[0, 1:] * bands[2, :-1])
        rates = np.linalg.eigvalsh(np.diag(-bands[1]) - np.diag(off, 1) - np.diag(off, -1)) / temperature
        slack = 1 + 5e-3  # of a grid that is good to second order
        for found in (log_sobolev.holley_stroock(GIVEN, g), log_sobolev.bakry_emery(GIVEN, g)):
            assert found <= rates[1] * slack


def test_without_a_tilt_every_certificate_is_that_of_the_gaussian():
    zero = np.zeros(6)
    assert log_sobolev.holley_stroock(GIVEN, zero) == pytest.approx(0.5)
    assert log_sobolev.bakry_emery(GIVEN, zero) == pytest.approx(0.5)
    assert log_sobolev.gaussian(GIVEN.problem) == 0.5


def test_constants_for_every_tilt_are_below_those_of_the_actual_one_and_vacuous_when_cold():
    p = GIVEN.problem
    assert log_sobolev.paper(p) == pytest.approx(0.5 * np.exp(-8))
    assert log_sobolev.uniform(p) == pytest.approx(0.5 * np.exp(-4))
    assert log_sobolev.paper(p) < log_sobolev.uniform(p) <= log_sobolev.holley_stroock(GIVEN, MANY)
    assert log_sobolev.paper(problem(0.1, 0.1)) < 1e-34


def test_unbounded_and_unknown_neurons_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="the linear neuron is Gaussian with 2 λ₁/λ₂"):
        log_sobolev.paper(problem(neuron=Linear()))
    with pytest.raises(ValueError, match="one parameter, got 2"):
        log_sobolev.oscillation(Quadrature.of(problem(neuron=TwoLayerTanh())), MANY)
