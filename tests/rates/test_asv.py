"""The values that asv tracks of a claim, and what asv is told about them; nothing is measured but in one test."""

import json
import math
import pickle
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_claims import tiny, with_curve

from rates import asv
from rates.asv import CODES, TRACKS, FailedCheck, listed, measure, suite, values
from rates.check import check
from rates.plan import Options
from rates.result import ClaimRun, ControlResult, Outcome, Result

ROOT = Path(__file__).parents[2]
ADDRESS = "memory:tiny"


def result(estimate=-1.0, *, predicted=-1.0, margin=0.1, outcome=Outcome.CONSISTENT, **more):
    given = {
        "claim": ADDRESS, "case": {}, "comparison": "experiment-law", "quantity": "slope", "direction": "sharp",
        "form": "power", "interval": None, "alpha": 1e-3, "replicates": 16, "points": (), "seconds": 1.0,
        "device": "cpu", "dtype": "float64", "seed": 0, "reason": "as it is", "reproduce": "",
    }  # fmt: skip
    return Result(estimate=estimate, predicted=predicted, margin=margin, outcome=outcome, **(given | more))


def control(*, as_expected=True, outcome=Outcome.REFUTED, replicates=0):
    return ControlResult(
        "flat", "refuted", outcome, "experiment-law", "slope", -0.5, "as it is", as_expected=as_expected,
        replicates=replicates,
    )  # fmt: skip


def run(*results, outcome=Outcome.CONSISTENT):
    return ClaimRun(ADDRESS, tiny(), outcome, results)


@pytest.mark.parametrize("quantity", ["slope", "level"])
def test_a_deviation_counts_in_units_of_its_margin_from_one_on(quantity):
    def value(estimate, **more):
        return values(run(result(estimate, quantity=quantity, **more)))[quantity]

    assert value(-1.0) == 1.0
    assert value(-0.95) == value(-1.05) == 1.5
    assert value(-0.9) == 2.0
    assert value(0.03, predicted=0.0, margin=0.01) == 4.0


def test_the_worst_comparison_of_a_quantity_counts():
    rows = (result(-0.98), result(0.004, predicted=0.0, margin=0.005, comparison="curve-law"), result(-1.03))
    assert values(run(*rows))["slope"] == 1.8


def test_a_bound_counts_as_a_level():
    assert values(run(result(0.05, predicted=0.0, quantity="bound", direction="upper")))["level"] == 1.5


@pytest.mark.parametrize(
    ("direction", "comparison", "estimate", "value"),
    [
        ("upper", "experiment-law", -1.5, 1.0),
        ("upper", "experiment-law", -0.95, 1.5),
        ("lower", "experiment-law", -1.05, 1.5),
        ("lower", "curve-law", -0.5, 1.0),
        ("upper", "experiment-curve", -1.05, 1.5),  # a curve is met from both sides
    ],
)
def test_only_the_bad_side_of_a_one_sided_law_counts(direction, comparison, estimate, value):
    assert values(run(result(estimate, direction=direction, comparison=comparison)))["slope"] == value


def test_what_was_not_judged_is_left_out():
    unjudged = [result(-0.2, outcome=o) for o in (Outcome.PRE_ASYMPTOTIC, Outcome.UNDECIDABLE)]
    invalid = result(None, predicted=None, outcome=Outcome.INVALID)
    assert "slope" not in values(run(*unjudged, invalid))
    assert values(run(*unjudged, invalid, result(-0.95)))["slope"] == 1.5


def test_without_a_margin_there_is_no_unit_to_count_in():
    assert set(values(run(result(0.0, predicted=0.0, margin=0.0)))) == {"outcome"}


def test_outcomes_are_further_apart_than_any_factor_and_worse_is_greater():
    worst_last = (Outcome.CONSISTENT, Outcome.INCONCLUSIVE, Outcome.INVALID, Outcome.REFUTED)
    codes = [values(run(result(), outcome=outcome))["outcome"] for outcome in worst_last]
    assert codes == [1.0, 10.0, 100.0, 1000.0] == list(CODES.values())
    assert "outcome" not in values(run(result(outcome=Outcome.UNDECIDABLE), outcome=Outcome.UNDECIDABLE))


def test_every_control_that_is_missed_is_a_factor_of_ten():
    caught, missed = control(), control(as_expected=False)
    assert values(run(result(controls=(caught, caught))))["controls"] == 1.0
    assert values(run(result(controls=(caught, missed))))["controls"] == 10.0
    assert values(run(result(controls=(missed, missed)), result(controls=(missed, caught))))["controls"] == 1000.0
    assert "controls" not in values(run(result()))


