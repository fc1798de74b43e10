"""Particle dual averaging: outer iterations, inner Langevin steps and particles, each with its own rate.

q_{t+1} ∝ exp(−(2/(λ₂(t+1)(t+2))) Σ_{s≤t} s ℓ′(E_{q_s}h_{i_s}) h_{i_s} − (λ₁t/(λ₂(t+2))) ‖θ‖²) with one uniformly drawn
example i_s an iteration, and y is the gap L(q_t) − L(q*) of L(q) = (1/n) Σ ℓ_i(E_q h_i) + λ₁E_q‖θ‖² + λ₂E_q log q. It
is taken at the Gibbs measures of the coefficients that the outer loop remembers, never at a cloud of particles.
"""

from __future__ import annotations

from functools import partial

from rates.catalogue.meanfield._pda_particle_claims import PARTICLE_CLAIMS
from rates.catalogue.meanfield._pda_population import population_gaps, population_leading
from rates.catalogue.meanfield._pda_problems import (
    bound,
    bounded_gaps,
    expected_gap_after,
    full_batch_gaps,
    full_batch_leading,
    gap_after,
    leading_average,
    leading_gap,
    linear_expected,
    linear_gaps,
    scaled_divergence,
    steps_to,
)
from rates.catalogue.meanfield._sources import derived, dual_averaging
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 512 replicates (256 of output-average, 1024 of expected-risk) of a
# root seed that no check uses, largest of the cases, and 10 % more. The corrections are those of 2048 replicates.
BOUNDED = ({"loss": "squared"}, {"loss": "logistic"})
LINEAR = ({"p": 2}, {"p": 5})
HORIZONS = (128, 256, 512, 1024, 2048)
TIMES = (64, 100, 178, 316, 562, 1000, 1778, 3162)
LINEAR_TIMES = (32, 56, 100, 178, 316, 562, 1000)
FAR = tuple(300 * 2**i for i in range(8))
EXACT_LAW = "linear neurons: exact moments of the law that the inner loop reaches"
CORRECTION = "t·gap/C∞ − 1 is −3.2/t in a pilot"
SUMMABLE = (Condition("weights > -1/2", why="weights s^a with a ≤ −1/2 forget the start too slowly for 1/t"),)

