import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rates.catalogue import Located, find
from rates.claim import Claim
from rates.experiment import Curve, Experiment
from rates.fingerprint import fingerprint
from rates.law import Law
from rates.store import Store, StoreError
from rates.sweep import Interrupted, Job, Sweeper, engine

CLAIMS = """
import os, signal, time
import numpy as np
from rates.claim import Claim
from rates.experiment import Curve, Experiment
from rates.law import Law

def note(n, streams):
    if "SWEEP_LOG" in os.environ:
        with open(os.environ["SWEEP_LOG"], "a") as log:
            log.write("".join(f"{n} {s.replicate} {os.getpid()}\\n" for s in streams))

def measure(n, streams, scale=1.0, die=False):
    note(n, streams)
    time.sleep(float(os.environ.get("SWEEP_PAUSE", "0")))
    if die:
        os.kill(os.getpid(), signal.SIGKILL)
    rows = []
    for stream in streams:
        a = stream.numpy("data").standard_normal((150, 150))
        rows.append(scale * np.linalg.norm(a @ a.T @ a) / n)  # bits depend on the number of BLAS threads
    return rows

def fail(n, streams):
    if n == 4:
        raise RuntimeError("two\\nlines")
    return [1.0 for _ in streams]

LAW = Law.power("n", "-1")
CLAIMS = tuple(
    Claim(name=f.__name__, statement="", law=LAW, experiment=Experiment(f, x=(2, 4, 8), block=4),
          curve=Curve(lambda x: {"bias": 1 / x, "variance": x**-2.0}))
    for f in (measure, fail)
)
"""

DRIVER = """
import sys
from rates.catalogue import find
from rates.fingerprint import fingerprint
from rates.store import Store
from rates.sweep import Interrupted, Job, Sweeper, engine

def main(file, path, name):
    [located] = find([file + ":measure"])
    job = Job.measure(located, {}, replicates=16, seed=0, fingerprint=fingerprint(located.origin))
    with Store.open(path) as store, engine(name, 2) as executor:
        again = lambda job, m: range(16, 40) if len(m.values) == 16 else None
        Sweeper(store, executor, 2).run([job], again, on_error=print)

if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Interrupted as stop:
        sys.exit(str(stop))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_claims.py"
    path.write_text(CLAIMS)
    (tmp_path / "drive.py").write_text(DRIVER)
    return path


def start(file: Path, store: str, engine: str, log: str, pause: float = 0.0) -> subprocess.Popen[str]:
    folder = file.parent
    variables = os.environ | {"SWEEP_LOG": str(folder / log), "SWEEP_PAUSE": str(pause)}
    command = [sys.executable, str(folder / "drive.py"), str(file), str(folder / store), engine]
    return subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=60)[1]


def until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def calls(log: Path) -> Counter[tuple[float, int]]:
    return Counter((float(n), int(replicate)) for n, replicate, _ in map(str.split, lines(log)))


def kept(path: Path, job: Job) -> dict[tuple[float, int], bytes]:
    with Store.open(path) as store:
        return {
            (cell[0], replicate): values.tobytes()
            for cell in job.cells
            for replicate, values in store.get(job.key(cell), range(1000)).values.items()
        }


def a_job(file: Path, name: str = "measure", replicates: int = 16, **settings: object) -> Job:
    [located] = find([f"{file}:{name}"])
    return Job.measure(located, {}, settings, replicates=replicates, seed=0, fingerprint=fingerprint(located.origin))


def alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def resume(file: Path, store: str, log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on in this process, with the serial engine."""
    monkeypatch.setenv("SWEEP_LOG", str(file.parent / log))
    with Store.open(file.parent / store) as kept_store:
        again = [a_job(file), a_job(file, replicates=40)]
        assert sweep(kept_store, again) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks for processes in /proc")
