"""Collecting from claims that take milliseconds: rows are right, a stopped study goes on, p-values are uniform."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t
from tiny_claims import located, with_curve

from rates.check import check
from rates.engines import EngineError
from rates.flake.collect import Ask, collect, run_once
from rates.flake.records import read
from rates.flake.schedule import root_seed
from rates.flake.uniformity import p_values
from rates.plan import Options, plan
from rates.slope import Sample, estimand, fit, level_weights

FUNCTIONS = "from rates.experiment import Experiment as E\ndef det(x): return 1.0 / x\n"
CLAIMS = (
    "with_curve(), tiny(name='fixed', controls=(), curve=None,"
    " checks=(Check('experiment-law', 'slope', Margin(0.1)),), experiment=E(det, X, numerical_error=1e-9))"
)


@pytest.fixture
def claims(tmp_path, monkeypatch, claims_file):
    monkeypatch.chdir(tmp_path)
    return claims_file(CLAIMS, functions=FUNCTIONS)


def test_a_study_that_is_stopped_goes_on_with_the_same_runs(tmp_path, claims):
    whole, parts = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    given = {"runs": 3, "at_least": 2, "seconds": 300.0, "jobs": 1}
    assert collect(whole, [claims], **given) == 4
    assert collect(parts, [claims], **given | {"runs": 1}) == 2
    parts.write_bytes(parts.read_bytes()[:-30])
    assert collect(parts, [claims], **given) == 3
    runs = [{(r.claim, r.run): replace(r, seconds=0.0) for r in read(file).records} for file in (whole, parts)]
    assert runs[0] == runs[1]
    assert sorted(runs[0]) == [("my:fixed", 0), ("my:tiny", 0), ("my:tiny", 1), ("my:tiny", 2)]
    assert collect(parts, [claims], **given) == 0


def test_a_record_says_what_the_check_said(tmp_path, claims):
    seed = root_seed("flake", 7)
    found = run_once(Ask(str(tmp_path / claims), "my:tiny", 7, seed, "quick", "print"))
    run = check(f"{claims}:tiny", options=Options(seed=seed), store=None, engine_name="serial").claims[0]
    assert (found.outcome, found.alpha, found.random, found.error) == (str(run.outcome), 1e-3, True, "")
    assert [(r.estimate, r.interval) for r in found.results] == [(r.estimate, r.interval) for r in run.results]
    assert [c.name for c in found.controls] == [c.name for r in run.results for c in r.controls]
    assert {p.check for p in found.p_values} == {"experiment-curve level", "experiment-curve slope"}


def test_a_run_that_breaks_down_is_a_record_of_an_error(tmp_path, claims, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("it fell\nover")

    monkeypatch.setattr("rates.flake.collect.check", broken)
    found = run_once(Ask(str(tmp_path / claims), "my:tiny", 0, 1, "quick", "print"))
    assert (found.outcome, found.error, found.results) == ("error", "RuntimeError: it fell over", ())


def test_a_claim_that_takes_its_workers_down_ends_the_study_in_one_sentence(tmp_path, claims_file, monkeypatch):
    monkeypatch.chdir(tmp_path)
    deadly = "import os\ndef die(x, streams): os._exit(1)\n"
    name = claims_file("tiny(controls=(), experiment=Experiment(die, X))", functions=deadly)
    with pytest.raises(EngineError, match=r"^4 runs in a row lost their worker, the last one of my:tiny$"):
        collect(tmp_path / "a.jsonl", [name], runs=1, jobs=1)
    assert read(tmp_path / "a.jsonl").records == ()


def test_p_values_use_the_first_look_only_and_are_those_of_the_t_statistic():
    item = located(with_curve())
    planned = plan([item], Options())[0]
    first, x = planned.trials[0].schedule.looks[0], np.array(item.claim.experiment.x)
    noise = np.exp(0.1 * np.random.default_rng(0).standard_normal((4 * first, len(x), 1)))
    values = noise / x[:, np.newaxis]
    found = {p.check: p for p in p_values(planned, {"": values})}
    level = found["experiment-curve level"]
    by_hand = fit(Sample(x, values[:first]), estimand("mean"), level_weights(len(x)), -np.log(x))
    assert level.replicates == first
    assert level.p == pytest.approx(2 * t.sf(abs(by_hand.estimate / by_hand.standard_error), first - 1))
    assert level.exact_to == pytest.approx(1e-9)


def test_p_values_against_an_exact_curve_are_uniform_and_those_against_a_wrong_one_are_not():
    from rates.flake.counting import uniformity

    item = located(with_curve())
    planned = plan([item], Options())[0]
    x = np.array(item.claim.experiment.x)
    generator = np.random.default_rng(6)
    exact, wrong = [], []
    for _ in range(300):
        noise = np.exp(0.1 * generator.standard_normal((64, len(x), 1)) - 0.005)
        exact += [p.p for p in p_values(planned, {"": noise / x[:, np.newaxis]}) if p.check.endswith("level")]
        wrong += [p.p for p in p_values(planned, {"": 1.03 * noise / x[:, np.newaxis]}) if p.check.endswith("level")]
    assert uniformity(exact).p > 0.01
    assert uniformity(wrong).p < 1e-6
