"""The file of a study: what is written is read again, whatever moment the writer was stopped at."""

import math
import sys
from dataclasses import replace

import pytest
from flake_studies import p_value, record, study, write

from rates.flake.records import StudyError, Writer, read


def test_records_are_read_as_they_were_written(tmp_path):
    given = [record(0, p=[p_value(0.3)]), record(1, "refuted")]
    with Writer(tmp_path / "a.jsonl", "flake", "quick", {"environment": {"cpu": "any"}}) as writer:
        for one in given:
            writer.append(one)
    found = read(tmp_path / "a.jsonl")
    assert found.records == tuple(given)
    assert (found.name, found.profile, found.starts[0]["environment"]) == ("flake", "quick", {"cpu": "any"})


def test_an_infinite_interval_survives(tmp_path):
    row = replace(record(0).results[0], interval=(-math.inf, 2.0))
    path = write(tmp_path / "a.jsonl", [replace(record(0), results=(row,))])
    assert read(path).records[0].results[0].interval == (-math.inf, 2.0)


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_reason_may_hold_what_other_systems_call_a_line_break(tmp_path, mark):
    given = replace(record(0, "error"), error=f"it fell{mark}over")
    with Writer(tmp_path / "a.jsonl", "flake", "quick", {}) as writer:
        writer.append(given)
    assert read(tmp_path / "a.jsonl").records == (given,)


def test_a_line_that_is_no_text_is_refused_with_its_number(tmp_path):
    path = write(tmp_path / "a.jsonl", [record(0)])
    path.write_bytes(path.read_bytes() + b'{"claim": "\xff"}\n')
    with pytest.raises(StudyError, match=r"^a\.jsonl, line 3: no run of a study was found there$"):
        read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no advisory locks")
def test_a_file_that_is_being_written_to_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "a.jsonl"
    with Writer(path, "flake", "quick", {}) as writer:
        writer.append(record(0))
        with path.open("ab") as half:  # a line that the first writer has not finished
            half.write(b'{"claim": "a')
        before = path.read_bytes()
        with pytest.raises(
            StudyError, match=r"^a\.jsonl is being written to by another process: wait, or give another"
        ):
            Writer(path, "flake", "quick", {})
        assert path.read_bytes() == before
    with Writer(path, "flake", "quick", {}) as writer:
        assert writer.records == (record(0),)


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_line_that_was_cut_off_is_dropped_and_written_again(tmp_path, kept):
    path = write(tmp_path / "a.jsonl", [record(0), record(1)])
    whole = path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    path.write_bytes(whole[: last + kept] if kept >= 0 else whole[:kept])
    assert [r.run for r in read(path).records] == [0]
    with Writer(path, "flake", "quick", {}) as writer:
        assert [r.run for r in writer.records] == [0]
        writer.append(record(1))
    assert read(path).records == study([record(0), record(1)]).records


def test_a_run_counts_once(tmp_path):
    assert len(read(write(tmp_path / "a.jsonl", [record(0), record(0)])).records) == 1


def test_runs_of_other_code_are_other_runs(tmp_path):
    assert len(read(write(tmp_path / "a.jsonl", [record(0, fingerprint="old"), record(0)])).records) == 2


@pytest.mark.parametrize("change", [{"name": "another"}, {"profile": "ci"}])
def test_another_study_is_refused(tmp_path, change):
    path = write(tmp_path / "a.jsonl", [record(0)])
    with pytest.raises(StudyError, match="holds the study 'flake' in the quick profile"):
        Writer(path, **({"name": "flake", "profile": "quick", "start": {}} | change))
    assert len(read(path).records) == 1


@pytest.mark.parametrize("text", ["", "x,y\n1,2\n", '{"claim": "a"}\n', "3\n"])
def test_a_file_without_a_study_is_refused_in_one_sentence(tmp_path, text):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(StudyError, match=r"^a\.jsonl"):
        read(tmp_path / "a.jsonl")


@pytest.mark.parametrize("content", ['{"a": 1}', "no study, and no line break"])
def test_a_file_that_is_not_of_a_study_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(StudyError, match=r"other\.json holds no study"):
        Writer(path, "flake", "quick", {})
    assert path.read_text() == content


@pytest.mark.parametrize("line", ['"study"', '{"study": "x"}', '{"study": [], "profile": {}}', "[1]"])
def test_a_line_that_is_no_row_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "rows.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(StudyError, match=r"rows\.jsonl, line 1: no run of a study"):
        read(path)
