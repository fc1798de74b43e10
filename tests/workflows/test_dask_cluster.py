"""Clusters as users have them: schedulers and workers started by hand or by Slurm, other versions, kills, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.workflow
pytest.importorskip("distributed")
ROOT = Path(__file__).parents[2]
PYTHON = sys.executable

CLAIMS = f"""
import sys, time
sys.path.insert(0, {str(ROOT / "tests" / "rates")!r})
from tiny_claims import *
from rates import Experiment
def slow(x, streams, slope=-1.0, scale=1.0, cv=0.1):
    time.sleep(0.05)
    a = streams[0].numpy("matrix").standard_normal((150, 150))
    return power(x, streams, slope, scale, cv) * (1 + 1e-3 * np.sin(np.linalg.norm(a @ a.T @ a)))
CLAIMS = (tiny(name="slow", experiment=Experiment(slow, X, pilot=PILOT)), with_curve(name="curved"))
"""
DEADLY = """
import os, signal
def deadly(x, streams):
    os.kill(os.getpid(), signal.SIGKILL)
CLAIMS += tuple(tiny(name=f"deadly-{i}", experiment=Experiment(deadly, X, pilot=PILOT), controls=()) for i in range(8))
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my.py").write_text(CLAIMS)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return answer


@contextmanager
def process(*words: str, folder: Path, log: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a process group of its own, which is ended with the block."""
    with (folder / log).open("wb") as out:
        started = subprocess.Popen(
            words, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=os.environ | ONE_THREAD | variables,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield started
        finally:
            with ExitStack() as quiet:
                quiet.callback(started.wait)
                os.killpg(started.pid, signal.SIGTERM)


def dask(*words: str) -> tuple[str, ...]:
    return (str(Path(PYTHON).with_name("dask")), *words)


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    words = dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", "where.json")
    with process(*words, folder=folder, log="scheduler.log"):
        file = folder / "where.json"
        until(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        yield json.loads(file.read_text())["address"]


def workers(address: str, count: int, folder: Path, **variables: str):
    words = dask("worker", address, "--nthreads", "1", "--nworkers", str(count), "--no-dashboard")
    return process(*words, folder=folder, log="workers.log", **variables)


def registered(folder: Path) -> int:
    return (folder / "workers.log").read_text().count("Registered to:")


def check(folder: Path, *words: str, store: str = "s.db") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-W", "error", "-m", "rates", "check", "my.py", "--store", store, "--out", f"{store}.report", *words],
        cwd=folder, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def rows(folder: Path, store: str) -> set[tuple[Any, ...]]:
    with sqlite3.connect(folder / store) as connection:
        query = 'SELECT claim, "case", variant, kind, x, replicate, data FROM cell JOIN measurement ON cell = id'
        found = set(connection.execute(query))
    connection.close()
    return found


def kept(folder: Path, store: str) -> int:
    try:
        return len(rows(folder, store))
    except sqlite3.OperationalError:  # not there yet
        return 0


def silent(answer: subprocess.CompletedProcess[str]) -> bool:
    """Return whether stderr has nothing but lines of progress."""
    return all(re.search(r"decided, .* measured, .* left", line) for line in answer.stderr.splitlines())


def test_a_cluster_started_by_hand_gives_the_bits_of_one_process(folder):
    with scheduler(folder) as address, workers(address, 2, folder):
        until(lambda: registered(folder) == 2)
        answer = check(folder, "--engine", f"dask:{address}")
    assert answer.returncode == 0, answer
    assert silent(answer), answer.stderr
    assert check(folder, "--engine", "serial", store="serial.db").returncode == 0
    assert rows(folder, "s.db") == rows(folder, "serial.db")


def test_other_versions_on_the_workers_are_one_sentence(folder):
    """Python finds the metadata of another numpy first on them."""
    fake = folder / "fake" / "numpy-0.1.dist-info"
    fake.mkdir(parents=True)
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    paths = os.pathsep.join([str(fake.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    with scheduler(folder) as address, workers(address, 1, folder, PYTHONPATH=paths):
        until(lambda: registered(folder) == 1)
        answer = check(folder, "--engine", f"dask:{address}")
    assert answer.returncode == 2
    assert re.fullmatch(
        r"rates: the worker tcp://\S+ has numpy 0\.1, here it is \S+: give all of the cluster the same environment\n",
        answer.stderr,
    )
    assert kept(folder, "s.db") == 0


def test_workers_without_this_package_are_one_sentence(folder):
    """One whose Python cannot import it, as in an environment of its own."""
    (folder / "without").mkdir()
    (folder / "without" / "rates.py").write_text("raise ModuleNotFoundError(\"No module named 'rates'\")\n")
    paths = os.pathsep.join([str(folder / "without"), *filter(None, [os.environ.get("PYTHONPATH")])])
    with scheduler(folder) as address, workers(address, 1, folder, PYTHONPATH=paths):
        until(lambda: registered(folder) == 1)
        answer = check(folder, "--engine", f"dask:{address}")
    assert answer.returncode == 2
    assert re.match(r"rates: the worker tcp://\S+ cannot use this package \(.*No module named 'rates'", answer.stderr)
    assert answer.stderr.count("\n") == 1


def test_many_claims_that_kill_their_workers_leave_the_others_alone(folder):
    """For longer than the fifteen seconds after which dask itself gives a worker up."""
    with (folder / "my.py").open("a") as file:
        file.write(DEADLY)
    answer = check(folder, "--engine", "dask:local", "--jobs", "2", "--json", "out.json")
    assert answer.returncode == 2
    assert silent(answer), answer.stderr
    outcomes = json.loads((folder / "out.json").read_text())["claims"]
    died = {f"my:deadly-{i}": "error" for i in range(8)}
    assert outcomes == {"my:slow": "consistent", "my:curved": "consistent"} | died
    assert answer.stdout.count("a worker process died while measuring this: it was killed or ran out of memory") == 8


def begin(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [PYTHON, "-m", "rates", "check", "my.py:slow", "--store", "s.db", *words]
    return subprocess.Popen(
        command, cwd=folder, env=os.environ | ONE_THREAD, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def test_ctrl_c_on_processes_of_dask_says_what_is_kept_and_nothing_else(folder):
    stopped = begin(folder, "--engine", "dask:local", "--jobs", "2")
    until(lambda: kept(folder, "s.db") >= 32)
    os.killpg(stopped.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, err = stopped.communicate(timeout=60)
    lines = [line for line in err.splitlines() if "decided" not in line]
    count = kept(folder, "s.db")
    assert lines == [f"rates: stopped: {count} new measurements are kept; the same command goes on from here"]
    assert (stopped.returncode, out) == (130, "")
    assert check(folder, "--engine", "serial").returncode == 0
    assert check(folder, "--engine", "serial", store="serial.db").returncode == 0
    assert rows(folder, "s.db") == rows(folder, "serial.db")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_processes_of_dask_end_with_the_one_that_started_them(folder):
    killed = begin(folder, "--engine", "dask:local", "--jobs", "2")
    until(lambda: kept(folder, "s.db") >= 32)
    assert len(session(killed.pid)) >= 3
    killed.kill()
    killed.communicate(timeout=60)
    until(lambda: not session(killed.pid))


def session(leader: int) -> list[int]:
    """Return the processes of a session that still run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[3]) == leader:
            found.append(int(file.parent.name))
    return found


