"""The engine for clusters, on clusters of this machine: processes where one is killed, else threads."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rates.check import check
from rates.claim import Claim
from rates.engines import EngineError
from rates.fingerprint import fingerprint
from rates.report import to_json
from rates.result import Run
from rates.session import Event
from rates.store import Store
from rates.sweep import engine

distributed = pytest.importorskip("distributed")

from rates import dask_cluster, dask_engine, dask_worker  # noqa: E402 (they need it)

FUNCTIONS = """
import os, signal, time
def slow(x, streams, slope=-1.0, scale=1.0, cv=0.1):
    time.sleep(0.01)
    a = streams[0].numpy("matrix").standard_normal((150, 150))  # bits depend on the number of threads
    return power(x, streams, slope, scale, cv) * (1 + 1e-3 * np.sin(np.linalg.norm(a @ a.T @ a)))
def deadly(x, streams):
    if x == 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return power(x, streams)
"""
SLOW = "tiny(name='slow', experiment=Experiment(slow, X, pilot=PILOT))"
CURVED = "with_curve(name='curved')"
GOOD = f"{SLOW}, {CURVED}"
DEADLY = "tiny(name='deadly', experiment=Experiment(deadly, X, pilot=PILOT), controls=())"


@contextmanager
def a_cluster(workers: int, **options: Any) -> Iterator[distributed.LocalCluster]:
    given = {"threads_per_worker": 1, "processes": False, "protocol": "tcp://"} | options
    quiet = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(
        n_workers=workers, scheduler_kwargs=quiet, silence_logs=logging.CRITICAL, memory_limit=None, **given
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    with a_cluster(2, processes=True) as cluster:
        yield cluster


def at(cluster: distributed.LocalCluster) -> str:
    return f"dask:{cluster.scheduler_address}"


def pids(cluster: distributed.LocalCluster) -> list[int]:
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        return list(client.run(os.getpid).values())


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def numbers(run: Run) -> tuple[Any, dict[tuple[str, str], bytes]]:
    """Return all of a report that is no time and no machine, and the bits of every value."""
    document = without({"seconds", "environment", "history"}, to_json(run))
    return document, {(c.address, case): v.tobytes() for c in run.claims for case, v in c.values.items()}


def without(names: set[str], part: Any) -> Any:
    if isinstance(part, dict):
        return {key: without(names, value) for key, value in part.items() if key not in names}
    return [without(names, value) for value in part] if isinstance(part, list) else part


@pytest.fixture
def measured(claims_file, tmp_path, monkeypatch) -> Callable[..., Run]:
    """Return a function that checks claims with an engine, and keeps what it measures in a store of that name."""
    monkeypatch.chdir(tmp_path)

    def run(claims: str, engine_name: str, store: str, on_event: Callable[[Event], None] | None = None) -> Run:
        file = claims_file(claims, functions=FUNCTIONS)
        return check(file, engine_name=engine_name, jobs=2, store=store, on_event=on_event)

    return run


def test_a_worker_that_is_killed_in_the_middle_loses_nothing_and_changes_no_number(cluster, measured):
    victims = pids(cluster)
    killed: list[Event] = []

    def kill(event: Event) -> None:
        if not killed and event.progress.job.kind == "measure" and event.progress.measured > 60:
            killed.append(event)
            os.kill(victims[0], signal.SIGKILL)

    with_a_loss = measured(GOOD, at(cluster), "dask.db", kill)
    [event] = killed
    assert event.progress.running > 0
    assert event.progress.waiting > 0
    assert numbers(with_a_loss) == numbers(measured(GOOD, "serial", "serial.db"))
    assert with_a_loss.exit_code == 0
    assert victims[0] not in pids(cluster)


def test_a_call_that_kills_every_worker_ends_its_job_and_no_other(measured, capfd):
    """On the cluster that `dask:local` starts itself; dask's own words on that are kept back."""
    variables = dict(os.environ)
    run = measured(f"{DEADLY}, {CURVED}", "dask:local", "dask.db")
    reasons = {c.address: {r.reason for r in c.results if str(r.outcome) == "error"} for c in run.claims}
    died = "a worker process died while measuring this: it was killed or ran out of memory"
    assert reasons == {"my:deadly": {died}, "my:curved": set()}
    assert numbers(run)[1] == numbers(measured(CURVED, "serial", "serial.db"))[1]
    assert capfd.readouterr() == ("", "")
    assert dict(os.environ) == variables


