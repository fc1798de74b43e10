"""Collecting from claims that take milliseconds: rows are right, a stopped study goes on, p-values are uniform."""

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t
from tiny_claims import located, with_curve

from rates.check import check
from rates.engines import EngineError
from rates.flake.__main__ import main
from rates.flake.collect import Ask, collect, run_once
from rates.flake.records import Record, read
from rates.flake.schedule import root_seed
from rates.flake.summary import summarise
from rates.flake.uniformity import p_values
from rates.plan import Options, plan
from rates.slope import Sample, estimand, fit, level_weights

KILLED = "the run, alone, took its worker process down: it was killed or ran out of memory"
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


def test_a_claim_that_takes_its_workers_down_is_recorded_and_the_runs_beside_it_are_kept(
    tmp_path, claims_file, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    deadly = "import os\ndef die(x, streams): os._exit(1)\n"
    name = claims_file(
        "with_curve(), tiny(name='deadly', controls=(), experiment=Experiment(die, X))", functions=deadly
    )
    assert collect(tmp_path / "a.jsonl", [name], runs=2, at_least=2, jobs=4) == 4
    study = read(tmp_path / "a.jsonl")
    assert {(r.claim, r.run, r.error) for r in study.records} == {
        *(("my:tiny", run, "") for run in range(2)), *(("my:deadly", run, KILLED) for run in range(2)),
    }  # fmt: skip
    coverage = summarise(study, at_least=2).verdicts[0]
    assert not coverage.ok
    assert coverage.sentence.endswith("errors: my:deadly")


class Pool(Executor):
    """A pool whose workers are lost to some runs, with all that is out at the time: a run starts when it is full."""

    def __init__(self, size, deadly, *, starts=True):
        self.size, self.deadly, self.starts = size, deadly, starts
        self.waiting, self.begun, self.losses = [], [], 0

    def submit(self, fn, /, *args):
        future = Future()
        if fn is not run_once:  # whether a worker can be started
            future.set_result(fn()) if self.starts else future.set_exception(BrokenProcessPool("it ended"))
            self.size = 1
            return future
        self.waiting.append((future, args[0]))
        self.begun.append((args[0].address, args[0].run))
        if len(self.waiting) >= self.size:
            self.finish()
        return future

    def finish(self):
        batch, self.waiting = self.waiting, []
        lost = any(self.deadly(ask) for _, ask in batch)
        self.losses += lost
        for future, ask in batch:
            if lost:
                future.set_exception(BrokenProcessPool("it ended"))
            else:
                future.set_result(
                    Record(ask.address, ask.run, ask.seed, ask.fingerprint, True, 1e-3, "consistent", 1.0)
                )
        self.size = 1 if lost else self.size


@pytest.fixture
def pooled(tmp_path, claims, monkeypatch):
    """Return a function that collects with a pool that is only made up, and gives back the runs and their errors."""

    def run(pool, **given):
        monkeypatch.setattr("rates.flake.collect.engine", lambda name, jobs: nullcontext(pool))
        collect(tmp_path / "a.jsonl", [f"{claims}:tiny"], **given)
        return {r.run: r.error for r in read(tmp_path / "a.jsonl").records}

    return run


def test_one_run_that_takes_the_pool_down_costs_none_of_the_others(pooled):
    pool = Pool(8, lambda ask: ask.run == 3)
    assert pooled(pool, runs=8, jobs=8) == {run: KILLED if run == 3 else "" for run in range(8)}
    assert pool.losses == 2  # with all the others, and alone
    assert sorted(pool.begun) == sorted([("my:tiny", run) for run in range(8)] * 2)


def test_a_run_that_lost_its_worker_to_another_cause_is_not_an_error(pooled):
    once = iter([True])
    assert pooled(Pool(4, lambda ask: next(once, False)), runs=4, jobs=4) == dict.fromkeys(range(4), "")


def test_runs_that_lose_their_workers_among_others_that_do_not_never_end_the_study(pooled):
    found = pooled(Pool(1, lambda ask: ask.run % 2 == 0), runs=20, jobs=1)
    assert found == {run: "" if run % 2 else KILLED for run in range(20)}


def test_workers_that_are_lost_and_lost_again_end_the_study_in_one_sentence(tmp_path, pooled):
    with pytest.raises(EngineError, match=r"^workers were lost 4 times in a row, the last time with a run of my:tiny$"):
        pooled(Pool(1, lambda ask: True), runs=20, jobs=1)
    assert [(r.run, r.error) for r in read(tmp_path / "a.jsonl").records] == [(run, KILLED) for run in range(3)]


def test_workers_that_cannot_be_started_are_no_runs_fault(tmp_path, pooled):
    with pytest.raises(EngineError, match=r"^no worker process can be started: BrokenProcessPool: it ended$"):
        pooled(Pool(4, lambda ask: True, starts=False), runs=4, jobs=4)
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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--runs", "-1"], "the most runs of a claim must be at least 1, got -1"),
        (["--runs", "0"], "the most runs of a claim must be at least 1, got 0"),
        (["--at-least", "-1"], "the least runs of a claim must be at least 0, got -1"),
        (["--seconds", "-1"], "the seconds must be a number from 0 on, got -1"),
        (["--seconds", "nan"], "the seconds must be a number from 0 on, got nan"),
        (["--jobs", "0"], "the number of jobs must be at least 1, got 0"),
        (["--study", " "], "the name of a study, from which its seeds are drawn, is empty"),
    ],
)
def test_a_number_that_makes_no_sense_is_one_sentence(tmp_path, claims, words, says, capsys):
    assert main(["collect", "a.jsonl", claims, *words]) == 2
    assert capsys.readouterr().err == f"rates.flake: {says}\n"
