"""Claims over commits: an asv suite that is made from the claims themselves.

A module of benchmarks needs one line, `Claims = suite("my_package/claims", __name__, root)`. asv compares by ratio,
takes the lower value for the better one and knows no tolerance. Every value here is therefore positive, lower where
a claim is better off, and the same wherever nothing has changed, since the claims are run with frozen seeds.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rates.result import ClaimRun, Outcome, Result

Values = Mapping[str, float]
Measured = Mapping[str, Values | str]

# Further apart than any factor between two commits that asv is asked to overlook.
CODES: Mapping[Outcome, float] = {
    Outcome.CONSISTENT: 1.0, Outcome.INCONCLUSIVE: 10.0, Outcome.INVALID: 100.0, Outcome.REFUTED: 1000.0
}  # fmt: skip
# Title and unit, which asv's pages print behind a value and along an axis.
TRACKS: Mapping[str, tuple[str, str]] = {
    "slope": ("slope against its prediction", "(1 exact, 2 at the margin)"),
    "level": ("level against its prediction", "(1 exact, 2 at the margin)"),
    "outcome": ("outcome", "(1 consistent, 1000 refuted)"),
    "controls": ("controls not as expected", "(1 none, 10 one, 100 two)"),
    "seconds": ("seconds to the verdict, at the pace of the pilot", "seconds"),
}
_LISTED = Path("claims.json")  # in the folder that asv gives to setup_cache and to the benchmarks that use it
_LIST = """
import json, sys
sys.path.insert(0, sys.argv[1])
from rates.catalogue import find
print(json.dumps([item.address for item in find([sys.argv[2]])]))
"""
_MEASURING, _READING = 1800.0, 60.0  # seconds until asv gives up


class FailedCheck(RuntimeError):  # noqa: N818 (named for what it is)
    """A check that could not be run has no values; the message is one sentence."""


def suite(target: str, module: str, root: Path) -> type:
    """Return the class that tracks the claims of a chapter, method or file, one such class a module of benchmarks.

    `module` is the `__name__` of that module, `root` the folder with the sources of the working tree: the claims
    that are listed there are the parameters, and one that a commit lacks does not apply to it. A file is given by
    its whole path.
    """

    def setup_cache(self: Any) -> Measured:
        _LISTED.write_text(json.dumps(self.params[0]), encoding="utf-8")
        return measure(target)

    def params(self: Any) -> list[list[str]]:
        return [json.loads(_LISTED.read_text(encoding="utf-8")) if _LISTED.is_file() else list(listed(target, root))]

    setup_cache.__module__ = module  # asv tells caches apart by module and line
    setup_cache.__qualname__ = "Claims.setup_cache"
    vars(setup_cache)["timeout"] = _MEASURING
    members: dict[str, Any] = {f"track_{name}": _benchmark(name) for name in TRACKS}
    members |= {
        "__doc__": f"What the claims of {target} come to at the quick profile, seed 0, controls included.",
        "__module__": module, "setup_cache": setup_cache, "params": property(params), "param_names": ["claim"],
        "timeout": _READING, "version": "1",  # another version of a value is not comparable with this one
    }  # fmt: skip
    return type("Claims", (), members)


@lru_cache(maxsize=64)
def listed(target: str, root: Path) -> tuple[str, ...]:
    """Return the addresses of the claims in the working tree, whichever commit is installed.

    asv knows a parameter by its place in the list, so that the list must not depend on the commit.
    """
    command = [sys.executable, "-c", _LIST, str(root), target]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return tuple(json.loads(answer.stdout))


def measure(target: str) -> Measured:
    """Check the claims that are installed and return the values of each, or why it has none."""
    from rates.catalogue import UnknownClaim
    from rates.check import check
    from rates.plan import Options

    try:
        run = check(target, options=Options(profile="quick", seed=0), store=None)
    except UnknownClaim:  # a commit from before the chapter
        return {}
    found: dict[str, Values | str] = {}
    for claim in run.claims:
        try:
            found[claim.address] = values(claim)
        except FailedCheck as failure:
            found[claim.address] = str(failure)
    return found


def values(run: ClaimRun) -> dict[str, float]:
    """Return the values of a claim by the names of `TRACKS`, without those that it does not have.

    FailedCheck if any of its checks or controls came to an error, or if a deviation is not finite.
    """
    errors = [row.reason for row in run.results if row.outcome is Outcome.ERROR]
    errors += [f"control {k.name}: {k.reason}" for row in run.results for k in row.controls
               if k.outcome is Outcome.ERROR]  # fmt: skip
    if errors:
        raise FailedCheck(f"{run.address}: {errors[0]}")
    found: dict[str, float | None] = {
        "slope": _worst(run, "slope"),
        "level": _worst(run, "level", "bound"),  # both are logarithms of a ratio
        "outcome": CODES.get(run.outcome),
        "controls": _missed(run),
        "seconds": _seconds(run),
    }
    return {name: value for name, value in found.items() if value is not None}


def _benchmark(name: str) -> Callable[..., float]:
    """Return the benchmark that looks a value up, with what asv shows of it."""

    def track(self: Any, measured: Measured, claim: str) -> float:
        found = measured[claim]
        if isinstance(found, str):
            sys.exit(found)  # a failure to asv, whose log then holds the sentence and no traceback
        return found[name]

    def setup(measured: Measured, claim: str) -> None:
        found = measured.get(claim, {})
        if not isinstance(found, str) and name not in found:
            raise NotImplementedError(f"{claim} has no {name} here")

    title, unit = TRACKS[name]
    track.__qualname__ = f"Claims.track_{name}"
    vars(track).update(pretty_name=title, unit=unit, setup=setup)
    return track


def _worst(run: ClaimRun, *quantities: str) -> float | None:
    """Return 1 + the largest deviation in units of its margin; None where nothing of the kind was judged."""
    judged = [
        _deviation(row) / row.margin
        for row in run.results
        if row.quantity in quantities and row.outcome in CODES and row.margin > 0 and row.estimate is not None
    ]
    if not judged:
        return None
    if not all(map(math.isfinite, judged)):
        raise FailedCheck(f"{run.address}: a deviation of the {quantities[0]} is not finite")
    return round(1.0 + float(max(judged)), 4)


def _deviation(row: Result) -> float:
    """Return how far an estimate is off its prediction, to the side that matters; a curve is met from both sides."""
    assert row.estimate is not None
    gap = row.estimate - (row.predicted or 0.0)
    two_sided = row.direction == "sharp" or (row.comparison == "experiment-curve" and row.quantity != "bound")
    return abs(gap) if two_sided else max(gap if row.direction == "upper" else -gap, 0.0)


def _missed(run: ClaimRun) -> float | None:
    controls = [control for row in run.results for control in row.controls]
    return 10.0 ** sum(not control.as_expected for control in controls) if controls else None


def _seconds(run: ClaimRun) -> float | None:
    """Return seconds of one core for claim and controls: replicates depend on the seed only, unlike measured time.

    None for a claim that is refuted or invalid: to be wrong sooner is no gain.
    """
    pilot = run.claim.experiment.pilot if run.claim.experiment else None
    if pilot is None or not pilot.seconds or run.outcome not in (Outcome.CONSISTENT, Outcome.INCONCLUSIVE):
        return None
    cases: dict[str, int] = {}
    for row in run.results:
        cases[row.case_label] = max(row.replicates, cases.get(row.case_label, 0))
    replicates = sum(cases.values()) + sum(k.replicates for row in run.results for k in row.controls)
    return round(float(replicates * pilot.seconds), 6) or None
