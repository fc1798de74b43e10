"""`rates compare` from the shell and from Python: tables, files, exit codes, and one sentence for what is wrong."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from synthetic_sides import noise, power, side
from tiny_claims import tiny

import rates
from rates.compare import Change, CompareError, Side, compare_sides, of_folder, of_run
from rates.compare.document import schema
from rates.compare.sides import parsed
from rates.compare.words import to_markdown
from rates.experiment import shaped
from rates.report import write

SERIAL = ("--engine", "serial", "--no-controls")


@pytest.fixture
def runs(cli, claims_file):
    """Folders of one claim: `base`; the same again in `same`; and `flatter`, its slope off by 0.02."""
    file = claims_file("tiny()")
    for name, words in {"base": (), "same": (), "flatter": ("--set", "slope=-0.98")}.items():
        assert cli("check", file, "--out", name, "--json", f"{name}.json", *words, *SERIAL).code == 0
    return cli


def test_two_run_folders_that_are_the_same(runs):
    answer = runs("compare", "base", "same")
    assert answer.code == 0
    assert "1 unchanged" in answer.out
    assert "the same to the last bit: 1 of 1 measured cases" in answer.out
    assert "No test was needed" in answer.out


def test_a_changed_slope_is_shown_with_its_interval(runs):
    answer = runs("compare", "base", "flatter", "--json", "found.json", "--markdown", "found.md")
    assert answer.code == 1
    assert "✗ regressed  my:tiny" in answer.out
    assert "2 tests at the family-wise level 10⁻³ (Holm)" in answer.out
    document = json.loads(Path("found.json").read_text())
    jsonschema.Draft202012Validator(schema()).validate(document)
    [slope] = [row for row in document["rows"] if row["quantity"] == "slope"]
    assert (slope["change"], document["exit_code"]) == ("regressed", 1)
    assert slope["difference"] == pytest.approx(0.02)
    text = Path("found.md").read_text()
    assert text.startswith("## Rate comparison: 1 regressed\n")
    assert "| ✗ regressed | `my:tiny` | slope |" in text


def test_json_on_stdout_is_alone_there(runs):
    answer = runs("compare", "base", "same", "--json", "-")
    assert json.loads(answer.out)["claims"] == {"my:tiny": "unchanged"}
    assert "1 unchanged" in answer.err


def test_markdown_on_stdout_is_alone_there(runs):
    answer = runs("compare", "base", "flatter", "--markdown", "-")
    assert answer.code == 1
    assert answer.out.startswith("## Rate comparison: 1 regressed\n")
    assert "✗ regressed  my:tiny" in answer.err
    assert not Path("-").exists()


def test_files_of_json_are_compared_without_pairing(runs):
    answer = runs("compare", "base.json", "flatter.json")
    assert answer.code == 3
    assert "holds no replicates: its estimates are compared without pairing" in answer.out
    assert runs("compare", "base.json", "same").code == 0


def test_targets_choose_claims_both_ways(runs):
    assert runs("compare", "base", "flatter", "my:tiny").code == 1
    assert runs("compare", "base", "flatter", "--claim", "my.py:tiny").code == 1
    answer = runs("compare", "base", "flatter", "ntk")
    assert answer.code == 2
    assert answer.err == "rates: there is no claim ntk, neither in base nor in head\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("base", "nowhere"), "nowhere is no file or folder, and"),
        (("base", "my.py"), "my.py is not JSON"),
        (("base", "same", "--seed", "7"), "--seed 7: base has the seed 0, which is fixed: leave the option out"),
        (("base", "same", "--seed", "fresh"), "--seed fresh: base has a seed, which is fixed: leave the option out"),
        (("base", ".", "my.py", "--seed", "fresh"), "--seed fresh: base has a seed, which is fixed"),
        (("base", "same", "--seed", "dice"), "--seed dice: a whole number from 0 on, or fresh, was expected"),
        (("base", "same", "--profile", "ci"), "--profile ci: base has the profile quick, which is fixed"),
        (("base", "same", "--profile", "bogus"), "--profile bogus: use quick, ci, full"),
        (("base", ".", "my.py", "--profile", "quik"), "--profile quik: did you mean quick?"),
        (("base", "same", "--device", "cuda"), "--device cuda: base has the device cpu, which is fixed"),
        *(
            (("base", "same", f"{name}="), f"{name} is empty: give a value, or leave the option out")
            for name in ("--seed", "--profile", "--device", "--json", "--markdown", "--out", "--store")
        ),
        (("base", "same", "--claim="), "a claim is empty: name a claim, method, chapter or file, or leave it out"),
        (("base", "same", "--json", "-", "--markdown", "-"), "only one of them can be written to stdout"),
        (("base", "same", "--level", "2"), "the level must lie between 0 and 0.5"),
        (("base", "same", "--tolerance", "0"), "the tolerance is a share"),
        (("base", "same", "--jobs", "0"), "the number of jobs must be at least 1"),
        (("base", "same", "--markdown", "base"), "base is a folder: give a file"),
        (("base", ""), "HEAD is empty"),
        ((), "Missing argument"),
    ],
)
def test_wrong_use_is_one_sentence(runs, words, says):
    answer = runs("compare", *words)
    assert answer.code == 2
    assert says in answer.err
    assert answer.err.count("\n") == 1


def test_a_damaged_folder_is_one_sentence(runs):
    [values] = Path("same/values").iterdir()
    values.write_text(values.read_text().rsplit("\n", 3)[0] + "\n")
    assert "no table of" in runs("compare", "base", "same").err
    Path("same/results.json").write_text("{}")
    assert "schema" in runs("compare", "base", "same").err


@pytest.mark.parametrize("lines", [0, 1, 8])
def test_a_file_of_values_that_is_cut_off_is_one_sentence(runs, lines):
    """After the header and the first replicate's seven x the rest is a table still."""
    [values] = Path("same/values").iterdir()
    rows = values.read_text().splitlines(keepends=True)
    one = [row for row in rows[1:] if row.split(",")[rows[0].split(",").index("replicate")] == "0"]
    values.write_text("".join([rows[0], *one][:lines]))
    answer = runs("compare", "base", "same")
    assert answer.code == 2
    assert f"holds {int(lines > 1)} replicates of case all, results.json says " in answer.err
    assert answer.err.endswith(": the file is cut off\n")


