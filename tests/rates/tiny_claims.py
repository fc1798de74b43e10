"""Claims that are measured in milliseconds: y = x^slope with lognormal noise, independent along x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rates.catalogue import Located
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law
from rates.streams import Stream

X = (10, 20, 40, 80)
PILOT = Pilot.from_cv(0.1, X)


def power(
    x: int, streams: Sequence[Stream], slope: float = -1.0, scale: float = 1.0, cv: float = 0.1, bad: str = ""
) -> Any:
    if bad == "raises":
        raise RuntimeError("the algorithm\nfell over")
    noise = np.array([s.numpy(f"noise at {x}").standard_normal() for s in streams])
    y = scale * x**slope * np.exp(cv * noise - cv**2 / 2)
    spoilt = {"nan": y * np.nan, "negative": -y, "shape": y[:, np.newaxis, np.newaxis] * np.ones(3), "count": y[1:]}
    return spoilt.get(bad, y)


def exact(x: np.ndarray, slope: float = -1.0, scale: float = 1.0) -> np.ndarray:
    return scale * x**slope


def flat(slope: str = "-1/2", comparison: str = "experiment-law", quantity: str = "slope", **more: Any) -> Control:
    return Control(f"slope {slope}", {"slope": float(eval(slope))}, comparison, quantity, **more)


def tiny(**changes: Any) -> Claim:
    given: dict[str, Any] = {
        "name": "tiny", "statement": "y falls like 1/x.", "law": Law.power("x", "-1"),
        "experiment": Experiment(power, X, pilot=PILOT),
        "checks": (Check("experiment-law", "slope", Margin(0.1)),),
        "controls": (flat(), flat("-2"), Control("no decay", {"slope": 0.0}, "experiment-law", "slope")),
    }  # fmt: skip
    return Claim(**(given | changes))


def with_curve(**changes: Any) -> Claim:
    given: dict[str, Any] = {
        "curve": Curve(exact, 1e-9),
        "checks": (
            Check("curve-law", "slope", Margin(0.01), x=tuple(10.0**k for k in range(1, 8))),
            Check("experiment-curve", "level", Margin(0.1)),
            Check("experiment-curve", "slope", Margin(0.1)),
            Check("experiment-law", "slope", Margin(0.1)),
        ),
        "controls": (
            flat(), Control("doubled", {"scale": 2.0}, "experiment-curve", "level", predicted=float(np.log(2))),
            flat("-1/2", "curve-law"), flat("-1/2", "experiment-curve"),
        ),
    }  # fmt: skip
    return tiny(**(given | changes))


def located(claim: Claim) -> Located:
    return Located(f"memory:{claim.name}", claim, "")
