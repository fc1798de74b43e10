"""Claims on anisotropic smoothness: rates in the intrinsic smoothness s̃, and what linear estimators lose where.

s̃ = (Σ 1/s_i)^(−1), v = (1/p − 1/2)_+. On axis-aligned classes linear estimators lose for p < 2 only; for p ≥ 2 one
that knows which directions are smooth is as good as a network, an isotropic one is not. Sequence model: y_l = θ_l +
ξ_l/√n. Regression: uniform points on the cube, noise of variance 1. Cases write s as text and s̃ beside it.
"""

from __future__ import annotations

from rates.catalogue.besov._anisotropic_choice import ADAPTIVE, HOLD_OUT
from rates.catalogue.besov._anisotropic_problems import (
    DEEP,
    both_risks,
    hypercube,
    isotropic_risk,
    linear_bound,
    projection_risk,
    smooth_linear_bound,
    spline_risk,
    threshold_risk,
)
from rates.catalogue.besov._anisotropic_regression import (
    expected_least_squares,
    expected_wavelet_error,
    least_squares,
    mean_of_scores,
    opponent,
    wavelet_error,
    wavelets,
)
from rates.catalogue.besov._sources import anisotropic, derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law
from rates.page import Page, Series

LINEAR = "-2*(mean - 1/p + 1/2)/(2*(mean - 1/p + 1/2) + 1)"
ISOTROPIC = "-2/(2 + d)"  # s_1 = 1 in all cases that use it

SMOOTH = (
    {"s": "(1, 2)", "mean": "2/3"},
    {"s": "(1, 3)", "mean": "3/4"},
    {"s": "(1, 2, 2)", "mean": "1/2"},
    {"s": "(1, ∞, ∞, ∞)", "mean": 1},
)
SPIKY = (
    {"s": "(1, 3)", "mean": "3/4", "p": "8/7"},
    {"s": "(2, 4)", "mean": "4/3", "p": 1},
    {"s": "(2, 2)", "mean": 1, "p": 1},
)
CUBES = ({**SMOOTH[0], "d": 2}, {**SMOOTH[1], "d": 2}, {**SMOOTH[3], "d": 4})
SPARSE = (Condition("p < 2", why="for p ≥ 2 linear estimators lose nothing"),
          Condition("mean > 1/p - 1/2", why="s̃ ≤ v: not in L², no rate"))  # fmt: skip
FAR = tuple(2.0**i for i in range(12, 61, 4))
FARTHER = tuple(2.0**i for i in range(24, 61, 4))
FARTHEST = tuple(2.0**i for i in range(20, 99, 6))
PAIRED = tuple(2.0**i for i in range(20, 41, 4))
SIZES = tuple(2**i for i in range(8, 13))
SMALL = (64, 128, 256, 512)
GRID = tuple(2**i for i in (8, 9, 10, 12, 13, 14, 16))

PROJECTION = Claim(
    name="sequence-rate",
    statement="The projection on the first N = n^(1/(2s̃+1)) functions in the order of ρ(l) = max (1 + l_i)^(s_i) has"
    " the risk (1 + 1/(2s̃)) n^(−2s̃/(2s̃+1)) (1 + o(1)) on the rank law, which is on the boundary of B^s_(2,∞).",
    law=Law.power("n", DEEP, constant="1 + 1/(2*mean)"),
    source=anisotropic("estimation theorem: the exponent, without its (log n)³; the constant is derived here"),
    cases=SMOOTH,
    curve=Curve(projection_risk, 1e-10, "bias and variance in closed form"),
    checks=(
        Check("curve-law", "slope", Margin(0.005), x=FAR),
        Check("curve-law", "level", Margin(0.01), x=FAR),
    ),
    controls=(
        Control("too few terms, N = n^(1/5)", {"kappa": 0.2}, "curve-law", "slope", predicted=-0.2667),
        Control("too many terms, N = n^(3/5)", {"kappa": 0.6}, "curve-law", "slope", predicted=-0.4),
        Control("no noise", {"noise": 1e-9}, "curve-law", "level", predicted=-0.8473,
                why="only the bias is left: at this N of the same exponent"),
        Control("no noise, too many terms", {"noise": 1e-25, "kappa": 0.6}, "curve-law", "slope", predicted=-0.8,
                why="2s̃κ, which is no statistical rate"),
    ),
)  # fmt: skip

