"""Approximation by splines and by the ReLU networks that compute them: errors, sizes, and fits of the network.

Squared L² errors of N terms are measured exactly, with N the number of cells Π K_i of the finest level; the atoms that
reach over the boundary, m more a direction, are not counted. Targets sit on the boundary of their ball: tensor cosines
in the order of the space, with random signs, or (p < 2) levels of B-splines with weak-ℓ^p coefficients at random
places. The curve is the expectation over signs and places, so that windows and controls have known slopes.
"""

from __future__ import annotations

from rates.catalogue.besov import _approximation_fits as fits
from rates.catalogue.besov import _approximation_problems as problems
from rates.catalogue.besov._sources import anisotropic, derived
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 32 replicates of a root seed that no check uses, largest of the
# cases, and 10 % more; 96 replicates for the trained network.
MEAN = {"s": "1/(1 + 1/s2)"}
EXPECTATION = "expectation over the signs"

PRODUCT = Claim(
    name="product-error",
    statement="The largest error of the product network with i sawteeth over the unit square is 4^(−i)/4.",
    law=Law.exponential("i", "-2*log(2)"),
    source=derived("u(1 − u) is interpolated at multiples of 2^(−i); the lemma's bound is 2^(−i), restated"),
    curve=Curve(problems.exact_product_error),
    experiment=Experiment(problems.product_error, x=(2, 4, 6, 8, 10, 12, 14, 16, 18), axis="time",
                          numerical_error=1e-3),
    checks=(
        Check("experiment-curve", "bound", Margin(0.01)),
        Check("experiment-law", "slope", Margin(0.02)),
    ),
    controls=(
        Control("half of the sawteeth", {"share": 0.5}, "experiment-law", "slope", predicted=-0.6931),
        Control("six sawteeth whatever i", {"fixed": 6}, "experiment-law", "slope", predicted=0.0),
        Control("float32", {"single": True}, "experiment-law", "slope",
                why="beyond i = 11 the error is that of rounding"),
        Control("one sawtooth less", {"missing": 1}, "experiment-curve", "bound"),
        Control("a clip moved by 2^(−50)", {"guard": 2.0**-50}, "experiment-curve", "bound", expect="consistent",
                why="what makes tensor atoms exactly zero costs less than rounding"),
    ),
)  # fmt: skip

BOUND = Claim(
    name="product-bound",
    statement="A product of r factors by i sawteeth is off by at most 2^(−i) for r = 2 and 3^r 2^(−i) for more.",
    law=Law.exponential("i", "-log(2)", direction="upper"),
    source=derived("(r − 1) 4^(−i)/4 by induction over the tree; the lemma for two factors is Schmidt-Hieber's,"
                   " restated, 3^r 2^(−i) for more is recalled"),
    cases=({"factors": 2}, {"factors": 3}, {"factors": 5}),
    curve=Curve(problems.product_bound, 0.0, "the bound, not the error"),
    experiment=Experiment(problems.product_error, x=(4, 8, 12, 16, 20), axis="time", numerical_error=0.05),
    checks=(
        Check("experiment-curve", "bound", Margin(0.0)),
        Check("experiment-law", "slope", Margin(0.1)),
    ),
    controls=(
        Control("a quarter of the sawteeth", {"share": 0.25}, "experiment-law", "slope", predicted=-0.3466),
        Control("six sawteeth whatever i", {"fixed": 6}, "experiment-law", "slope", predicted=0.0),
        Control("six sawteeth whatever i, bound", {"fixed": 6}, "experiment-curve", "bound"),
        Control("half of the sawteeth", {"share": 0.5}, "experiment-curve", "bound", expect="consistent",
                why="the true order is 4^(−i)"),
        Control("a clip moved by 2^(−10)", {"guard": 2.0**-10}, "experiment-law", "slope", predicted=-0.0348,
                why="what the clip takes off stays, whatever i"),
        Control("a clip moved by 2^(−10), bound", {"guard": 2.0**-10}, "experiment-curve", "bound"),
    ),
    remark="The error is the largest over 4000 points, and for two factors over points where it is attained.",
)  # fmt: skip

