"""Scattered important coordinates: a dilated convolution picks them, what an ordinary one sees is too short.

Sorted, the smoothness of the coordinates is a_{i_j} = j^q (weak-ℓ^q norm 1) at places of which only a_i = Ω(log i) is
known. L' layers of width 3 with dilations 1, 3, 9, … have one-hot filters for every place up to 3^{L'}: counted
sizes, the same error as with ordered coordinates, and what is learnt when the place must be found as well, by exact ERM
over one-hot filters or by Adam. m is log₂ n, places are drawn anew by every replicate.
"""

from __future__ import annotations

from rates.catalogue.gamma_smooth import _dilated_problems as problems
from rates.catalogue.gamma_smooth._sources import derived, paper
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 24 to 96 replicates of root seeds that no check uses, largest of
# the cases, and 10 % more.
LOGARITHMS = (64, 128, 256, 512, 1024)
WHOLE = "whole numbers of coordinates: j^q < T ends up to (j + 1)^q − j^q below T"
SIZES = paper("Theorems 13 and 14, sizes of the convolution part: L' ∼ T ∼ log n, W' = 3, C' ∼ T^(1/q), B' ∼ 1")
PLACED = Condition("q > 0", why="the weak-ℓ^q norm needs q > 0")
RATE = {"a": 1}

FIELD = Claim(
    name="receptive-field",
    statement="L' layers of width 3 with dilations 3^(l − 1) let exactly the coordinates 1, …, 3^(L') reach the"
    " output.",
    law=Law.exponential("L", "log(3)"),
    source=paper("section 3, dilated convolution; the dilation, printed once as W'L'−1, is W'^(l−1)"),
    curve=Curve(problems.whole_field, 0.0, "3^L'"),
    experiment=Experiment(problems.field_size, x=(1, 2, 3, 4, 5, 6), axis="time", numerical_error=1e-12),
    checks=(
        Check("experiment-curve", "level", Margin(0.001)),
        Check("experiment-law", "slope", Margin(0.01)),
    ),
    controls=(
        Control("dilation 1 in every layer", {"base": 1}, "experiment-law", "slope", predicted=0.2842, why="2L' + 1"),
        Control("dilations 2^(l−1)", {"base": 2}, "experiment-law", "slope", predicted=0.7442, why="2^(L'+1) − 1"),
        Control("filters of width 2", {"base": 2, "width": 2}, "experiment-law", "slope", predicted=0.6931),
        Control("dilation 1 in every layer, level", {"base": 1}, "experiment-curve", "level"),
    ),
)  # fmt: skip

FILTERS = Claim(
    name="filters",
    statement="Filters of width W' = 3 with entries of size B' = 1 suffice at every n.",
    law=Law.identity("m", "value"),
    source=SIZES,
    cases=({"what": "width", "value": 3}, {"what": "magnitude", "value": 1}),
    experiment=Experiment(problems.filters, x=(24, 48, 96), axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "level", Margin(0.001)),),
    controls=(
        Control("one ordinary layer", {"digits": "ordinary"}, "experiment-law", "level",
                why="it must be as wide as the last place, n^(κ/3 · log 3/log 2)"),
        Control("digits in base 2", {"base": 2}, "experiment-law", "level", predicted=-0.4055, why="W' = 2"),
        Control("filters that take means", {"blurred": True}, "experiment-law", "level", predicted=-1.0986,
                case={"what": "magnitude", "value": 1}),
    ),
    remark="The filters are built and their entries looked at; q = 2.",
)  # fmt: skip

