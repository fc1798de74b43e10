import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rates.report import validate
from rates.settings import Settings, SettingsError, load

SERIAL = ("--engine", "serial")
WRONG = "tiny(law=Law.power('x', '-2'), controls=())"
WIDE = "tiny(experiment=Experiment(power, X), cases=({'cv': 3},), controls=())"
OUTSIDE = "tiny(cases=({'r': 2},), conditions=(Condition('r < 1'),), controls=())"


def test_help_and_version(cli):
    assert cli("--version").out.startswith("rates 0.")
    for words in ([], ["--help"], ["check", "-h"], ["compare", "-h"], ["store"]):
        answer = cli(*words)
        assert answer.code == 0
        assert "Usage: rates" in answer.out
    assert "Exit codes: 0 consistent" in " ".join(cli().out.split())
    assert "Exit codes: 0 nothing got worse, 1 regressed" in " ".join(cli("compare", "-h").out.split())


def test_a_list_for_a_pipe_has_columns_between_tabs(cli):
    rows = [line.split("\t") for line in cli("list", "ntk").out.splitlines()]
    assert {len(row) for row in rows} == {5}
    found = {row[0]: row[1:] for row in rows}
    law, direction, source, evidence = found["ntk/averaged_sgd:minimax-rate"]
    assert (direction, evidence) == ("sharp", "read")
    assert law.startswith("y ≍ T^(-2·beta·r")
    assert source.startswith("Nitanda & Suzuki 2021, Corollary 1")


def test_a_list_for_a_terminal_is_a_table(cli, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "dumb")
    assert cli("list", "ntk/spectrum").out.split()[:4] == ["claim", "law", "direction", "source"]


def test_show_tells_everything_before_anything_runs(cli):
    answer = cli("show", "ntk/averaged_sgd:minimax-rate")
    assert answer.code == 0
    for part in ("the minimax rate", "y ≍ T^", "conditions", "r >= 1/2", "(required)", "assumed by the source only",
                 "slope -3/4 = -0.75", "curve", "experiment-law slope", "bias 0.013", "last iterate",
                 "must be refuted by", "must come out invalid", "plan of the quick profile: level 0.001", "looks at",
                 "on one core", "refute a deviation of", "@inproceedings{"):  # fmt: skip
        assert part in answer.out, part
    assert not Path(".rates").exists()


def test_show_says_what_is_left_to_other_profiles(cli, claims_file):
    later = "Check('experiment-law', 'level', Margin(0.1), profile='ci')"
    known = "law=Law.power('x', '-1', constant='1')"
    file = claims_file(f"tiny({known}, checks=(Check('experiment-law', 'slope', Margin(0.1)), {later}))")
    assert "left to other profiles: experiment-law level (ci)" in cli("show", file).out
    assert "left to other profiles" not in cli("show", file, "--profile", "ci").out
    assert "cv" not in cli("show", file, "--set", "cv=0.3").err


@pytest.mark.parametrize(
    ("claims", "code"), [("tiny()", 0), (WRONG, 1), (f"tiny(), {WRONG.replace('tiny(', 'tiny(name=chr(98),')}", 1),
                         (WIDE, 3), (OUTSIDE, 4)],
)  # fmt: skip
def test_check_ends_with_the_code_of_the_worst_claim(cli, claims_file, claims, code):
    answer = cli("check", claims_file(claims), *SERIAL)
    assert answer.code == code, answer
    assert "my:tiny" in answer.out
    assert "index.html" in answer.out


def test_check_writes_json_and_pages(cli, claims_file):
    file = claims_file("tiny()")
    answer = cli("check", file, "--json", "out.json", "--out", "here", "--seed", "5", "--set", "cv=0.05", *SERIAL)
    assert answer.code == 0
    document = json.loads(Path("out.json").read_text())
    validate(document)
    assert document["exit_code"] == 0
    assert document["seed"] == 5
    assert document["results"][0]["reproduce"] == ("rates check my.py:tiny --profile quick --seed 5 --set cv=0.05")
    assert document == json.loads(Path("here/results.json").read_text())
    assert Path("here/index.html").is_file()
    Path("here/index.html").unlink()
    rebuilt = cli("report", "here")
    assert (rebuilt.code, rebuilt.out) == (0, f"{Path('here/index.html')}\n")
    assert Path("here/index.html").is_file()


