"""Claims on data of low dimension: what the dimension of the support gives every method, and what only depth keeps.

Circle, sphere and Clifford torus, targets on the boundary of L²-smoothness β, noise of variance 1 unless said. On the
manifold linear estimators reach the rate of a deep network; in a tube around it they fall to the ambient dimension.
"""

from __future__ import annotations

from functools import partial

from rates.catalogue.besov._manifold_problems import (
    bend,
    bend_curve,
    kernel_curve,
    kernel_risk,
    neighbour_curve,
    neighbour_risk,
    projected_curve,
    series_curve,
    series_risk,
    tube_curve,
    tube_risk,
    tube_separation,
)
from rates.catalogue.besov._sources import derived, manifold
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

BOUNDARY = Condition("beta > 0", why="a target without smoothness has no rate")
UNSATURATED = Condition("beta <= 2", why="saturation: an average of labels gains nothing beyond β = 2")
TUBE = Condition("r < 1", why="the reach of the circle, beyond which the projection is undefined")
FURTHER = tuple(2.0**i for i in range(44, 64, 2))
CIRCLE = {"place": "circle", "d": 1, "beta": 1}
SMOOTHER = CIRCLE | {"beta": "3/2"}
LINE_CASES = (SMOOTHER, SMOOTHER | {"D": 6}, SMOOTHER | {"place": "end"})

MINIMAX = Claim(
    name="support-dimension",
    statement="Data on a set of dimension d in R^D allow n^(−2β/(2β + d)) whatever D is, which a deep network reaches:"
    " measured is what one that has found the chart comes down to, a series of waves in the angles.",
    law=Law.power("n", "-2*beta/(2*beta + d)"),
    source=manifold("rate n^(−2β/(2β + d)) for supports of Minkowski dimension d, minimax", "read"),
    cases=({"d": 1, "beta": 1}, {"d": 1, "beta": 2}, {"d": 2, "beta": 1}),
    conditions=(BOUNDARY, Condition("d*(d - 1)*(d - 2) <= 0", why="charts of the circle and the torus are held")),
    curve=Curve(series_curve, 1e-6, "exact bias and variance of estimated coefficients"),
    experiment=Experiment(series_risk, x=(256, 512, 1024, 2048, 4096), block=8, pilot=Pilot(0.17, 0.15, 0.09, 0.7)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=FURTHER),
        Check("experiment-curve", "level", Margin(0.15)),
        Check("experiment-law", "slope", Margin(0.09, bias=0.006, note="the curve's own slope; few whole waves")),
    ),
    controls=(
        Control("waves for a bandwidth n^(−1/(2β + D))", {"power": 0.2}, "experiment-law", "slope", predicted=-0.4528,
                why="D = 3: n^(1/5) waves, bias n^(−2/5)"),
        Control("waves for smoothness 2, far out", {"power": 0.2}, "curve-law", "slope", predicted=-0.4),
        Control("square root of n waves", {"power": 0.5}, "curve-law", "slope", predicted=-0.5),
        Control("two waves for ever", {"kept": 2}, "experiment-law", "slope", predicted=-0.1318),
        Control("three times the noise", {"noise": 3.0}, "experiment-curve", "level", predicted=1.0513),
    ),
    remark="The upper bound has the factor (log n)² in front for networks. The chart is given, so that D cannot matter"
    " here: that it can be found is in projected, from the points, and trained networks are not measured.",
)  # fmt: skip