CHANNELS = Claim(
    name="channels",
    statement="The convolution part has C' = T^(1/q) channels, of order (log n)^(1/q), at T = m/3.",
    law=Law.power("m", "1/q"),
    source=SIZES,
    cases=({"q": 2}, {"q": 1}, {"q": "3/2"}),
    conditions=(PLACED,),
    experiment=Experiment(problems.channels, x=LOGARITHMS, axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "slope", Margin(0.02, bias=0.046, note=WHOLE)),),
    controls=(
        Control("weak norm of half the power", {"decay": 0.5}, "experiment-law", "slope", predicted=1.006, why="2/q"),
        Control("weak norm of twice the power", {"decay": 2.0}, "experiment-law", "slope", predicted=0.2585,
                why="1/(2q)"),
        Control("weak norm of twice the power, q = 1", {"decay": 2.0}, "experiment-law", "slope", case={"q": 1},
                why="1/(2q)"),
        Control("coordinates in order", {"growth": "ordered"}, "experiment-law", "slope", expect="consistent",
                why="their places do not change their number"),
    ),
)  # fmt: skip

LAYERS = Claim(
    name="layers",
    statement="The convolution part has L' = ⌈log_3 max i_j⌉ layers, of order T and of log n, where a_i = Ω(log i).",
    law=Law.power("m", "1"),
    source=SIZES,
    cases=({"q": 1, "what": "layers"}, {"q": "3/2", "what": "layers"}),
    conditions=(PLACED,),
    experiment=Experiment(problems.size, x=LOGARITHMS, axis="time", pilot=Pilot(0.023, 0.03, 0.01)),
    checks=(Check("experiment-law", "slope", Margin(0.04, bias=0.042, note=WHOLE + "; the last place is about half of"
                  " the possible ones")),),
    controls=(
        Control("a_i = Ω((log i)^(1/2)) only", {"growth": "root"}, "experiment-law", "slope", predicted=2.0125,
                why="places up to 3^(T²/2)"),
        Control("coordinates in order", {"growth": "ordered"}, "experiment-law", "slope", predicted=0.2322,
                why="log log n: the theorem's depth is for scattered places"),
        Control("dilation 1 in every layer", {"layout": "undilated"}, "experiment-law", "slope",
                why="max i_j/2 layers, a power of n"),
    ),
)  # fmt: skip

ENTRIES = Claim(
    name="entries",
    statement="The filters of the convolution part have C'W' + (L' − 1)C'²W' entries, of order (log n)^(1 + 2/q).",
    law=Law.power("m", "1 + 2/q"),
    source=derived("L'C'²W' with the sizes of theorems 13 and 14"),
    cases=({"q": 1, "what": "entries"}, {"q": "3/2", "what": "entries"}),
    conditions=(PLACED,),
    experiment=Experiment(problems.size, x=LOGARITHMS, axis="time", pilot=Pilot(0.026, 0.033, 0.01)),
    checks=(Check("experiment-law", "slope", Margin(0.05, bias=0.116, note=WHOLE)),),
    controls=(
        Control("one ordinary layer", {"layout": "ordinary"}, "experiment-law", "slope",
                why="C' max i_j entries, a power of n"),
        Control("dilation 1 in every layer", {"layout": "undilated"}, "experiment-law", "slope"),
        Control("a_i = Ω((log i)^(1/2)) only", {"growth": "root"}, "experiment-law", "slope", why="2 + 2/q"),
        Control("weak norm of twice the power", {"decay": 2.0}, "experiment-law", "slope", why="1 + 1/q"),
    ),
)  # fmt: skip

PICKED = Claim(
    name="same-error",
    statement="The series of all blocks γ(s) < T behind the dilated convolution has, at scattered places, the error"
    " that it has with ordered coordinates.",
    law=Law.identity("T", "1"),
    source=derived("the filters pick coordinates exactly; Theorem 13, read, prints its first error with the exponent"
                   " (1 − 1/a)^T, which must read −(1 − v/a)T"),
    cases=({"kind": "mixed"}, {"kind": "anisotropic"}),
    experiment=Experiment(problems.picked_error, x=(2, 4, 6), axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "level", Margin(0.001)),),
    controls=(
        Control("dilation 1 in every layer", {"digits": "undilated"}, "experiment-law", "level"),
        Control("a layer too few", {"digits": "short"}, "experiment-law", "level"),
        Control("digits in base 2", {"digits": "wrong"}, "experiment-law", "level"),
        Control("one wide ordinary layer", {"digits": "ordinary"}, "experiment-law", "level", expect="consistent",
                why="it picks the same, with filters as wide as the last place"),
    ),
    remark="Squared errors at the same 256 points, p = 2; a_j = j^(3/2), places among 729.",
)  # fmt: skip