BOUND = Claim(
    name="explicit-bound",
    statement="The random output of T outer iterations, t with probability proportional to t, has an expected gap of at"
    " most (2/(T(T+3))) [(T−1)G²/λ₂ + 2G(T+2) + λ₁(Σ m_t − T m*) + λ₂(Ent q* − Ent q_2)], of order 1/T.",
    law=Law.power("T", "-1", direction="upper"),
    source=dual_averaging("Theorem 1: outer complexity O(1/T); the constants are derived here for exact inner loops"),
    cases=BOUNDED,
    curve=Curve(bound, 1e-3, "the explicit bound, not the expectation; m_t by its largest possible value"),
    experiment=Experiment(partial(bounded_gaps, average=True), x=HORIZONS, axis="time", block=32,
                          pilot=Pilot(0.37, 0.27, 0.0045, 1.2)),
    checks=(
        Check("experiment-curve", "bound", Margin(0.1)),
        Check("experiment-law", "slope", Margin(0.13, bias=0.02, note="the bound's own slope on the window")),
    ),
    controls=(
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-curve", "bound"),
        Control("no averaging, slope", {"memory": "latest"}, "experiment-law", "slope", predicted=0.0),
        Control("exponential moving average", {"memory": "exponential"}, "experiment-law", "slope", predicted=0.0),
        Control("potential halved: twice the temperature", {"heat": 2.0}, "experiment-law", "slope"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-law", "slope"),
        Control("weights 1/s", {"weights": -1.0}, "experiment-law", "slope"),
        Control("uniform weights", {"weights": 0.0}, "experiment-law", "slope", expect="consistent",
                why="any weights s^a, a > −1/2, give 1/t: they differ by a constant"),
        Control("full batch", {"gradients": "full"}, "experiment-law", "slope", expect="faster", predicted=-1.9,
                why="without sampling noise the gap falls like t^-2"),
    ),
    remark="The bound is 15 to 30 times the measured value, as a bound over all bounded neurons and labels may be.",
)  # fmt: skip

OUTER = Claim(
    name="outer-rate",
    statement="With one uniformly drawn example an iteration and exact inner loops the last iterate has the expected"
    " gap C∞/t (1 + o(1)), where C∞ = tr((K + KDK)P)/(2n) and P solves a Lyapunov equation at the optimum; for the"
    " squared loss C∞ = (1/2n) Σ (k + k²) 4S_k/(3 + 4k) over the eigenvalues k of Cov_{q*}(h)/(nλ₂).",
    law=Law.power("t", "-1"),
    source=derived("stochastic approximation with gains 2/t; Theorem 1's rate is attained"),
    cases=BOUNDED,
    conditions=SUMMABLE,
    curve=Curve(leading_gap, 1e-8, "leading term in closed form"),
    experiment=Experiment(bounded_gaps, x=TIMES, axis="time", block=32, pilot=Pilot(0.53, 0.4, 0.0037, 1.2)),
    checks=(
        Check("experiment-curve", "level", Margin(0.2, bias=0.015, note=CORRECTION)),
        Check("experiment-law", "slope", Margin(0.09, bias=0.012, note=CORRECTION)),
    ),
    controls=(
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-law", "slope",
                predicted=0.0),
        Control("exponential moving average", {"memory": "exponential"}, "experiment-law", "slope", predicted=0.0),
        Control("potential halved: twice the temperature", {"heat": 2.0}, "experiment-law", "slope"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-law", "slope"),
        Control("weights 1/s", {"weights": -1.0}, "experiment-law", "slope"),
        Control("full batch declared as stochastic", {"gradients": "full"}, "experiment-law", "slope", predicted=-2.0),
        Control("uniform weights", {"weights": 0.0}, "experiment-law", "slope", expect="consistent",
                why="the slope is the same; the constant is not"),
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level", predicted=-0.6134),
        Control("weights s²", {"weights": 2.0}, "experiment-law", "slope", expect="consistent",
                why="as for uniform weights"),
        Control("weights 1/s, which have no constant", {"weights": -1.0}, "experiment-curve", "level",
                expect="invalid"),
    ),
    remark="The rate belongs to the stochastic method: full batches fall like t^-2, see full-batch.",
)  # fmt: skip

EXPECTED = Claim(
    name="expected-risk",
    statement="On fresh examples of a population, each seen once, the expected risk of the last iterate has the"
    " expected gap C∞/t (1 + o(1)), C∞ the limit of the constants of n training points as n → ∞.",
    law=Law.power("t", "-1"),
    source=derived("stochastic approximation with gains 2/t; the expected-risk version of Theorem 1"),
    conditions=SUMMABLE,
    curve=Curve(population_leading, 1e-4, "leading term in closed form, on 32 midpoints of the population"),
    experiment=Experiment(population_gaps, x=(56, 100, 178, 316, 562, 1000, 1778), axis="time", block=32,
                          pilot=Pilot(0.54, 0.45, 0.006, 1.1)),
    checks=(
        Check("experiment-curve", "level", Margin(0.15, bias=0.02, note=CORRECTION)),
        Check("experiment-law", "slope", Margin(0.13, bias=0.012, note=CORRECTION)),
    ),
    controls=(
        Control("eight training points again and again", {"training": 8}, "experiment-law", "slope", predicted=-0.13,
                why="their empirical risk has another minimiser"),
        Control("sixty-four training points again and again", {"training": 64}, "experiment-law", "slope",
                predicted=-0.53),
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-law", "slope",
                predicted=0.0),
        Control("potential halved: twice the temperature", {"heat": 2.0}, "experiment-law", "slope", predicted=-0.24),
        Control("weights 1/s", {"weights": -1.0}, "experiment-law", "slope"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-curve", "level", predicted=1.82),
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level", predicted=-0.6341),
        Control("uniform weights", {"weights": 0.0}, "experiment-law", "slope", expect="consistent",
                why="the slope is the same; the constant is not"),
    ),
)  # fmt: skip

OUTER_LINEAR = Claim(
    name="outer-rate-linear",
    statement="With linear neurons, theory-length inner loops and any dimension the law of the particles itself has the"
    " expected gap C∞/t, by an exact recursion of second moments.",
    law=Law.power("t", "-1"),
    source=derived("linear-Gaussian model; unbounded neurons are outside of Theorem 1, the mechanism is the same"),
    cases=LINEAR,
    conditions=SUMMABLE,
    curve=Curve(linear_expected, 1e-9, EXACT_LAW),
    experiment=Experiment(linear_gaps, x=LINEAR_TIMES, axis="time", block=64, pilot=Pilot(0.44, 0.39, 0.0002, 1.0)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=FAR),
        Check("experiment-curve", "level", Margin(0.1)),
        Check("experiment-curve", "slope", Margin(0.08)),
        Check("experiment-law", "slope", Margin(0.075, bias=0.025, note="the curve's own slope on the window")),
    ),
    controls=(
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "curve-law", "slope", predicted=0.0),
        Control("weights s^(-3/4)", {"weights": -0.75}, "experiment-law", "slope", case=LINEAR[1]),
        Control("inner loops of 30 steps", {"schedule": "short"}, "experiment-law", "slope"),
        Control("inner loops of one step", {"schedule": "single"}, "experiment-law", "slope"),
        Control("inner loops of constant step size and length", {"schedule": "constant"}, "curve-law", "slope",
                predicted=0.0, why="the law of the particles stays too wide: a floor"),
        Control("potential halved: twice the temperature", {"heat": 2.0}, "curve-law", "slope", predicted=0.0),
        Control("all gradients at the initial law", {"stale": True}, "experiment-law", "slope"),
        Control("full batch, far out", {"gradients": "full"}, "curve-law", "slope", predicted=-2.0),
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level"),
        Control("uniform weights", {"weights": 0.0}, "curve-law", "slope", expect="consistent"),
        Control("weights s²", {"weights": 2.0}, "curve-law", "slope", expect="consistent"),
        Control("inner loops that grow like t", {"schedule": "linear"}, "curve-law", "slope", expect="consistent",
                why="the theory's T_t ∝ t² is more than the rate in T needs"),
    ),
)  # fmt: skip

