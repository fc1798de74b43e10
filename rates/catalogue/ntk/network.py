"""The network itself: a two-layer network trained by averaged SGD follows its infinite-width limit.

g(x) = M^(-1/2) Σ_r a_r σ(b_r·x + γ c_r), all three blocks trained by Algorithm 1 from a symmetric start on the
sphere, parameters averaged. The limit runs on the same stream and is a control variate whose mean is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue.ntk._problems import limit_risk, regression, risk_curve, samples, schedule, truncation
from rates.catalogue.ntk._sources import derived, paper
from rates.catalogue.ntk.averaged_sgd import BETA, CIRCLE, EXACT_WHOLE, ON_THE_CIRCLE, REGION, REGION_SPHERE, SPHERE
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Experiment, Pilot
from rates.law import Law
from rates.streams import Stream

if TYPE_CHECKING:
    from dltheory.ntk.averaged_sgd import Parameters, TwoLayerNetwork
    from dltheory.ntk.network_error import Rule
    from dltheory.ntk.schedule import Averaging

Array = npt.NDArray[np.float64]
WIDTH_CONDITIONS = (Condition("Eq(Mod(width, 2), 0)", why="the symmetric start pairs the neurons"),)
WIDTH_REMARK = (
    " The theorem's width is exponential in T, out of reach: tested is the rate at a width where the gap to the limit"
    " is small."
)


def network_risk(
    horizon: int, streams: Sequence[Stream], *, r: float, scale: float, noise: float, eta: float, d: int = 2,
    width: int = 4096, activation: Literal["relu", "swish", "tanh"] = "relu", sharpness: float = 50.0,
    average: Averaging = "uniform", start: Literal["sphere", "gaussian"] = "sphere", symmetric: bool = True,
    anchor: Literal["initial", "zero"] = "initial", trained: str = "abc", gamma: float = 1.0,
    ridge: bool = True, device: str = "cpu",
) -> Array:  # fmt: skip
    """Return the risk of the network and, on the same stream, that of the unsabotaged limit, (R, 2)."""
    from dltheory.ntk.averaged_sgd import TwoLayerNetwork, run
    from dltheory.ntk.network_error import squared_error

    theory = schedule(horizon, r=r, d=d, scale=scale, eta=eta)
    problem = regression(d, r, noise, truncation(d, theory))
    points, labels = samples(problem, streams, horizon)
    network = TwoLayerNetwork(
        width, d, activation=activation, sharpness=sharpness, bias_scale=gamma, initial_law=start,
        symmetric=symmetric, anchor=anchor, trained=_blocks(trained),
    )  # fmt: skip
    sgd = schedule(horizon, r=r, d=d, scale=scale if ridge else 0.0, eta=eta, average=average)
    averaged = run(network, sgd, _start(network, streams), points, labels, device=device)
    found = squared_error(problem, network, averaged, _rule(d, streams)) + problem.tail_energy
    return np.stack([found, limit_risk(problem, theory, points, labels, device)], axis=1)


def width_gap(
    width: int, streams: Sequence[Stream], *, r: float, scale: float, noise: float, eta: float, horizon: int = 400,
    activation: Literal["relu", "swish"] = "relu", sharpness: float = 50.0,
    start: Literal["sphere", "gaussian"] = "sphere", symmetric: bool = True,
    anchor: Literal["initial", "zero"] = "initial", trained: str = "abc", device: str = "cpu",
) -> Array:  # fmt: skip
    """Return ‖g_network − g_limit‖² in L2(ρ) on the same stream of `horizon` samples on the circle, (R,)."""
    from dltheory.ntk import kernel_sgd
    from dltheory.ntk.averaged_sgd import TwoLayerNetwork, predict, run
    from dltheory.ntk.network_error import circle_rule

    sgd = schedule(horizon, r=r, d=2, scale=scale, eta=eta)
    problem = regression(2, r, noise, truncation(2, sgd))
    points, labels = samples(problem, streams, horizon)
    network = TwoLayerNetwork(
        width, 2, activation=activation, sharpness=sharpness, initial_law=start, symmetric=symmetric, anchor=anchor,
        trained=_blocks(trained),
    )  # fmt: skip
    rule = circle_rule()
    averaged = run(network, sgd, _start(network, streams), points, labels, device=device)
    finite = predict(network, averaged, rule.points)
    coefficients = kernel_sgd.run(problem.kernel, sgd, points, labels, device=device)
    limit = kernel_sgd.predict(problem.kernel, coefficients, points, rule.points)
    return rule.squared_norm(finite - limit)


def _blocks(trained: str) -> tuple[Any, ...]:
    return tuple(trained)


def _start(network: TwoLayerNetwork, streams: Sequence[Stream]) -> Parameters:
    from dltheory.ntk.averaged_sgd import initialise

    return initialise(network, [s.numpy("initialisation") for s in streams])


def _rule(d: int, streams: Sequence[Stream]) -> Rule:
    from dltheory.ntk.network_error import circle_rule, sphere_rule

    if d == 2:
        return circle_rule()
    return sphere_rule(d, [s.numpy("test points") for s in streams], latitudes=32, around=32)


def limit_mean(x: Array, **parameters: Any) -> Array:
    """Return the exact mean of the control variate."""
    return np.asarray(sum(risk_curve(x, **parameters).values()))


def circle_mean(x: Array, *, r: float, scale: float, noise: float, eta: float) -> Array:
    """Return the exact mean risk of the limit on the circle, truncated as the simulation is."""
    return limit_mean(x, r=r, scale=scale, noise=noise, eta=eta)


def sphere_mean(x: Array, *, r: float, scale: float, noise: float, eta: float, d: int) -> Array:
    """Return the exact mean risk of the limit in dimension d, with the whole kernel."""
    return limit_mean(x, r=r, scale=scale, noise=noise, eta=eta, d=d, whole=True)


RATE = Claim(
    name="network-rate",
    statement="A wide two-layer network trained by averaged SGD with ridge to its initial value has the risk of its"
    " infinite-width limit, and so the minimax rate.",
    law=Law.power("T", "-2*r*beta/(2*r*beta+1)", where=BETA),
    source=paper("Theorem 1 and Corollary 1; Proposition A (closeness to the limit) as the main text describes it"),
    cases=CIRCLE,
    conditions=(ON_THE_CIRCLE, *REGION, *WIDTH_CONDITIONS),
    curve=EXACT_WHOLE,
    experiment=Experiment(
        network_risk, x=(256, 512, 1024, 2048, 4096), estimand="control-variate", control_mean=circle_mean, block=8,
        pilot=Pilot(0.03, 0.016, 0.075),
    ),
    checks=(
        Check("experiment-curve", "level", Margin(0.03, bias=0.005, note="the width's bias in a pilot")),
        Check("experiment-curve", "slope", Margin(0.02, bias=0.005, note="the drift of the width's bias")),
        Check("experiment-law", "slope", Margin(0.02, bias=0.008, note="the curve's own slope on the window"),
              only="Eq(r, 1/2)"),
    ),
    controls=(
        Control("last iterate instead of the average", {"average": "last"}, "experiment-curve", "slope", predicted=0.6),
        Control("last iterate, against the law", {"average": "last"}, "experiment-law", "slope", predicted=-0.059),
        Control("ridge to zero instead of to the start", {"anchor": "zero"}, "experiment-curve", "slope",
                why="features are destroyed"),
        Control("output layer only", {"trained": "a"}, "experiment-curve", "level"),
        Control("no bias", {"gamma": 0.0}, "experiment-curve", "level", predicted=0.903,
                why="odd degrees are not learnt"),
        Control("start that is not symmetric, r = 1/2", {"symmetric": False}, "experiment-curve", "level"),
        Control("start that is not symmetric", {"symmetric": False}, "experiment-curve", "level", case=CIRCLE[2],
                why="the target becomes g minus the random start, which has source index 3/(2d)"),
        Control("no ridge", {"ridge": False}, "experiment-curve", "level", case=CIRCLE[1]),
        Control("odd width", {"width": 4095}, "experiment-curve", "level", expect="invalid"),
        Control("swish with slope 200 instead of ReLU", {"activation": "swish", "sharpness": 200.0}, "experiment-curve",
                "level", expect="consistent", why="Corollary 2 takes the slope to infinity"),
    ),
    remark="ReLU is the limit of the paper's smooth activations and is not itself covered by its assumption A1."
    + WIDTH_REMARK,
)  # fmt: skip

SPHERE_CASES = (SPHERE[1], SPHERE[3], SPHERE[0], SPHERE[2])

RATE_SPHERE = Claim(
    name="network-rate-sphere",
    statement="The same in dimension d, against the limit on S^(d-1).",
    law=Law.power("T", "-2*r*beta/(2*r*beta+1)", where=BETA),
    source=paper("Corollary 2"),
    cases=SPHERE_CASES,
    conditions=(*REGION_SPHERE, *WIDTH_CONDITIONS),
    curve=EXACT_WHOLE,
    experiment=Experiment(
        network_risk, x=(128, 256, 512, 1024), estimand="control-variate", control_mean=sphere_mean, block=8,
        pilot=Pilot(0.03, 0.025, 0.08),
    ),
    checks=(Check("experiment-curve", "level", Margin(0.05, bias=0.015, note="the width's bias in a pilot")),),
    controls=(
        Control("last iterate instead of the average", {"average": "last"}, "experiment-curve", "level",
                predicted=2.071),
        Control("start that is not symmetric", {"symmetric": False}, "experiment-curve", "level"),
        Control("start that is not symmetric, d = 10", {"symmetric": False}, "experiment-curve", "level",
                case=SPHERE_CASES[1]),
        Control("Gaussian instead of spherical weights", {"start": "gaussian"}, "experiment-curve", "level",
                case=SPHERE_CASES[1], why="the slope is right, the level is not"),
        Control("output layer only", {"trained": "a"}, "experiment-curve", "level"),
    ),
)  # fmt: skip

WIDTH = Claim(
    name="width-gap",
    statement="At a fixed number of samples the squared distance of the network to its infinite-width limit on the same"
    " stream falls like 1/M.",
    law=Law.power("M", "-1"),
    source=derived("central limit theorem for the tangent features; the statement of Proposition A was not at hand"),
    cases=({"r": "3/4", "scale": "1/10", "noise": "77/1000", "eta": "2/5"},),
    experiment=Experiment(width_gap, x=(256, 1024, 4096, 16384), block=8, pilot=Pilot(0.3, 0.12, 0.03)),
    checks=(
        Check("experiment-law", "slope", Margin(0.08, bias=0.055, note="a pilot's slope from M = 256 on is -0.945")),
    ),
    controls=(
        Control("start that is not symmetric", {"symmetric": False}, "experiment-law", "slope", predicted=0.0,
                why="the random initial function stays"),
        Control("Gaussian instead of spherical weights", {"start": "gaussian"}, "experiment-law", "slope",
                why="the limit has another kernel"),
        Control("output layer only", {"trained": "a"}, "experiment-law", "slope", predicted=0.0),
        Control("ridge to zero instead of to the start", {"anchor": "zero"}, "experiment-law", "slope", predicted=0.0),
        Control("swish with slope 10", {"activation": "swish", "sharpness": 10.0}, "experiment-law", "slope",
                why="the gap to the ReLU kernel does not close"),
    ),
    remark="The theorem's width is exponential in T, and the paper's main text gives no rate in the width: this one is"
    " a heuristic that the measurement supports, not a statement of the paper.",
)  # fmt: skip

CLAIMS = (RATE, RATE_SPHERE, WIDTH)