SPLINES = Claim(
    name="network-equals-splines",
    statement="The constructive network differs from its spline series by C 4^(−i): two bits a sawtooth.",
    law=Law.exponential("i", "-2*log(2)"),
    source=derived("the error of the products times the condition of the sum of truncated powers"),
    cases=(
        {"degree": 3, "d": 2, "block": "powers"},
        {"degree": 2, "d": 1, "block": "powers"},
        {"degree": 4, "d": 2, "block": "powers"},
        {"degree": 3, "d": 2, "block": "recursion"},
    ),
    experiment=Experiment(problems.network_against_series, x=(4, 6, 8, 10, 12, 14, 16), axis="time",
                          numerical_error=1e-3),
    checks=(
        Check("experiment-law", "slope", Margin(0.04, bias=0.04, note="where the error is largest moves with i: ±20 %"
              " of a point")),
    ),
    controls=(
        Control("half of the sawteeth", {"share": 0.5}, "experiment-law", "slope", predicted=-0.6931),
        Control("eight sawteeth whatever i", {"fixed": 8}, "experiment-law", "slope", predicted=0.0),
        Control("float32", {"single": True}, "experiment-law", "slope"),
    ),
)  # fmt: skip

RATE = Claim(
    name="rate",
    statement="N tensor B-splines with resolutions N^(s̃/s_i) leave a squared L² error of order N^(−2s̃).",
    law=Law.power("N", "-2*s", where=MEAN),
    source=derived("linear approximation for p ≥ 2; the theorem's rate is recalled, its condition restated"),
    cases=({"s2": 2, "degree": 3}, {"s2": 3, "degree": 4}),
    curve=Curve(problems.projection_error_mean, 1e-3, EXPECTATION),
    experiment=Experiment(problems.projection_error, x=(128, 256, 512, 1024, 2048, 4096),
                          pilot=Pilot(0.016, 0.014, 0.08)),
    checks=(
        Check("experiment-curve", "level", Margin(0.04)),
        Check("experiment-curve", "slope", Margin(0.04)),
        Check("experiment-law", "slope", Margin(0.06, bias=0.041, note="the curve's own slope: splines of degree m"
              " resolve the lowest frequencies late")),
    ),
    controls=(
        Control("reversed resolutions", {"grid": "reversed"}, "experiment-law", "slope", predicted=-0.5582,
                why="min s_i s̃/s'_i: 2/3 in the limit"),
        Control("one resolution for both", {"grid": "isotropic"}, "experiment-law", "slope", predicted=-0.9562),
        Control("spline order too low", {"degree": 0}, "experiment-law", "slope", predicted=-0.7822,
                why="s_2 ∧ (m + 1) takes the place of s_2, at the same resolutions: 2/3 in the limit"),
        Control("one resolution for both, level", {"grid": "isotropic"}, "experiment-curve", "level"),
        Control("reversed resolutions, trend", {"grid": "reversed"}, "experiment-curve", "slope"),
    ),
    remark="s_1 = 1. The projection is exact: products of cosines and splines in closed form.",
)  # fmt: skip

SELECTED = Claim(
    name="adaptive-rate",
    statement="For p < 2 all atoms up to level log₂ N and the ⌈N 2^(−ν(b − log₂ N))⌉ largest of finer levels b leave a"
    " squared L² error of order N^(−2s̃).",
    law=Law.power("N", "-2*s", where={"s": "1/(1/s1 + 1/s2)"}),
    source=derived("error of the selection by levels; the scheme is Dũng's, recalled, as used by the theorem"),
    cases=({"s1": "3/2", "s2": 3, "p": "4/3"},),
    conditions=(Condition("1/(1/s1 + 1/s2) > 1/p - 1/2", why="the ball is otherwise not compact in L²"),
                Condition("p < 2", required=False, why="nothing needs to be selected otherwise")),
    curve=Curve(problems.selection_error_mean, 1e-9, "expectation over signs and places"),
    experiment=Experiment(problems.selection_error, x=(64, 512, 4096), pilot=Pilot(0.054, 0.039, 0.08)),
    checks=(
        Check("experiment-curve", "level", Margin(0.12)),
        Check("experiment-law", "slope", Margin(0.09, bias=0.026, note="the curve's own slope: few levels")),
    ),
    controls=(
        Control("no finer levels", {"choice": "none"}, "experiment-law", "slope", predicted=-1.487,
                why="2(s̃ − δ) = 3/2, what a linear scheme has"),
        Control("any atoms of finer levels", {"choice": "any"}, "experiment-law", "slope", predicted=-1.4866),
        Control("numbers that fall four times as fast", {"speed": 4.0}, "experiment-law", "slope", predicted=-1.7385),
        Control("no finer levels, level", {"choice": "none"}, "experiment-curve", "level"),
    ),
    remark="N is the budget: the series has at most 4N terms. Levels 0 … 12, 2^18 atoms, places and signs at random.",
)  # fmt: skip

