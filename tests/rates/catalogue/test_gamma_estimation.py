"""Oracles for what the claims on estimation compute: cases, risks by enumeration, fits the long way, variates."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth.blocks import below, ranked
from dltheory.gamma_smooth.fourier import FourierSeries, squared_distance
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.trigonometric import fit_series, places
from dltheory.gamma_smooth.weights import FiniteWeights, GeometricWeights, PowerWeights
from rates.catalogue.gamma_smooth import _estimation_problems as problems
from rates.catalogue.gamma_smooth import estimation
from rates.claim import Comparison
from rates.streams import streams

MADE = streams(7, "claim", "case", range(300))
BLOCKS = {"weights": "i^2", "kind": "mixed", "a": 1.0, "law": "block"}
RANKS = {"weights": "i^2", "kind": "anisotropic", "a": 6 / math.pi**2, "law": "rank"}
SIZES = np.array([128.0, 256.0])


@pytest.mark.parametrize(
    ("text", "weights"),
    [("i^2", PowerWeights(2)), ("1/2*i^2", PowerWeights(2, 0.5)), ("i^3/2", PowerWeights(1.5)),
     ("2^(i-1)", GeometricWeights(2.0)), ("(1, 2)", FiniteWeights((1, 2)))],
)  # fmt: skip
def test_weights_are_read(text, weights):
    assert problems.parsed(text) == weights


def test_weights_that_are_written_otherwise_are_refused():
    with pytest.raises(ValueError, match=r"written as i\^2, 1/2\*i\^2, 2\^\(i-1\) or \(1, 2\), got '2i'"):
        problems.parsed("2i")


def test_a_case_has_the_numbers_of_its_space():
    for claim in estimation.CLAIMS:
        for case in claim.cases:
            p = claim.parameters(case)
            if "weights" in p:
                made = problems.space(p["weights"], p.get("kind", "mixed"), p["a"], p.get("p", 2.0), p.get("v"))
                assert -float(claim.law.slope(case)) == pytest.approx(made.rate, rel=1e-12)
    with pytest.raises(ValueError, match=r"a† is 1 for mixed weights i\^2 and p = 2, the case says 2"):
        problems.space("i^2", "mixed", 2.0)
    with pytest.raises(ValueError, match=r"v is 0\.5 for mixed weights"):
        problems.space("i^2", "mixed", 1.0, 1.0, 0.25)


def test_far_windows_meet_whole_octaves_alike():
    for case in estimation.MIXED_RATE.cases:
        p = estimation.MIXED_RATE.parameters(case)
        made = problems.space(p["weights"], p["kind"], p["a"], p.get("p", 2.0))
        steps = [made.level(n) / made.smoothness for n in estimation.FAR]
        assert np.array(steps) == pytest.approx(np.round(steps), abs=1e-9)


def test_what_controls_should_give_is_what_their_risks_give():
    """Of deterministic experiments: the predicted slope up to what whole octaves leave on the window."""
    for claim in estimation.CLAIMS:
        if claim.experiment is None or not claim.experiment.deterministic:
            continue
        for control in claim.controls:
            if control.predicted is None or control.comparison is not Comparison.EXPERIMENT_LAW:
                continue
            given = claim.parameters(control.case or claim.cases[0]) | dict(control.set)
            values = claim.experiment.run(None, (), given)[0, :, 0]
            slope = np.polyfit(np.log(claim.experiment.x), np.log(values), 1)[0]
            assert slope == pytest.approx(control.predicted, abs=0.015), control.name


def test_the_level_of_the_theorem_balances_the_worst_case():
    parts = problems.worst_risk(np.array([2.0**30]), weights="i^2", kind="mixed", a=1.0)
    space = GammaSpace(PowerWeights(2), "mixed")
    assert parts["bias"][0] == 4.0**-10
    assert parts["variance"][0] == space.count(10.0) / 2.0**30
    risks = [4.0**-t + space.count(t) / 2.0**30 for t in range(1, 20)]
    assert sum(parts.values())[0] < 1.5 * min(risks)


def test_the_slope_of_the_block_law_is_that_of_the_number_of_partitions():
    """Their asymptotics: log p(T) = 3 c T^{1/3} − 7/6 log T, c^{3/2} = √π ζ(3/2)/4 (Hardy and Ramanujan)."""
    c = (math.sqrt(math.pi) * 2.612375 / 4) ** (2 / 3)
    for weights, a in (("i^2", 1.0), ("1/2*i^2", 0.5)):
        n = 2.0 ** np.array([240, 480])
        found = (
            np.diff(np.log(problems.block_law_risk(n, weights=weights, kind="mixed", a=a)))[0] / np.diff(np.log(n))[0]
        )
        parts = np.log2(n) / (2 * a + 1)  # T/a_1
        log_number = 3 * c * parts ** (1 / 3) - 7 / 6 * np.log(parts)
        growth = np.diff(log_number)[0] / np.diff(np.log(n))[0] / (2 * a + 1)
        assert found + 2 * a / (2 * a + 1) == pytest.approx(growth, abs=0.002)


@pytest.mark.parametrize(
    ("case", "change"),
    [(BLOCKS, {}), (BLOCKS, {"kappa": 0.45}), (BLOCKS, {"order": "reversed", "kappa": 0.6}), (RANKS, {}),
     (RANKS, {"order": "mixed"}), (RANKS, {"order": "reversed"})],
    ids=["block", "block-kappa", "block-backwards", "rank", "rank-mixed", "rank-backwards"],
)  # fmt: skip
def test_fits_from_one_table_are_fits_of_series(case, change):
    found = problems.fitted(SIZES, MADE[:2], **case, **change)
    given = problems.target(**case)
    for row, stream in zip(found, MADE[:2], strict=True):
        function = given.draw(stream.numpy("signs"))
        sets = [problems.kept(int(n), **case, **change) for n in SIZES]
        width = max(given.indices.shape[1], *(one.shape[1] for one in sets))
        x = stream.numpy("points").random((256, width))
        y = function(x) + stream.numpy("noise").standard_normal(256)
        for k, n in enumerate((128, 256)):
            expected = squared_distance(fit_series(sets[k], x[:n], y[:n]), function)
            assert row[k, 0] == pytest.approx(expected, rel=1e-8)


def test_sets_are_those_of_their_order():
    assert np.array_equal(problems.kept(4096, **RANKS), ranked(problems.space("i^2", "anisotropic"), 43))
    best = problems.kept(4096, **BLOCKS)
    assert np.array_equal(best, below(problems.space("i^2", "mixed"), 5.0))
    backwards = problems.kept(4096, **BLOCKS, order="reversed", kappa=0.4)
    assert np.abs(backwards).max(axis=0).tolist() == [1, 15]  # 4 s_1 + s_2 < 4.8


@pytest.mark.parametrize("change", [{}, {"order": "mixed"}, {"order": "reversed"}, {"kappa": 0.2}],
                         ids=["own", "mixed", "backwards", "few"])  # fmt: skip
def test_the_curve_has_the_energy_that_is_left_out(change):
    bias = problems.expected(SIZES, **RANKS, **change)["bias"]
    given = problems.target(**RANKS)
    for n, left in zip(SIZES, bias, strict=True):
        inside = places(given.indices, problems.kept(int(n), **RANKS, **change)) >= 0
        assert left == pytest.approx(np.sum(given.sizes**2) - np.sum(given.sizes[inside] ** 2), rel=1e-9)


@pytest.mark.parametrize("case", [BLOCKS, RANKS], ids=["block", "rank"])
@pytest.mark.parametrize("order", ["own", "reversed"])
def test_the_scores_have_the_mean_that_is_claimed(case, order):
    change = {"order": order} | ({"kappa": 0.4} if case is BLOCKS else {})
    variate = problems.fitted(SIZES, MADE, **case, **change)[:, :, 1]
    error = variate.std(axis=0, ddof=1) / len(MADE) ** 0.5
    assert np.all(np.abs(variate.mean(axis=0) - problems.mean_of_scores(SIZES, **case, **change)) < 4.5 * error)


@pytest.mark.parametrize("measure", [
    lambda made: problems.fitted(SIZES, made, **BLOCKS),
    lambda made: problems.ridge_regression(64, made, weights="i^2", a=1.0),
    lambda made: problems.equal_weights(32, made, a=1.0, c=0.5),
], ids=["series", "kernel", "equal-weights"])  # fmt: skip
def test_replicates_do_not_depend_on_their_batch(measure):
    together = measure(MADE[:4])
    assert np.concatenate([measure(MADE[i : i + 1]) for i in range(4)]) == pytest.approx(np.asarray(together), rel=1e-9)


def test_kernels_that_are_told_wrong_weights_are_worse():
    right, *wrong = (
        np.mean(problems.ridge_regression(64, MADE[:8], weights="i^2", a=1.0, **change))
        for change in ({}, {"smoother": 2.0}, {"smoother": 0.5}, {"power": 0.5})
    )
    assert right < min(wrong)


def test_a_series_has_no_functions_of_further_coordinates():
    function = problems.target(**BLOCKS).draw(MADE[0].numpy("signs"))
    assert isinstance(function, FourierSeries)
    assert function.coordinates == (0, 1)
