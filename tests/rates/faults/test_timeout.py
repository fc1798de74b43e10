"""A call that does not come back: the job ends with one sentence, and nothing is left behind."""

import math
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from rates.catalogue import Located, find
from rates.check import check
from rates.claim import Check, Claim
from rates.experiment import Curve, Experiment
from rates.law import Law
from rates.plan import Options
from rates.store import Store
from rates.sweep import Job, Sweeper, engine
from rates.tasks import run_task
from rates.timeout import Limit, OutOfTime, limited

SOON = Limit(0.2)
ADVICE = "raise --timeout or make x smaller"
no_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no SIGALRM here")


def spin(*_):
    while True:
        pass


def claim(measure=spin, curve=None, **experiment) -> Located:
    made = Claim(
        "c", "", Law.power("n", "-1"), experiment=Experiment(measure, (2, 4, 8), **experiment),
        curve=None if curve is None else Curve(curve),
    )  # fmt: skip
    return Located("c", made, "")


def job(located: Located, replicates: int = 8) -> Job:
    return Job.measure(located, {}, replicates=replicates, seed=0, fingerprint="f")


def answer(asked: Job, limit: Limit = SOON, replicates: tuple[int, int] = (0, 8)) -> str | None:
    return run_task(replace(asked.task(asked.cells[-1], replicates), limit=limit)).error


@pytest.fixture
def alarm():
    """The state of the alarm, which has to be the same afterwards."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def sleep(*_):
    time.sleep(1000)


def deaf(*_):
    while True:
        try:
            time.sleep(1000)
        except Exception:
            continue


def stubborn(*_):
    for _ in range(2):
        try:
            time.sleep(1000)
        except BaseException:  # as a bare `except` in somebody's code, or a destructor
            continue
    time.sleep(1000)


@no_alarm
@pytest.mark.parametrize("hang", [spin, sleep, deaf, stubborn])
def test_python_that_does_not_come_back_is_stopped(alarm, hang):
    assert answer(job(claim(hang))) == f"no answer within 0.2 s at n = 8 (replicates 0-7): {ADVICE}"


def test_the_sentence_says_what_was_asked(alarm):
    trajectory = job(claim(axis="time", block=1))
    assert answer(trajectory, replicates=(3, 4)) == f"no answer within 0.2 s at n = 2 to 8 (replicate 3): {ADVICE}"
    curve = Job.curve(claim(curve=spin), {}, x=(10.0, 1e12), fingerprint="f")
    assert answer(curve, replicates=(0, 1)) == f"the curve gave no answer within 0.2 s at n = 10 to 1e+12: {ADVICE}"


def test_a_thread_that_is_not_the_main_one_is_stopped_too_and_then_left_alone():
    found, went_on = [], []

    def work():
        found.append(answer(job(claim())))
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            went_on.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert found == [f"no answer within 0.2 s at n = 8 (replicates 0-7): {ADVICE}"]
    assert went_on


@no_alarm
def test_somebody_elses_alarm_goes_on_ticking():
    """Such as the timeout of a test, which is not to be lost because a claim is checked in it."""
    theirs = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: theirs.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1000)
        assert answer(job(claim())) is not None
        remaining = signal.getitimer(signal.ITIMER_REAL)[0]
        assert 0 < remaining < 1000
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        while not theirs:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@no_alarm
def test_an_alarm_that_rings_at_the_very_end_leaves_nothing_behind(alarm):
    """Wherever it hits, the block either ended in time or is out of time."""
    seen = set()
    for step in range(200):
        try:
            with limited(Limit(1e-6 * (1 + step))):
                for _ in range(step):
                    pass
            seen.add("in time")
        except OutOfTime:
            seen.add("out of time")
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert "out of time" in seen


def test_a_watcher_that_fires_at_the_very_end_hits_nothing_else():
    def work():
        for step in range(100):
            try:
                with limited(Limit(1e-5 * step + 1e-6)):
                    for _ in range(50 * step):
                        pass
            except OutOfTime:
                ended.append(step)
            sum(range(100))  # would be hit
        ended.append("all")

    ended: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert ended[-1] == "all"


@pytest.mark.parametrize("limit", [None, Limit(math.inf), Limit(1e300)])
def test_no_limit(limit):
    with limited(limit):
        assert not hasattr(signal, "setitimer") or signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_the_limit_is_no_part_of_the_key_and_changes_no_number():
    calls = []

    def measure(n, streams):
        calls.append(n)
        return [s.numpy("y").exponential() for s in streams]

    found = []
    with Store.open(None) as store, engine("serial") as executor:
        for timeout in (50.0, 5000.0, None):
            sweeper = Sweeper(store, executor, timeout=timeout)
            sweeper.run([job(claim(measure))], lambda job, m: found.append(m.values), on_error=print)
    assert calls == [8, 4, 2]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_a_job_out_of_time_ends_at_once_and_no_other(alarm):
    calls, errors, done = [], [], []

    def measure(n, streams):
        calls.append(n)
        spin()

    quick = Located("q", claim(lambda n, streams: [1.0] * len(streams)).claim, "")
    with Store.open(None) as store, engine("serial") as executor:
        jobs = [job(claim(measure), 64), job(quick)]
        Sweeper(store, executor, timeout=0.2).run(
            jobs, lambda job, m: done.append(job.address), on_error=lambda job, text: errors.append((job.address, text))
        )
    assert errors == [("c", f"no answer within 0.2 s at n = 8 (replicates 0-7): {ADVICE}")]
    assert calls == [8]
    assert done == ["q"]


def test_a_run_says_it_of_the_claim_and_the_curve_and_goes_on(alarm):
    def endless(x):
        spin()

    def power(n, streams):
        return [s.numpy(f"at {n}").uniform(0.9, 1.1) / n for s in streams]

    checks = (Check("experiment-law", "slope", 0.1),)
    made = [
        Claim(name, "", Law.power("n", "-1"), experiment=Experiment(measure, (10, 20, 40, 80)), curve=curve,
              checks=checks)
        for name, measure, curve in [("fine", power, None), ("hangs", spin, None), ("endless", power, Curve(endless))]
    ]  # fmt: skip
    run = check(made, options=Options(timeout=2.0), store=None)
    assert [str(c.outcome) for c in run.claims] == ["consistent", "error", "error"]
    assert run.results[1].reason == f"no answer within 2 s at n = 80 (replicates 0-7): {ADVICE}"
    assert run.results[2].reason == f"the curve gave no answer within 2 s at n = 10 to 80: {ADVICE}"


NATIVE = """
import itertools, os, signal
from rates import Check, Claim, Experiment, Law