def test_a_scheduler_that_goes_away_is_one_sentence_and_the_rest_is_measured_later(measured):
    with a_cluster(1) as short, pytest.raises(EngineError) as caught:
        measured(SLOW, at(short), "s.db", lambda event: short.close() if event.progress.measured > 60 else None)
    where = short.scheduler_address
    assert str(caught.value) == (
        f"the scheduler at {where} went away or was started again; what was measured is kept, the same command goes on"
        " from here"
    )
    with Store.open("s.db") as store:
        kept = store.info().measurements
    seen: list[Event] = []
    resumed = measured(SLOW, "serial", "s.db", seen.append)
    assert max(event.progress.reused for event in seen) >= kept > 0
    assert numbers(resumed) == numbers(measured(SLOW, "serial", "clean.db"))


def test_a_scheduler_that_goes_away_while_nothing_is_asked_is_noticed(monkeypatch):
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 0.5)
    with a_cluster(1) as short, engine(at(short)) as executor:
        assert executor.submit(pow, 2, 3).result() == 8
        short.close()
        for _ in range(2):
            with pytest.raises((BrokenExecutor, EngineError), match=r"^the scheduler at .*; what was measured is kept"):
                executor.submit(pow, 2, 3).result(timeout=60)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("tcp://127.0.0.1:1", "no scheduler answers at tcp://127.0.0.1:1 within 1 s: start one with `dask scheduler`"),
        ("no-such-host.invalid:8786", "no scheduler answers at no-such-host.invalid:8786"),
    ],
)
def test_a_scheduler_that_is_not_there_is_one_sentence(cli, claims_file, monkeypatch, address, says):
    monkeypatch.setattr(dask_cluster, "_CONNECT_SECONDS", 1.0)
    answer = cli("check", claims_file("tiny()"), "--engine", f"dask:{address}")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"rates: {says}")
    assert answer.err.count("\n") == 1


def test_a_worker_in_place_of_its_scheduler_is_one_sentence(cluster):
    worker = next(iter(cluster.scheduler_info["workers"]))
    with pytest.raises(EngineError, match=r"a worker answers at .*, not a scheduler: give the scheduler's address"):
        dask_engine.connect(worker, 1)


@pytest.mark.parametrize(
    ("workers", "threads", "says"),
    [
        (0, 1, "has no workers yet: start some with `dask worker tcp://"),
        (1, 2, "has 2 threads, which would share what has to be one call's: start workers with --nthreads 1"),
    ],
)
def test_workers_that_cannot_be_used_are_one_sentence(workers, threads, says):
    with a_cluster(workers, threads_per_worker=threads) as other, pytest.raises(EngineError) as caught:
        dask_engine.connect(other.scheduler_address, 1)
    assert says in str(caught.value)


def test_other_versions_on_the_cluster_are_named(cluster, monkeypatch):
    mine = dict(dask_worker.own_versions()) | {"numpy": "0.1"}
    monkeypatch.setattr(dask_cluster, "own_versions", lambda: tuple(sorted(mine.items())))
    with pytest.raises(EngineError, match=r"has numpy [1-9].*, here it is 0\.1: give all of the cluster the same env"):
        dask_engine.connect(cluster.scheduler_address, 1)


def test_differences_of_versions():
    here = (("numpy", "2.0"), ("torch", "2.3"))
    assert dask_worker.difference(here, here) == ""
    assert dask_worker.difference(here, (("numpy", "2.0"),)) == "torch missing, here it is 2.3"
    assert dask_worker.difference(here, (("numpy", "2.1"), ("torch", "2.3"))) == "numpy 2.1, here it is 2.0"


def test_a_worker_that_comes_later_with_another_environment_ends_the_run(cluster):
    """What a worker is asked at each call, since a scheduler lets anybody in."""
    with engine(at(cluster)) as executor:
        strange = dask_worker.Terms("another session", (("numpy", "0.1"),))
        future = executor.submit(dask_worker.call, b"", strange)
        with pytest.raises(BrokenExecutor):
            future.result(timeout=60)
        with pytest.raises(EngineError, match=r"^the worker on \S+ has Python 3\.\d+, here it is missing: give all"):
            executor.submit(os.getpid)


def test_a_file_that_a_worker_does_not_see_is_one_sentence(tmp_path):
    file = str(tmp_path / "my.py")
    terms = dask_worker.Terms("s", dask_worker.own_versions(), file, "my:tiny", "cpu", "0@0")
    with pytest.raises(EngineError, match=r"has no file .*my\.py: keep it on a file system that all workers see, or"):
        dask_worker.call(b"", terms)


def test_code_that_differs_is_not_run(claims_file, tmp_path):
    file = str(tmp_path / claims_file("tiny()"))
    terms = dask_worker.Terms("s", dask_worker.own_versions(), file, "my:tiny", "cpu", "0@0")
    with pytest.raises(EngineError, match=r"has other code of .*my\.py: install the same there"):
        dask_worker.call(b"", terms)