LOWER = Claim(
    name="minimax-lower",
    statement="No estimator is better: the Bayes risk of N bumps of level k with random signs, N = 2^(k/s̃), falls like"
    " n^(−2s̃/(2s̃+1)) for the hardest k.",
    law=Law.power("n", DEEP, direction="lower"),
    source=anisotropic("minimax theorem, after Ibragimov and Khasminskii; exact Bayes risk derived here"),
    cases=SMOOTH,
    curve=Curve(hypercube, 1e-9, "Bayes risk of a hypercube by quadrature"),
    checks=(Check("curve-law", "slope", Margin(0.005), x=FAR),),
    controls=(
        Control("bumps too low by N^(1/2)", {"steeper": 0.5}, "curve-law", "slope", predicted=-0.7),
        Control("bumps too low by N", {"steeper": 1.0}, "curve-law", "slope", predicted=-0.76923),
        Control("bumps in N^(1/2) of the N cells only", {"share": 0.5}, "curve-law", "slope", predicted=-0.7857),
    ),
    remark="The bound is 0.23 to 0.30 times the risk of the projection.",
)  # fmt: skip

SPLINES = Claim(
    name="spline-resolution",
    statement="Tensor splines with N_i = N^(s̃/s_i) cells, N = n^(1/(2s̃+1)), attain n^(−2s̃/(2s̃+1)) on the rank law if"
    " their degree m has min(m, m − 1 + 1/p) > s_max.",
    law=Law.power("n", DEEP),
    source=anisotropic("approximation proposition with the order condition; risk of the projection derived here"),
    cases=({**SMOOTH[0], "degree": 3},),
    conditions=(Condition("degree > 2", why="splines of this degree do not characterise s_max = 2"),),
    experiment=Experiment(spline_risk, x=tuple(2**i for i in (14, 21, 28)), axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.03, bias=0.015, note="lower order of bias and of N")),),
    controls=(
        Control("fine cells in the smooth direction", {"basis": "reversed"}, "experiment-law", "slope",
                predicted=-0.2657, why="approximation error N^(−1/3)"),
        Control("the same, N = n^(3/5) best for it", {"basis": "reversed", "kappa": 0.6}, "experiment-law", "slope",
                why="2/5 in the limit"),
        Control("the same number of cells in both", {"basis": "isotropic"}, "experiment-law", "slope"),
        Control("steps instead of cubic splines", {"degree": 0}, "experiment-law", "slope",
                why="s_2 acts like 1: N_2 = N^(1/3) steps leave n^(−2/7)"),
        Control("steps, order condition", {"degree": 0}, "experiment-law", "slope", expect="invalid"),
        Control("too few cells, N = n^(1/5)", {"kappa": 0.2}, "experiment-law", "slope"),
    ),
    remark="x is such that N_1 = n^(2/7) and N_2 = n^(1/7) are whole.",
)  # fmt: skip

REGRESSION = Claim(
    name="regression-rate",
    statement="Least squares on N = n^(1/(2s̃+1)) anisotropic cosines has expected squared error of order"
    " n^(−2s̃/(2s̃+1)) on random design: the rate does not depend on the dimension, but on s̃.",
    law=Law.power("n", DEEP),
    source=anisotropic("estimation theorem: the exponent, by least squares instead of a network"),
    cases=SMOOTH,
    curve=Curve(expected_least_squares, 0.005, "bias and variance to first order in N/n"),
    experiment=Experiment(least_squares, x=SIZES, estimand="control-variate", control_mean=mean_of_scores, block=8,
                          pilot=Pilot(0.03, 0.04, 0.15, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.04, bias=0.015, note="second order in N/n: −0.01 in a pilot")),
        Check("experiment-law", "slope", Margin(0.04, bias=0.02, note="rounding of N, and tails of few terms")),
    ),
    controls=(
        Control("too few terms, N = n^(1/4)", {"kappa": 0.25}, "experiment-law", "slope"),
        Control("too many terms, N = n^(7/10)", {"kappa": 0.7}, "experiment-law", "slope"),
        Control("isotropic order", {"basis": "isotropic"}, "experiment-law", "slope", case=SMOOTH[1]),
        Control("order for the smoothness read backwards", {"basis": "reversed"}, "experiment-law", "slope",
                case=SMOOTH[1]),
        Control("no noise", {"noise": 0.001}, "experiment-curve", "level", why="bias without its variance"),
    ),
)  # fmt: skip