OUTPUT = Claim(
    name="output-average",
    statement="The random output of T outer iterations has the expected gap 2C∞/T (1 + o(1)).",
    law=Law.power("T", "-1"),
    source=derived("mean of C∞/t over t with probability 2t/(T(T+3))"),
    cases=BOUNDED,
    conditions=SUMMABLE,
    curve=Curve(leading_average, 1e-8, "leading term in closed form"),
    experiment=Experiment(partial(bounded_gaps, average=True), x=(562, 1000, 1778, 3162), axis="time", block=32,
                          pilot=Pilot(0.39, 0.38, 0.007, 1.4)),
    checks=(Check("experiment-curve", "level", Margin(0.12, bias=0.03, note="−3.2 log(T)/T in a pilot")),),
    controls=(
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level", predicted=-0.6134),
        Control("weights s², level", {"weights": 2.0}, "experiment-curve", "level", predicted=0.382),
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-curve", "level"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-curve", "level"),
        Control("full batch", {"gradients": "full"}, "experiment-curve", "level"),
    ),
)  # fmt: skip

OUTPUT_LINEAR = Claim(
    name="output-average-linear",
    statement="With linear neurons the random output of T outer iterations has the expected gap 2C∞/T (1 + o(1)).",
    law=Law.power("T", "-1"),
    source=derived("linear-Gaussian model, exact second moments"),
    cases=LINEAR,
    conditions=SUMMABLE,
    curve=Curve(partial(linear_expected, average=True), 1e-9, EXACT_LAW),
    experiment=Experiment(partial(linear_gaps, average=True), x=LINEAR_TIMES, axis="time", block=64,
                          pilot=Pilot(0.3, 0.2, 0.0002, 1.2)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=FAR),
        Check("experiment-curve", "level", Margin(0.08)),
        Check("experiment-curve", "slope", Margin(0.08)),
    ),
    controls=(
        Control("exponential moving average", {"memory": "exponential"}, "curve-law", "slope", predicted=0.0),
        Control("inner loops of 30 steps", {"schedule": "short"}, "experiment-curve", "slope"),
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level"),
        Control("weights 1/s", {"weights": -1.0}, "experiment-curve", "slope"),
    ),
)  # fmt: skip

