"""Claims on coordinates that have to be found: what linear estimators pay for it, and what estimators pay that look.

A function depends on one coordinate out of D = n^c, or on a pair, and nobody says which: the situation of the paper's
theorems 13 and 14, where a convolution picks the few that matter. Rank law j^(−a − 1/2), mean 0, noise of variance 1,
uniform points; every replicate draws the coordinates anew. Where coordinates are known, a linear method has the same
rate as the best: the difference is all in the search.
"""

from __future__ import annotations

from rates.catalogue.gamma_smooth._selection_cost_claims import COSTS
from rates.catalogue.gamma_smooth._selection_fits import (
    both,
    both_curve,
    lasso_curve,
    lasso_risk,
    neighbours_risk,
    ratio_to_bound,
    selected,
    selected_curve,
    selected_mean,
)
from rates.catalogue.gamma_smooth._selection_problems import (
    additive_curve,
    additive_risk,
    both_far,
    linear_far,
)
from rates.catalogue.gamma_smooth._sources import derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law
from rates.page import Page, Series

KNOWN = "-2*a/(2*a + 1)"
LINEAR = "-(1 - m*c)*2*a/(2*a + 1)"
PRICE = "pi/(2*a + 1)/sin(pi/(2*a + 1))/Gamma(m + 1)**(2*a/(2*a + 1))"
SMOOTH = Condition("a > 0", why="no rate without smoothness")
LEARNABLE = Condition("m*c < 1", why="with n places or more for the coordinates, linear estimators learn nothing")
FAR = tuple(2.0**i for i in range(20, 61, 4))
SIZES = (64, 128, 256, 512, 1024)
FOUND = (128, 256, 512, 1024)
HALF = {"a": 1, "c": "1/2", "m": 1}

LINEAR_BOUND = Claim(
    name="linear-bound",
    statement="Averaged over the place of m important coordinates among D = n^c, no linear estimator is better than one"
    " that knows them and has n/C(D, m) samples: π/(2a + 1)/sin(π/(2a + 1)) (C(D, m)/n)^(2a/(2a + 1)).",
    law=Law.power("n", LINEAR, constant=PRICE),
    source=derived("eigenvalues c_j²/C(D, m), each C(D, m) times, in the Jensen bound Σ λσ²/(σ² + nλ)"),
    cases=(HALF, *({**HALF, "c": c} for c in (0, "1/4", "3/4")), {**HALF, "a": 2}, {"a": 1, "c": "1/4", "m": 2}),
    conditions=(SMOOTH, LEARNABLE),
    curve=Curve(linear_far, 1e-9, "Σ c_j²/(1 + n c_j²/C(D, m)), summed to infinity"),
    checks=(
        Check("curve-law", "slope", Margin(0.005), x=FAR),
        Check("curve-law", "level", Margin(0.01), x=FAR),
    ),
    controls=(
        Control("coordinates that are known", {"places": "one"}, "curve-law", "slope", predicted=-0.6667),
        Control("pairs, counted like single coordinates", {"places": "single"}, "curve-law", "slope", predicted=-0.5,
                case={"a": 1, "c": "1/4", "m": 2}),
        Control("every pair counted twice", {"places": "ordered"}, "curve-law", "level", predicted=0.4621,
                case={"a": 1, "c": "1/4", "m": 2}),
        Control("a prior that is smoother by 1/2", {"steeper": 0.5}, "curve-law", "slope", predicted=-0.375),
    ),
    remark="The last case is that of two interacting coordinates: C(D, 2) pairs, so that at D = √n nothing is learnt."
    " With c = 0 the coordinate is known.",
)  # fmt: skip

