"""Two runs side by side: what a device changes in outcomes and numbers, and what it saves."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rates.report import from_json, to_json
from rates.report.views import Report
from rates.result import ClaimRun, Outcome, Result, Run
from rates.speedup import Cost, load, main, speedup_markdown

sys.path.insert(0, str(Path(__file__).with_name("report")))
import report_fixture

ENVIRONMENT = {"cpu": "A CPU", "gpu": None, "jobs": 2, "packages": {"torch": "2.6"}}


def on(device: str, factor: float, claims: tuple[ClaimRun, ...] | None = None) -> Run:
    """Return the fixture as if measured on a device, `factor` times faster than it says."""
    run = report_fixture.run()
    made = tuple(replace(c, results=tuple(_on(r, device, factor) for r in c.results)) for c in claims or run.claims)
    environment = ENVIRONMENT | ({"gpu": "A GPU", "cuda": "12.8"} if device == "cuda" else {})
    return replace(run, claims=made, device=device, environment=environment, seconds=run.seconds / factor)


def _on(result: Result, device: str, factor: float) -> Result:
    if result.comparison == "curve-law":
        return result
    controls = tuple(replace(c, seconds=c.seconds / factor) for c in result.controls)
    return replace(result, device=device, seconds=result.seconds / factor, controls=controls)


def report(run: Run) -> Report:
    return from_json(to_json(run))


def table(text: str) -> dict[str, list[str]]:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {line[0].strip("`"): line[1:] for line in lines}


def test_a_claim_has_outcomes_estimates_times_and_the_ratio_of_times():
    found = table(speedup_markdown(report(on("cpu", 1)), report(on("cuda", 4))))
    assert found["claim"] == ["outcome, cpu", "outcome, A GPU", "estimate, cpu", "estimate, A GPU", "time, cpu",
                              "time, A GPU", "speed-up"]  # fmt: skip
    assert found["meanfield/pda:outer-rate"] == [
        "✓ consistent", "✓ consistent", "slope 2.6120", "slope 2.6120", "5.3 s", "1.3 s", "4",
    ]  # fmt: skip


def test_comparisons_of_a_case_share_their_time_and_curves_are_left_out():
    claim = report_fixture.averaged_sgd()
    view = report(Run((claim,), {}, "quick", 0, "cpu")).claims[0]
    assert len(claim.results) == 6
    assert Cost.of(view) == Cost(2 * 32 + 6 * 16, pytest.approx(2 * 4.1 + 6 * 1.2), frozenset({"cpu"}))


def test_the_ratio_is_that_of_one_replicate():
    slow, fast = Cost(32, 8.0, frozenset({"cpu"})), Cost(64, 4.0, frozenset({"cuda"}))
    assert slow.against(fast) == pytest.approx(4)
    assert fast.against(slow) == pytest.approx(0.25)


def test_there_is_no_speed_up_on_one_device_or_without_measurements():
    cost = Cost(32, 8.0, frozenset({"cpu"}))
    assert cost.against(cost) is None
    assert cost.against(Cost(0, 0.0, frozenset())) is None
    assert cost.against(Cost(32, 0.0, frozenset({"cuda"}))) is None
    same = table(speedup_markdown(report(on("cpu", 1)), report(on("cpu", 2))))
    assert {row[-1] for address, row in same.items() if "/" in address} == {"–"}
    assert same["claim"][:2] == ["outcome, cpu, first", "outcome, cpu, second"]


def test_the_estimate_beside_is_that_of_the_same_comparison():
    claim = report_fixture.averaged_sgd()
    worse = tuple(replace(r, outcome=Outcome.REFUTED) if r.comparison == "curve-law" else r for r in claim.results)
    beside = replace(claim, results=worse, outcome=Outcome.REFUTED)
    row = table(speedup_markdown(report(on("cpu", 1, (claim,))), report(on("cuda", 2, (beside,)))))[claim.address]
    assert row[:4] == ["✓ consistent", "✗ refuted", "slope −0.7512", "slope −0.7512"]


def test_claims_of_one_report_are_named():
    first, second = on("cpu", 1), on("cuda", 2)
    first, second = replace(first, claims=first.claims[:2]), replace(second, claims=second.claims[1:3])
    text = speedup_markdown(report(first), report(second))
    assert set(table(text)) == {"claim", "---", second.claims[0].address}
    assert "In one of them only: `ntk/averaged-sgd:excess-risk`, `optim/manifold:linear-rate`." in text


def test_the_machines_are_told():
    text = speedup_markdown(report(on("cpu", 1)), report(on("cuda", 2)))
    assert "* cpu: A CPU, torch 2.6, 2 workers, device cpu, profile quick, seed 7, 48 s in all" in text
    assert "* A GPU: A CPU, A GPU, torch 2.6, CUDA 12.8, 2 workers, device cuda" in text


def test_files_and_folders_are_taken(tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "results.json").write_text(json.dumps(to_json(on("cpu", 1))))
    (tmp_path / "file.json").write_text(json.dumps(to_json(on("cuda", 2))))
    assert main([str(tmp_path / "folder"), str(tmp_path / "file.json")]) == 0
    assert "| speed-up |" in capsys.readouterr().out
    assert load(tmp_path / "folder").document["device"] == "cpu"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["empty"], "two runs are compared, files or folders, got 1"),
        (["empty", ""], "the name of a run is empty: give a file or a folder"),
        (["missing.json", "empty"], "missing.json cannot be read: no such file or directory"),
        (["text.json", "empty"], "text.json is not JSON"),
        (["other.json", "empty"], "other.json: not a schema-1 result document"),
        (["empty", "empty"], "there is no results.json in empty"),
        (["here.json", "there.json"], "the two reports have no claim in common"),
    ],
)
def test_wrong_input_is_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("text.json").write_text("{")
    Path("other.json").write_text("{}")
    for name, claim in (("here", report_fixture.outer_rate()), ("there", report_fixture.exponential())):
        Path(f"{name}.json").write_text(json.dumps(to_json(Run((claim,), {}, "quick", 0, "cpu"))))
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {message}")
    assert (captured.out, captured.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_says_what_to_type(word, capsys):
    assert main([word]) == 0
    captured = capsys.readouterr()
    assert "python -m rates.speedup reports/reference-cpu.json reports/reference-cuda.json" in captured.out
    assert captured.err == ""
