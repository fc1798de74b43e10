"""The same decision on numbers that somebody already has: columns x, replicate, y."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rates.claim import LEVELS, Check, Comparison, Margin, Quantity
from rates.evidence import Evidence, judge_sample
from rates.experiment import MeasurementError, shaped
from rates.expression import Number, exact
from rates.law import Form, Law
from rates.result import Result
from rates.slope import Sample, estimand

if TYPE_CHECKING:
    import pandas as pd


class DataError(ValueError):
    """A table that cannot be judged; the message is one sentence."""


def judge(
    frame: pd.DataFrame,
    law: Law | str,
    *,
    parameters: Mapping[str, Number] | None = None,
    direction: str = "sharp",
    quantity: str = "slope",
    margin: float = 0.1,
    alpha: float = LEVELS["quick"],
    curve_column: str | None = None,
    numerical_error: float | None = None,
    reproduce: str = "",
) -> Result:
    """Return the decision of a rate check on a table with columns x, replicate and y.

    `law` is a `Law`, or the exponent of a power law in x as text. With `curve_column` the measured values are
    held against that column (experiment → curve), otherwise against the law. Every replicate must have every
    x. A table with one replicate is judged as deterministic, with `numerical_error` as its relative error.
    DataError names what is wrong with the table.
    """
    if not 0 < margin < math.inf:
        raise DataError(f"the margin must be positive and finite, got {margin:g}")
    if numerical_error is not None and not 0 <= numerical_error < math.inf:
        raise DataError(f"the relative error must be a finite number from 0 on, got {numerical_error:g}")
    if not 0 < alpha < 0.5:
        raise DataError(f"the level alpha must lie between 0 and 0.5, got {alpha:g}")
    if not hasattr(frame, "columns"):
        raise DataError(f"a table is a DataFrame with columns x, replicate and y, got {type(frame).__name__}")
    if not isinstance(law, str | Law):
        raise DataError(f"a law is a Law or the exponent as text, such as '-1/2', got {law!r}")
    if isinstance(law, str):
        law = Law.power("x", law, direction=direction)
    if law.form is Form.SEPARATION:
        raise DataError("a separation compares two measured quantities, a table has one y")
    given = {name: exact(value) for name, value in (parameters or {}).items()}
    law.slope(given)
    x, values, curve = _table(frame, curve_column, numerical_error)
    error = None if numerical_error is None else np.full(len(x), numerical_error)
    evidence = Evidence(Sample(x, values, error), estimand("mean"), None if curve is None else {"total": curve})
    comparison = Comparison.EXPERIMENT_LAW if curve is None else Comparison.EXPERIMENT_CURVE
    check = Check(comparison, Quantity(quantity), Margin(margin))
    if check.quantity is not Quantity.SLOPE and curve is None and law.constant is None:
        raise DataError(f"a {quantity} needs a reference: a curve column, or a law with a constant")
    if curve is None:
        law.require_quantity(quantity)
    found = judge_sample(check, law, given, evidence, alpha)
    return Result(
        claim=f"judge {law}", case={name: str(value) for name, value in given.items()},
        comparison=str(comparison), quantity=str(check.quantity), direction=str(law.direction), form=str(law.form),
        outcome=found.decision.outcome, predicted=found.predicted, estimate=found.estimate, interval=found.interval,
        margin=margin, alpha=alpha, replicates=values.shape[0], points=found.points, seconds=0.0, device="none",
        dtype="float64", seed=0, reason=found.decision.reason, reproduce=reproduce, notes=found.notes,
        local_slopes=found.local_slopes, faster=found.decision.faster, law=law, parameters=given,
    )  # fmt: skip


def _table(
    frame: pd.DataFrame, curve_column: str | None, numerical_error: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return x (K,), values (R, K, 1) and the curve (K,) of a tidy table."""
    needed = ["x", "replicate", "y"] + ([] if curve_column is None else [curve_column])
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataError(f"the table has no column {missing[0]!r}; columns found: {', '.join(map(str, frame.columns))}")
    if frame.empty:
        raise DataError("the table has no rows")
    frame = frame.assign(**{name: _numbers(frame, name) for name in needed if name != "replicate"})
    if frame["replicate"].isna().any():
        row = int(np.flatnonzero(frame["replicate"].isna())[0])
        raise DataError(f"the column 'replicate' is empty in row {row + 1}")
    repeated = frame.duplicated(["x", "replicate"])
    if repeated.any():
        twice, replicate = (frame.loc[repeated, name].iloc[0] for name in ("x", "replicate"))
        raise DataError(f"x = {twice:g} appears twice in replicate {replicate}")
    wide = frame.pivot_table(index="replicate", columns="x", values="y", aggfunc="first")
    if wide.isna().any(axis=None):
        row, column = np.argwhere(wide.isna().to_numpy())[0]
        raise DataError(
            f"replicate {wide.index[row]} has no y at x = {wide.columns[column]:g}; every one needs every x"
        )
    x = wide.columns.to_numpy(dtype=float)
    if len(x) < 3:
        raise DataError(f"a rate needs at least three x, got {len(x)}")
    if x[0] <= 0:
        raise DataError(f"x must be positive, got {x[0]:g}")
    try:
        values = shaped(wide.to_numpy(), len(wide), len(x), 1)
    except MeasurementError as error:
        raise DataError(str(error).replace("the experiment returned", "the table has")) from error
    if len(wide) == 1 and numerical_error is None:
        raise DataError("one replicate has no error bar: give more replicates, or the relative error of a computed y")
    if len(wide) > 1 and numerical_error is not None:
        raise DataError(f"a numerical error goes with one replicate, the table has {len(wide)}")
    if curve_column is None:
        return x, values, None
    by_x = frame.groupby("x")[curve_column]
    if (by_x.nunique() > 1).any():
        raise DataError(f"the column {curve_column!r} has two values at one x: a curve is one number an x")
    curve = by_x.first().to_numpy(dtype=float)
    if np.any(curve <= 0):
        raise DataError(f"the column {curve_column!r} must be positive")
    return x, values, curve


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as finite floats; DataError names the first row that is none."""
    import pandas as pd  # here, since `Result` and law need none

    column = frame[name]
    if column.dtype.kind == "b":
        raise DataError(f"the column {name!r} holds true and false, not numbers")
    try:
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    except OverflowError:
        raise DataError(f"the column {name!r} holds a number that is too large") from None
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        found = column.iloc[int(bad[0])]
        what = f"holds {found!r}, which is not a number," if isinstance(found, str) else "is not finite"
        raise DataError(f"the column {name!r} {what} in row {bad[0] + 1}")
    return values
