"""Claims on mean-field Langevin dynamics: its exponential rate, promised and actual, and what discretisation costs.

Tanh neurons of one weight in three settings, `cold` (λ₁ = λ₂ = 1/10), `warm` (1/4, 1) and `logistic` (1/2, 1/2), whose
laws are followed by a finite-volume scheme without particles; linear neurons, whose laws are Gaussian; and particles.
Start: the prior moved by 1 unless something else is said.
"""

from __future__ import annotations

from rates.catalogue.meanfield._langevin_linear import (
    discretised_ratio,
    linear_bias,
    linear_gap,
    steps_bound,
    steps_to,
)
from rates.catalogue.meanfield._langevin_particle_claims import PARTICLE_CLAIMS
from rates.catalogue.meanfield._langevin_problems import (
    constant_ratio,
    duality_ratio,
    least_divergence,
    mass,
    promised_divergence,
    promised_gap,
    sandwich_ratio,
    shifted_gap,
    slowest_expected,
    slowest_gap,
    step_size_gap,
    worst_step,
)
from rates.catalogue.meanfield._sources import derived, langevin
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment
from rates.law import Law

SETTINGS = tuple({"setting": name} for name in ("cold", "warm", "logistic"))
TIMES = (1, 2, 3, 4, 5, 6)
FINE = tuple(2.0**i for i in range(2, 12))
SCHEME = 0.006  # of log gaps extrapolated in the time step, at t = 6 and the fastest of the rates
GRID = 0.04  # of log gaps at t = 8: the grid moves the fastest of the rates by less than 0.005

BOUND = Claim(
    name="exponential",
    statement="L(q_t) − L(q*) ≤ e^(−2αλt) (L(q_0) − L(q*)) if all proximal Gibbs measures along the path satisfy a"
    " logarithmic Sobolev inequality with the constant α.",
    law=Law.exponential("t", "-2*alpha*lamda", direction="upper"),
    source=langevin("Theorem 1, and independently Chizat 2022; constants by Holley and Stroock (oscillation), Bakry and"
                    " Émery (curvature), the paper"),
    cases=(
        {"setting": "warm", "certificate": "oscillation", "alpha": "0.1609", "lamda": 1},
        {"setting": "logistic", "certificate": "curvature", "alpha": "1.409", "lamda": "1/2"},
        {"setting": "logistic", "certificate": "oscillation", "alpha": "0.7900", "lamda": "1/2"},
        {"setting": "warm", "certificate": "paper", "alpha": "1.677/10**4", "lamda": 1},
        {"setting": "cold", "certificate": "paper", "alpha": "3.609/10**35", "lamda": "1/10"},
    ),
    curve=Curve(promised_gap, 1e-9, "the theorem's bound with a certified constant"),
    experiment=Experiment(shifted_gap, x=(*TIMES, 8), axis="time", numerical_error=GRID),
    checks=(
        Check("curve-law", "slope", Margin(1e-3), x=TIMES),
        Check("experiment-curve", "bound", Margin(0.0)),
    ),
    controls=(
        Control("noise √(2η) for √(2λη)", {"heat": 2.0}, "experiment-curve", "bound",
                case={"setting": "logistic", "certificate": "curvature", "alpha": "1.409", "lamda": "1/2"}),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-curve", "bound"),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-curve", "bound"),
        Control("drift frozen at the initial law", {"frozen": True}, "experiment-curve", "bound"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-curve", "bound"),
    ),
    remark="The rates 2αλ are 0.32, 1.41, 0.79, 3.4e-4 and 7e-36, the actual ones 1.29, 2.11, 2.11, 1.29 and 0.77: the"
    " paper's constant promises next to nothing unless the temperature is high.",
)  # fmt: skip

DIVERGENCE = Claim(
    name="least-divergence",
    statement="Some time s ≤ t has λ² KL(q_s‖p_{q_s}) ≤ e^(−2αλ(t−1)) (L(q_0) − L(q*))/(2α), for t ≥ 1.",
    law=Law.exponential("t", "-2*alpha*lamda", direction="upper"),
    source=langevin("Corollary 1; the dissipation of L, integrated over the last unit of time"),
    cases=BOUND.cases[:3],
    curve=Curve(promised_divergence, 1e-9, "the corollary's bound with a certified constant"),
    experiment=Experiment(least_divergence, x=(*TIMES, 8), axis="time", numerical_error=GRID),
    checks=(
        Check("curve-law", "slope", Margin(1e-3), x=TIMES),
        Check("experiment-curve", "bound", Margin(0.0)),
    ),
    controls=(
        Control("noise √(2η) for √(2λη)", {"heat": 2.0}, "experiment-curve", "bound", case=BOUND.cases[1]),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-curve", "bound"),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-curve", "bound", case=BOUND.cases[1]),
        Control("drift frozen at the initial law", {"frozen": True}, "experiment-curve", "bound", case=BOUND.cases[1]),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-curve", "bound"),
    ),
)  # fmt: skip

