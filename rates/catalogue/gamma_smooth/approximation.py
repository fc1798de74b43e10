"""Approximation of functions of infinitely many variables: series, the ReLU networks that compute them, their sizes.

X = 2^T, T the level at which a trigonometric series stops; a_i = i for mixed γ and i² for anisotropic γ unless said
otherwise. Squared L² errors of series are exact, by Parseval; those of networks are means over random points.
"""

from __future__ import annotations

from rates.catalogue.gamma_smooth import _approximation_problems as problems
from rates.catalogue.gamma_smooth import _approximation_sizes as sizes
from rates.catalogue.gamma_smooth._sources import derived, paper
from rates.claim import Check, Claim, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law

# Pilots: standard deviations of one replicate over 64 replicates of a root seed that no check uses, the larger of the
# cases and 10 % more.
MIXED, ANISOTROPIC = {"kind": "mixed"}, {"kind": "anisotropic"}
WINDOW = (4, 8, 16, 32, 64)
LEVELS = (8, 16, 32, 64, 128)
EXACT = 1e-9

WAVE = Claim(
    name="cosine-error",
    statement="The error of the network of a folded cosine falls like 4^(−i) for products of depth i.",
    law=Law.exponential("i", "-2*log(2)"),
    source=derived("powers of w = u², one after the other: every product is off by 4^(−i)/4 at most"),
    experiment=Experiment(problems.feature_error, x=(4, 6, 8, 10, 12, 14, 16, 18), axis="time", numerical_error=1e-3),
    checks=(
        Check("experiment-law", "slope", Margin(0.04, bias=0.02, note="where the error is largest moves with i: ±10 %"
              " of a point")),
    ),
    controls=(
        Control("half of the sawteeth", {"share": 0.5}, "experiment-law", "slope", predicted=-0.6931),
        Control("eight sawteeth whatever i", {"fixed": 8}, "experiment-law", "slope", predicted=0.0),
        Control("five powers whatever i", {"terms": 5}, "experiment-law", "slope",
                why="what the polynomial leaves out is there at every i"),
        Control("float32", {"single": True}, "experiment-law", "slope"),
    ),
    remark="Frequency 8, four folds. Sines are cosines of lx + 3/4, so that 2^J has to exceed l, not to reach it.",
)  # fmt: skip

PRODUCTS = Claim(
    name="basis-function-error",
    statement="A product of r waves by products of depth i is off by at most 2^(r/2) (25.7 r + 4 (r − 1)) 4^(−i)/4.",
    law=Law.exponential("i", "-2*log(2)", direction="upper"),
    source=derived("the k-th power is off by 2k − 1 products, weighted with the polynomial; signed factors add up"),
    cases=({"factors": 1}, {"factors": 2}, {"factors": 4}),
    curve=Curve(problems.feature_bound, 0.0, "the bound, not the error"),
    experiment=Experiment(problems.feature_error, x=(4, 8, 12, 16), axis="time", numerical_error=0.05),
    checks=(
        Check("experiment-curve", "bound", Margin(0.0)),
        Check("experiment-law", "slope", Margin(0.1)),
    ),
    controls=(
        Control("half of the sawteeth", {"share": 0.5}, "experiment-law", "slope", predicted=-0.6931),
        Control("eight sawteeth whatever i", {"fixed": 8}, "experiment-law", "slope", predicted=0.0),
        Control("half of the sawteeth, bound", {"share": 0.5}, "experiment-curve", "bound"),
        Control("five powers, bound", {"terms": 5}, "experiment-curve", "bound"),
    ),
    remark="Largest error over 4000 points, frequencies up to 8.",
)  # fmt: skip

