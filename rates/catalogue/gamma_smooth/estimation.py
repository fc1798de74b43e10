"""Claims on estimation in γ-smooth spaces: risks of projections, least squares and kernels that know the weights.

a stands for a† (a_1 if γ is mixed, 1/Σ(1/a_i) if anisotropic), v = (1/p − 1/2)_+. The theorem is about a network that
is fitted to n samples; here its last layer is, by least squares on the trigonometric functions that the layers before
compute: the same exponent without the logarithms of the network class. Worst cases are over the unit ball, noise has
variance 1.
"""

from __future__ import annotations

from rates.catalogue.gamma_smooth._estimation_problems import (
    block_law_risk,
    equal_weights,
    equal_weights_far,
    expected,
    expected_equal_weights,
    expected_ridge,
    fitted,
    hypercube,
    linear_lower,
    mean_of_scores,
    rank_risk,
    ridge_regression,
    worst_risk,
    worst_total,
)
from rates.catalogue.gamma_smooth._sources import derived, paper
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

RATE = "-2*(a - v)/(2*(a - v) + 1)"
SMOOTH_RATE = "-2*a/(2*a + 1)"
ALIKE = "-Min(a/(3*a + 1), 2*a*(1 - c)/(2*a + 1))"

MIXED = {"weights": "i^2", "kind": "mixed", "a": 1}
HALF = {"weights": "1/2*i^2", "kind": "mixed", "a": "1/2"}
OCTAVES = {"weights": "2^(i-1)", "kind": "mixed", "a": 1}
SQUARES = {"weights": "i^2", "kind": "anisotropic", "a": "6/pi^2"}
CUBES = {"weights": "i^3", "kind": "anisotropic", "a": "1/zeta(3)"}
GEOMETRIC = {"weights": "2^(i-1)", "kind": "anisotropic", "a": "1/2"}
PAIR = {"weights": "(1, 2)", "kind": "anisotropic", "a": "2/3"}
THIRDS = {"p": "4/3", "v": "1/4"}
SPIKES = {"p": 1, "v": "1/2"}

IN_L2 = Condition("a > v", why="v ≥ a†: not in L², no rate")
# in steps of 30 octaves, which are whole periods 2(a − v) + 1 of all mixed cases, so that n meets whole octaves alike
FAR = tuple(2.0**i for i in range(30, 301, 30))
FARTHER = tuple(2.0**i for i in range(60, 481, 30))
FARTHEST = tuple(2.0**i for i in range(240, 481, 30))
SPREAD = tuple(2.0 ** (22.5 * i) for i in range(1, 11))
PERIODS = tuple(2.0**i for i in range(6, 61, 6))
ORDERED = tuple(2.0**i for i in range(30, 136, 15))  # n^(1/5) and n^(1/3) are whole
LATE = tuple(2.0**i for i in range(40, 61, 4))
SIZES = (256, 1024, 4096, 16384)
WAVES = "whole octaves: the sets jump"

MIXED_RATE = Claim(
    name="mixed-rate",
    statement="For mixed smoothness the projection on {γ(s) < T}, T = a_1 log₂ n/(2(a_1−v)+1), has the risk"
    " n^(−2(a_1−v)/(2(a_1−v)+1)) in the worst case over the unit ball, in infinitely many variables.",
    law=Law.power("n", RATE),
    source=derived("bias and variance of the worst case, exact for p = 2; theorem 10.1 has level and exponent, with"
                   " logarithms, for ERM over networks, read"),
    cases=({**MIXED, "v": 0}, {**HALF, "v": 0}, {**OCTAVES, "v": 0}, {**MIXED, **THIRDS}, {**MIXED, **SPIKES}),
    conditions=(IN_L2,),
    curve=Curve(worst_risk, 1e-12, "squared bias and variance of the worst case"),
    experiment=Experiment(worst_total, x=FAR, axis="time", numerical_error=1e-9),
    checks=(
        Check("experiment-law", "slope", Margin(0.003, bias=0.0005, note="G(T) is P 2^(T/a_1) in the limit only")),
        Check("curve-law", "slope", Margin(0.01), x=FAR, undecidable="the factor (log n)^(2/q+2) max{(log n)^(4/q),"
              " (log n)^4} of the theorem is what its bound pays for the capacity of the network class: an upper bound,"
              " which least squares on the same functions does not have, and no n tells it from a power; the same holds"
              " for P as a factor of the risk"),
    ),
    controls=(
        Control("too few functions, T = log₂ n/5", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.4),
        Control("too many functions, T = log₂ n/2", {"kappa": 0.5}, "experiment-law", "slope", predicted=-0.5),
        Control("a_1 = a_2: P diverges", {"tied": "(1, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100)"}, "experiment-law",
                "slope", predicted=-0.6553, why="a factor log n more functions"),
        Control("weights read backwards", {"order": "reversed"}, "experiment-law", "slope", predicted=0.0,
                why="coordinate 1 never enters"),
        Control("sets of the anisotropic γ, their best T", {"order": "anisotropic", "kappa": 0.274367},
                "experiment-law", "slope", predicted=-0.5515, why="2^(ãT) functions: 2/(2 + ã) = 0.5487 in the limit"),
        Control("T of p = 2 for p = 1", {"kappa": 1 / 3}, "experiment-law", "slope", predicted=-0.3333,
                case={**MIXED, **SPIKES}),
        Control("v ≥ a_1", {"v": 1}, "experiment-law", "slope", expect="invalid", case={**MIXED, **SPIKES}),
    ),
    remark="For p < 2 the bias is Nikol'skii's inequality with its constant, 1; linear-lower has functions that attain"
    " its rate.",
)  # fmt: skip

