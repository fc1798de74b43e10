"""Claims on finitely many Langevin particles: their free energy, their floor, and gradients of mini-batches."""

from __future__ import annotations

from rates.catalogue.meanfield._langevin_linear import particle_ratio
from rates.catalogue.meanfield._langevin_particles import (
    batch_bias,
    batch_leading,
    cloud_expected,
    cloud_suboptimality,
    reduced_expected,
    reduced_suboptimality,
)
from rates.catalogue.meanfield._langevin_problems import excess, excess_leading, excess_ratio
from rates.catalogue.meanfield._sources import derived
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 256 replicates of a root seed that no check uses, and 10 % more.
SETTINGS = ({"setting": "cold"}, {"setting": "warm"})
LATE = "1/N²: at most 0.005 at N = 16 by exact draws of the equilibrium"

EXCESS = Claim(
    name="excess-free-energy",
    statement="N particles in equilibrium exceed L(q*) by (λ/2N) log det(I + K) (1 + O(1/N)) in free energy a particle,"
    " K = Cov_{q*}(h)/(λn).",
    law=Law.power("N", "-1"),
    source=derived("Gaussian field; follow-ups of the paper have O(1/N)"),
    cases=SETTINGS,
    curve=Curve(excess_leading, 1e-9, "leading term in closed form"),
    experiment=Experiment(excess, x=(16, 64, 256, 1024), axis="time", numerical_error=1e-7),
    checks=(
        Check("experiment-curve", "level", Margin(0.01, bias=0.005, note="corrections of relative order 1/N")),
        Check("experiment-law", "slope", Margin(0.01, bias=0.005, note="corrections of relative order 1/N")),
    ),
    controls=(
        Control("noise of twice the temperature", {"hot": 2.0}, "experiment-curve", "level"),
        Control("N^(9/10) distinct particles", {"exponent": 0.9}, "experiment-law", "slope"),
        Control("N^(9/10) distinct particles, level", {"exponent": 0.9}, "experiment-curve", "level"),
        Control("√N distinct particles", {"exponent": 0.5}, "experiment-law", "slope"),
    ),
)  # fmt: skip

EXCESS_BOUND = Claim(
    name="excess-bound",
    statement="For every N the excess free energy is at most tr Cov_{q*}(h)/(2nN), without any logarithmic Sobolev"
    " constant.",
    law=Law.identity("N", "1", direction="upper"),
    source=derived("independent draws of q* as a trial law"),
    cases=SETTINGS,
    experiment=Experiment(excess_ratio, x=(2, 8, 32, 128), axis="time", numerical_error=1e-7),
    checks=(Check("experiment-law", "bound", Margin(0.0)),),
    controls=(
        Control("noise of twice the temperature", {"hot": 2.0}, "experiment-law", "bound"),
        Control("N^(9/10) distinct particles", {"exponent": 0.9}, "experiment-law", "bound"),
        Control("√N distinct particles", {"exponent": 0.5}, "experiment-law", "bound"),
    ),
)  # fmt: skip

FLOOR = Claim(
    name="particle-floor",
    statement="N particles in equilibrium have E[D(g*) − D(g_Θ)] = (λ/2N) tr K (1 + o(1)).",
    law=Law.power("N", "-1"),
    source=derived("N Cov(h_Θ) = λnK(I + K)^(-1) and the second variation of the dual; O(1/N) in follow-ups"),
    curve=Curve(cloud_expected, 1e-9, "leading term in 1/N, exact in the step size: 4 % more at η = 1/10"),
    experiment=Experiment(cloud_suboptimality, x=(16, 64, 256), block=32, pilot=Pilot(0.145, 0.146, 0.013, 0.6)),
    checks=(
        Check("experiment-curve", "level", Margin(0.08, bias=0.005, note=LATE)),
        Check("experiment-law", "slope", Margin(0.08, bias=0.01, note="1/N², and the bias of the steps that is left for"
              " infinitely many particles, 1.8 % at N = 256")),
    ),
    controls=(
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-curve", "level"),
        Control("particles that do not see each other", {"alone": True}, "experiment-curve", "level", predicted=0.414,
                why="tr((I + K)K) takes the place of tr K"),
        Control("particles that do not see each other, slope", {"alone": True}, "experiment-law", "slope",
                expect="consistent", why="any cloud has a floor of order 1/N: the constant tells"),
        Control("drift frozen at the initial law", {"frozen": True}, "experiment-law", "slope"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-law", "slope"),
        Control("the entropy of a kernel density estimate", {"density": True}, "experiment-law", "slope",
                predicted=-0.68, why="smoothing is what is seen: another power of N, ten times too high"),
    ),
    remark="Steps of η = 1/10 add 4 % to the constant, linearly in η, unlike the mean-field bias of order η².",
)  # fmt: skip

IN_TIME = Claim(
    name="particles-in-time",
    statement="N interacting particles have (1/N)L^N(q_t^N) − L(q*) ≤ e^(−2αλt) times its initial excess + (λ/2N) log"
    " det(I + K), the same for all t: propagation of chaos that is uniform in time.",
    law=Law.identity("t", "1", direction="upper"),
    source=derived("linear-Gaussian model, exact; O(1/N) uniformly in time is Suzuki, Wu and Nitanda 2023, abstract"
                   " read"),
    cases=tuple({"p": p, "l2": "3/10", "particles": n} for p in (3, 5) for n in (2, 100)),
    experiment=Experiment(particle_ratio, x=(0.5, 1, 2, 4, 8, 20), axis="time", numerical_error=1e-9),
    checks=(Check("experiment-law", "bound", Margin(1e-8)),),
    controls=(
        Control("noise of 1 % more temperature", {"heat": 1.01}, "experiment-law", "bound"),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-law", "bound"),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-law", "bound"),
    ),
    remark="The ratio tends to 1: the floor is exact.",
)  # fmt: skip

