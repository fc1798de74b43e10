import math
import warnings

import numpy as np
import pytest

from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import (
    DualCoordinateAscent,
    Refresh,
    condition_number,
    draw_coordinates,
    iterations,
    particles_for,
    plateau_bound,
    require_coordinates,
    require_reachable,
    step_weight,
    variance_bound,
)


def problem(loss=None, neuron=None, size=5, temperature=0.1, l2=0.1):
    rng = np.random.default_rng(4)
    labels = np.sign(rng.standard_normal(size))
    return MeanFieldProblem(rng.standard_normal((size, 2)), labels, l2, temperature, neuron or Tanh(),
                            loss or SquaredLoss())  # fmt: skip


class Kinked(SquaredLoss):
    @property
    def gamma(self):
        return 0.0


class Wide(Tanh):
    @property
    def bound(self):
        return 3.0


class Unbounded(Tanh):
    @property
    def bound(self):
        return math.inf


@pytest.mark.parametrize(
    ("loss", "gamma"), [(SquaredLoss(), 1.0), (SquaredLoss(1.0), 0.5), (LogisticLoss(), 4.0)], ids=str
)
def test_the_condition_number_takes_gamma_from_the_loss(loss, gamma):
    assert condition_number(problem(loss)) == pytest.approx(5 + 1 / (gamma * 0.1), rel=1e-15)


def test_a_larger_bound_of_the_neuron_counts_squared():
    assert condition_number(problem(neuron=Wide())) == pytest.approx(5 + 9 / 0.1)
    assert step_weight(problem(neuron=Wide())) == pytest.approx(5 * 0.1 / 9)


def test_linear_neurons_have_the_condition_number_of_ridge_regression():
    given = problem(neuron=Linear(), temperature=0.7)
    longest = np.max(np.sum(given.inputs**2, axis=1))
    assert condition_number(given) == pytest.approx(5 + longest / 0.2)
    assert variance_bound(given) == pytest.approx(longest * 0.7 / 0.2)


def test_a_loss_with_a_kink_has_no_exponential_rate():
    with pytest.raises(ValueError, match=r"Kinked is not smooth .* use a smooth loss"):
        condition_number(problem(Kinked()))
    with pytest.raises(ValueError, match="no exponential rate is claimed"):
        DualCoordinateAscent(1, "safe").change(problem(Kinked()), 0.0, 0.1, 0)


def test_an_unbounded_neuron_is_refused_unless_it_is_linear():
    with pytest.raises(ValueError, match=r"Unbounded is unbounded .* use a bounded neuron"):
        variance_bound(problem(neuron=Unbounded()))


@pytest.mark.parametrize("loss", [SquaredLoss(), SquaredLoss(1.0), LogisticLoss()], ids=str)
def test_a_step_maximises_the_lower_bound_of_the_dual(loss):
    given, ascent = problem(loss), DualCoordinateAscent(1)
    g, z, i = -0.3 * given.labels[2], 0.4, 2
    change = float(ascent.change(given, g, z, i))
    trial = g + change + np.linspace(-0.2, 0.2, 4001)
    bound = -loss.conjugate(trial, given.labels[i]) + trial * z - (trial - g) ** 2 / (2 * step_weight(given))
    assert trial[np.argmax(bound)] == pytest.approx(g + change, abs=2e-4)
    assert ascent.change(given, np.full(3, g), np.full(3, z), np.full(3, i)) == pytest.approx([change] * 3, rel=1e-14)


def test_the_safe_step_is_the_maximiser_for_the_squared_loss():
    given = problem(SquaredLoss(0.8))
    values = [DualCoordinateAscent(1, step).change(given, 0.2, -0.5, 1) for step in ("maximise", "safe")]
    assert float(values[0]) == pytest.approx(float(values[1]), rel=1e-14)


@pytest.mark.parametrize("step", ["maximise", "safe"])
@pytest.mark.parametrize("loss", [SquaredLoss(1.0), LogisticLoss()], ids=str)
def test_a_step_gains_what_the_proof_promises(loss, step):
    """n times the lower bound rises by s (ℓ* + ℓ − gz) at least, s = 1/(1 + V/(nγλ₂))."""
    given = problem(loss)
    weight, share = step_weight(given), given.size / condition_number(given)
    for a in np.linspace(0.05, 0.95, 7):
        for z in np.linspace(-0.9, 0.9, 7):
            y = given.labels[0]
            g = -y * a
            change = float(DualCoordinateAscent(1, step).change(given, g, z, 0))
            gained = -loss.conjugate(g + change, y) + loss.conjugate(g, y) + change * z - change**2 / (2 * weight)
            assert gained >= share * (loss.conjugate(g, y) + loss.value(z, y) - g * z) - 1e-14


def test_step_scale_multiplies_the_step():
    given = problem()
    once, half = (DualCoordinateAscent(1, step_scale=s).change(given, 0.1, 0.3, 0) for s in (1.0, 0.5))
    assert float(half) == pytest.approx(float(once) / 2)


