"""Dual averaging, dual coordinate ascent and Langevin dynamics on one problem: gaps against what they evaluate.

N counts evaluations a particle, of the value or the gradient of one neuron at one data point. The problem has n = 128
points; all start from the prior, and y is L(q) − L(q*) of densities, never of a cloud:

* dual averaging with 2(t + 1)² Langevin steps of size (t + 1)^−2 on the min(t, n) examples seen so far, and one example
  more, in iteration t;
* coordinate ascent with one neuron an update, and 20 Langevin steps on all n points before each pass but the first;
* Langevin dynamics with n neurons a step, η = 1/20.

The gaps of the first two are those of exact integrals, which the particles of these schedules follow (see the claims
particle-run of both methods); those of the third are of infinitely many particles.
"""

from __future__ import annotations

from rates.catalogue.meanfield._head_to_head_problems import (
    ascent_expected,
    ascent_gaps,
    averaging_expected,
    averaging_gaps,
    crossover,
    crossover_expected,
    langevin_expected,
    langevin_gaps,
)
from rates.catalogue.meanfield._sources import derived, dual_coordinate_ascent
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law
from rates.page import Marker, Page, Series

# Pilots: standard deviations of one replicate over 512 replicates (128 of the crossover) of a root seed that no check
# uses, and 10 % more.
LOOPS = (344, 3488, 43264, 604416, 9014784, 139168768, 1410813056)  # evaluations of 4, 8, 16 … 256 iterations
PASSES = tuple(128 * (1 + 21 * i) for i in range(5))  # evaluations at the ends of passes
WITHIN = tuple(2688 * i + 64 for i in range(1, 5))  # in the middle of passes, the first apart
REFRESHED = tuple(2688 * i for i in range(1, 5))  # after a refresh, which moves no coefficient
UPDATES = tuple(sorted((8, 16, 32, 64, 96, *PASSES, *WITHIN, *REFRESHED)))
STEPS = tuple(128 * k for k in (1, 2, 3, 5, 7, 10, 14, 20, 25, 30, 35, 40, 45, 50, 55, 60))

AVERAGING = Claim(
    name="dual-averaging",
    statement="N evaluations a particle bring dual averaging to an expected gap of order N^(-1/3): C∞/t + C/t² after t"
    " iterations, where the first term is what one example an iteration leaves and the second what is left because q_t"
    " is hotter than q*, and N = Σ 2(s+1)² min(s, n) ∝ t³ beyond n iterations.",
    law=Law.power("N", "-1/3"),
    source=derived("Theorem 1's outer rate with its constants, and the inner schedule of the complexity ε^-3"),
    curve=Curve(averaging_expected, 1e-8, "both terms in closed form"),
    experiment=Experiment(averaging_gaps, x=LOOPS, axis="time", block=64, pilot=Pilot(0.43, 0.084, 0.0002, 1.3)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=tuple(10.0**i for i in range(9, 18))),
        Check("experiment-curve", "level", Margin(0.12, bias=0.03, note="terms left out: 0.008 in a pilot, ±0.06 at"
              " single points")),
        Check("experiment-curve", "slope", Margin(0.05, bias=0.01, note="terms left out: 0.002 in a pilot")),
    ),
    controls=(
        Control("accuracy (t+1)^-3 of the inner loops", {"growth": 3.0}, "curve-law", "slope", predicted=-0.25),
        Control("every inner step counted as one evaluation", {"counted": "steps"}, "experiment-curve", "level"),
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-curve", "slope"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-curve", "slope"),
        Control("potential halved: twice the temperature", {"heat": 2.0}, "experiment-curve", "slope"),
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level"),
        Control("full batch", {"gradients": "full"}, "experiment-curve", "slope",
                why="without sampling noise the gap falls like t^-2"),
    ),
    remark="Below n iterations an inner step costs t evaluations and the exponent is -1/4.",
)  # fmt: skip

