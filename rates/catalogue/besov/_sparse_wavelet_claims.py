"""Claims on wavelet coefficients in weak ℓ^p: n^(-2α/(2α+1)) by thresholding, n^(-β/(β+d)) for whatever is linear."""

from __future__ import annotations

from functools import partial

from rates.catalogue.besov._sources import derived
from rates.catalogue.besov._sparse_wavelet_problems import (
    both_risks,
    cube_bounds,
    cube_risks,
    grid_errors,
    grid_linear_risk,
    grid_threshold_risk,
    linear_risks,
    threshold_risks,
)
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

SPARSE = (
    Condition("p > 0", why="a quasi-norm"), Condition("p < 2", why="α = 1/p − 1/2 must be positive"),
    Condition("beta > 0", why="the class must be bounded in L²"),
)  # fmt: skip
APART = (*SPARSE, Condition("beta < (2/p - 1)*d", why="else the tail condition binds, and linear estimators do"))
ALPHA = {"alpha": "1/p - 1/2"}
CASES = (
    {"p": "1/2", "beta": 1, "d": 1}, {"p": 1, "beta": "1/2", "d": 1}, {"p": 1, "beta": 1, "d": 2},
    {"p": "1/2", "beta": 1, "d": 2},
)  # fmt: skip
LINE = ({"p": "1/2", "beta": 1}, {"p": 1, "beta": "1/2"})
FAR = tuple(2**k for k in range(24, 39, 2))
DEPTH = (
    "Not depth but choosing coefficients by what is seen, non-linearity in the data, is what helps; sharing one wavelet"
    " block among all atoms makes a network smaller and changes logarithms only."
)

THRESHOLD = Claim(
    name="sparse-threshold",
    statement="Hard thresholding at σ√(2c log n/n) of n^c candidates has the risk (n/log n)^(-2α/(2α+1)) on the"
    " boundary of the sparse class, c = max(1, 2αd/(β(2α+1))).",
    law=Law.power("n", "-2*alpha/(2*alpha + 1)", log_power="2*alpha/(2*alpha + 1)", where=ALPHA),
    source=derived("N terms leave N^(-2α) and cost N log(n)/n; the paper's bound for deep ERM has the same exponent,"
                   " recalled"),
    cases=CASES,
    conditions=APART,
    experiment=Experiment(threshold_risks, x=FAR, numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.01, bias=0.01, note="pilots: 0.756 for 3/4")),),
    controls=(
        Control("a threshold without its logarithm", {"log": 0.0}, "experiment-law", "slope"),
        Control("the best linear estimator", {"method": "linear"}, "experiment-law", "slope"),
        Control("n^(1/2) candidates only", {"reach": 0.5}, "experiment-law", "slope",
                why="the tail n^(-β/(2d)) is left out"),
        Control("n² candidates, a threshold for n", {"reach": 2.0, "log": 0.5}, "experiment-law", "slope",
                why="false positives dominate"),
        Control("n candidates where more are needed", {"reach": 1.0}, "experiment-law", "slope", case=CASES[3],
                why="the tail n^(-β/d) is left out"),
    ),
    remark="Exact risks in the sequence model. " + DEPTH,
)  # fmt: skip

FLOOR = Claim(
    name="sparse-floor",
    statement="No estimator has a worst-case risk below c n^(-2α/(2α+1)) over the sparse class with β < 2αd.",
    law=Law.power("n", "-2*alpha/(2*alpha + 1)", direction="lower", where=ALPHA),
    source=derived("cube of n^(p/2) coefficients ±σ/√n on one level, in the class if β < 2αd (Assouad)"),
    cases=CASES[:3],
    conditions=APART,
    curve=Curve(cube_bounds, 1e-9, "Bayes risk on the cube"),
    experiment=Experiment(cube_risks, x=FAR, numerical_error=1e-9),
    checks=(
        Check("curve-law", "slope", Margin(0.005), x=FAR),
        Check("experiment-curve", "bound", Margin(0.01)),
    ),
    controls=(
        Control("a fixed number of coefficients", {"spikes": 64.0}, "curve-law", "slope", predicted=-1.0),
        Control("coefficients of size 1/n", {"finer": 1.0}, "curve-law", "slope", predicted=-1.5),
        Control("an oracle that knows the places and has four times the samples", {"method": "oracle", "more": 4.0},
                "experiment-curve", "bound"),
        Control("an oracle that knows the places", {"method": "oracle"}, "experiment-curve", "bound",
                expect="consistent", why="the signs are what is hard on this cube"),
    ),
    remark="A minimax statement: the hardest functions move with n. Thresholding is measured at the corners.",
)  # fmt: skip