THRESHOLD = Claim(
    name="threshold-rate",
    statement="For p < 2 hard thresholding at σ(2 log n/n)^(1/2) on levels of up to n coefficients has the risk"
    " (n/log n)^(−2s̃/(2s̃+1)) up to constants, on a target with a spike on every level.",
    law=Law.power("n", DEEP, log_power="2*mean/(2*mean + 1)"),
    source=anisotropic("estimation theorem for p < 2; the thresholded series is derived, after Donoho and Johnstone"),
    cases=SPIKY,
    conditions=SPARSE,
    experiment=Experiment(threshold_risk, x=FARTHER, axis="time", numerical_error=1e-8),
    checks=(Check("experiment-law", "slope", Margin(0.01, bias=0.01, note="early levels: −0.731 for −0.727")),),
    controls=(
        Control("threshold 0: all coefficients kept", {"rule": "keep all"}, "experiment-law", "slope"),
        Control("threshold σ/√n", {"rule": "no log"}, "experiment-law", "slope",
                why="a third of the null coefficients passes"),
        Control("best shrinkage of each level instead", {"rule": "shrink"}, "experiment-law", "slope"),
        Control("a fixed number of levels", {"fixed_levels": 6}, "experiment-law", "slope"),
    ),
    remark="The last case is isotropic, d = 2. Exact risks, averaged over the phases of the target.",
)  # fmt: skip

BEST_LINEAR = Claim(
    name="linear-rate",
    statement="No linear estimator is better than n^(−2(s̃−v)/(2(s̃−v)+1)) on an axis-aligned class with p < 2: the"
    " Jensen bound of targets with spikes at random positions, which shrinkage of each level attains.",
    law=Law.power("n", LINEAR),
    source=derived("Jensen bound; the paper's theorem on linear estimators is recalled with the same exponent"),
    cases=SPIKY,
    conditions=SPARSE,
    curve=Curve(linear_bound, 1e-9, "Σ λ/(1 + nλ) over the covariance of the target"),
    checks=(Check("curve-law", "slope", Margin(0.005), x=FARTHEST),),
    controls=(
        Control("spikes whose place the rule knows", {"known": True}, "curve-law", "slope", predicted=-0.6),
        Control("no spikes", {"dense_only": True}, "curve-law", "slope", predicted=-0.6),
        Control("spikes no larger than p = 2 allows", {"p": 2.0}, "curve-law", "slope", predicted=-0.6),
        Control("known places, isotropic", {"known": True}, "curve-law", "slope", predicted=-0.6667, case=SPIKY[2]),
    ),
)  # fmt: skip

SEPARATION = Claim(
    name="separation",
    statement="On axis-aligned classes with p < 2 the thresholded series falls strictly faster than every linear"
    " estimator, by n^(−2s̃/(2s̃+1) + 2(s̃−v)/(2(s̃−v)+1)) up to logarithms.",
    law=Law.separation("n", f"{DEEP} - ({LINEAR})"),
    source=derived("threshold-rate and linear-rate, on one target"),
    cases=SPIKY,
    conditions=SPARSE,
    experiment=Experiment(both_risks, x=PAIRED, axis="time", estimand="separation", numerical_error=1e-8),
    checks=(Check("experiment-law", "slope", Margin(0.01, bias=0.027, note="the logarithm of thresholding")),),
    controls=(
        Control("shrinkage twice", {"rule": "shrink"}, "experiment-law", "slope", predicted=0.0),
        Control("all coefficients kept", {"rule": "keep all"}, "experiment-law", "slope", predicted=0.43),
        Control("spikes whose place the linear rule knows", {"known": True}, "experiment-law", "slope"),
        Control("no spikes for the linear rule", {"dense_only": True}, "experiment-law", "slope"),
    ),
)  # fmt: skip

MEASURED = Claim(
    name="separation-measured",
    statement="The same with wavelets on a noisy grid: errors of thresholding and of the best shrinkage of each level,"
    " on the same data.",
    law=Law.separation("n", f"{DEEP} - ({LINEAR})"),
    source=derived("threshold-rate and linear-rate, on one target"),
    cases=SPIKY[:1],
    conditions=SPARSE,
    experiment=Experiment(wavelets, x=GRID, estimand="separation", block=16, pilot=Pilot(0.1, 0.045, 0.03, 1.0)),
    checks=(Check("experiment-law", "slope", Margin(0.03, bias=0.017, note="logarithms against early levels: −0.188"
                  " on this window by exact risks")),),
    controls=(
        Control("shrinkage twice, spikes fixed", {"rule": "shrink", "fixed": True}, "experiment-law", "slope"),
        Control("all coefficients kept", {"cut": 0.0}, "experiment-law", "slope", predicted=0.416),
        Control("three tenths of the threshold", {"cut": 0.3}, "experiment-law", "slope", predicted=0.353),
        Control("spikes whose place the linear rule knows", {"fixed": True}, "experiment-law", "slope"),
    ),
    remark="The target has the levels that the grid has. Early levels make the difference larger than it is far out.",
)  # fmt: skip