DEPTH = Claim(
    name="cosine-depth",
    statement="A cosine on the line is a network of depth J + O(log(1/ε)²) for an accuracy ε, J its octave.",
    law=Law.power("b", "2", direction="upper"),
    source=derived("M = O(b/log b) powers of depth O(b), b = log₂(1/ε); folds add one layer each"),
    experiment=Experiment(sizes.wave_depth, x=(8, 16, 32, 64, 128, 256, 512, 1024), axis="time",
                          numerical_error=1e-12),
    checks=(Check("experiment-law", "slope", Margin(0.1)),),
    controls=(
        Control("accuracy 2^(−b^(3/2))", {"power": 1.5}, "experiment-law", "slope"),
        Control("accuracy 2^(−b²)", {"power": 2.0}, "experiment-law", "slope"),
        Control("the kinks of a product one after the other", {"layout": "kinks"}, "experiment-law", "slope"),
    ),
    remark="y counts affine maps, J apart.",
)  # fmt: skip

SERIES = Claim(
    name="network-equals-series",
    statement="With accuracy 2^(−T)/(G max|c|) for each of G basis functions the network is equal to its trigonometric"
    " series up to 2^(−T).",
    law=Law.power("X", "-1", direction="upper"),
    source=derived("errors of G basis functions, weighted; theorem 7 has the sizes of such a network, read"),
    cases=(MIXED, ANISOTROPIC),
    curve=Curve(problems.prescribed_error, 0.0, "what is prescribed, 2^(−T)"),
    experiment=Experiment(problems.network_against_series, x=WINDOW, axis="time", numerical_error=1e-3),
    checks=(
        Check("experiment-curve", "bound", Margin(0.0)),
        Check("experiment-law", "slope", Margin(0.1)),
    ),
    controls=(
        Control("four sawteeth whatever T", {"bits": 4}, "experiment-law", "slope"),
        Control("three powers whatever T", {"terms": 3}, "experiment-law", "slope"),
        Control("three powers, anisotropic", {"terms": 3}, "experiment-law", "slope", case=ANISOTROPIC),
        Control("two sawteeth, bound", {"bits": 2}, "experiment-curve", "bound"),
        Control("three powers, bound", {"terms": 3}, "experiment-curve", "bound"),
        Control("half of the sawteeth, bound", {"share": 0.5}, "experiment-curve", "bound", expect="consistent",
                why="signs of G basis functions cancel, and bounds of each are not attained"),
    ),
    remark="Largest difference over 512 points.",
)  # fmt: skip

TRUNCATION = Claim(
    name="truncation",
    statement="For p = 2 the series on {γ < T} of a function on the boundary of the ball has a squared L² error of"
    " order 2^(−2T).",
    law=Law.power("X", "-2"),
    source=derived("energies 4^(−g) on the levels of γ; theorem 7 has the upper bound for θ ≤ 2, read"),
    cases=(MIXED, ANISOTROPIC),
    curve=Curve(problems.truncation_tail, 0.0, "energy of the blocks left out"),
    experiment=Experiment(problems.truncation_error, x=WINDOW, axis="time", numerical_error=EXACT),
    checks=(
        Check("experiment-curve", "level", Margin(1e-6)),
        Check("experiment-law", "slope", Margin(0.01)),
    ),
    controls=(
        Control("reversed weights", {"order": "reversed"}, "experiment-law", "slope", predicted=-0.0009,
                why="the first coordinate enters no block before T = a_max"),
        Control("reversed weights, anisotropic", {"order": "reversed"}, "experiment-law", "slope", predicted=-0.606,
                case=ANISOTROPIC, why="a_1/a_2 in place of one: −1/2 in the limit"),
        Control("mixed set for an anisotropic target", {"order": "mixed"}, "experiment-law", "slope",
                predicted=-1.224, case=ANISOTROPIC,
                why="blocks with both s_1 and s_2 near T/a_i are left out"),
        Control("stop at T/2", {"order": "half"}, "experiment-law", "slope", predicted=-1.0),
        Control("stop at T − 1, level", {"order": "short"}, "experiment-curve", "level", predicted=1.3863),
    ),
    remark="Energies of levels beyond the last one held, Σ 4^(−g), are added in closed form.",
)  # fmt: skip

