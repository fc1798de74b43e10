"""Oracles for what the claims on selection compute: variates, averages, streams, and the pages that show them."""

import numpy as np
import pytest

from dltheory.gamma_smooth.selection_risk import linear_bound
from rates.catalogue.gamma_smooth import _selection_fits as fits
from rates.catalogue.gamma_smooth import _selection_problems as problems
from rates.catalogue.gamma_smooth import selection
from rates.streams import streams

MADE = streams(7003, "claim", "case", range(200))


def test_every_statement_is_derived_here_and_says_so():
    assert {claim.source.evidence for claim in selection.CLAIMS} == {"derived"}


@pytest.mark.parametrize("change", [{}, {"m": 2, "c": 0.5}, {"kappa": 0.2}, {"noise": 2.0}, {"a": 2.0}], ids=str)
def test_the_scores_have_the_mean_that_is_claimed(change):
    given = {"c": 0.25, **change}
    variate = fits.selected(128, MADE, **given)[:, 1]
    mean = fits.selected_mean(np.array([128.0]), **given)[0]
    assert abs(variate.mean() - mean) < 4.5 * variate.std(ddof=1) / len(MADE) ** 0.5


def test_scores_do_not_depend_on_the_estimator():
    expected = fits.selected(128, MADE[:3], c=0.5)[:, 1]
    for by in ("erm", "told", "random", "ridge"):
        assert fits.selected(128, MADE[:3], c=0.5, by=by)[:, 1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", [
    lambda n, made: fits.selected(n, made, c=0.5), lambda n, made: fits.selected(n, made, c=0.25, m=2, by="erm"),
    lambda n, made: fits.both(n, made, c=0.5), lambda n, made: fits.lasso_risk(n, made, c=0.5),
    lambda n, made: fits.neighbours_risk(n, made, c=0.5), lambda n, made: problems.additive_risk(n, made, c=0.5),
    lambda n, made: fits.ratio_to_bound(n, made, c=0.5, by="product"), lambda n, made: problems.needle(3, made),
    lambda n, made: problems.additive_over_candidates(4, made, n=n),
    lambda n, made: fits.selected_over_candidates(4, made, n=n),
])  # fmt: skip
def test_replicates_do_not_depend_on_their_batch(measure):
    together = measure(64, MADE[:4])
    assert np.concatenate([measure(64, MADE[i : i + 1]) for i in range(4)]) == pytest.approx(together, rel=1e-9)


def test_coordinates_are_drawn_anew_and_points_are_nested_in_n():
    function = problems.target(1.0, 8, 1, 16)
    drawn = [fits._sample(40, stream, function, 1.0) for stream in MADE[:60]]
    assert {f.coordinates[0] for f, _, _ in drawn} == set(range(8))
    _, short, few = fits._sample(30, MADE[0], function, 1.0)
    _, long, many = drawn[0]
    assert np.array_equal(short, long[:30])
    assert few == pytest.approx(many[:30], abs=1e-12)


def test_a_known_coordinate_is_the_bound_with_one_place_and_pairs_have_fewer_samples():
    n = np.array([2.0**30])
    assert problems.linear_far(n, a=1.0, c=0.5, places="one") == problems.linear_far(n, a=1.0)
    D = 2**7.5
    pairs = linear_bound(1.0, D * (D - 1) / 2 / n[0])
    assert problems.linear_far(n, a=1.0, c=0.25, m=2)[0] == pytest.approx(pairs, rel=1e-12)
    assert problems.bound_over_candidates(np.array([2.0**15]), n=n[0]) == pytest.approx(
        problems.linear_far(n, a=1.0, c=0.5), rel=1e-12
    )


def test_selection_beats_the_bound_of_all_linear_estimators_on_average():
    n = 1024
    errors = fits.selected(n, MADE[:24], c=0.5)[:, 0]
    bound = problems.linear_far(np.array([float(n)]), a=1.0, c=0.5)[0]
    assert errors.mean() < 0.2 * bound
    assert problems.additive_risk(n, MADE[:3], c=0.5).min() > bound


def test_a_linear_estimator_is_below_the_bound_only_where_it_is_told_the_coordinate():
    assert fits.ratio_to_bound(64, MADE[:4], by="neighbours", c=0.5).min() > 1
    assert fits.ratio_to_bound(64, MADE[:4], by="additive", c=0.5).min() > 1
    assert fits.ratio_to_bound(64, MADE[:4], by="additive", c=0.5, told=True).max() < 0.5


def test_the_needle_on_a_design_is_that_of_white_noise():
    found = problems.needle(4, MADE[:40])
    expected = problems.needle_curve(np.array([4.0]))[0]
    assert abs(found.mean() - expected) < 4 * found.std(ddof=1) / 40**0.5 + 0.02 * expected
    assert problems.needle_curve(np.array([4.0]), factor=3.0)[0] < 0.2 * expected


def test_a_wrong_case_is_invalid_and_says_why():
    by_name = {claim.name: claim for claim in selection.CLAIMS}
    assert "linear estimators learn nothing" in by_name["linear-bound"].broken({"a": 1, "c": "1/2", "m": 2})
    assert "nothing is learnt" in by_name["additive-ridge"].broken({"a": 1, "c": 1})
    assert "no rate without smoothness" in by_name["adaptive-rate"].broken({"a": 0, "c": "1/2"})
    assert "separates nothing" in by_name["separation"].broken({"a": 1, "c": 0})


def test_pages_show_the_separation_over_samples_and_over_candidates():
    claims = {claim.name: (f"gamma_smooth/selection:{claim.name}", claim) for claim in selection.CLAIMS}
    for page in selection.PAGES:
        resolved = page.resolved(claims)
        assert {series.role for series in resolved.series} >= {"measured", "curve", "law"}
    over_n, over_d = selection.PAGES
    assert over_n.x.startswith("samples")
    assert over_d.x.startswith("candidate")
