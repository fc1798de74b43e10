"""What the project costs in seconds and bytes, and what its claims come to, tracked over commits by asv.

A chapter has two modules here: one for the time and memory of its mathematics, and a line that makes the suite of
its claims; the engine has one. Every class of kernels has a `size` at which it is tracked and a `tiny` one, at which
the tests run it once. `peers/` holds what asv does not run: the same work done the way a user would do it otherwise,
side by side.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

Benchmark = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[1]


def named(title: str) -> Callable[[Benchmark], Benchmark]:
    """Return a decorator that gives a benchmark the title under which asv shows it."""

    def mark(function: Benchmark) -> Benchmark:
        function.pretty_name = title  # type: ignore[attr-defined]
        return function

    return mark


def claims_of(chapter: str, module: str) -> type:
    """Return the class that tracks the claims of a chapter, made by `rates.asv` of the working tree.

    Like every benchmark: the commit that is installed is what is measured, by the same suite as every other commit,
    even one from before there was a suite.
    """
    spec = importlib.util.spec_from_file_location("rates_asv", ROOT / "rates" / "asv.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found.suite(chapter, module, ROOT)
