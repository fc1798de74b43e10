"""Oracles for what the claims on dual averaging compute: expectations, nested draws, schedules."""

import numpy as np
import pytest

from rates.catalogue.meanfield import _pda_problems as problems
from rates.streams import streams

MADE = streams(5, "claim", "case", range(400))


@pytest.mark.parametrize("schedule", ["exact", "theory", "short"])
@pytest.mark.parametrize("average", [False, True])
def test_the_curve_of_linear_neurons_is_the_mean_of_the_experiment(schedule, average):
    t = np.array([3.0, 10.0, 40.0])
    measured = problems.linear_gaps(t, MADE, p=2, schedule=schedule, average=average)
    error = measured.std(axis=0, ddof=1) / len(MADE) ** 0.5
    assert np.all(np.abs(measured.mean(axis=0) - problems.linear_expected(t, p=2, schedule=schedule, average=average))
                  < 4.5 * error)  # fmt: skip


def test_the_curve_after_steps_is_the_mean_of_the_experiment():
    steps = np.array([1e5, 1e6, 1.3e6])
    measured = problems.gap_after(steps, MADE, p=2)
    error = measured.std(axis=0, ddof=1) / len(MADE) ** 0.5
    assert np.all(np.abs(measured.mean(axis=0) - problems.expected_gap_after(steps, p=2)) < 4.5 * error)


def test_the_gap_after_the_steps_of_whole_inner_loops_is_that_of_their_end():
    inner = problems.inner_loop(problems.linear(2), "theory")
    total = inner.total_steps(30)[[9, 19, 28]]
    wanted = problems.linear_expected(np.array([11.0, 21.0, 30.0]), p=2)
    assert problems.expected_gap_after(total, p=2) == pytest.approx(wanted, rel=1e-12)


def test_steps_to_a_gap_lie_between_those_of_neighbouring_outer_iterations():
    found = problems.steps_to(np.array([64.0]), p=2)
    inner = problems.inner_loop(problems.linear(2), "theory")
    gap = problems.linear_expected(np.arange(1.0, 1001), p=2, average=True)
    first = int(np.argmax(gap <= 1 / 64))
    total = inner.total_steps(1000)
    assert total[first - 1] <= found[0] <= total[first]
    assert np.isinf(problems.steps_to(np.array([1e9]), p=2)[0])


def test_trajectories_do_not_depend_on_their_batch_or_on_later_times():
    t = np.array([5.0, 20.0, 60.0])
    together = problems.bounded_gaps(t, MADE[:4])
    assert np.concatenate([problems.bounded_gaps(t, MADE[i : i + 1]) for i in range(4)]) == pytest.approx(
        together, rel=1e-12
    )
    assert problems.bounded_gaps(t[:2], MADE[:4]) == pytest.approx(together[:, :2], rel=1e-12)
