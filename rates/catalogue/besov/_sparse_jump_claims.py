"""Claims on jumps, f = a_0 + Σ a_k 1_{[t_k,1]}: n^-1 by searching for them, n^(-1/2) for whatever is linear."""

from __future__ import annotations

from functools import partial

from rates.catalogue.besov._sources import derived, sparse
from rates.catalogue.besov._sparse_jump_problems import (
    atom_errors,
    average_curve,
    averages,
    haar_errors,
    haar_risk,
    jensen,
    jump_errors,
    least_risks,
    limit_over_n,
    linear_risks,
    parametric,
    separated_errors,
    smoother_risks,
    two_points,
)
from rates.catalogue.besov._sparse_wavelet_problems import hull_ratio, staircase_bounds, staircase_threshold_risks
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 96 replicates of a root seed that no check uses, largest of the
# cases, and at least 5 % more.
SIZES = tuple(2**k for k in range(8, 15))
FAR = tuple(4**k for k in range(10, 31))
FARTHER = tuple(4.0**k for k in range(10, 51))  # its local slopes end within 3e-4 of -1
DEPTH = (
    "Depth is not what helps here; non-linearity in the parameters is: one hidden layer with two units a jump will do,"
    " and no estimator that is linear in the labels."
)
ROWS = {
    "linear": Control("the best linear estimator in its place", {"method": "kernel"}, "experiment-law", "slope",
                      predicted=-0.5),
    "average": Control("averages over bins in its place", {"method": "regressogram"}, "experiment-law", "slope",
                       predicted=-0.5),
    "variation": Control("a total-variation penalty of order n^(1/3), which suits bounded variation",
                         {"method": "variation"}, "experiment-law", "slope", predicted=-0.667,
                         why="it keeps of order n^(1/3) pieces"),
    "missing": Control("one jump too few", {"missing": 1}, "experiment-law", "slope", predicted=0.0),
    "ramp": Control("a step network with ramps of fixed width 1/10", {"method": "network", "delta": 0.1,
                    "steepness": 0.0}, "experiment-law", "slope", why="the error ends between a²δ/12 and a²δ/3"),
}  # fmt: skip

HULL = Claim(
    name="convex-hull",
    statement="The worst-case risk of a linear estimator over a set of functions is its worst-case risk over the"
    " set's closed convex hull.",
    law=Law.identity("m", "1", direction="upper"),
    source=sparse("worst cases of linear estimators over F and its closed convex hull agree (abstract)", "read"),
    cases=({"method": "box"}, {"method": "kernel"}, {"method": "levels"}),
    experiment=Experiment(hull_ratio, x=(4, 8, 16, 32, 64), numerical_error=1e-12),
    checks=(Check("experiment-law", "bound", Margin(1e-9, note="rounding")),),
    controls=(
        Control("hard thresholding", {"method": "hard"}, "experiment-law", "bound"),
        Control("soft thresholding", {"method": "soft"}, "experiment-law", "bound"),
        Control("a window that an oracle narrows in the better half", {"method": "oracle"}, "experiment-law", "bound",
                why="a minimum of convex functions is not convex: tuning for each target is not linear"),
    ),
    remark="For a fixed design the risk is a convex function of f, a quadratic form. F is m step functions, its hull"
    " increasing functions; 2100 random convex combinations are tried. The closed hull of J_1 is a ball of bounded"
    " variation, so a linear estimator fares no better on single jumps than on all of that ball.",
)  # fmt: skip

ERM = Claim(
    name="change-point-erm",
    statement="For one jump the exact least-squares fit over J_1 has the risk c/n (1 + o(1)) with"
    " c = 2σ² + a²(E|M| + 1/2), M the minimum of a two-sided Gaussian walk with drift a²/2 and variance a²σ².",
    law=Law.power("n", "-1"),
    source=derived("argmin of the criterion near the jump; the paper's bound for deep ERM is n^-1 (log n)^3, recalled"),
    cases=({"a": 1}, {"a": 2}),
    curve=Curve(limit_over_n, 1e-8, "limit of n·risk: 5.4254 for a = σ = 1"),
    experiment=Experiment(jump_errors, x=SIZES, block=16, pilot=Pilot(0.56, 0.36, 0.007, 1.8)),
    checks=(
        Check("experiment-curve", "level", Margin(0.15, bias=0.03, note="missed jumps at the smallest n")),
        Check("experiment-law", "slope", Margin(0.14)),
    ),
    controls=(
        ROWS["linear"], ROWS["average"], ROWS["variation"], ROWS["missing"], ROWS["ramp"],
        Control("averages over windows in its place", {"method": "box"}, "experiment-law", "slope", predicted=-0.5),
        Control("a step network with ramps of width 30/n", {"method": "network", "delta": 30.0}, "experiment-curve",
                "level", why="they cost a²δ/3, a constant over n"),
    ),
    remark=DEPTH + " Jumps lie in [0.2, 0.8]: close to an end they would be missed.",
)  # fmt: skip