EQUALITY = Claim(
    name="exponential-attained",
    statement="With linear neurons α = 2λ'/λ, and a mean that is off in a direction without data makes the gap fall"
    " exactly like e^(−2αλt) = e^(−4λ't): Theorem 1 is attained.",
    law=Law.exponential("t", "-4*l2"),
    source=derived("linear-Gaussian model; the rate is that of Theorem 1 of Nitanda, Wu and Suzuki 2022"),
    cases=({"p": 3, "l2": "3/10"}, {"p": 5, "l2": "1/2"}),
    conditions=(Condition("p > 2", why="two data points leave no direction without data"),),
    experiment=Experiment(linear_gap, x=(0.5, 1, 2, 4, 6, 8), axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.001)),),
    controls=(
        Control("a direction with data", {"start": "row"}, "experiment-law", "slope"),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-law", "slope"),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-law", "slope"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-law", "slope",
                predicted=-0.012),
        Control("Euler steps of 1/4", {"eta": 0.25}, "experiment-law", "slope", why="faster at first, then a floor"),
        Control("a hundred particles", {"particles": 100.0}, "experiment-law", "slope",
                why="their floor is (λ/2N) log det(I + K)"),
    ),
)  # fmt: skip

DISCRETISED = Claim(
    name="discretised",
    statement="After k Euler steps of infinitely many particles the gap is at most δ_η/(2αλ) + e^(−αληk) (L(q_0) −"
    " L(q*)), δ_η = 4L²(η²G² + 2λdη).",
    law=Law.identity("k", "1", direction="upper"),
    source=langevin("Theorem 2; δ_η from Lipschitz constants is derived"),
    cases=tuple({"p": p, "l2": "3/10", "eta": eta} for p in (3, 5) for eta in ("1/500", "1/20")),
    experiment=Experiment(discretised_ratio, x=(1, 10, 100, 1000, 3000, 10000), axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "bound", Margin(0.0)),),
    controls=(
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-law", "bound"),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-law", "bound"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-law", "bound"),
    ),
    remark="The ratio ends at 2e-4 for η = 1/20 and 1e-5 for 1/500: the bias is of order η², not η as in the bound.",
)  # fmt: skip

ITERATIONS = Claim(
    name="iterations",
    statement="With η = O(αλε) the gap of infinitely many particles is at most ε after log(2(L(q_0) − L*)/ε)/(αλη)"
    " Euler steps, O(log(1/ε)/(εα²λ²)) of them.",
    law=Law.power("x", "1", log_power="1", direction="upper"),
    source=langevin("Corollary 2; its constants are derived: δ_η/(2αλ) is half of ε"),
    cases=({"p": 3, "l2": "3/10"}, {"p": 5, "l2": "1/2"}),
    curve=Curve(steps_bound, 1e-9, "the bound, not the number"),
    experiment=Experiment(steps_to, x=tuple(10.0**i for i in range(1, 7)), axis="time", numerical_error=1e-6),
    checks=(
        Check("experiment-curve", "bound", Margin(0.0)),
        Check("experiment-law", "slope", Margin(0.1, bias=0.05, note="the bound's own slope on the window")),
    ),
    controls=(
        Control("step sizes of order ε^(3/2)", {"power": 1.5}, "experiment-law", "slope", predicted=1.4974),
        Control("step sizes of order ε²", {"power": 2.0}, "experiment-law", "slope", predicted=1.9974),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-curve", "bound"),
        Control("step sizes of order √ε", {"power": 0.5}, "experiment-law", "slope", expect="faster",
                why="the bias is of order η², so that √ε is enough: the corollary is one-sided"),
    ),
    remark="x = 1/ε. The number is a fifth to a third of the bound: the actual rate is twice αλη.",
)  # fmt: skip

MASS = Claim(
    name="mass",
    statement="The finite-volume scheme keeps the mass of a law.",
    law=Law.identity("t", "1"),
    source=derived("the columns of its generator sum to zero, with no flux at the ends"),
    cases=SETTINGS,
    experiment=Experiment(mass, x=(0.5, 1, 2, 5, 10), axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "bound", Margin(1e-10)),),
    controls=(
        Control("central differences at the nodes", {"scheme": "central"}, "experiment-law", "bound"),
        Control("central differences, domain cut at a quarter", {"scheme": "central", "reach": 0.25}, "experiment-law",
                "bound"),
        Control("open ends, domain cut at a quarter", {"scheme": "open", "reach": 0.25}, "experiment-law", "bound"),
        Control("domain cut at a quarter, no flux at the ends", {"reach": 0.25}, "experiment-law", "bound",
                expect="consistent", why="a law on a smaller domain, of another problem, but a law"),
    ),
)  # fmt: skip

