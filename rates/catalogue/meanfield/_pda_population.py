"""Dual averaging of the expected risk: examples of a population, each drawn once, and the gap of the population's risk.

A data point is u, uniform in (0, 1), with input 2 cos πu, offset ¾ cos 2πu and label sin(1 + 4 cos πu): functions of
cos πu, whose means over midpoints (i + ½)/n converge faster than any power of n.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rates.catalogue.meanfield._pda_problems import averaging
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.pda import Memory

Array = npt.NDArray[np.float64]
_MIDPOINTS = 32


def data(u: Array) -> tuple[Array, Array, Array]:
    """Return inputs (..., 1), labels (...) and offsets (...) of the data points u (...)."""
    x = np.cos(np.pi * u)
    return 2 * x[..., np.newaxis], np.sin(1 + 4 * x), 0.75 * np.cos(2 * np.pi * u)


@lru_cache(maxsize=4)
def population(size: int = _MIDPOINTS) -> Quadrature:
    """Return the population as `size` midpoints, tanh neurons of one weight and λ₁ = λ₂ = 1/10."""
    from dltheory.meanfield.gibbs import Quadrature
    from dltheory.meanfield.problem import MeanFieldProblem

    inputs, labels, offsets = data((np.arange(size) + 0.5) / size)
    return Quadrature.of(MeanFieldProblem(inputs, labels, 0.1, 0.1, offsets=offsets))


def population_gaps(
    t: Array, streams: Sequence[Stream], *, training: int = 0, weights: float = 1.0, memory: Memory = "weighted",
    heat: float = 1.0, stale: bool = False,
) -> Array:  # fmt: skip
    """Run dual averaging on fresh examples; return the gap of the population's risk at t, (R, K).

    For a control the examples are drawn from `training` points of each replicate's own (0: fresh ones).
    """
    from dltheory.meanfield import pda_exact

    outer = int(t[-1]) - 1
    drawn = np.stack([stream.numpy("examples").random(outer) for stream in streams])
    if training:
        points = np.stack([stream.numpy("training").random(training) for stream in streams])
        drawn = np.take_along_axis(points, (drawn * training).astype(int), axis=1)
    pda = averaging(outer, weights=weights, memory=memory, heat=heat, stale=stale)
    return pda_exact.gaps(population(), pda, pda_exact.FreshExamples(*data(drawn)), t)


def population_leading(t: Array, *, weights: float = 1.0) -> Array:
    """Return C∞/t, C∞ the limit of the constants of n midpoints as n grows."""
    from dltheory.meanfield.pda_theory import limit_constant

    return np.asarray(limit_constant(population(), weights) / t)