ADDITIVE = Claim(
    name="additive-ridge",
    statement="Ridge regression on all coordinates alike, without selection, has the rate n^(−(1 − c)·2a/(2a + 1)) of"
    " the Jensen bound, and at D = 1 the rate n^(−2a/(2a + 1)) of a coordinate that is known.",
    law=Law.power("n", "-(1 - c)*2*a/(2*a + 1)"),
    source=derived("posterior mean with the covariance of the target: the best linear estimator for the rank law"),
    cases=({"a": 1, "c": "1/2"}, {"a": 1, "c": "1/4"}, {"a": 1, "c": 0}),
    conditions=(SMOOTH, Condition("c < 1", why="with D ≥ n coordinates nothing is learnt")),
    curve=Curve(additive_curve, 1e-6, "deterministic equivalent of ridge regression"),
    experiment=Experiment(additive_risk, x=SIZES, pilot=Pilot(0.006, 0.007, 0.1, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.02, bias=0.005, note="the equivalent is asymptotic")),
        Check("experiment-law", "slope", Margin(0.03, bias=0.009, note="the curve's own slope")),
    ),
    controls=(
        Control("told the coordinate", {"told": True}, "experiment-law", "slope", predicted=-0.6583,
                why="a kernel with the true weights: the rate of the adaptive estimators"),
        Control("a ridge that grows like √n", {"ridge_power": -0.5}, "experiment-law", "slope", predicted=-0.0354),
        Control("a ridge that falls like 1/√n", {"ridge_power": 0.5}, "experiment-law", "slope", predicted=-0.1569),
        Control("twice the noise", {"noise": 2.0}, "experiment-curve", "level", predicted=0.7508),
    ),
    remark="Averaged over signs, place and noise exactly; the design is drawn.",
)  # fmt: skip

NO_LINEAR = Claim(
    name="linear-at-least",
    statement="The average risk of an estimator that is linear in the labels, whichever, is at least the Jensen bound"
    " with D = √n candidates, at every n.",
    law=Law.identity("n", "1", direction="lower"),
    source=derived("a linear risk depends on second moments only, and the inverse is operator convex"),
    cases=tuple({"by": by, "c": "1/2"} for by in ("additive", "rough", "product", "matern", "neighbours")),
    experiment=Experiment(ratio_to_bound, x=(64, 128, 256), pilot=Pilot(0.018, 0.03, 0.1)),
    checks=(Check("experiment-law", "bound", Margin(0.05)),),
    controls=(
        Control("additive ridge told the coordinate", {"told": True}, "experiment-law", "bound"),
        Control("neighbours in the one coordinate", {"told": True}, "experiment-law", "bound",
                case={"by": "neighbours", "c": "1/2"}),
        Control("twice the samples", {"more": 2}, "experiment-law", "bound"),
        Control("half the noise", {"quiet": 0.5}, "experiment-law", "bound"),
    ),
    remark="At these sizes additive ridge is 10 to 14 % above the bound, a product of Laplace kernels with equal"
    " weights 2.4 times as high or more, an isotropic kernel and neighbours 4.6 times or more.",
)  # fmt: skip

NEIGHBOURS = Claim(
    name="neighbours",
    statement="The mean of the k nearest labels in all D = √n coordinates, k by an oracle, is no faster than the best"
    " linear estimator: it does not know in which coordinate to be near.",
    law=Law.power("n", "-(1 - c)*2*a/(2*a + 1)", direction="lower"),
    source=derived("linear in the labels, hence above the Jensen bound"),
    cases=({"a": 1, "c": "1/2"},),
    experiment=Experiment(neighbours_risk, x=FOUND[:3], pilot=Pilot(0.005, 0.01, 0.08)),
    checks=(Check("experiment-law", "slope", Margin(0.08)),),
    controls=(
        Control("in the important coordinate alone", {"known": True}, "experiment-law", "slope"),
        Control("a kernel told the coordinate", {"by": "told"}, "experiment-law", "slope", predicted=-0.6578),
        Control("the same, half the noise", {"known": True, "noise": 0.5}, "experiment-law", "slope"),
    ),
    remark="One-sided. In a pilot the slope is −0.03: distances in many coordinates hardly differ.",
)  # fmt: skip

