"""What the three methods cannot do, in one list: every entry is refused or warned of in one sentence with advice."""

import math
import warnings

import numpy as np
import pytest

from dltheory.meanfield import log_sobolev
from dltheory.meanfield.fokker_planck import FokkerPlanck
from dltheory.meanfield.gaussian import LinearGaussian
from dltheory.meanfield.gaussian_langevin import GaussianLangevin, Start
from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin import Cloud, MeanFieldLangevin, lipschitz
from dltheory.meanfield.langevin_laws import gap
from dltheory.meanfield.losses import SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples, require_assumptions
from dltheory.meanfield.pda_inner import InnerLoop, holley_stroock
from dltheory.meanfield.pda_particles import run as averaged
from dltheory.meanfield.pda_theory import explicit_bound, limit_constant
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import (
    DualCoordinateAscent,
    Refresh,
    condition_number,
    draw_coordinates,
    particles_for,
    require_coordinates,
    require_reachable,
)
from dltheory.meanfield.psdca_particles import initial_particles
from dltheory.meanfield.psdca_particles import run as ascended


class Wavy(SquaredLoss):
    """Not convex."""

    def curvature(self, z, y):
        return np.cos(4 * z) + 0 * y


class Kinked(SquaredLoss):
    """As the hinge: convex, without a bound of its second derivative."""

    @property
    def gamma(self):
        return 0.0

    def conjugate_curvature(self, g, y):
        return np.ones(np.broadcast_shapes(np.shape(g), np.shape(y)))


class Rectified(Tanh):
    """As ReLU: unbounded, and nothing is known of its gradient."""

    @property
    def bound(self):
        return math.inf


def problem(neuron=None, loss=None, l2=0.2, temperature=0.2, p=1, labels=(1.0, -1.0, 1.0)):
    inputs = np.random.default_rng(3).standard_normal((3, p))
    return MeanFieldProblem(inputs, np.array(labels), l2, temperature, neuron or Tanh(), loss or SquaredLoss())


def cloud(given, count=5):
    return np.zeros((count, given.dimension))


def inner():
    return ParticleDualAveraging(2, InnerLoop(0.01, 1.0))


def linear():
    return GaussianLangevin(LinearGaussian(problem(Linear(), p=2)))


RNG = np.random.default_rng(0)
REFUSED = {
    # dual averaging
    "pda: no temperature": (lambda: problem(temperature=0.0), "must be positive, or the minimiser has no density"),
    "pda: no regulariser": (lambda: problem(l2=0.0), "must be positive, or no density can be normalised"),
    "pda: a temperature that no grid resolves": (
        lambda: Quadrature.of(problem(TwoLayerTanh(), l2=1e-4, temperature=1e-4)),
        "raise it, or make the inputs smaller",
    ),
    "pda: quadrature of unbounded neurons": (lambda: Quadrature.of(problem(Linear())), "use the Gaussian closed forms"),
    "pda: an activation without Lipschitz gradient": (
        lambda: InnerLoop.from_theory(lsi=1.0, lipschitz=math.inf, dimension=1), "use a smooth activation such as tanh",
    ),
    "pda: a loss that is not convex": (lambda: require_assumptions(problem(loss=Wavy())), "use a convex loss"),
    "pda: the constant of a loss that is not smooth": (
        lambda: limit_constant(Quadrature.of(problem(loss=Kinked()))), r"the bound O\(1/T\) holds all the same",
    ),
    "pda: no outer iteration": (lambda: ParticleDualAveraging(0), "at least one outer iteration"),
    "pda: no inner step": (lambda: InnerLoop(0.1, 0.0), "at least one step"),
    "pda: an unstable inner loop": (lambda: InnerLoop(4.0, 1.0).require_stable(2.0), "must stay below 1/L = 0.5"),
    "pda: the objective of a cloud": (
        lambda: averaged(problem(), inner(), cloud(problem()), np.array([0, 1]), RNG, np.array([2])).objective(),
        "take the gap of the Gibbs measure of the stored coefficients, or the dual suboptimality",
    ),
    # dual coordinate ascent
    "psdca: a loss that is not smooth": (
        lambda: condition_number(problem(loss=Kinked())), "use a smooth loss, such as the logistic one for the hinge",
    ),
    "psdca: unbounded neurons": (
        lambda: condition_number(problem(Rectified())), "use a bounded neuron such as tanh, or the linear one",
    ),
    "psdca: a stream of examples": (
        lambda: require_coordinates(problem(), DualCoordinateAscent(2), np.array([[0, 7]])), "use dual averaging",
    ),
    "psdca: a gap below the plateau": (
        lambda: require_reachable(problem(), 1e-3, 100), f"take {particles_for(problem(), 1e-3)}$",
    ),
    "psdca: no regulariser": (lambda: problem(l2=-1.0), "must be positive, or no density can be normalised"),
    # Langevin dynamics
    "mfld: a functional that is not convex, laws": (
        lambda: FokkerPlanck(Quadrature.of(problem(loss=Wavy()))), "has no unique minimiser: use a convex loss",
    ),
    "mfld: a functional that is not convex, particles": (
        lambda: MeanFieldLangevin(0.1).require_stable(problem(loss=Wavy())),
        "has no unique minimiser: use a convex loss",
    ),
    "mfld: one constant for unbounded neurons": (
        lambda: log_sobolev.uniform(problem(Rectified())),
        "bounded neurons have one, and the linear neuron is Gaussian",
    ),
    "mfld: no temperature": (lambda: problem(temperature=0.0), "must be positive, or the minimiser has no density"),
    "mfld: no confinement": (lambda: problem(l2=0.0), "must be positive, or no density can be normalised"),
    "mfld: steps too large for particles": (
        lambda: MeanFieldLangevin(9.0).require_stable(problem()), "is not below 2/L = .*: take smaller steps",
    ),
    "mfld: steps too large for laws": (lambda: linear().require_stable(9.0), "must lie between 0 and 2/L"),
    "mfld: an exact gap in three dimensions": (
        lambda: Quadrature.of(problem(p=3)), "use the dual suboptimality of particles, or the linear neuron",
    ),
    "mfld: a law in two dimensions": (
        lambda: FokkerPlanck(Quadrature.of(problem(p=2))), "use particles, or the linear neuron",
    ),
    "mfld: a Dirac, closed forms": (lambda: Start(np.zeros(2), 0.0), "start from its law after a short time"),
    "mfld: the objective of a cloud": (
        lambda: Cloud(problem(), cloud(problem()), np.zeros((1, 3))).objective(), "take the dual suboptimality",
    ),
    "mfld: the gap of a cloud": (
        lambda: gap(Quadrature.of(problem()), cloud(problem())[:, 0]), "take the dual suboptimality of its predictions",
    ),
}  # fmt: skip