ANISOTROPIC_RATE = Claim(
    name="anisotropic-rate",
    statement="For anisotropic smoothness the projection on {γ(s) < T}, T = a† log₂ n/(2(a†−v)+1), 1/a† = Σ 1/a_i, has"
    " the risk n^(−2(a†−v)/(2(a†−v)+1)) in the worst case over the unit ball.",
    law=Law.power("n", RATE),
    source=derived("bias and variance of the worst case, exact for p = 2; theorem 10.2 has level and exponent, with"
                   " logarithms, for ERM over networks, read"),
    cases=({**SQUARES, "v": 0}, {**GEOMETRIC, "v": 0}, {**PAIR, "v": 0}, {**PAIR, **THIRDS}, {**CUBES, **THIRDS}),
    conditions=(IN_L2,),
    experiment=Experiment(worst_total, x=FARTHER, axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.009, bias=0.004, note=WAVES)),),
    controls=(
        Control("too few functions, T = log₂ n/5", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.4),
        Control("too many functions, T = 2/5 log₂ n", {"kappa": 0.4}, "experiment-law", "slope", predicted=-0.3554,
                why="1 − ãκ = 0.342 in the limit"),
        Control("sets of the mixed γ", {"order": "mixed"}, "experiment-law", "slope", predicted=-0.2857,
                case={**PAIR, "v": 0}, why="interactions of energy 2^(−T) are left out"),
        Control("weights read backwards", {"order": "reversed"}, "experiment-law", "slope", predicted=-0.2857,
                case={**PAIR, "v": 0}, why="frequencies up to 2^(T/2) of coordinate 1 only"),
    ),
    remark="G(T) is smaller than 2^(ãT) by a factor that grows slower than any power, 2^(c T^(1/q)) for a_i = i^q: at"
    " the level of the theorem the variance is then below the bias, and the rate is that of the bias.",
)  # fmt: skip

BLOCK_LAW = Claim(
    name="block-law",
    statement="min_T {tail(T) + G(T)/n} of a function with ‖δ_s f‖ = 2^(−γ(s)) on every block falls like"
    " n^(−2a_1/(2a_1+1)), up to factors that grow slower than any power.",
    law=Law.power("n", SMOOTH_RATE),
    source=derived("sums over the levels of γ; the number of blocks on a level is the number of partitions of T"),
    cases=(MIXED, HALF, OCTAVES),
    experiment=Experiment(block_law_risk, x=FARTHEST, axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.004, bias=0.011, note="(log p)′ of the number p(T) of partitions"
                  " into squares, by its asymptotics: +0.0057 for a_1 = 1, +0.0101 for a_1 = 1/2")),),
    controls=(
        Control("too few functions, T = log₂ n/5", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.386),
        Control("too many functions, T = 2/5 log₂ n", {"kappa": 0.4}, "experiment-law", "slope", predicted=-0.6),
        Control("too many functions, T = log₂ n/2", {"kappa": 0.5}, "experiment-law", "slope", predicted=-0.5),
    ),
)  # fmt: skip