DISSIPATION = Claim(
    name="dissipation",
    statement="Implicit steps of any size, the potential taken at their own end, lower the objective.",
    law=Law.identity("s", "1", direction="upper"),
    source=derived("detailed balance and convexity of F"),
    cases=(
        {"setting": "cold", "start": "shifted"}, {"setting": "cold", "start": "slowest"},
        {"setting": "warm", "start": "shifted"}, {"setting": "logistic", "start": "shifted"},
    ),
    experiment=Experiment(worst_step, x=(0.05, 0.5, 5, 50), axis="time", numerical_error=1e-6),
    checks=(Check("experiment-law", "bound", Margin(0.0)),),
    controls=(
        Control("the potential of the start of a step", {"lagged": True}, "experiment-law", "bound"),
        Control("central differences at the nodes", {"scheme": "central"}, "experiment-law", "bound",
                case={"setting": "cold", "start": "slowest"}),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-law", "bound",
                case={"setting": "cold", "start": "slowest"}),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-law", "bound",
                case={"setting": "cold", "start": "slowest"}),
    ),
    remark="The largest ratio of consecutive gaps in 20 steps of size s.",
)  # fmt: skip

SANDWICH = Claim(
    name="entropy-sandwich",
    statement="λ KL(q‖q*) ≤ L(q) − L(q*) ≤ λ KL(q‖p_q) at every time.",
    law=Law.identity("t", "1", direction="upper"),
    source=derived("convexity of F and the variational characterisation of p_q and q*"),
    cases=tuple(one | {"side": side} for one in SETTINGS for side in ("lower", "upper")),
    experiment=Experiment(sandwich_ratio, x=(0.05, 0.5, *TIMES), axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "bound", Margin(0.0)),),
    controls=(
        Control("p_q at the initial law", {"reference": "initial"}, "experiment-law", "bound",
                case={"setting": "warm", "side": "lower"}),
        Control("q* for p_q", {"reference": "optimum"}, "experiment-law", "bound",
                case={"setting": "warm", "side": "upper"}),
        Control("p_q for q*", {"reference": "proximal"}, "experiment-law", "bound",
                case={"setting": "warm", "side": "lower"}),
        Control("twice the temperature", {"temperature": 2.0}, "experiment-law", "bound",
                case={"setting": "warm", "side": "lower"}),
        Control("half the temperature", {"temperature": 0.5}, "experiment-law", "bound",
                case={"setting": "warm", "side": "upper"}),
    ),
    remark="The ratios lie between 0.22 and 0.90.",
)  # fmt: skip

DUALITY = Claim(
    name="duality",
    statement="L(q) − D(g_q) = λ KL(q‖p_q) with g_q,i = ∂_z ℓ(h_q(x_i), y_i).",
    law=Law.identity("t", "1"),
    source=langevin("Theorem 3"),
    cases=SETTINGS,
    experiment=Experiment(duality_ratio, x=(0.05, 0.5, 1, 2, 3), axis="time", numerical_error=1e-11),
    checks=(Check("experiment-law", "bound", Margin(1e-9)),),
    controls=(
        Control("dual at the proximal Gibbs measure", {"lag": True}, "experiment-law", "bound"),
        Control("q* for p_q", {"reference": "optimum"}, "experiment-law", "bound"),
        Control("p_q at the initial law", {"reference": "initial"}, "experiment-law", "bound"),
        Control("temperature off by 1e-6", {"temperature": 1 + 1e-6}, "experiment-law", "bound"),
    ),
)  # fmt: skip