ERM_SEVERAL = Claim(
    name="change-points-erm",
    statement="For K jumps of height ±a that are apart, exact least squares over J_K has the risk c_K/n (1 + o(1)),"
    " c_K = (K + 1)σ² + K a²(E|M| + 1/2).",
    law=Law.power("n", "-1"),
    source=derived("jumps that are apart are located independently of each other"),
    cases=({"a": 2, "jumps": 3},),
    curve=Curve(limit_over_n, 1e-8, "limit of n·risk"),
    experiment=Experiment(jump_errors, x=(256, 512, 1024, 2048), block=16, pilot=Pilot(0.42, 0.45, 0.01, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.15, bias=0.03, note="levels over short pieces")),
        Check("experiment-law", "slope", Margin(0.12)),
    ),
    controls=(
        ROWS["linear"], ROWS["variation"], ROWS["missing"], ROWS["average"],
        Control("the total-variation penalty, level", {"method": "variation"}, "experiment-curve", "level"),
    ),
    remark="By dynamic programming, exactly. " + DEPTH,
)  # fmt: skip

NETWORK = Claim(
    name="step-network",
    statement="The ReLU network with one hidden layer, two units a jump and ramps of width 1/n, whose jumps are those"
    " of the least-squares fit, has a risk of order 1/n.",
    law=Law.power("n", "-1", direction="upper"),
    source=derived("ramps cost a²δ/3; the paper's bound for deep ERM is n^-1 (log n)^3, recalled"),
    experiment=Experiment(partial(jump_errors, method="network"), x=SIZES, block=16,
                          pilot=Pilot(0.45, 0.32, 0.006, 1.5)),
    checks=(Check("experiment-law", "slope", Margin(0.14)),),
    controls=(
        ROWS["linear"], ROWS["average"], ROWS["missing"], ROWS["ramp"], ROWS["variation"],
        Control("ramps of width n^(-1/2)", {"steepness": 0.5}, "experiment-law", "slope",
                why="a²δ/3 then falls like n^(-1/2)"),
        Control("ramps of width 1/n²", {"steepness": 2.0}, "experiment-law", "slope", expect="consistent",
                why="a ramp steeper than the samples are dense costs nothing more"),
    ),
    remark=DEPTH,
)  # fmt: skip

HAAR = Claim(
    name="haar-threshold",
    statement="For a jump the Haar series, hard-thresholded at σ√(2 log n/n), has a risk of order log(n)/n.",
    law=Law.power("n", "-1", log_power="1"),
    source=derived("one coefficient a level: log2 n of them are kept at σ²/n each, those near the threshold cost"
                   " log(n)/n; that many coefficients with a logarithm each would give (log n)², an upper bound"),
    cases=({"a": 1}, {"a": 2}),
    curve=Curve(haar_risk, 1e-9, "exact, averaged over the place of the jump"),
    experiment=Experiment(haar_errors, x=(2**8, 2**10, 2**12, 2**14, 2**16), block=16,
                          pilot=Pilot(0.3, 0.15, 0.01, 0.5)),
    checks=(
        Check("curve-law", "slope", Margin(0.02), x=FARTHER),
        Check("experiment-curve", "level", Margin(0.15)),
        Check("experiment-law", "slope", Margin(0.1, bias=0.04, note="a constant beside log n")),
    ),
    controls=(
        Control("a threshold without its logarithm", {"log": 0.0}, "experiment-law", "slope",
                why="a third of the null coefficients pass: risk of order σ²"),
        Control("no threshold", {"method": "none"}, "experiment-law", "slope"),
        Control("levels shrunk, which is linear", {"method": "linear"}, "experiment-law", "slope"),
        Control("twice the logarithm", {"log": 2.0}, "experiment-curve", "level"),
        Control("half the logarithm", {"log": 0.5}, "experiment-curve", "level"),
        Control("no threshold, curve", {"method": "none"}, "curve-law", "slope", predicted=0.0,
                why="n coefficients at σ²/n each"),
        Control("levels shrunk, curve", {"method": "linear"}, "curve-law", "slope", predicted=-0.5),
    ),
    remark="No parameter is chosen. " + DEPTH,
)  # fmt: skip

