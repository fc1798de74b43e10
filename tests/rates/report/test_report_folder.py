"""Run folders: what is written, that it can be rebuilt, and what happens when it cannot be written."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import report_fixture

from rates.cli import main
from rates.report import ReportError, read, rebuild, write
from rates.report.views import slug
from rates.result import Run


def snapshot(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != "plotly.min.js")
    return {str(p.relative_to(root)): p.read_text(encoding="utf-8") for p in files}


def test_folder_holds_everything(folder: Path) -> None:
    for name in ("results.json", "index.html", "report.md", "junit.xml", "assets/plotly.min.js", "assets/style.css"):
        assert (folder / name).stat().st_size > 0
    assert len(list((folder / "claims").glob("*.html"))) == 8
    assert not list(folder.rglob(".*")), "a temporary file was left"


def test_pages_are_rebuilt_from_the_folder_alone(folder: Path, tmp_path: Path) -> None:
    before = snapshot(folder)
    (tmp_path / "values").mkdir()
    for name in before:
        if name == "results.json" or name.startswith("values/"):
            (tmp_path / name).write_text(before[name], encoding="utf-8")
    assert rebuild(tmp_path) == tmp_path / "index.html"
    assert snapshot(tmp_path) == before


def test_values_are_in_the_csv_to_the_last_bit(folder: Path, run: Run) -> None:
    claim = run.claims[0]
    with (folder / "values" / f"{slug(claim.address)}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    label, values = next(iter(claim.values.items()))
    mine = [row for row in rows if row["case"] == label]
    assert len(mine) == values.size
    assert len(rows) == sum(array.size for array in claim.values.values())
    assert {row["x"] for row in mine} == {str(float(x)) for x in report_fixture.HORIZONS}
    sample = mine[7]
    index = (int(sample["replicate"]), report_fixture.HORIZONS.index(int(float(sample["x"]))), int(sample["component"]))
    assert float(sample["value"]) == values[index]


def test_pages_of_an_earlier_run_disappear_and_other_files_stay(run: Run, tmp_path: Path) -> None:
    write(run, tmp_path)
    (tmp_path / "claims" / "mine.html").write_text("kept")
    write(Run(run.claims[1:2], {}, "quick", 7, "cpu"), tmp_path)
    assert sorted(p.name for p in (tmp_path / "claims").iterdir()) == ["meanfield__pda--outer-rate.html", "mine.html"]
    assert [p.name for p in (tmp_path / "values").iterdir()] == ["meanfield__pda--outer-rate.csv"]


def test_unwritable_folder_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReportError, match=r"cannot be written to .*file.*: Not a directory; choose another folder$"):
        write(run, tmp_path / "file" / "report")


def test_full_disk_is_one_sentence_and_leaves_the_old_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(run, tmp_path)
    before = (tmp_path / "results.json").read_text()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ReportError, match="No space left on device"):
        write(run, tmp_path)
    assert (tmp_path / "results.json").read_text() == before
    assert not list(tmp_path.rglob(".results*"))


def test_reading_what_is_not_a_run_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no results\.json"):
        read(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ReportError, match="not JSON"):
        rebuild(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema": 2}, "not a schema-1 result document: its schema is 2; read it with the version that wrote it"),
        ({"schema": 0}, "not a schema-1 result document: its schema is 0; make it again with rates check"),
        ({"seed": "seven"}, r"not a schema-1 result document: \$\.seed: 'seven' is not of type 'integer'"),
        ({"seconds": float("nan")}, "seconds of the document is nan: a result must be a finite number"),
    ],
)
def test_a_document_that_leaves_the_schema_is_named_with_its_file(
    document: dict[str, Any], tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    (tmp_path / "results.json").write_text(json.dumps({**document, **changes}))
    for reader in (read, rebuild):
        with pytest.raises(ReportError, match=f"^{re.escape(str(tmp_path / 'results.json'))}: {sentence}$"):
            reader(tmp_path)


def test_the_command_names_the_file_too(
    document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.json").write_text(json.dumps({**document, "exit_code": 9}))
    assert main(["report", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"rates: {tmp_path / 'results.json'}: not a schema-1 result document: $.exit_code: 9 is not")
    assert said.count("\n") == 1


def test_slugs_are_file_names_and_differ() -> None:
    assert slug("ntk/averaged_sgd:risk") == "ntk__averaged_sgd--risk"
    close = ["a/b", "a__b", "a/_b", "a_/b", "a:b", "a--b", "/a/b", "../a/b", "a b", "é", ""]
    assert len({slug(address) for address in close}) == len(close)
    assert all(set(slug(address)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.") for address in close)
    assert not any(slug(address).startswith(".") for address in close)


def test_junit_counts_and_kinds(folder: Path) -> None:
    root = ElementTree.parse(folder / "junit.xml").getroot()
    suites = {suite.attrib["name"]: suite for suite in root}
    assert len(suites) == 8
    assert suites["ntk/averaged-sgd:excess-risk"].attrib["tests"] == "12"
    assert suites["ntk/averaged-sgd:excess-risk"].attrib["failures"] == "0"
    assert suites["meanfield/mfld:gap"].find("testcase/error") is not None
    assert suites["hyperbolic/ridgelet:volume"].find("testcase/skipped") is not None
    kinds = {f.attrib["type"] for f in root.iter("failure")}
    assert kinds == {"refuted", "inconclusive", "invalid", "control"}
    assert root.attrib["failures"] == str(len(list(root.iter("failure"))))


def test_markdown_has_one_row_a_claim_and_closed_sections(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    summary = text.split("### ")[0]
    assert summary.count("\n| ") == 1 + 8
    assert "cannot be told from" in summary
    assert text.count("<details>") == text.count("</details>") == 8


def test_values_of_an_earlier_run_do_not_outlive_it(run: Run, tmp_path: Path) -> None:
    write(run, tmp_path)
    before = {path.name for path in (tmp_path / "values").iterdir()}
    first = next(claim for claim in run.claims if claim.values)
    bare = tuple(replace(claim, values={}) if claim is first else claim for claim in run.claims)
    write(replace(run, claims=bare), tmp_path)
    assert before - {path.name for path in (tmp_path / "values").iterdir()} == {f"{slug(first.address)}.csv"}