RANK_LAW = Claim(
    name="rank-law",
    statement="The projection on the first N = n^(1/(2a†+1)) functions in the order of γ has the risk"
    " (1 + 1/(2a†)) n^(−2a†/(2a†+1)) (1 + o(1)) if the j-th coefficient is j^(−(a†+1/2)).",
    law=Law.power("n", SMOOTH_RATE, constant="1 + 1/(2*a)"),
    source=derived("bias and variance in closed form"),
    cases=(MIXED, SQUARES, CUBES, GEOMETRIC),
    curve=Curve(rank_risk, 1e-10, "bias and variance in closed form"),
    checks=(
        Check("curve-law", "slope", Margin(0.005), x=ORDERED),
        Check("curve-law", "level", Margin(0.01), x=ORDERED),
    ),
    controls=(
        Control("too few terms, N = n^(1/5)", {"kappa": 0.2}, "curve-law", "slope", predicted=-0.4),
        Control("too few terms, a_i = i^2", {"kappa": 0.2}, "curve-law", "slope", predicted=-0.2432, case=SQUARES),
        Control("too many terms, N = n^(3/5)", {"kappa": 0.6}, "curve-law", "slope", predicted=-0.4),
        Control("no noise", {"noise": 1e-9}, "curve-law", "level", predicted=-1.0986, why="a third: only the bias"),
    ),
    remark="Anisotropic γ jumps at whole octaves, this order does not. The function is on the boundary of the space up"
    " to a factor that grows slower than any power of a norm.",
)  # fmt: skip

FINITE_N = Claim(
    name="finite-n-curve",
    statement="Least squares on {γ(s) < T} at the best T has the risk min_T {tail(T) + G(T)/n} on random design, to"
    " first order in G/n, n = 2^8 … 2^14.",
    law=Law.power("n", SMOOTH_RATE),
    source=derived("bias and variance of least squares on the functions of Theorem 10"),
    cases=({**MIXED, "law": "block"}, {**OCTAVES, "law": "block"}),
    curve=Curve(expected, 0.005, "exact tails; variance to first order in G/n"),
    experiment=Experiment(fitted, x=SIZES, axis="time", estimand="control-variate", control_mean=mean_of_scores,
                          block=8, pilot=Pilot(0.03, 0.03, 0.15, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.05)),
        Check("experiment-curve", "slope", Margin(0.05)),
        Check("experiment-law", "slope", Margin(0.04, bias=0.11, note="whole blocks, early levels"), undecidable="with"
              " whole blocks the slope of this curve over 2^8 … 2^14 is up to 0.1 from the law: rank-regression has no"
              " blocks, block-law goes far out"),
    ),
    controls=(
        Control("too few functions, T = 3/20 log₂ n", {"kappa": 0.15}, "experiment-curve", "slope",
                predicted=0.3068),
        Control("too many functions, T = 9/20 log₂ n", {"kappa": 0.45}, "experiment-curve", "level",
                predicted=0.4492),
        Control("weights read backwards", {"order": "reversed", "kappa": 1 / 3}, "experiment-curve", "level",
                predicted=2.7363),
        Control("sets of the anisotropic γ", {"order": "anisotropic", "kappa": 0.4}, "experiment-curve", "level",
                predicted=0.5202),
        Control("noise of variance 2", {"noise": 2**0.5}, "experiment-curve", "level", predicted=0.4512),
        Control("no noise", {"noise": 0.001}, "experiment-curve", "level", predicted=-0.9007),
    ),
)  # fmt: skip

RANKED = Claim(
    name="rank-regression",
    statement="Least squares on the first N = n^(1/(2a†+1)) functions in the order of γ has the risk n^(−2a†/(2a†+1))"
    " on random design, mixed and anisotropic: a linear estimator that knows the weights attains the exponents.",
    law=Law.power("n", SMOOTH_RATE),
    source=derived("bias and variance of least squares; theorem 10 has the exponents for ERM over networks, read"),
    cases=tuple({**case, "law": "rank"} for case in (MIXED, SQUARES, CUBES)),
    curve=Curve(expected, 0.005, "bias and variance to first order in N/n"),
    experiment=Experiment(fitted, x=tuple(2**i for i in range(9, 14)), axis="time", estimand="control-variate",
                          control_mean=mean_of_scores, block=8, pilot=Pilot(0.03, 0.03, 0.05, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.05)),
        Check("experiment-law", "slope", Margin(0.03, bias=0.02, note="rounding of N, and a target of 400 functions")),
    ),
    controls=(
        Control("too few functions, N = n^(1/5)", {"kappa": 0.2}, "experiment-law", "slope", predicted=-0.4457),
        Control("too many functions, N = n^(11/20)", {"kappa": 0.55}, "experiment-law", "slope", predicted=-0.4693),
        Control("weights read backwards", {"order": "reversed"}, "experiment-law", "slope",
                case={**SQUARES, "law": "rank"}, predicted=-0.0281),
        Control("order of the mixed γ", {"order": "mixed"}, "experiment-law", "slope",
                case={**SQUARES, "law": "rank"}, predicted=-0.4204),
        Control("no noise", {"noise": 0.001}, "experiment-curve", "level", predicted=-1.1593),
    ),
)  # fmt: skip