LEAST = Claim(
    name="least-risk",
    statement="No estimator has a risk below c/n over J_1: the Bayes risk for a jump of known height at a uniform"
    " place lies above an explicit two-point bound of that order.",
    law=Law.power("n", "-1", direction="lower"),
    source=derived("two positions h apart, told apart by the samples between them only"),
    cases=({"a": 1}, {"a": 2}),
    curve=Curve(two_points, 1e-6, "two-point bound, the best over h"),
    experiment=Experiment(least_risks, x=SIZES, block=16, pilot=Pilot(0.29, 0.18, 0.003, 0.8)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=tuple(4**k for k in range(4, 14))),
        Check("experiment-curve", "bound", Margin(0.1)),
        Check("experiment-law", "slope", Margin(0.14, bias=0.006, note="the bound's own slope on the window")),
    ),
    controls=(
        Control("samples that close in on the jump", {"closer": 0.5}, "experiment-law", "slope",
                why="n^(-1/2) the width: a risk of order n^(-3/2)"),
        Control("samples that close in on the jump, bound", {"closer": 0.5}, "curve-law", "slope", predicted=-1.5),
        Control("almost no noise", {"noise": 0.05}, "experiment-curve", "bound"),
        Control("noise that falls like 1/n", {"quieter": 1.0}, "experiment-curve", "bound"),
        Control("the best linear estimator", {"method": "kernel"}, "experiment-law", "slope", expect="faster",
                why="it falls more slowly than a lower bound asks"),
    ),
    remark="Averaged over the prior, so it holds for the worst case too. n·risk is 2.2 for a = σ = 1, where least"
    " squares, which does not know the levels, has 5.4.",
)  # fmt: skip

LINEAR = Claim(
    name="linear-jump",
    statement="The least average risk of an estimator that is linear in the labels, for a jump ±a at a uniform place,"
    " is (aσ/2) n^(-1/2) (1 + o(1)); ridge regression with the kernel a² min(x, x′) attains it.",
    law=Law.power("n", "-1/2", constant="a*sigma/2"),
    source=derived("Jensen sum over ((k − 1/2)π)^-2, in closed form aσ tanh(a√n/σ)/(2√n); the rate is recalled from"
                   " the paper, where it is that of a ball of bounded variation"),
    cases=({"a": 1}, {"a": 2}),
    curve=Curve(jensen, 1e-12, "Jensen sum, below which no linear estimator is"),
    experiment=Experiment(linear_risks, x=tuple(2**k for k in range(10, 17)), block=16,
                          pilot=Pilot(0.0025, 0.0015, 0.012, 0.5)),
    checks=(
        Check("curve-law", "slope", Margin(0.002), x=FAR[:12]),
        Check("curve-law", "level", Margin(0.002), x=FAR[:12]),
        Check("experiment-curve", "level", Margin(0.01, bias=0.008, note="a random design: σ/(4a) n^(-1/2) of it")),
        Check("experiment-law", "slope", Margin(0.02)),
    ),
    controls=(
        Control("the exact fit, which is not linear", {"method": "erm"}, "experiment-law", "slope", predicted=-1.0),
        Control("averages over bins, level", {"method": "regressogram"}, "experiment-curve", "level",
                predicted=0.490),
        Control("averages over windows, level", {"method": "box"}, "experiment-curve", "level", predicted=0.144),
        Control("four times the ridge", {"method": "kernel", "ridge": 4.0}, "experiment-curve", "level",
                predicted=0.223),
        Control("half the noise in the sum", {"sigma": 0.5}, "curve-law", "slope", expect="consistent",
                why="the rate is the same"),
        Control("who knows the place of the jump", {"known": True}, "curve-law", "slope", predicted=-1.0,
                why="linear in the labels, but the place must be random"),
        Control("half the noise in the sum, constant", {"sigma": 0.5}, "curve-law", "level", predicted=-0.6931),
    ),
    remark=DEPTH,
)  # fmt: skip

