"""Sides made of numbers: y (R, K) at seven x, judged as a check does, with or without a curve, constant or variate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rates.claim import Check, Claim, Margin
from rates.compare import Changes, Row, Side, of_run
from rates.evidence import Evidence, judge_curve, judge_sample
from rates.experiment import Curve, Experiment
from rates.law import Law
from rates.result import ClaimRun, Outcome, Result, Run, worst
from rates.slope import Sample, estimand

X = tuple(float(2**k) for k in range(6, 13))
GRID = np.array(X)
SLOPE = (Check("experiment-law", "slope", Margin(0.1)),)
LEVEL = (Check("experiment-law", "level", Margin(0.1)),)
CURVE = (Check("experiment-curve", "level", Margin(0.1)), Check("experiment-curve", "slope", Margin(0.1)))
FAR = tuple(10.0**k for k in range(2, 12))


def noise(replicates: int = 20, cv: float = 0.3, seed: int = 0) -> np.ndarray:
    """Standard normal noise (R, K), to be exponentiated, with standard deviation `cv`."""
    return cv * np.random.default_rng(seed).standard_normal((replicates, len(X)))


def power(log_noise: np.ndarray, slope: float = -1.0, scale: float = 1.0) -> np.ndarray:
    """y = scale · (x/512)^slope · e^noise, turned about the middle of the window: slope and level are apart."""
    return scale * (GRID / 512) ** slope * np.exp(log_noise)


NOISE = noise()
Y = power(NOISE)
CURVE_VALUES = 512 / GRID


def nearly(log_noise: np.ndarray, rho: float = 0.99) -> np.ndarray:
    """The same noise but for a share of it: correlated by rho with the given one."""
    return rho * log_noise + np.sqrt(1 - rho**2) * noise(len(log_noise), seed=9)


def side(
    y: np.ndarray, *, name: str = "base", claim: str = "synthetic", checks: Sequence[Check] = SLOPE,
    law: str | Law = "-1", direction: str = "sharp", constant: str | None = None, curve: np.ndarray | None = None,
    curve_error: float = 1e-6, variate: np.ndarray | None = None, numerical_error: float | None = None,
    x: Sequence[float] = X,
    outcome: Outcome | None = None, seed: int = 0, device: str = "cpu", dtype: str = "float64", profile: str = "quick",
    far_slope: float = -1.0,
) -> Side:  # fmt: skip
    """Return the side of one claim in one case; `variate` is the known mean (K,) of the second component."""
    stated = law if isinstance(law, Law) else Law.power("x", law, direction=direction, constant=constant)
    made = Claim(
        name=claim, statement="y falls like 1/x.", law=stated,
        curve=None if curve is None else Curve(lambda x: curve, curve_error), checks=tuple(checks),
        experiment=Experiment(
            lambda x, streams: y, tuple(x), estimand="mean" if variate is None else "control-variate",
            control_mean=None if variate is None else lambda x: variate, numerical_error=numerical_error, dtype=dtype,
        ),
    )  # fmt: skip
    values = y if y.ndim == 3 else y[:, :, np.newaxis]
    error = None if numerical_error is None else np.full(len(x), numerical_error)
    evidence = Evidence(
        Sample(np.array(x), values, error), estimand("mean" if variate is None else "control-variate", variate),
        None if curve is None else {"total": curve}, curve_error,
    )  # fmt: skip
    results = tuple(_result(made, check, evidence, far_slope, seed, device, dtype) for check in made.checks)
    reached = outcome or worst(result.outcome for result in results) or Outcome.INCONCLUSIVE
    run = Run((ClaimRun(f"memory:{claim}", made, reached, results, {"": values}),), {}, profile, seed, device)
    return of_run(run, name)


def joined(*sides: Side) -> Side:
    """One side with the claims of several."""
    first = sides[0]
    document = dict(first.document)
    for name in ("claims", "catalogue"):
        document[name] = {key: value for one in sides for key, value in one.document[name].items()}
    document["results"] = [row for one in sides for row in one.document["results"]]
    return Side(first.name, document, {key: value for one in sides for key, value in one.values.items()})


def _result(
    claim: Claim, check: Check, evidence: Evidence, far_slope: float, seed: int, device: str, dtype: str
) -> Result:
    if check.comparison == "curve-law":
        far = np.array(check.x)
        judged = judge_curve(check, claim.law, {}, far, {"total": far**far_slope * (1 + 1 / far)}, 1e-9)
    else:
        judged = judge_sample(check, claim.law, {}, evidence, 1e-3)
    measured: dict[str, Any] = {"replicates": 0, "alpha": 0.0}
    if check.comparison != "curve-law":
        measured = {"replicates": evidence.sample.replicates, "alpha": 1e-3}
    return Result(
        claim=f"memory:{claim.name}", case={}, comparison=str(check.comparison), quantity=str(check.quantity),
        direction=str(claim.law.direction), form=str(claim.law.form), outcome=judged.decision.outcome,
        predicted=judged.predicted, estimate=judged.estimate, interval=judged.interval, margin=check.margin.total,
        points=judged.points, seconds=0.1, device=device, dtype=dtype, seed=seed, reason=judged.decision.reason,
        reproduce="rates check",
        **measured,
    )  # fmt: skip


def replace_seed(one_side: Side, seed: int) -> Side:
    """The same side as another root seed would have given it."""
    return Side(one_side.name, {**one_side.document, "seed": seed}, one_side.values)


def rows(changes: Changes, quantity: str) -> list[Row]:
    """The rows of a quantity."""
    return [row for row in changes.rows if row.quantity == quantity]


def one(changes: Changes, quantity: str) -> Row:
    """The only row of a quantity."""
    [row] = rows(changes, quantity)
    return row
