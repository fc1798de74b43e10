"""Stores and documents that an older or a newer version wrote."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rates.history import past, record
from rates.report import ReportError, from_json, to_json
from rates.report.records import SCHEMA as DOCUMENT
from rates.result import Run
from rates.store import SCHEMA, Key, Store, StoreError

# As version 0.1.0 wrote it.
FIRST = (
    """CREATE TABLE cell (
        id INTEGER PRIMARY KEY, claim TEXT NOT NULL, "case" TEXT NOT NULL, variant TEXT NOT NULL, kind TEXT NOT NULL,
        x TEXT NOT NULL, seed TEXT NOT NULL, device TEXT NOT NULL, dtype TEXT NOT NULL, fingerprint TEXT NOT NULL,
        parts TEXT, UNIQUE (claim, "case", variant, kind, x, seed, device, dtype, fingerprint))""",
    """CREATE TABLE measurement (
        cell INTEGER NOT NULL REFERENCES cell (id), replicate INTEGER NOT NULL, components INTEGER NOT NULL,
        data BLOB NOT NULL, seconds REAL NOT NULL, created REAL NOT NULL, PRIMARY KEY (cell, replicate)
        ) WITHOUT ROWID""",
    "PRAGMA application_id = 0x52617465",
    "PRAGMA user_version = 1",
    """INSERT INTO cell VALUES (1, 'ntk/averaged_sgd:rate', 'd=2', '', 'measure', '[64.0]', '0', 'cpu', 'float64',
        'abc', NULL)""",
)
KEY = Key("ntk/averaged_sgd:rate", "d=2", "", "measure", (64.0,), 0, "cpu", "float64", "abc")
VALUES = [1.5, np.pi, 1e-300]


def first_schema(path: Path) -> Path:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in FIRST:
        connection.execute(statement)
    rows = [(1, i, 1, np.array(value, "<f8").tobytes(), 0.5, 1.7e9) for i, value in enumerate(VALUES)]
    connection.executemany("INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return path


def schema_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(found)


def require_all(path: Path) -> None:
    with Store.open(path) as store:
        stored = store.get(KEY, range(9)).values
        assert [float(stored[i][0, 0]) for i in range(3)] == VALUES
        assert past(store, KEY.claim) == ()
        assert record(store, Run((), {}, "quick", 0, "cpu")) == 0
        store.put(KEY, 3, np.ones((1, 1, 1)), 0.1)
        assert store.info().measurements == 4
    assert schema_of(path) == SCHEMA


def test_a_store_of_the_first_schema_is_brought_up_to_date_with_all_that_is_in_it(tmp_path):
    path = first_schema(tmp_path / "s.db")
    require_all(path)
    new = tmp_path / "new.db"
    Store.open(new).close()
    assert _tables(path) == _tables(new)


def _tables(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return [(name, " ".join((sql or "").split())) for name, sql in rows]


KILLED = """
import os, signal, sqlite3, sys
from rates.store import Store

class Mortal(sqlite3.Connection):
    left = int(sys.argv[2])
    def execute(self, *words):
        if Mortal.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        Mortal.left -= 1
        return super().execute(*words)

connect = sqlite3.connect
sqlite3.connect = lambda *words, **more: connect(*words, factory=Mortal, **more)
for number in range(int(sys.argv[3])):
    Mortal.left = int(sys.argv[2]) + number
    child = os.fork()
    if child == 0:
        Store.open(f"{sys.argv[1]}-{number}")
        os._exit(0)
    print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no kill -9 here")
def test_an_upgrade_that_is_killed_at_any_statement_leaves_a_store_that_can_be_used(tmp_path):
    paths = [first_schema(tmp_path / f"s.db-{i}") for i in range(16)]
    command = [sys.executable, "-c", KILLED, str(tmp_path / "s.db"), "0", str(len(paths))]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    ended = [int(word) for word in answer.stdout.split()]
    assert set(ended) == {0, signal.SIGKILL}  # the last ones came through
    assert ended == sorted(ended, reverse=True)
    found = [schema_of(path) for path in paths]
    assert found == sorted(found)
    assert {1, SCHEMA} == {schema for schema, end in zip(found, ended, strict=True) if end}  # before it, and after
    for path in paths:
        require_all(path)


OPENING = """
import sys, time
from pathlib import Path
from rates.store import Store
folder = Path(sys.argv[1])
(folder / f"ready-{sys.argv[2]}").touch()
while len(list(folder.glob("ready-*"))) < 3:
    time.sleep(0.001)
for path in sorted(folder.glob("*.db")):
    Store.open(path).close()
"""


def test_three_processes_upgrade_at_once(tmp_path):
    paths = [first_schema(tmp_path / f"{i}.db") for i in range(20)]
    command = [sys.executable, "-c", OPENING, str(tmp_path)]
    openers = [subprocess.Popen([*command, str(i)], stderr=subprocess.PIPE, text=True) for i in range(3)]
    assert [opener.communicate(timeout=120)[1] for opener in openers] == ["", "", ""]
    for path in paths:
        require_all(path)


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    path = first_schema(tmp_path / "s.db")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"newer version \(schema {SCHEMA + 1}; this one reads up to {SCHEMA}\)$"):
        Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("schema", [0, -3])
def test_a_store_of_a_schema_that_never_was_is_refused_and_left_alone(tmp_path, schema):
    path = first_schema(tmp_path / "s.db")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA user_version = {schema}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"s.db says schema {schema}, which no version has written: move it away"):
        Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("schema", [DOCUMENT - 1, DOCUMENT + 1, 99, str(DOCUMENT), None])
def test_a_document_of_another_schema_is_refused_in_one_sentence(schema):
    document = to_json(Run((), {}, "quick", 0, "cpu")) | {"schema": schema}
    with pytest.raises(ReportError, match=f"not a schema-{DOCUMENT} result document") as error:
        from_json(document)
    assert "\n" not in str(error.value)
    assert repr(schema) in str(error.value)


def test_a_run_folder_of_another_schema_is_left_as_it_is(cli, tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    document = to_json(Run((), {}, "quick", 0, "cpu")) | {"schema": DOCUMENT + 1}
    (folder / "results.json").write_text(json.dumps(document))
    answer = cli("report", "pages")
    assert answer.code == 2
    assert f"not a schema-{DOCUMENT} result document" in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert [p.name for p in folder.iterdir()] == ["results.json"]
