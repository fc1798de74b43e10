import dataclasses
import math
import sqlite3
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_claims import tiny

from rates.check import check
from rates.history import counts, past, record
from rates.plan import Options
from rates.result import ClaimRun, Outcome, Result, Run
from rates.store import Key, Store, StoreError

CLEAN = {"commit": "abc1234", "dirty": False}
LAW, CURVE = ("experiment-law", "slope"), ("experiment-curve", "level")


def result(outcome=Outcome.CONSISTENT, kind=LAW, estimate=-1.0, interval=(-1.1, -0.9), **changes) -> Result:
    made = Result("c", {"r": "3/4", "d": "2"}, *kind, "sharp", "power", outcome, -1.0, estimate, interval, 0.1, 1e-3, 8,
                  (), 0.0, "cpu", "float64", 0, "", "")  # fmt: skip
    return dataclasses.replace(made, **changes)


def run(*results: Result, outcome=Outcome.CONSISTENT, address="c", environment=CLEAN, **changes) -> Run:
    claims = (ClaimRun(address, None, outcome, results or (result(),)),)
    return Run(claims, environment, **({"profile": "quick", "seed": 0, "device": "cpu"} | changes))


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.db") as opened:
        yield opened


def test_what_was_recorded_comes_back_oldest_first_and_of_this_claim_only(store):
    seed = 2**70
    assert record(store, run(seed=seed, environment={"commit": None, "dirty": None}, profile="ci")) == 1
    assert record(store, run(result(Outcome.REFUTED, estimate=-0.5), outcome=Outcome.REFUTED, device="cuda")) == 1
    assert record(store, run(address="other")) == 1
    first, second = past(store, "c")
    assert dataclasses.asdict(first) | {"created": 0} == {
        "created": 0, "commit": None, "dirty": False, "profile": "ci", "seed": seed, "device": "cpu",
        "outcome": Outcome.CONSISTENT, "case": "d=2, r=3/4", "comparison": "experiment-law", "quantity": "slope",
        "predicted": -1.0, "estimate": -1.0, "interval": (-1.1, -0.9), "margin": 0.1,
    }  # fmt: skip
    assert abs(first.created - time.time()) < 3600
    assert (second.outcome, second.estimate, second.device, second.commit) == (Outcome.REFUTED, -0.5, "cuda", "abc1234")
    assert past(store, "unknown") == ()


def test_the_latest_are_given_where_there_are_many(store):
    for seed in range(5):
        record(store, run(seed=seed))
    assert [p.seed for p in past(store, "c", limit=3)] == [2, 3, 4]
    assert len(past(store, "c")) == 5


@pytest.mark.parametrize(
    ("outcome", "results", "telling"),
    [
        (Outcome.CONSISTENT, [result(kind=CURVE), result(kind=LAW)], LAW),
        (Outcome.REFUTED, [result(Outcome.REFUTED, CURVE), result(kind=LAW)], CURVE),  # the one that is worst
        (Outcome.CONSISTENT, [result(kind=CURVE), result(Outcome.PRE_ASYMPTOTIC, LAW)], CURVE),
        (Outcome.INCONCLUSIVE, [result(kind=CURVE), result(kind=LAW)], LAW),  # a control that was missed
        (Outcome.INCONCLUSIVE, [result(kind=CURVE), result(Outcome.PRE_ASYMPTOTIC, LAW)], CURVE),  # so that was judged
    ],
)
def test_the_result_that_stands_for_the_claim_is_the_one_that_its_line_shows(store, outcome, results, telling):
    record(store, run(*results, outcome=outcome))
    [found] = past(store, "c")
    assert (found.outcome, found.comparison, found.quantity) == (outcome, *telling)


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"commit": "other", "dirty": False}},
        {"environment": {"commit": "abc1234", "dirty": True}},
        {"profile": "ci"},
        {"seed": 1},
        {"device": "cuda"},
        {"outcome": Outcome.INCONCLUSIVE},
    ],
)
def test_a_run_is_remembered_unless_it_only_says_the_same_again(store, change):
    assert [record(store, run()), record(store, run())] == [1, 0]
    assert record(store, run(**change)) == 1
    assert record(store, run()) == 1  # the latest entry is another one now
    assert len(past(store, "c")) == 3


def test_another_estimate_is_remembered_and_so_is_each_run_of_changed_files(store):
    changed = {"commit": "abc1234", "dirty": True}  # not the same code because it has the same commit
    assert [record(store, run(result(estimate=e))) for e in (-1.0, -1.0 + 1e-15, -1.0 + 1e-15)] == [1, 1, 0]
    assert [record(store, run(environment=changed)) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"estimate": math.nan, "interval": (math.nan, 1.0)}, (None, None)),
        ({"estimate": math.inf, "interval": (-math.inf, math.inf)}, (None, (-math.inf, math.inf))),
        ({"estimate": -1.0, "interval": (-math.inf, -0.9)}, (-1.0, (-math.inf, -0.9))),
        ({"estimate": None, "interval": None}, (None, None)),
    ],
)
def test_what_is_no_number_is_none_and_an_open_end_is_infinite(store, given, kept):
    assert [record(store, run(result(Outcome.ERROR, **given), outcome=Outcome.ERROR)) for _ in range(2)] == [1, 0]
    [found] = past(store, "c")
    assert (found.estimate, found.interval) == kept


