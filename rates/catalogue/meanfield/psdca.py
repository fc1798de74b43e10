"""Particle stochastic dual coordinate ascent: exponential rates, scalings, and what sampling leaves of them.

One uniformly drawn coefficient of the Gibbs measure p[g] ∝ exp(−((1/n) Σ g_i h_i + λ₁‖θ‖²)/λ₂) is moved a step, with
z_i = E h_i under p[g]; y is the dual suboptimality D* − D(g_t) or the duality gap P(p[g_t]) − D(g_t), both from n
numbers.

E[D* − D] is heavy-tailed over replicates: one that has missed a coordinate dominates the mean, and the mean of a few
decays too fast. So windows are those of the predicted rates (log 2 over the slowest … log 1000 over the fastest), there
are 512 replicates a look, and the linearised method along the same coordinates, whose expectation is known, is a
control variate: it correlates to 0.99 and carries the tail. The particle run relies on the variate alone.
"""

from __future__ import annotations

from functools import partial

from rates.catalogue.meanfield._psdca_linear import steps_bound, steps_to, total_cost, total_cost_bound
from rates.catalogue.meanfield._psdca_problems import (
    bias_plateau,
    bias_response,
    bound,
    errors,
    linear_mean,
    particle_errors,
    plateau,
    plateau_mean,
    steps_in_size,
    steps_in_temperature,
    variate_mean,
)
from rates.catalogue.meanfield._sources import derived, dual_coordinate_ascent
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 512 replicates (128 of the plateaus and of the particle run) of a
# root seed that no check uses, largest of the cases, and 10 % more.
CASES = (
    {"loss": "squared", "n": 16, "temperature": "1/10", "gamma": 1},
    {"loss": "double", "n": 16, "temperature": "1/10", "gamma": "1/2"},
    {"loss": "logistic", "n": 16, "temperature": "1/10", "gamma": 4},
)
NEAR = {**CASES[0], "distance": "1/20"}
TIMES = (16, 34, 53, 72, 91, 110)
GUARANTEE = "log(1 - 1/(n + 1/(gamma*temperature)))"
SMOOTH = (Condition("gamma > 0", why="a loss with a kink has an infinite condition number: no exponential rate"),)
SECOND_MOMENTS = "map of second moments at the optimum"
SABOTAGES = (
    Control("steps of a tenth", {"scale": 0.1}, "experiment-law", "slope"),
    Control("half of the coordinates only", {"order": "half"}, "experiment-law", "slope", predicted=0.0),
    Control("ten particles an update", {"particles": 10}, "experiment-law", "slope"),
    Control("1/n forgotten in the Gibbs measure", {"unscaled": True}, "experiment-law", "slope", predicted=0.0),
    Control("cyclic coordinates", {"order": "cyclic"}, "experiment-law", "slope", expect="faster",
            why="not covered by the proof, and faster here"),
    Control("steps × 1.6", {"scale": 1.6}, "experiment-law", "slope", expect="faster",
            why="the guarantee is one-sided and the proximal step careful"),
    Control("the safe step", {"safe": True}, "experiment-law", "slope", expect="consistent", case=CASES[2],
            why="the proof is for this step"),
)  # fmt: skip

DUAL = Claim(
    name="dual-rate",
    statement="With exact integrals, |h| ≤ 1 and uniform coordinates the expected dual suboptimality after t steps is"
    " at most (1 − 1/(n + 1/(γλ₂)))^t times that at the start, γ taken from the loss.",
    law=Law.exponential("t", GUARANTEE, direction="upper"),
    source=dual_coordinate_ascent("exponential convergence, relaxed dependence on n; the constants are derived here"),
    cases=CASES,
    conditions=SMOOTH,
    curve=Curve(bound, 1e-8, "the bound, not the expectation"),
    experiment=Experiment(errors, x=TIMES, axis="time", estimand="control-variate", control_mean=variate_mean,
                          block=512, pilot=Pilot(0.29, 0.0103, 0.0004, 2.2)),
    checks=(
        Check("experiment-curve", "bound", Margin(0.05)),
        Check("experiment-law", "slope", Margin(0.003)),
    ),
    controls=(
        *SABOTAGES,
        Control("steps of a tenth, bound", {"scale": 0.1}, "experiment-curve", "bound"),
    ),
)  # fmt: skip

