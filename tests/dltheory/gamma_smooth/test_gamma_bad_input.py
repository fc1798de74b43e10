"""Spaces, targets, samples and networks that mean nothing: refused where they enter, in a sentence."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth import blocks, fourier, kernels, risk, screening, selection_risk, weights
from dltheory.gamma_smooth import cosine_network as cosines
from dltheory.gamma_smooth import network_sizes as sizes
from dltheory.gamma_smooth import series_network as networks
from dltheory.gamma_smooth.additive import AdditiveKernel, HiddenTarget, interactions, smoother_risks
from dltheory.gamma_smooth.blocks import below, ranked
from dltheory.gamma_smooth.fourier import FourierSeries
from dltheory.gamma_smooth.series_network_shared import Waves
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget, RankTarget, block_tail, ideal_risk
from dltheory.gamma_smooth.trigonometric import TrigonometricLeastSquares, fit_series, scores_mean
from dltheory.gamma_smooth.weights import FiniteWeights, GeometricWeights, PowerWeights

RNG = np.random.default_rng
NAN, INF = math.nan, math.inf
SQUARES, TWO = PowerWeights(2.0), FiniteWeights((1.0, 2.0))
MIXED, ANISOTROPIC = GammaSpace(SQUARES, "mixed"), GammaSpace(SQUARES, "anisotropic")
PLANE, BOX = GammaSpace(TWO, "mixed"), GammaSpace(TWO, "anisotropic")
STEEP, SPIKY = GammaSpace(TWO, "mixed", theta=3.0), GammaSpace(TWO, "mixed", p=1.5)
X, Y = RNG(0).random((60, 4)), RNG(1).standard_normal(60)
TWINS = np.repeat(X[:, :1], 4, axis=1)  # all coordinates are one: no density on the cube
ATOMS = X[RNG(2).integers(0, 4, 60)]  # four different points: a discrete law
INDICES = below(PLANE, 2.5)
CORNERS = below(BOX, 2.5)
ONES = np.ones(len(INDICES))
SERIES = FourierSeries(INDICES, ONES)
HIDDEN = HiddenTarget(1.0, 4, 6)
LINE, OWN = HIDDEN.indices[:2], AdditiveKernel.of(HIDDEN)
KERNEL, EQUAL = kernels.ProductKernel((3.0, 5.0)), kernels.EqualWeights(1.0, 16)
STAIRS = risk.block_law(PLANE, 10.0)
PAIR = np.ones(2)


def at_fault(values, value=NAN):
    spoilt = np.array(values, float)
    spoilt.flat[1] = value
    return spoilt


def refit(x, y=Y, space=BOX):
    return networks.RefittedSeriesNetwork(space, 2.5, 6, 4).fit(x, y)


CASES = {
    "weights": [
        (lambda: SQUARES.first(1.5), "number of coordinates must be a whole number, from 0 to 10000000, got 1.5"),
        (lambda: SQUARES.first(10**12), "from 0 to 10000000, got 1000000000000"),
        (lambda: GeometricWeights(2.0).first(-1), "from 0 to 10000000, got -1"),
        (lambda: TWO.first(NAN), "whole number, at least 0, got nan"),
        (lambda: SQUARES.below(INF), r"about 10\^inf weights lie below inf: 10000000 are listed"),
        (lambda: SQUARES.below(1e30), r"about 10\^15 weights lie below 1e\+30"),
        (lambda: PowerWeights(0.01).below(9.0), r"about 10\^95.4 weights lie below 9"),
        (lambda: GeometricWeights(1 + 1e-9).below(9.0), r"about 10\^9.34 weights lie below 9"),
        (lambda: GeometricWeights(2.0).below(INF), "weights lie below inf"),
        (lambda: SQUARES.below(NAN), "weights lie below nan"),
        (lambda: TWO.below(NAN), "below a number, got nan"),
        (lambda: weights.weak_norm(SQUARES, 1.0, 0), "number of coordinates must be a whole number, at least 1, got 0"),
        (lambda: FiniteWeights((1.0, NAN)), "a_2 must be positive and finite, got nan"),
    ],
    "space": [
        (lambda: GammaSpace((1.0, 2.0), "mixed"), r"FiniteWeights or by a formula, got \(1.0, 2.0\)"),
        (lambda: GammaSpace(SQUARES, "isotropic"), "got 'isotropic'"),
        (lambda: GammaSpace(SQUARES, "mixed", p=NAN), "p ≥ 1 .inf is allowed., got nan"),
        (lambda: PLANE.level(NAN), "at least 1 and finite, got nan"),
        (lambda: PLANE.level(INF), "at least 1 and finite, got inf"),
        (lambda: PLANE.count(INF), "level T must be a finite number, got inf"),
        (lambda: PLANE.coordinates(NAN), "level T must be a finite number, got nan"),
        (lambda: MIXED.highest(INF), "level T must be a finite number, got inf"),
        (
            lambda: MIXED.count(1e6),
            r"about 1e\+06 binary digits at T = 1e\+06: it is counted up to T = 4000 a_1 = 4000",
        ),
        (lambda: PLANE.gamma([1.0, NAN]), "whole number s_i, at least 0"),
        (lambda: PLANE.gamma([0.5, 0.0]), "whole number s_i, at least 0"),
        (lambda: PLANE.gamma([-1, 0]), "whole number s_i, at least 0"),
        (lambda: PLANE.gamma([1, 1, 1]), "there are 2 weights, 3 were asked for"),
    ],
    "blocks": [
        (
            lambda: blocks.blocks(ANISOTROPIC, 200.0),
            r"\d blocks up to the level 200 are too many to list: at most 2e\+07",
        ),
        (lambda: blocks.blocks(MIXED, NAN), "finite number, got nan"),
        (lambda: below(MIXED, 60.0), r"e\+18 numbers in the multi-indices up to the level 60 are too many"),
        (lambda: blocks.frequencies([40]), r"1.1e\+12 numbers in the multi-indices of a block with Σ s_i = 40 are too"),
        (lambda: blocks.frequencies([-1]), "whole number s_i, at least 0"),
        (lambda: blocks.frequencies([[1, 2]]), r"one block \(d,\) was expected, got shape \(1, 2\)"),
        (lambda: blocks.block_of([NAN]), "entries of a multi-index must be whole numbers"),
        (lambda: ranked(PLANE, 1.5), "a whole number of them, got 1.5"),
        (lambda: ranked(PLANE, NAN), "at least one index is needed, .* got nan"),
        (lambda: ranked(PLANE, 10**9), r"1e\+09 multi-indices are too many to list"),
        (lambda: ranked(PLANE, INF), "got inf"),
        (lambda: blocks.levels(PLANE, 1e6), r"listed for 0 < T ≤ 1000 a_1 = 1000, .* got 1e\+06"),
        (lambda: blocks.levels(PLANE, 0.0), "listed for 0 < T ≤ 1000 a_1 = 1000, .* got 0"),
        (lambda: blocks.levels(PLANE, 9.0).count(NAN), "level T must be a number, got nan"),
        (lambda: blocks.levels(PLANE, 9.0).tail(1.0, -1.0), "decay of a tail must be positive and finite, got -1"),
    ],
    "targets": [
        (lambda: RankTarget(PLANE, 0), "coefficients of a target must be a whole number, from 1 to 20000000, got 0"),
        (lambda: RankTarget(PLANE, 1.5), "whole number, from 1 to 20000000, got 1.5"),
        (lambda: RankTarget(PLANE, 9).tail(-1), "kept must be at least 0, got -1"),
        (lambda: BlockTarget(PLANE, 0.0), "reach of a target must be positive, or it has no block, got 0"),
        (lambda: BlockTarget(PLANE, INF), "finite number, got inf"),
        (lambda: BlockTarget(MIXED, 80.0).indices, "numbers in the multi-indices up to the level 80 are too many"),
        (lambda: block_tail(PLANE, NAN), "finite number, got nan"),
        (lambda: ideal_risk(INF, 1.0), "must be positive and finite, got inf"),
    ],
    "fourier": [
        (lambda: FourierSeries(INDICES + 0.5, ONES), "entries of a multi-index must be whole numbers"),
        (lambda: FourierSeries(at_fault(INDICES), ONES), "entries of a multi-index must be whole numbers"),
        (lambda: FourierSeries(INDICES[:, 0], ONES), r"shape \(9,\), expected \(count, d\)"),
        (lambda: FourierSeries(INDICES, at_fault(ONES)), "coefficients are finite, one an index"),
        (lambda: FourierSeries(INDICES, np.ones((9, 2))), r"one an index, got shape \(9, 2\)"),
        (lambda: FourierSeries(INDICES, ONES, (0, 0)), r"2 different coordinates are needed, got \(0, 0\)"),
        (lambda: FourierSeries(INDICES, ONES, (0, 1.5)), r"2 different coordinates are needed, got \(0, 1.5\)"),
        (lambda: FourierSeries(INDICES, ONES, ("a", "b")), "2 different coordinates are needed"),
        (lambda: SERIES(at_fault(X)), "scaled to the unit cube"),
        (lambda: SERIES(X[:, 0]), r"expected \(n, D\) with D at least 2"),
        (lambda: fourier.evaluate(INDICES * 10**7, X), r"frequency of 30000000 at 60 points .* 1.8e\+09 numbers"),
    ],
    "trigonometric": [
        (lambda: TrigonometricLeastSquares(PLANE, INF), "positive and finite, or no block lies below it, got inf"),
        (lambda: TrigonometricLeastSquares.from_theory(PLANE, NAN), "at least 1 and finite, got nan"),
        (lambda: TrigonometricLeastSquares.from_theory(GammaSpace(FiniteWeights((1, 1)), "mixed"), 9), "P diverges"),
        (lambda: fit_series(CORNERS, TWINS, Y), "does not identify 21 terms, their Gram matrix is singular"),
        (lambda: fit_series(INDICES, ATOMS, Y), "does not identify 9 terms, .* inputs that repeat"),
        (lambda: fit_series(np.repeat(INDICES, 2, axis=0), X, Y), "does not identify 18 terms"),
        (lambda: fit_series(INDICES, X[:1], Y[:1]), "9 functions needs as many samples, got 1"),
        (lambda: fit_series(INDICES, X, at_fault(Y, INF)), "labels must be finite, got inf"),
        (lambda: fit_series(INDICES, X[:0], Y[:0]), "one for each of 0 points"),
        (lambda: fit_series(INDICES * 0.5, X, Y), "entries of a multi-index must be whole numbers"),
        (lambda: scores_mean(INDICES, INDICES, PAIR, 1.0), r"9 indices do not go with energies of shape \(2,\)"),
    ],
    "additive": [
        (lambda: HiddenTarget(1.0, 4, 1.5), "count of a hidden target must be a whole number"),
        (lambda: HiddenTarget(1.0, INF, 6), "candidates of a hidden target must be a whole number"),
        (lambda: HiddenTarget(1.0, 4, 6, 5), "1 to 4 of the candidates, got 5"),
        (lambda: HIDDEN.tail(-1), "kept must be at least 0, got -1"),
        (lambda: interactions(2, 0), "number of multi-indices must be a whole number, at least 1, got 0"),
        (lambda: interactions(1.5, 3), "number of interacting coordinates must be a whole number, at least 1, got 1.5"),
        (lambda: AdditiveKernel(LINE, PAIR, 0), "number of candidates must be a whole number, at least 1, got 0"),
        (lambda: AdditiveKernel(LINE, at_fault(PAIR), 4), "eigenvalues must be positive, got nan"),
        (lambda: AdditiveKernel(LINE + 0.5, PAIR, 4), "entries of a multi-index must be whole numbers"),
        (lambda: AdditiveKernel.of(HiddenTarget(1.0, 10**5, 4, 2)).sets, "4999950000 sets of coordinates are too many"),
        (lambda: OWN.fit(X, at_fault(Y), 1.0), "labels must be finite, got nan"),
        (lambda: OWN.fit(X, Y[:, None], 1.0), r"shape \(60, 1\), expected one for each of 60 points"),
        (lambda: OWN.fit(X, Y, 0.0), "ridge must be positive, got 0"),
        (lambda: OWN.expected_risk(HiddenTarget(1.0, 5, 7), 9.0, 1.0, 1.0), "same frequencies on the same coordinates"),
        (
            lambda: smoother_risks(np.ones((2, 3, 4)), X, X, HIDDEN, 1.0),
            r"P points and n samples, got shape \(2, 3, 4\)",
        ),
        (lambda: smoother_risks(np.full((1, 60, 60), NAN), X, X, HIDDEN, 1.0), "weights are finite"),
    ],
    "screening": [
        (lambda: screening.screen(X, at_fault(Y)), "labels must be finite, got nan"),
        (lambda: screening.screen(X, Y[:9]), r"shape \(9,\), expected one for each of 60 points"),
        (lambda: screening.screen(X, Y, keep=1.5), "sets of coordinates can be kept, got 1.5"),
        (lambda: screening.marginal_energies(X, Y, 1.5), "highest frequency .* must be a whole number, .* got 1.5"),
        (lambda: screening.fit_on(TWINS, Y, LINE, [[0], [1]]), "does not identify 4 terms"),
        (lambda: screening.fit_on(X, Y, LINE, [[0], [0]]), "does not identify 4 terms"),
        (lambda: screening.fit_on(X, Y, LINE, [[-1]]), r"sets \(number, 1\) of coordinates from 0 on"),
        (lambda: screening.fit_on(X, Y, LINE, [[0, 1]]), r"sets \(number, 1\) of coordinates"),
        (lambda: screening.fit_on(X, Y, LINE, np.zeros((0, 1), int)), r"sets \(number, 1\) of coordinates"),
        (lambda: screening.erm(X, Y[:9], LINE), "expected one for each of 60 points"),
        (lambda: screening.erm(X[:2], Y[:2], LINE), "least squares on 2 functions needs more samples than that, got 2"),
        (lambda: screening.erm(ATOMS[:, :1] * 0, Y, LINE), "does not identify 2 terms"),
        (lambda: screening.erm(RNG(0).random((60, 99)), Y, interactions(5, 3)), "71523144 sets .* screen them first"),
        (lambda: screening.lasso(X, at_fault(Y), LINE, 0.1), "labels must be finite, got nan"),
        (lambda: screening.lasso(X, Y, LINE, NAN), "penalty must be positive, got nan"),
    ],
    "kernels": [
        (lambda: kernels.ProductKernel((3.0, NAN)), "finite exponents above 1 only"),
        (lambda: kernels.ProductKernel((5.0, 3.0)).spectrum, r"increasing order, got \(5.0, 3.0\)"),
        (lambda: kernels.octave_table(0.5), "finite exponents above 1 only, got 0.5"),
        (lambda: kernels.conditional_risk(KERNEL, X, INF, 1.0), "noise and ridge finite, got 1 and inf"),
        (lambda: kernels.conditional_risk(KERNEL, at_fault(X), 1.0, 1.0), "scaled to the unit cube"),
        (lambda: kernels.expected_risk(KERNEL, 9.0, INF), "noise must be finite, got inf"),
        (lambda: kernels.EqualWeights(1.0, 2.5), "number of coordinates must be a whole number, at least 1, got 2.5"),
        (lambda: kernels.EqualWeights(1.0, 2**40).kernel, "explicit kernel must be a whole number, from 1 to 1000000"),
        (lambda: EQUAL.best_ridge(0, 1.0), r"between 1 and 2\^64, got 0"),
    ],
    "risk": [
        (lambda: STAIRS.at(NAN), "level nan lies beyond 9, the last one that is held"),
        (lambda: STAIRS.least(INF), "variance of the noise must be finite, got inf"),
        (lambda: risk.block_law(PLANE, INF), "positive and finite limit, got inf"),
        (lambda: risk.block_law(PLANE, 4.0, beyond=-1.0), "0 levels or more, finitely many, got -1"),
        (lambda: risk.block_law(MIXED, 1e4), "listed for 0 < T ≤ 1000 a_1"),
        (lambda: risk.worst_case(PLANE, 0.0), "positive and finite limit, got 0"),
        (lambda: risk.worst_case(STEEP, 4.0), "for θ > 2 the bias has a further factor"),
        (lambda: risk.mismatched(STEEP, PAIR, "mixed", 4.0), "p ≥ 2 and θ ≤ 2, got p = 2 and θ = 3"),
        (lambda: risk.mismatched(SPIKY, PAIR, "mixed", 4.0), "p ≥ 2 and θ ≤ 2, got p = 1.5"),
        (lambda: risk.mismatched(PLANE, at_fault(PAIR, INF), "mixed", 4.0), r"positive and finite, got \[1.0, inf\]"),
        (lambda: risk.weighted(PAIR, "max", blocks.blocks(PLANE, 3.0)), "got 'max'"),
        (lambda: risk.hypercube_bound(PLANE, INF), "variance of the noise must be finite, got inf"),
        (lambda: risk.hypercube_bound(PLANE, 0.1, share=NAN), "0 ≤ share ≤ 1, got 0 and nan"),
        (lambda: risk.octave_norm(0, 2.0), "octave must be a whole number, at least 1, got 0"),
        (lambda: risk.linear_bound(GammaSpace(TWO, "mixed", p=1.0), 0.1), "scale for p > 1 only, got 1"),
    ],
    "selection": [
        (lambda: selection_risk.linear_bound(INF, 1.0), "finite numbers, got inf"),
        (lambda: selection_risk.linear_bound(1.0, INF), "finite numbers, got inf"),
        (lambda: selection_risk.linear_constant(0.0), "smoothness must be positive, got 0"),
        (lambda: selection_risk.soft_threshold_risks([NAN], 1.0, 1.0), "finite numbers, got nan"),
        (lambda: selection_risk.lasso_risk(PAIR, PAIR, 0.0, 1.0, 0.1), "samples must be positive .* got 0 and 0"),
        (lambda: selection_risk.lasso_risk(PAIR, np.ones(3), 9.0, 1.0, 0.1), r"one θ and one count each, .* \(3,\)"),
        (lambda: selection_risk.lasso_risk(at_fault(PAIR), PAIR, 9.0, 1.0, 0.1), "finite numbers, got nan"),
        (lambda: selection_risk.needle_risk(INF, 1.0), "finite numbers, got inf"),
        (lambda: selection_risk.needle_risk(1.0, 1e6), r"heights up to 300, got 1e\+06"),
        (lambda: selection_risk.threshold_cost(2.0, height=INF), "finite numbers, got inf"),
    ],
    "cosine_network": [
        (lambda: cosines.remainder(-1), "whole number of terms, at least 1, got -1"),
        (lambda: cosines.wave_error(0, 3), "whole number of sawteeth, at least 1, got 0"),
        (lambda: cosines.feature_error(-1, 3, 3), "whole number of factors, at least 1, got -1"),
        (lambda: cosines.prescribed(INF, 9.0), "whole number of factors, at least 1, got inf"),
        (lambda: cosines.wave(1.5, 3, 3), "octaves of a wave are a whole number from 0 to 1024, got 1.5"),
        (lambda: cosines.wave_depth(-1, 3, 3), "octaves of a wave are a whole number from 0 to 1024, got -1"),
        (lambda: cosines.product_depth(0, 3), "whole number of factors, at least 1, got 0"),
    ],
    "series_network": [
        (lambda: networks.RefittedSeriesNetwork(PLANE, 0.0, 6, 4), "positive and finite, or no block lies below it"),
        (lambda: networks.RefittedSeriesNetwork(PLANE, 2.0, 0, 4), "depth i is a whole number, at least 1, got 0"),
        (lambda: networks.RefittedSeriesNetwork(PLANE, 2.0, 6, 1.5), "whole number of terms, at least 1, got 1.5"),
        (lambda: networks.RefittedSeriesNetwork.from_theory(PLANE, INF), "at least 1 and finite, got inf"),
        (lambda: refit(TWINS), "does not identify 21 terms"),
        (lambda: refit(ATOMS), "21 output weights need 21 points, got 4 different ones"),
        (lambda: refit(X, at_fault(Y)), "labels of a sample must be finite"),
        (lambda: refit(2 * X), "scaled to the unit cube"),
        (lambda: networks.SeriesNetwork.from_theory(SERIES, NAN), "level T must be a finite number, got nan"),
        (
            lambda: networks.SeriesNetwork(SERIES, 14, 4)(X[:, :2], dtype="float32"),
            "error floor of products in float32",
        ),
        (lambda: networks.precision(1.0, 0), "number of basis functions must be a whole number, at least 1, got 0"),
        (lambda: Waves.of(INDICES + 0.5), "entries of a multi-index must be whole numbers"),
        (lambda: sizes.Plan.of(PLANE, NAN), "got nan"),
        (lambda: sizes.Plan.of(PLANE, 1.0), "no coordinate enters below the level 1"),
        (lambda: sizes.theorem_sizes(PLANE, 3.0, -1.0), "K and K' are at least 0 and finite, got -1 and 1"),
    ],
}
PAIRS = [pytest.param(*case, id=f"{module}-{i}") for module, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("call", "message"), PAIRS)
def test_what_means_nothing_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_block_may_have_more_coordinates_than_numpy_has_axes():
    many = GammaSpace(FiniteWeights(tuple(np.linspace(1.0, 1.5, 80))), "mixed")
    found = below(many, 1.7)
    assert found.shape == (161, 80)
    assert np.array_equal(np.unique(np.abs(found).sum(axis=1), return_counts=True), [[0, 1], [1, 160]])


def test_nothing_is_left_after_all_coefficients():
    target = RankTarget(PLANE, 9)
    assert target.tail([0, 9, 10, INF]) == pytest.approx([np.sum(target.sizes**2), 0.0, 0.0, 0.0], abs=1e-14)


def test_whole_numbers_are_welcome_in_any_type():
    expected = SERIES(X)
    assert np.array_equal(FourierSeries(INDICES.tolist(), ONES.tolist())(X), expected)
    assert np.array_equal(FourierSeries(INDICES.astype(float), ONES, (np.int64(0), np.int64(1)))(X), expected)
    assert np.array_equal(ranked(PLANE, np.int64(5)), ranked(PLANE, 5))
    assert SERIES(X[:0]).shape == (0,)


def test_dependent_coordinates_do_no_harm_to_functions_of_one_of_them():
    fitted = fit_series(INDICES[:, :1][np.all(INDICES[:, 1:] == 0, axis=1)], TWINS, SERIES(TWINS))
    assert np.all(np.isfinite(fitted.coefficients))
