"""Claims on particles: dual averaging that moves them, and how many a law needs."""

from __future__ import annotations

from functools import partial

from rates.catalogue.meanfield._pda_particles import cloud_error, cloud_variance, particle_gaps
from rates.catalogue.meanfield._sources import derived, dual_averaging
from rates.claim import Check, Claim, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 512 replicates (1024 of particle-run) of a root seed that no check
# uses, and 10 % more; controls of particle-run over 256.
PARTICLES = Claim(
    name="particle-run",
    statement="Dual averaging with 32 particles and Langevin inner loops η_t = (t+1)^-2, T_t = 4(t+1)², falls as fast"
    " as with exact inner loops on the same examples: particle noise enters the averaged gradients without bias.",
    law=Law.separation("t", "0", direction="sharp"),
    source=derived("the paper's finite-particle run against its mean-field limit"),
    experiment=Experiment(particle_gaps, x=(5, 7, 10, 14, 20), axis="time", estimand="separation", block=32,
                          pilot=Pilot(0.15, 0.24, 0.019, 0.5)),
    checks=(
        Check("experiment-law", "slope", Margin(0.12, bias=0.01, note="the laws of infinitely many particles give"
              " 0.002 ± 0.002, and 1 % of sampling noise in the gap at most 0.005")),
    ),
    controls=(
        Control("inner loops of one step", {"schedule": "single"}, "experiment-law", "slope", predicted=0.84),
        Control("inner loops of four steps", {"schedule": "short"}, "experiment-law", "slope", predicted=0.72),
        Control("particles that do not move", {"schedule": "frozen"}, "experiment-law", "slope", predicted=0.71,
                why="all gradients are then those of the initial law"),
        Control("steps 1/(t+1) instead of 1/(t+1)²", {"schedule": "inverse"}, "experiment-law", "slope",
                expect="consistent", why="the step-size bias enters the average at order log(t)/t only"),
    ),
)  # fmt: skip

CLOUD = Claim(
    name="particles",
    statement="The loss of M particles of a law is within O(M^(-1/2)) of that of the law, and so ε needs M = O(ε^-2)"
    " particles: E|ℓ(h_Θ) − ℓ(h_q)| ≤ 2 E|h_Θ − h_q| ≤ 2 M^(-1/2) for |ℓ′| ≤ 2, |h| ≤ 1.",
    law=Law.power("M", "-1/2", direction="upper", constant="2"),
    source=dual_averaging("finite-particle theorem, O(ε^-2) particles; the mechanism is derived"),
    experiment=Experiment(partial(cloud_error, measure="absolute"), x=(16, 64, 256, 1024, 4096), block=32,
                          pilot=Pilot(0.39, 0.18, 0.0005)),
    checks=(Check("experiment-law", "slope", Margin(0.08)), Check("experiment-law", "bound", Margin(0.1))),
    controls=(
        Control("√M distinct particles", {"distinct": 0.5}, "experiment-law", "slope", predicted=-0.25),
        Control("particles of the prior", {"source": "prior"}, "experiment-law", "slope", predicted=0.0),
        Control("particles of the prior, bound", {"source": "prior"}, "experiment-law", "bound"),
        Control("one particle in each of M shares of probability", {"stratified": True}, "experiment-law", "slope",
                expect="faster"),
    ),
)  # fmt: skip

CLOUD_SQUARED = Claim(
    name="particles-squared-loss",
    statement="For the squared loss the excess risk of M particles is Var/(2M) in the mean, so that M = O(1/ε) do.",
    law=Law.power("M", "-1"),
    source=derived("variance of a mean"),
    curve=Curve(cloud_variance, 1e-9, "mean variance of the neurons under q*, over 2M"),
    experiment=Experiment(cloud_error, x=(16, 64, 256, 1024, 4096), block=32, pilot=Pilot(0.82, 0.36, 0.0005, 2.1)),
    checks=(
        Check("experiment-curve", "level", Margin(0.15)),
        Check("experiment-law", "slope", Margin(0.1)),
    ),
    controls=(
        Control("√M distinct particles", {"distinct": 0.5}, "experiment-law", "slope", predicted=-0.5),
        Control("particles of the prior", {"source": "prior"}, "experiment-law", "slope", predicted=0.0),
        Control("one particle in each of M shares of probability", {"stratified": True}, "experiment-law", "slope"),
        Control("M^0.9 distinct particles", {"distinct": 0.9}, "experiment-curve", "level", predicted=0.554),
    ),
)  # fmt: skip

PARTICLE_CLAIMS = (PARTICLES, CLOUD, CLOUD_SQUARED)
