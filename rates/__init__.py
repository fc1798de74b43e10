"""Unit tests for theorems: state a rate, measure it, decide whether they agree.

`Claim` and what it is made of describe a theorem; `check` measures and decides it, `compare` says what changed since,
`judge` decides about numbers that are there already, `assert_consistent` does either in a test. Everything is loaded
when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rates.assertion import assert_consistent
    from rates.check import check
    from rates.claim import Check, Claim, Condition, Control, Margin, Source
    from rates.compare import compare
    from rates.experiment import Curve, Experiment, Pilot
    from rates.judge import judge
    from rates.law import Law
    from rates.plan import Options
    from rates.result import Outcome, Result, Run
    from rates.streams import Stream

__all__ = [
    "Check", "Claim", "Condition", "Control", "Curve", "Experiment", "Law", "Margin", "Options", "Outcome", "Pilot",
    "Result", "Run", "Source", "Stream", "assert_consistent", "check", "compare", "judge",
]  # fmt: skip

_HOMES = {
    "assertion": ("assert_consistent",),
    "check": ("check",),
    "claim": ("Check", "Claim", "Condition", "Control", "Margin", "Source"),
    "compare": ("compare",),
    "experiment": ("Curve", "Experiment", "Pilot"),
    "judge": ("judge",),
    "law": ("Law",),
    "plan": ("Options",),
    "result": ("Outcome", "Result", "Run"),
    "streams": ("Stream",),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


class _Package(ModuleType):
    """Keeps `rates.check` the function, and others like it: importing the module of that name would take its place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _MODULES and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