LINEAR = Claim(
    name="sparse-linear",
    statement="The least average risk of linear estimators, for coefficients of the sparse class at random places, is"
    " of order n^(-β/(β+d)), and shrinking level by level attains it.",
    law=Law.power("n", "-beta/(beta + d)"),
    source=derived("eigenvalues E_m/2^(dm) with multiplicity 2^(dm) in the Jensen sum; the rate for d = 1 is recalled"
                   " from the paper"),
    cases=CASES[:3],
    conditions=APART,
    experiment=Experiment(linear_risks, x=tuple(2**k for k in range(24, 61, 6)), numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.015, bias=0.005, note="whole coefficients on a level")),),
    controls=(
        Control("places fixed and known", {"places": "known"}, "experiment-law", "slope",
                why="then the linear slope is that of non-linear estimators: places must be random"),
        Control("places fixed and known, d = 1", {"places": "known"}, "experiment-law", "slope", case=CASES[1]),
        Control("a heavier tail, β = 1/2", {"beta": 0.5}, "experiment-law", "slope", predicted=-0.3333),
        Control("places fixed and known, d = 2", {"places": "known"}, "experiment-law", "slope", case=CASES[2]),
        Control("n^(1/3) coefficients kept as they are", {"kept": 1 / 3}, "experiment-law", "slope", predicted=-0.3299),
        Control("n^(5/6) coefficients kept as they are", {"kept": 5 / 6}, "experiment-law", "slope", predicted=-0.1667),
    ),
    remark=DEPTH,
)  # fmt: skip

REGRESSION = Claim(
    name="sparse-regression",
    statement="On a grid of n = 2^J points, with random places and signs, the thresholded Haar series has the exact"
    " risk of the sequence model.",
    law=Law.power("n", "-2*alpha/(2*alpha + 1)", log_power="2*alpha/(2*alpha + 1)", where=ALPHA),
    source=derived("the transform is orthonormal, so that noise stays white; d = 1"),
    cases=LINE,
    conditions=(*SPARSE, Condition("beta < 2/p - 1")),
    curve=Curve(grid_threshold_risk, 1e-9, "exact risk with n candidates, and the constant"),
    experiment=Experiment(grid_errors, x=tuple(2**k for k in (8, 10, 12, 14, 16)), block=8,
                          pilot=Pilot(0.24, 0.11, 0.005, 0.8)),
    checks=(
        Check("experiment-curve", "level", Margin(0.1)),
        Check("experiment-curve", "slope", Margin(0.1)),
    ),
    controls=(
        Control("a threshold without its logarithm", {"log": 0.0}, "experiment-curve", "slope"),
        Control("no threshold", {"method": "raw"}, "experiment-curve", "slope"),
        Control("levels shrunk, which is linear", {"method": "linear"}, "experiment-curve", "slope"),
        Control("coefficients of another system, db2", {"wavelet": "db2"}, "experiment-curve", "level",
                why="the target is not sparse there"),
    ),
    remark="PyWavelets, periodised. " + DEPTH,
)  # fmt: skip