def measure(n, streams, how="fine"):
    if how == "native" and n == 40:
        sum(itertools.repeat(0))  # a loop of C, which looks at no signal and lets no other thread run
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return [s.numpy(f"at {n}").uniform(0.9, 1.1) / n for s in streams]

CLAIMS = tuple(
    Claim(how, "", Law.power("n", "-1"), experiment=Experiment(measure, (10, 20, 40, 80)), cases=({"how": how},),
          checks=(Check("experiment-law", "slope", 0.1),))
    for how in ("native", "killed", "fine")
)
"""


def test_native_code_that_does_not_come_back_ends_its_worker_and_is_told_from_a_killed_one(tmp_path):
    (tmp_path / "native_claims.py").write_text(NATIVE)
    located = find([str(tmp_path / "native_claims.py")])
    errors, done = {}, []
    with Store.open(None) as store, engine("processes", 2) as executor:
        jobs = [Job.measure(item, item.claim.cases[0], replicates=8, seed=0, fingerprint="f") for item in located]
        Sweeper(store, executor, 2, timeout=4.0).run(
            jobs, lambda job, m: done.append(job.address), on_error=lambda job, text: errors.update({job.address: text})
        )
    assert errors == {
        "native_claims:native": f"no answer within 4 s at n = 40 (replicates 0-7): {ADVICE}",
        "native_claims:killed": "a worker process died while measuring this: it was killed or ran out of memory",
    }
    assert done == ["native_claims:fine"]
