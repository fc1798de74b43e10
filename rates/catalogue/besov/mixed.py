"""Claims on mixed smoothness MB^s_{p,q}([0,1]^d): the dimension is in the logarithms only.

Worst cases over the unit ball for p = 2, where blocks of wavelets are orthogonal: a hyperbolic cross |k|_1 ≤ j leaves
energy 2^(−2sj) j^(2(d−1)u), u = (1/2 − 1/q)_+. For the L² error the recalled u = (1 − 1/q)_+ of the paper is an upper
bound that is not attained.
"""

from __future__ import annotations

from rates.catalogue.besov._mixed_problems import (
    approximation_error,
    cross_risk,
    crosses,
    expected_least_squares,
    least_squares,
    mean_of_scores,
    shell_bound,
)
from rates.catalogue.besov._sources import derived, mixed
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

RATE = "-2*s/(2*s + 1)"
LOGS = "(d - 1)*2*(s + u)/(2*s + 1)"
CASES = (
    {"d": 2, "s": 1, "q": 2, "u": 0},
    {"d": 2, "s": 1, "q": "∞", "u": "1/2"},
    {"d": 3, "s": 1, "q": "∞", "u": "1/2"},
    {"d": 3, "s": 2, "q": 2, "u": 0},
)
FAR = tuple(2.0**i for i in range(24, 121, 8))
TERMS = crosses(24, 120)
NEXT = "corrections of order log log n/log n"

APPROXIMATION = Claim(
    name="approximation",
    statement="The projection on N coefficients of a hyperbolic cross has L² error N^(−s) (log N)^((d−1)(s+u)) in the"
    " worst case over MB^s_(2,q).",
    law=Law.power("N", "-s", log_power="(d - 1)*(s + u)"),
    source=derived("block energies of the ball; Proposition of Suzuki 2019 on approximation is recalled, upper"),
    cases=CASES,
    experiment=Experiment(approximation_error, x=TERMS, axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.005, bias=0.015, note="log N is not j: corrections of order"
                  " log log N/log N")),),
    controls=(
        Control("a cube of frequencies", {"isotropic": True}, "experiment-law", "slope"),
        Control("a cube, d = 3", {"isotropic": True}, "experiment-law", "slope", case=CASES[2]),
        Control("smoother by 1/10", {"smoother": 0.1}, "experiment-law", "slope"),
        Control("rougher by 1/10", {"smoother": -0.1}, "experiment-law", "slope"),
    ),
)  # fmt: skip

RISK = Claim(
    name="sequence-rate",
    statement="The best hyperbolic cross has the risk n^(−2s/(2s+1)) (log n)^((d−1) 2(s+u)/(2s+1)) in the worst case.",
    law=Law.power("n", RATE, log_power=LOGS),
    source=mixed("estimation theorem: exponents without the (log n)² or (log n)³ of networks; u is derived here"),
    cases=CASES,
    experiment=Experiment(cross_risk, x=FAR, axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.003, bias=0.0045, note=NEXT)),),
    controls=(
        Control("a cube of frequencies", {"isotropic": True}, "experiment-law", "slope"),
        Control("one variable: no logarithm", {"plain": True}, "experiment-law", "slope"),
        Control("too few terms, N = n^(1/5)", {"kappa": 0.2}, "experiment-law", "slope"),
        Control("too many terms, N = n^(1/2)", {"kappa": 0.5}, "experiment-law", "slope"),
    ),
)  # fmt: skip

PAPER = Claim(
    name="paper-rate",
    statement="The risk over MB^s_(2,q) is at most of order n^(−2s/(2s+1)) (log n)^(2(d−1)(s+u)/(2s+1)) with u ="
    " (1 − 1/q)_+, up to the further logarithms of networks.",
    law=Law.power("n", RATE, log_power=LOGS, direction="upper"),
    source=derived("triangle inequality over blocks; Suzuki 2019 is recalled to have this u"),
    cases=({**CASES[1], "u": 1}, {**CASES[2], "u": 1}, {**CASES[0], "u": "1/2"}),
    experiment=Experiment(cross_risk, x=FAR, axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.003, bias=0.005, note=NEXT)),),
    controls=(
        Control("a cube of frequencies", {"isotropic": True}, "experiment-law", "slope"),
        Control("too few terms, N = n^(1/5)", {"kappa": 0.2}, "experiment-law", "slope"),
        Control("too many terms, N = n^(1/2)", {"kappa": 0.5}, "experiment-law", "slope"),
    ),
    remark="For p = 2 it is not attained in L²: (1/2 − 1/q)_+ is, see sequence-rate.",
)  # fmt: skip

LOWER = Claim(
    name="minimax-lower",
    statement="No estimator is better: random signs on the hardest shell |k|_1 = j have the Bayes risk n^(−2s/(2s+1))"
    " (log n)^((d−1) 2(s+u)/(2s+1)), which for q = 2 is the lower bound that the paper is recalled to have.",
    law=Law.power("n", RATE, log_power=LOGS),
    source=derived("exact Bayes risk of a hypercube; for u = 0 the bound of Suzuki 2019, recalled"),
    cases=CASES,
    experiment=Experiment(shell_bound, x=FAR, axis="time", numerical_error=1e-4),
    checks=(Check("experiment-law", "slope", Margin(0.002, bias=0.005, note=NEXT)),),
    controls=(
        Control("one block of the shell", {"plain": True}, "experiment-law", "slope"),
        Control("signs too low by 2^(−j/10)", {"smoother": 0.1}, "experiment-law", "slope"),
        Control("signs too low by 2^(−j/2)", {"smoother": 0.5}, "experiment-law", "slope"),
    ),
)  # fmt: skip

REGRESSION = Claim(
    name="regression",
    statement="Least squares on the cosines Π(1 + l_i) ≤ n^(1/(2s+1)) has the risk of the sequence model on random"
    " design, to first order in N/n.",
    law=Law.power("n", RATE, log_power=LOGS),
    source=derived("bias and variance of least squares"),
    cases=({"d": 2, "s": 1, "u": "1/2"}, {"d": 3, "s": 1, "u": "1/2"}),
    curve=Curve(expected_least_squares, 0.005, "bias and variance to first order in N/n"),
    experiment=Experiment(least_squares, x=(256, 512, 1024, 2048), estimand="control-variate",
                          control_mean=mean_of_scores, block=8, pilot=Pilot(0.04, 0.04, 0.15, 0.5)),
    checks=(Check("experiment-curve", "level", Margin(0.06, bias=0.02, note="second order in N/n")),),
    controls=(
        Control("too few terms", {"power": 0.2}, "experiment-curve", "level"),
        Control("too many terms", {"power": 0.5}, "experiment-curve", "level"),
        Control("a cube of as many terms", {"isotropic": True}, "experiment-curve", "level"),
        Control("noise of variance 2", {"noise": 2**0.5}, "experiment-curve", "level"),
    ),
)  # fmt: skip

CLAIMS = (APPROXIMATION, RISK, PAPER, LOWER, REGRESSION)