GAP = Claim(
    name="gap-rate",
    statement="The expected duality gap P(p[g_t]) − D(g_t) is at most (n + 1/(γλ₂)) (1 − 1/(n + 1/(γλ₂)))^t times the"
    " dual suboptimality at the start.",
    law=Law.exponential("t", GUARANTEE, direction="upper"),
    source=dual_coordinate_ascent("exponential convergence of the duality gap; the constants are derived here"),
    cases=CASES,
    conditions=SMOOTH,
    curve=Curve(partial(bound, gap=True), 1e-8, "the bound, not the expectation"),
    experiment=Experiment(partial(errors, gap=True), x=TIMES, axis="time", estimand="control-variate",
                          control_mean=partial(variate_mean, gap=True), block=512,
                          pilot=Pilot(0.28, 0.0099, 0.0004, 2.4)),
    checks=(
        Check("experiment-curve", "bound", Margin(0.05)),
        Check("experiment-law", "slope", Margin(0.003)),
    ),
    controls=(
        *SABOTAGES,
        Control("half of the coordinates only, bound", {"order": "half"}, "experiment-curve", "bound"),
    ),
)  # fmt: skip

ITERATIONS = Claim(
    name="iterations",
    statement="An expected duality gap of ε takes at most (n + 1/(γλ₂)) log((n + 1/(γλ₂)) (D* − D(0))/ε) steps; with"
    " linear neurons n + max‖x‖²/(2λ₁γ) takes the place of the condition number. The paper's number for particles is"
    " recalled to be twice that.",
    law=Law.power("x", "0", log_power="1", direction="upper"),
    source=derived("the bound of the duality gap, solved for t; ridge regression by dual coordinate ascent"),
    cases=({"p": 8}, {"p": 32}),
    curve=Curve(steps_bound, 1e-12, "the bound, not the number"),
    experiment=Experiment(steps_to, x=tuple(10.0**i for i in range(2, 13, 2)), axis="time", numerical_error=1e-6),
    checks=(
        Check("experiment-curve", "bound", Margin(0.0)),
        Check("experiment-law", "slope", Margin(0.02, bias=0.0125, note="the bound's own slope on the window")),
    ),
    controls=(
        Control("steps of a tenth", {"scale": 0.1}, "experiment-curve", "bound"),
        Control("steps of three tenths", {"scale": 0.3}, "experiment-curve", "bound", case={"p": 8}),
        Control("steps that fade like 1/t", {"fading": 0.2}, "experiment-law", "slope"),
        Control("steps × 1.6", {"scale": 1.6}, "experiment-curve", "bound", expect="consistent"),
    ),
    remark="x = 1/ε. Exact second moments of linear neurons, no sampling.",
)  # fmt: skip

COST = Claim(
    name="total-cost",
    statement="With M = V/(γε) particles an update and, every n updates, a refresh by the theory's Langevin steps, an"
    " expected dual suboptimality of ε takes Õ((n + V/(γλ₂)) M K) = Õ(ε^-2) evaluations of a neuron: T log(1/ε), M 1/ε"
    " and K log(1/ε)/ε.",
    law=Law.power("x", "2", log_power="2", direction="upper"),
    source=derived("T by the guarantee, M by the plateau, K by the bound of Langevin dynamics; the paper's own count is"
                   " not known"),
    cases=({"p": 8}, {"p": 32}),
    curve=Curve(total_cost_bound, 1e-9, "the same with the guarantees"),
    experiment=Experiment(total_cost, x=tuple(10.0**i for i in range(1, 7)), axis="time", numerical_error=1e-6),
    checks=(
        Check("experiment-curve", "bound", Margin(0.0)),
        Check("experiment-law", "slope", Margin(0.15, bias=0.02, note="the bound's own slope on the window")),
    ),
    controls=(
        Control("M of order ε^(-3/2)", {"cloud": 1.5}, "experiment-law", "slope", predicted=2.516),
        Control("Langevin steps of order ε^(3/2)", {"finer": 1.5}, "experiment-law", "slope", predicted=2.5155),
        Control("a refresh every update", {"period": 1 / 16}, "experiment-curve", "bound"),
        Control("steps of a tenth", {"scale": 0.1}, "experiment-curve", "bound"),
        Control("Langevin steps of order √ε", {"finer": 0.5}, "experiment-law", "slope", expect="faster",
                why="the bias in KL is of order η² for smooth potentials"),
    ),
    remark="x = 1/ε. Linear neurons: updates by exact second moments with the noise of M particles, refreshes by exact"
    " laws that start at KL = 1. Dual averaging has Õ(ε^-3) steps times M min(t, n).",
)  # fmt: skip