def test_seconds_are_replicates_at_the_pace_of_the_pilot_whatever_the_clock_says():
    claim = tiny()
    pilot = replace(claim.experiment.pilot, seconds=0.5)
    timed = replace(claim, experiment=replace(claim.experiment, pilot=pilot))
    rows = (
        result(case={"r": "1/2"}, replicates=16, controls=(control(replicates=8),), seconds=99.0),
        result(case={"r": "1/2"}, replicates=0, comparison="curve-law"),
        result(case={"r": "3/4"}, replicates=32),
    )
    assert values(ClaimRun(ADDRESS, timed, Outcome.CONSISTENT, rows))["seconds"] == (16 + 8 + 32) * 0.5
    assert "seconds" not in values(ClaimRun(ADDRESS, timed, Outcome.REFUTED, rows))  # wrong sooner is no gain
    assert "seconds" not in values(run(*rows))  # the pilot of this claim was not timed
    assert "seconds" not in values(ClaimRun(ADDRESS, replace(claim, experiment=None, checks=(), controls=()),
                                            Outcome.INCONCLUSIVE, rows))  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        (result(None, predicted=None, outcome=Outcome.ERROR, reason="it fell over"), result()),
        (result(controls=(replace(control(outcome=Outcome.ERROR), reason="it fell over"),)),),
    ],
)
def test_an_error_anywhere_leaves_no_value_at_all(rows):
    with pytest.raises(FailedCheck, match=r"^memory:tiny: .*it fell over$"):
        values(run(*rows, outcome=Outcome.ERROR))


@pytest.mark.parametrize("estimate", [math.nan, math.inf, -math.inf])
def test_a_deviation_that_is_not_finite_is_a_failure(estimate):
    with pytest.raises(FailedCheck, match="a deviation of the slope is not finite"):
        values(run(result(estimate), result(-1.0)))


def test_values_of_a_real_check_are_plain_numbers_from_one_on():
    (claim,) = check(with_curve(), options=Options(), store=None).claims
    found = values(claim)
    assert set(found) == {"slope", "level", "outcome", "controls"}
    assert all(type(value) is float and math.isfinite(value) and value >= 1 for value in found.values())
    assert found["outcome"] == found["controls"] == 1.0
    assert pickle.loads(pickle.dumps(found)) == json.loads(json.dumps(found)) == found


@pytest.fixture
def claims(claims_file, tmp_path, monkeypatch):
    """Return a suite over a file with a claim that holds and one that falls over, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    file = claims_file("tiny(), tiny(name='broken', experiment=Experiment(broken, X, pilot=PILOT), controls=())",
                       functions="def broken(x, streams):\n    raise RuntimeError('it fell over')\n")  # fmt: skip
    return suite(str(tmp_path / file), "benchmarks.my_claims", ROOT)


def benchmark(made, name):
    return getattr(made, f"track_{name}")


def test_the_suite_measures_once_and_looks_up(claims):
    made = claims()
    assert made.params == [["my:tiny", "my:broken"]]
    measured = pickle.loads(pickle.dumps(made.setup_cache()))
    for name in ("slope", "outcome", "controls"):
        track = benchmark(made, name)
        track.setup(measured, "my:tiny")
        assert type(track(measured, "my:tiny")) is float
        track.setup(measured, "my:broken")  # applies, and fails
        with pytest.raises(SystemExit, match="it fell over"):
            track(measured, "my:broken")


def test_what_a_commit_lacks_does_not_apply(claims):
    made = claims()
    for name in TRACKS:
        with pytest.raises(NotImplementedError, match="my:later has no"):
            benchmark(made, name).setup({"my:tiny": {"slope": 1.0}}, "my:later")
    with pytest.raises(NotImplementedError, match="my:tiny has no level here"):
        benchmark(made, "level").setup({"my:tiny": {"slope": 1.0}}, "my:tiny")


def test_a_commit_from_before_the_chapter_has_no_values():
    assert measure("chapter_to_come") == {}


def test_the_list_of_claims_is_that_of_the_working_tree_whatever_is_installed(claims, monkeypatch):
    made = claims()
    made.setup_cache()
    monkeypatch.setattr(asv, "listed", None)  # the processes of the benchmarks find it beside the cache
    assert claims().params == made.params


def test_the_claims_of_a_folder_come_before_those_that_are_installed(tmp_path):
    chapter = tmp_path / "rates" / "catalogue"
    chapter.mkdir(parents=True)
    (tmp_path / "rates" / "__init__.py").touch()
    (chapter / "__init__.py").write_text(
        "from types import SimpleNamespace\n\n\ndef find(targets):\n"
        "    return [SimpleNamespace(address=f'{target}/new:claim') for target in targets]\n"
    )
    assert listed("ntk", tmp_path) == ("ntk/new:claim",)


def test_a_folder_whose_claims_cannot_be_listed_is_an_error(tmp_path, capfd):
    with pytest.raises(subprocess.CalledProcessError):
        listed("chapter_to_come", tmp_path)
    assert "there is no claim, method or chapter 'chapter_to_come'" in capfd.readouterr().err


def test_asv_is_told_titles_units_and_how_long_to_wait(claims):
    made = claims()
    assert made.param_names == ["claim"]
    assert made.setup_cache.timeout >= 1800
    # asv shares a cache between all suites whose setup_cache has one module and line
    assert made.setup_cache.__module__ == "benchmarks.my_claims"
    for name, (title, unit) in TRACKS.items():
        assert (benchmark(made, name).pretty_name, benchmark(made, name).unit) == (title, unit)
