"""Which steps of a run are kept, and where."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def positions(times: npt.ArrayLike, first: int, last: float = math.inf) -> dict[int, int]:
    """Return the position of each of the `times`; ValueError unless they are whole, differ and lie in first … last."""
    given = np.atleast_1d(np.asarray(times, float)).tolist()
    if not given or not all(first <= t <= last and t == int(t) for t in given):
        until = f" … {last:g}" if last < math.inf else " or later"
        raise ValueError(f"times must lie in {first}{until} and be whole, got {given}")
    found = {int(t): k for k, t in enumerate(given)}
    if len(found) < len(given):
        raise ValueError(f"times must differ from each other, got {given}")
    return found
