"""Results as tidy pandas frames: one row a point, a result, a control or a measured value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rates.expression import plain
from rates.result import ClaimRun, ControlResult, Result

Array = npt.NDArray[np.float64]
_SECOND = {"control-variate": "control", "separation": "second"}  # the name of an experiment's second component


def points_frame(result: Result) -> pd.DataFrame:
    """Return one row a point: x, mean, standard error, curve, law, and the parts of the curve where it has some.

    The law is given up to its constant where that is not known. What is missing is NaN.
    """
    columns = ("x", "mean", "standard_error", "curve", "law")
    head = {"claim": result.claim, "case": result.case_label, "comparison": result.comparison,
            "quantity": result.quantity}  # fmt: skip
    parts = list(dict.fromkeys(name for point in result.points for name in point.parts))
    clear = _case_columns(result.case, {*head, *columns})
    rows = [
        head | clear | dict(zip(columns, (p.x, p.mean, p.standard_error, p.curve, law), strict=True))
        | {f"part_{name}": p.parts.get(name) for name in parts}
        for p, law in zip(result.points, law_at(result), strict=True)
    ]  # fmt: skip
    return _frame(rows, [*head, *clear, *columns, *(f"part_{name}" for name in parts)], numbers=columns)


def results_frame(claims: Iterable[ClaimRun]) -> pd.DataFrame:
    """Return one row a result, with the parameters of its case as columns; what a claim has not is missing."""
    numbers = ("predicted", "estimate", "low", "high", "margin", "alpha")
    whole = ("replicates", "points", "controls", "controls_as_expected")
    words = ("claim", "case", "comparison", "quantity", "direction", "form", "outcome")
    tail = ("seconds", "device", "dtype", "seed", "reason", "reproduce")
    results = [result for claim in claims for result in claim.results]
    fixed = {*words, *numbers, *whole, *tail}
    cases = [_case_columns(result.case, fixed) for result in results]
    rows = [
        {name: str(getattr(r, name)) for name in words if name != "case"} | {"case": r.case_label} | case
        | {name: getattr(r, name) for name in ("predicted", "estimate", "margin", "alpha", "replicates", *tail)}
        | dict(zip(("low", "high"), r.interval or (None, None), strict=True))
        | {"points": len(r.points), "controls": len(r.controls),
           "controls_as_expected": sum(control.as_expected for control in r.controls)}
        for r, case in zip(results, cases, strict=True)
    ]  # fmt: skip
    parameters = dict.fromkeys(name for case in cases for name in case)
    return _frame(rows, [*words[:2], *parameters, *words[2:], *numbers, *whole, *tail], numbers=numbers)


def controls_frame(claims: Iterable[ClaimRun]) -> pd.DataFrame:
    """Return one row a negative control: what it should have come to, and what it came to."""
    numbers = ("predicted", "estimate", "low", "high")
    columns = ("claim", "case", "name", "expected", "outcome", "as_expected", "comparison", "quantity", *numbers,
               "replicates", "seconds", "reason")  # fmt: skip
    rows = [_control_row(r, control) for claim in claims for r in claim.results for control in r.controls]
    return _frame(rows, columns, numbers=numbers)


def values_frame(claim: ClaimRun, case: str | None = None) -> pd.DataFrame:
    """Return every measured value of one case, or of all: the columns case, x, replicate and y, and curve if known.

    One case is a table that `rates.judge` takes. Where a replicate has a second component it is the column
    `control` (a control variate) or `second` (the other quantity of a separation). ValueError for a case that was
    not measured.
    """
    experiment = claim.claim.experiment if claim.claim is not None else None
    if experiment is None or not claim.values:
        raise ValueError(f"{claim.address} has no measured values")
    if case is not None and case not in claim.values:
        known = "; ".join(label or "the only one, without a name" for label in claim.values)
        raise ValueError(f"{claim.address} has no values of a case {case!r}: known are {known}")
    labels = list(claim.values) if case is None else [case]
    return pd.concat([_values(claim, label, experiment) for label in labels], ignore_index=True)


def law_at(result: Result) -> Array:
    """Return the law at the points of a result (K,), NaN where it has no positive value or is not known."""
    x = np.array([point.x for point in result.points], dtype=float)
    blank = np.full(len(x), np.nan)
    if result.law is None or not len(x):
        return blank
    try:
        with np.errstate(all="ignore"):
            shape = result.law.shape(x, result.parameters)
    except (ValueError, TypeError, ArithmeticError):  # an invalid case: its reason says so
        return blank
    return np.where(np.isfinite(shape) & (shape > 0), shape, np.nan)


def _values(claim: ClaimRun, label: str, experiment: Any) -> pd.DataFrame:
    values = np.asarray(claim.values[label])
    replicates, points, components = values.shape
    curve = {p.x: p.curve for r in claim.results if r.case_label == label for p in r.points if p.curve is not None}
    columns = {
        "case": np.repeat(label, replicates * points),
        "x": np.tile(np.asarray(experiment.x, dtype=float), replicates),
        "replicate": np.repeat(np.arange(replicates), points),
        "y": values[..., 0].ravel(),
    }
    if components > 1:
        columns[_SECOND.get(experiment.estimand, "second")] = values[..., 1].ravel()
    if curve:
        columns["curve"] = np.tile([curve.get(float(x), np.nan) for x in experiment.x], replicates)
    return pd.DataFrame(columns)


def _control_row(result: Result, control: ControlResult) -> dict[str, Any]:
    given = {name: str(getattr(control, name)) for name in ("expected", "outcome", "comparison", "quantity")}
    low, high = control.interval or (None, None)
    return given | {
        "claim": result.claim, "case": result.case_label, "name": control.name, "as_expected": control.as_expected,
        "predicted": control.predicted, "estimate": control.estimate, "low": low, "high": high,
        "replicates": control.replicates, "seconds": control.seconds, "reason": control.reason,
    }  # fmt: skip


def _case_columns(case: Mapping[str, Any], taken: set[str]) -> dict[str, int | float | str]:
    """Return the parameters of a case as numbers; one that has the name of another column gets `case_` before it."""
    return {f"case_{name}" if name in taken else name: plain(value) for name, value in case.items()}


def _frame(rows: list[dict[str, Any]], columns: Sequence[str], *, numbers: Iterable[str]) -> pd.DataFrame:
    """Return a frame whose columns of numbers are floats, missing or not, and are there without rows as well."""
    return pd.DataFrame(rows, columns=list(columns)).astype(dict.fromkeys(numbers, float))
