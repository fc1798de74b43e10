"""Experiments and curves: how a claim is measured, and what is computed without randomness.

An experiment has one of two shapes. `axis="size"`: x is a problem size and every x is an independent
call. `axis="time"`: x is time along a trajectory, one call gives all x and a replicate is a cluster.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rates.streams import Stream
from rates.wellformed import one_of, size

Array = npt.NDArray[np.float64]
Estimand = Literal["mean", "control-variate", "separation"]
COMPONENTS: Mapping[str, int] = {"mean": 1, "control-variate": 2, "separation": 2}
_LARGEST = 1e150  # its square, a variance, is still a number


class MeasurementError(ValueError):
    """An experiment or curve returned something that is not a measurement; the message is one sentence."""


@dataclass(frozen=True)
class Pilot:
    """What a pilot run found, used for planning only and never re-estimated from the test data.

    `level` and `slope` are standard deviations of one replicate's influence on the mean log-ratio and on
    the slope; `seconds` is the time of one replicate at all x; `skewness` is that of the level's influence,
    which widens its interval (0 for normal, 1 for moderate, 2 for exponential noise).
    """

    level: float
    slope: float
    seconds: float = 0.0
    skewness: float = 1.0

    @classmethod
    def from_cv(cls, cv: float, x: Sequence[float], *, semilog: bool = False, seconds: float = 0.0) -> Pilot:
        """Return the pilot for independent runs with coefficient of variation `cv` at every x."""
        axis = np.asarray(x, dtype=float) if semilog else np.log(np.asarray(x, dtype=float))
        spread = float(np.sqrt(np.sum((axis - axis.mean()) ** 2)))
        return cls(level=cv / len(axis) ** 0.5, slope=cv / spread, seconds=seconds)


@dataclass(frozen=True)
class Experiment:
    """The algorithm, run with seeds: `measure(x, streams, **parameters)` returns one row a replicate.

    Shapes returned: `(R,)` or `(R, components)` for `axis="size"`; `(R, K)` or `(R, K, components)` for
    `axis="time"`, where `measure` gets all K values of x at once. `streams` holds R streams, one a
    replicate. Parameters are those of the case and of the control; only the ones that `measure` names
    are passed, and `device` and `dtype` if it names them. One that does not name `device` runs on the CPU.
    Components: `"mean"` has one; `"control-variate"` returns the value and a variate whose mean
    `control_mean(x, **parameters)` is known; `"separation"` returns the two quantities whose slopes are compared.

    An infinite y says that a run never arrived (steps until ε is reached): the check is then inconclusive.

    `numerical_error` makes the experiment deterministic: `measure(x, **parameters)` is called once with
    all x, returns K values, and the relative error bound stands in for a standard error.
    `block` is the number of replicates of one call; it fixes the composition of a batch.
    """

    measure: Callable[..., Any]
    x: tuple[float, ...]
    axis: Literal["size", "time"] = "size"
    estimand: Estimand = "mean"
    control_mean: Callable[..., Any] | None = None
    numerical_error: float | None = None
    block: int = 8
    pilot: Pilot | None = None
    dtype: str = "float64"

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", tuple(float(v) for v in self.x))
        if not all(np.isfinite(self.x)) or any(b <= a for a, b in pairwise(self.x)):
            raise ValueError("the x of an experiment must be finite and increase")
        if len(self.x) < 3:
            raise ValueError(f"a rate needs at least three x, got {len(self.x)}")
        if not isinstance(self.block, int) or self.block < 1:
            raise ValueError(f"block must be at least 1 and whole, got {self.block!r}")
        one_of("axis", self.axis, ("size", "time"))
        one_of("estimand", self.estimand, COMPONENTS)
        if self.numerical_error is not None:
            size("the numerical error of an experiment", self.numerical_error)
        if (self.estimand == "control-variate") != (self.control_mean is not None):
            raise ValueError("a control variate and its known mean (control_mean) go together")

    @property
    def deterministic(self) -> bool:
        """True where one replicate and a numerical error bound take the place of statistics."""
        return self.numerical_error is not None

    def runs_on(self, device: str) -> str:
        """Return the device that a run asks for where `measure` names `device`, the CPU for any other."""
        return device if "device" in inspect.signature(self.measure).parameters else "cpu"

    def run(self, x: float | None, streams: Sequence[Stream], parameters: Mapping[str, Any]) -> Array:
        """Return measurements of shape (replicates, points, components), checked; x None means all x."""
        grid = np.asarray(self.x if x is None else [x], dtype=float)
        argument = grid if (x is None or self.deterministic) else plain_number(float(grid[0]))
        arguments = (argument,) if self.deterministic else (argument, tuple(streams))
        raw = self.measure(*arguments, **accepted(self.measure, parameters))
        replicates = 1 if self.deterministic else len(streams)
        components = COMPONENTS[self.estimand]
        return shaped(raw, replicates, len(grid), components, positive=1 if self.control_mean else components)

    def known_mean(self, x: Array, parameters: Mapping[str, Any]) -> Array | None:
        """Return the exact mean of the control variate at x, (K,); None for an experiment without one."""
        if self.control_mean is None:
            return None
        mean = _real(self.control_mean(x, **accepted(self.control_mean, parameters)), "the control mean")
        mean = np.full(x.shape, mean) if mean.ndim == 0 else mean
        if mean.shape != x.shape or not np.all(np.isfinite(mean)):
            raise MeasurementError(f"the control mean must be {len(x)} finite numbers, got {mean.tolist()}")
        return mean


@dataclass(frozen=True)
class Curve:
    """The finite-x value of E[y] computed without randomness.

    `function(x, **parameters)` takes an array of K values and returns K values, or a mapping of named
    parts (bias, variance, width ...) that add up. `error` bounds its relative numerical error.
    """

    function: Callable[..., Any]
    error: float = 0.0
    statement: str = ""

    def __post_init__(self) -> None:
        size("the relative error of a curve", self.error)

    def run(self, x: Array, parameters: Mapping[str, Any]) -> dict[str, Array]:
        """Return the parts at x, each of shape (K,); one part named `total` where there are none."""
        raw = self.function(x, **accepted(self.function, parameters))
        parts = raw if isinstance(raw, Mapping) else {"total": raw}
        arrays = {name: _real(values, "the curve") for name, values in parts.items()}
        if not arrays:
            raise MeasurementError("the curve returned no parts")
        for name, values in arrays.items():
            if values.shape != x.shape:
                raise MeasurementError(f"the curve returned shape {values.shape} for {name}, expected {x.shape}")
        total = np.sum(list(arrays.values()), axis=0)
        if not np.all(np.isfinite(total)) or np.any(total < 0):
            bad = x[~(np.isfinite(total) & (total >= 0))].tolist()
            raise MeasurementError(f"the curve is not finite and non-negative at x = {bad}")
        return arrays


def accepted(function: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return those parameters that the function names (all of them if it takes `**`), x and streams apart."""
    signature = inspect.signature(function).parameters.values()
    positional = {p.name for p in list(signature)[:1]} | {"streams"}
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature):
        return {name: value for name, value in parameters.items() if name not in positional}
    names = {p.name for p in signature} - positional
    return {name: value for name, value in parameters.items() if name in names}