SPIKE = Claim(
    name="truncation-below-two",
    statement="For p < 2 there are functions of the unit ball whose series on {γ < T} has a squared L² error of order"
    " 2^(−2(1 − vα)T), v = 1/p − 1/2, α = 1/a_1 for mixed and ã for anisotropic γ.",
    law=Law.power("X", "-2*(1 - v*alpha)", where={"v": "1/p - 1/2"}),
    source=derived("kernels in one block attain the inequality of Nikol'skii; theorem 7 has the upper bound, read"),
    cases=({"p": 1, "alpha": 1}, {"p": "4/3", "alpha": 1}, {"p": 1, "alpha": "3/2"}, {"p": "4/3", "alpha": "3/2"}),
    conditions=(Condition("(1/p - 1/2)*alpha < 1", why="the ball is otherwise not compact in L²"),
                Condition("p <= 2", why="v is zero for larger p")),
    experiment=Experiment(problems.spike_error, x=(64, 256, 1024, 4096, 16384), axis="time", numerical_error=1e-3),
    checks=(Check("experiment-law", "slope", Margin(0.02, bias=0.005, note="short windows of few frequencies")),),
    controls=(
        Control("a single frequency", {"bump": "single"}, "experiment-law", "slope", predicted=-2.0,
                why="norms in L^p and L² are then the same"),
        Control("random signs", {"bump": "random"}, "experiment-law", "slope"),
        Control("the kernel in the smoother coordinate", {"bump": "last"}, "experiment-law", "slope",
                why="v/a_2 in place of v/a_1"),
        Control("the kernel in one of both coordinates", {"bump": "last"}, "experiment-law", "slope",
                case={"p": 1, "alpha": "3/2"}),
        Control("a single frequency, anisotropic", {"bump": "single"}, "experiment-law", "slope", predicted=-2.0,
                case={"p": "4/3", "alpha": "3/2"}),
    ),
    remark="a = (1, 2). For α > p the kernels grow in height like 2^((α/p − 1)T): they are in the ball, but not below"
    " the bound B that the theorem has for |f|, under which its exponent need not be attained. Theorem 13 prints the"
    " error as 2 to the power of (1 − 1/a)^T; it must be −(1 − v/a)T, as in theorems 9 and 14.",
)  # fmt: skip

THETA = Claim(
    name="truncation-theta",
    statement="For θ > 2 and p = 2 the squared L² error of the series on {γ' < T}, γ' < γ, is at most 2^(−2T) times"
    " (Σ 2^(2θ(γ' − γ)/(θ − 2)))^(1 − 2/θ) over blocks with γ' ≥ T.",
    law=Law.power("X", "-2", direction="upper"),
    source=paper("theorem 7 for θ > 2; held against the worst case of the series, by Hölder's inequality, derived"),
    cases=({"theta": 4, "q": 2, "share": "4/5"}, {"theta": 8, "q": 2, "share": "4/5"}),
    conditions=(Condition("theta > 2"), Condition("share < 1", why="the sum is otherwise over all blocks")),
    curve=Curve(sizes.worst_bound, EXACT, "the theorem's bound"),
    experiment=Experiment(sizes.worst_error, x=tuple(2.0**t for t in (8, 16, 32, 64)), axis="time",
                          numerical_error=EXACT),
    checks=(Check("experiment-curve", "bound", Margin(0.0)),),
    controls=(
        Control("stop at T/2", {"stop": 0.5}, "experiment-curve", "bound"),
        Control("stop at 0.9 T", {"stop": 0.9}, "experiment-curve", "bound"),
        Control("stop at 0.9 T, θ = 8", {"stop": 0.9}, "experiment-curve", "bound",
                case={"theta": 8, "q": 2, "share": "4/5"}),
        Control("stop at 1.1 T", {"stop": 1.1}, "experiment-curve", "bound", expect="consistent"),
    ),
    remark="Mixed γ, a_i = i², γ' = 4γ/5. The sum falls as well: y falls like X^(−2.4) on this window. γ itself in"
    " place of γ' would give X^(−2), up to a growth slower than any power.",
)  # fmt: skip