ASCENT = Claim(
    name="coordinate-ascent",
    statement="At the ends of passes the expected gap of dual coordinate ascent falls at least like (1 − 1/(n +"
    " 1/(γλ₂)))^(N/(1+K)) in evaluations N: an update costs one, and the K Langevin steps of a refresh cost n each.",
    law=Law.exponential("N", "log(1 - 1/(n + 1/(gamma*temperature)))/(1 + steps)", direction="upper"),
    source=dual_coordinate_ascent("exponential convergence; the constants and the count of evaluations are derived"),
    cases=({"n": 128, "gamma": 1, "temperature": "1/2", "steps": 20},),
    curve=Curve(ascent_expected, 1e-9, "map of second moments at the optimum"),
    experiment=Experiment(ascent_gaps, x=UPDATES, axis="time", estimand="control-variate",
                          control_mean=ascent_expected, block=32, pilot=Pilot(0.019, 6.2e-6, 0.001, 1.5)),
    checks=(
        Check("experiment-law", "slope", Margin(3e-5), x=PASSES),
        Check("experiment-curve", "level", Margin(0.06, bias=0.03, note="the start is not in the linear region: 0.16 at"
              " first, 0.01 on average in a pilot")),
        Check("experiment-curve", "slope", Margin(4e-5, bias=1e-5, note="the same: 7e-6 in a pilot"), x=PASSES),
    ),
    controls=(
        Control("steps of a tenth", {"scale": 0.1}, "experiment-law", "slope"),
        Control("half of the coordinates only", {"order": "half"}, "experiment-law", "slope", predicted=0.0),
        Control("three particles an update", {"particles": 3}, "experiment-law", "slope"),
        Control("ten particles an update, level", {"particles": 10}, "experiment-curve", "level"),
        Control("1/n forgotten in the Gibbs measure", {"unscaled": True}, "experiment-law", "slope", predicted=0.0),
        Control("half of a refresh not counted", {"steps": 10}, "experiment-curve", "slope"),
        Control("half of a refresh not counted, level", {"steps": 10}, "experiment-curve", "level"),
        Control("cyclic coordinates", {"order": "cyclic"}, "experiment-law", "slope", expect="faster",
                why="not covered by the proof, and faster here"),
    ),
)  # fmt: skip

LANGEVIN = Claim(
    name="langevin",
    statement="The gap of mean-field Langevin dynamics falls like e^(−2μηN/n) in evaluations N, n a step of size η,"
    " where μ is the sharp local rate; from the prior on it is that of the linearised dynamics.",
    law=Law.exponential("N", "-2*mu*eta/n"),
    source=derived("second-order expansion at q*; the theorem's own constant 2αλ₂ is far smaller"),
    cases=({"n": 128, "eta": "1/20", "mu": "0.7332"},),
    curve=Curve(langevin_expected, 1e-6, "linearised dynamics, all rates of the eigenproblem, steps η → 0"),
    experiment=Experiment(langevin_gaps, x=STEPS, axis="time", numerical_error=1e-6),
    checks=(
        Check("experiment-law", "slope", Margin(3e-5, bias=2e-5, note="other modes and steps of 1/20: the curve's own"
              " slope is off by 1.3e-5, the measured one by 1.1e-5"), x=STEPS[7:]),
        Check("experiment-curve", "level", Margin(0.05, bias=0.05, note="beyond the linear region and for steps of"
              " 1/20: 0.11 at the start, 0.01 at N = 5120")),
    ),
    controls=(
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-law", "slope"),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-law", "slope"),
        Control("drift frozen at the initial law", {"frozen": True}, "experiment-law", "slope"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-law", "slope"),
        Control("noise of 1.2 times the temperature, level", {"heat": 1.2}, "experiment-curve", "level"),
        Control("steps of 1/10", {"eta": 0.1}, "experiment-curve", "level"),
    ),
    remark="Steps of 1/20 end at a gap of 4e-5, of order η², to the right of this window.",
)  # fmt: skip