NETWORK = Claim(
    name="network-rate",
    statement="The N-term ReLU network with i for an accuracy N^(−s̃)/log N has a squared L² error of order N^(−2s̃).",
    law=Law.power("N", "-2*s", where=MEAN),
    source=derived("splines and the error of the products; the theorem is restated, its sizes recalled"),
    cases=({"s2": 2, "degree": 3, "lowest": 32},),
    curve=Curve(problems.projection_error_mean, 1e-3, EXPECTATION + ", of the splines"),
    experiment=Experiment(problems.network_error, x=(64, 128, 256, 512, 1024), pilot=Pilot(0.04, 0.035, 0.07)),
    checks=(
        Check("experiment-curve", "level", Margin(0.08)),
        Check("experiment-law", "slope", Margin(0.1, bias=0.073, note="the curve's own slope")),
    ),
    controls=(
        Control("two sawteeth whatever N", {"bits": 2}, "experiment-law", "slope", predicted=0.0,
                why="the error of the products is then all there is"),
        Control("three sawteeth whatever N", {"bits": 3}, "experiment-law", "slope"),
        Control("reversed resolutions", {"grid": "reversed"}, "experiment-law", "slope", predicted=-0.4754),
        Control("one resolution for both", {"grid": "isotropic"}, "experiment-law", "slope", predicted=-0.9132),
        Control("three sawteeth, level", {"bits": 3}, "experiment-curve", "level"),
    ),
    remark="s = (1, 2); the network itself is evaluated, with shared blocks, at 1024 random points.",
)  # fmt: skip

COUNTED = derived("count of the compiled layers; the theorem's order is restated, its formulas recalled")
TERMS = (16, 32, 64, 128, 256, 512)

DEPTH = Claim(
    name="depth",
    statement="The compiled N-term network with i for an accuracy N^(−s̃)/log N has a depth of order log N at most.",
    law=Law.power("N", "0", log_power="1", direction="upper"),
    source=COUNTED,
    experiment=Experiment(fits.depth, x=TERMS, axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "slope", Margin(0.03)),),
    controls=(
        Control("√N sawteeth", {"power": 0.5}, "experiment-law", "slope", predicted=0.0796),
        Control("N sawteeth", {"power": 1.0}, "experiment-law", "slope", predicted=0.689),
        Control("terms one after the other", {"layout": "series"}, "experiment-law", "slope", predicted=0.8529),
    ),
)  # fmt: skip

NONZEROS = Claim(
    name="non-zeros",
    statement="The compiled N-term network has O(N log N) parameters that are not zero.",
    law=Law.power("N", "1", log_power="1", direction="upper"),
    source=COUNTED,
    cases=({"layout": "own"}, {"layout": "shared"}),
    experiment=Experiment(fits.nonzeros, x=TERMS, axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "slope", Margin(0.05)),),
    controls=(
        Control("squares in one hidden layer", {"shallow": True}, "experiment-law", "slope", predicted=1.7681,
                why="N^(1 + s̃) log N kinks: what depth saves"),
        Control("dense matrices", {"layout": "dense"}, "experiment-law", "slope", predicted=1.895),
        Control("squares in one hidden layer, against shared blocks", {"shallow": True}, "experiment-law", "slope",
                case={"layout": "shared"}, predicted=1.7681),
        Control("N sawteeth", {"power": 1.0}, "experiment-law", "slope", predicted=1.7578),
        Control("N sawteeth in shared blocks", {"power": 1.0}, "experiment-law", "slope", predicted=1.3992,
                case={"layout": "shared"}),
    ),
)  # fmt: skip

SHARING = Claim(
    name="parameter-sharing",
    statement="An N-term network whose atoms are copies of one block has O(N) free parameters; with blocks of their own"
    " it has N log N: sharing saves a logarithm, and no more.",
    law=Law.power("N", "1", direction="upper"),
    source=derived("count of the block's parameters, log N of them for an accuracy N^(−s̃)/log N; that sharing lowers"
                   " the complexity is in the abstract of Hayakawa and Suzuki (2020), read"),
    experiment=Experiment(fits.free_parameters, x=tuple(2**i for i in range(14, 25, 2)), axis="time",
                          numerical_error=1e-12),
    checks=(Check("experiment-law", "slope", Margin(0.02)),),
    controls=(
        Control("blocks of their own", {"tied": "none"}, "experiment-law", "slope", why="N log N"),
        Control("univariate blocks alone are shared", {"tied": "univariate"}, "experiment-law", "slope",
                why="a product an atom: N log N"),
        Control("all entries of the matrices", {"tied": "dense"}, "experiment-law", "slope", why="N² log N"),
    ),
    remark="A count, one-sided: what sharing does to a risk is within the logarithms, which are not measured.",
)  # fmt: skip

