import csv
import dataclasses
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rates.store import APPLICATION_ID, SCHEMA, Key, Store, StoreError

KEY = Key("ntk/averaged_sgd:rate", "d=2", "", "measure", (64.0,), 0, "cpu", "float64", "abc")
VALUES = np.array([[[1.5]], [[np.pi]], [[1e-300]]])


def filled(path: Path) -> Path:
    with Store.open(path) as store:
        store.put(KEY, 0, VALUES, 3.0)
    return path


def test_values_come_back_with_the_same_bits_and_the_seconds_are_shared_out(tmp_path):
    with Store.open(filled(tmp_path / "s.db")) as store:
        some = store.get(KEY, range(1, 5))
        assert set(some.values) == {1, 2}
        assert some.seconds == pytest.approx(2.0)
        for replicate, values in store.get(KEY, range(3)).values.items():
            assert values.tobytes() == VALUES[replicate].tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"claim": "x:y"},
        {"case": "d=3"},
        {"variant": "average=False"},
        {"kind": "curve"},
        {"x": (np.nextafter(64.0, 65.0),)},
        {"seed": 2**70},
        {"device": "cuda"},
        {"dtype": "float32"},
        {"fingerprint": "abd"},
    ],
)
def test_every_part_of_the_key_separates(tmp_path, change):
    with Store.open(filled(tmp_path / "s.db")) as store:
        other = dataclasses.replace(KEY, **change)
        assert not store.get(other, range(3)).values
        store.put(other, 0, VALUES[:1] + 1, 1.0)
        assert store.get(KEY, range(1)).values[0] == VALUES[0]
        assert store.get(other, range(1)).values[0] == VALUES[0] + 1


def test_a_curve_keeps_points_and_the_names_of_its_parts():
    key = dataclasses.replace(KEY, kind="curve", x=(1.0, 2.0, 4.0))
    parts = np.arange(6.0).reshape(1, 3, 2)
    with Store.open(None) as store:
        store.put(key, 0, parts, 0.1, ("bias", "variance"))
        stored = store.get(key, range(1))
    assert stored.parts == ("bias", "variance")
    assert np.array_equal(stored.values[0], parts[0])


def test_what_is_there_stays(tmp_path):
    with Store.open(filled(tmp_path / "s.db")) as store:
        store.put(KEY, 1, VALUES + 1, 1.0)
        assert store.get(KEY, range(5)).values[2] == VALUES[2]
        assert store.get(KEY, range(5)).values[3] == VALUES[2] + 1


def test_values_of_another_shape_are_refused():
    with Store.open(None) as store, pytest.raises(ValueError, match=r"expected values of shape \(replicates, 1, comp"):
        store.put(KEY, 0, np.zeros((2, 3, 1)), 1.0)


def test_it_is_a_write_ahead_log_that_says_whose_it_is(tmp_path):
    connection = sqlite3.connect(filled(tmp_path / "deep" / "er" / "s.db"))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
    connection.close()


def _text(path: Path) -> None:
    path.write_text("x,y\n1,2\n" * 40)


def _foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photographs (id)")
    connection.commit()
    connection.close()


def _newer(path: Path) -> None:
    connection = sqlite3.connect(filled(path))
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()


def _truncated(path: Path) -> None:
    data = filled(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _scrambled(path: Path) -> None:
    data = filled(path).read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_text, "not a store of measurements"),
        (_foreign, "another program"),
        (_newer, "newer version"),
        (_truncated, "is damaged"),
        (_scrambled, "is damaged"),
    ],
)
def test_a_file_that_is_not_a_sound_store_is_refused_and_left_as_it_is(tmp_path, make, says):
    path = tmp_path / "s.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=says) as error:
        Store.open(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.db"]


def test_an_empty_file_becomes_a_store(tmp_path):
    (tmp_path / "s.db").touch()
    assert filled(tmp_path / "s.db").stat().st_size > 0


def test_a_directory_and_a_place_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(StoreError, match="is a directory"):
        Store.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used"):
        Store.open(tmp_path / "file" / "s.db")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = filled(tmp_path / "s.db")
    path.chmod(0o444)
    with pytest.raises(StoreError, match="permission denied"):
        Store.open(path)


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path):
    path = filled(tmp_path / "s.db")
    big = dataclasses.replace(KEY, x=tuple(float(i) for i in range(20_000)))
    with Store.open(path) as store:
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StoreError, match=r"disk is full; everything measured before is kept"):
            store.put(big, 0, np.ones((2, 20_000, 1)), 1.0)
        store.put(KEY, 3, VALUES[:1], 1.0)  # still usable
    with Store.open(path) as store:
        assert set(store.get(KEY, range(9)).values) == {0, 1, 2, 3}
        assert not store.get(big, range(2)).values


def test_info_counts_and_prune_removes_what_is_not_kept(tmp_path):
    with Store.open(filled(tmp_path / "s.db")) as store:
        store.put(dataclasses.replace(KEY, fingerprint="new"), 0, VALUES[:2], 1.0)
        info = store.info()
        assert (info.cells, info.measurements, info.fingerprints) == (2, 5, ("abc", "new"))
        assert info.seconds == pytest.approx(4.0)
        assert info.claims == {KEY.claim: 5}
        assert info.bytes > 0
        assert store.prune(keep={"new"}, older_than=0.0) == 0
        assert store.prune(keep={"new"}) == 3
        assert store.info().fingerprints == ("new",)
        assert store.prune(older_than=time.time() + 1) == 2
        assert store.info().created is None
        with pytest.raises(ValueError, match="prune needs"):
            store.prune()


def test_export_has_a_line_for_each_value(tmp_path):
    with Store.open(filled(tmp_path / "s.db")) as store:
        store.put(dataclasses.replace(KEY, kind="curve", x=(1.0, 2.0)), 0, np.ones((1, 2, 2)), 0.1, ("bias", "width"))
        assert store.export(tmp_path / "out.csv") == 7
        with (tmp_path / "out.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [float(r["y"]) for r in rows[:3]] == VALUES.ravel().tolist()
        assert [(float(r["x"]), r["component"]) for r in rows[3:]] == [
            (1.0, "bias"),
            (1.0, "width"),
            (2.0, "bias"),
            (2.0, "width"),
        ]
        with pytest.raises(StoreError, match="cannot be used"):
            store.export(tmp_path / "no" / "such" / "out.csv")


def test_an_export_onto_a_folder_is_refused(tmp_path):
    with Store.open(None) as store, pytest.raises(StoreError, match="is a folder: give a file"):
        store.export(tmp_path)


WRITER = """
import sys
import numpy as np
from rates.store import Key, Store
for i in range(60):
    with Store.open(sys.argv[1]) as store:  # opening and closing is part of the contest
        for claim in ("shared", sys.argv[2]):
            key = Key(claim, "", "", "measure", (1.0,), 0, "cpu", "float64", "f")
            store.put(key, 2 * i, np.full((2, 1, 1), float(i)), 0.0)
"""


def test_two_processes_write_at_once(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "s.db")]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in ("one", "two")]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert errors == ["", ""]
    with Store.open(tmp_path / "s.db") as store:
        assert store.info().claims == {"one": 120, "shared": 120, "two": 120}
        key = Key("shared", "", "", "measure", (1.0,), 0, "cpu", "float64", "f")
        assert all(values == r // 2 for r, values in store.get(key, range(120)).values.items())