def test_json_on_stdout_is_alone_there(cli, claims_file):
    answer = cli("check", claims_file("tiny()"), "--json", "-", *SERIAL)
    assert json.loads(answer.out)["claims"] == {"my:tiny": "consistent"}
    assert "1 consistent" in answer.err


def test_the_reproducing_command_gives_the_same_numbers(cli, claims_file):
    cli("check", claims_file("tiny()"), "--json", "a.json", "--seed", "3", *SERIAL)
    first = json.loads(Path("a.json").read_text())["results"][0]
    words = first["reproduce"].split()[1:]
    assert cli(*words, *SERIAL, "--json", "b.json", "--store", "other.sqlite").code == 0
    second = json.loads(Path("b.json").read_text())["results"][0]
    assert second["estimate"] == first["estimate"]


def measured(cli):
    """What the store says of measurements; from a tree with changes every run adds an outcome."""
    return [line for line in cli("store", "info").out.splitlines() if "earlier runs" not in line]


def test_a_second_run_measures_nothing(cli, claims_file):
    file = claims_file("tiny()")
    cli("check", file, *SERIAL)
    before = measured(cli)
    cli("check", file, *SERIAL, "--out", "elsewhere")
    assert measured(cli) == before


def test_a_dry_run_measures_nothing(cli, claims_file):
    answer = cli("check", claims_file("tiny()"), "--dry-run", "--family-level", "0.0001")
    assert answer.code == 0
    assert "my:tiny" in answer.out
    assert "1 claim at level 0.0001 each: family-wise level 0.0001" in answer.err
    assert sorted(p.name for p in Path().iterdir()) == ["my.py", "pyproject.toml"]


def test_a_fresh_seed_is_said(cli, claims_file):
    answer = cli("check", claims_file("tiny(), tiny(name='other')"), "--seed", "fresh", "--no-controls", *SERIAL)
    assert "seed " in answer.err
    assert "2 claims at level 0.001 each: family-wise level 0.002" in answer.err


def test_the_store_is_exported_and_pruned(cli, claims_file):
    cli("check", claims_file("tiny()"), *SERIAL)
    answer = cli("store", "export", "all.csv")
    frame = pd.read_csv("all.csv")
    assert answer.out == f"{len(frame)} values written to all.csv\n"
    assert set(frame["claim"]) == {"my:tiny"}
    assert cli("store", "prune", "--older-than", "1").out == "0 measurements removed\n"
    assert cli("store", "prune", "--stale", "--keep", "my.py").out == "0 measurements removed\n"
    assert cli("store", "prune", "--stale").out == f"{len(frame)} measurements removed\n"


def write_table(path, slope=-0.5, replicates=40):
    rng = np.random.default_rng(0)
    x = np.tile([10.0, 20, 40, 80], replicates)
    y = x**slope * np.exp(0.1 * rng.standard_normal(len(x)))
    frame = pd.DataFrame({"x": x, "replicate": np.repeat(np.arange(replicates), 4), "y": y, "theory": x**-0.5})
    frame.to_csv(path, index=False)


def test_judge_decides_a_file(cli):
    write_table("mine.csv")
    answer = cli("judge", "mine.csv", "--law", "-s/2", "--set", "s=1")
    assert answer.code == 0
    assert "consistent" in answer.out
    assert "lies inside −0.500 ± 0.100" in answer.out
    assert cli("judge", "mine.csv", "--law", "-1").code == 1
    assert cli("judge", "mine.csv", "--law", "-1/2", "--margin", "0.001").code == 3
    assert cli("judge", "mine.csv", "--law", "-1/4", "--direction", "upper").code == 0


