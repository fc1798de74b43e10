"""What the project costs, in seconds and bytes, tracked over commits by asv.

One module a chapter of the mathematics, and one for the engine. Every class has a `size` at which it is tracked
and a `tiny` one, at which the tests run it once. `peers/` holds what asv does not run: the same work done the way
a user would do it otherwise, side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Benchmark = Callable[..., Any]


def named(title: str) -> Callable[[Benchmark], Benchmark]:
    """Return a decorator that gives a benchmark the title under which asv shows it."""

    def mark(function: Benchmark) -> Benchmark:
        function.pretty_name = title  # type: ignore[attr-defined]
        return function

    return mark