def test_the_theory_takes_enough_steps_and_twice_as_many_with_particles():
    given = problem()
    found = DualCoordinateAscent.from_theory(given, 1e-3, gap=0.5)
    kappa = condition_number(given)
    assert found.outer == math.ceil(iterations(given, 1e-3, 0.5))
    assert kappa * (1 - 1 / kappa) ** found.outer * 0.5 <= 1e-3
    refresh = Refresh.from_theory(given, 1e-3, lsi=1.0, lipschitz=5.0)
    twice = DualCoordinateAscent.from_theory(given, 1e-3, gap=0.5, refresh=refresh)
    assert twice.outer == math.ceil(2 * iterations(given, 1e-3, 0.5))
    assert twice.refresh is refresh


def test_a_refresh_ends_within_its_target_by_the_bound_of_langevin_dynamics():
    given, alpha, smooth, start = problem(), 0.8, 6.0, 3.0
    found = Refresh.from_theory(given, 0.02, lsi=alpha, lipschitz=smooth, divergence=start)
    assert found.period == given.size
    reached = math.exp(-alpha * found.step_size * found.steps) * start + 8 * found.step_size * 2 * smooth**2 / alpha
    assert reached == pytest.approx(0.01, rel=1e-3)
    assert found.step_size <= alpha / (4 * smooth**2)


def test_coordinates_are_nested_in_the_number_of_steps():
    def generators():
        return [np.random.default_rng([9, r]) for r in range(3)]

    longer = draw_coordinates(7, 50, generators())
    assert np.array_equal(draw_coordinates(7, 20, generators()), longer[:, :20])
    assert set(draw_coordinates(7, 500, generators()).ravel()) == set(range(7))


def test_sabotaged_orders_are_what_they_say():
    generators = [np.random.default_rng(0)]
    turns = draw_coordinates(3, 7, [np.random.default_rng(r) for r in range(9)], "cyclic")
    assert np.array_equal(turns[:, :4], turns[:, 3:])
    assert np.array_equal(np.sort(turns[:, :3], axis=1), np.tile(np.arange(3), (9, 1)))
    assert np.any(turns[0] != turns[1:])
    assert set(draw_coordinates(6, 300, generators, "half").ravel()) == {0, 1, 2}
    with pytest.raises(ValueError, match="order must be one of"):
        draw_coordinates(3, 7, generators, "reverse")


def test_coordinates_that_are_no_data_points_are_a_stream_without_a_dual():
    with pytest.raises(ValueError, match="use dual averaging"):
        require_coordinates(problem(), DualCoordinateAscent(2), np.array([[0, 5]]))
    with pytest.raises(ValueError, match="4 steps need as many coordinates"):
        require_coordinates(problem(), DualCoordinateAscent(4), np.array([[0, 1]]))


@pytest.mark.parametrize("loss", [SquaredLoss(), SquaredLoss(1.0), LogisticLoss()], ids=str)
def test_a_gap_below_the_plateau_names_the_particles_that_reach_it(loss):
    given = problem(loss)
    enough = particles_for(given, 1e-2)
    assert plateau_bound(given, enough) == pytest.approx(5e-3, rel=0.05)
    require_reachable(given, 1e-2, enough)
    with pytest.raises(ValueError, match=f"is below the plateau .* take {enough}$"):
        require_reachable(given, 1e-2, enough // 4)
    with pytest.raises(ValueError, match="is below the plateau"):
        DualCoordinateAscent.from_theory(given, 1e-2, gap=1.0, particles=enough // 4)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: DualCoordinateAscent(0), "at least one step, got outer = 0"),
        (lambda: DualCoordinateAscent(3, "newton"), "step must be one of"),
        (lambda: DualCoordinateAscent(3, step_scale=0.0), "step_scale multiplies and must be positive"),
        (lambda: DualCoordinateAscent(3, tilt=math.inf), "tilt multiplies and must be positive"),
        (lambda: Refresh(0, 0.1, 3), "at least 1, got period = 0, steps = 3"),
        (lambda: Refresh(4, 0.1, 0), "at least 1, got period = 4, steps = 0"),
        (lambda: Refresh(4, -0.1, 2), "step size of a refresh must be positive and finite, got -0.1"),
        (lambda: Refresh.from_theory(problem(), 0.1, lsi=2.0, lipschitz=1.0), "expected 0 < lsi ≤ lipschitz"),
        (lambda: Refresh.from_theory(problem(), 0.0, lsi=1.0, lipschitz=1.0), "accuracy must be positive"),
        (lambda: DualCoordinateAscent.from_theory(problem(), -1.0, gap=1.0), "accuracy must be positive"),
        (lambda: DualCoordinateAscent.from_theory(problem(), 0.1, gap=0.0), "gap at the start must be positive"),
        (lambda: problem(l2=0.0), r"l2 \(λ₁\) must be positive"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_two_trained_layers_and_one_data_point_are_ordinary():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert condition_number(problem(neuron=TwoLayerTanh(), size=1)) == pytest.approx(11)
