"""What selection costs: log M/n in the number of places M, and what D candidates cost at a fixed n."""

from __future__ import annotations

from rates.catalogue.gamma_smooth._selection_fits import (
    curve_over_candidates,
    mean_over_candidates,
    selected_over_candidates,
)
from rates.catalogue.gamma_smooth._selection_problems import (
    additive_curve_over_candidates,
    additive_over_candidates,
    bound_over_candidates,
    needle,
    needle_curve,
    threshold_curve,
)
from rates.catalogue.gamma_smooth._sources import derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

SMOOTH = Condition("a > 0", why="no rate without smoothness")
MANY = (2, 4, 8, 16, 32)

NEEDLE = Claim(
    name="selection-lower",
    statement="Not to know the place costs every estimator log M/n up to a constant: the Bayes risk of one coefficient"
    " of the worst height at one of M places is at least (2/3) log M/n, and 2 log M/n in the limit.",
    law=Law.power("L", "1", constant="2/3", direction="lower"),
    source=derived("posterior odds of the right place, exact by a Laplace transform; 2/3 holds from M = e² on"),
    cases=({},),
    curve=Curve(needle_curve, 1e-3, "Bayes risk in white noise; the place is uniform, height and sign are known"),
    experiment=Experiment(needle, x=(2, 3, 4, 5, 6), block=8, pilot=Pilot(0.06, 0.18, 0.02, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.06, bias=0.015, note="a design that is random, u²/n")),
        Check("experiment-law", "bound", Margin(0.05)),
        Check("curve-law", "slope", Margin(0.1), undecidable="the limit 2 log M is approached like √(log log M/log M):"
              " local slopes are still 1.14 at M = e^64"),
    ),
    controls=(
        Control("half the worst height", {"factor": 0.5}, "experiment-curve", "level", predicted=-0.8204),
        Control("twice the worst height", {"factor": 2.0}, "experiment-law", "bound", why="found at once"),
        Control("a height that does not grow", {"height": 1.5}, "experiment-law", "bound"),
        Control("the same, level", {"height": 1.5}, "experiment-curve", "level", predicted=-0.5558),
    ),
    remark="L = log M. Selection of one coordinate out of D = n^c by a signal of constant size costs less: its errors"
    " are exponentially rare.",
)  # fmt: skip

THRESHOLD = Claim(
    name="selection-upper",
    statement="And no more than that: thresholding at √(2 log M/n) risks 2 log M/n at most to first order, whatever the"
    " height of the one coefficient.",
    law=Law.power("L", "1", constant="2"),
    source=derived("worst height of one coefficient plus M − 1 null ones, in closed form"),
    cases=({},),
    curve=Curve(threshold_curve, 1e-8, "exact risk of thresholding at the worst height"),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=tuple(4.0**i for i in range(2, 16))),
        Check("curve-law", "level", Margin(0.01), x=tuple(4.0**i for i in range(2, 16))),
    ),
    controls=(
        Control("a height that does not grow", {"height": 2.0}, "curve-law", "slope", predicted=0.5,
                why="what is left is that null coefficients pass: √(log M)"),
        Control("twice the threshold", {"cut": 2.0}, "curve-law", "level", predicted=1.3863),
        Control("half more of a threshold", {"cut": 1.5}, "curve-law", "level", predicted=0.8109),
    ),
    remark="L = log M. With selection-lower: the cost (log D)/n of adaptivity is exact up to its constant.",
)  # fmt: skip

BOUND_OVER = Claim(
    name="candidates-bound",
    statement="At a fixed n the Jensen bound of all linear estimators grows with the number of candidates like"
    " D^(2a/(2a + 1)).",
    law=Law.power("D", "2*a/(2*a + 1)"),
    source=derived("(D/n)^(2a/(2a + 1)) at fixed n"),
    cases=({"a": 1}, {"a": 2}),
    conditions=(SMOOTH,),
    experiment=Experiment(bound_over_candidates, x=tuple(4.0**i for i in range(2, 9)), axis="time",
                          numerical_error=1e-8),
    checks=(Check("experiment-law", "slope", Margin(0.005)),),
    controls=(
        Control("a coordinate that is known", {"power": 0.0}, "experiment-law", "slope", predicted=0.0),
        Control("one of √D coordinates", {"power": 0.5}, "experiment-law", "slope", predicted=0.3333),
        Control("pairs", {"power": 2.0}, "experiment-law", "slope", predicted=1.3333, why="C(D, 2) in place of D"),
    ),
    remark="n = 2^60.",
)  # fmt: skip

ADDITIVE_OVER = Claim(
    name="candidates-additive",
    statement="At n = 1024 the risk of additive ridge regression grows with the number of candidates like"
    " D^(2a/(2a + 1)).",
    law=Law.power("D", "2*a/(2*a + 1)"),
    source=derived("(D/n)^(2a/(2a + 1)) at fixed n"),
    cases=({"a": 1},),
    conditions=(SMOOTH,),
    curve=Curve(additive_curve_over_candidates, 1e-6, "deterministic equivalent of ridge regression"),
    experiment=Experiment(additive_over_candidates, x=MANY, pilot=Pilot(0.002, 0.002, 0.2, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.02, bias=0.005, note="the equivalent is asymptotic")),
        Check("experiment-law", "slope", Margin(0.03, bias=0.005, note="the curve's own slope")),
    ),
    controls=(
        Control("told the coordinate", {"told": True}, "experiment-law", "slope", predicted=0.0),
        Control("a smoother kernel", {"rough": 1.0}, "experiment-law", "slope", predicted=0.5884),
        Control("samples that fall like 1/√D", {"more": -0.5}, "experiment-law", "slope", predicted=0.9894),
    ),
)  # fmt: skip

ADAPTIVE_OVER = Claim(
    name="candidates-adaptive",
    statement="At n = 1024 the risk after screening does not grow with the number of candidates.",
    law=Law.power("D", "0"),
    source=derived("the errors of selection are exponentially rare at a signal of constant size"),
    cases=({"a": 1, "by": "screening"}, {"a": 1, "by": "erm"}),
    conditions=(SMOOTH,),
    curve=Curve(curve_over_candidates, 0.005, "least squares on N functions of the right coordinate"),
    experiment=Experiment(selected_over_candidates, x=MANY, estimand="control-variate",
                          control_mean=mean_over_candidates, block=16, pilot=Pilot(0.035, 0.035, 0.05, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.04, bias=0.02, note="second order in N/n")),
        Check("experiment-law", "slope", Margin(0.04)),
    ),
    controls=(
        Control("additive ridge on the same data", {"by": "ridge"}, "experiment-law", "slope", why="2a/(2a + 1)"),
        Control("any coordinate", {"by": "random"}, "experiment-curve", "level"),
        Control("samples that grow like √D", {"more": 0.5}, "experiment-law", "slope", predicted=-0.3327),
        Control("two coordinates kept", {"keep": 2}, "experiment-curve", "level"),
    ),
)  # fmt: skip

COSTS = (NEEDLE, THRESHOLD, BOUND_OVER, ADDITIVE_OVER, ADAPTIVE_OVER)