def recipe(folder: Path, **changes: str) -> Path:
    """Write the script of the documentation, with other sizes."""
    text = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    [script] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    for old, new in changes.items():
        assert f"{old}=" in script
        script = re.sub(rf"\b{old}=[^,)]+", f"{old}={new}", script)
    file = folder / "on_slurm.py"
    file.write_text(script)
    return file


def test_the_recipe_asks_slurm_for_workers_of_one_thread(folder):
    pytest.importorskip("dask_jobqueue")
    recipe(folder)
    code = "import on_slurm\nwith on_slurm.cluster() as c: print(c.job_script())"
    answer = subprocess.run([PYTHON, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    for part in ("#SBATCH -p cpu", "#SBATCH -t 04:00:00", "export NUMBA_NUM_THREADS=1", "--nanny", "--lifetime 230m"):
        assert part in answer.stdout
    documented = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    for line in (
        "#SBATCH --cpus-per-task=16",
        "#SBATCH --mem=30G",
        "--nthreads 1 --memory-limit 1.86GiB --nworkers 16",
    ):
        assert line in documented
        assert line in answer.stdout


SBATCH = """#!/bin/sh
cp "$1" job.sh
setsid sh job.sh > job.log 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill -- -"$1"
"""


def test_the_recipe_runs_where_slurm_is_two_scripts(folder):
    """`sbatch` and `scancel` as Slurm has them, on this machine: all but the queue is real."""
    pytest.importorskip("dask_jobqueue")
    script = recipe(folder, cores="2", processes="2", jobs="1", memory='"4 GB"')
    script.write_text(script.read_text().replace("wait_for_workers(16)", "wait_for_workers(2)"))
    commands = folder / "bin"
    commands.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    variables = os.environ | ONE_THREAD | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    answer = subprocess.run(
        [PYTHON, str(script), "my.py", "--store", "s.db", "--out", "report"], cwd=folder, env=variables,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, (answer, (folder / "job.log").read_text())
    assert "2 consistent" in answer.stdout
    assert check(folder, "--engine", "serial", store="serial.db").returncode == 0
    assert rows(folder, "s.db") == rows(folder, "serial.db")


def test_the_overhead_of_a_task_is_measured_by_a_script_that_runs(folder):
    words = [PYTHON, str(ROOT / "benchmarks" / "scaling" / "task_overhead.py"), "--workers", "2", "--tasks", "100"]
    answer = subprocess.run(words, cwd=folder, env=os.environ | ONE_THREAD, capture_output=True, text=True, timeout=120,
                            check=True)  # fmt: skip
    dask_line, own_line = (line.split() for line in answer.stdout.splitlines() if line.split()[0] == "2")
    assert (len(dask_line), len(own_line)) == (7, 3)
    assert float(dask_line[5]) > 0
