"""A disk that is full while measurements, a report or a memory are written: one sentence, and nothing is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault_claims import finish

from rates.check import check
from rates.history import past
from rates.publish import write_json
from rates.report import ReportError
from rates.result import Run
from rates.store import Store, StoreError

SMALL = """
set -e
mkdir disk
mount -t tmpfs -o size=96k none disk
! "$PYTHON" drive.py once disk/s.db "$ENGINE" never.json 2> said
cp disk/s.db* . ; mkdir before ; mv s.db* before
mount -o remount,size=32M disk
"$PYTHON" drive.py once disk/s.db "$ENGINE" after.json
cp disk/s.db after.db
"""


def own_mounts() -> bool:
    try:
        return subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not own_mounts(), reason="no disk of one's own can be mounted here (unshare -Urm)")
@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_a_full_disk_keeps_what_was_measured_and_the_run_goes_on_when_there_is_space(place, clean, engine):
    variables = {"PYTHON": sys.executable, "ENGINE": engine, "FAULT_LOG": str(place.folder / "calls")}
    shell = subprocess.run(["unshare", "-Urm", "sh", "-c", SMALL], cwd=place.folder, env=os.environ | variables,
                           capture_output=True, text=True, timeout=120, check=False)  # fmt: skip
    assert shell.returncode == 0, shell.stderr
    said = (place.folder / "said").read_text()
    assert said == "disk/s.db could not be written: the disk is full; everything measured before is kept\n"
    before = place.kept("before/s.db")
    assert before.items() <= clean.kept("s.db").items()
    assert 0 < len(before) < len(clean.kept("s.db"))
    assert place.kept("after.db") == clean.kept("s.db")
    assert place.document("after.json") == clean.document("run.json")


def test_a_quota_on_the_size_of_files_keeps_what_was_measured(place, clean):
    process = place.start("once", "s.db", "serial", "never.json", FAULT_QUOTA="90000")
    said = finish(process)
    assert process.returncode == 1
    assert said == "s.db could not be read or written (disk I/O error); everything measured before is kept\n"
    before = place.kept("s.db")
    assert 0 < len(before) < len(clean.kept("s.db"))
    assert place.once("s.db", "after.json") == ""
    assert place.document("after.json") == clean.document("run.json")


RATES = """
import resource, sys
from rates.cli import main
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, [int(sys.argv[1])] * 2)
    sys.exit(main(sys.argv[2:]))
"""


def rates_check(place, most: int) -> subprocess.CompletedProcess[str]:
    """Run the command in a process that may write no file beyond this size, as under a quota."""
    (place.folder / "pyproject.toml").touch()
    (place.folder / "limited.py").write_text(RATES)
    words = ["check", "fault_file.py", "--engine", "serial", "--store", "s.db", "--out", "pages"]
    command, variables = [sys.executable, "limited.py", str(most), *words], {"FAULT_LOG": str(place.folder / "calls")}
    return subprocess.run(command, cwd=place.folder, env=os.environ | variables, capture_output=True, text=True,
                          timeout=120, check=False)  # fmt: skip


def test_a_report_for_which_there_is_no_space_takes_nothing_from_the_run(place):
    failed = rates_check(place, 2_000_000)  # the plots' script has 4.5 MB
    assert failed.returncode == 2
    assert "the report cannot be written to pages: File too large; choose another folder" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
    assert "2 consistent in" in failed.stdout  # what was decided is said all the same
    measured = place.calls()
    again = rates_check(place, -1)
    assert (again.returncode, again.stderr) == (0, "")
    assert place.calls() == measured
    assert (place.folder / "pages" / "index.html").is_file()
    assert not list((place.folder / "pages").rglob(".*"))  # no halves of files


full = pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="there is no /dev/full here")


@full
def test_a_document_for_which_there_is_no_space_is_one_sentence():
    with pytest.raises(ReportError, match=r"^/dev/full cannot be written: no space left on device$"):
        write_json(Run((), {}, "quick", 0, "cpu"), "/dev/full")


@full
def test_an_answer_for_which_there_is_no_space_is_one_sentence():
    with Path("/dev/full").open("w") as out:
        command = [sys.executable, "-m", "rates", "list", "ntk/spectrum"]
        answer = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (answer.returncode, answer.stderr) == (2, "rates: the output cannot be used: no space left on device\n")


def test_a_memory_that_cannot_be_kept_takes_nothing_from_the_run(place, monkeypatch):
    def full(store, run):
        raise StoreError("s.db could not be written: the disk is full; everything measured before is kept")

    monkeypatch.setenv("FAULT_LOG", os.devnull)
    file, store = str(place.folder / "fault_file.py"), place.folder / "s.db"
    check(file, engine_name="serial", store=store)
    monkeypatch.setattr(sys.modules["rates.check"], "record", full)
    run = check(file, engine_name="serial", store=store)
    assert run.exit_code == 0
    assert run.environment["history"].startswith("not kept: s.db could not be written: the disk is full")
    with Store.open(store) as kept:
        assert len(past(kept, "fault_file:one")) == 1