AVERAGES = Claim(
    name="averages",
    statement="Averages over bins or windows whose width is best on average have the risk aσ√(2/3) n^(-1/2) and"
    " aσ/√3 n^(-1/2), to leading order: the rate of the best linear estimator.",
    law=Law.power("n", "-1/2"),
    source=derived("squared bias a²/(6m) or a²h/6 against the variance σ²m/n or σ²/(2hn)"),
    cases=({"method": "regressogram"}, {"method": "box"}),
    curve=Curve(average_curve, 1e-12, "squared bias and variance to leading order"),
    experiment=Experiment(averages, x=tuple(2**k for k in range(10, 15)), block=16,
                          pilot=Pilot(0.16, 0.15, 0.012, 0.8)),
    checks=(
        Check("experiment-curve", "level", Margin(0.07, bias=0.015, note="samples a bin vary: m/n")),
        Check("experiment-law", "slope", Margin(0.07, bias=0.005, note="whole bins")),
    ),
    controls=(
        Control("of order n^(1/3) bins", {"bins": 1 / 3}, "experiment-law", "slope", predicted=-0.333),
        Control("the same bins for all n", {"bins": 0.0}, "experiment-law", "slope", predicted=0.0),
        Control("bins that an oracle chooses for each sample", {"oracle": True}, "experiment-curve", "level",
                why="that is not linear any more, and it gains a constant"),
    ),
    remark="The number of bins is chosen for the average over the place of the jump. An oracle that sees each error"
    " would be non-linear and beat the rate slightly at small n.",
)  # fmt: skip

FLOOR = Claim(
    name="linear-floor",
    statement="No estimator that is linear in the labels has an average risk below the Jensen sum, whatever its form"
    " and however well it is tuned.",
    law=Law.power("n", "-1/2", direction="lower"),
    source=derived("average risks of linear estimators depend on second moments only; the inverse is operator convex"),
    cases=tuple({"method": name} for name in ("nearest", "gaussian", "local linear", "matern")),
    curve=Curve(jensen, 1e-12, "Jensen sum"),
    experiment=Experiment(smoother_risks, x=(64, 128, 256), block=8, pilot=Pilot(0.033, 0.04, 0.15, 1.0)),
    checks=(Check("experiment-curve", "bound", Margin(0.05)),),
    controls=(
        Control("the Bayes estimate, which is not linear", {"method": "bayes"}, "experiment-curve", "bound"),
        Control("half the noise", {"noise": 0.5}, "experiment-curve", "bound"),
        Control("who knows the place of the jump", {"known": True}, "experiment-curve", "bound",
                why="linear in the labels, but the place must be random"),
    ),
    remark="Nearest neighbours, Nadaraya–Watson, local linear regression and Matérn ridge regression, their one"
    " parameter tuned by an oracle on the average risk.",
)  # fmt: skip

VARIATION_FLOOR = Claim(
    name="bounded-variation-floor",
    statement="No estimator has a worst-case risk below c n^(-2/3) over functions of total variation at most 1.",
    law=Law.power("n", "-2/3", direction="lower"),
    source=derived("cube of 2^j Haar functions with 4·2^(3j/2)θ ≤ 1 (Assouad); the minimax rate is classical"),
    curve=Curve(staircase_bounds, 1e-9, "Bayes risk on the hardest cube"),
    experiment=Experiment(staircase_threshold_risks, x=tuple(8**k for k in range(4, 14)), numerical_error=1e-9),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=tuple(8**k for k in range(4, 14))),
        Check("experiment-curve", "bound", Margin(0.01)),
    ),
    controls=(
        Control("a cube of fixed level", {"levels": 3}, "curve-law", "slope",
                why="one cube is learnt exponentially fast"),
        Control("steps in 2^(j/2) of the 2^j cells only", {"share": 0.5}, "curve-law", "slope", predicted=-0.8333,
                why="2^(j/2)/n at 2^j of order n^(1/3)"),
        Control("thresholding on one cube only", {"levels": 3}, "experiment-curve", "bound"),
        Control("a tenth of the variation", {"variation": 0.1, "log": 0.01}, "experiment-curve", "bound",
                expect="consistent", why="a threshold too small costs all of the noise"),
        Control("a smaller ball", {"variation": 0.01}, "experiment-curve", "bound"),
    ),
    remark="A minimax statement: the hardest functions move with n, and one function can only refute it.",
)  # fmt: skip