CROSSOVER = Claim(
    name="crossover",
    statement="Langevin dynamics overtakes dual averaging after the number of evaluations at which its linearised"
    " dynamics falls below C∞/t + C/t², for every number n of data points; far out that is n log n/(8μη).",
    law=Law.power("n", "1", log_power="1"),
    source=derived("closed-form constants of dual averaging, eigenproblem of Langevin dynamics"),
    curve=Curve(crossover_expected, 1e-3, "where the two expansions cross"),
    experiment=Experiment(crossover, x=(64, 128, 256), block=8, pilot=Pilot(0.027, 0.038, 0.02, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.07, bias=0.03, note="terms left out of both expansions: 0.019 in a"
              " pilot")),
        Check("experiment-curve", "slope", Margin(0.05, bias=0.01, note="the same: 0.001 in a pilot")),
        Check("curve-law", "slope", Margin(0.1), undecidable="log(n) has to be large against 4 log of the ratio of both"
              " constants: no n that fits into a computer shows the limit"),
    ),
    controls=(
        Control("uniform weights", {"weights": 0.0}, "experiment-curve", "level"),
        Control("potential of averaging halved", {"heat": 2.0}, "experiment-curve", "level"),
        Control("all gradients of averaging at the initial law", {"stale": True}, "experiment-curve", "level"),
        Control("full batches counted as one example", {"gradients": "full"}, "experiment-curve", "level"),
        Control("Langevin steps of 1/10", {"eta": 0.1}, "experiment-curve", "level"),
        Control("a step counted as one evaluation, whatever n", {"counted": "steps"}, "experiment-curve", "slope"),
    ),
    remark="y are evaluations a particle. Coordinate ascent is ahead of both within its first pass.",
)  # fmt: skip

GAPS = Page(
    name="gap-against-evaluations",
    title="Three particle methods on one problem",
    text=(
        "Dual averaging, dual coordinate ascent and mean-field Langevin dynamics minimise the same regularised risk"
        " from the same start: tanh neurons learn the sign of x from 128 points. The plot has the expected gap L(q) −"
        " L(q*) against evaluations of one neuron, its value or its gradient, at one data point, counted for one"
        " particle.",
        "One new example an iteration brings dual averaging far before Langevin dynamics has seen the data once, but"
        " its inner loops grow, and its gap falls like a power: N^(-1/4) while fewer examples than n have been seen,"
        " and N^(-1/3) from then on. The other two fall exponentially. Langevin dynamics evaluates all data at every"
        " step and overtakes where theory says: at the dash-dotted line its linearised dynamics crosses the"
        " closed-form constants of averaging.",
        "Coordinate ascent evaluates one neuron an update in its first pass; a refresh of the particles, which moves"
        " no coefficient, precedes every other pass and makes the stairs. Gaps are those of densities: exact integrals"
        " for the first two methods, infinitely many particles for the third.",
    ),
    x="evaluations a particle",
    y="L(q) − L(q*)",
    series=(
        Series("dual-averaging", "dual averaging"),
        Series("dual-averaging", "C∞/t + C/t²", "curve"),
        Series("dual-averaging", "N^(-1/3)", "law"),
        Series("coordinate-ascent", "coordinate ascent"),
        Series("coordinate-ascent", "its second moments", "curve"),
        Series("langevin", "Langevin dynamics"),
        Series("langevin", "linearised", "curve"),
        Series("langevin", "e^(-2μηN/n)", "law"),
    ),
    markers=(Marker(4005, "predicted crossover"),),
    verdicts=("dual-averaging", "coordinate-ascent", "langevin", "crossover"),
)  # fmt: skip

CLAIMS = (AVERAGING, ASCENT, LANGEVIN, CROSSOVER)
PAGES = (GAPS,)
