"""A slope test in one line, for anybody's test suite."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from rates.claim import LEVELS, Claim
from rates.expression import Number
from rates.law import Law
from rates.result import ClaimRun, Outcome, Result, Run, standing_for, worst

if TYPE_CHECKING:
    import pandas as pd


class NotConsistent(AssertionError):  # noqa: N818 (named for what it is)
    """A rate does not agree with its law; `found` is the run or the result that was decided."""

    def __init__(self, message: str, found: Run | Result) -> None:
        super().__init__(message)
        self.found = found


def assert_consistent(
    subject: Any,
    law: Law | str | None = None,
    *,
    margin: float = 0.1,
    parameters: Mapping[str, Number] | None = None,
    direction: str = "sharp",
    quantity: str = "slope",
    alpha: float | None = None,
    curve: Any = None,
    numerical_error: float | None = None,
    profile: str = "quick",
    seed: int = 0,
    device: str = "cpu",
    controls: bool = True,
) -> Run | Result:
    """Raise NotConsistent, with estimate, interval and reason, unless a claim or a table agrees with its law.

    `subject` is a claim (an address such as `ntk/averaged_sgd:minimax-rate`, a file, a `Claim`), which is measured
    at `profile`, `seed` and `device`, its controls included; or measured numbers, which are held against `law`
    (the exponent as text, or a `Law`) within `margin`: a DataFrame with columns x, replicate, y (and `curve`,
    the name of a column), or a pair `(x, y)` with y of shape (replicates, points) (and `curve`, an array of the
    points). Nothing is kept in a store. Returns the run or the result that was decided.
    """
    __tracebackhide__ = True
    if isinstance(subject, Claim | str):
        if law is not None:
            raise TypeError("a claim brings its own law: give the law only with measured numbers")
        run = _checked(subject, profile, seed, device, controls)
        _require(_complaints(run), run)
        return run
    if law is None:
        raise TypeError("measured numbers need a law to be held against, such as law='-1/2'")
    from rates.judge import judge  # needs pandas, which a claim does not

    frame, column = _table(subject, curve)
    result = judge(
        frame, law, parameters=parameters, direction=direction, quantity=quantity, margin=margin,
        alpha=LEVELS["quick"] if alpha is None else alpha, curve_column=column, numerical_error=numerical_error,
    )  # fmt: skip
    _require([] if result.outcome is Outcome.CONSISTENT else [explain(result)], result)
    return result


def recording(into: MutableMapping[str, Any]) -> Callable[..., Run | Result]:
    """Return `assert_consistent` with a memory: what it decided, pass or fail, is put `into` the mapping."""

    @functools.wraps(assert_consistent)
    def asserted(*arguments: Any, **options: Any) -> Run | Result:
        __tracebackhide__ = True
        try:
            found = assert_consistent(*arguments, **options)
        except NotConsistent as error:
            into.update(figures(error.found))
            raise
        into.update(figures(found))
        return found

    return asserted


def figures(found: Run | Result) -> dict[str, Any]:
    """Return what was decided as plain numbers and words, fit for JSON: the outcome, and one result's figures.

    The result is the one that stands for all, as on a report; its estimate goes by the name of its quantity
    (`slope`, `level`, `bound`), and an end of its interval at infinity is None. Seconds are those of the whole.
    """
    results = (found,) if isinstance(found, Result) else found.results
    outcome = found.outcome if isinstance(found, Result) else _outcome(found)
    told: dict[str, Any] = {"outcome": str(outcome)}
    index = standing_for([result.kind for result in results], outcome)
    if index is not None:
        first = results[index]
        told |= {
            "claim": first.claim, "case": first.case_label, "comparison": first.comparison,
            first.quantity: _finite(first.estimate), "predicted": _finite(first.predicted),
            "interval": None if first.interval is None else [_finite(end) for end in first.interval],
            "margin": first.margin,
        }  # fmt: skip
    return told | {"seconds": round(found.seconds, 3)}


def explain(result: Result) -> str:
    """Return a result on one line: outcome, where, estimate and interval against prediction and margin, reason."""
    where = " ".join(part for part in (result.claim, result.case_label, result.comparison, result.quantity) if part)
    numbers = [f"margin {result.margin:g}"]
    if result.predicted is not None:
        numbers.insert(0, f"predicted {result.predicted:.4f}")
    if result.estimate is not None:
        numbers.insert(1, f"estimate {result.estimate:.4f}")
    if result.interval is not None:
        numbers.insert(2, "interval [{:.4f}, {:.4f}]".format(*result.interval))
    return f"{result.outcome}: {where}: {', '.join(numbers)}; {result.reason}"


def _checked(claim: Claim | str, profile: str, seed: int, device: str, controls: bool) -> Run:
    from rates.check import check
    from rates.plan import Options

    options = Options(profile=profile, seed=seed, device=device, controls=controls)
    return check(claim, options=options, engine_name="serial", jobs=1, store=None)


def _outcome(run: Run) -> Outcome:
    return worst(claim.outcome for claim in run.claims) or Outcome.UNDECIDABLE


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _complaints(run: Run) -> list[str]:
    return [line for claim in run.claims for line in _about(claim)]


def _about(claim: ClaimRun) -> list[str]:
    if claim.outcome in (Outcome.CONSISTENT, Outcome.UNDECIDABLE):
        return []
    lines = [explain(result) for result in claim.results if result.outcome is not Outcome.CONSISTENT]
    lines += [
        f"control {control.name!r} was to be {control.expected} and is {control.outcome}: {control.reason}"
        for result in claim.results
        for control in result.controls
        if not control.as_expected
    ]
    again = next((result.reproduce for result in claim.results if result.reproduce), "")
    return [f"{claim.address} is {claim.outcome}", *(f"  {line}" for line in lines), *([f"  {again}"] if again else [])]


def _require(complaints: Sequence[str], found: Run | Result) -> None:
    __tracebackhide__ = True
    if complaints:
        raise NotConsistent("\n".join(complaints), found)


def _table(subject: Any, curve: Any) -> tuple[pd.DataFrame, str | None]:
    """Return a tidy table and the name of its curve column."""
    import numpy as np
    import pandas as pd

    if isinstance(subject, pd.DataFrame):
        if curve is not None and not isinstance(curve, str):
            raise TypeError("with a table the curve is the name of one of its columns")
        return subject, curve
    if not isinstance(subject, tuple) or len(subject) != 2:
        raise TypeError(f"expected a claim, a table, or a pair (x, y), got {type(subject).__name__}")
    x, y = (np.asarray(part, dtype=float) for part in subject)
    if x.ndim != 1 or y.ndim != 2 or y.shape[1] != len(x):
        raise ValueError(f"y must have shape (replicates, points) = (R, {x.size}), got {y.shape} for x {x.shape}")
    columns = {"x": np.tile(x, len(y)), "replicate": np.repeat(np.arange(len(y)), len(x)), "y": y.ravel()}
    if curve is not None:
        columns["curve"] = np.tile(np.broadcast_to(np.asarray(curve, dtype=float), x.shape), len(y))
    return pd.DataFrame(columns), None if curve is None else "curve"