LOWER = Claim(
    name="minimax-lower",
    statement="For p = 2 no estimator is better: the Bayes risk of random signs on the hardest block, all of norm 1,"
    " falls like n^(−2a†/(2a†+1)).",
    law=Law.power("n", SMOOTH_RATE, direction="lower"),
    source=paper("text after Theorem 10: optimal up to logarithms at least for v = 0; exact Bayes risk derived here"),
    cases=(MIXED, HALF, PAIR, GEOMETRIC, SQUARES),
    experiment=Experiment(hypercube, x=FARTHER, axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.005, bias=0.014, note="for a_i = i² a block has"
                  " 2^(ãT − 1.46 T^(1/2)) functions")),),
    controls=(
        Control("signs lower by 2^(−Σ s_i/2)", {"steeper": 0.5}, "experiment-law", "slope", predicted=-0.75),
        Control("signs lower by 2^(−Σ s_i)", {"steeper": 1.0}, "experiment-law", "slope", predicted=-0.8),
        Control("the square root of the functions only", {"share": 0.5}, "experiment-law", "slope", predicted=-0.8333),
        Control("the same, anisotropic", {"share": 0.5}, "experiment-law", "slope", case=PAIR, predicted=-0.7857),
    ),
)  # fmt: skip

LINEAR_LOWER = Claim(
    name="linear-lower",
    statement="For p < 2 no linear estimator is better than the projection in the worst case: the Jensen bound of"
    " spikes at random places, 2^(−γ(s)) Π D_(s_i)(x_i − U_i)/‖D_(s_i)‖_p, falls like n^(−2(a†−v)/(2(a†−v)+1)).",
    law=Law.power("n", RATE, direction="lower"),
    source=derived("Jensen bound; D_s sums an octave of cosines, and attains Nikol'skii's inequality up to a constant"),
    cases=({**MIXED, **THIRDS}, {**MIXED, "p": "8/7", "v": "3/8"}, {**PAIR, **THIRDS}),
    conditions=(IN_L2,),
    experiment=Experiment(linear_lower, x=SPREAD, axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.006, bias=0.002, note=WAVES)),),
    controls=(
        Control("spikes whose place is known", {"known": True}, "experiment-law", "slope", predicted=-1.0),
        Control("spikes of norm 1 in L²", {"smooth": True}, "experiment-law", "slope", predicted=-0.6667),
        Control("the same, anisotropic", {"smooth": True}, "experiment-law", "slope", case={**PAIR, **THIRDS},
                predicted=-0.5714),
    ),
    remark="Over the whole ball the exponent of Theorem 10 for p < 2 is thus that of the best linear estimator; whether"
    " it is optimal among all estimators is not known here. The theorem bounds |f| as well: spikes are that small as"
    " long as a† p ≥ 1, in the mixed cases; for a = (1, 2) their height grows like 2^(T/8).",
)  # fmt: skip