ADAPTIVE = Claim(
    name="adaptive-rate",
    statement="Screening by marginal energy and least squares on the coordinate that is kept has the risk of a known"
    " coordinate, n^(−2a/(2a + 1)), whatever the power of n that D is; so has exact ERM over one-hot filters.",
    law=Law.power("n", KNOWN),
    source=derived("a signal above √(log D/n) is found with odds of error that vanish faster than any power"),
    cases=({"a": 1, "c": "1/2", "by": "screening"}, {"a": 1, "c": "1/2", "by": "erm"},
           {"a": 1, "c": "3/4", "by": "screening"}),
    conditions=(SMOOTH,),
    curve=Curve(selected_curve, 0.005, "least squares on N functions of the right coordinate, to first order in N/n"),
    experiment=Experiment(selected, x=FOUND, estimand="control-variate", control_mean=selected_mean, block=16,
                          pilot=Pilot(0.055, 0.07, 0.03, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.05, bias=0.02, note="second order in N/n")),
        Check("experiment-law", "slope", Margin(0.08, bias=0.003, note="the curve's own slope")),
    ),
    controls=(
        Control("any coordinate", {"by": "random"}, "experiment-law", "slope", why="twice the energy is left: slope 0"),
        Control("additive ridge on the same data", {"by": "ridge"}, "experiment-law", "slope",
                why="(1 − c)·2a/(2a + 1)"),
        Control("too few functions, n^(1/5)", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.3779),
        Control("two coordinates kept", {"keep": 2}, "experiment-curve", "level", why="variance of both"),
        Control("a kernel told the coordinate", {"by": "told"}, "experiment-law", "slope", expect="consistent",
                why="where the coordinate is known, a linear method has the same rate"),
    ),
)  # fmt: skip

LASSO = Claim(
    name="lasso",
    statement="The ℓ1-penalised series on the functions of all D = √n coordinates, α = √(2 log(number)/n), has the rate"
    " (n/log n)^(−2a/(2a + 1)) without being told that one coordinate matters.",
    law=Law.power("n", KNOWN, direction="upper", log_power="2*a/(2*a + 1)"),
    source=derived("soft thresholding at √(2 log(number)/n) costs min(c_j², τ²) a function, up to constants"),
    cases=({"a": 1, "c": "1/2"},),
    conditions=(SMOOTH,),
    curve=Curve(lasso_curve, 1e-6, "state evolution of the Lasso on a Gaussian design"),
    experiment=Experiment(lasso_risk, x=SIZES, block=16, pilot=Pilot(0.14, 0.16, 0.06, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.12, bias=0.03, note="the design is not Gaussian, n is finite")),
        Check("experiment-law", "slope", Margin(0.11, bias=0.03, note="the curve's own slope")),
    ),
    controls=(
        Control("labels in another order", {"shuffled": True}, "experiment-law", "slope"),
        Control("a penalty of order n^(−1/4)", {"fall": 0.25}, "experiment-law", "slope",
                why="coefficients that could be seen are lost"),
        Control("a penalty of order n^(−3/4)", {"fall": 0.75}, "experiment-law", "slope", why="null functions pass"),
        Control("three times the penalty", {"penalty": 3.0}, "experiment-curve", "level", predicted=1.2855),
    ),
    remark="Steeper than the law at these sizes: early logarithms.",
)  # fmt: skip

SEPARATION = Claim(
    name="separation",
    statement="With D = n^c candidates the error after screening falls strictly faster than that of additive ridge"
    " regression on the same points, by n^(−c·2a/(2a + 1)).",
    law=Law.separation("n", "-c*2*a/(2*a + 1)"),
    source=derived("difference of adaptive-rate and additive-ridge"),
    cases=({"a": 1, "c": "1/2"},),
    conditions=(SMOOTH, Condition("c > 0", why="a coordinate that is known separates nothing")),
    curve=Curve(both_curve, 0.005, "expected least squares over the deterministic equivalent"),
    experiment=Experiment(both, x=SIZES[:4], estimand="separation", pilot=Pilot(0.04, 0.05, 0.15, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.08, bias=0.02, note="second order in N/n")),
        Check("experiment-law", "slope", Margin(0.08, bias=0.04, note="the curve's own slope: a target of 24 terms")),
    ),
    controls=(
        Control("additive ridge twice", {"by": "ridge"}, "experiment-law", "slope", predicted=0.0),
        Control("any coordinate in place of screening", {"by": "random"}, "experiment-law", "slope"),
        Control("ridge told the coordinate", {"told": True}, "experiment-law", "slope", predicted=0.0,
                why="linear and informed is as fast"),
    ),
)  # fmt: skip