SHARP = Claim(
    name="sharp-rate",
    statement="E[D* − D(g_t)] follows the map of second moments E δδᵀ → M − (SAM + MAS)/n + diag(S² diag AMA)/n, A ="
    " C + K, K = Cov_{q*}(h)/(nλ₂), C = diag ℓ*″, next to the optimum; where K is small its rate is −log(1 − (1 −"
    " ρ²)/n), ρ = 1/(1 + nλ₂γ), which is 1 + ρ times the guarantee to first order.",
    law=Law.exponential("t", "log(1 - (1 - rho**2)/n)", where={"rho": "1/(1 + n*temperature*gamma)"}),
    source=derived("linearisation of the steps at the optimum"),
    cases=tuple({**case, "distance": distance} for case in CASES for distance in (1, "1/20")),
    conditions=SMOOTH,
    curve=Curve(linear_mean, 1e-9, SECOND_MOMENTS),
    experiment=Experiment(errors, x=TIMES, axis="time", estimand="control-variate", control_mean=variate_mean,
                          block=512, pilot=Pilot(0.018, 0.0103, 0.0004, 1.0)),
    checks=(
        Check("experiment-curve", "level", Margin(0.02, bias=0.005, note="−0.004 in a pilot of the logistic loss, of"
              " the order of the distance"), only="distance < 1"),
        Check("experiment-curve", "slope", Margin(0.0025, bias=0.0003, note="the start at zero is not in the linear"
              " region: 0.0002 in a pilot")),
        Check("experiment-law", "slope", Margin(0.0025, bias=0.001, note="K is not zero: the curve's own slope")),
    ),
    controls=(
        Control("steps of a tenth", {"scale": 0.1}, "experiment-law", "slope"),
        Control("steps of a tenth, against the curve", {"scale": 0.1}, "experiment-curve", "slope", predicted=0.0461),
        Control("steps × 0.9, level", {"scale": 0.9}, "experiment-curve", "level", predicted=0.1728, case=NEAR),
        Control("steps × 1.6, level", {"scale": 1.6}, "experiment-curve", "level", predicted=-0.0561, case=NEAR,
                why="the slowest direction is as fast as with full steps: the slope does not tell"),
        Control("cyclic coordinates", {"order": "cyclic"}, "experiment-law", "slope"),
        Control("half of the coordinates only", {"order": "half"}, "experiment-law", "slope", predicted=0.0),
        Control("ten particles an update", {"particles": 10}, "experiment-law", "slope"),
        Control("1/n forgotten in the Gibbs measure", {"unscaled": True}, "experiment-law", "slope", predicted=0.0),
    ),
    remark="At distance 1 the start is g = 0, where the logistic loss is not yet linear: a level of +0.24, the same"
    " slope.",
)  # fmt: skip

SIZE = Claim(
    name="scaling-n",
    statement="For n ≫ 1/(γλ₂) the steps to a fixed relative accuracy are proportional to n.",
    law=Law.power("n", "1"),
    source=derived("second moments next to the optimum; the paper's additive dependence on n"),
    experiment=Experiment(steps_in_size, x=(16, 24, 32, 48, 64, 96), axis="time", numerical_error=1e-6),
    checks=(
        Check("experiment-law", "slope", Margin(0.015, bias=0.015, note="corrections of relative order 1/n to −log(1 −"
              " 1/n) and of ρ")),
    ),
    controls=(
        Control("steps divided by √(n/16)", {"shrink": 0.5}, "experiment-law", "slope"),
        Control("steps divided by n/16", {"shrink": 1.0}, "experiment-law", "slope"),
        Control("λ₂ = 1/10, across the crossover", {"temperature": 0.1}, "experiment-law", "slope",
                why="1/(γλ₂) = 10 is then not small against n"),
        Control("λ₂ = 16/n", {"cooling": 1.0}, "experiment-law", "slope", expect="consistent",
                why="1/(γλ₂) then grows like n"),
    ),
    remark="λ₂ = 1, accuracy 1/1000 of the start, second moments of the linearised method (see sharp-rate).",
)  # fmt: skip

TEMPERATURE = Claim(
    name="scaling-temperature",
    statement="For 1/(γλ₂) ≫ n the steps to a fixed relative accuracy grow at most like 1/λ₂.",
    law=Law.power("x", "1", direction="upper"),
    source=derived("second moments next to the optimum; the paper's additive dependence on 1/(γλ₂)"),
    experiment=Experiment(steps_in_temperature, x=(120, 240, 480, 960), axis="time", numerical_error=1e-6),
    checks=(Check("experiment-law", "slope", Margin(0.05)),),
    controls=(
        Control("steps divided by x^(1/4)", {"shrink": 0.25}, "experiment-law", "slope", predicted=1.237),
        Control("steps divided by x^(1/2)", {"shrink": 0.5}, "experiment-law", "slope", predicted=1.487),
        Control("steps divided by x^(3/4)", {"shrink": 0.75}, "experiment-law", "slope", predicted=1.737),
    ),
    remark="x = 1/λ₂ from 30 n on, n = 4; a proximal step takes the worst-case curvature 1/(nλ₂).",
)  # fmt: skip