def knobs(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the parameters of a function that have defaults: what a control may turn."""
    signature = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in signature if p.default is not inspect.Parameter.empty}


def plain_number(value: float) -> int | float:
    """Return a whole float as an int, so that sizes can be used as sizes."""
    return int(value) if value.is_integer() else value


def shaped(raw: Any, replicates: int, points: int, components: int, positive: int = 1) -> Array:
    """Return raw measurements as (replicates, points, components), or say in one sentence what is wrong.

    Axes of length one may be left out. The first `positive` components must not be negative. Infinity is a
    measurement: a run that never arrived.
    """
    values = _real(raw, "the experiment")
    wanted = (replicates, points, components)
    given = tuple(n for n in values.shape if n != 1)
    if given != tuple(n for n in wanted if n != 1):
        raise MeasurementError(
            f"the experiment returned shape {values.shape}, expected {replicates} replicates"
            f" × {points} points × {components} components"
        )
    values = values.reshape(wanted)
    if np.any(np.isnan(values)) or np.any(values == -np.inf):
        raise MeasurementError("the experiment returned a value that is not finite")
    if np.max(np.abs(values[np.isfinite(values)]), initial=0.0) > _LARGEST:
        raise MeasurementError(f"the experiment returned a value beyond {_LARGEST:g}: give y in larger units")
    lowest = values[..., :positive].min()
    if lowest < 0:
        raise MeasurementError(
            f"the experiment returned a negative value ({lowest:.3g}): a rate needs a positive"
            " quantity; compute excess risk in closed form instead of clipping a noisy difference"
        )
    return values


def _real(raw: Any, who: str) -> Array:
    """Return an array of real numbers; nothing is dropped on the way, no imaginary part and no mask."""
    if np.ma.is_masked(raw):
        raise MeasurementError(f"{who} returned masked values: every replicate needs every x")
    try:
        values = np.asarray(raw)
        if values.dtype.kind in "biuf":
            return values.astype(float)
        if values.dtype == object:  # Python's own numbers, fractions among them
            return np.array([_real_number(v) for v in values.ravel()], dtype=float).reshape(values.shape)
    except (TypeError, ValueError) as error:
        raise MeasurementError(f"{who} returned no array of numbers: {' '.join(str(error).split())}") from error
    raise MeasurementError(f"{who} returned {'complex numbers' if values.dtype.kind == 'c' else 'no numbers'}")


def _real_number(value: Any) -> float:
    if isinstance(value, str | bytes):
        raise TypeError(f"{value!r} is text")
    return float(value)