SEPARATION_FAR = Claim(
    name="separation-far",
    statement="Against the Jensen bound of all linear estimators the separation is m c·2a/(2a + 1), the cost"
    " 2 log C(D, m)/n of selection included.",
    law=Law.separation("n", "-m*c*2*a/(2*a + 1)"),
    source=derived("known coordinates plus the cost of selection, against the Jensen bound"),
    cases=(HALF, {**HALF, "c": "1/4"}, {**HALF, "c": "3/4"}, {"a": 1, "c": "1/4", "m": 2}),
    conditions=(SMOOTH, LEARNABLE),
    experiment=Experiment(both_far, x=FAR, axis="time", estimand="separation", numerical_error=1e-8),
    checks=(Check("experiment-law", "slope", Margin(0.005, bias=0.008, note="log D/n on the way")),),
    controls=(
        Control("the bound twice", {"by": "linear"}, "experiment-law", "slope", predicted=0.0),
        Control("a bound for coordinates that are known", {"places": "one"}, "experiment-law", "slope", predicted=0.0),
        Control("n^(1/2) functions", {"kappa": 0.5}, "experiment-law", "slope", predicted=-0.1667),
        Control("n^(1/5) functions", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.0667),
    ),
)  # fmt: skip

PAIRS_LINEAR = Claim(
    name="pairs-additive",
    statement="For a function of two interacting coordinates ridge regression on all C(D, 2) pairs alike has the rate"
    " n^(−(1 − 2c)·2a/(2a + 1)): C(D, 2) takes the place of D.",
    law=Law.power("n", "-(1 - 2*c)*2*a/(2*a + 1)"),
    source=derived("eigenvalues c_j²/C(D, 2), each C(D, 2) times"),
    cases=({"a": 1, "c": "1/4", "m": 2},),
    conditions=(SMOOTH, Condition("2*c < 1", why="with n pairs or more nothing is learnt")),
    curve=Curve(additive_curve, 1e-6, "deterministic equivalent of ridge regression"),
    experiment=Experiment(additive_risk, x=(81, 256, 625, 1296), pilot=Pilot(0.012, 0.013, 0.03, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.025, bias=0.005, note="the equivalent is asymptotic")),
        Check("experiment-curve", "slope", Margin(0.03)),
    ),
    controls=(
        Control("told the pair", {"told": True}, "experiment-curve", "slope", predicted=-0.3869),
        Control("a ridge that grows like √n", {"ridge_power": -0.5}, "experiment-curve", "slope", predicted=0.2945),
        Control("a ridge that falls like 1/√n", {"ridge_power": 0.5}, "experiment-curve", "level", predicted=0.677),
        Control("twice the noise", {"noise": 2.0}, "experiment-curve", "level", predicted=0.8351),
    ),
    remark="D = n^(1/4): 3 to 6 coordinates, 3 to 15 pairs. The curve's own slope on these sizes is −0.283 for −0.333:"
    " C(D, 2) is not yet D²/2; only the curve is held against the measurement, and linear-bound has the limit.",
)  # fmt: skip

