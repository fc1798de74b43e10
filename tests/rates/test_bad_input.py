"""What can go wrong outside: one clear sentence, the right exit code, nothing lost."""

import importlib
import json
import sqlite3
from pathlib import Path

import pytest

from rates.report import folder as report_folder

SERIAL = ("--engine", "serial")
TALKING = """
def talking(x, streams, slope=-1.0):
    print("measuring")
    return power(x, streams)
"""


def sentence(answer):
    lines = answer.err.strip().splitlines()
    assert len(lines) == 1, answer.err
    assert "Traceback" not in answer.err
    return lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "ntk/avraged_sgd"], "no claim, method or chapter 'ntk/avraged_sgd'; did you mean ntk/averaged_sgd?"),
        (["show", "ntk/spectrum:decay"], "did you mean ntk/spectrum:degree-decay"),
        (["check", "nothing.py"], "there is no file nothing.py"),
        (["list", "zzz"], "there is no claim, method or chapter 'zzz'"),
        (["check", "--profile", "quik"], "--profile quik: did you mean quick?"),
        (["check", "--profile", "zzz"], "--profile zzz: use quick, ci, full"),
        (["check", "--engine", "seriel"], "--engine seriel: did you mean serial?"),
        (["check", "ntk", "--engine", "dask:here"], "the engine 'dask:here' names no scheduler"),
        (["check", "ntk", "--jobs", "0"], "the number of jobs must be at least 1, got 0"),
        (["check", "--jobs", "two"], "'--jobs'"),
        (["check", "--seed", "dice"], "--seed dice: a whole number from 0 on, or fresh, was expected"),
        (["check", "--budget", "0"], "--budget 0: a positive number of seconds"),
        (["check", "--family-level", "2"], "--family-level 2: a number between 0 and 0.5"),
        (["check", "--set", "r"], "--set r: NAME=VALUE was expected"),
        (["check", "ntk/averaged_sgd", "--set", "ridg=1"], "--set ridg: no claim here has a parameter of that name"),
        (["check", "ntk/averaged_sgd", "--set", "r=half"], "--set r=half: a number was expected"),
        (["check", "ntk", "--device", "gpu"], "unknown device 'gpu': use cpu or cuda"),
        (["check", "--profle", "quick"], "--profle"),
        (["chekc"], "No such command 'chekc'"),
        (["show"], "Missing argument"),
        (["report", "nowhere"], "there is no results.json in nowhere"),
        (["store", "info"], "there is no store .rates/measurements.sqlite"),
        (["store", "prune"], "say what to remove"),
        (["store", "prune", "--keep", "my.py"], "say what to remove"),
        (["store", "prune", "--older-than", "3", "--keep", "my.py"], "--keep goes with --stale"),
        (["store", "prune", "--stale", "--keep", ""], "--keep is empty: give a value, or leave the option out"),
        (["judge", "no.csv", "--law", "-1"], "there is no file no.csv"),
        (["judge", "no.csv", "--law", "-1", "--direction", "uper"], "--direction uper: did you mean upper?"),
        (["judge", "no.csv", "--law", "-s", "--set", "s=one"], "--set s=one: a number was expected"),
        (["check", "ntk", "--out", "pyproject.toml/x"], "nothing can be written to pyproject.toml/x: not a directory"),
        (["check", "ntk", "--json", "pyproject.toml/x"], "nothing can be written to pyproject.toml"),
        (["check", "ntk", "--json", "."], ". is a folder: give a file"),
        (["check", "ntk", "--json", ""], "--json is empty: give a value, or leave the option out"),
        (["check", "ntk", "--seed", ""], "--seed is empty"),
        (["check", "ntk", "--out", " "], "--out is empty"),
        (["check", "ntk", "--store", ""], "--store is empty"),
        (["check", "ntk/averaged_sgd", "--set", "r=1/0"], "--set r=1/0: a number was expected"),
        (["check", "ntk/averaged_sgd", "--set", "r=oo"], "--set r=oo: a number was expected"),
        (["check", "ntk/averaged_sgd", "--set", "r=sqrt(-1)"], "--set r=sqrt(-1): a number was expected"),
        (["check", "ntk", "--dry-run", "--device", "tpu"], "unknown device 'tpu': use cpu or cuda"),
        (["check", "ntk", "--dry-run", "--engine", "dask:here"], "the engine 'dask:here' names no scheduler"),
        (["check", "ntk/spectrum:countin:x"], "did you mean ntk/spectrum:counting?"),
        (["store", "prune", "--older-than", "-1"], "--older-than -1: a number of days from 0 on was expected"),
        (["store", "prune", "--older-than", "nan"], "--older-than nan: a number of days from 0 on was expected"),
        (["report", ""], "DIR is empty"),
    ],
)
def test_a_request_that_makes_no_sense(cli, words, says):
    answer = cli(*words)
    assert (answer.code, answer.out) == (2, "")
    assert says in sentence(answer)