WINDOW = (128, 256, 512, 1024)
SPARSE = Claim(
    name="sparse-risk",
    statement="Least squares on N = (n/σ²)^(1/(2a + 1)) functions of what the dilated convolution picks has a risk of"
    " order n^(−2a/(2a + 1)), with a = a_(i_1) (mixed) or 1/ã (anisotropic).",
    law=Law.power("n", "-2*a/(2*a + 1)"),
    source=derived("bias and variance of least squares; Theorem 14, read, is an upper bound for ERM over networks, with"
                   " logarithms"),
    cases=(
        {"kind": "mixed", "q": 1, "a": 1, "noise": "1/5"},
        {"kind": "anisotropic", "q": 2, "a": "0.6079271", "noise": "1/2"},
    ),
    conditions=(Condition("a > 0", why="ã must be finite"),),
    curve=Curve(problems.sparse_risk_mean, 0.02, "bias and variance for known coordinates, random design"),
    experiment=Experiment(problems.sparse_risk, x=WINDOW, pilot=Pilot(0.21, 0.175, 0.05)),
    checks=(
        Check("curve-law", "slope", Margin(0.02), undecidable="the theorem's (log n)^(2/q + 2) max{(log n)^(4/q),"
              " (log n)^4} moves a slope by about 1 at any n in reach, and the estimator here does not have it"),
        Check("experiment-curve", "level", Margin(0.25)),
        Check("experiment-law", "slope", Margin(0.18, bias=0.054, note="the curve's own slope: 512 coefficients, and"
              " n/(n − N − 1)")),
    ),
    controls=(
        Control("dilation 1 in every layer", {"digits": "undilated"}, "experiment-law", "slope", predicted=0.0),
        Control("a layer too few", {"digits": "short"}, "experiment-law", "slope", predicted=0.0),
        Control("digits in base 2", {"digits": "wrong"}, "experiment-law", "slope", predicted=0.0),
        Control("digits in base 2, level", {"digits": "wrong"}, "experiment-curve", "level"),
    ),
    remark="Rank law; a_j = j^q, places among 81; risk over 512 new points.",
)  # fmt: skip

FOUND = Claim(
    name="one-hot-erm",
    statement="Exact ERM over all one-hot filters of the receptive field 1, …, 3^(L') finds the coordinate that"
    " matters: its risk is of order n^(−2a/(2a + 1)).",
    law=Law.power("n", "-2*a/(2*a + 1)"),
    source=derived("selection of one of D = 81 coordinates costs log(D)/n at most; rate of theorem 14"),
    cases=(RATE,),
    curve=Curve(problems.one_hot_risk_mean, 0.02, "bias and variance on the coordinate that matters"),
    experiment=Experiment(problems.one_hot_risk, x=WINDOW, pilot=Pilot(0.18, 0.175, 0.1)),
    checks=(
        Check("experiment-curve", "level", Margin(0.2)),
        Check("experiment-law", "slope", Margin(0.17, bias=0.05, note="the curve's own slope: n/(n − N − 1)")),
    ),
    controls=(
        Control("dilation 1 in every layer", {"base": 1}, "experiment-law", "slope", predicted=0.0),
        Control("a layer too few", {"layers": 3}, "experiment-law", "slope", predicted=0.0, why="27 of 81 places"),
        Control("dilations 2^(l−1)", {"base": 2}, "experiment-law", "slope", predicted=0.0, why="31 of 81 places"),
        Control("four coefficients whatever n", {"fixed": 4}, "experiment-law", "slope"),
        Control("dilation 1 in every layer, level", {"base": 1}, "experiment-curve", "level"),
    ),
)  # fmt: skip

