"""The file of a study: what is written is read again, whatever moment the writer was stopped at."""

import math
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