KERNEL = Claim(
    name="weighted-kernel",
    statement="Ridge regression with the product kernel whose coordinates have the exponents 2a_i + 1, ridge σ²,"
    " attains n^(−2a_1/(2a_1+1)) on the mixed block law: linear, and told the weights.",
    law=Law.power("n", SMOOTH_RATE),
    source=derived("the kernel is the covariance of the target; deterministic equivalent of ridge regression"),
    cases=tuple({"weights": case["weights"], "a": case["a"]} for case in (MIXED, HALF)),
    curve=Curve(expected_ridge, 1e-8, "deterministic equivalent"),
    experiment=Experiment(ridge_regression, x=(64, 128, 256), block=8, pilot=Pilot(0.003, 0.004, 0.06, 1.0)),
    checks=(
        Check("curve-law", "slope", Margin(0.01), x=PERIODS),
        Check("experiment-curve", "level", Margin(0.02, bias=0.008, note="asymptotic in n: +0.003 in a pilot")),
    ),
    controls=(
        Control("ridge σ² n", {"power": 1.0}, "curve-law", "slope", predicted=0.0, why="a constant bias"),
        Control("ridge σ² n^(−1/2)", {"power": -0.5}, "curve-law", "slope", predicted=-0.5, why="1 − 1/2: variance"),
        Control("told twice the weights", {"smoother": 2.0}, "experiment-curve", "level"),
        Control("told half the weights", {"smoother": 0.5}, "experiment-curve", "level"),
        Control("ridge σ² n^(1/2), measured", {"power": 0.5}, "experiment-curve", "level", predicted=0.6976),
        Control("noise of variance 2", {"noise": 2**0.5}, "experiment-curve", "level", predicted=0.3969),
    ),
)  # fmt: skip

ALIKE_FAR = Claim(
    name="equal-weights-rate",
    statement="The product kernel that weighs D = n^c coordinates alike, Π (1 + k/D) with the oracle's ridge, has the"
    " rate min{a/(3a+1), (1−c) 2a/(2a+1)} on a target of one of them, for c > (2a+1)/(2(3a+1)).",
    law=Law.power("n", ALIKE),
    source=derived("deterministic equivalent: additive ridge regression has the second rate, pairs of coordinates that"
                   " are not learnt cost the first"),
    cases=({"a": 1, "c": "2/5"}, {"a": "1/2", "c": "9/20"}, {"a": "1/2", "c": "3/4"}),
    conditions=(Condition("c > (2*a + 1)/(2*(3*a + 1))", why="pairs of coordinates are then learnt, too"),),
    experiment=Experiment(equal_weights_far, x=LATE, axis="time", numerical_error=1e-6),
    checks=(Check("experiment-law", "slope", Margin(0.004, bias=0.0025, note="what is learnt of single coordinates, of"
                  " lower order: −0.2510, −0.2023, −0.1253 on this window")),),
    controls=(
        Control("coordinate known", {"power": 0.0}, "experiment-law", "slope", predicted=-0.6667),
        Control("n^(4/5) coordinates", {"power": 0.8}, "experiment-law", "slope", predicted=-0.1256,
                why="2/15 in the limit"),
        Control("n^(1/4) coordinates", {"power": 0.25}, "experiment-law", "slope", predicted=-0.3528),
        Control("n^(1/10) coordinates", {"power": 0.1}, "experiment-law", "slope", predicted=-0.41),
    ),
    remark="(1−c) 2a/(2a+1) alone is the rate of the additive kernel: interactions make a product kernel slower.",
)  # fmt: skip

ALIKE_MEASURED = Claim(
    name="equal-weights-measured",
    statement="On D = n^(1/2) coordinates ridge regression with equal weights has the risk of its deterministic"
    " equivalent.",
    law=Law.power("n", ALIKE, direction="upper"),
    source=derived("deterministic equivalent of ridge regression"),
    cases=({"a": 1, "c": "1/2"},),
    curve=Curve(expected_equal_weights, 1e-6, "deterministic equivalent, best ridge"),
    experiment=Experiment(equal_weights, x=(32, 64, 128, 256), block=8, pilot=Pilot(0.006, 0.008, 0.15, 1.0)),
    checks=(Check("experiment-curve", "level", Margin(0.03, bias=0.01, note="asymptotic in n")),),
    controls=(
        Control("coordinate known", {"power": 0.0}, "experiment-curve", "level", predicted=-1.0098),
        Control("half as many coordinates in the exponent", {"power": 0.25}, "experiment-curve", "level",
                predicted=-0.4692),
        Control("sixteen times the ridge", {"ridge": 16.0}, "experiment-curve", "level", predicted=0.4681),
        Control("a sixteenth of the ridge", {"ridge": 1 / 16}, "experiment-curve", "level", predicted=0.6003),
    ),
)  # fmt: skip

CLAIMS = (
    MIXED_RATE, ANISOTROPIC_RATE, BLOCK_LAW, RANK_LAW, FINITE_N, RANKED, LOWER, LINEAR_LOWER, KERNEL, ALIKE_FAR,
    ALIKE_MEASURED,
)  # fmt: skip
