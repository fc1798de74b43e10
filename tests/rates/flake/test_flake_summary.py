"""What a report makes of a study whose truth is known."""

import json

import numpy as np
import pytest
from flake_studies import CONTROL, MISSED, UNCAUGHT, p_value, record, study, write
from scipy.stats import kstwo

from rates.flake.__main__ import main
from rates.flake.markdown import as_markdown
from rates.flake.records import StudyError
from rates.flake.summary import as_json, summarise

UNIFORM = np.random.default_rng(4).random(100)


def verdicts(records, **given):
    return {verdict.name: verdict.ok for verdict in summarise(study(records), **given).verdicts}


def good(runs=100, **given):
    return [record(run, p=[p_value(UNIFORM[run % 100])], **given) for run in range(runs)]


def test_a_study_without_a_blemish_is_as_planned():
    summary = summarise(study([*good(), record(0, claim="a:fixed", random=False)]))
    assert summary.ok, summary.verdicts
    assert (summary.wrong.hits, summary.wrong.count, summary.missed.count) == (0, 100, 100)
    assert "1 claims have no randomness" in as_markdown(summary)


def test_a_claim_that_is_refuted_too_often_is_named():
    records = [*good(), *(record(run, "refuted" if run < 3 else "consistent", claim="a:bad") for run in range(40))]
    summary = summarise(study(records))
    found = {v.name: v for v in summary.verdicts}
    assert not found["each claim"].ok
    assert "a:bad (3 of 40)" in found["each claim"].sentence
    assert "a:one" not in found["each claim"].sentence
    assert not found["wrong outcomes"].ok


def test_one_wrong_run_among_many_is_within_the_level():
    assert verdicts([*good(400), record(400, "refuted")])["wrong outcomes"]


def test_a_sabotage_that_passes_is_wrong_and_one_that_is_left_open_is_not():
    missed = summarise(study([record(0, "consistent", controls=[MISSED, CONTROL])]))
    assert (missed.missed.hits, missed.missed.count, missed.wrong.hits, missed.refuted.hits) == (1, 2, 1, 0)
    uncaught = summarise(study([record(0, "inconclusive", controls=[UNCAUGHT])]))
    assert (uncaught.wrong.hits, uncaught.claims[0].undecided.hits) == (0, 1)


def test_a_control_that_theory_allows_must_not_be_refuted():
    from dataclasses import replace

    allowed = replace(MISSED, expected="consistent", outcome="refuted")
    assert summarise(study([record(0, controls=[allowed])])).missed.hits == 1


def test_inconclusives_are_held_against_the_power_of_the_plan():
    few = [*good(), record(100, "inconclusive")]
    many = [*good(), *(record(100 + i, "inconclusive") for i in range(4))]
    summary = summarise(study(few))
    assert summary.claims[0].undecided.nominal == pytest.approx(0.002)  # one check and one control
    assert verdicts(few)["inconclusives"]
    assert not verdicts(many)["inconclusives"]


def test_errors_and_too_few_runs_are_no_coverage():
    assert not verdicts(good(19))["coverage"]
    assert verdicts(good(19), at_least=10)["coverage"]
    assert not verdicts([*good(), record(100, "error", error="it fell over")])["coverage"]


def test_a_deterministic_claim_must_not_be_wrong_at_all():
    assert not verdicts([*good(), record(0, "refuted", claim="a:fixed", random=False)])["wrong outcomes"]


def test_p_values_that_are_not_uniform_are_flagged_by_check():
    records = [
        record(r, p=[p_value(u), p_value(u**1.8, check="experiment-curve slope")]) for r, u in enumerate(UNIFORM)
    ]
    summary = summarise(study(records))
    found = next(v for v in summary.verdicts if v.name == "uniformity")
    assert not found.ok
    assert "a:one experiment-curve slope (d=2)" in found.sentence
    assert "experiment-curve level" not in found.sentence
    assert {check: pool.count for check, pool in summary.pools.items()} == {
        "experiment-curve level": 100, "experiment-curve slope": 100,
    }  # fmt: skip


