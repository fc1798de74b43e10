"""One side of a comparison: the document of a run, and the values of every replicate where they are at hand."""

from __future__ import annotations

import csv
import glob
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rates.claim import case_label
from rates.compare.changes import CompareError, Origin
from rates.report.folder import read, values_csv
from rates.report.records import ReportError, to_json, validate
from rates.report.views import slug
from rates.result import Run

Array = npt.NDArray[np.float64]
Record = Mapping[str, Any]
_LARGEST = 1e150  # of what an experiment may return: the square of anything beyond is no number
_NUMBERS = ("replicate", "x", "component", "value")


@dataclass(frozen=True, eq=False)
class Values:
    """What was measured in one case: `y` (R, K, C) at `x` (K,)."""

    x: Array
    y: Array

    def at(self, x: Array) -> Array:
        """Return y at those x, which are among the own, in their order."""
        return self.y[:, np.searchsorted(self.x, x)]


@dataclass(frozen=True, eq=False)
class Side:
    """A run: its schema-1 document, and `values` by claim and case label."""

    name: str
    document: Record
    values: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """What a reader is told of this side."""
        found, environment = self.document, self.document["environment"]
        return Origin(
            self.name, environment.get("commit"), environment.get("dirty"), found["profile"], found["seed"],
            found["device"],
        )  # fmt: skip

    @property
    def claims(self) -> tuple[str, ...]:
        """The addresses, in the order of the run."""
        return tuple(self.document["claims"])

    def cases(self, claim: str) -> dict[str, tuple[Record, ...]]:
        """Return the results of a claim by case label."""
        found: dict[str, list[Record]] = {}
        for row in self.document["results"]:
            if row["claim"] == claim:
                found.setdefault(case_label(row["case"]), []).append(row)
        return {label: tuple(rows) for label, rows in found.items()}

    def only(self, targets: Sequence[str]) -> Side:
        """Return the side without the claims that no target names; all of it for no targets."""
        if not targets:
            return self
        kept = {claim: outcome for claim, outcome in self.document["claims"].items() if _named(claim, targets)}
        return Side(self.name, {**self.document, "claims": kept}, self.values)


def of_run(run: Run, name: str) -> Side:
    """Return the side of a run that is in memory."""
    texts = {claim.address: values_csv(claim) for claim in run.claims if claim.values}
    return Side(name, to_json(run), {address: parsed(text, name) for address, text in texts.items()})


def of_folder(folder: Path, name: str | None = None) -> Side:
    """Return the side of a run folder, results.json and values/*.csv; CompareError names a file that is no such thing.

    A claim without a file of values has no replicates.
    """
    document = read(folder)
    found = {}
    for address in document["claims"]:
        file = folder / "values" / f"{slug(address)}.csv"
        other = next(iter(sorted(file.parent.glob(f"{glob.escape(file.stem)}.*"))), file)
        if file.exists():
            found[address] = parsed(_text(file), str(file))
            _require_whole(document, address, found[address], file)
        elif other.exists():
            raise CompareError(f"{other} cannot be read: values are compared from CSV, {file.name}")
    return Side(name or str(folder), document, found)


def of_json(file: Path) -> Side:
    """Return the side of a document alone, as `--json` writes it: it has no replicates."""
    try:
        document = json.loads(_text(file))
        validate(document)
    except (json.JSONDecodeError, RecursionError) as error:
        raise CompareError(f"{file} is not JSON: {error}") from error
    except ReportError as error:
        raise CompareError(f"{file}: {error}") from error
    return Side(str(file), document)


def parsed(text: str, name: str) -> dict[str, Values]:
    """Return the values by case label from the CSV text of a claim; CompareError unless every replicate has every x."""
    lines: dict[str, list[tuple[float, ...]]] = {}
    rows = csv.DictReader(io.StringIO(text), strict=True)
    try:
        missing = [column for column in ("case", *_NUMBERS) if column not in (rows.fieldnames or ())]
        if text and missing:
            raise ValueError(f"it has no column {missing[0]}")
        if text and not text.endswith("\n"):
            raise ValueError("it is cut off in the middle of its last line")
        for row in rows:
            lines.setdefault(row["case"], []).append(_numbers(row, rows.line_num))
        return {label: _table(np.array(numbers), label) for label, numbers in lines.items()}
    except (csv.Error, ValueError) as error:
        raise CompareError(f"{name} is no file of values: {' '.join(str(error).split())}") from error


def _text(file: Path) -> str:
    """Return what a file holds; CompareError where that is no text."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {error.start} is {error.object[error.start]:#04x}"
        raise CompareError(f"{file} is not UTF-8 text: {found}") from error
    except OSError as error:
        raise CompareError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _numbers(row: Mapping[str, str | None], line: int) -> tuple[float, ...]:
    """Return replicate, x, component and value of a line; ValueError says which of them is no number."""
    found = []
    for column in _NUMBERS:
        try:
            found.append(float(row[column] or ""))
        except ValueError:
            what = f"the {column} {row[column]!r}, which is not a number" if row[column] else f"no {column}"
            raise ValueError(f"line {line} has {what}") from None
    return tuple(found)


def _require_whole(document: Record, claim: str, found: Mapping[str, Values], file: Path) -> None:
    """Raise CompareError where a file of values has fewer replicates of a case than were judged."""
    for row in document["results"]:
        if row["claim"] != claim or row["comparison"] == "curve-law":
            continue
        label = case_label(row["case"])
        there = len(found[label].y) if label in found else 0
        if there < row["replicates"]:
            told = f"{there} replicates of case {label or 'all'}, results.json says {row['replicates']}"
            raise CompareError(f"{file} holds {told}: the file is cut off")


def _table(numbers: Array, label: str) -> Values:
    """Return the values of lines (replicate, x, component, value)."""
    replicates, x, components = (np.unique(numbers[:, column]) for column in range(3))
    shape = len(replicates), len(x), len(components)
    ordered = numbers[np.lexsort((numbers[:, 2], numbers[:, 1], numbers[:, 0]))]
    full = np.stack(np.meshgrid(replicates, x, components, indexing="ij"), axis=-1).reshape(-1, 3)
    if not np.array_equal(ordered[:, :3], full):
        raise ValueError(f"case {label or 'all'} has {len(numbers)} values, which are no table of {shape}")
    if np.isnan(numbers).any() or not np.isfinite(numbers[:, :3]).all() or (numbers[:, 3] == -np.inf).any():
        raise ValueError(f"case {label or 'all'} holds a value that is not a number")
    largest = np.abs(numbers[:, 3][np.isfinite(numbers[:, 3])]).max(initial=0.0)
    if largest > _LARGEST:
        raise ValueError(f"case {label or 'all'} holds {largest:.3g}, and no run keeps a value beyond {_LARGEST:g}")
    return Values(x, ordered[:, 3].reshape(shape))


def _named(claim: str, targets: Sequence[str]) -> bool:
    """Return whether a target names the claim: by address, method, chapter, or the file that it is in."""
    for target in targets:
        file, extension, name = target.rpartition(".py")
        wanted = f"{Path(file).name}{name}" if extension and name[:1] in ("", ":") else target
        if claim == wanted or claim.startswith((f"{wanted}:", f"{wanted.rstrip('/')}/")):
            return True
    return False
