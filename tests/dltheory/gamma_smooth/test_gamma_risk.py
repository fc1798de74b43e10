"""Risks of projections and bounds: against sums over listed blocks, norms by quadrature, and each other."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth import risk
from dltheory.gamma_smooth.blocks import blocks
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget, block_tail
from dltheory.gamma_smooth.weights import FiniteWeights, PowerWeights
from dltheory.sequence import sign_risk

MIXED = GammaSpace(PowerWeights(2), "mixed")
ANISOTROPIC = GammaSpace(PowerWeights(2), "anisotropic")
PAIR = GammaSpace(FiniteWeights((1, 2)), "anisotropic")
LEVELS = np.array([0.5, 1.0, 3.0, 4.5, 7.0])


def spiky(space: GammaSpace, p: float) -> GammaSpace:
    return GammaSpace(space.weights, space.kind, p)


@pytest.mark.parametrize("space", [MIXED, ANISOTROPIC], ids=["mixed", "anisotropic"])
def test_the_block_law_leaves_its_tail(space):
    bias, kept = risk.block_law(space, 9.0).at(LEVELS)
    assert bias == pytest.approx([block_tail(space, level) for level in LEVELS], rel=1e-9)
    assert kept.tolist() == [space.count(level) for level in LEVELS]


def test_the_least_risk_is_that_of_all_levels():
    stairs = risk.block_law(MIXED, 20.0)
    variance = np.array([1e-2, 1e-5])
    tried = [[block_tail(MIXED, t) + v * MIXED.count(t) for t in range(1, 16)] for v in variance]
    assert stairs.least(variance) == pytest.approx(np.min(tried, axis=1), rel=1e-9)
    assert stairs.best(variance).tolist() == (1.0 + np.argmin(tried, axis=1)).tolist()


@pytest.mark.parametrize("p", [2.0, 4 / 3, 1.0, math.inf])
@pytest.mark.parametrize("space", [MIXED, PAIR, GammaSpace(FiniteWeights((0.75, 1.1, 2)), "mixed")],
                         ids=["mixed", "pair", "three"])  # fmt: skip
def test_the_worst_function_lives_on_the_worst_block_left_out(space, p):
    given = spiky(space, p)
    if given.excess >= given.smoothness:
        return
    bias, kept = risk.worst_case(given, 30.0).at(LEVELS)
    s = blocks(given, 14.0)
    gamma = given.gamma(s)
    energy = 4.0 ** (given.excess * s.sum(axis=1) - gamma)
    assert bias == pytest.approx([energy[gamma >= level - 1e-9].max() for level in LEVELS], rel=1e-9)
    assert kept.tolist() == [given.count(level) for level in LEVELS]


def test_nikolskii_has_the_constant_one_and_an_octave_of_cosines_attains_it_up_to_a_constant():
    rng = np.random.default_rng(3)
    for s in (3, 6):
        for p in (1.0, 4 / 3):
            spectrum = np.zeros(2**11 // 2 + 1, complex)
            spectrum[2 ** (s - 1) : 2**s] = rng.standard_normal((2 ** (s - 1), 2)) @ [1, 1j]
            values = np.abs(np.fft.irfft(spectrum, 2**11))
            ratio = np.mean(values**2) ** 0.5 / np.mean(values**p) ** (1 / p)
            assert ratio <= 2 ** ((1 / p - 1 / 2) * s)
    for s in (2, 5, 10, 14):
        assert risk.octave_norm(s, 2.0) == pytest.approx(2 ** (s / 2), rel=1e-9)
        attained = risk.octave_norm(s, 2.0) / risk.octave_norm(s, 4 / 3) / 2 ** (s / 4)
        assert 0.57 < attained <= 1  # it tends to 0.5761
    assert risk.octave_norm(13, 4 / 3) == pytest.approx(_direct(13, 4 / 3), rel=1e-4)
    assert risk.octave_norm(4, math.inf) == pytest.approx(2.0**4)


@pytest.mark.parametrize(
    ("target", "weights", "kind"),
    [(PAIR, (1.0, 2.0), "mixed"), (MIXED, (1.0, 4.0, 9.0), "anisotropic"), (PAIR, (2.0, 1.0), "anisotropic"),
     (MIXED, (4.0, 1.0), "mixed")],
    ids=["mixed-sets", "anisotropic-sets", "backwards", "backwards-mixed"],
)  # fmt: skip
def test_sets_of_another_smoothness_leave_what_they_leave(target, weights, kind):
    stairs = risk.mismatched(target, np.array(weights), kind, 8.0)
    s = blocks(target, 12.0)
    gamma = target.gamma(s)
    held = s[:, : len(weights)] * np.array(weights)[: s.shape[1]]
    other = held.sum(axis=1) if kind == "mixed" else held.max(axis=1)
    inside = (other[:, None] < LEVELS - 1e-9) & ~s[:, len(weights) :].any(axis=1)[:, None]
    bias, kept = stairs.at(LEVELS)
    assert bias == pytest.approx([4.0 ** -gamma[~inside[:, k]].min() for k in range(len(LEVELS))], rel=1e-9)
    estimator = GammaSpace(FiniteWeights(tuple(sorted(weights))), kind)
    assert kept.tolist() == [estimator.count(level) for level in LEVELS]


@pytest.mark.parametrize("space", [MIXED, ANISOTROPIC, PAIR], ids=["mixed", "anisotropic", "pair"])
def test_the_hypercube_lies_in_the_ball_and_below_every_risk(space):
    for variance in (1e-2, 1e-4, 1e-8):
        bound = risk.hypercube_bound(space, variance)
        s = blocks(space, 16.0)
        total = s.sum(axis=1)
        tried = 2.0**total * sign_risk(np.exp2(-space.gamma(s) - total / 2), variance**0.5)
        assert 0.5 * tried.max() < bound <= tried.max() * (1 + 1e-9)
        assert 0.1 < bound / risk.worst_case(space, 40.0).least(variance) < 1
    target = BlockTarget(space, 4.0)  # the signs of one of its blocks are those of the cube: norm 2^−γ
    assert np.sum(target.sizes**2) == pytest.approx(np.exp2(-2 * space.gamma(blocks(space, 4.0))).sum())


@pytest.mark.parametrize("space", [MIXED, PAIR], ids=["mixed", "pair"])
def test_no_linear_estimator_is_much_better_than_the_projection(space):
    given = spiky(space, 4 / 3)
    stairs = risk.worst_case(given, 80.0)
    ratios = [risk.linear_bound(given, v) / stairs.least(v) for v in (1e-3, 1e-6, 1e-9)]
    assert max(ratios) < 1
    assert min(ratios) > 0.05  # a factor 0.67² a coordinate, and that of Jensen's bound
    assert risk.linear_bound(given, 1e-6, known=True) < 1.1e-6 < risk.linear_bound(given, 1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: risk.block_law(MIXED, 5.0).at(6.0), "the level 6 lies beyond"),
        (lambda: risk.block_law(MIXED, 5.0).least(1e-9), "best level lies beyond"),
        (lambda: risk.block_law(MIXED, 5.0).least(0.0), "noise must be positive"),
        (lambda: risk.worst_case(GammaSpace(PowerWeights(2), "mixed", theta=3.0), 5.0), "θ > 2"),
        (lambda: risk.mismatched(MIXED, np.array([0.01, 0.01]), "mixed", 2.0), "those of another γ"),
        (lambda: risk.hypercube_bound(MIXED, 0.0), "noise must be positive"),
        (lambda: risk.linear_bound(spiky(MIXED, 1.0), 1e-3), "p > 1 only"),
        (lambda: risk.linear_bound(GammaSpace(FiniteWeights((0.5,)), "mixed", 1.0), 1e-3), "no rate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_risk_is_said_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def _direct(s: int, p: float) -> float:
    """Return ‖D_s‖_p from D_s(t) = sin(πt(2^{s+1} − 1))/sin(πt) − sin(πt(2^s − 1))/sin(πt), on midpoints."""
    t = (np.arange(2**19) + 0.5) / 2**19
    values = (np.sin(np.pi * t * (2 ** (s + 1) - 1)) - np.sin(np.pi * t * (2**s - 1))) / np.sin(np.pi * t)
    return float(np.mean(np.abs(values) ** p) ** (1 / p))
