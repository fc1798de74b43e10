"""Low frequencies first: the number of samples that a degree takes to be learnt grows like a power of the degree.

The mean coefficient of degree k shrinks its error by the factor 1 − η(Λ_k + λ) a sample. Its learning time is the
area under that mean error curve, 1/(ηΛ_k) without ridge: linear in the trajectory, and so free of the bias that a
half time read off one noisy run would have. It is the half time divided by log 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rates.catalogue.ntk._sources import derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law
from rates.streams import Stream

Array = npt.NDArray[np.float64]
_AREAS = 4  # horizons, in learning times: the rest of the area is e^-4


def learning_time(
    k: Array, *, d: int, odd: int = 0, eta: float, ridge: float = 0.0, gamma: float = 1.0, layers: str = "both"
) -> Array:
    """Return the exact area under the mean error curve of degree k + odd, up to four times the learning time."""
    from dltheory.ntk import learning_time as exact

    theory, learner = _eigenvalue(k + odd, d, 1.0, "both"), _eigenvalue(k + odd, d, gamma, layers)
    return np.array([
        exact.relaxation_area(own, eta, ridge, _horizon(eta, value)) for own, value in zip(learner, theory, strict=True)
    ], dtype=float)  # fmt: skip


def half_time(k: Array, *, d: int, odd: int = 0, eta: float, average: str = "last", ridge: float = 0.0,
              layers: str = "both", gamma: float = 1.0) -> Array:  # fmt: skip
    """Return the exact number of samples after which the mean coefficient of degree k + odd is half learnt."""
    from dltheory.ntk import learning_time as exact
    from dltheory.ntk.schedule import AveragedSGD

    sgd = AveragedSGD(eta, ridge, 2, "last" if average == "last" else "uniform")
    return np.array([exact.half_time(float(value), sgd) for value in _eigenvalue(k + odd, d, gamma, layers)])


def measured_learning_time(
    k: Array, streams: Sequence[Stream], *, odd: int = 0, eta: float, ridge: float = 0.0, gamma: float = 1.0,
    layers: str = "both", noise: float = 0.1,
) -> Array:  # fmt: skip
    """Run SGD on the circle once a replicate; return the area under every degree's error curve, (R, K)."""
    from dltheory.ntk import circle_sgd
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.regression import SphereRegression
    from dltheory.ntk.schedule import AveragedSGD

    degrees = (k + odd).astype(int)
    energy = np.zeros(int(degrees.max()) + 1)
    energy[degrees] = 0.25 / len(degrees)
    horizons = np.zeros(energy.size, dtype=int)
    horizons[degrees] = [_horizon(eta, value) for value in _eigenvalue(k + odd, 2, 1.0, "both")]
    total = int(horizons.max())
    learner = NeuralTangentKernel(2, bias_scale=gamma, layers=layers)  # type: ignore[arg-type]
    problem = SphereRegression(learner, energy, noise)
    drawn = [problem.sample(s.numpy("inputs"), s.numpy("noise"), total) for s in streams]
    points, labels = (np.stack(part) for part in zip(*drawn, strict=True))
    angles = np.arctan2(points[..., 1], points[..., 0])
    areas = circle_sgd.degree_error_area(problem, AveragedSGD(eta, ridge, total), angles, labels, horizons)
    return np.asarray(areas[:, degrees])


def _eigenvalue(degrees: Array, d: int, gamma: float, layers: str) -> Array:
    from dltheory.ntk.kernels import NeuralTangentKernel
    from dltheory.ntk.spectrum import eigenvalues

    return eigenvalues(NeuralTangentKernel(d, bias_scale=gamma, layers=layers), degrees)  # type: ignore[arg-type]


def _horizon(eta: float, eigenvalue: float) -> int:
    return math.ceil(_AREAS / (eta * eigenvalue))


FAR = tuple(2.0**i for i in range(5, 16))
SOURCE = derived("linear mean dynamics; k^-d of the spectrum also in Basri et al. 2020. The paper cites spectral bias")
CONDITIONS = (
    Condition("d >= 2"),
    Condition("Eq(odd*(odd - 1), 0)", why="even or odd degrees"),
    Condition("gamma > 0", why="odd degrees are never learnt"),
    Condition("eta*(1 + 1/(2*d)) < 2", why="η k(x,x) ≥ 2 diverges"),
)

