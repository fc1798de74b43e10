import numpy as np
import pytest

from dltheory.meanfield.record import positions


def test_times_are_found_at_their_places():
    assert positions(np.array([3, 1, 8.0]), 1, 8) == {3: 0, 1: 1, 8: 2}


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], r"lie in 2 … 9 and be whole, got \[\]"),
        ([1], r"lie in 2 … 9 and be whole, got \[1.0\]"),
        ([2, 10], "lie in 2 … 9"),
        ([2.5], "be whole"),
        ([float("nan")], "got \\[nan\\]"),
        ([2, 3, 2], r"must differ from each other, got \[2.0, 3.0, 2.0\]"),
    ],
)
def test_times_that_cannot_be_kept_are_refused(times, message):
    with pytest.raises(ValueError, match=message):
        positions(times, 2, 9)


def test_a_run_without_an_end_says_so():
    with pytest.raises(ValueError, match="lie in 0 or later"):
        positions([-1], 0)