def test_judge_holds_numbers_against_a_curve_and_writes_json(cli):
    write_table("mine.csv", slope=-0.9)
    words = ("--law", "-1/2", "--curve-column", "theory", "--quantity", "level", "--json", "-")
    answer = cli("judge", "mine.csv", *words)
    assert answer.code == 1
    document = json.loads(answer.out)
    validate(document)
    assert document["exit_code"] == 1
    [result] = document["results"]
    assert result["comparison"] == "experiment-curve"
    assert result["reproduce"] == "rates judge mine.csv --law=-1/2 --quantity=level --curve-column=theory"
    assert cli(*result["reproduce"].split()[1:]).code == 1


def test_defaults_come_from_the_project(cli, claims_file, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.rates]\nprofile = "ci"\nseed = 9\nengine = "serial"\nout = "docs/rates"\ncontrols = false\n'
    )
    file = claims_file("tiny()")
    assert cli("check", file).code == 0
    document = json.loads(Path("docs/rates/results.json").read_text())
    assert (document["profile"], document["seed"], document["results"][0]["controls"]) == ("ci", 9, [])
    inner = tmp_path / "inner"
    inner.mkdir()
    assert load(inner).out == str(tmp_path / "docs/rates")
    assert load(tmp_path).out == "docs/rates"
    assert cli("check", file, "--profile", "quick", "--seed", "0").code == 0
    assert json.loads(Path("docs/rates/results.json").read_text())["profile"] == "quick"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool.rates]\nprofil = 'ci'\n", "has no entry 'profil'; did you mean profile?"),
        ("[tool.rates]\njobs = 'two'\n", "jobs = 'two' is not of type int"),
        ("[tool.rates]\njobs = true\n", "jobs = True is not of type int"),
        ("[tool]\nrates = 3\n", "[tool.rates] must be a table"),
        ("[tool.rates\n", "pyproject.toml cannot be read"),
    ],
)
def test_wrong_defaults_are_one_sentence(cli, tmp_path, text, says):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    assert says in str(error.value)
    assert cli("check", "ntk").code == 2


def test_without_a_project_there_are_defaults(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    assert load(tmp_path) == Settings()


def test_it_is_a_module_too():
    answer = subprocess.run([sys.executable, "-m", "rates", "--version"], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout[:6]) == (0, "rates ")


def test_a_reader_that_has_enough():
    answer = subprocess.run(f"{sys.executable} -m rates list ntk | true", shell=True, capture_output=True, check=False)
    assert answer.stderr == b""


def test_a_refuted_claim_is_refuted_also_for_a_reader_that_has_enough(tmp_path):
    rows = "".join(f"{x},{r},{1 + r / 1000}\n" for x in (1, 2, 4) for r in range(10))
    (tmp_path / "flat.csv").write_text(f"x,replicate,y\n{rows}")
    for words in ("", "--json -"):
        command = f"set -o pipefail; sleep 0 | {sys.executable} -m rates judge flat.csv --law=-1 {words} | true"
        answer = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
        assert answer.returncode == 1
        assert b"Traceback" not in answer.stderr


@pytest.mark.parametrize(("redirection", "says"), [("> /dev/full", "no space left on device"), (">&-", "")])
def test_an_output_that_takes_nothing(redirection, says):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no full device")
    command = f"{sys.executable} -m rates show ntk/spectrum:counting {redirection}"
    answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_terminal_without_unicode_gets_signs_that_mean_the_same(tmp_path):
    rows = "".join(f"{x},{r},{(1 + r / 1000) / x}\n" for x in (1, 2, 4) for r in range(10))
    (tmp_path / "fine.csv").write_text(f"x,replicate,y\n{rows}")
    answer = subprocess.run(
        [sys.executable, "-m", "rates", "judge", "fine.csv", "--law=-1"], cwd=tmp_path, capture_output=True, check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, text=True,
    )  # fmt: skip
    assert "+ consistent" in answer.stdout
    assert "-1.000 +- 0.100" in answer.stdout
    assert "level      10^-3" in answer.stdout
    assert "?" not in answer.stdout
