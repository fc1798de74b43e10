"""Two measurements of one case, side by side: what they share, and how alike they are replicate by replicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rates.compare.differences import correlation
from rates.compare.sides import Record, Side, Values
from rates.estimand import Estimand, Mean, estimand

Array = npt.NDArray[np.float64]
Likeness = Literal["identical", "rounding", "arithmetic", "different"]
# Sums in another order differ by less than the square root of the precision, whatever was done with them since; what
# is added up in single precision differs from double precision by more.
ROUNDING: Mapping[str, float] = {"float64": 2.0**-26, "float32": 2.0**-11.5}
# Replicates that are correlated this closely come from the same draws: drawn anew, even in part, they are not.
SAME_DRAWS = 0.999
LEAST_X = 3


@dataclass(frozen=True, eq=False)
class Half:
    """One side of a case: its results, what the catalogue says of the claim, and the measured values."""

    results: tuple[Record, ...]
    known: Record
    label: str
    seed: int
    device: str
    values: Values | None

    @classmethod
    def of(cls, side: Side, claim: str, label: str) -> Half:
        """Return the half of a case of a side."""
        document = side.document
        return cls(
            side.cases(claim).get(label, ()), document["catalogue"][claim], label, document["seed"],
            document["device"], side.values.get(claim, {}).get(label),
        )  # fmt: skip

    @property
    def measured(self) -> tuple[Record, ...]:
        """The results that involve the experiment."""
        return tuple(row for row in self.results if row["comparison"] != "curve-law")

    @property
    def dtype(self) -> str:
        """The precision of the measurements."""
        return next((str(row["dtype"]) for row in self.measured), "float64")

    @property
    def numerical_error(self) -> float | None:
        """The error bound of a deterministic experiment, None for a random one."""
        experiment = self.known["experiment"]
        return None if experiment is None else experiment["numerical_error"]

    @property
    def kind(self) -> str:
        """What stands for y: mean, control-variate or separation."""
        return str(self.known["experiment"]["estimand"]) if self.known["experiment"] else "mean"

    @property
    def control_mean(self) -> Mapping[float, float]:
        """The exact mean of the control variate by x; empty where the document does not say."""
        experiment = self.known["experiment"] or {}
        means = experiment.get("control_mean", {}).get(self.label)
        return {} if means is None else dict(zip(experiment["x"], means, strict=False))

    def points(self, name: str, *comparisons: str) -> dict[float, float]:
        """Return the positive `curve` or `law` values of the results of these comparisons, by x."""
        found: dict[float, float] = {}
        for row in self.results:
            if row["comparison"] in comparisons:
                found |= {p["x"]: p[name] for p in row["points"] if p.get(name) is not None and p[name] > 0}
        return found


@dataclass(frozen=True, eq=False)
class Pair:
    """Both halves of a case at the x that they share, `base_y` and `head_y` (R, K, C).

    `paired`: the same streams on both sides, and then the replicates that both have; otherwise all that each has.
    `allowance` is the relative difference of two values that counts as rounding.
    """

    base: Half
    head: Half
    x: Array
    base_y: Array
    head_y: Array
    paired: bool
    allowance: float

    @classmethod
    def of(cls, base: Half, head: Half, rounding: float | None) -> Pair | None:
        """Return the pair of two halves, None unless both have values of one shape."""
        if base.values is None or head.values is None or base.kind != head.kind:
            return None
        x = np.intersect1d(base.values.x, head.values.x)
        base_y, head_y = base.values.at(x), head.values.at(x)
        paired = base.seed == head.seed
        if paired:
            count = min(len(base_y), len(head_y))
            base_y, head_y = base_y[:count], head_y[:count]
        return cls(base, head, x, base_y, head_y, paired, _allowance(base, head, rounding))

    @property
    def deterministic(self) -> bool:
        """True where error bounds take the place of noise on both sides."""
        return self.base.numerical_error is not None and self.head.numerical_error is not None

    @property
    def one_machine(self) -> bool:
        """True where both sides were measured on the same device in the same precision."""
        return (self.base.device, self.base.dtype) == (self.head.device, self.head.dtype)

    @property
    def replicates(self) -> int:
        """The replicates of the side that has fewer."""
        return min(len(self.base_y), len(self.head_y))

    def estimands(self, x: Array) -> tuple[Estimand, Estimand]:
        """Return what stands for y on each side; the plain mean where the mean of a control variate is not known."""
        if self.base.kind != "control-variate":
            return estimand(self.base.kind), estimand(self.head.kind)
        if not self.controlled:
            return Mean(), Mean()
        means = [np.array([half.control_mean[v] for v in x]) for half in (self.base, self.head)]
        return estimand("control-variate", means[0]), estimand("control-variate", means[1])

    @property
    def controlled(self) -> bool:
        """Whether both sides know the mean of their control variate at every x."""
        return all(v in half.control_mean for half in (self.base, self.head) for v in self.x)


@dataclass(frozen=True)
class Alike:
    """How alike two sets of replicates are; `largest` relative difference, at `x`, and their lowest correlation."""

    kind: Likeness
    largest: float = 0.0
    x: float = 0.0
    correlation: float | None = None


def likeness(pair: Pair) -> Alike:
    """Return whether two measurements are the same bits, the same but for rounding, or the same draws.

    A difference is relative to the larger of the two values and their mean at that x, so that a replicate that
    happens to be near zero does not count as far off.
    """
    if not pair.paired or not pair.replicates or not len(pair.x):
        return Alike("different")
    base, head = pair.base_y, pair.head_y
    if np.array_equal(base, head):
        return Alike("identical", correlation=1.0)
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.maximum(np.abs(base), np.abs(head)), np.abs(base).mean(axis=0))
        apart = np.where(base == head, 0.0, np.abs(head - base))
        relative = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
    relative = np.where(np.isfinite(relative), relative, np.inf)  # one of them never arrived
    at = int(np.argmax(relative.max(axis=(0, 2))))
    found = relative.max()
    closest = _closeness(base[..., 0], head[..., 0])
    if found <= pair.allowance:
        kind: Likeness = "rounding"
    else:
        kind = "arithmetic" if closest is not None and closest >= SAME_DRAWS else "different"
    return Alike(kind, float(found), float(pair.x[at]), closest)


def _closeness(base: Array, head: Array) -> float | None:
    """Return the lowest correlation at any x of the logs of y (R, K), of y itself where it has no logs."""
    logs = bool(np.all(base > 0) and np.all(head > 0))
    if not (np.isfinite(base).all() and np.isfinite(head).all()):
        return None
    one, other = (np.log(base), np.log(head)) if logs else (base, head)
    found = [correlation(one[:, k], other[:, k]) for k in range(base.shape[1])]
    known = [value for value in found if value is not None]
    return min(known, default=None)


def _allowance(base: Half, head: Half, rounding: float | None) -> float:
    if base.numerical_error is not None and head.numerical_error is not None:
        return base.numerical_error + head.numerical_error
    if rounding is not None:
        return rounding
    return max(ROUNDING.get(half.dtype, ROUNDING["float64"]) for half in (base, head))