@pytest.mark.parametrize("word", ["my.py", "my.py:tiny", "ntk"])
def test_a_claim_in_the_place_of_head_is_told_its_own(runs, word):
    answer = runs("compare", "base", word)
    assert answer.code == 2
    assert answer.err.endswith(f"; claims come after HEAD: rates compare base . {word}\n")


def test_claims_of_a_file_are_not_gone_where_the_file_is_not_named(runs):
    answer = runs("compare", "base")
    assert answer.code == 2
    told = "the claim my:tiny of base is in no catalogue: name its file, rates compare"
    assert answer.err == f"rates: {told} base . my.py\n"
    assert runs("compare", ".", "base").err == f"rates: {told} . base my.py\n"


def test_a_terminal_without_unicode_can_tell_the_changes_apart(runs):
    for head, sign in (("flatter", "x regressed"), ("base.json", "1 unchanged")):
        answer = subprocess.run(
            [sys.executable, "-m", "rates", "compare", "base", head], capture_output=True, check=False,
            env={"PYTHONIOENCODING": "ascii", "PATH": "", "HOME": "."}, encoding="ascii",
        )  # fmt: skip
        assert sign in answer.stdout
        assert "−" not in answer.stdout


def test_runs_in_memory_are_compared():
    base, head = (
        rates.check(tiny(), options=rates.Options(controls=False, settings={"scale": scale}), store=None)
        for scale in ("1", "1/2")
    )
    assert rates.compare(base, base).exit_code == 0
    changes = rates.compare(base, head)
    assert changes.claims == {"memory:tiny": Change.REGRESSED}
    [level] = [row for row in changes.rows if row.quantity == "level"]
    assert level.difference == pytest.approx(-np.log(2))


def test_a_folder_reads_back_the_bits_that_were_measured(tmp_path):
    run = rates.check(tiny(cases=({"cv": "1/10"}, {"cv": "1/5", "scale": "3"})), store=None)
    write(run, tmp_path / "run")
    there, here = of_folder(tmp_path / "run"), of_run(run, "here")
    for label, measured in run.claims[0].values.items():
        assert np.array_equal(there.values["memory:tiny"][label].y, measured)
        assert np.array_equal(here.values["memory:tiny"][label].y, measured)
    assert set(there.cases("memory:tiny")) == set(run.claims[0].values)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("claim,case,x,replicate,component,value\n", ""),
        ("claim,case,x,replicate,component,value\na,,1,0,0,one\n", "line 2 has the value 'one', which is not a number"),
        ("claim,case,x,replicate,component,value\na,,1,0\n", "line 2 has no component"),
        ("claim,case,x,replicate,component,value\na,,1,0,0,0.1", "it is cut off in the middle of its last line"),
        ("claim,case,x,replicate,component,value\na,,inf,0,0,1\n", "holds a value that is not a number"),
        ("claim,case,x,replicate,component,value\na,,1,0,0,-inf\n", "holds a value that is not a number"),
        ("claim,case,x,replicate,component,value\na,b,1,0,0,1.7e308\n", r"case b holds 1.7e\+308, and no run keeps"),
        ("claim,case,x,replicate,component,value\na,,1,0,0,1\na,,2,1,0,1\n", "no table of"),
        ("claim,case,x,replicate,component,value\na,,1,0,0,1\na,,1,0,0,1\n", "no table of"),
        ("claim,case,x,replicate,component,value\na,,1,0,0,nan\n", "not a number"),
        ("case,value\na,1\n", "no file of values: it has no column replicate"),
        ("\0" * 99, "no file of values: it has no column case"),
    ],
)
def test_a_file_of_values_is_a_table_or_refused(text, says):
    if not says:
        assert parsed(text, "it.csv") == {}
        return
    with pytest.raises(CompareError, match=says):
        parsed(text, "it.csv")