SIZES = Claim(
    name="sizes",
    statement="The compiled N-term network is no deeper than 3 + 2(i + 5)⌈log₂ max(d, m)⌉ and has at most"
    " ((L − 1)W₀² + 1)N parameters that are not zero, W₀ = 6dm(m + 2) + 2d.",
    law=Law.identity("N", "1", direction="upper"),
    source=COUNTED,
    cases=({"what": "depth"}, {"what": "non-zeros"}),
    curve=Curve(fits.prescribed_size, 0.0, "the prescribed size"),
    experiment=Experiment(fits.size, x=TERMS, axis="time", numerical_error=1e-12),
    checks=(Check("experiment-curve", "bound", Margin(0.0)),),
    controls=(
        Control("N sawteeth", {"power": 1.0}, "experiment-curve", "bound"),
        Control("terms one after the other", {"layout": "series"}, "experiment-curve", "bound"),
        Control("dense matrices", {"layout": "dense"}, "experiment-curve", "bound", case={"what": "non-zeros"}),
        Control("shared blocks", {"layout": "shared"}, "experiment-curve", "bound", expect="consistent",
                case={"what": "non-zeros"}),
    ),
)  # fmt: skip

REFITTED = Claim(
    name="refitted-risk",
    statement="The constructive network of N = n^(1/(2s̃ + 1)) atoms with its last layer refitted to n noisy samples has"
    " a risk of order n^(−2s̃/(2s̃ + 1)) at most.",
    law=Law.power("n", "-2*s/(2*s + 1)", direction="upper", where=MEAN),
    source=derived("bias and variance of least squares; the theorem is for the sparse network ERM, restated"),
    cases=({"s2": 2, "noise": "1/2"},),
    experiment=Experiment(fits.refitted_risk, x=(512, 2048, 8192), pilot=Pilot(0.14, 0.12, 0.14, 1.4)),
    checks=(Check("experiment-law", "slope", Margin(0.1)),),
    controls=(
        Control("one sawtooth", {"bits": 1}, "experiment-law", "slope", predicted=0.0),
        Control("two sawteeth", {"bits": 2}, "experiment-law", "slope"),
        Control("one piece in each direction", {"pieces": 1}, "experiment-law", "slope", predicted=0.0),
        Control("reversed resolutions", {"grid": "reversed"}, "experiment-law", "slope",
                why="N^(−2/3) in place of N^(−4/3): 0.40 in the limit"),
    ),
)  # fmt: skip

TRAINED = Claim(
    name="trained-risk",
    statement="A ReLU network trained by Adam with early stopping on n noisy samples has, on this window, a risk that"
    " falls at least like n^(−2s̃/(2s̃ + 1)).",
    law=Law.power("n", "-2*s/(2*s + 1)", direction="upper", where=MEAN),
    source=anisotropic("estimation rate of the sparse network ERM, without its logarithms; training is not covered"),
    cases=({"s2": 2, "noise": "1/2"},),
    experiment=Experiment(fits.trained_risk, x=(32, 128, 512), pilot=Pilot(0.29, 0.235, 0.2, 0.5)),
    checks=(Check("experiment-law", "slope", Margin(0.18)),),
    controls=(
        Control("two units a layer", {"width": 2}, "experiment-law", "slope"),
        Control("three steps", {"steps": 3}, "experiment-law", "slope", predicted=0.0),
        Control("shuffled labels", {"shuffled": True}, "experiment-law", "slope", predicted=-0.13,
                why="a plateau but for the variance of the fit: −0.13 in a pilot"),
    ),
    remark="One-sided evidence: no theorem says that Adam finds the ERM. Pilots: −0.602 ± 0.022; −0.59 ± 0.04 with 1000"
    " steps; −0.58 ± 0.03 from n = 128 to 2048.",
)  # fmt: skip

CLAIMS = (
    PRODUCT, BOUND, SPLINES, RATE, SELECTED, NETWORK, DEPTH, NONZEROS, SHARING, SIZES, REFITTED, TRAINED,
)  # fmt: skip
