"""Oracles for what the claims on dilated convolutions compute: sizes, picked coordinates, risks and their means."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth.fourier import FourierSeries, squared_distance
from dltheory.gamma_smooth.screening import fit_on
from dltheory.gamma_smooth.sparse_sizes import sparse_convolution
from rates.catalogue.gamma_smooth import _dilated_problems as problems
from rates.catalogue.gamma_smooth import dilated
from rates.claim import Quantity
from rates.slope import slope_weights
from rates.streams import streams

MADE = streams(5, "claim", "case", range(150))
MIXED = {"kind": "mixed", "q": 1.0, "noise": 0.2}
ANISOTROPIC = {"kind": "anisotropic", "q": 2.0, "noise": 0.5}


def deviates(values, mean):
    """Return by how many standard errors the mean of the values is off."""
    return abs(float(np.mean(values)) - mean) / (np.std(values, ddof=1) / math.sqrt(len(values)))


@pytest.mark.parametrize("q", [1.0, 2.0])
def test_channels_are_the_coordinates_below_the_level(q):
    m = np.array([64.0, 256.0, 1024.0])
    assert problems.channels(m, q=q) == pytest.approx([np.ceil((x / 3) ** (1 / q)) - 1 for x in m])
    assert np.array_equal(problems.channels(m, q=q), problems.channels(m, q=q, growth="ordered"))


def test_sizes_are_those_of_filters_that_are_built():
    m = np.array([24.0, 48.0, 96.0])
    for what in ("layers", "entries"):
        counted = problems.size(m, MADE[:3], what=what, q=2.0)
        for stream, row in zip(MADE[:3], counted, strict=True):
            built = [sparse_convolution(p) for p in problems._chosen(m, stream.numpy("places"), 2.0, "logarithm")]
            assert row.tolist() == [getattr(one.sizes, what) for one in built]
    ordinary = problems.size(m, MADE[:1], what="entries", q=2.0, layout="ordinary")
    assert ordinary[0, -1] == 5 * max(problems._chosen(m, MADE[0].numpy("places"), 2.0, "logarithm")[-1])


def test_filters_are_narrow_and_small():
    m = np.array([24.0, 48.0])
    assert problems.filters(m, what="width").tolist() == [3, 3]
    assert problems.filters(m, what="magnitude").tolist() == [1, 1]
    assert problems.filters(m, what="width", base=2).tolist() == [2, 2]
    assert problems.filters(m, what="magnitude", blurred=True) == pytest.approx([1 / 3, 1 / 3])
    assert problems.filters(m, what="width", digits="ordinary")[1] > 100


def test_receptive_fields_are_counted():
    layers = np.array([1.0, 3.0, 5.0])
    assert problems.field_size(layers) == pytest.approx(problems.whole_field(layers))
    assert problems.field_size(layers, base=1).tolist() == [3, 7, 11]
    assert problems.field_size(layers, base=2).tolist() == [3, 15, 63]


def test_picking_reads_the_places_and_mistakes_read_others():
    places = (70, 3, 41)
    read = {d: problems.picking(places, 4, d).matrix(81).argmax(axis=1) + 1 for d in
            ("theory", "ordinary", "undilated", "short", "wrong")}  # fmt: skip
    assert read["theory"].tolist() == read["ordinary"].tolist() == list(places)
    digits = [np.base_repr(place - 1, 3) for place in places]
    assert read["undilated"].tolist() == [1 + sum(map(int, d)) for d in digits]
    assert read["short"].tolist() == [(place - 1) % 27 + 1 for place in places]
    assert read["wrong"].tolist() == [1 + int(np.base_repr((place - 1) % 16, 2), 3) for place in places]


@pytest.mark.parametrize("kind", ["mixed", "anisotropic"])
def test_scattered_places_cost_nothing(kind):
    level = np.array([2.0, 4.0])
    assert problems.picked_error(level, kind=kind) == pytest.approx([1.0, 1.0], abs=1e-12)
    assert problems.picked_error(level, kind=kind, digits="wrong").min() > 2


@pytest.mark.parametrize("case", [MIXED, ANISOTROPIC], ids=["mixed", "anisotropic"])
def test_the_curve_of_the_sparse_risk_is_its_mean(case):
    parts = problems.sparse_risk_mean(np.array([256.0]), **case)
    expected = float(sum(parts.values())[0])
    measured = problems.sparse_risk(256, MADE, **case)
    # the formula of a Gaussian design is within 2 %
    assert deviates(measured / expected, 1.0) < 4.5 + 0.02 * math.sqrt(150) / float(np.std(measured / expected))


def test_the_curve_of_exact_erm_is_its_mean():
    expected = float(sum(problems.one_hot_risk_mean(np.array([256.0])).values())[0])
    measured = problems.one_hot_risk(256, MADE[:60])
    assert deviates(measured / expected, 1.0) < 4.5 + 0.02 * math.sqrt(60) / float(np.std(measured / expected))
    fixed = float(sum(problems.one_hot_risk_mean(np.array([256.0]), fixed=4).values())[0])
    assert deviates(problems.one_hot_risk(256, MADE[:60], fixed=4) / fixed, 1.0) < 5.5


def test_exact_erm_that_finds_the_place_is_least_squares_there():
    for stream in MADE[:4]:
        f = problems._one_coordinate(stream, 4, 256)
        x, y = problems._labelled(f, stream, 256, 0.2, 81)
        told = fit_on(x, y, problems._waves(9), [list(f.coordinates)])
        risk = problems._searched(x, y, f, 9, problems._field(4, 3))
        assert risk == pytest.approx(squared_distance(told, f), rel=1e-9)


def test_the_place_is_beyond_or_within_the_ordinary_field():
    beyond = [problems._one_coordinate(s, 4, 8).coordinates[0] + 1 for s in MADE]
    within = [problems._one_coordinate(s, 4, 8, inside=True).coordinates[0] + 1 for s in MADE]
    assert 12 < min(beyond) < 20
    assert 75 < max(beyond) <= 81
    assert (min(within), max(within)) == (1, 9)
    f = problems._one_coordinate(MADE[0], 4, 8)
    assert f.indices[:, 0].tolist() == [1, -1, 2, -2, 3, -3, 4, -4]
    assert np.abs(f.coefficients) == pytest.approx(np.arange(1.0, 9) ** -1.5)


def test_what_is_not_seen_costs_the_variance_of_f_and_that_of_the_fit():
    for layout in ("stack", "wide"):
        measured = problems.unseen_risk(512, MADE[:10], layout=layout)
        assert np.all(measured > 1)
        assert np.all(measured < 1.2)
    assert np.all(problems.unseen_risk(512, MADE[:4], layout="stack", inside=True) < 0.05)
    assert np.array_equal(problems.unseen_risk(512, MADE[:4], layout="stack", base=3),
                          problems.unseen_risk(512, MADE[:4], layout="stack", layers=40))  # fmt: skip


def test_both_networks_of_a_separation_see_the_same_samples():
    pair = problems.receptive_fields(256, MADE[:5])
    assert pair[:, 0] == pytest.approx(problems.one_hot_risk(256, MADE[:5]))
    variance = float(np.sum(np.arange(1.0, 257) ** -3.0))
    assert pair[:, 1] / variance == pytest.approx(problems.unseen_risk(256, MADE[:5], layout="stack"))
    assert np.array_equal(*problems.receptive_fields(256, MADE[:5], base=1).T)


def test_samples_are_nested():
    f = FourierSeries(np.array([[1]]), np.array([1.0]), (3,))
    few, many = (problems._labelled(f, MADE[0], n, 0.5, 9) for n in (20, 50))
    assert np.array_equal(few[0], many[0][:20])
    assert np.array_equal(few[1], many[1][:20])


def test_risks_do_not_depend_on_their_batch_or_device():
    pytest.importorskip("torch")
    for measure, given in ((problems.sparse_risk, MIXED), (problems.one_hot_risk, {})):
        assert np.array_equal(measure(128, MADE[:3], **given)[1:2], measure(128, MADE[1:2], **given))
    trained = problems.trained_risk(32, MADE[:3], layers=3, steps=10)
    assert problems.trained_risk(32, MADE[1:2], layers=3, steps=10) == pytest.approx(trained[1:2], rel=1e-8)
    on_torch = problems.trained_risk(32, MADE[:3], layers=3, steps=10, device="cpu:0")
    assert on_torch == pytest.approx(trained, rel=1e-10)


def test_predictions_of_exact_controls_are_what_they_measure():
    for claim in (dilated.FIELD, dilated.FILTERS, dilated.CHANNELS):
        for control in claim.controls:
            if control.predicted is None:
                continue
            case = control.case or claim.cases[0]
            x, given = np.array(claim.experiment.x), claim.parameters(case) | dict(control.set)
            measured = np.log(claim.experiment.run(None, (), given)[0, :, 0])
            found = slope_weights(x, claim.law.semilog) @ measured
            if control.quantity is Quantity.LEVEL:
                found = np.mean(measured) - math.log(claim.law.level(case))
            assert found == pytest.approx(control.predicted, abs=6e-4)


def test_every_claim_has_cases_that_its_law_reads():
    for claim in dilated.CLAIMS:
        for case in claim.cases:
            assert not claim.broken(case)