def test_what_a_file_of_values_may_hold_is_what_an_experiment_may_return():
    text = "claim,case,x,replicate,component,value\na,b,1,0,0,{}\n"
    assert parsed(text.format(1e150), "it.csv")["b"].y == shaped([1e150], 1, 1, 1) == 1e150
    for reader in (lambda y: parsed(text.format(y), "it.csv"), lambda y: shaped([y], 1, 1, 1)):
        with pytest.raises(ValueError, match="beyond"):
            reader(1.01e150)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x89PNG\r\n\x1a\n", r"is not UTF-8 text: byte 0 is 0x89"),
        ("claim,case\n".encode("utf-16"), r"is not UTF-8 text: byte 0 is 0xff"),
        (gzip.compress(b"claim", mtime=0), r"is not UTF-8 text: byte 1 is 0x8b"),
        (b"PAR1" + bytes(99), r"is no file of values: it has no column case"),
    ],
    ids=["a picture", "UTF-16", "compressed", "Parquet"],
)
def test_a_file_that_holds_no_text_is_named(runs, data, says):
    [values] = Path("same/values").iterdir()
    values.write_bytes(data)
    answer = runs("compare", "base", "same")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert f"{values} {says}" in answer.err
    Path("binary.json").write_bytes(data)
    assert runs("compare", "base", "binary.json").err.startswith("rates: binary.json is no")


def test_values_in_the_place_of_which_there_is_something_else_are_named(runs):
    [values] = Path("same/values").iterdir()
    values.rename(values.with_suffix(".parquet"))
    told = f"{values.with_suffix('.parquet')} cannot be read: values are compared from CSV, {values.name}"
    assert runs("compare", "base", "same").err == f"rates: {told}\n"
    values.mkdir()
    assert runs("compare", "base", "same").err == f"rates: {values} cannot be read: is a directory\n"


def test_a_document_that_is_nested_without_end_is_no_json(runs):
    Path("deep.json").write_text("[" * 100_000)
    assert runs("compare", "base", "deep.json").err.startswith("rates: deep.json is not JSON")


def test_a_text_with_a_byte_order_mark_is_read(runs):
    [values] = Path("same/values").iterdir()
    values.write_text(values.read_text(), encoding="utf-8-sig")
    assert runs("compare", "base", "same").code == 0


def test_infinite_values_are_read():
    text = "claim,case,x,replicate,component,value\n" + "".join(f"a,b,{x},0,0,inf\n" for x in (1, 2, 3))
    assert np.isinf(parsed(text, "it.csv")["b"].y).all()


@pytest.mark.parametrize(
    ("target", "kept"),
    [("ntk/sgd:rate", 1), ("ntk/sgd", 1), ("ntk", 1), ("ntk/", 1), ("ntk/s", 0), ("nt", 0), ("a/my.py", 1),
     ("my.py:tiny", 1), ("my.py:tin", 0), ("my.pyx", 0)],
)  # fmt: skip
def test_targets_name_claims_as_they_do_elsewhere(target, kept):
    given = Side("base", {"claims": {"ntk/sgd:rate": "consistent", "my:tiny": "consistent"}})
    assert len(given.only([target]).claims) == kept


def test_markdown_shows_what_is_not_unchanged_and_folds_the_rest():
    base, head = side(power(noise(20))), side(power(noise(20), slope=-0.9))
    text = to_markdown(compare_sides(base, head))
    assert text.index("| ✗ regressed | `memory:synthetic` | slope |") < text.index("<details><summary>Unchanged: ")
    assert text.count("<details>") == text.count("</details>") == 1
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {7, 8}
    same = to_markdown(compare_sides(base, base))
    assert same.startswith("## Rate comparison: 1 unchanged\n")
    assert "regressed" not in same


def test_markdown_is_not_broken_by_what_it_shows():
    base = side(power(noise(20)), claim="a|b`c")
    head = side(power(noise(20), slope=-0.9), claim="a|b`c")
    for line in to_markdown(compare_sides(base, head)).splitlines():
        assert not line.startswith("|") or line.replace("\\|", "").count("|") in (7, 8)