SHRINKAGE = Claim(
    name="sparse-shrinkage",
    statement="On a grid of n = 2^J points, shrinking the Haar coefficients level by level has the risk of the Jensen"
    " sum, of order n^(-β/(β+1)).",
    law=Law.power("n", "-beta/(beta + 1)"),
    source=derived("the factors are E_m/(E_m + 2^m σ²/n); levels that the grid has not have next to no energy"),
    cases=LINE,
    conditions=(*SPARSE, Condition("beta < 2/p - 1")),
    curve=Curve(grid_linear_risk, 1e-9, "Jensen sum"),
    experiment=Experiment(partial(grid_errors, method="linear"), x=tuple(2**k for k in (8, 10, 12, 14, 16)), block=8,
                          pilot=Pilot(0.095, 0.044, 0.005, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.05)),
        Check("experiment-law", "slope", Margin(0.04, bias=0.016, note="whole coefficients on a level")),
    ),
    controls=(
        Control("thresholding, which is not linear", {"method": "threshold"}, "experiment-law", "slope"),
        Control("no shrinkage", {"method": "raw"}, "experiment-law", "slope", predicted=0.0),
        Control("thresholding, level", {"method": "threshold"}, "experiment-curve", "level"),
        Control("a threshold without its logarithm", {"method": "threshold", "log": 0.0}, "experiment-law", "slope"),
    ),
)  # fmt: skip

SEPARATION = Claim(
    name="sparse-separation",
    statement="For β < 2αd thresholding falls faster than the best linear estimator of the same target, by"
    " n^(β/(β+d) − 2α/(2α+1)), up to a logarithm.",
    law=Law.separation("n", "beta/(beta + d) - 2*alpha/(2*alpha + 1)", where=ALPHA),
    source=derived("the two rates; that linear estimators are suboptimal under strong sparsity is in the abstract"),
    cases=CASES,
    conditions=APART,
    experiment=Experiment(both_risks, x=FAR, estimand="separation", numerical_error=1e-9),
    checks=(Check("experiment-law", "slope",
                  Margin(0.01, bias=0.035, note="(log n)^(2α/(2α+1)) flattens thresholding by that over log n")),),
    controls=(
        Control("the best linear estimator against itself", {"method": "linear"}, "experiment-law", "slope",
                predicted=0.0),
        Control("places fixed and known to the linear estimator", {"places": "known"}, "experiment-law", "slope"),
        Control("a threshold without its logarithm", {"log": 0.0}, "experiment-law", "slope", predicted=0.5),
        Control("β = 2αd", {"beta": 3.0}, "experiment-law", "slope", why="then the slopes meet"),
    ),
    remark=DEPTH,
)  # fmt: skip

MEET = Claim(
    name="no-separation",
    statement="For β ≥ 2αd the tail condition binds, and thresholding and the best linear estimator have the same"
    " rate n^(-β/(β+d)), up to a logarithm.",
    law=Law.separation("n", "0", direction="sharp"),
    source=derived("coefficients of one size fill every level: both rates are then β/(β+d)"),
    cases=({"p": 1, "beta": 1, "d": 1}, {"p": 1, "beta": 2, "d": 1}, {"p": "1/2", "beta": 6, "d": 2}),
    conditions=(*SPARSE, Condition("beta >= (2/p - 1)*d", why="else non-linear estimators are faster")),
    experiment=Experiment(both_risks, x=FAR, estimand="separation", numerical_error=1e-9),
    checks=(Check("experiment-law", "slope", Margin(0.01, bias=0.035, note="the logarithm of thresholding")),),
    controls=(
        Control("β = αd: sparse after all", {"beta": 0.5}, "experiment-law", "slope"),
        Control("a smaller p: sparse after all", {"p": 0.5}, "experiment-law", "slope"),
        Control("a threshold without its logarithm", {"log": 0.0}, "experiment-law", "slope"),
    ),
    remark="The honest counterpart: without strong sparsity nothing is gained over linear estimators.",
)  # fmt: skip

WAVELETS = (THRESHOLD, FLOOR, LINEAR, REGRESSION, SHRINKAGE, SEPARATION, MEET)