def test_a_claim_without_results_leaves_nothing_to_remember(store):
    empty = Run((ClaimRun("c", None, Outcome.INCONCLUSIVE, ()),), CLEAN, "quick", 0, "cpu")
    assert record(store, empty) == 0


def test_a_run_is_remembered_with_all_of_its_claims_or_not_at_all(store):
    second = ClaimRun("d", None, Outcome.CONSISTENT, (result(margin=None),))  # which the table refuses
    whole = dataclasses.replace(run(), claims=(*run().claims, second))
    with pytest.raises(StoreError):
        record(store, whole)
    assert past(store, "c") == ()


def test_two_runs_that_say_the_same_at_once_are_remembered_once(tmp_path):
    def work():
        with Store.open(tmp_path / "s.db") as opened:
            barrier.wait(60)
            kept.append(record(opened, run()))

    kept: list[int] = []
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(kept) == [0, 0, 0, 1]


def test_age_removes_verdicts_and_staleness_does_not(store):
    record(store, run())
    store.put(Key("c", "", "", "measure", (1.0,), 0, "cpu", "float64", "old@cpu"), 0, np.ones((1, 1, 1)), 0.1)
    assert store.info().verdicts == 1
    assert store.prune(keep={"new"}) == 1
    assert store.prune(keep={"new"}, older_than=time.time() + 60) == 0
    assert len(past(store, "c")) == 1
    assert store.prune(older_than=time.time() - 60) == 0
    assert len(past(store, "c")) == 1
    assert store.prune(older_than=time.time() + 60) == 0
    assert past(store, "c") == ()
    assert store.info().verdicts == 0


def test_a_store_that_is_closed_or_damaged_is_one_sentence(tmp_path):
    with Store.open(tmp_path / "s.db") as opened:
        pass
    with pytest.raises(StoreError, match=r"s\.db cannot be used"):
        past(opened, "c")
    connection = sqlite3.connect(tmp_path / "s.db")
    connection.execute("DROP TABLE verdict")
    connection.close()
    with Store.open(tmp_path / "s.db") as opened, pytest.raises(StoreError, match="no such table: verdict"):
        record(opened, run())


@pytest.mark.parametrize(
    ("options", "whole"),
    [
        ({}, True), ({"profile": "ci"}, True), ({"seed": 7}, True), ({"family_level": 1e-4}, True),
        ({"budget": 1e6}, True), ({"timeout": 1.0}, True), ({"settings": {"r": "1"}}, False), ({"case": "d=2"}, False),
        ({"controls": False}, False),
    ],
)  # fmt: skip
def test_runs_that_ask_another_question_do_not_count(options, whole):
    assert counts(Options(**options)) is whole


@pytest.fixture
def asked(tmp_path, claims_file):
    """Return a function that checks two claims with one store and returns the seeds of their histories."""
    noisy = "tiny(name='noisy', experiment=Experiment(power, X), cases=({'cv': 2},), controls=())"
    file = str(tmp_path / claims_file(f"tiny(cases=({{'cv': '1/10'}}, {{'cv': '1/20'}})), {noisy}"))

    def ask(part="", **options):
        found = check(file + part, options=Options(**options), engine_name="serial", store=tmp_path / "s.db")
        return [tuple(p.seed for p in claim.history) for claim in found.claims]

    return ask


def test_a_check_has_the_runs_before_it_and_not_itself(asked):
    assert asked(seed=5) == [(), ()]
    assert asked(seed=6) == [(5,), (5,)]
    assert asked(seed=7) == [(5, 6), (5, 6)]


def test_a_check_of_a_part_sees_the_history_and_adds_nothing(asked):
    asked(seed=5)
    assert asked(seed=6, controls=False) == [(5,), (5,)]
    assert asked(":tiny", seed=6, case="cv=1/10") == [(5,)]
    assert asked(seed=7, settings={"scale": "2"}) == [(), ()]  # another question has no history
    assert asked(seed=8) == [(5,), (5,)]


def test_a_claim_that_the_budget_cut_short_is_not_remembered_and_the_others_are(asked):
    asked(seed=5, budget=1e-9)
    assert asked(seed=6) == [(5,), ()]


def test_a_claim_in_memory_has_no_history(tmp_path):
    for _ in range(2):
        found = check(tiny(), engine_name="serial", store=tmp_path / "s.db")
        assert found.claims[0].history == ()


def test_a_claim_in_memory_beside_one_of_a_file_has_no_history_either(tmp_path, claims_file):
    file = str(tmp_path / claims_file("tiny()"))
    for expected in (0, 1):
        found = check([tiny(), file], options=Options(seed=expected), store=tmp_path / "s.db")
        assert [len(c.history) for c in found.claims] == [0, expected]


@pytest.mark.parametrize(
    ("column", "value"), [("outcome", "weird"), ("margin", "wide"), ("seed", "x"), ("estimate", "y")]
)
def test_a_damaged_row_is_one_sentence_of_the_store(store, column, value):
    record(store, run())
    with store.transaction() as connection:
        connection.execute(f"UPDATE verdict SET {column} = ?", (value,))
    with pytest.raises(StoreError, match="is damaged: an outcome of c cannot be read"):
        past(store, "c")