PLATEAU = Claim(
    name="particle-plateau",
    statement="With M independent particles an update E[D* − D] ends at the plateau of the map of second moments with"
    " noise S²Var(h)/(nM), which is exactly proportional to 1/M.",
    law=Law.power("M", "-1"),
    source=derived("second moments next to the optimum; the paper needs M of order 1/ε up to logarithms, recalled"),
    cases=CASES,
    curve=Curve(plateau_mean, 1e-9, SECOND_MOMENTS),
    experiment=Experiment(plateau, x=(32, 96, 288), block=32, pilot=Pilot(0.096, 0.08, 0.04, 0.6)),
    checks=(
        Check("experiment-curve", "level", Margin(0.08, bias=0.02, note="beyond the linear region: −0.01 in a pilot")),
        Check("experiment-law", "slope", Margin(0.08, bias=0.02, note="the same, larger for few particles")),
    ),
    controls=(
        Control("steps × 1.6", {"scale": 1.6}, "experiment-curve", "level"),
        Control("steps × 0.7", {"scale": 0.7}, "experiment-curve", "level"),
        Control("√M distinct particles", {"distinct": 0.5}, "experiment-law", "slope"),
        Control("1/n forgotten in the Gibbs measure", {"unscaled": True}, "experiment-law", "slope", predicted=0.0),
    ),
)  # fmt: skip

BIAS = Claim(
    name="bias-plateau",
    statement="An error e_i of every estimate of z_i leaves D* − D = eᵀ(C + K)⁻¹e/(2n) ≤ max e²/(2γ) in the end: a"
    " sampler with a bias of order η leaves a plateau of order η².",
    law=Law.power("e", "2"),
    source=derived("the fixed point z(g) + e = ℓ*′(g), to first order in e"),
    cases=(CASES[0], CASES[2]),
    curve=Curve(bias_response, 1e-9, "linear response"),
    experiment=Experiment(bias_plateau, x=(0.003, 0.01, 0.03, 0.1), axis="time", numerical_error=1e-6),
    checks=(
        Check("experiment-curve", "level", Margin(0.02, bias=0.005, note="second order in e: 0.011 at e = 1/10")),
        Check("experiment-law", "slope", Margin(0.02, bias=0.004, note="the same")),
    ),
    controls=(
        Control("an error of order √e", {"power": 0.5}, "experiment-law", "slope", predicted=1.0),
        Control("1/n forgotten in the Gibbs measure", {"unscaled": True}, "experiment-law", "slope", predicted=0.0),
        Control("half of the coordinates only", {"order": "half"}, "experiment-law", "slope", predicted=0.0),
        Control("an error of half of the data only", {"share": 0.5}, "experiment-curve", "level"),
        Control("steps × 1.6", {"scale": 1.6}, "experiment-curve", "level", expect="consistent",
                why="the fixed point does not depend on the steps"),
    ),
)  # fmt: skip

PARTICLES = Claim(
    name="particle-run",
    statement="With 500 particles, importance weights and a refresh by 40 warm-started Langevin steps every n steps the"
    " expected dual suboptimality still falls at least as fast as (1 − 1/(n + 1/(γλ₂)))^t, above the plateau.",
    law=Law.exponential("t", GUARANTEE, direction="upper"),
    source=dual_coordinate_ascent("particle method with importance weights, abstract; schedule of refreshes recalled"),
    cases=CASES[:1],
    conditions=SMOOTH,
    curve=Curve(bound, 1e-8, "the bound for exact integrals"),
    experiment=Experiment(particle_errors, x=TIMES, axis="time", estimand="control-variate",
                          control_mean=variate_mean, block=32, pilot=Pilot(0.073, 0.0022, 0.03, 1.0)),
    checks=(
        Check("experiment-curve", "bound", Margin(0.1)),
        Check("experiment-law", "slope", Margin(0.003)),
    ),
    controls=(
        Control("no importance weights", {"weighted": False}, "experiment-law", "slope"),
        Control("Langevin steps of size 1", {"step_size": 1.0}, "experiment-law", "slope"),
        Control("three particles", {"particles": 3}, "experiment-law", "slope"),
        Control("three particles, bound", {"particles": 3}, "experiment-curve", "bound",
                why="so are ten at the end, with a tail that 256 replicates do not always decide"),
        Control("no importance weights, bound", {"weighted": False}, "experiment-curve", "bound",
                why="a plateau far above that of the particles"),
        Control("two Langevin steps a refresh", {"steps": 2}, "experiment-law", "slope", expect="consistent",
                why="the start is warm"),
        Control("a refresh every 4n steps", {"epochs": 4}, "experiment-law", "slope", expect="consistent",
                why="the weights carry that far here"),
    ),
    remark="The window ends eight times above the plateau of 500 particles.",
)  # fmt: skip

CLAIMS = (DUAL, GAP, ITERATIONS, COST, SHARP, SIZE, TEMPERATURE, PLATEAU, BIAS, PARTICLES)