PAIRS = Claim(
    name="pairs-adaptive",
    statement="To find a pair costs the adaptive estimator nothing either: screening of all pairs, and exact ERM over"
    " them, have n^(−2a/(2a + 1)), also at D = √n, where linear estimators learn nothing.",
    law=Law.power("n", KNOWN),
    source=derived("log C(D, 2) ≤ 2 log D: the argument for one coordinate"),
    cases=({"a": 1, "c": "1/2", "m": 2, "by": "screening"}, {"a": 1, "c": "1/4", "m": 2, "by": "erm"}),
    conditions=(SMOOTH,),
    curve=Curve(selected_curve, 0.005, "least squares on N functions of the right pair, to first order in N/n"),
    experiment=Experiment(selected, x=FOUND, estimand="control-variate", control_mean=selected_mean, block=16,
                          pilot=Pilot(0.055, 0.07, 0.03, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.05, bias=0.02, note="second order in N/n")),
        Check("experiment-law", "slope", Margin(0.08, bias=0.003, note="the curve's own slope")),
    ),
    controls=(
        Control("any pair", {"by": "random"}, "experiment-law", "slope"),
        Control("ridge on all pairs, same data", {"by": "ridge"}, "experiment-law", "slope",
                case={"a": 1, "c": "1/4", "m": 2, "by": "erm"}),
        Control("too few functions, n^(1/5)", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.3779),
    ),
)  # fmt: skip

OVER_SAMPLES = Page(
    name="feature-selection",
    title="One important coordinate among √n: estimators that look for it, and linear ones that cannot",
    text=(
        "A function of one coordinate; which one out of D = √n is not known. An estimator that is linear in the labels"
        " has to treat all of them alike, and is as good as if it knew the coordinate and had n/D samples:"
        " n^(−(1 − c)·2a/(2a + 1)) with D = n^c. One that selects, by screening, by exact ERM over one-hot filters or"
        " by an ℓ1 penalty, keeps n^(−2a/(2a + 1)); what it pays for not knowing is log D/n at most.",
        "The honest counterpart: a kernel that is told the coordinate is linear and as fast as the network. The gain of"
        " a convolution with trained filters is the search, not the smoothness.",
    ),
    x="samples n",
    y="squared error",
    series=(
        Series("neighbours", "k nearest neighbours in all coordinates"),
        Series("additive-ridge", "ridge regression on all coordinates alike"),
        Series("additive-ridge", "its deterministic equivalent", "curve"),
        Series("additive-ridge", "rate of all linear estimators", "law"),
        Series("lasso", "ℓ1 penalty on all coordinates"),
        Series("lasso", "its state evolution", "curve"),
        Series("additive-ridge", "ridge regression told the coordinate", case={"a": 1, "c": 0}),
        Series("adaptive-rate", "screening, then least squares"),
        Series("adaptive-rate", "exact ERM over one-hot filters", case={"a": 1, "c": "1/2", "by": "erm"}),
        Series("adaptive-rate", "risk of a known coordinate", "curve"),
        Series("adaptive-rate", "its rate", "law"),
    ),
    verdicts=(
        "linear-bound", "additive-ridge", "linear-at-least", "neighbours", "adaptive-rate", "lasso", "separation",
        "separation-far", "selection-lower", "selection-upper", "pairs-additive", "pairs-adaptive",
    ),
)  # fmt: skip

OVER_CANDIDATES = Page(
    name="number-of-candidates",
    title="What more candidates cost: D on the axis, n fixed",
    text=(
        "The same function, n = 1024 samples, and more and more coordinates that might be the important one. The risk"
        " of the best linear method grows like D^(2a/(2a + 1)); after screening, or exact ERM, it stays where it is.",
    ),
    x="candidate coordinates D",
    y="squared error",
    series=(
        Series("candidates-additive", "ridge regression on all coordinates alike"),
        Series("candidates-additive", "its deterministic equivalent", "curve"),
        Series("candidates-additive", "D^(2a/(2a + 1))", "law"),
        Series("candidates-adaptive", "screening, then least squares"),
        Series("candidates-adaptive", "exact ERM over one-hot filters", case={"a": 1, "by": "erm"}),
        Series("candidates-adaptive", "risk of a known coordinate", "curve"),
    ),
    verdicts=("candidates-bound", "candidates-additive", "candidates-adaptive"),
)  # fmt: skip

CLAIMS = (
    LINEAR_BOUND, ADDITIVE, NO_LINEAR, NEIGHBOURS, ADAPTIVE, LASSO, SEPARATION, SEPARATION_FAR, PAIRS_LINEAR, PAIRS,
    *COSTS,
)  # fmt: skip
PAGES = (OVER_SAMPLES, OVER_CANDIDATES)
