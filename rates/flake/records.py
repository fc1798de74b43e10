"""The file of a study: one JSON line a run, synchronised to the disk before the next one begins."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

if sys.platform != "win32":
    import fcntl


_START = b'{"study": '  # how the file of a study begins, even where its first line was cut off


class StudyError(ValueError):
    """A file that holds no study, or another one; the message is one sentence."""


@dataclass(frozen=True)
class ResultRow:
    """One result of the claim itself; the reason is kept where it is not consistent."""

    case: str
    comparison: str
    quantity: str
    outcome: str
    estimate: float | None
    interval: tuple[float, float] | None
    margin: float
    alpha: float
    replicates: int
    reason: str = ""


@dataclass(frozen=True)
class ControlRow:
    """One control in one case."""

    case: str
    name: str
    comparison: str
    quantity: str
    expected: str
    outcome: str
    as_expected: bool
    replicates: int
    reason: str = ""


@dataclass(frozen=True)
class PValue:
    """The two-sided p-value of "the deviation from the curve is 0", from the replicates of the first look.

    `exact_to` bounds what the deviation can be without anything being wrong: the curve's numerical error and the
    registered bias. `p` is None, with a reason, where there is none.
    """

    case: str
    check: str
    p: float | None
    estimate: float | None
    standard_error: float | None
    exact_to: float
    replicates: int
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """One run of one claim. `alpha` is the level of the claim in this run, `seconds` what it took of one core.

    `error` is one sentence where the run itself broke down.
    """

    claim: str
    run: int
    seed: int
    fingerprint: str
    random: bool
    alpha: float
    outcome: str
    seconds: float
    results: tuple[ResultRow, ...] = ()
    controls: tuple[ControlRow, ...] = ()
    p_values: tuple[PValue, ...] = ()
    error: str = ""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Record:
        """Return the record of a line; TypeError or KeyError where it is none."""
        given = dict(row)
        given["results"] = tuple(ResultRow(**{**r, "interval": _pair(r["interval"])}) for r in row["results"])
        given["controls"] = tuple(ControlRow(**r) for r in row["controls"])
        given["p_values"] = tuple(PValue(**r) for r in row["p_values"])
        return cls(**given)


@dataclass(frozen=True)
class Study:
    """What a file holds: its name and profile, what each collecting ran on, and the records, each run once."""

    name: str
    profile: str
    starts: tuple[Mapping[str, Any], ...]
    records: tuple[Record, ...]


def read(path: Path) -> Study:
    """Return the study in a file, without a last line that was cut off; StudyError where there is none."""
    return _parsed(path, _whole(path.read_bytes()))


class Writer:
    """Appends to the file of a study; a run that was reported is on the disk."""

    def __init__(self, path: Path, name: str, profile: str, start: Mapping[str, Any]) -> None:
        """Open a file, new or not, and cut off a broken last line.

        StudyError if it belongs to another study, or if another process writes to it.
        """
        self._file: BinaryIO = path.open("ab")
        try:
            _lock(self._file, path)  # before it is read: what looks cut off may be a line that is being written
            data = path.read_bytes()
            kept = _whole(data)
            if data and not kept and not data.startswith(_START):
                raise StudyError(f"{path.name} holds no study: give another file")
            self.records = _records(path, kept, name, profile)
            self._file.truncate(len(kept))
            self._line({"study": name, "profile": profile, **start})
        except BaseException:
            self._file.close()
            raise

    def append(self, record: Record) -> None:
        """Write one run and wait until it is on the disk."""
        self._line(asdict(record))

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _line(self, row: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(finite(row), ensure_ascii=False, allow_nan=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def finite(value: Any) -> Any:
    """Return a value for JSON: what is not a finite number becomes null."""
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep other writers out until the file is closed, where the system and the file system can."""
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StudyError(f"{path.name} is being written to by another process: wait, or give another file") from error
    except OSError:  # no locks on this file system
        return


def _records(path: Path, data: bytes, name: str, profile: str) -> tuple[Record, ...]:
    """Return the records of the study of this name; StudyError if it is another one."""
    if not data:
        return ()
    study = _parsed(path, data)
    if (study.name, study.profile) != (name, profile):
        raise StudyError(
            f"{path.name} holds the study {study.name!r} in the {study.profile} profile,"
            f" not {name!r} in {profile}: give another file"
        )
    return study.records


def _whole(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _parsed(path: Path, data: bytes) -> Study:
    starts: list[Mapping[str, Any]] = []
    records: dict[tuple[str, int, str], Record] = {}
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):  # a reason may hold any other line break
        try:
            row = json.loads(line.decode())
            if not isinstance(row, dict):
                raise TypeError("not a row")
            if "study" in row:
                if not (isinstance(row["study"], str) and isinstance(row["profile"], str)):
                    raise TypeError("not a start of a study")
                starts.append(row)
                continue
            record = Record.from_json(row)
        except (ValueError, TypeError, KeyError) as error:
            raise StudyError(f"{path.name}, line {number}: no run of a study was found there") from error
        records.setdefault((record.claim, record.run, record.fingerprint), record)
    if not starts:
        raise StudyError(f"{path.name} holds no study")
    names = {(start["study"], start["profile"]) for start in starts}
    if len(names) > 1:
        raise StudyError(f"{path.name} holds {len(names)} studies: {', '.join(sorted(n for n, _ in names))}")
    ((name, profile),) = names
    return Study(name, profile, tuple(starts), tuple(records.values()))


def _pair(values: Any) -> tuple[float, float] | None:
    """Return an interval, whose infinite ends were written as null."""
    if values is None:
        return None
    low, high = values
    return (-math.inf if low is None else low), (math.inf if high is None else high)