def test_a_killed_sweep_resumes_without_measuring_anything_twice(file, tmp_path, monkeypatch):
    job = a_job(file)
    killed = start(file, "s.db", "processes", "first.log", pause=0.05)
    until(lambda: len(kept(tmp_path / "s.db", job)) >= 12)
    os.kill(killed.pid, signal.SIGKILL)
    finish(killed)
    workers = {int(line.split()[2]) for line in lines(tmp_path / "first.log")}
    until(lambda: not any(alive(pid) for pid in workers))  # they end with their parent
    before = kept(tmp_path / "s.db", job)
    assert 0 < len(before) < 3 * 40
    resume(file, "s.db", "second.log", monkeypatch)
    again = calls(tmp_path / "second.log")
    assert set(again.values()) == {1}
    assert not set(again) & set(before)
    after = kept(tmp_path / "s.db", job)
    assert set(after) == set(again) | set(before)
    resume(file, "clean.db", "third.log", monkeypatch)
    assert kept(tmp_path / "clean.db", job) == after  # the same bits, with one engine and without a break


@pytest.mark.parametrize("name", ["serial", "processes"])
def test_ctrl_c_says_what_is_kept_and_that_is_not_measured_again(file, tmp_path, name, monkeypatch):
    job = a_job(file)
    stopped = start(file, "s.db", name, "first.log", pause=0.2)
    until(lambda: len(kept(tmp_path / "s.db", job)) >= 8)
    os.killpg(stopped.pid, signal.SIGINT)  # as a terminal does: to the workers too
    message = finish(stopped)
    before = kept(tmp_path / "s.db", job)
    assert message == f"stopped: {len(before)} new measurements are kept; the same command goes on from here\n"
    assert 0 < len(before) < 3 * 40
    resume(file, "s.db", "second.log", monkeypatch)
    assert not set(calls(tmp_path / "second.log")) & set(before)
    assert len(kept(tmp_path / "s.db", job)) == 3 * 40


def once(job, measurement):
    return None


def test_a_task_that_raises_ends_its_job_and_no_other_and_engines_agree_to_the_bit(file):
    jobs = [a_job(file, "fail"), a_job(file), a_job(file, scale=2.0)]
    found = []
    for name in ("processes", "serial"):
        errors, done = [], {}
        with Store.open(None) as store, engine(name, 2) as executor:
            Sweeper(store, executor, 2).run(
                jobs,
                lambda job, m, done=done: done.update({job.variant: m.values.tobytes()}),
                on_error=lambda job, text, errors=errors: errors.append((job, text)),
            )
        assert errors == [(jobs[0], "RuntimeError: two lines")]
        assert sorted(done) == ["", "scale=2.0"]
        found.append(done)
    assert found[0] == found[1]


def test_a_worker_that_dies_ends_its_job_and_no_other(file):
    errors, done = [], []
    jobs = [a_job(file), a_job(file, replicates=8, die=True), a_job(file, scale=2.0)]
    with Store.open(None) as store, engine("processes", 2) as executor:
        Sweeper(store, executor, 2).run(
            jobs, lambda job, m: done.append(job), on_error=lambda job, text: errors.append((job, text))
        )
    assert errors == [(jobs[1], "a worker process died while measuring this: it was killed or ran out of memory")]
    assert sorted(job.variant for job in done) == ["", "scale=2.0"]