LEARNING_TIME = Claim(
    name="low-frequencies-first",
    statement="SGD learns low degrees first: the learning time of degree k grows like k^d, even and odd"
    " degrees each with a constant of their own.",
    law=Law.power("k", "d"),
    source=SOURCE,
    cases=({"d": 2, "odd": 0, "eta": "2/5"}, {"d": 2, "odd": 1, "eta": "2/5"}),
    conditions=(Condition("Eq(d, 2)", why="the simulation runs on the circle"), *CONDITIONS[1:]),
    curve=Curve(learning_time, 1e-9, "geometric sum of the mean error"),
    remark="The area is taken up to a time that grows like k^d by itself, so that far out the curve says nothing about"
    " the law; half-time does.",
    experiment=Experiment(measured_learning_time, x=(8, 12, 16, 24, 32), axis="time", block=4,
                          pilot=Pilot(0.04, 0.08, 0.045)),
    checks=(
        Check("experiment-curve", "level", Margin(0.03)),
        Check("experiment-curve", "slope", Margin(0.03)),
        Check("experiment-law", "slope", Margin(0.05, bias=0.041, note="the curve's own slope on degrees 8 to 32"),
              only="Eq(odd, 0)"),
    ),
    controls=(
        Control("a ridge, against the curve", {"ridge": 1e-3}, "experiment-curve", "slope"),
        Control("output layer only", {"layers": "output"}, "experiment-curve", "level", predicted=1.393,
                why="degree k then takes k^(d+2) samples"),
        Control("no bias, odd degrees", {"gamma": 0.0}, "experiment-curve", "level", predicted=1.405,
                why="never learnt",
                case={"d": 2, "odd": 1, "eta": "2/5"}),
        Control("a ridge", {"ridge": 1e-3}, "experiment-law", "slope", predicted=2.515,
                why="what ridge hides is never learnt"),
        Control("half the bias scale, odd degrees", {"gamma": 0.5}, "experiment-curve", "level", predicted=0.946,
                case={"d": 2, "odd": 1, "eta": "2/5"}, why="the odd family is slower by 1/γ²"),
        Control("more label noise", {"noise": 0.5}, "experiment-curve", "level", expect="consistent",
                why="the mean does not see the noise"),
    ),
)  # fmt: skip

HALF_TIME = Claim(
    name="half-time",
    statement="The mean coefficient of degree k is half learnt after log 2/(ηΛ_k) samples for the last iterate and"
    " after 1.594/(ηΛ_k) for the average, where (1 - exp(-1.594))/1.594 = 1/2.",
    law=Law.power("k", "d", constant="u/(eta*2**d*(Gamma(d/2)/(2*pi))**2*gamma**(2*odd))"),
    source=SOURCE,
    cases=(
        *({"d": d, "odd": odd, "eta": "2/5", "average": average, "u": u}
          for d in (2, 3) for odd in (0, 1) for average, u in (("last", "log(2)"), ("uniform", "1.5936242600400"))),
        {"d": 2, "odd": 1, "eta": "2/5", "average": "last", "u": "log(2)", "gamma": "1/2"},
    ),
    conditions=CONDITIONS,
    curve=Curve(half_time, 1e-9, "exact mean dynamics"),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=FAR),
        Check("curve-law", "level", Margin(0.02), x=FAR),
    ),
    controls=(
        Control("output layer only", {"layers": "output"}, "curve-law", "slope", predicted=4.0),
        Control("the average taken for the last iterate", {"average": "uniform"}, "curve-law", "level",
                predicted=0.833),
        Control("a ridge", {"ridge": 1e-3}, "curve-law", "slope", predicted=0.0),
        Control("half the bias scale, odd degrees", {"gamma": 0.5}, "curve-law", "level", predicted=1.386,
                case={"d": 2, "odd": 1, "eta": "2/5", "average": "last", "u": "log(2)"}),
    ),
)  # fmt: skip

CLAIMS = (LEARNING_TIME, HALF_TIME)
