import math

import numpy as np
import pytest

from dltheory.meanfield.losses import LogisticLoss, SquaredLoss
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.pda import ParticleDualAveraging, draw_examples, require_assumptions
from dltheory.meanfield.pda_inner import InnerLoop, holley_stroock
from dltheory.meanfield.problem import MeanFieldProblem


def generators(count, root=0):
    return [np.random.default_rng([root, r]) for r in range(count)]


def small(temperature=0.5, neuron=None, labels=(1.0, -1.0), loss=None):
    inputs = np.array([[1.0], [-0.5]])
    options = {} if neuron is None else {"neuron": neuron}
    return MeanFieldProblem(inputs, np.array(labels), 0.2, temperature, loss=loss or SquaredLoss(), **options)


def test_gains_average_with_weights_proportional_to_t():
    gains, share = ParticleDualAveraging(6).gains, np.zeros(6)
    for t, gain in enumerate(gains):
        share *= 1 - gain
        share[t] = gain
    assert share == pytest.approx(np.arange(1, 7) / 21)


def test_the_next_law_is_cooled_by_t_over_t_plus_two():
    t = np.arange(1.0, 41)
    assert ParticleDualAveraging(40).coolings == pytest.approx(t / (t + 2), rel=1e-13)
    assert ParticleDualAveraging(40, heat=2.0).coolings == pytest.approx(t / (t + 2) / 2, rel=1e-13)


@pytest.mark.parametrize("outer", [1, 2, 7, 1000])
def test_output_probabilities_sum_to_one_and_the_drawn_time_follows_them(outer):
    pda = ParticleDualAveraging(outer)
    assert pda.output_probabilities.sum() == pytest.approx(1, rel=1e-13)

    class Fixed:
        def __init__(self, value):
            self.value = value

        def random(self):
            return self.value

    edges = np.concatenate([[0.0], np.cumsum(pda.output_probabilities)])
    for index in {0, outer // 2, outer - 1}:
        low, high = edges[index], edges[index + 1]
        inside = [low + share * (high - low) for share in (0.01, 0.5, 0.99)]
        assert [pda.draw_output(Fixed(u)) for u in inside] == [index + 2] * 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"outer": 0}, "at least one outer iteration"),
        ({"outer": 3, "gradients": "half"}, "gradients must be one of"),
        ({"outer": 3, "memory": "none"}, "memory must be one of"),
        ({"outer": 3, "heat": 0.0}, "must be positive and finite"),
        ({"outer": 3, "weight_power": math.nan}, "must be finite"),
    ],
)
def test_hyperparameters_without_meaning_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ParticleDualAveraging(**arguments)


def test_full_batches_say_that_their_exponent_is_another():
    assert ParticleDualAveraging(3).exponent == -1
    assert ParticleDualAveraging(3, gradients="full").exponent == -2


def test_examples_are_nested_and_in_range():
    short, long = (draw_examples(5, outer, generators(3)) for outer in (10, 40))
    assert np.array_equal(short, long[:, :10])
    assert set(np.unique(long)) == set(range(5))


@pytest.mark.parametrize("order", ["shuffled", "cyclic"])
def test_other_orders_of_the_data_see_every_example_once_an_epoch_and_warn(order):
    with pytest.warns(UserWarning, match="gradients are biased"):
        drawn = draw_examples(4, 10, generators(2), order)
    assert drawn.shape == (2, 10)
    assert [sorted(row[4:8]) for row in drawn.tolist()] == [[0, 1, 2, 3]] * 2


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="order must be one of"):
        draw_examples(4, 10, generators(1), "sorted")


@pytest.mark.parametrize("dimension", [1, 7])
@pytest.mark.parametrize("warm", [True, False])
def test_the_theory_schedule_meets_its_accuracy_by_the_bound_it_is_made_from(dimension, warm):
    alpha, lipschitz, divergence = 0.3, 2.0, 3.0
    loop = InnerLoop.from_theory(lsi=alpha, lipschitz=lipschitz, dimension=dimension, divergence=divergence, warm=warm)
    t = np.arange(1.0, 50)
    eta, steps, accuracy = loop.step_sizes(t), loop.steps(t), (t + 1) ** -2
    start = divergence * (accuracy if warm else 1.0)
    reached = np.exp(-alpha * eta * steps) * start + 8 * eta * dimension * lipschitz**2 / alpha
    assert np.all(reached <= accuracy * (1 + 1e-12))
    assert np.all(reached >= accuracy * 0.99)
    assert np.all(eta <= alpha / (4 * lipschitz**2))


def test_from_theory_puts_the_inner_loop_into_the_method():
    made = ParticleDualAveraging.from_theory(9, lsi=0.3, lipschitz=2.0, dimension=3)
    assert made == ParticleDualAveraging(9, InnerLoop.from_theory(lsi=0.3, lipschitz=2.0, dimension=3))


def test_neuron_gradients_are_counted_for_merged_and_for_fresh_examples():
    loop = InnerLoop(0.1, 2.0, 2.0, 1.0)
    steps = [math.ceil(2 * (t + 1)) for t in range(1, 7)]
    assert loop.total_steps(6).tolist() == np.cumsum(steps).tolist()
    assert loop.neuron_gradients(6, 10, 4) == 10 * sum(s * min(t, 4) for t, s in enumerate(steps, 1))
    assert loop.neuron_gradients(6, 10) == 10 * sum(s * t for t, s in enumerate(steps, 1))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: InnerLoop(0.0, 1.0), "step size of the inner loop must be positive"),
        (lambda: InnerLoop(0.1, 0.0), "makes at least one step"),
        (lambda: InnerLoop.from_theory(lsi=1.0, lipschitz=math.inf, dimension=1), "instead of ReLU"),
        (lambda: InnerLoop.from_theory(lsi=3.0, lipschitz=2.0, dimension=1), "log-Sobolev constant must lie in"),
        (lambda: InnerLoop.from_theory(lsi=1.0, lipschitz=2.0, dimension=0), "at least 1"),
        (lambda: InnerLoop(4.0, 1.0).require_stable(2.0), "must stay below 1/L"),
    ],
)
def test_inner_loops_that_cannot_work_are_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_the_certified_constant_is_that_of_a_bounded_perturbation_and_warns_where_it_is_useless():
    assert holley_stroock(small(temperature=2.0)) == pytest.approx(2 * 0.2 / 6 * math.exp(-2 * 2 / 2))
    with pytest.warns(UserWarning, match="of no use for a step size"):
        holley_stroock(small(temperature=0.1))
    with pytest.raises(ValueError, match="no bounded perturbation"):
        holley_stroock(small(neuron=Linear()))


class Wavy(SquaredLoss):
    def curvature(self, z, y):
        return np.cos(4 * z) + 0 * y


def test_assumptions_that_do_not_hold_are_named():
    require_assumptions(small())
    require_assumptions(small(loss=LogisticLoss()))
    with pytest.warns(UserWarning, match=r"Linear is unbounded, .* Gaussian closed forms"):
        require_assumptions(small(neuron=Linear()))
    with pytest.warns(UserWarning, match=r"labels reach 3, .* scale them"):
        require_assumptions(small(labels=(3.0, -1.0)))
    with pytest.raises(ValueError, match="not convex in the prediction"):
        require_assumptions(small(loss=Wavy()))