def test_workers_that_cannot_start_are_one_sentence(file, tmp_path):
    unguarded = tmp_path / "unguarded.py"
    unguarded.write_text(DRIVER.replace('if __name__ == "__main__":', "if True:"))
    command = [sys.executable, str(unguarded), str(file), str(tmp_path / "s.db"), "processes"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 1
    assert "a script has to call this under `if __name__ == '__main__':`\n" in answer.stderr


def memory(measure, x=(2.0, 4.0, 8.0), **options) -> Located:
    claim = Claim(name="c", statement="", law=Law.power("n", "-1"), experiment=Experiment(measure, x=x, **options))
    return Located("c", claim, "")


def job_of(located: Located, replicates: int = 4, **settings: object) -> Job:
    return Job.measure(located, {}, settings, replicates=replicates, seed=0, fingerprint="f")


def sweep(store: Store, jobs, decide=once) -> list[str]:
    errors: list[str] = []
    with engine("serial") as executor:
        Sweeper(store, executor).run(jobs, decide, on_error=lambda job, text: errors.append(text))
    return errors


def test_a_claim_that_cannot_be_sent_to_a_worker_is_one_sentence():
    errors: list[str] = []
    jobs = [job_of(memory(lambda n, streams: [1.0] * len(streams)))]
    with Store.open(None) as store, engine("processes", 1) as executor:
        Sweeper(store, executor).run(jobs, once, on_error=lambda job, text: errors.append(text))
    [text] = errors
    assert text.startswith("the claim cannot be sent to a worker process (")
    assert text.endswith("or use the serial engine")


@pytest.mark.parametrize(
    ("measure", "says"),
    [
        (lambda n, streams: [1.0], "expected 8 replicates × 1 points × 1 components"),
        (lambda n, streams: [[1.0, 2.0]] * len(streams), "the experiment returned shape (8, 2)"),
        (lambda n, streams: [np.nan] * len(streams), "the experiment returned a value that is not finite"),
        (lambda n, streams: [-1.0] * len(streams), "the experiment returned a negative value (-1)"),
        (lambda n, streams: "text", "the experiment returned no numbers"),
        (lambda n, streams: sys.exit("bye"), "SystemExit: bye"),
        (lambda n, streams, missing: [1.0], "TypeError: "),
    ],
)
def test_what_is_not_a_measurement_is_one_sentence(measure, says):
    with Store.open(None) as store:
        [error] = sweep(store, [job_of(memory(measure), replicates=8)])
        assert says in error
        assert "\n" not in error
        assert store.info().measurements == 0


def test_decide_gets_all_values_and_asks_for_more():
    seen = []

    def measure(n, streams):
        return [s.replicate + 1 / n for s in streams]

    def decide(job, measurement):
        seen.append(measurement)
        total = len(measurement.values)
        return range(total, 2 * total) if total < 16 else None

    with Store.open(None) as store:
        assert sweep(store, [job_of(memory(measure, block=3))], decide) == []
        assert [m.values.shape for m in seen] == [(4, 3, 1), (8, 3, 1), (16, 3, 1)]
        assert seen[-1].x == (2.0, 4.0, 8.0)
        expected = np.arange(16.0)[:, None] + 1 / np.array(seen[-1].x)
        assert np.array_equal(seen[-1].values[..., 0], expected)
        assert seen[-1].seconds > 0
        assert store.info().measurements == 3 * 18  # blocks are whole


@pytest.mark.parametrize("wrong", [range(5, 8), range(4, 4), range(8)])
def test_ranges_must_follow_on(wrong):
    with Store.open(None) as store, pytest.raises(ValueError, match="must follow on"):
        sweep(store, [job_of(memory(lambda n, streams: [1.0] * len(streams)))], lambda job, m: wrong)


def test_a_batch_is_the_same_whatever_travels_with_it():
    """Values depend on the composition of a block here, as they may on a GPU."""
    sizes = []

    def measure(n, streams):
        sizes.append(len(streams))
        return [float(sum(s.replicate for s in streams)) for s in streams]

    with Store.open(None) as store:
        located = memory(measure, block=4)
        sweep(store, [job_of(located, 6)], lambda job, m: range(6, 50) if len(m.values) == 6 else None)
        job = job_of(located)
        values = [store.get(job.key(cell), range(50)).values for cell in job.cells]
    assert set(sizes) == {4}
    assert [float(v[0, 0]) for v in values[2].values()] == [4.0 * (4 * (r // 4)) + 6 for r in range(50)]


def test_streams_are_shared_along_x_and_with_controls():
    def measure(n, streams, scale=1.0):
        return [scale * abs(s.numpy("data").standard_normal()) for s in streams]

    seen = {}
    with Store.open(None) as store:
        located = memory(measure)
        sweep(store, [job_of(located), job_of(located, scale=2.0)], lambda job, m: seen.update({job.variant: m.values}))
    assert np.array_equal(seen[""][:, 0], seen[""][:, 2])
    assert np.array_equal(seen["scale=2.0"], 2 * seen[""])


def test_trajectories_and_deterministic_experiments_are_one_call():
    def trajectory(x, streams):
        return [[s.replicate + 1 / v for v in x] for s in streams]

    jobs = [
        job_of(memory(trajectory, axis="time")),
        job_of(Located("d", memory(lambda x: 1 / x, numerical_error=1e-9).claim, ""), replicates=32),
    ]
    shapes = {}
    with Store.open(None) as store:
        assert sweep(store, jobs, lambda job, m: shapes.update({job.address: (len(job.cells), m.values.shape)})) == []
    assert shapes == {"c": (1, (4, 3, 1)), "d": (1, (1, 3, 1))}


def test_a_curve_is_kept_with_its_parts():
    count = []

    def curve(x, c=1.0):
        count.append(1)
        return {"bias": c / x, "variance": x**-2.0}

    claim = Claim(name="c", statement="", law=Law.power("n", "-1"), curve=Curve(curve))
    jobs = [Job.curve(Located("c", claim, ""), {"c": "1/2"}, x=(1.0, 2.0), fingerprint="f")]
    found = []
    with Store.open(None) as store:
        for _ in range(2):
            assert sweep(store, jobs, lambda job, m: found.append(m)) == []
    assert count == [1]
    assert [m.parts for m in found] == [("bias", "variance")] * 2
    assert found[1].values.tolist() == [[[0.5, 1.0], [0.25, 0.25]]]


def test_jobs_start_in_order_and_decide_may_add_some():
    def measure(n, streams, depth=0):
        return [1.0 for _ in streams]

    located, order, progress = memory(measure), [], []

    def decide(job, measurement):
        order.append(job.settings["depth"])
        if order[-1] == 1:
            sweeper.add(job_of(located, depth=9))

    with Store.open(None) as store, engine("serial") as executor:
        sweeper = Sweeper(store, executor)
        jobs = [job_of(located, depth=depth) for depth in (1, 2, 3)]
        sweeper.run(iter(jobs), decide, on_error=print, on_progress=progress.append)
    assert order == [1, 9, 2, 3]
    assert (progress[-1].finished_jobs, progress[-1].waiting, progress[-1].running) == (4, 0, 0)
    assert progress[-1].measured == 4 * 3 * 8  # a block has eight replicates


def test_an_interrupt_between_two_calls_keeps_the_first(monkeypatch):
    def measure(n, streams):
        if n == 4:
            raise KeyboardInterrupt
        return [1.0 for _ in streams]

    with Store.open(None) as store:
        with pytest.raises(Interrupted, match="8 new measurements are kept"):
            sweep(store, [job_of(memory(measure))])
        assert store.info().measurements == 8


def test_a_full_disk_stops_the_sweep(tmp_path):
    def measure(x, streams):
        return [np.ones(4000) for _ in streams]

    with Store.open(tmp_path / "s.db") as store:
        store.connection.execute("PRAGMA max_page_count = 100")
        with pytest.raises(StoreError, match="disk is full"):
            sweep(store, [job_of(memory(measure, x=tuple(range(1, 4001)), axis="time"), replicates=400)])
        assert store.info().measurements > 0


def test_warnings_of_numerics_do_not_kill():
    def measure(n, streams):
        return [1.0 / (1.0 - np.log(np.zeros(1))[0]) for _ in streams]

    with np.errstate(all="raise"), Store.open(None) as store:
        assert sweep(store, [job_of(memory(measure))]) == []
