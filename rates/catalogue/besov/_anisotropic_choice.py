"""Claims on choosing the resolution from the data, s unknown: Mallows' criterion, and a hold-out.

Candidates are the rectangles of frequencies l_i < K_i, which is what ρ(l) ≤ R looks like for every smoothness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.besov._anisotropic_problems import DEEP, smoothness
from rates.catalogue.besov._anisotropic_regression import mean_of_scores, sample, scores, size, terms
from rates.catalogue.besov._sources import derived
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Experiment, Pilot
from rates.law import Law
from rates.streams import Stream

Array = npt.NDArray[np.float64]
Judge = Literal["held out", "shuffled", "none"]
_LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_DRAWS = 32  # noises of the labels that are held out, over which the choice is averaged
CASES = ({"s": "(1, 2)", "mean": "2/3"}, {"s": "(1, 3)", "mean": "3/4"})


def selected(
    n: int, streams: Sequence[Stream], *, s: str, mean: float, penalty: float = 1.0, most: int = 0, least: float = 0.0
) -> Array:
    """Return (R, 2): ‖f̂ − f‖² on the rectangle that Mallows' criterion chooses, s unknown, and the scores.

    `penalty` multiplies the variance that the criterion is told, `most` is the largest ΠK_i, n^(7/10) unless told, and
    `least`·n the smallest.
    """
    from dltheory.besov.projection import series_error
    from dltheory.besov.selection import mallows, rectangles

    given = smoothness(s, mean)
    candidates = rectangles(given.dimension, most or int(n**0.7), _LADDER)
    candidates = tuple(sides for sides in candidates if np.prod(sides) >= least * n)
    indices = terms(given, size(n, s, mean, None), "ordered")

    def pair(stream: Stream) -> tuple[float, float]:
        function, x, y = sample(n, stream, s, mean)
        return series_error(mallows(x, y, penalty, candidates), function), scores(function, indices, x, y)

    return np.array([pair(stream) for stream in streams])


def excess(
    n: int, streams: Sequence[Stream], *, s: str, mean: float, judge: Judge = "held out", held: int = 0
) -> Array:
    """Return ‖f̂ − f‖² of the candidate that a hold-out chooses, less that of the best candidate, (R,).

    Candidates of up to n^(3/5) terms are fitted to one half of the data and judged by the other, averaged over noises
    of its labels. For controls `held` samples only judge, or their labels are "shuffled", or nothing judges and the
    candidate in the middle is taken ("none").
    """
    from dltheory.besov.projection import series_error
    from dltheory.besov.selection import first_fits, rectangles

    candidates = rectangles(smoothness(s, mean).dimension, int(n**0.6), _LADDER)
    half = n // 2

    def one(stream: Stream) -> float:
        function, x, y = sample(n, stream, s, mean)
        fitted, values = first_fits(x, y[:half], candidates)
        errors = np.array([series_error(series, function) for series in fitted])
        if judge == "none":
            return float(np.median(errors) - errors.min())
        judged = slice(half, half + held if held else n)
        points, noise = x[judged], stream.numpy("held-out noise").standard_normal((n - half, _DRAWS))
        labels = function(points)[:, np.newaxis] + noise[: len(points)]
        if judge == "shuffled":
            labels = stream.numpy("shuffle").permuted(labels, axis=0)
        # Σ (f̂ − y)² over the points that judge, less Σ y², which all candidates share
        losses = np.sum(values[:, judged] ** 2, axis=1)[:, np.newaxis] - 2 * values[:, judged] @ labels
        return float(errors[np.argmin(losses, axis=0)].mean() - errors.min())

    return np.array([one(stream) for stream in streams])


ADAPTIVE = Claim(
    name="unknown-smoothness",
    statement="Least squares on the rectangle that Mallows' criterion chooses attains n^(−2s̃/(2s̃+1)), s unknown.",
    law=Law.power("n", DEEP, direction="upper"),
    source=derived("oracle inequality over the rectangles ρ(l) ≤ R of all s"),
    cases=CASES[:1],
    experiment=Experiment(selected, x=(128, 256, 512, 1024), estimand="control-variate",
                          control_mean=mean_of_scores, block=8, pilot=Pilot(0.2, 0.16, 0.2, 1.0)),
    checks=(Check("experiment-law", "slope", Margin(0.1)),),
    controls=(
        Control("a hundred times the penalty", {"penalty": 100.0}, "experiment-law", "slope"),
        Control("four terms at most", {"most": 4}, "experiment-law", "slope"),
        Control("one term at most", {"most": 1}, "experiment-law", "slope"),
        Control("at least n/11 terms", {"least": 1 / 11}, "experiment-law", "slope",
                why="a variance of σ²/10, whatever n"),
    ),
)  # fmt: skip

HOLD_OUT = Claim(
    name="hold-out",
    statement="Least squares on the rectangle that does best on the half of the data that is held out has, beyond the"
    " error R of the best rectangle, at most of order (R log M/n)^(1/2) + log M/n: with R = n^(−2s̃/(2s̃+1)) an excess"
    " of n^(−(4s̃+1)/(4s̃+2)), up to log log n.",
    law=Law.power("n", "-(4*mean + 1)/(4*mean + 2)", direction="upper"),
    source=derived("given the fits of M candidates f_k the choice k satisfies R_k − R ≤ 2⟨ξ, f_k − f_best⟩ + what the"
                   " points that judge are off, each of order (log M/n)^(1/2) (R_k + R)^(1/2)"),
    cases=CASES,
    experiment=Experiment(excess, x=(64, 256, 1024), block=8, pilot=Pilot(0.2, 0.2, 0.03, 1.0)),
    checks=(Check("experiment-law", "slope", Margin(0.12)),),
    controls=(
        Control("sixteen samples held out, whatever n", {"held": 16}, "experiment-law", "slope"),
        Control("labels held out are shuffled", {"judge": "shuffled"}, "experiment-law", "slope"),
        Control("no choice: the candidate in the middle", {"judge": "none"}, "experiment-law", "slope"),
    ),
    remark="An upper bound, which a choice between few good candidates beats. The error of what is chosen is 1.5, 1.3"
    " and 1.2 times the best candidate's at n = 64, 256 and 1024.",
)  # fmt: skip