THRESHOLDED = Claim(
    name="threshold-measured",
    statement="Thresholded wavelets on a noisy grid have the error of the sequence model, level by level.",
    law=Law.power("n", DEEP, log_power="2*mean/(2*mean + 1)"),
    source=derived("the transform is orthogonal, so that noise stays white"),
    cases=({**SPIKY[0], "rule": "threshold"},),
    conditions=SPARSE,
    curve=Curve(expected_wavelet_error, 1e-10, "exact risk of every coefficient"),
    experiment=Experiment(wavelet_error, x=GRID, block=16, pilot=Pilot(0.09, 0.04, 0.03, 1.0)),
    checks=(Check("experiment-curve", "level", Margin(0.06)),),
    controls=(
        Control("all coefficients kept", {"cut": 0.0}, "experiment-curve", "level"),
        Control("three tenths of the threshold", {"cut": 0.3}, "experiment-curve", "level"),
        Control("best linear shrinkage", {"rule": "shrink"}, "experiment-curve", "level"),
        Control("spikes in one place", {"fixed": True}, "experiment-curve", "level", expect="consistent",
                why="thresholding does not care where they are"),
    ),
)  # fmt: skip

SHRUNK = Claim(
    name="linear-measured",
    statement="On the same grid the best linear shrinkage of every level has exactly the Jensen bound, and falls like"
    " n^(−2(s̃−v)/(2(s̃−v)+1)).",
    law=Law.power("n", LINEAR),
    source=derived("Jensen bound; the paper's theorem on linear estimators is recalled with the same exponent"),
    cases=({**SPIKY[0], "rule": "shrink"},),
    conditions=SPARSE,
    curve=Curve(expected_wavelet_error, 1e-10, "Jensen bound of all linear estimators"),
    experiment=Experiment(wavelet_error, x=GRID, block=16, pilot=Pilot(0.04, 0.02, 0.03, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.04)),
        Check("experiment-law", "slope", Margin(0.03, bias=0.02, note="the curve's own slope")),
    ),
    controls=(
        Control("thresholding", {"rule": "threshold"}, "experiment-law", "slope", predicted=-0.6028),
        Control("spikes whose place the rule knows", {"fixed": True}, "experiment-law", "slope"),
        Control("all coefficients kept", {"rule": "threshold", "cut": 0.0}, "experiment-law", "slope", predicted=0.0),
        Control("thresholding, level", {"rule": "threshold"}, "experiment-curve", "level"),
    ),
)  # fmt: skip

ENOUGH = Claim(
    name="linear-suffices",
    statement="For p ≥ 2 an axis-aligned class separates nothing: the best linear estimator, one that knows ρ, has the"
    " risk n^(−2s̃/(2s̃+1)) of the rank law with random signs too.",
    law=Law.power("n", DEEP),
    source=derived("Jensen bound of the rank law"),
    cases=SMOOTH,
    curve=Curve(smooth_linear_bound, 1e-8, "Σ λ/(1 + nλ) with λ = j^(−2s̃−1)"),
    checks=(Check("curve-law", "slope", Margin(0.005), x=FAR),),
    controls=(
        Control("eigenvalues too steep by j^(−1/2)", {"decay": 0.5}, "curve-law", "slope", predicted=-0.6471),
        Control("eigenvalues too steep by j^(−1)", {"decay": 1.0}, "curve-law", "slope", predicted=-0.7),
        Control("eigenvalues too flat by j^(3/10)", {"decay": -0.3}, "curve-law", "slope", predicted=-0.5082),
    ),
)  # fmt: skip

KERNEL = Claim(
    name="anisotropic-kernel",
    statement="Ridge regression with a product kernel that knows the smooth directions, ridge of order"
    " n^(1/(2s̃+1)), attains n^(−2s̃/(2s̃+1)) for p = 2: it is linear, and as fast as a network.",
    law=Law.power("n", DEEP, direction="upper"),
    source=derived("a kernel whose eigenvalues fall at least like the covariance of the target"),
    cases=SMOOTH[3:],
    experiment=Experiment(opponent, x=SMALL, estimand="control-variate", control_mean=mean_of_scores, block=4,
                          pilot=Pilot(0.23, 0.18, 0.1, 1.0)),
    checks=(Check("experiment-law", "slope", Margin(0.09, bias=0.03, note="few samples: −0.641 ± 0.023 in a pilot up to"
                  " n = 1024, −0.674 ± 0.020 on this window")),),
    controls=(
        Control("Matérn kernel of one length", {"estimator": "matern"}, "experiment-law", "slope",
                why="1/3 in the limit, −0.41 on this window"),
        Control("tangent kernel", {"estimator": "ntk"}, "experiment-law", "slope"),
        Control("Nadaraya–Watson", {"estimator": "watson"}, "experiment-law", "slope"),
        Control("nearest neighbours", {"estimator": "neighbours"}, "experiment-law", "slope"),
        Control("target turned off the axes", {"turned": True}, "experiment-law", "slope",
                why="the kernel cannot learn a direction: that takes an estimator that is not linear"),
    ),
)  # fmt: skip