SHARP = Claim(
    name="local-rate",
    statement="Near q* the gap falls like e^(−2μt), where μ is the smallest positive eigenvalue of 𝓛*(λ + 𝒦): the"
    " generator at q* times the second variation of L.",
    law=Law.exponential("t", "-2*mu"),
    source=derived("second-order expansion at q*; eigenproblem on the nodes"),
    cases=(
        {"setting": "cold", "mu": "0.3834"},
        {"setting": "warm", "mu": "0.6473"},
        {"setting": "logistic", "mu": "1.0528"},
    ),
    curve=Curve(slowest_expected, 1e-9, "rate of the eigenproblem, from the initial gap"),
    experiment=Experiment(slowest_gap, x=TIMES, axis="time", numerical_error=SCHEME),
    checks=(
        Check("experiment-curve", "slope", Margin(0.005)),
        Check("experiment-curve", "level", Margin(0.02)),
    ),
    controls=(
        Control("noise √(2η) for √(2λη)", {"heat": 10.0}, "experiment-curve", "slope"),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-curve", "slope"),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "experiment-curve", "slope"),
        Control("drift frozen at the initial law", {"frozen": True}, "experiment-curve", "slope"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-curve", "slope"),
        Control("a start that excites other directions", {"start": "shifted"}, "experiment-curve", "slope"),
        Control("the rate of times before 1/(2μ)", {"start": "shifted", "early": 20.0}, "experiment-curve", "slope",
                why="a transient, here faster"),
    ),
    remark="Start: q*(1 + f₁/1000) with the eigenfunction f₁. Where the next eigenvalue is close (cold: 0.4501) any"
    " other start shows it for a long time. The grid moves 2μ by less than 2e-3 of itself.",
)  # fmt: skip

CONSTANTS = Claim(
    name="lsi-constants",
    statement="Certified logarithmic Sobolev constants lie below the spectral gap of q*; the paper's is (2λ'/λ)"
    " e^(−4C₁C₅/λ), Holley and Stroock's (2λ'/λ) e^(−2C₁C₅/λ) or, with the actual oscillation, (2λ'/λ) e^(−osc).",
    law=Law.identity("x", "1", direction="upper"),
    source=langevin("lemma on the constant; the versions of Holley and Stroock are derived"),
    cases=tuple({"certificate": name} for name in ("oscillation", "uniform", "paper")),
    experiment=Experiment(constant_ratio, x=(0.5, 1, 2, 5, 10), axis="time", numerical_error=0.01),
    checks=(Check("experiment-law", "bound", Margin(0.0)),),
    controls=(
        Control("the constant without a tilt", {"certificate": "gaussian"}, "experiment-law", "bound"),
        Control("the exponent with the wrong sign", {"certificate": "inverse"}, "experiment-law", "bound"),
        Control("the exponent times λ instead of over it", {"certificate": "product"}, "experiment-law", "bound"),
    ),
    remark="x = 1/λ. Of the spectral gap the paper's constant is 2e-2 at λ = 2, 3.5e-4 at 1, 6e-18 at 1/5 and 4e-35 at"
    " 1/10; with the actual oscillation it is 0.86, 0.74, 0.22 and 0.04.",
)  # fmt: skip

BIAS = Claim(
    name="step-size-bias",
    statement="The stationary law of Euler steps η is off by Θ(η²) in the objective and in the dual objective, where"
    " the theorem has O(η).",
    law=Law.power("eta", "2"),
    source=derived("found by measurement; exact in the linear-Gaussian model"),
    cases=(
        {"setting": "cold", "measure": "primal"},
        {"setting": "cold", "measure": "dual"},
        {"setting": "logistic", "measure": "primal"},
    ),
    experiment=Experiment(step_size_gap, x=(0.0125, 0.025, 0.05, 0.1), axis="time", numerical_error=1e-6),
    checks=(Check("experiment-law", "slope", Margin(0.03, bias=0.03, note="next order in η")),),
    controls=(
        Control("noise of 1 % more temperature", {"hot": 1.01}, "experiment-law", "slope"),
        Control("L2 drift without its factor 2", {"weak": 0.5}, "experiment-law", "slope"),
        Control("drift frozen at the initial law", {"frozen": True}, "experiment-law", "slope"),
    ),
)  # fmt: skip

BIAS_LINEAR = Claim(
    name="step-size-bias-linear",
    statement="With linear neurons the stationary law of Euler steps η is off by λp(ηλ')²/4 (1 + o(1)).",
    law=Law.power("x", "-2", constant="p*l2**2/20"),
    source=derived("s*_η = λ/(2λ'(1 − ηλ'))"),
    cases=({"p": 3, "l2": "3/10"}, {"p": 5, "l2": "1/2"}),
    curve=Curve(linear_bias, 1e-7, "closed form"),
    checks=(
        Check("curve-law", "slope", Margin(0.005), x=FINE),
        Check("curve-law", "level", Margin(0.005), x=FINE),
    ),
    controls=(
        Control("noise of twice the temperature", {"heat": 2.0}, "curve-law", "slope", predicted=0.0),
        Control("L2 drift without its factor 2", {"shrink": 0.5}, "curve-law", "slope", predicted=0.0),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "curve-law", "level", predicted=-9.21),
    ),
    remark="x = 1/η; λ = 1/5.",
)  # fmt: skip

CLAIMS = (
    BOUND, DIVERGENCE, EQUALITY, DISCRETISED, ITERATIONS, MASS, DISSIPATION, SANDWICH, DUALITY, SHARP, CONSTANTS, BIAS,
    BIAS_LINEAR, *PARTICLE_CLAIMS,
)  # fmt: skip
