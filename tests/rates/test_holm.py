"""Holm's procedure against the closed test that it is a short cut for, and against intervals."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rates.compare.differences import Estimate
from rates.holm import adjusted, rejections


@given(st.lists(st.sampled_from([1e-6, 1e-4, 2e-4, 3e-4, 5e-4, 9e-4, 2e-3, 0.5]), min_size=1, max_size=6))
def test_it_is_the_closed_test_of_bonferronis(p_values):
    level, count = 1e-3, len(p_values)
    subsets = [s for size in range(1, count + 1) for s in combinations(range(count), size)]
    rejected = [
        all(min(p_values[j] for j in subset) <= level / len(subset) for subset in subsets if i in subset)
        for i in range(count)
    ]
    assert [reject for reject, _ in rejections(p_values, level)] == rejected
    assert [p <= level for p in adjusted(p_values)] == rejected


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=8))
def test_an_interval_excludes_zero_exactly_where_it_rejects(t_values):
    estimates = [Estimate(t, 1.0, 19) for t in t_values]
    for estimate, (rejected, level) in zip(estimates, rejections([e.p_value for e in estimates], 1e-3), strict=True):
        low, high = estimate.interval(level)
        assert rejected == (not low <= 0 <= high) or abs(estimate.p_value / level - 1) < 1e-9


def test_the_levels_are_those_of_the_steps():
    """The second one, 4·10⁻⁴, is not below 10⁻³/3: it and all after it were tested at that level."""
    found = rejections([0.2, 1e-5, 4e-4, 0.3], 1e-3)
    assert found == [(False, 1e-3 / 3), (True, 2.5e-4), (False, 1e-3 / 3), (False, 1e-3 / 3)]


def test_adjusted_p_values_multiply_by_what_is_left_and_never_fall():
    assert adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted([0.9, 0.8]) == [1.0, 1.0]


def test_of_nothing_it_is_nothing():
    assert (adjusted([]), rejections([], 1e-3)) == ([], [])