ISOTROPIC_LINEAR = Claim(
    name="isotropic-projection",
    statement="The best projection on a cube of frequencies has n^(−2s_1/(2s_1+D)) on the same target: the roughest"
    " direction in the full dimension D.",
    law=Law.power("n", ISOTROPIC),
    source=derived("energy K^(−2s_1) beyond frequency K in direction 1"),
    cases=CUBES,
    experiment=Experiment(isotropic_risk, x=tuple(2**i for i in range(14, 27, 2)), axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.015, bias=0.02, note="whole sides of the cube")),),
    controls=(
        Control("terms in the order of ρ", {"basis": "ordered"}, "experiment-law", "slope", predicted=-0.571),
        Control("the same, D = 4", {"basis": "ordered"}, "experiment-law", "slope", case=CUBES[2]),
        Control("cubes of side 8", {"first": 8}, "experiment-law", "slope"),
        Control("cubes of side 4", {"first": 4}, "experiment-law", "slope"),
    ),
)  # fmt: skip

HEADLINE = Page(
    name="deep-against-shallow",
    title="Deep against shallow: where adaptivity beats every linear estimator, and where it does not",
    text=(
        "Three classes on which an estimator that adapts is strictly faster than all that are linear in the data: axis-"
        "aligned smoothness with spikes at random places (p < 2), a direction that has to be learnt, and a jump at a"
        " random place. The linear lines are Jensen bounds, below which no linear estimator can stay, or the estimator"
        " that attains them.",
        "The honest counterpart: for axis-aligned smoothness and p ≥ 2 a kernel that knows which directions are smooth"
        " has the rate n^(−2s̃/(2s̃+1)) too. Only methods without a preferred direction fall"
        " behind, with n^(−2s/(2s+D)) for the roughest s and all D directions. Comparing a network with those"
        " alone would overstate what depth does.",
        "What adapts is the estimator that the theorem's network contains: a thresholded series, least squares over"
        " directions, an exact change point. Constants differ between classes; slopes are what is compared.",
    ),
    x="samples n",
    y="squared error",
    series=(
        Series("threshold-measured", "p < 2: thresholded wavelets"),
        Series("threshold-measured", "their exact risk", "curve"),
        Series("linear-measured", "p < 2: best linear shrinkage"),
        Series("linear-measured", "Jensen bound of all linear estimators", "curve"),
        Series("linear-measured", "its rate", "law"),
        Series("besov/composition:separation", "direction unknown, D = 2: learnt", component=0, group="direction"),
        Series("besov/composition:separation", "direction unknown, D = 2: best linear", component=1, group="fixed"),
        Series("besov/sparse:separation-jump", "jump: exact change point", component=0, group="jump"),
        Series("besov/sparse:separation-jump", "jump: best linear", component=1, group="smoothed jump"),
        Series("regression-rate", "p = 2, s = (1, ∞, ∞, ∞): least squares", case=SMOOTH[3], group="flat"),
        Series("regression-rate", "the rate of s̃ = 1", "law", case=SMOOTH[3], group="flat"),
        Series("anisotropic-kernel", "p = 2, s = (1, ∞, ∞, ∞): a linear kernel told the direction"),
    ),
    verdicts=(
        "separation", "separation-measured", "besov/composition:separation", "besov/composition:separation-far",
        "besov/sparse:separation-jump", "besov/sparse:sparse-separation", "linear-rate", "linear-suffices",
        "anisotropic-kernel", "isotropic-projection",
    ),
)  # fmt: skip

CLAIMS = (
    PROJECTION, LOWER, SPLINES, REGRESSION, ADAPTIVE, HOLD_OUT, THRESHOLD, BEST_LINEAR, SEPARATION, MEASURED,
    THRESHOLDED, SHRUNK, ENOUGH, KERNEL,
    ISOTROPIC_LINEAR,
)  # fmt: skip
PAGES = (HEADLINE,)