NEIGHBOURS = Claim(
    name="nearest-neighbours",
    statement="k nearest neighbours have risk n^(−2(β∧1)/(2(β∧1) + d)): the dimension of the data for β ≤ 1 and,"
    " where the data end, nothing more for smoother targets.",
    law=Law.power("n", "-2*Min(beta, 1)/(2*Min(beta, 1) + d)"),
    source=derived("bias h^(β∧1) at an end, variance 1/(n h^d); the rate n^(−2/(2 + d)) is Kpotufe's (2011)"),
    cases=(CIRCLE, CIRCLE | {"D": 6}, {"place": "sphere", "d": 2, "beta": 1}, {"place": "end", "d": 1, "beta": 2}),
    conditions=(BOUNDARY, UNSATURATED),
    curve=Curve(neighbour_curve, 1e-4, "window of Beta(k + 1, n − k) probability, its multipliers in closed form"),
    experiment=Experiment(neighbour_risk, x=(1024, 2048, 4096, 8192, 16384), block=4,
                          pilot=Pilot(0.06, 0.03, 0.15, 0.5)),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=tuple(2.0**i for i in range(12, 34, 2))),
        Check("experiment-curve", "level", Margin(0.12)),
        Check("experiment-law", "slope", Margin(0.05, bias=0.013, note="the curve's own slope"), only="Eq(d, 1)"),
    ),
    controls=(
        Control("bandwidth n^(−1/(2β + D)) on the manifold", {"power": 0.8}, "experiment-law", "slope",
                predicted=-0.4377, why="too wide: bias n^(−2β/(2β + D))"),
        Control("the same, far out", {"power": 0.8}, "curve-law", "slope", predicted=-0.4),
        Control("a line instead of a mean, which does not saturate", {"method": "linear", "scale": 0.25},
                "experiment-law", "slope", case={"place": "end", "d": 1, "beta": 2},
                why="local linear: n^(−4/5) up to a logarithm"),
        Control("64 neighbours for ever", {"k": 64}, "experiment-law", "slope", predicted=-0.1145,
                why="variance σ²/64 stays"),
        Control("twice the neighbours", {"scale": 2.0}, "experiment-curve", "level", predicted=0.4997),
    ),
    remark="At an end the risk is that of one point: averaged over the arc ends have measure h and cost h³, so the"
    " integrated risk of β = 2 falls like n^(−3/4) and not n^(−2/3).",
)  # fmt: skip

LINES = Claim(
    name="local-linear",
    statement="A line fitted to the k ≍ n^(2β/(2β + d)) nearest points in the coordinates of R^D has the risk"
    " n^(−2β/(2β + d)) for β < 2, at an end of the data too: neither manifold nor D need be known.",
    law=Law.power("n", "-2*beta/(2*beta + d)"),
    source=derived("bias h^2β of a line along the leading principal direction, variance 1/(n h^d); local polynomials"
                   " are Bickel and Li's (2007), recalled; Cheng and Wu's abstract (2013) has the local linear rate"),
    cases=LINE_CASES,
    conditions=(BOUNDARY, Condition("beta < 2", why="a line gains nothing beyond β = 2, and has a logarithm there"),
                Condition("Eq(d, 1)", why="curves are measured")),
    experiment=Experiment(partial(neighbour_risk, method="linear"), x=(1024, 2048, 4096, 8192, 16384), block=4,
                          pilot=Pilot(0.05, 0.04, 0.1, 0.5)),
    checks=(
        Check("experiment-law", "slope", Margin(0.03, bias=0.005, note="pilots: −0.752 on the circle, −0.747 at an end,"
              " there up to n = 2^18")),
    ),
    controls=(
        Control("a mean in its place, at an end", {"method": "neighbours"}, "experiment-law", "slope",
                case=LINE_CASES[2], why="bias h²: n^(−2/3) with the best number of neighbours"),
        Control("the mean of the same points", {"method": "neighbours", "power": 0.75, "scale": 2.0}, "experiment-law",
                "slope", case=LINE_CASES[2], why="bias h² with h = n^(−1/4)"),
        Control("bandwidth n^(−1/(2β + D)) on the manifold", {"power": 5 / 6}, "experiment-law", "slope",
                why="too wide: bias n^(−1/2) in the limit"),
        Control("64 points for ever", {"k": 64}, "experiment-law", "slope", why="variance σ²/64 stays"),
    ),
    remark="β = 3/2. Within the circle a mean is as fast, by symmetry; at the end of an arc it is not.",
)  # fmt: skip