FULL = Claim(
    name="full-batch",
    statement="With all examples at every iteration the last iterate has the gap C/t² (1 + o(1)): what is left is that"
    " q_t is hotter than q* by the factor (t+2)/t.",
    law=Law.power("t", "-2"),
    source=derived("first-order response to the cooling 1 − 2/t"),
    cases=BOUNDED,
    curve=Curve(full_batch_leading, 1e-8, "leading term in closed form"),
    experiment=Experiment(full_batch_gaps, x=(30, 56, 100, 178, 316, 562, 1000), axis="time", numerical_error=1e-5),
    checks=(
        Check("experiment-law", "slope", Margin(0.02, bias=0.01, note="corrections of relative order 1/t")),
        Check("experiment-curve", "level", Margin(0.02, bias=0.01, note="corrections of relative order 1/t")),
    ),
    controls=(
        Control("one example an iteration", {"gradients": "stochastic"}, "experiment-law", "slope", predicted=-1.0,
                why="one path, whose own slope scatters about −1"),
        Control("potential halved: twice the temperature", {"heat": 2.0}, "experiment-law", "slope"),
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-law", "slope"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-law", "slope"),
        Control("uniform weights", {"weights": 0.0}, "experiment-curve", "level",
                why="the entropy is then ahead by 1/t instead of 2/t"),
    ),
)  # fmt: skip

FULL_UNDER_BOUND = Claim(
    name="full-batch-output",
    statement="The bound O(1/T) also covers full batches, whose output average falls like log(T)/T²: Theorem 1's rate"
    " is not attained by them.",
    law=Law.power("T", "-1", direction="upper"),
    source=dual_averaging("Theorem 1, upper bound; that full batches are faster is derived and measured"),
    cases=BOUNDED,
    curve=Curve(bound, 1e-3, "the explicit bound, not the expectation"),
    experiment=Experiment(partial(full_batch_gaps, average=True), x=(32, 64, 128, 256, 512, 1024), axis="time",
                          numerical_error=1e-5),
    checks=(
        Check("experiment-law", "slope", Margin(0.08, bias=0.03, note="the bound's own slope on the window")),
        Check("experiment-curve", "bound", Margin(0.01)),
    ),
    controls=(
        Control("potential halved: twice the temperature", {"heat": 2.0}, "experiment-law", "slope"),
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-law", "slope"),
        Control("all gradients at the initial law", {"stale": True}, "experiment-law", "slope"),
    ),
)  # fmt: skip

ACCURACY = Claim(
    name="inner-accuracy",
    statement="With η_t = α/(16pL²(t+1)²) and T_t = log(2KL₀/δ_t)/(αη_t) Langevin steps, δ_t = (t+1)^-2, every inner"
    " loop ends within KL(q^(t+1)‖q_*^(t+1)) ≤ (t+1)^-2 of its target.",
    law=Law.identity("t", "1", direction="upper"),
    source=derived("KL_k ≤ e^(−αηk) KL_0 + 8ηpL²/α, a bound of Vempala & Wibisono 2019, recalled"),
    cases=tuple({"p": p, "warm": warm} for p in (2, 5) for warm in (1, 0)),
    experiment=Experiment(scaled_divergence, x=(2, 3, 5, 10, 30, 100, 300, 1000), axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "bound", Margin(0.0)),),
    controls=(
        Control("inner loops of 30 steps", {"schedule": "short"}, "experiment-law", "bound"),
        Control("inner loops of one step", {"schedule": "single"}, "experiment-law", "bound"),
        Control("inner loops of constant step size and length", {"schedule": "constant"}, "experiment-law", "bound"),
        Control("inner loops that grow like t", {"schedule": "linear"}, "experiment-law", "bound",
                why="enough for the rate in T, not for this accuracy"),
        Control("steps 1/t for a constant time", {"schedule": "inverse"}, "experiment-law", "bound",
                expect="consistent", why="the bias of Langevin dynamics in KL is of order η², not η as in the bound"),
    ),
    remark="For Gaussian targets the stationary bias is of order η², so that the schedule is more careful than it has"
    " to be: t² KL falls from 0.4 to 0.002.",
)  # fmt: skip