NETWORK = Claim(
    name="network-rate",
    statement="For p = 2 the constructive network at level T, on the coordinates with a_i < T, has a squared L² error"
    " of order 2^(−2T), for mixed and for anisotropic γ.",
    law=Law.power("X", "-2"),
    source=derived("tail of the series and accuracy of the network; theorems 7 and 9 have the upper bound, read"),
    cases=(MIXED, ANISOTROPIC),
    curve=Curve(problems.truncation_tail, 1e-3, "energy of the blocks left out"),
    experiment=Experiment(problems.network_error, x=WINDOW, axis="time", pilot=Pilot(0.04, 0.031, 0.05, 0.5)),
    checks=(
        Check("experiment-curve", "level", Margin(0.06)),
        Check("experiment-law", "slope", Margin(0.06)),
    ),
    controls=(
        Control("two powers whatever T", {"terms": 2}, "experiment-law", "slope"),
        Control("two sawteeth whatever T", {"bits": 2}, "experiment-law", "slope"),
        Control("reversed weights", {"order": "reversed"}, "experiment-law", "slope", predicted=-0.0009),
        Control("mixed set for an anisotropic target", {"order": "mixed"}, "experiment-law", "slope",
                predicted=-1.224, case=ANISOTROPIC),
        Control("stop at T − 1, level", {"order": "short"}, "experiment-curve", "level", predicted=1.3863),
    ),
)  # fmt: skip

COUNT = Claim(
    name="basis-count",
    statement="For mixed γ with whole a_i/a_1 the number G(T) of basis functions is P 2^(T/a_1) in the limit,"
    " P = Π (1 − 2^(−(a_i − a_1)/a_1))^(−1) over i ≥ 2.",
    law=Law.power("T", "0", constant="1"),
    source=derived("geometric sums, one coordinate after the other; theorem 9 has P in its sizes, read"),
    cases=({"q": 1}, {"q": 2}, {"q": 3}),
    conditions=(Condition("Eq(floor(q), q)", why="for other ratios the limit is another number: 1.196 P for"
                          " a_i = i^(3/2)"),),
    experiment=Experiment(sizes.count_over_product, x=(24, 32, 40, 48, 56), axis="time", numerical_error=1e-12),
    checks=(
        Check("experiment-law", "level", Margin(0.002)),
        Check("experiment-law", "slope", Margin(0.01)),
    ),
    controls=(
        Control("a_1 = a_2", {"coordinates": "tied"}, "experiment-law", "slope", predicted=1.1044,
                why="P diverges: G grows by a factor T more"),
        Control("one coordinate", {"coordinates": "one"}, "experiment-law", "level", predicted=-1.2421,
                why="−log P"),
        Control("one coordinate, a_i = i³", {"coordinates": "one"}, "experiment-law", "level", predicted=-0.0078,
                case={"q": 3}),
        Control("T half between whole numbers", {"coordinates": "between"}, "experiment-law", "level",
                predicted=0.3458, why="G is constant there: log √2"),
        Control("a_i = i^(3/2)", {"q": 1.5}, "experiment-law", "level", expect="invalid"),
    ),
    remark="y = G(T)/(P 2^T), a_i = i^q, T whole. P is 3.463, 1.147 and 1.008.",
)  # fmt: skip