BATCHES = Claim(
    name="sgd-bias",
    statement="With mini-batches of B the stationary laws are off by η tr S/(4B) (1 + o(1)) in the mean, S the"
    " covariance of one example's gradient at q*: order η, where full gradients and SVRG have η².",
    law=Law.power("eta", "1"),
    source=derived("linear-Gaussian model, exact second moments; SGD and SVRG are variants of follow-ups"),
    cases=({"batch": 1}, {"batch": 4}),
    curve=Curve(batch_leading, 1e-9, "leading term in closed form"),
    experiment=Experiment(batch_bias, x=tuple(2.0**i for i in range(-11, -5)), axis="time", numerical_error=1e-7),
    checks=(
        Check("experiment-curve", "level", Margin(0.01, bias=0.01, note="next order in η")),
        Check("experiment-law", "slope", Margin(0.02, bias=0.01, note="next order in η")),
    ),
    controls=(
        Control("SVRG", {"gradients": "svrg"}, "experiment-law", "slope", why="its noise vanishes at the optimum"),
        Control("all examples", {"gradients": "full"}, "experiment-law", "slope"),
        Control("noise of 10 % more temperature", {"heat": 1.1}, "experiment-law", "slope"),
        Control("batches of twice the size", {"distinct": 2.0}, "experiment-curve", "level"),
    ),
)  # fmt: skip

REDUCED = Claim(
    name="svrg-particles",
    statement="N particles with SVRG gradients, one example a step and an anchor every n steps, have E[D(g*) −"
    " D(g_Θ)] of order 1/N as with full gradients, and exactly 1/N with linear neurons.",
    law=Law.power("N", "-1"),
    source=derived("linear-Gaussian model, exact second moments; O(1/N) with SGD and SVRG is Suzuki, Wu and Nitanda"
                   " 2023, abstract read"),
    curve=Curve(reduced_expected, 1e-9, "exact second moments of the cloud's mean"),
    experiment=Experiment(reduced_suboptimality, x=(8, 32, 128), block=32, pilot=Pilot(0.137, 0.13, 0.013, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.08)),
        Check("experiment-law", "slope", Margin(0.08)),
    ),
    controls=(
        Control("SGD", {"gradients": "sgd"}, "experiment-law", "slope", predicted=-0.4358, why="a floor of order η/B"),
        Control("SGD, batches of n", {"gradients": "sgd", "batch": 8}, "experiment-law", "slope", predicted=-0.829),
        Control("an anchor that is never refreshed", {"refresh": 10_000}, "experiment-law", "slope", predicted=-0.7168),
        Control("gradient and noise not rescaled, N = 100", {"speed": 0.01}, "experiment-law", "slope",
                predicted=-0.154),
        Control("noise of twice the temperature", {"heat": 2.0}, "experiment-curve", "level", predicted=0.6931),
        Control("all examples", {"gradients": "full"}, "experiment-law", "slope", expect="consistent",
                why="what SVRG stands in for"),
    ),
)  # fmt: skip

PARTICLE_CLAIMS = (EXCESS, EXCESS_BOUND, FLOOR, IN_TIME, BATCHES, REDUCED)