def test_no_gpu(cli, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    answer = cli("check", "ntk", "--device", "cuda")
    assert answer.code == 2
    assert "device 'cuda' was asked for but no GPU can be used here: use cpu" in sentence(answer)


def test_a_claims_file_that_raises(cli, tmp_path):
    (tmp_path / "broken.py").write_text("\nraise RuntimeError('no\\nway')\n")
    for command in ("check", "list", "show"):
        answer = cli(command, "broken.py")
        assert answer.code == 2
        assert sentence(answer) == "rates: broken.py cannot be imported: RuntimeError: no way (line 2)"


def test_a_claim_that_contradicts_itself(cli, claims_file):
    answer = cli("check", claims_file("tiny(experiment=Experiment(power, (1, 2)))"))
    assert answer.code == 2
    assert "a rate needs at least three x, got 2 (line 5)" in sentence(answer)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("nan", "the experiment returned a value that is not finite"),
        ("negative", "the experiment returned a negative value"),
        ("shape", "the experiment returned shape (8, 1, 3), expected 8 replicates × 1 points × 1 components"),
        ("count", "the experiment returned shape (7,), expected 8 replicates × 1 points × 1 components"),
        ("raises", "RuntimeError: the algorithm fell over"),
    ],
)
def test_an_experiment_that_returns_no_measurement(cli, claims_file, bad, says):
    file = claims_file(f"tiny(cases=({{'bad': '{bad}'}},), controls=()), tiny(name='fine')")
    answer = cli("check", file, *SERIAL)
    assert answer.code == 2
    assert says in answer.out
    assert "1 error, 1 consistent" in answer.out  # the other claim is decided all the same
    assert Path("reports/latest/index.html").is_file()


def test_a_control_that_falls_over_is_not_a_control_that_was_caught(cli, claims_file):
    answer = cli("check", claims_file("tiny(controls=(Control('nan', {'bad': 'nan'}, 'experiment-law', 'slope'),))"),
                 *SERIAL)  # fmt: skip
    assert answer.code == 3
    assert "cannot be told from" in answer.out


def test_a_single_replicate_of_a_random_experiment(cli, tmp_path):
    (tmp_path / "one.csv").write_text("x,replicate,y\n1,0,1\n2,0,0.5\n4,0,0.25\n")
    answer = cli("judge", "one.csv", "--law", "-1")
    assert answer.code == 2
    assert "one replicate has no error bar" in sentence(answer)


@pytest.mark.parametrize("text", ["", "\x00\x01", 'x,replicate,y\n1,2,"', "x,replicate,y\n1,2,3,4\n5,6,7,8,9\n"])
def test_a_file_that_is_no_table(cli, tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    answer = cli("judge", "bad.csv", "--law", "-1")
    assert answer.code == 2
    assert len(sentence(answer)) > 20


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--law=-1/0"], "the formula zoo has no finite value"),
        (["--law=-1/s", "--set", "s=0"], "the formula -1/s has no finite value at s = 0"),
        (["--law=1 > 0"], "has no finite value"),
        (["--law=-s", "--set", "s=1", "--set", "t=2"], "--set t: the law -s has no parameter of that name"),
        (["--law=-1", "--margin", "inf"], "the margin must be positive and finite, got inf"),
        (["--law=-1", "--error", "nan"], "the relative error must be a finite number from 0 on, got nan"),
        (["--law=-1", "--curve-column", ""], "the table has no column ''"),
    ],
)
def test_a_law_or_an_option_that_cannot_be_judged(cli, tmp_path, words, says):
    rows = "".join(f"{x},{r},{(1 + r / 100) / x}\n" for x in (1, 2, 4) for r in range(3))
    (tmp_path / "data.csv").write_text(f"x , replicate, y\n{rows}")  # spaces around the names do no harm
    answer = cli("judge", "data.csv", *words)
    assert answer.code == 2
    assert says in sentence(answer)


