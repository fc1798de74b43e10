"""Holm's procedure: several tests at one family-wise level (S. Holm, A simple sequentially rejective multiple test
procedure, 1979).

The smallest of m p-values is held against level/m, the next one against level/(m − 1), until one is not below.
"""

from __future__ import annotations

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that any at or below a level is one false alarm, over all of them, at that level."""
    found = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(_by_size(p_values)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        found[index] = largest
    return found


def rejections(p_values: Sequence[float], level: float) -> list[tuple[bool, float]]:
    """Return for each p-value whether it is rejected at the family-wise level, and at which level it was tested.

    An interval at that level excludes zero exactly where the procedure rejects: those that it does not reject were
    all tested at the level of the first of them.
    """
    reject = [p <= level for p in adjusted(p_values)]
    count, passed = len(p_values), sum(reject)
    found = [(False, level / max(count - passed, 1))] * count
    for rank, index in enumerate(_by_size(p_values)[:passed]):
        found[index] = (True, level / (count - rank))
    return found


def _by_size(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=lambda i: p_values[i])