COMPLEXITY = Claim(
    name="complexity",
    statement="Dual averaging with the theory's inner loops reaches an expected gap ε of its random output within"
    " Õ(ε^-3) Langevin steps.",
    law=Law.power("x", "3", direction="upper", log_power="1 - warm"),
    source=dual_averaging("total complexity O(ε^-3); poster and a review, with Theorem 1 and the inner-loop corollary"),
    cases=tuple({"p": p, "warm": warm} for p in (2, 5) for warm in (1, 0)),
    experiment=Experiment(steps_to, x=tuple(2.0**i for i in range(5, 12)), axis="time", numerical_error=1e-3),
    checks=(Check("experiment-law", "slope", Margin(0.3)),),
    controls=(
        Control("accuracy (t+1)^-3", {"accuracy": 3.0}, "experiment-law", "slope", predicted=3.77),
        Control("accuracy (t+1)^-4", {"accuracy": 4.0}, "experiment-law", "slope", predicted=4.7),
        Control("weights s^(-3/4)", {"weights": -0.75}, "experiment-law", "slope", predicted=3.83,
                case={"p": 5, "warm": 1}),
        Control("steps 1/t for a constant time", {"schedule": "inverse"}, "experiment-law", "slope", expect="faster",
                predicted=1.88, why="ε^-2 is enough in practice: the theorem is one-sided"),
        Control("inner loops that grow like t", {"schedule": "linear"}, "experiment-law", "slope", expect="faster",
                predicted=1.92),
    ),
    remark="x = 1/ε. A cold start keeps a logarithm, which Õ hides and the law carries.",
)  # fmt: skip

EXPONENT = Claim(
    name="complexity-exponent",
    statement="Along the theory's schedule with warm starts the expected gap after N Langevin steps is of order"
    " N^(-1/3): 1/T outer iterations against Σ T_t ∝ T³ steps.",
    law=Law.power("N", "-1/3"),
    source=derived("by construction of the schedule"),
    cases=LINEAR,
    conditions=SUMMABLE,
    curve=Curve(expected_gap_after, 1e-9, EXACT_LAW),
    experiment=Experiment(gap_after, x=tuple(10.0 ** (8 + i / 2) for i in range(9)), axis="time", block=64,
                          pilot=Pilot(0.43, 0.14, 0.0003, 1.2)),
    checks=(
        Check("curve-law", "slope", Margin(0.005), x=tuple(10.0**i for i in range(8, 16))),
        Check("experiment-curve", "level", Margin(0.1)),
        Check("experiment-law", "slope", Margin(0.028, bias=0.01, note="the curve's own slope on the window")),
    ),
    controls=(
        Control("steps 1/t for a constant time", {"schedule": "inverse"}, "experiment-law", "slope", predicted=-0.5),
        Control("inner loops that grow like t", {"schedule": "linear"}, "experiment-law", "slope", predicted=-0.5),
        Control("accuracy (t+1)^-3", {"accuracy": 3.0}, "curve-law", "slope", predicted=-0.25),
        Control("weights s^(-3/4)", {"weights": -0.75}, "experiment-law", "slope", case=LINEAR[1]),
        Control("no averaging: the latest gradient alone", {"memory": "latest"}, "experiment-law", "slope",
                predicted=0.0014),
        Control("uniform weights, level", {"weights": 0.0}, "experiment-curve", "level"),
    ),
)  # fmt: skip

CLAIMS = (
    BOUND, OUTER, EXPECTED, OUTER_LINEAR, OUTPUT, OUTPUT_LINEAR, FULL, FULL_UNDER_BOUND, ACCURACY, COMPLEXITY, EXPONENT,
    *PARTICLE_CLAIMS,
)  # fmt: skip