OCTAVES = Claim(
    name="anisotropic-count",
    statement="For anisotropic γ with a_i = i^q the number of basis functions is 2^(ãT − C_q T^(1/q)) to first order,"
    " less than 2^(ãT) by more than any power of T.",
    law=Law.power("T", "1/q"),
    source=derived("coordinates beyond T^(1/q) are missing, octaves of the others are whole; theorem 9 has 2^(ãT)"),
    cases=({"q": "3/2"}, {"q": 2}),
    conditions=(Condition("q > 1", why="ã is otherwise infinite"),),
    curve=Curve(sizes.missing_octaves_law, 1e-4, "C_q T^(1/q), C_q as an integral over octaves"),
    experiment=Experiment(sizes.missing_octaves, x=tuple(2.0**t for t in range(14, 27, 2)), axis="time",
                          numerical_error=1e-8),
    checks=(
        Check("experiment-curve", "level", Margin(0.06, bias=0.025, note="terms of order log T: 0.019 of the mean")),
        Check("experiment-law", "slope", Margin(0.03, bias=0.01, note="the same")),
    ),
    controls=(
        Control("twenty coordinates", {"coordinates": 20}, "experiment-law", "slope", predicted=1.0,
                why="a share of ã is missing then"),
        Control("a single coordinate", {"coordinates": 1}, "experiment-law", "slope", predicted=1.0),
        Control("octaves not rounded", {"rounded": False}, "experiment-curve", "level"),
        Control("octaves not rounded, q = 2", {"rounded": False}, "experiment-curve", "level", case={"q": 2}),
    ),
    remark="y = ãT − log₂ G(T). C_q is 1.642 for q = 3/2 and 0.618 for q = 2.",
)  # fmt: skip

COUNTED = paper("theorem 7, sizes; the count of our layers is derived")

SIZES = Claim(
    name="sizes",
    statement="The compiled network at level T has a depth of at most 2K max(d², T², (log G)², log f), a width of at"
    " most 21 d G and at most 1764 K d² max(…) G parameters that are not zero, d = d_max, f = f_max, K = 5.",
    law=Law.identity("T", "1", direction="upper"),
    source=COUNTED,
    cases=(
        {"kind": "mixed", "q": 1, "what": "depth"},
        {"kind": "mixed", "q": 1, "what": "width"},
        {"kind": "mixed", "q": 1, "what": "non-zeros"},
        {"kind": "anisotropic", "q": 2, "what": "depth"},
        {"kind": "anisotropic", "q": 2, "what": "width"},
    ),
    curve=Curve(sizes.allowed_size, 0.0, "what the theorem allows"),
    experiment=Experiment(sizes.size, x=(2, 3, 4, *LEVELS), axis="time", numerical_error=1e-12),
    checks=(Check("experiment-curve", "bound", Margin(0.0)),),
    controls=(
        Control("basis functions one after the other", {"layout": "series"}, "experiment-curve", "bound"),
        Control("accuracy 2^(−T²)", {"layout": "accurate"}, "experiment-curve", "bound"),
        Control("waves of one hidden layer", {"layout": "kinks"}, "experiment-curve", "bound",
                case={"kind": "mixed", "q": 1, "what": "width"}, why="2^J kinks: what folding saves"),
        Control("products as sums of cosines", {"layout": "sums"}, "experiment-curve", "bound",
                case={"kind": "mixed", "q": 1, "what": "width"}),
        Control("waves of one hidden layer, parameters", {"layout": "kinks"}, "experiment-curve", "bound",
                case={"kind": "mixed", "q": 1, "what": "non-zeros"}),
    ),
    remark="The theorem leaves K open; 5 is needed at T = 2, 1.4 at T = 8, and 0.2 at T = 128. Its width has no"
    " constant.",
)  # fmt: skip