@pytest.mark.parametrize("entry", REFUSED)
def test_what_cannot_be_done_is_refused_in_one_sentence_with_advice(entry):
    make, advice = REFUSED[entry]
    with pytest.raises(ValueError, match=advice) as caught:
        make()
    assert "\n" not in str(caught.value)


WARNED = {
    "pda: a certified constant that is of no use": (
        lambda: holley_stroock(problem(temperature=0.05)), "take the constant of the actual potential",
    ),
    "pda: unbounded neurons": (
        lambda: require_assumptions(problem(Linear())),
        r"may grow by the factor ‖x‖²/\(2λ₁\), .* Gaussian closed forms",
    ),
    "pda: labels outside of the theorem": (
        lambda: require_assumptions(problem(labels=(3.0, -1.0, 1.0))), r"scale them to \[−1, 1\]",
    ),
    "pda: data in a fixed order": (lambda: draw_examples(3, 5, [RNG], "cyclic"), "gradients are biased"),
    "pda: data without replacement": (lambda: draw_examples(3, 5, [RNG], "shuffled"), "the rate is not the theorem's"),
    "psdca: weights that collapse": (
        lambda: collapse(temperature=0.002), "refresh more often than every 90 steps, or raise λ₂ = 0.002",
    ),
}  # fmt: skip


def collapse(temperature):
    given = problem(temperature=temperature, l2=0.0005)
    ascent = DualCoordinateAscent(60, refresh=Refresh(90, 1e-4, 1))
    theta = initial_particles(given, 300, np.random.default_rng(1))
    coordinates = draw_coordinates(3, 60, [np.random.default_rng(2)])[0]
    return ascended(given, ascent, theta, coordinates, np.random.default_rng(3), np.array([60]))


@pytest.mark.parametrize("entry", WARNED)
def test_what_leaves_the_theory_is_warned_of_in_one_sentence_with_advice(entry):
    make, advice = WARNED[entry]
    with pytest.warns(UserWarning, match=advice) as caught:
        make()
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)


def test_a_dirac_on_the_nodes_is_refused_and_its_law_after_a_short_time_is_not():
    given = Quadrature.of(problem())
    nodes, dirac = given.nodes[:, 0], np.zeros(len(given.nodes))
    dirac[len(dirac) // 2] = 1.0
    with pytest.raises(ValueError, match="start from its law after a short time, a Gaussian of variance 2λ₂t"):
        FokkerPlanck(given).run(dirac, 0.1, 2)
    later = np.exp(-(nodes**2) / (2 * 2 * 0.2 * 0.1))
    assert np.isfinite(FokkerPlanck(given).run(later / later.sum(), 0.1, 2)).all()


def test_the_bound_of_dual_averaging_needs_no_smooth_loss():
    """The hinge's subgradients are bounded: what the bound asks for is the largest slope, not γ."""
    given = Quadrature.of(problem(loss=Kinked()))
    assert np.all(np.diff(explicit_bound(given, np.array([10.0, 100.0, 1000.0]))) < 0)


def test_the_loss_brings_its_own_gamma_and_small_temperatures_only_cost_steps():
    assert condition_number(problem(loss=SquaredLoss(1.0))) == pytest.approx(3 + 2 / 0.2)
    assert condition_number(problem(temperature=1e-6)) == pytest.approx(3 + 1e6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = MeanFieldProblem(np.ones((1, 1)), np.ones(1), 0.2, 0.2)
        twice = MeanFieldProblem(np.ones((4, 1)), np.ones(4), 0.2, 0.2)
        for given in (few, twice):  # one data point, and one that is there four times
            assert Quadrature.of(given).duality_gap(Quadrature.of(given).optimum) == pytest.approx(0, abs=1e-14)


def test_neurons_of_an_unknown_kind_have_no_step_size():
    class Steps:
        bound = 1.0

        def dimension(self, inputs):
            return int(inputs.shape[1])

    with pytest.raises(ValueError, match="use tanh neurons instead of ReLU, or linear ones"):
        lipschitz(problem(Steps()))
