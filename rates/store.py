"""The store: every measurement, kept in SQLite the moment it exists, so that a killed run resumes.

A cell is everything that fixes a number except the replicate; a measurement is one replicate of a cell. A verdict is
what a run said of a claim (see `rates.history`).
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
APPLICATION_ID = 0x52617465  # "Rate": tells our files from anybody else's SQLite
SCHEMA = 2
_BUSY_SECONDS = 60.0
_CHECKED_BYTES = 64 * 2**20  # a larger store is not read through at each opening
# What takes a file from the schema before to this one; all that is missing is done in one transaction.
_STEPS: Mapping[int, tuple[str, ...]] = {
    1: (
        """CREATE TABLE cell (
        id INTEGER PRIMARY KEY, claim TEXT NOT NULL, "case" TEXT NOT NULL, variant TEXT NOT NULL, kind TEXT NOT NULL,
        x TEXT NOT NULL, seed TEXT NOT NULL, device TEXT NOT NULL, dtype TEXT NOT NULL, fingerprint TEXT NOT NULL,
        parts TEXT, UNIQUE (claim, "case", variant, kind, x, seed, device, dtype, fingerprint))""",
        """CREATE TABLE measurement (
        cell INTEGER NOT NULL REFERENCES cell (id), replicate INTEGER NOT NULL, components INTEGER NOT NULL,
        data BLOB NOT NULL, seconds REAL NOT NULL, created REAL NOT NULL, PRIMARY KEY (cell, replicate)
        ) WITHOUT ROWID""",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ),
    2: (
        """CREATE TABLE verdict (
        id INTEGER PRIMARY KEY, claim TEXT NOT NULL, created REAL NOT NULL, "commit" TEXT, dirty INTEGER NOT NULL,
        profile TEXT NOT NULL, seed TEXT NOT NULL, device TEXT NOT NULL, outcome TEXT NOT NULL, "case" TEXT NOT NULL,
        comparison TEXT NOT NULL, quantity TEXT NOT NULL, predicted REAL, estimate REAL, low REAL, high REAL,
        margin REAL NOT NULL)""",
        "CREATE INDEX verdict_of_claim ON verdict (claim, id)",
    ),
}
_FIND = """SELECT id, parts FROM cell WHERE claim = ? AND "case" = ? AND variant = ? AND kind = ? AND x = ?
    AND seed = ? AND device = ? AND dtype = ? AND fingerprint = ?"""
_COLUMNS = ("claim", "case", "variant", "kind", "x", "seed", "device", "dtype", "fingerprint")


class StoreError(RuntimeError):
    """The store cannot be used; the message is one sentence that names the file and the reason."""


@dataclass(frozen=True)
class Key:
    """What fixes a number, all but the replicate.

    `x` holds the points that one call measures: one for `axis="size"`, all of them for `axis="time"` and
    curves. `variant` is a control's settings as text, empty for the claim itself. `kind` is "measure" or
    "curve". `seed` is the root seed.
    """

    claim: str
    case: str
    variant: str
    kind: str
    x: tuple[float, ...]
    seed: int
    device: str
    dtype: str
    fingerprint: str

    @property
    def row(self) -> tuple[str, ...]:
        """The values of the columns, in their order; floats as text that reads back to the same bits."""
        x = json.dumps([float(v) for v in self.x])
        return (self.claim, self.case, self.variant, self.kind, x, str(self.seed), self.device, self.dtype,
                self.fingerprint)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """What the store has of a cell: per replicate an array (points, components); seconds over all of them.

    `parts` names the components of a curve.
    """

    values: Mapping[int, Array] = field(default_factory=dict)
    seconds: float = 0.0
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Info:
    """How much a store holds; `created` is the time of the oldest and the newest measurement (Unix seconds).

    `fingerprints` are those of code, whatever processor it ran on; `verdicts` are the remembered outcomes.
    """

    bytes: int
    cells: int
    measurements: int
    seconds: float
    created: tuple[float, float] | None
    fingerprints: tuple[str, ...]
    claims: Mapping[str, int]
    verdicts: int = 0


class Store:
    """Measurements in one SQLite file (write-ahead log), safe for several processes at once."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.connection = connection
        self.name = name

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None) -> Store:
        """Open or create the store at path (None: in memory); StoreError, without touching it, for anything else."""
        if path is None:
            connection = sqlite3.connect(":memory:", isolation_level=None)
            _upgrade(connection)
            return cls(connection, "the store in memory")
        file = Path(path).expanduser()
        with _explained(str(path)):
            file.parent.mkdir(parents=True, exist_ok=True)
            _refuse_foreign(file, str(path))
            connection = sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                _prepare(connection, str(path), check=file.stat().st_size <= _CHECKED_BYTES)
            except BaseException:
                connection.close()
                raise
        return cls(connection, str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was put is safe whether or not this is called."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for statements that are kept together or not at all; StoreError as `put`."""
        with _explained(self.name), _transaction(self.connection):
            yield self.connection

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that only reads; StoreError as `put`."""
        with _explained(self.name):
            return self.connection.execute(statement, values).fetchall()

    def put(
        self, key: Key, first_replicate: int, values: Array, seconds: float, parts: Sequence[str] | None = None
    ) -> None:
        """Keep values (replicates, points, components) in one transaction.

        `seconds` is the time of all of them. What is there already stays as it is. StoreError if the disk is
        full or the file cannot be written; then nothing of this call is kept and everything before is.
        """
        if values.ndim != 3 or values.shape[1] != len(key.x):
            raise ValueError(f"expected values of shape (replicates, {len(key.x)}, components), got {values.shape}")
        each, now = seconds / max(1, len(values)), time.time()
        little = np.ascontiguousarray(values, dtype="<f8")
        with self.transaction() as connection:
            cell = self._cell(key, parts)
            rows = [(cell, first_replicate + i, values.shape[2], v.tobytes(), each, now) for i, v in enumerate(little)]
            connection.executemany("INSERT OR IGNORE INTO measurement VALUES (?, ?, ?, ?, ?, ?)", rows)

    def get(self, key: Key, replicates: range) -> Stored:
        """Return those of the replicates that are kept."""
        with _explained(self.name):
            found = self.connection.execute(_FIND, key.row).fetchone()
            if found is None:
                return Stored()
            rows = self.connection.execute(
                "SELECT replicate, components, data, seconds FROM measurement"
                " WHERE cell = ? AND replicate >= ? AND replicate < ? ORDER BY replicate",
                (found[0], replicates.start, replicates.stop),
            ).fetchall()
        values: dict[int, Array] = {}
        for replicate, components, data, _ in rows:
            if len(data) != 8 * components * len(key.x):
                raise StoreError(f"{self.name} is damaged: replicate {replicate} of {key.claim} has {len(data)} bytes")
            values[replicate] = np.frombuffer(data, dtype="<f8").reshape(len(key.x), components).astype(np.float64)
        parts = tuple(json.loads(found[1])) if found[1] else None
        return Stored(values, float(sum(row[3] for row in rows)), parts)

    def info(self) -> Info:
        """Return how much is kept, in bytes, cells, measurements and seconds of measuring."""
        with _explained(self.name):
            run = self.connection.execute
            bytes_ = run("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()[0]
            total = run("SELECT count(*), coalesce(sum(seconds), 0), min(created), max(created) FROM measurement")
            count, seconds, oldest, newest = total.fetchone()
            cells = run("SELECT count(*) FROM cell").fetchone()[0]
            prints = {_code(row[0]) for row in run("SELECT DISTINCT fingerprint FROM cell")}
            claims = dict(run("SELECT claim, count(*) FROM cell JOIN measurement ON cell = id GROUP BY 1 ORDER BY 1"))
            verdicts = run("SELECT count(*) FROM verdict").fetchone()[0]
        created = None if oldest is None else (float(oldest), float(newest))
        return Info(int(bytes_), int(cells), int(count), float(seconds), created, tuple(sorted(prints)), claims,
                    int(verdicts))  # fmt: skip

    def prune(self, *, keep: Collection[str] | None = None, older_than: float | None = None) -> int:
        """Remove what has none of the fingerprints `keep` and is older than `older_than` (Unix seconds).

        A condition that is not given does not restrict; ValueError with neither. `keep` are fingerprints of code:
        what it gave on another kind of processor is kept with it. An age alone removes verdicts too; they are never
        stale, since they say what was so. Returns how many measurements were removed.
        """
        if keep is None and older_than is None:
            raise ValueError("prune needs the fingerprints to keep, or an age, or both")
        limit = float("inf") if older_than is None else older_than
        with _explained(self.name):
            run = self.connection.execute
            with _transaction(self.connection):
                cells = run("SELECT id, fingerprint FROM cell").fetchall()
                doomed = [(limit, cell) for cell, mark in cells if keep is None or _code(mark) not in keep]
                before = self.connection.total_changes
                self.connection.executemany("DELETE FROM measurement WHERE created < ? AND cell = ?", doomed)
                removed = self.connection.total_changes - before
                run("DELETE FROM cell WHERE id NOT IN (SELECT cell FROM measurement)")
                if keep is None:
                    run("DELETE FROM verdict WHERE created < ?", (limit,))
            run("VACUUM")
            run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return removed

    def export(self, path: str | os.PathLike[str]) -> int:
        """Write one CSV line a value, and return their number; the file appears complete or not at all."""
        target = Path(path)
        if target.is_dir():
            raise StoreError(f"{path} is a folder: give a file")
        partial = target.with_name(target.name + ".partial")
        try:
            with _explained(str(path)), partial.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow([*_COLUMNS, "replicate", "component", "y", "seconds", "created"])
                lines = 0
                for line in self._lines():
                    writer.writerow(line)
                    lines += 1
            with _explained(str(path)):
                partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return lines

    def _lines(self) -> Iterator[list[Any]]:
        columns = ", ".join(f'"{name}"' for name in _COLUMNS)
        query = (
            f"SELECT {columns}, replicate, seconds, created, components, parts, data FROM cell"
            " JOIN measurement ON cell = id ORDER BY id, replicate"
        )
        for row in self.connection.execute(query):
            key, (replicate, seconds, created, components, parts, data) = list(row[:9]), row[9:]
            names = json.loads(parts) if parts else [str(c) for c in range(components)]
            points = json.loads(key[4])
            for x, values in zip(points, np.frombuffer(data, dtype="<f8").reshape(len(points), -1), strict=True):
                key[4] = repr(x)
                for name, y in zip(names, values, strict=True):
                    yield [*key, replicate, name, repr(float(y)), seconds, created]

    def _cell(self, key: Key, parts: Sequence[str] | None) -> int:
        found = self.connection.execute(_FIND, key.row).fetchone()
        if found is not None:
            return int(found[0])
        names = None if parts is None else json.dumps(list(parts))
        marks = ", ".join("?" * len(_COLUMNS))
        cursor = self.connection.execute(f"INSERT INTO cell VALUES (NULL, {marks}, ?)", (*key.row, names))
        return int(cursor.lastrowid or 0)


def _refuse_foreign(file: Path, name: str) -> None:
    """Look at the header without SQLite, which would create files beside a stranger's database."""
    if file.is_dir():
        raise StoreError(f"{name} is a directory, not a store")
    if not file.exists() or file.stat().st_size == 0:
        return
    if not os.access(file, os.R_OK | os.W_OK):
        raise StoreError(f"{name} cannot be read and written: permission denied")
    with file.open("rb") as stream:
        header = stream.read(100)
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{name} is not a store of measurements (not an SQLite file)")
    application, version = struct.unpack(">I", header[68:72])[0], struct.unpack(">i", header[60:64])[0]
    if application != APPLICATION_ID:
        raise StoreError(f"{name} is an SQLite file of another program, not a store of measurements")
    if version > SCHEMA:
        raise StoreError(f"{name} was written by a newer version (schema {version}; this one reads up to {SCHEMA})")
    if version < 1:
        raise StoreError(f"{name} says schema {version}, which no version has written: move it away to go on")
    page = struct.unpack(">H", header[16:18])[0]
    expected = struct.unpack(">I", header[28:32])[0] * (65536 if page == 1 else page)
    log = file.with_name(file.name + "-wal")
    journal = file.with_name(file.name + "-journal")
    # A log or journal may hold the missing pages of a process that was killed: then SQLite repairs the file.
    if file.stat().st_size < expected and not (log.exists() and log.stat().st_size) and not journal.exists():
        raise StoreError(f"{name} is damaged: it has {file.stat().st_size} bytes of {expected}; move it away to go on")


def _code(mark: str) -> str:
    """Return the part of a cell's fingerprint that stands for code; after @ comes the processor."""
    return mark.partition("@")[0]


def _upgrade(connection: sqlite3.Connection) -> None:
    """Create what a new file or one of an older schema has not, all of it or nothing."""
    with _transaction(connection):
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        for statement in (s for schema, statements in _STEPS.items() if schema > found for s in statements):
            connection.execute(statement)
        if found < SCHEMA:
            connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _prepare(connection: sqlite3.Connection, name: str, *, check: bool) -> None:
    if check:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if answer != "ok":
            raise StoreError(f"{name} is damaged ({' '.join(str(answer).split())}); move it away to go on")
    _upgrade(connection)  # also finds out whether the file can be written
    _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
    connection.execute("PRAGMA synchronous = NORMAL")  # safe against a killed process; no fsync a measurement


def _patiently(action: Callable[[], Any]) -> None:
    """Try until another process lets go: a change of journal mode does not wait by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            action()
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


_REASONS = {
    "SQLITE_FULL": "could not be written: the disk is full; everything measured before is kept",
    "SQLITE_BUSY": f"stayed locked by another process for {_BUSY_SECONDS:.0f} s; try again",
    "SQLITE_LOCKED": "is locked by another process; try again",
    "SQLITE_READONLY": "cannot be written: permission denied",
    "SQLITE_CORRUPT": "is damaged; move it away to go on",
    "SQLITE_NOTADB": "is not a store of measurements (not an SQLite file)",
    "SQLITE_CANTOPEN": "cannot be opened",
    "SQLITE_IOERR": "could not be read or written (disk I/O error); everything measured before is kept",
}


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn errors of SQLite and of the file system into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        raise StoreError(f"{name} {_REASONS.get(code, f'cannot be used: {error}')}") from error
    except OSError as error:
        raise StoreError(f"{name} cannot be used: {(error.strerror or str(error)).lower()}") from error
