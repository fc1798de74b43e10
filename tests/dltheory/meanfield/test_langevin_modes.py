import numpy as np
import pytest

from dltheory.meanfield import langevin_laws as laws
from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin_modes import LocalModes
from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.problem import MeanFieldProblem


def quadrature(loss=None, inputs=2.0):
    rng = np.random.default_rng(3)
    x, offsets, labels = inputs * rng.standard_normal((6, 1)), rng.standard_normal(6), np.sign(rng.standard_normal(6))
    return Quadrature.of(MeanFieldProblem(x, labels, 0.2, 0.2, loss=loss or SquaredLoss(), offsets=offsets))


BOTH = pytest.mark.parametrize("given", [quadrature(), quadrature(LogisticLoss())], ids=["squared", "logistic"])


def jacobian(given):
    """The derivative of dq/dt at q* by finite differences, (G, G)."""
    fp, best = FokkerPlanck(given), given.gibbs(given.optimum)

    def flow(q):
        bands = fp.generator(laws.coefficients(given, q))
        return bands[1] * q + np.append(bands[0, 1:] * q[1:], 0) + np.append(0, bands[2, :-1] * q[:-1])

    size = 1e-6
    units = np.eye(best.size) * size
    return np.stack([(flow(best + unit) - flow(best - unit)) / (2 * size) for unit in units], axis=1)


@BOTH
def test_rates_are_eigenvalues_of_the_linearised_flow(given):
    modes = LocalModes(given)
    found = np.sort(-np.linalg.eigvals(jacobian(given)).real)
    assert modes.rate == pytest.approx(2 * found[1], rel=1e-5)
    assert modes.second_rate == pytest.approx(2 * found[2], rel=1e-5)


@BOTH
def test_the_slowest_direction_decays_at_its_rate_from_the_start(given):
    modes, dt = LocalModes(given), 0.01
    gaps = laws.gap(given, FokkerPlanck(given).run(modes.start(1e-4), dt, 100))
    implicit = 2 * np.log1p(modes.rate / 2 * dt) / dt
    assert -np.diff(np.log(gaps)) / dt == pytest.approx(implicit, rel=1e-3)


@BOTH
def test_the_interaction_only_helps_the_spectral_gap(given):
    modes = LocalModes(given)
    assert modes.rate > 2 * modes.spectral_gap
    assert modes.second_rate > modes.rate


def test_without_data_the_rates_approach_those_of_an_ornstein_uhlenbeck_process_at_second_order():
    coarse, fine = (LocalModes(laws.refined(quadrature(inputs=0.0), factor)) for factor in (4, 8))
    assert fine.rate == pytest.approx(2 * fine.spectral_gap, rel=1e-9)
    assert fine.rate == pytest.approx(4 * 0.2, rel=1e-3)
    assert fine.second_rate == pytest.approx(8 * 0.2, rel=2e-3)
    assert (4 * 0.2 - coarse.rate) / (4 * 0.2 - fine.rate) == pytest.approx(4, rel=0.01)


def test_a_grid_twice_as_fine_gives_the_same_rate():
    given = quadrature()
    coarse, fine = LocalModes(given).rate, LocalModes(laws.refined(given, 2)).rate
    assert coarse == pytest.approx(fine, rel=5e-3)


def test_a_start_is_a_law_and_one_that_would_be_negative_is_refused():
    given = quadrature()
    law = LocalModes(given).start(0.5)
    laws.require_law(given, law)
    assert np.max(np.abs(law / given.gibbs(given.optimum) - 1)) == pytest.approx(0.5, rel=1e-6)
    with pytest.raises(ValueError, match="smaller than 1"):
        LocalModes(given).start(1.0)