VARIATION = Claim(
    name="bounded-variation",
    statement="Hard thresholding of the Haar series attains (log(n)/n)^(2/3) over the hardest staircases of total"
    " variation at most 1, where linear estimators have n^(-1/2).",
    law=Law.power("n", "-2/3", log_power="2/3"),
    source=derived("2^j coefficients at the threshold; that it is the rate of the whole ball is classical, recalled"),
    experiment=Experiment(staircase_threshold_risks, x=tuple(2**k for k in range(20, 61, 2)), numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.02, bias=0.02, note="whole levels")),),
    controls=(
        Control("the best linear estimator", {"method": "linear"}, "experiment-law", "slope"),
        Control("a threshold without its logarithm", {"log": 0.0}, "experiment-law", "slope"),
        Control("one staircase for all n", {"levels": 3}, "experiment-law", "slope"),
    ),
    remark="The largest risk over staircases of every level and height, not over the whole ball: honest about HS4,"
    " two-sided only together with bounded-variation-floor.",
)  # fmt: skip

SEPARATION = Claim(
    name="separation-jump",
    statement="On the same samples of one jump, the exact fit falls faster than the best linear estimator, by"
    " n^(-1/2).",
    law=Law.separation("n", "-1/2"),
    source=derived("n^-1 against n^(-1/2); the separation itself is the paper's, recalled"),
    experiment=Experiment(separated_errors, x=SIZES, estimand="separation", block=16,
                          pilot=Pilot(0.5, 0.31, 0.013, 1.0)),
    checks=(Check("experiment-law", "slope", Margin(0.14)),),
    controls=(
        Control("averages over bins in its place", {"method": "regressogram"}, "experiment-law", "slope",
                predicted=0.0),
        Control("a total-variation penalty of order n^(1/3)", {"method": "variation"}, "experiment-law", "slope"),
        Control("one jump too few", {"missing": 1}, "experiment-law", "slope", predicted=0.5),
        Control("a step network with ramps of fixed width 1/10", {"method": "network", "delta": 0.1,
                "steepness": 0.0}, "experiment-law", "slope"),
        Control("a step network with ramps of width 1/n", {"method": "network"}, "experiment-law", "slope",
                expect="consistent"),
    ),
    remark=DEPTH,
)  # fmt: skip

ATOM = Claim(
    name="single-atom",
    statement="For one atom c φ(a(x − s)) of a fixed φ, least squares over c, a and s has the risk 3σ²/n (1 + o(1)).",
    law=Law.power("n", "-1"),
    source=derived("three parameters, a smooth family; the paper's bound for deep ERM is n^-1 up to logarithms,"
                   " recalled"),
    curve=Curve(parametric, 1e-12, "three parameters at σ²/n"),
    experiment=Experiment(atom_errors, x=(256, 512, 1024, 2048, 4096, 8192), block=16,
                          pilot=Pilot(0.6, 0.39, 0.01, 1.3)),
    checks=(
        Check("experiment-curve", "level", Margin(0.2, bias=0.02, note="second order at the smallest n")),
        Check("experiment-law", "slope", Margin(0.14)),
    ),
    controls=(
        Control("averages over bins in its place", {"method": "regressogram"}, "experiment-law", "slope",
                predicted=-0.667),
        Control("the dilation held at 12", {"dilation": 12.0}, "experiment-law", "slope", predicted=0.0),
        Control("the dilation held at 4", {"dilation": 4.0}, "experiment-law", "slope"),
        Control("the dilation held at 6, level", {"dilation": 6.0}, "experiment-curve", "level"),
    ),
    remark="φ is the cubic B-spline, which a ReLU network has to any accuracy. " + DEPTH,
)  # fmt: skip

JUMPS = (
    HULL, ERM, ERM_SEVERAL, NETWORK, HAAR, LEAST, LINEAR, AVERAGES, FLOOR, VARIATION_FLOOR, VARIATION, SEPARATION, ATOM,
)  # fmt: skip