UNSEEN = Claim(
    name="ordinary-plateau",
    statement="An ordinary convolution with as many parameters stays at the variance of f when the coordinate that"
    " matters lies beyond its receptive field.",
    law=Law.plateau("n", "1"),
    source=derived("what is not read is independent of what is; the risk is ‖f‖² and the variance of the fit"),
    cases=({"layout": "stack"}, {"layout": "wide"}),
    experiment=Experiment(problems.unseen_risk, x=(256, 512, 1024), pilot=Pilot(0.011, 0.02, 0.02)),
    checks=(
        Check("experiment-law", "level", Margin(0.04, bias=0.08, note="the variance of the best fit to noise among 9 or"
              " 12 coordinates, 0.13 to 0.04, pilot")),
        Check("experiment-law", "slope", Margin(0.04, bias=0.06, note="the same")),
    ),
    controls=(
        Control("dilations 3^(l−1)", {"base": 3}, "experiment-law", "slope", predicted=-0.702),
        Control("the coordinate lies within", {"inside": True}, "experiment-law", "slope", predicted=-0.702),
        Control("40 layers", {"layers": 40}, "experiment-law", "slope", predicted=-0.702,
                why="2·40 + 1 = 81: only the reach matters"),
        Control("dilations 3^(l−1), level", {"base": 3}, "experiment-law", "level"),
    ),
    remark="12 parameters: four layers of width 3 with dilation 1, which see 9 coordinates, or one filter of width 12.",
)  # fmt: skip

SEPARATION = Claim(
    name="dilated-against-ordinary",
    statement="Beyond the ordinary receptive field the risk of ERM over dilated filters falls faster than that over"
    " undilated ones by n^(−2a/(2a + 1)), at equal parameter count.",
    law=Law.separation("n", "-2*a/(2*a + 1)", direction="upper"),
    source=derived("one-hot-erm against ordinary-plateau, on the same samples"),
    cases=(RATE,),
    experiment=Experiment(problems.receptive_fields, x=(256, 512, 1024), estimand="separation",
                          pilot=Pilot(0.21, 0.2, 0.1)),
    checks=(Check("experiment-law", "slope", Margin(0.3)),),
    controls=(
        Control("dilation 1 in every layer", {"base": 1}, "experiment-law", "slope", predicted=0.0),
        Control("a layer too few", {"layers": 3}, "experiment-law", "slope", predicted=0.0),
        Control("the coordinate lies within both", {"inside": True}, "experiment-law", "slope", predicted=0.0),
    ),
)  # fmt: skip

TRAINED = Claim(
    name="trained-risk",
    statement="A dilated convolutional network trained by Adam, filters and all, has on this window a risk that falls"
    " at least like n^(−2a/(2a + 1)).",
    law=Law.power("n", "-2*a/(2*a + 1)", direction="upper"),
    source=derived("no theorem covers training; the rate is that of Theorem 14 for ERM, read, without logarithms"),
    cases=({"a": 1, "layers": 3},),
    experiment=Experiment(problems.trained_risk, x=(32, 128, 512), pilot=Pilot(0.91, 0.37, 0.2, 3.4)),
    checks=(Check("experiment-law", "slope", Margin(0.3)),),
    controls=(
        Control("dilation 1 in every layer", {"base": 1}, "experiment-law", "slope", predicted=0.0,
                why="the coordinate that matters is out of reach"),
        Control("three steps", {"steps": 3}, "experiment-law", "slope", predicted=0.0),
        Control("shuffled labels", {"shuffled": True}, "experiment-law", "slope", predicted=0.0),
    ),
    remark="One-sided evidence: no theorem says that Adam finds the ERM. The coordinate is found from its correlation"
    " with the labels; where it has little, as for a cosine, training fails more often. The fall is steep because the"
    " coordinate begins to be found on this window; beyond it the error of a training of 100 steps flattens it.",
)  # fmt: skip

CLAIMS = (
    FIELD, FILTERS, CHANNELS, LAYERS, ENTRIES, PICKED, SPARSE, FOUND, UNSEEN, SEPARATION, TRAINED,
)  # fmt: skip