def test_a_fault_too_small_for_any_one_check_shows_in_the_pool():
    u = np.random.default_rng(5).random((30, 40))
    records = [record(r, claim=f"a:{c}", p=[p_value(u[c, r] ** 1.25)]) for c in range(30) for r in range(40)]
    summary = summarise(study(records))
    assert min(row.p_holm for row in summary.checks) > 0.01
    assert "all of experiment-curve level" in summary.verdicts[-1].sentence


@pytest.mark.parametrize(("p", "uniform"), [(0.0053, True), (0.0097, True), (0.0047, False)])
def test_the_checks_and_their_pools_share_the_level_of_uniformity(p, uniform):
    distance = kstwo.isf(p, 100)  # the largest distance is at the largest p-value, and is just this
    records = [record(r, p=[p_value(u)]) for r, u in enumerate((1 - distance) * np.arange(1, 101) / 100)]
    summary = summarise(study(records))
    assert summary.checks[0].p_holm == pytest.approx(p, rel=1e-6)
    assert summary.verdicts[-1].ok is uniform
    assert not uniform or f"smallest corrected p {2 * p:.2g}" in summary.verdicts[-1].sentence


def test_a_curve_that_is_not_exact_is_left_out_and_said_to_be():
    records = [record(r, p=[p_value(u**3, exact_to=0.01)]) for r, u in enumerate(UNIFORM)]
    summary = summarise(study(records))
    assert (summary.checks, summary.pools) == ((), {})
    assert summary.left_out[0].reason == "the curve is exact to 0.5 standard errors only"
    assert summary.left_out[0].reason in as_markdown(summary)


def test_a_check_without_a_p_value_in_some_runs_is_not_judged_by_the_others():
    summary = summarise(study([*good(), record(100, p=[p_value(None)])]))
    assert summary.checks == ()
    assert "1 of 101 runs give no p-value" in summary.left_out[0].reason


def test_only_runs_of_the_newest_code_count():
    summary = summarise(study([record(0, "refuted", fingerprint="old"), *good()]))
    assert (summary.set_aside, summary.wrong.hits, summary.wrong.count) == (1, 0, 100)


def test_an_empty_study_has_no_summary():
    with pytest.raises(StudyError, match="has no runs yet"):
        summarise(study([]))


def test_the_command_writes_both_reports_and_its_exit_code_is_the_verdict(tmp_path, capsys):
    files = ["--json", str(tmp_path / "o.json"), "--markdown", str(tmp_path / "o.md")]
    assert main(["report", str(write(tmp_path / "good.jsonl", good())), *files]) == 0
    assert json.loads((tmp_path / "o.json").read_text())["wrong"]["count"] == 100
    assert "## Flake rate: as planned" in (tmp_path / "o.md").read_text()
    bad = write(tmp_path / "bad.jsonl", [record(run, "refuted") for run in range(20)])
    assert main(["report", str(bad), *files]) == 1
    assert "rates check CLAIM --seed SEED" in (tmp_path / "o.md").read_text()
    assert main(["report", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl cannot be used" in capsys.readouterr().err


def test_a_dash_is_stdout_for_one_of_the_two_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = str(write(tmp_path / "good.jsonl", good()))
    assert main(["report", file, "--markdown", "-"]) == 0
    text = capsys.readouterr().out
    assert main(["report", file]) == 0
    assert capsys.readouterr().out == text
    assert text.startswith("## Flake rate") or "## Flake rate: as planned" in text
    assert main(["report", file, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["wrong"]["count"] == 100
    assert main(["report", file, "--json", "-", "--markdown", "-"]) == 2
    assert "cannot both be written to stdout" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["good.jsonl"]


def test_a_least_number_of_runs_below_zero_is_refused(tmp_path, capsys):
    assert main(["report", str(write(tmp_path / "good.jsonl", good())), "--at-least", "-3"]) == 2
    assert capsys.readouterr().err == "rates.flake: the least runs of a claim must be at least 0, got -3\n"


def test_json_says_all_that_the_tables_say():
    summary = summarise(study([*good(), record(100, "refuted")]))
    found = json.loads(as_json(summary))
    assert [v["name"] for v in found["verdicts"]] == [v.name for v in summary.verdicts]
    assert found["oddities"][0]["seed"] == 1100
