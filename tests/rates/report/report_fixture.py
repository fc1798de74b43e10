"""A run of eight claims with every outcome, form and direction, made of numbers that the reports could meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rates.claim import Check, Claim, Condition, Control, Margin, Source
from rates.experiment import Curve, Experiment
from rates.law import Law
from rates.result import ClaimRun, ControlResult, Outcome, Past, Point, Result, Run, claim_outcome

HORIZONS = (250, 500, 1000, 2000, 4000, 8000)
FAR = tuple(10.0**k for k in range(3, 11))
PAPER = Source(
    authors="A. Nitanda, T. Suzuki", title="Optimal rates for averaged stochastic gradient descent", venue="ICLR",
    year=2021, statement="Corollary 1", evidence="read", url="https://openreview.net/forum?id=PULSD5qI2N1",
)  # fmt: skip


def risk_parts(x: np.ndarray, r: float = 0.75, ridge: float = 1.0) -> dict[str, np.ndarray]:
    rate = -4 * r / (4 * r + 1)
    return {"bias": ridge * 0.21 * x**rate * (1 + 3 / x**0.5), "variance": 0.34 * x**rate}


def measure(x: float, streams: Any, r: float = 0.75, average: bool = True, ridge: float = 1.0) -> np.ndarray:
    return np.ones(len(streams))


def claim(name: str, law: Law, **changes: Any) -> Claim:
    given: dict[str, Any] = {
        "statement": "The excess risk of averaged SGD with λ = T^(−β/(2rβ+1)) falls like T^(−2rβ/(2rβ+1)).",
        "source": PAPER,
        "experiment": Experiment(measure, HORIZONS),
        "checks": (Check("experiment-law", "slope", Margin(0.04, 0.01, "bias from the curve")),),  # type: ignore[arg-type]
    }
    return Claim(name, law=law, **(given | changes))


def result(owner: str, points: tuple[Point, ...], **changes: Any) -> Result:
    given: dict[str, Any] = {
        "claim": owner, "case": {}, "comparison": "experiment-law", "quantity": "slope", "direction": "sharp",
        "form": "power", "outcome": Outcome.CONSISTENT, "predicted": -0.75, "estimate": -0.7512,
        "interval": (-0.7641, -0.7383), "margin": 0.05, "alpha": 1e-3, "replicates": 32, "points": points,
        "seconds": 4.1, "device": "cpu", "dtype": "float64", "seed": 7,
        "reason": "slope -0.7512 lies within 0.05 of -0.75", "reproduce": f"rates check {owner} --seed 7",
    }  # fmt: skip
    return Result(**(given | changes))


def measured_points(
    x: tuple[float, ...], values: np.ndarray, parts: Mapping[str, np.ndarray] | None
) -> tuple[Point, ...]:
    """Points from values (R, K): means, standard errors and the curve with its parts."""
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5
    return tuple(Point(float(v), float(mean[i]), float(error[i]), *_at(parts, i)) for i, v in enumerate(x))


def _at(parts: Mapping[str, np.ndarray] | None, i: int) -> tuple[float | None, dict[str, float]]:
    if parts is None:
        return None, {}
    here = {name: float(part[i]) for name, part in parts.items()}
    return sum(here.values()), here


def curve_points(x: np.ndarray, parts: Mapping[str, np.ndarray]) -> tuple[Point, ...]:
    total = np.sum(list(parts.values()), axis=0)
    return tuple(Point(float(v), float(total[i]), None, float(total[i])) for i, v in enumerate(x))


def control(name: str, estimate: float | None, **changes: Any) -> ControlResult:
    given: dict[str, Any] = {
        "name": name, "expected": "refuted", "outcome": Outcome.REFUTED, "comparison": "experiment-curve",
        "quantity": "level", "estimate": estimate, "reason": f"level {estimate} lies outside 0.05 of 0",
        "interval": None if estimate is None else (estimate - 0.02, estimate + 0.02), "predicted": estimate,
        "replicates": 16, "seconds": 1.2, "as_expected": True,
    }  # fmt: skip
    return ControlResult(**(given | changes))


def averaged_sgd(address: str = "ntk/averaged-sgd:excess-risk") -> ClaimRun:
    """Consistent: all three comparisons in two cases, a curve with parts, four controls."""
    controls = (
        Control("last iterate", {"average": False}, "experiment-law", "slope", predicted=0.0,  # type: ignore[arg-type]
                why="Without averaging the risk stays at the noise floor."),
        Control("ridge that ignores T", {"ridge": 4.0}, "experiment-curve", "level"),  # type: ignore[arg-type]
    )  # fmt: skip
    law = Law.power("T", "-2*r*beta/(2*r*beta+1)", where={"beta": "d/(d-1)"})
    made = claim(
        "excess-risk", law, cases=({"r": "3/4", "d": 2}, {"r": "1/2", "d": 2}), controls=controls,
        curve=Curve(lambda x, r=0.75: risk_parts(x, r), 1e-9, "The exact moment recursion on the circle."),
        conditions=(Condition("r >= 1/2", why="Otherwise the target lies outside the RKHS."),
                    Condition("r > 1/2", required=False, why="The paper’s proof assumes it.")),
        remark="The step size 1/24 of the theorem is only sufficient; 0.4 is used.",
        checks=(Check("curve-law", "slope", 0.02, x=FAR), Check("experiment-curve", "level", 0.05),  # type: ignore[arg-type]
                Check("experiment-law", "slope", Margin(0.04, 0.01, "the curve’s own bias on this window"))),  # type: ignore[arg-type]
    )  # fmt: skip
    results, values = [], {}
    for index, case in enumerate(made.cases):
        rows, sample = _case(address, case, 0.75 - 0.25 * index)
        results += rows
        values[rows[0].case_label] = sample
    return ClaimRun(address, made, claim_outcome(results, has_experiment=True), tuple(results), values, earlier())


def past(day: int, estimate: float | None, **changes: Any) -> Past:
    """One earlier result, `day` days after the first."""
    given: dict[str, Any] = {
        "created": 1717243200.0 + 86400 * day, "commit": f"{0x317C1EC + day:07x}{'0' * 33}", "dirty": False,
        "profile": "quick", "seed": 7, "device": "cpu", "outcome": Outcome.CONSISTENT, "case": "d=2, r=3/4",
        "comparison": "experiment-law", "quantity": "slope", "predicted": -0.75, "estimate": estimate, "margin": 0.05,
        "interval": None if estimate is None else (estimate - 0.02, estimate + 0.02),
    }  # fmt: skip
    return Past(**(given | changes))


def earlier() -> tuple[Past, ...]:
    """Fourteen runs: steady, then wrong, unsure and broken, then steady again."""
    steady = [past(day, -0.75 + 0.004 * (-1) ** day) for day in range(10)]
    return (
        *steady, past(10, -0.62, outcome=Outcome.REFUTED, dirty=True),
        past(11, -0.69, outcome=Outcome.INCONCLUSIVE, interval=(-0.74, float("inf"))),
        past(12, None, outcome=Outcome.ERROR, predicted=None, commit=None), past(13, -0.748, seed=11, profile="ci"),
    )  # fmt: skip


def _case(address: str, case: Mapping[str, Any], r: float) -> tuple[list[Result], np.ndarray]:
    x, slope = np.array(HORIZONS, dtype=float), -4 * r / (4 * r + 1)
    parts = risk_parts(x, r)
    noise = np.exp(0.2 * np.random.default_rng(3).standard_normal((32, len(x))) - 0.02)
    points = measured_points(HORIZONS, sum(parts.values()) * noise, parts)
    far = np.geomspace(1e3, 1e10, 15)
    level = (control("ridge that ignores T", 0.61), control("rougher target", 0.23))
    steep = (control("last iterate", 0.003, comparison="experiment-law", quantity="slope", predicted=0.0),)
    rows = [
        result(address, curve_points(far, risk_parts(far, r)), case=case, comparison="curve-law", predicted=slope,
               estimate=slope + 2e-4, interval=(slope - 3e-4, slope + 7e-4), margin=0.02, replicates=1, seconds=0.3,
               reason=f"asymptotic slope {slope + 2e-4:.4f} lies within 0.02 of {slope:.4f}"),
        result(address, points, case=case, comparison="experiment-curve", quantity="level", predicted=0.0,
               estimate=0.0042, interval=(-0.0121, 0.0205), controls=level,
               reason="level 0.0042 lies within 0.05 of 0"),
        result(address, points, case=case, predicted=slope, estimate=slope - 0.0012,
               interval=(slope - 0.014, slope + 0.012),
               reason=f"slope {slope - 0.0012:.4f} lies within 0.05 of {slope:.4f}", controls=steep),
    ]  # fmt: skip
    return rows, (sum(parts.values()) * noise)[:, :, None]


def outer_rate() -> ClaimRun:
    """Consistent and faster than guaranteed: a complexity bound without a curve."""
    address, x = "meanfield/pda:outer-rate", (4.0, 8.0, 16.0, 32.0, 64.0)
    values = np.array(x) ** 2.61 * np.exp(0.05 * np.random.default_rng(1).standard_normal((12, 5)))
    points = measured_points(x, values, None)
    made = claim("outer-rate", Law.power("n", "3", direction="upper"), experiment=Experiment(measure, x),
                 statement="Steps to reach accuracy ε = 1/n grow at most like n³.")  # fmt: skip
    row = result(address, points, direction="upper", predicted=3.0, estimate=2.612, interval=(2.55, 2.67), faster=0.33,
                 reason="slope 2.612 is at most 3 + 0.05", replicates=12, device="cuda",
                 controls=(control("no entropy", 4.4, comparison="experiment-law", quantity="slope"),))  # fmt: skip
    return ClaimRun(address, made, Outcome.CONSISTENT, (row,), {"": values[:, :, None]})


def exponential() -> ClaimRun:
    """Refuted on semi-log axes, with the part that is off."""
    address, x = "optim/manifold:linear-rate", tuple(float(v) for v in range(10, 90, 10))
    grid = np.array(x)
    parts = {"contraction": 2.0 * np.exp(-0.11 * grid), "floor": np.full(8, 4e-5)}
    truth = sum(parts.values()) * np.exp(0.012 * (grid - 10))
    values = truth * np.exp(0.06 * np.random.default_rng(2).standard_normal((20, 8)))
    points = measured_points(x, values, parts)
    made = claim("linear-rate", Law.exponential("t", "-eta*mu"), cases=({"eta": 0.1, "mu": 1.1},),
                 experiment=Experiment(measure, x, axis="time"),
                 curve=Curve(lambda x: parts, 0.0, "Closed form."))  # fmt: skip
    shared = {"case": {"eta": 0.1, "mu": 1.1}, "form": "exponential", "replicates": 20, "outcome": Outcome.REFUTED}
    rows = (
        result(address, points, **shared, comparison="experiment-curve", quantity="level", predicted=0.0, estimate=0.42,
               interval=(0.39, 0.45), reason="level 0.42 lies outside 0.05 of 0",
               parts_off={"contraction": 1.52, "floor": 1.01}),
        result(address, points, **shared, predicted=-0.11, estimate=-0.0962, interval=(-0.0981, -0.0943), margin=0.01,
               reason="slope -0.0962 is more than 0.01 from -0.11", notes=("curvature alarm: the remainder bends",)),
    )  # fmt: skip
    return ClaimRun(address, made, Outcome.REFUTED, rows, {rows[0].case_label: values[:, :, None]})


def missed_control() -> ClaimRun:
    """Inconclusive: the result is consistent, a control could not be told apart."""
    made = averaged_sgd("besov/sparse:approximation")
    rows = [replace(r, claim=made.address) for r in made.results[1:3]]
    missed = control("dense coefficients", 0.012, outcome=Outcome.CONSISTENT, as_expected=False,
                     reason="level 0.012 lies within 0.05 of 0")  # fmt: skip
    rows[0] = replace(rows[0], controls=(*rows[0].controls, missed))
    return replace(made, outcome=claim_outcome(rows, has_experiment=True), results=tuple(rows), history=())


def blank(address: str, outcome: Outcome, reason: str, law: Law, **changes: Any) -> ClaimRun:
    """A claim whose only result has nothing to show but its reason."""
    row = result(address, (), outcome=outcome, reason=reason, estimate=None, interval=None, predicted=None,
                 replicates=0, seconds=0.0, form=str(law.form), direction=str(law.direction), **changes)  # fmt: skip
    return ClaimRun(address, claim(address.split(":")[1], law), outcome, (row,))


def run() -> Run:
    """The whole fixture: eight claims, exit code 2."""
    power = Law.power("n", "-1")
    early = "the curve’s own slope on this window is −0.61, 0.14 off the law: more than half the margin 0.05"
    claims = (
        averaged_sgd(), outer_rate(), exponential(), missed_control(),
        blank("ntk/spectrum:decay", Outcome.INVALID, "the condition r >= 1/2 does not hold: r = 1/4", power),
        blank("hyperbolic/ridgelet:volume", Outcome.UNDECIDABLE, "needs d = 10⁶ nodes", Law.identity("n", "pi/4")),
        blank("meanfield/mfld:gap", Outcome.ERROR, "the experiment returned a value that is not finite", power),
        blank("deep/cnn:rate", Outcome.INCONCLUSIVE, "about 4100 replicates would decide",
              Law.plateau("n", "1/2")),
    )  # fmt: skip
    last = claims[-1]
    waiting = replace(last.results[0], outcome=Outcome.PRE_ASYMPTOTIC, reason=early)
    claims = (*claims[:-1], replace(last, results=(*last.results, waiting)))
    environment = {"python": "3.11.9", "numpy": "2.2.0", "torch": "2.6.0", "cpu": "2 cores", "git": "317c1ec",
                   "threads": {"torch": 1, "blas": 1}}  # fmt: skip
    return Run(claims, environment, "quick", 7, "cpu", seconds=48.2)