KERNEL = Claim(
    name="kernel-ridge",
    statement="Kernel ridge regression with a stationary kernel of R^D reaches n^(−2β/(2β + d)) on a d-dimensional set:"
    " the kernel finds the dimension by itself.",
    law=Law.power("n", "-2*beta/(2*beta + d)"),
    source=derived("spectrum j^(−2ν − d) on the set; upper bounds with logarithms by Yang and Dunson (2016), recalled"),
    cases=({"d": 1, "beta": 1}, {"d": 1, "beta": 1, "D": 6}, {"d": 1, "beta": "1/2"}),
    conditions=(BOUNDARY, Condition("Eq(d, 1)", why="the circle is measured")),
    curve=Curve(kernel_curve, 1e-8, "deterministic equivalent of ridge regression, spectrum of the kernel by FFT"),
    experiment=Experiment(kernel_risk, x=(128, 256, 512), block=4, pilot=Pilot(0.02, 0.03, 0.12, 0.5)),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=tuple(2.0**i for i in range(6, 21))),
        Check("experiment-curve", "level", Margin(0.03, bias=0.01, note="the equivalent is asymptotic")),
        Check("experiment-curve", "slope", Margin(0.045)),
        Check("experiment-law", "slope", Margin(0.045, bias=0.041, note="the curve's own slope")),
    ),
    controls=(
        Control("a kernel of smoothness 9/2, same ridge", {"nu": 4.5}, "experiment-curve", "slope", predicted=0.0984,
                why="it learns n^(1/10) waves"),
        Control("a ridge that grows like n^(3/4)", {"ridge_power": -0.75}, "experiment-law", "slope",
                predicted=-0.1754),
        Control("a ridge that grows like n^(3/4), far out", {"ridge_power": -0.75}, "curve-law", "slope",
                why="n^(1/12) waves only"),
        Control("a ridge that falls like 1/√n", {"ridge_power": 0.5}, "experiment-curve", "slope", predicted=0.1593),
        Control("a hundredth of the ridge", {"factor": 0.01}, "experiment-curve", "level"),
        Control("half the noise", {"noise": 0.5}, "experiment-curve", "level"),
    ),
    remark="Matérn kernel of smoothness β by scikit-learn, ridge σ² for all n.",
)  # fmt: skip

OFF = Claim(
    name="off-manifold",
    statement="In a tube of radius r around the manifold isotropic local averages fall to the ambient dimension,"
    " n^(−2β/(2β + D)), though the target depends on the point of the manifold only.",
    law=Law.power("n", "-2*beta/(2*beta + D)"),
    source=derived("a window below r sees D dimensions: bias h^2β, variance r^(D − d)/(n h^D)"),
    cases=({"D": 3, "r": "1/2"}, {"D": 4, "r": "1/2"}),
    conditions=(TUBE, UNSATURATED),
    curve=Curve(tube_curve, 0.006, "window of Beta(k + 1, n − k) probability, quadrature over the tube"),
    experiment=Experiment(tube_risk, x=(1024, 4096, 16384, 65536), block=4, pilot=Pilot(0.05, 0.012, 0.28, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.07, bias=0.01, note="quadrature over the tube")),
        Check("experiment-curve", "slope", Margin(0.015)),
        Check("experiment-law", "slope", Margin(0.065, bias=0.059, note="the curve's own slope")),
    ),
    controls=(
        Control("points projected onto the circle first", {"projection": "oracle"}, "experiment-law", "slope",
                why="the rate of dimension 1"),
        Control("target of smoothness 2", {"beta": 2.0}, "experiment-curve", "slope"),
        Control("16 neighbours for ever", {"k": 16}, "experiment-law", "slope", why="variance σ²/16 stays"),
        Control("a thinner tube", {"r": 0.2}, "experiment-curve", "level"),
        Control("a thinner tube, trend", {"r": 0.2}, "experiment-curve", "slope"),
    ),
    remark="The curve's local slopes go on to −0.41 (D = 3) and −0.345 (D = 4) at n = 2^26: walls of the tube are felt"
    " for long, by h/r, and quadrature leaves ±0.002.",
)  # fmt: skip

PROJECTED = Claim(
    name="projected",
    statement="In the same tube an estimator that finds the manifold keeps n^(−2β/(2β + d)) for all n: the target is"
    " constant across the tube, where its smoothness is infinite.",
    law=Law.power("n", "-2*beta/(2*beta + d)"),
    source=derived("composition g(π(x)), s̃ = β/d; upper bound (log n)³ for networks"),
    cases=(
        {"D": 3, "d": 1, "r": "1/2", "projection": "oracle"},
        {"D": 4, "d": 1, "r": "1/2", "projection": "oracle"},
        {"D": 3, "d": 1, "r": "3/10", "projection": "local"},
    ),
    conditions=(TUBE, UNSATURATED),
    curve=Curve(projected_curve, 1e-5, "nearest neighbours on the circle itself"),
    experiment=Experiment(tube_risk, x=(512, 1024, 2048, 4096), block=4, pilot=Pilot(0.03, 0.02, 0.06, 0.9)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=tuple(2.0**i for i in range(10, 34, 2))),
        Check("experiment-curve", "level", Margin(0.04, bias=0.03, note="the manifold is found up to its pieces")),
        Check("experiment-law", "slope", Margin(0.05, bias=0.022, note="the curve's own slope")),
    ),
    controls=(
        Control("a random wrong projection", {"projection": "random"}, "experiment-law", "slope",
                why="most of the target is not seen: a plateau"),
        Control("no projection", {"projection": "none"}, "experiment-law", "slope", why="dimension D"),
        Control("no projection, level", {"projection": "none"}, "experiment-curve", "level"),
        Control("16 neighbours for ever", {"k": 16}, "experiment-law", "slope", predicted=-0.0181),
        Control("neighbours for dimension D, far out", {"power": 0.4}, "curve-law", "slope", predicted=-0.4),
        Control("a tube half as thick", {"r": 0.25}, "experiment-curve", "level", expect="consistent",
                why="nothing depends on r once points are projected"),
    ),
    remark="`oracle` knows the circle; `local` finds it by principal components in neighbourhoods of radius 0.7.",
)  # fmt: skip