def test_an_interval_without_end_is_printed(cli, tmp_path):
    (tmp_path / "one.csv").write_text("x,replicate,y\n1,0,1\n2,0,0.5\n4,0,0.25\n8,0,0.125\n")
    answer = cli("judge", "one.csv", "--law=-1", "--error", "2")
    assert answer.code == 3
    assert "interval   [−∞, ∞]" in answer.out


def test_what_claims_print_is_not_the_answer(cli, claims_file):
    file = claims_file("print('imported') or tiny(experiment=Experiment(talking, X))", functions=TALKING)
    answer = cli("check", file, "--json", "-", *SERIAL)
    assert json.loads(answer.out)["exit_code"] == answer.code == 3  # the controls set knobs that it does not turn
    assert "imported" in answer.err
    assert "measuring" in answer.err


def measured(cli):
    answer = cli("store", "info")
    return int(answer.out.split(": ")[1].split(" ")[0])


def test_a_full_disk_when_a_measurement_is_kept(cli, claims_file, monkeypatch):
    store = importlib.import_module("rates.store").Store
    put, calls = store.put, []

    def full(self, *arguments):
        calls.append(arguments)
        if len(calls) > 5:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            with importlib.import_module("rates.store")._explained(self.name):
                raise error
        put(self, *arguments)

    monkeypatch.setattr(store, "put", full)
    file = claims_file("tiny()")
    answer = cli("check", file, *SERIAL)
    assert answer.code == 2
    assert "the disk is full; everything measured before is kept" in sentence(answer)
    kept = measured(cli)
    assert kept > 0
    monkeypatch.setattr(store, "put", put)
    assert cli("check", file, *SERIAL).code == 0
    assert measured(cli) > kept


def test_a_full_disk_when_the_report_is_written(cli, claims_file, monkeypatch):
    def full(path, text):
        raise OSError(28, "No space left on device")

    file = claims_file("tiny()")
    with monkeypatch.context() as patch:
        patch.setattr(report_folder, "_save", full)
        answer = cli("check", file, *SERIAL)
    assert answer.code == 2
    assert "No space left on device; choose another folder" in sentence(answer)
    assert "consistent" in answer.out  # what was decided is said all the same
    before = measured(cli)
    assert cli("check", file, *SERIAL).code == 0
    assert measured(cli) == before > 0


def test_a_foreign_store_is_not_touched(cli, claims_file, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear store")
    answer = cli("check", claims_file("tiny()"), "--store", "letter.txt", *SERIAL)
    assert answer.code == 2
    assert "letter.txt is not a store of measurements" in sentence(answer)
    assert (tmp_path / "letter.txt").read_text() == "Dear store"


def test_an_interrupt_says_how_to_go_on(cli, claims_file, monkeypatch):
    sweep = importlib.import_module("rates.sweep")
    run_task, calls = sweep.run_task, []

    def stop_after_three(task):
        calls.append(task)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return run_task(task)

    file = claims_file("tiny()")
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "run_task", stop_after_three)
        answer = cli("check", file, "--seed", "fresh", *SERIAL)
    assert answer.code == 130
    announced, stopped = answer.err.strip().splitlines()
    seed = announced.split()[1].rstrip(";")
    assert stopped.endswith(f"new measurements are kept; the same command goes on from here with --seed {seed}"
                            " in place of fresh")  # fmt: skip
    kept = measured(cli)
    assert kept > 0
    assert cli("check", file, "--seed", seed, *SERIAL).code == 0


def test_a_bug_is_not_a_verdict(cli, monkeypatch):
    monkeypatch.setattr(importlib.import_module("rates.listing"), "print_list", lambda located: 1 / 0)
    answer = cli("list", "ntk/spectrum")
    assert answer.code == 2
    assert "Traceback" in answer.err