def test_numbers_of_another_processor_are_not_mixed_in(cluster, claims_file, tmp_path, monkeypatch):
    file = str(tmp_path / claims_file("tiny()"))
    terms = dask_worker.Terms(
        "s", dask_worker.own_versions(), file, "my:tiny", "cpu", fingerprint(file) + "@another"
    )  # fmt: skip
    with pytest.raises(EngineError, match=r"^the worker on \S+ has another kind of processor than this machine"):
        dask_worker.call(b"", terms)
    monkeypatch.setattr(dask_cluster, "processor", lambda: "another")
    with pytest.raises(EngineError, match=r"^the worker tcp://\S+ has another kind of processor than this machine"):
        dask_engine.connect(cluster.scheduler_address, 1)


HELPED = """
from helper_of_my import factor
def helped(x, streams, slope=-1.0, scale=1.0, cv=0.1):
    return factor * power(x, streams, slope, scale, cv)
"""


def test_workers_that_hold_code_from_before_an_edit_are_started_again(claims_file, tmp_path, monkeypatch):
    """Python imports a module once a process, and workers live longer than a run.

    They are of a cluster of their own: one that dies twice within fifteen seconds may not be replaced by dask.
    """
    monkeypatch.chdir(tmp_path)
    file = claims_file("tiny(name='helped', experiment=Experiment(helped, X, pilot=PILOT))", functions=HELPED)
    means = []
    with a_cluster(1, processes=True) as other:
        for factor in (1.0, 2.0):
            Path("helper_of_my.py").write_text(f"factor = {factor}\n")
            run = check(file, engine_name=at(other), jobs=1, store="s.db")
            [values] = run.claims[0].values.values()
            means.append(values.mean())
    assert means[1] == 2 * means[0]


def test_a_session_sees_an_edit_that_a_worker_has_not(claims_file, tmp_path, monkeypatch):
    """One that came with a sweep under way: its session began before, its code is younger."""
    monkeypatch.setattr(dask_worker, "_loaded", lambda: {"gone.py": "1", str(tmp_path / "my.py"): "2"})
    claims_file("tiny()")
    terms = dask_worker.Terms("s", dask_worker.own_versions(), str(tmp_path / "my.py"), "my:tiny", "cpu", "0@0")
    with pytest.raises(EngineError, match=r"has loaded gone\.py before it was changed: restart the worker"):
        dask_worker.call(b"", terms)


def test_a_cluster_that_has_lost_its_workers_is_given_up_and_one_that_grows_is_used(monkeypatch):
    monkeypatch.setattr(dask_engine, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(dask_engine, "_LONELY_SECONDS", 0.5)
    with a_cluster(1) as small, engine(at(small)) as executor:
        assert executor.workers == 1
        small.scale(2)
        until(lambda: executor.workers == 2)
        small.scale(0)
        with pytest.raises(BrokenExecutor):
            executor.submit(os.getpid).result(timeout=60)
        with pytest.raises(EngineError, match=r"has had no worker for 0\.5 s; what was measured is kept"):
            executor.submit(os.getpid)


def test_an_executor_as_python_knows_it(cluster):
    with engine(at(cluster)) as executor:
        assert executor.submit(pow, 2, 10).result() == 1024
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result()
        twice = {executor.submit(time.monotonic_ns).result() for _ in range(2)}
        assert len(twice) == 2  # each call is run, whether or not one like it was
        with pytest.raises((AttributeError, TypeError), match="pickle"):
            executor.submit(lambda: None)
        busy = [executor.submit(time.sleep, 0.2) for _ in range(8)]
        assert busy[-1].cancel()
        assert len(wait(busy).done) == 8
        assert busy[0].exception() is None


def page_faults() -> int:
    """Return how many pages of new memory fifty arrays of 256 pages took, one after the other."""
    from resource import RUSAGE_SELF, getrusage

    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(2**17)
    return getrusage(RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the setting is one of glibc")
def test_workers_use_their_memory_again(cluster):
    """A nanny sets them up to give it back at once, which makes algorithms on arrays several times as slow."""
    with engine(at(cluster)) as executor:
        assert executor.submit(page_faults).result() < 50 * 256 / 2


def test_calls_are_taken_back_on_an_exception_and_nothing_is_said(cluster, capfd):
    def begin() -> None:
        with engine(at(cluster)) as executor:
            futures.extend(executor.submit(time.sleep, 0.05) for _ in range(200))
            raise RuntimeError("stop")

    futures: list[Any] = []
    with pytest.raises(RuntimeError, match="stop"):
        begin()
    assert futures[-1].cancelled()
    with engine(at(cluster)) as executor:  # the workers are free
        assert executor.submit(pow, 2, 3).result(timeout=5) == 8
    assert capfd.readouterr() == ("", "")


def test_a_claim_of_this_process_stays_in_it(cluster):
    """It has no file that a worker could load."""
    from tiny_claims import tiny

    claim: Claim = tiny()
    assert check(claim, engine_name=at(cluster), store=None).exit_code == 0