SEPARATION = Claim(
    name="separation",
    statement="Off the manifold the risk after projection falls strictly faster than that of isotropic averages on the"
    " same data.",
    law=Law.separation("n", "-(2*beta/(2*beta + 1) - 2*beta/(2*beta + D))"),
    source=derived("difference of off-manifold and projected"),
    cases=({"D": 3, "beta": 1}, {"D": 4, "beta": 1}),
    experiment=Experiment(tube_separation, x=(1024, 4096, 16384), estimand="separation", block=4,
                          pilot=Pilot(0.05, 0.014, 0.09)),
    checks=(
        Check("experiment-law", "slope",
              Margin(0.05, bias=0.057, note="the curves on this window: −0.226 for D = 3, −0.277 for D = 4")),
    ),
    controls=(
        Control("no projection", {"projection": "none"}, "experiment-law", "slope", predicted=0.0),
        Control("a random wrong projection", {"projection": "random"}, "experiment-law", "slope"),
        Control("a tube so thin that the data are on the manifold", {"r": 0.02}, "experiment-law", "slope",
                why="there linear methods have the deep rate: no separation"),
    ),
)  # fmt: skip

BEND = Claim(
    name="bend",
    statement="The tube is felt from n ≍ σ² r^−(2β + d) on: before, the dimension that counts is d, after it is D.",
    law=Law.power("x", "2*beta + d"),
    source=derived("the bandwidth n^(−1/(2β + d)) reaches r"),
    cases=({"beta": 1, "d": 1},),
    conditions=(Condition("Eq(d, 1)", why="a tube around the circle"), UNSATURATED),
    curve=Curve(bend_curve, 0.015, "where the exact risks' ratio reaches 5/4, quadrature over the tube"),
    experiment=Experiment(bend, x=(3, 4, 5.5, 7), block=4, pilot=Pilot(0.07, 0.2, 0.25)),
    checks=(
        Check("curve-law", "slope", Margin(0.2), x=tuple(2.5 * 2**i for i in range(8))),
        Check("experiment-curve", "level", Margin(0.2, bias=0.02, note="quadrature over the tube")),
        Check("experiment-law", "slope", Margin(0.3, bias=0.165, note="the curve's own slope")),
    ),
    controls=(
        Control("target of smoothness 1/2", {"beta": 0.5}, "experiment-law", "slope", predicted=1.9448,
                why="r^−2"),
        Control("target of smoothness 1/2, thin tubes", {"beta": 0.5}, "curve-law", "slope", predicted=2.0, why="r^−2"),
        Control("tube of radius √r", {"thinner": 0.5}, "experiment-law", "slope", predicted=1.6073, why="r^(−3/2)"),
        Control("noise that falls with r", {"quieter": 1.0}, "experiment-law", "slope", predicted=0.264,
                why="σ² r^−3 = r^−1 at first sight, few neighbours here"),
        Control("noise 1/2 for 7/10", {"noise": 0.5}, "experiment-curve", "level", why="σ²"),
    ),
    remark="x = 1/r. The curve's local slopes end within 0.001 of 3; what its error allows is the bound on quadrature,"
    " not seen. Read off where the risk in the tube is 5/4 of that on the circle, at n = 21.4 σ² r^−3 in the"
    " limit; the two power laws themselves cross near n = 15 σ² r^−3.",
)  # fmt: skip

CLAIMS = (MINIMAX, NEIGHBOURS, LINES, KERNEL, OFF, PROJECTED, SEPARATION, BEND)