GROWTH = Claim(
    name="size-growth",
    statement="Over P 2^(T/a_1) (mixed) or 2^(ãT) (anisotropic) the width of the network grows like T^(1/q) at most and"
    " the number of its parameters like T^(2/q) max(T^(2/q), T²); its depth grows like max(T^(2/q), T²) at most.",
    law=Law.power("T", "power", direction="upper"),
    source=paper("theorem 9, sizes; the count of our layers is derived"),
    cases=(
        {"kind": "mixed", "q": 1, "what": "depth", "power": 2},
        {"kind": "mixed", "q": 1, "what": "width", "power": 1},
        {"kind": "mixed", "q": 1, "what": "non-zeros", "power": 4},
        {"kind": "mixed", "q": 2, "what": "width", "power": "1/2"},
        {"kind": "mixed", "q": 2, "what": "non-zeros", "power": 3},
        {"kind": "anisotropic", "q": 2, "what": "width", "power": "1/2"},
        {"kind": "anisotropic", "q": 2, "what": "non-zeros", "power": 3},
    ),
    experiment=Experiment(sizes.relative_size, x=LEVELS, axis="time", numerical_error=1e-12),
    checks=(Check("experiment-law", "slope", Margin(0.1)),),
    controls=(
        Control("accuracy 2^(−T²)", {"layout": "accurate"}, "experiment-law", "slope"),
        Control("basis functions one after the other", {"layout": "series"}, "experiment-law", "slope"),
        Control("products as sums of cosines", {"layout": "sums"}, "experiment-law", "slope",
                case={"kind": "mixed", "q": 1, "what": "width", "power": 1}),
        Control("waves of one hidden layer", {"layout": "kinks"}, "experiment-law", "slope",
                case={"kind": "mixed", "q": 2, "what": "non-zeros", "power": 3}),
        Control("products as sums of cosines, anisotropic", {"layout": "sums"}, "experiment-law", "slope",
                case={"kind": "anisotropic", "q": 2, "what": "width", "power": "1/2"}),
    ),
)  # fmt: skip

REFITTED = Claim(
    name="refitted-risk",
    statement="The constructive network of the G(T) functions with its output layer fitted to n noisy samples,"
    " T = a_1 log₂ n/(2a_1 + 1), has a risk of order n^(−2a_1/(2a_1 + 1)) at most.",
    law=Law.power("n", "-2*a/(2*a + 1)", direction="upper", where={"a": "1/2"}),
    source=derived("bias and variance of least squares; theorem 10 is for the network ERM, with logarithms"),
    cases=({"noise": "1/2"},),
    curve=Curve(problems.refitted_curve, 0.0, "expectation for a Gaussian design"),
    experiment=Experiment(problems.refitted_risk, x=(128, 512, 2048), axis="time",
                          pilot=Pilot(0.085, 0.079, 0.11, 0.6)),
    checks=(
        Check("experiment-curve", "level", Margin(0.12, bias=0.03, note="bounded basis and small n: 0.017 ± 0.010 in a"
              " pilot")),
        Check("experiment-law", "slope", Margin(0.08, bias=0.034, note="the curve's own slope, which is steeper")),
        Check("curve-law", "slope", Margin(0.1), undecidable="the bound of theorem 10 has the factors P and"
              " (log n)^(2/q + 2) max((log n)^(4/q), (log n)^4), which this estimator does not need: for q = 1 they are"
              " n^1.3 on this window and still n^0.4 at n = 2^30"),
    ),
    controls=(
        Control("level T = 1 whatever n", {"level": 1.0}, "experiment-law", "slope", predicted=-0.0121),
        Control("half of the level", {"kappa": 0.125}, "experiment-law", "slope", predicted=-0.2625,
                why="bias n^(−2κ), κ = 1/8"),
        Control("coordinates backwards", {"backwards": True}, "experiment-law", "slope"),
        Control("two powers in a cosine, level", {"terms": 2}, "experiment-curve", "level"),
        Control("half of the level, level", {"kappa": 0.125}, "experiment-curve", "level"),
    ),
    remark="a_i = i/2, mixed: G is 23, 57 and 131.",
)  # fmt: skip

CLAIMS = (
    WAVE, PRODUCTS, DEPTH, SERIES, TRUNCATION, SPIKE, THETA, NETWORK, COUNT, OCTAVES, SIZES, GROWTH, REFITTED,
)  # fmt: skip
